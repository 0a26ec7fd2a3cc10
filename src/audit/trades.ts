/**
 * Owns `audit trades`: every trade with the decision behind it and what it realised, round trips, and sums a currency that add up to
 * the last digit. One pass; keeps no trade itself. A trade reported twice counts once.
 */
import { absUnits, formatUnits, parseUnits, type Units } from '#core/decimal'
import { symbolOf } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import { type AccountTotals, type OpenPosition, type Totals, worth } from './book.js'
import { DECISION_TYPES, Decisions } from './decisions.js'
import { AuditLog } from './log-scan.js'
import { type RoundTrip, RoundTrips } from './round-trips.js'
import { RunFacts } from './run-facts.js'
import { type Change, LEDGER_TYPES, RunLedger } from './run-ledger.js'

export interface TradeRow {
  readonly seq: number
  readonly ts: number
  /** `settlement`: ended at the last mark, by delivery or by expiry; without order and fee. */
  readonly kind: 'fill' | 'settlement'
  readonly order: string | null
  readonly trade: string | null
  /** Package that it is a leg of. */
  readonly package: string | null
  readonly instrument: string
  /** That it settles in: of `realised` and `slippage`. */
  readonly currency: string
  readonly side: 'buy' | 'sell'
  /** Exact decimals: base units (dollars of contracts of dollars) and quote. */
  readonly quantity: string
  readonly price: string
  readonly fee: string
  readonly feeCurrency: string
  readonly liquidity: 'maker' | 'taker' | null
  readonly referencePrice: string | null
  readonly slippageBps: number | null
  /** What the price was worse (positive) than the reference, in `currency`. Part of the price, not a further cost. */
  readonly slippage: string | null
  readonly purpose: string
  /** The decision in short; `audit explain` tells all. */
  readonly decision: string
  /** Seq of OrderApproved. */
  readonly approvedSeq: number | null
  /** Profit or loss realised at average cost, before fees, in `currency`. */
  readonly realised: string
}

export interface TradesSummary {
  readonly run: string
  /** In which the book is measured, and the sums of `totals`. */
  readonly quote: string
  readonly fills: number
  readonly settlements: number
  /** `realised − fees + funding = net`. */
  readonly totals: Totals & { readonly slippage: string }
  /** Capital at the start, or what a parent run handed over; null with `symbol`, or where it is not known. */
  readonly opening: string | null
  /** `opening + transfers + converted + net`. */
  readonly balance: string | null
  /** Paid in, less what was taken out. */
  readonly transfers: string
  /** What conversions of coins brought; absent: there was none. */
  readonly converted?: string
  /** Every currency of the book, its own included: what is settled in a coin is never put into dollars here. */
  readonly currencies: Readonly<Record<string, AccountTotals & { readonly slippage: string }>>
  readonly positions: readonly OpenPosition[]
  /** From flat to flat, by package or instrument; those that are still open are none. */
  readonly roundTrips: { readonly packages: number; readonly directional: number }
  /** Fees by the currency that paid them. */
  readonly feesByCurrency: Readonly<Record<string, string>>
  /** Reported again by a venue, counted once. */
  readonly duplicates: number
}

export interface TradesRequest {
  /** Symbol, instrument id or package; all when absent. */
  readonly symbol?: string | undefined
  readonly onTrade: (row: TradeRow) => void
  readonly onRoundTrip?: ((trip: RoundTrip) => void) | undefined
  readonly onProgress?: ((lastSeq: number) => void) | undefined
}

const TYPES: ReadonlySet<string> = new Set([...DECISION_TYPES, ...LEDGER_TYPES])

/** Gives every trade to `onTrade`, in order. LOG_CORRUPT where the log cannot be trusted or its start is archived. O(bytes). */
export function auditTrades(runDir: string, request: TradesRequest): TradesSummary {
  const log = new AuditLog(runDir)
  const list = new TradeList(new RunFacts(log.read.manifest), request)
  const { onProgress } = request
  log.scan({ types: TYPES, ...(onProgress ? { onGroup: onProgress } : {}) }, (event) => list.take(event))
  return list.summary()
}

class TradeList {
  readonly #facts: RunFacts
  readonly #request: TradesRequest
  readonly #decisions = new Decisions()
  readonly #ledger: RunLedger
  readonly #trips: RoundTrips
  readonly #fees = new Map<string, Units>()
  readonly #slippage = new Map<string, Units>()
  readonly #count = { fill: 0, settlement: 0, packages: 0, directional: 0 }
  #isOpen = false

  constructor(facts: RunFacts, request: TradesRequest) {
    this.#facts = facts
    this.#request = request
    this.#trips = new RoundTrips((trip) => {
      if (trip.package === null) this.#count.directional++
      else this.#count.packages++
      request.onRoundTrip?.(trip)
    })
    this.#ledger = new RunLedger(
      facts,
      (change) => this.#change(change),
      (id, instrument) => this.#counts(id, instrument),
    )
  }

  take(event: AnyEvent): void {
    this.#decisions.take(event)
    this.#ledger.take(event)
  }

  summary(): TradesSummary {
    this.#ledger.finish()
    const { book, currency, duplicates } = this.#ledger
    const sums = book.totals()
    const { realised, fees, funding, net, opening, transfers, converted, balance } = sums[currency] ?? NOTHING
    const isWhole = this.#request.symbol === undefined && this.#isOpen
    return {
      run: this.#facts.manifest.run,
      quote: currency,
      fills: this.#count.fill,
      settlements: this.#count.settlement,
      totals: { realised, fees, funding, net, slippage: this.#slippageIn(currency) },
      opening: isWhole ? opening : null,
      balance: isWhole ? balance : null,
      transfers,
      ...(converted === undefined ? {} : { converted }),
      currencies: Object.fromEntries(
        Object.entries(sums).map(([name, sum]) => [name, { ...sum, slippage: this.#slippageIn(name) }]),
      ),
      positions: book.open(),
      roundTrips: { packages: this.#count.packages, directional: this.#count.directional },
      feesByCurrency: Object.fromEntries([...this.#fees].map(([name, sum]) => [name, formatUnits(sum)])),
      duplicates,
    }
  }

  #slippageIn = (currency: string): string => formatUnits(this.#slippage.get(currency) ?? 0n)

  #counts(id: string | null, instrument: string): boolean {
    const { symbol } = this.#request
    return symbol === undefined || id === symbol || instrument === symbol || symbolOf(instrument) === symbol
  }

  #change(change: Change): void {
    if (change.kind === 'opening' || change.kind === 'carried') this.#isOpen = true
    this.#trips.take(change)
    const { kind, event } = change
    if (kind === 'fill' && event?.type === 'OrderFilled') this.#fill(change, event)
    if (kind === 'settlement' && event?.type === 'PositionSettled') this.#settle(change, event)
  }

  #fill(change: Change, { data }: AnyEvent & { readonly type: 'OrderFilled' }): void {
    const { order, trade, instrument, side, price, quantity, liquidity, referencePrice, slippageBps } = data
    const { seq, ts, currency, realised, feeCurrency } = change
    const position = change.position! // a fill has one
    const slippage =
      change.quantity === 0n
        ? 0n
        : worth(position.kind, change.quantity, parseUnits(price)) -
          worth(position.kind, change.quantity, parseUnits(referencePrice))
    this.#slippage.set(currency, (this.#slippage.get(currency) ?? 0n) + slippage)
    this.#fees.set(feeCurrency, (this.#fees.get(feeCurrency) ?? 0n) + change.fee)
    this.#count.fill++
    const decision = this.#decisions.of(order)
    this.#request.onTrade({
      seq,
      ts,
      kind: 'fill',
      order,
      trade,
      package: position.package,
      instrument,
      currency,
      side,
      quantity,
      price,
      fee: data.fee,
      feeCurrency,
      liquidity,
      referencePrice,
      slippageBps,
      slippage: formatUnits(slippage),
      purpose: decision?.purpose ?? 'unknown',
      decision: decision?.reason ?? 'approved before this log',
      approvedSeq: decision?.seq ?? null,
      realised: formatUnits(realised),
    })
  }

  #settle(change: Change, { data }: AnyEvent & { readonly type: 'PositionSettled' }): void {
    const { seq, ts, currency, realised } = change
    const held = parseUnits(data.quantity)
    this.#count.settlement++
    this.#request.onTrade({
      seq,
      ts,
      kind: 'settlement',
      order: null,
      trade: null,
      package: data.package ?? null,
      instrument: data.instrument,
      currency,
      side: held > 0n ? 'sell' : 'buy',
      quantity: formatUnits(absUnits(held)),
      price: data.price,
      fee: '0',
      feeCurrency: currency,
      liquidity: null,
      referencePrice: null,
      slippageBps: null,
      slippage: null,
      purpose: 'settlement',
      decision: ENDS[data.cause ?? 'delisted'],
      approvedSeq: null,
      realised: formatUnits(realised),
    })
  }
}

const ENDS = {
  delisted: 'the instrument trades no more',
  delivery: 'the future was delivered',
  expiry: 'the option expired',
} as const

const ZERO = '0'
const NOTHING: AccountTotals = {
  opening: ZERO,
  realised: ZERO,
  fees: ZERO,
  funding: ZERO,
  net: ZERO,
  transfers: ZERO,
  balance: ZERO,
}
