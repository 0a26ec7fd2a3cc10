/**
 * Owns `audit trades`: every trade with the decision behind it and what it realised, and sums that add up to the last digit.
 * One pass; keeps no trade itself. A trade reported twice counts once.
 */
import { absUnits, formatUnits, multiplyUnits, parseUnits } from '#core/decimal'
import { symbolOf } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import type { OrderFilled } from '#events/order.events'
import { Book, type OpenPosition, type Totals } from './book.js'
import { DECISION_TYPES, type Decision, Decisions } from './decisions.js'
import { typesOf } from './event-kinds.js'
import { AuditLog } from './log-scan.js'
import { RunFacts } from './run-facts.js'

export interface TradeRow {
  readonly seq: number
  readonly ts: number
  /** `settlement`: closed at the last mark because the instrument trades no more; without order and fee. */
  readonly kind: 'fill' | 'settlement'
  readonly order: string | null
  readonly trade: string | null
  readonly instrument: string
  readonly side: 'buy' | 'sell'
  /** Exact decimals in base and quote. */
  readonly quantity: string
  readonly price: string
  readonly fee: string
  readonly feeCurrency: string
  readonly liquidity: 'maker' | 'taker' | null
  readonly referencePrice: string | null
  readonly slippageBps: number | null
  /** What the price was worse (positive) than the reference, quote. Part of the price, not a further cost. */
  readonly slippage: string | null
  readonly purpose: string
  /** The decision in short; `audit explain` tells all. */
  readonly decision: string
  /** Seq of OrderApproved. */
  readonly approvedSeq: number | null
  /** Profit or loss realised at average cost, before fees, quote. */
  readonly realised: string
}

export interface TradesSummary {
  readonly run: string
  readonly quote: string
  readonly fills: number
  readonly settlements: number
  /** `realised − fees + funding = net`. */
  readonly totals: Totals & { readonly slippage: string }
  /** Capital at the start, or what a parent run handed over; null with `symbol`, or where it is not known. */
  readonly opening: string | null
  /** `opening + net`. */
  readonly balance: string | null
  readonly positions: readonly OpenPosition[]
  /** Fees by the currency they were reported in; all of them are part of `totals.fees` as they are. */
  readonly feesByCurrency: Readonly<Record<string, string>>
  /** Reported again by a venue, counted once. */
  readonly duplicates: number
}

export interface TradesRequest {
  /** Symbol or instrument id; every instrument when absent. */
  readonly symbol?: string | undefined
  readonly onTrade: (row: TradeRow) => void
  readonly onProgress?: ((lastSeq: number) => void) | undefined
}

const BOOKED = typesOf('OrderFilled', 'PositionSettled', 'FundingAccrued', 'StateCarried')
const TYPES: ReadonlySet<string> = new Set([...DECISION_TYPES, ...BOOKED])
/** Orders whose trade ids are remembered; a venue repeats a trade soon or after a restart, not after so many orders. */
const ORDERS_KEPT = 10_000

/** Gives every trade to `onTrade`, in order. LOG_CORRUPT where the log cannot be trusted or its start is archived. O(bytes). */
export function auditTrades(runDir: string, request: TradesRequest): TradesSummary {
  const log = new AuditLog(runDir)
  const ledger = new TradeLedger(new RunFacts(log.read.manifest), request)
  const { onProgress } = request
  log.scan({ types: TYPES, ...(onProgress ? { onGroup: onProgress } : {}) }, (event) => ledger.take(event))
  return ledger.summary()
}

class TradeLedger {
  readonly #facts: RunFacts
  readonly #request: TradesRequest
  readonly #decisions = new Decisions()
  readonly #book = new Book()
  readonly #trades = new Map<string, Set<string>>()
  readonly #fees = new Map<string, bigint>()
  #opening: string | undefined
  #quote: string | undefined
  #fills = 0
  #settlements = 0
  #duplicates = 0
  #slippage = 0n

  constructor(facts: RunFacts, request: TradesRequest) {
    this.#facts = facts
    this.#request = request
    this.#opening = facts.capital
  }

  take(event: AnyEvent): void {
    this.#decisions.take(event)
    switch (event.type) {
      case 'OrderFilled':
        if (this.#counts(event.data.instrument)) this.#fill(event)
        break
      case 'PositionSettled':
        if (this.#counts(event.data.instrument)) this.#settle(event)
        break
      case 'FundingAccrued':
        for (const row of event.data.rows) if (this.#counts(row.instrument)) this.#book.fund(row.cash)
        break
      case 'StateCarried':
        this.#opening = event.data.balance
        for (const { instrument, quantity, averagePrice } of event.data.positions)
          if (this.#counts(instrument)) this.#book.carry(instrument, quantity, averagePrice)
        break
    }
  }

  summary(): TradesSummary {
    const totals = this.#book.totals()
    const opening = this.#request.symbol === undefined ? (this.#opening ?? null) : null
    return {
      run: this.#facts.manifest.run,
      quote: this.#quote ?? 'quote',
      fills: this.#fills,
      settlements: this.#settlements,
      totals: { ...totals, slippage: formatUnits(this.#slippage) },
      opening: opening === null ? null : formatUnits(parseUnits(opening)),
      balance: opening === null ? null : formatUnits(parseUnits(opening) + parseUnits(totals.net)),
      positions: this.#book.open(),
      feesByCurrency: Object.fromEntries([...this.#fees].map(([currency, sum]) => [currency, formatUnits(sum)])),
      duplicates: this.#duplicates,
    }
  }

  #counts(instrument: string): boolean {
    const { symbol } = this.#request
    const counts = symbol === undefined || instrument === symbol || symbolOf(instrument) === symbol
    if (counts) this.#quote ??= this.#facts.quote(instrument)
    return counts
  }

  #fill({ seq, ts, data }: OrderFilled): void {
    if (!this.#isNew(data.order, data.trade)) {
      this.#duplicates++
      return
    }
    const { order, trade, instrument, side, price, quantity, fee, feeCurrency, liquidity, referencePrice } = data
    const realised = this.#book.fill(instrument, side, price, quantity, fee)
    const worse =
      side === 'buy' ? parseUnits(price) - parseUnits(referencePrice) : parseUnits(referencePrice) - parseUnits(price)
    const slippage = multiplyUnits(worse, parseUnits(quantity))
    this.#slippage += slippage
    this.#fees.set(feeCurrency, (this.#fees.get(feeCurrency) ?? 0n) + parseUnits(fee))
    this.#fills++
    const decision: Decision | undefined = this.#decisions.of(order)
    this.#request.onTrade({
      seq,
      ts,
      kind: 'fill',
      order,
      trade,
      instrument,
      side,
      quantity,
      price,
      fee,
      feeCurrency,
      liquidity,
      referencePrice,
      slippageBps: data.slippageBps,
      slippage: formatUnits(slippage),
      purpose: decision?.purpose ?? 'unknown',
      decision: decision?.reason ?? 'approved before this log',
      approvedSeq: decision?.seq ?? null,
      realised: formatUnits(realised),
    })
  }

  #settle({ seq, ts, data }: AnyEvent & { readonly type: 'PositionSettled' }): void {
    const { instrument, quantity, price } = data
    const held = parseUnits(quantity)
    this.#settlements++
    this.#request.onTrade({
      seq,
      ts,
      kind: 'settlement',
      order: null,
      trade: null,
      instrument,
      side: held > 0n ? 'sell' : 'buy',
      quantity: formatUnits(absUnits(held)),
      price,
      fee: '0',
      feeCurrency: this.#facts.quote(instrument),
      liquidity: null,
      referencePrice: null,
      slippageBps: null,
      slippage: null,
      purpose: 'settlement',
      decision: 'the instrument trades no more',
      approvedSeq: null,
      realised: formatUnits(this.#book.settle(instrument, data.realised)),
    })
  }

  #isNew(order: string, trade: string): boolean {
    let known = this.#trades.get(order)
    if (known === undefined) {
      known = new Set()
      this.#trades.set(order, known)
      if (this.#trades.size > ORDERS_KEPT) this.#trades.delete(this.#trades.keys().next().value!)
    }
    if (known.has(trade)) return false
    known.add(trade)
    return true
  }
}
