/**
 * Owns how a log moves the auditor's book: which position a fill, a payment or an end belongs to, in which currency, and each change
 * for those who list them. A trade reported twice counts once. Never keeps changes; memory grows with positions, not with trades.
 */
import { multiplyUnits, parseUnits, type Units } from '#core/decimal'
import type { AnyEvent } from '#events/catalogue'
import { kindOfId } from '#events/instrument-kind'
import type { StateCarried } from '#events/lifecycle.events'
import type { OrderFilled } from '#events/order.events'
import type { LegTerms } from '#events/package.events'
import { Book, type Position } from './book.js'
import { typesOf } from './event-kinds.js'
import type { CapitalFlow, RunFacts } from './run-facts.js'

/** Event types that {@link RunLedger} must see. */
export const LEDGER_TYPES = typesOf(
  'OrderApproved',
  'OrderSubmitted',
  'OrderFilled',
  'PositionSettled',
  'FundingAccrued',
  'FundsTransferred',
  'BalanceConverted',
  'StateCarried',
  'PackageChanged',
)

export type ChangeKind = 'fill' | 'settlement' | 'funding' | 'carried' | 'opening' | 'transfer' | 'conversion'

/** One change of the book. Amounts are exact, in `currency`; the fee in `feeCurrency`. */
export interface Change {
  readonly kind: ChangeKind
  readonly seq: number
  readonly ts: number
  /** Null for what concerns an account alone. */
  readonly position: Position | null
  readonly currency: string
  /** Signed. */
  readonly quantity: Units
  readonly price: string | null
  readonly realised: Units
  readonly fee: Units
  readonly feeCurrency: string
  readonly funding: Units
  /** Opening balance, transfer, or one side of a conversion. */
  readonly moved: Units
  readonly order: string | null
  readonly event: AnyEvent | null
}

/** Orders and trade ids that are remembered: a venue repeats a trade soon or after a restart, not after so many orders. */
const ORDERS_KEPT = 10_000
/** Dollars that a book keeps an account for beside its own (as risk does). */
const DOLLARS: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC', 'BUSD', 'FDUSD'])

type Held = Pick<Position, 'kind' | 'currency'>

export class RunLedger {
  readonly book = new Book()
  /** In which the book is measured. */
  readonly currency: string
  readonly #facts: RunFacts
  readonly #tell: (change: Change) => void
  readonly #counts: (id: string | null, instrument: string) => boolean
  readonly #flows: CapitalFlow[]
  readonly #orders = new Map<string, { readonly package: string; readonly held: Held }>()
  readonly #trades = new Map<string, Set<string>>()
  /** Terms of the legs by package, as its signal said last. */
  readonly #legs = new Map<string, ReadonlyMap<string, LegTerms>>()
  #isOpen = false
  /** Reported again by a venue, counted once. */
  duplicates = 0

  /** `counts`: which positions are booked; all when absent. */
  constructor(
    facts: RunFacts,
    tell: (change: Change) => void,
    counts: (id: string | null, instrument: string) => boolean = () => true,
  ) {
    this.#counts = counts
    this.#facts = facts
    this.#tell = tell
    this.currency = facts.currency
    this.#flows = [...facts.capitalFlows]
  }

  take(event: AnyEvent): void {
    if (!this.#isOpen) this.#open(event)
    while (this.#flows[0] !== undefined && this.#flows[0].ts <= event.ts) this.#transfer(this.#flows.shift()!, null)
    switch (event.type) {
      case 'PackageChanged':
        this.#legs.set(
          event.data.package,
          new Map(event.data.legs.map(({ instrument, terms }) => [instrument, terms] as const)),
        )
        break
      case 'OrderApproved':
      case 'OrderSubmitted': {
        const { package: id, order, instrument, terms } = event.data
        if (id === undefined || this.#orders.has(order)) break
        remember(this.#orders, order, { package: id, held: this.#heldOf(id, instrument, terms) })
        break
      }
      case 'OrderFilled':
        this.#fill(event)
        break
      case 'PositionSettled':
        this.#settle(event)
        break
      case 'FundingAccrued':
        this.#fund(event)
        break
      case 'FundsTransferred':
        this.#transfer({ ts: event.ts, ...event.data }, event)
        break
      case 'BalanceConverted': {
        const { currency, amount, into, proceeds } = event.data
        this.#convert(event, currency, -parseUnits(amount))
        this.#convert(event, into, parseUnits(proceeds))
        break
      }
      case 'StateCarried':
        this.#carry(event)
        break
    }
  }

  /** What a derived log does not hold and the configuration tells: transfers behind its last event. */
  finish(): void {
    for (const flow of this.#flows.splice(0)) this.#transfer(flow, null)
  }

  #open(event: AnyEvent): void {
    this.#isOpen = true
    const { capital } = this.#facts
    if (capital === undefined || event.type === 'StateCarried') return
    this.#openAccount('opening', this.currency, capital, event)
  }

  #openAccount(kind: ChangeKind, currency: string, balance: string, event: AnyEvent): void {
    const account = this.book.account(currency)
    const moved = parseUnits(balance) - account.opening
    account.opening += moved
    this.#tell({ ...changeOf(kind, event.seq, event.ts, currency, event), moved })
  }

  #transfer({ ts, currency, amount }: CapitalFlow, event: AnyEvent | null): void {
    const moved = parseUnits(amount)
    this.book.account(currency).transfers += moved
    this.#tell({ ...changeOf('transfer', event?.seq ?? 0, ts, currency, event), moved })
  }

  #convert(event: AnyEvent, currency: string, moved: Units): void {
    this.book.account(currency).converted += moved
    this.#tell({ ...changeOf('conversion', event.seq, event.ts, currency, event), moved })
  }

  #fill(event: OrderFilled): void {
    const { order, trade, instrument, side, price, quantity, feeCurrency } = event.data
    if (!this.#counts(this.#orders.get(order)?.package ?? null, instrument)) return
    if (!this.#isNew(order, trade)) {
      this.duplicates++
      return
    }
    const known = this.#orders.get(order)
    const position = this.book.position(
      known?.package ?? null,
      instrument,
      known?.held ?? this.#directional(instrument),
    )
    const size = parseUnits(quantity)
    const change = side === 'buy' ? size : -size
    const fee = parseUnits(event.data.fee)
    const payer = known === undefined ? this.#payer(instrument, position, feeCurrency) : feeCurrency
    const realised = this.book.fill(position, change, parseUnits(price), fee, payer)
    this.#tell({
      ...changeOf('fill', event.seq, event.ts, position.currency, event),
      position,
      quantity: change,
      price,
      realised,
      fee,
      feeCurrency: payer,
      order,
    })
  }

  #settle(event: AnyEvent & { readonly type: 'PositionSettled' }): void {
    const { instrument, quantity, price, package: id, currency } = event.data
    if (!this.#counts(id ?? null, instrument)) return
    const held = id === undefined ? this.#directional(instrument) : this.#heldOf(id, instrument, undefined)
    const known = this.book.position(id ?? null, instrument, currency === undefined ? held : { ...held, currency })
    const realised = parseUnits(event.data.realised)
    this.book.settle(known, realised)
    this.#tell({
      ...changeOf('settlement', event.seq, event.ts, known.currency, event),
      position: known,
      quantity: -parseUnits(quantity),
      price,
      realised,
    })
  }

  #fund(event: AnyEvent & { readonly type: 'FundingAccrued' }): void {
    for (const row of event.data.rows) {
      const { instrument, package: id, currency = this.currency } = row
      if (!this.#counts(id ?? null, instrument)) continue
      const held = id === undefined ? this.#directional(instrument) : this.#heldOf(id, instrument, undefined)
      const position = this.book.position(id ?? null, instrument, held)
      const funding = parseUnits(row.cash)
      this.book.fund(position, funding, currency)
      this.#tell({ ...changeOf('funding', event.seq, event.ts, currency, event), position, funding })
    }
  }

  #carry(event: StateCarried): void {
    const { balance, positions, balances = [], packages = [] } = event.data
    this.#openAccount('carried', this.currency, balance, event)
    for (const row of balances) this.#openAccount('carried', row.currency, row.balance, event)
    for (const { instrument, quantity, averagePrice } of positions) {
      if (!this.#counts(null, instrument)) continue
      const position = this.book.position(null, instrument, this.#directional(instrument))
      const price = parseUnits(averagePrice)
      this.#takeOver(event, position, quantity, multiplyUnits(price, parseUnits(quantity)))
    }
    for (const { package: id, legs } of packages) {
      this.#legs.set(id, new Map(legs.map(({ instrument, terms }) => [instrument, terms] as const)))
      for (const { instrument, quantity, cost, terms } of legs.filter((leg) => this.#counts(id, leg.instrument)))
        this.#takeOver(
          event,
          this.book.position(id, instrument, { kind: terms.kind, currency: terms.settle }),
          quantity,
          parseUnits(cost),
        )
    }
  }

  #takeOver(event: StateCarried, position: Position, quantity: string, cost: Units): void {
    position.quantity = parseUnits(quantity)
    position.cost = cost
    this.#tell({
      ...changeOf('carried', event.seq, event.ts, position.currency, event),
      position,
      quantity: position.quantity,
    })
  }

  /** Kind and currency of a leg: by its package, else as it is held, by its order, by its id. */
  #heldOf(id: string, instrument: string, given: LegTerms | undefined): Held {
    const terms = this.#legs.get(id)?.get(instrument)
    if (terms !== undefined) return { kind: terms.kind, currency: terms.settle }
    const held = this.book.find(id, instrument)
    if (held !== undefined) return held
    const kind = given?.kind ?? kindOfId(instrument)
    if (given !== undefined) return { kind, currency: given.settle }
    const isInverse = kind.startsWith('inverse')
    return { kind, currency: isInverse ? this.#facts.coin(instrument) : this.#facts.quote(instrument) }
  }

  /** A directional position is a linear one, in the book's own currency, or in another dollar that it is quoted in. */
  #directional(instrument: string): Held {
    const quote = this.#facts.listedQuote(instrument)
    return { kind: 'spot', currency: quote !== undefined && DOLLARS.has(quote) ? quote : this.currency }
  }

  #payer(instrument: string, { currency }: Position, feeCurrency: string): string {
    if (feeCurrency === this.#facts.listedQuote(instrument) && !DOLLARS.has(feeCurrency)) return currency
    return feeCurrency
  }

  #isNew(order: string, trade: string): boolean {
    const known = this.#trades.get(order)
    if (known === undefined) remember(this.#trades, order, new Set([trade]))
    else if (known.has(trade)) return false
    else known.add(trade)
    return true
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  if (map.size > ORDERS_KEPT) map.delete(map.keys().next().value!)
}

function changeOf(kind: ChangeKind, seq: number, ts: number, currency: string, event: AnyEvent | null): Change {
  const nothing = {
    position: null,
    quantity: 0n,
    price: null,
    realised: 0n,
    fee: 0n,
    funding: 0n,
    moved: 0n,
    order: null,
  }
  return { kind, seq, ts, currency, feeCurrency: currency, event, ...nothing }
}
