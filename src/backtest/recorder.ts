/**
 * Owns the making of a recording while a backtest runs. Fed by the driver: marks as bars close, events as they are
 * decided, and the end of each day. Keeps books of its own from fills, funding, settlements and transfers, so that the NAV of risk is
 * checked by an independent sum. Never influences the run.
 */
import { parseUnits } from '#core/decimal'
import type { EventEnvelope } from '#core/envelope'
import type { InstrumentId } from '#core/ids'
import { invariant } from '#core/invariant'
import { DAY_MS, type EpochMs } from '#core/time'
import type { AnyEvent, EventNamed } from '#events/catalogue'
import { isDollar } from '#risk/instruments/kinds'
import { signalName } from './attribution.js'
import type { InstrumentBook } from './recorder-book.js'
import { Funds } from './recorder-funds.js'
import type { PriceOf } from './recorder-legs.js'
import { LegMarks } from './recorder-marks.js'
import { type LegFill, Packages } from './recorder-packages.js'
import { Positions } from './recorder-positions.js'
import { Remarks } from './recorder-remarks.js'
import { Speech } from './recorder-speech.js'
import type { BacktestRecording, FillPurpose, RecordedInstrument } from './recording.js'
import { Doubles } from './series.js'

export interface RecorderOptions {
  /** Start of the first day, UTC midnight. */
  readonly start: EpochMs
  /** Quote. */
  readonly capital: number
  /** Universe in its order; the first is the benchmark. */
  readonly instruments: readonly RecordedInstrument[]
  /** Names of the signals that run: `tsmom`, `donchian`, `meanrev`, as they stand in SignalChanged. */
  readonly signals: readonly string[]
  /** Those of them that take no position. */
  readonly overlays?: readonly string[]
  /** Currency of the book; `USDT` when absent. */
  readonly quote?: string
  /** Instruments that a signal was restricted to. */
  readonly only?: Readonly<Record<string, readonly InstrumentId[]>>
}

/** Price of a leg of a package; 0 where none is known. */
export type LegMarkOf = (pkg: string, instrument: InstrumentId) => number

interface OrderFacts {
  readonly purpose: FillPurpose
  readonly leg?: LegFill
}

const REBALANCE: OrderFacts = { purpose: 'rebalance' }

/**
 * `observe(event)` for every event of the run, inputs and history bars included; a driver that does not pass BarClosed writes
 * `marks[indexOf(id)] = close` itself. `day(ts, equity)` after the step of each daily InstantClosed; at the end `finish()`.
 */
export class Recorder {
  /** Last close by instrument; NaN before the first. */
  readonly marks: Float64Array
  readonly #options: RecorderOptions
  readonly #quote: string
  readonly #positions: Positions
  readonly #packages: Packages
  readonly #legMarks = new LegMarks()
  readonly #speech: Speech
  readonly #funds: Funds
  readonly #contribution: readonly Doubles[]
  readonly #equity = new Doubles()
  readonly #gross = new Doubles()
  readonly #net = new Doubles()
  readonly #traded = new Doubles()
  readonly #accrued = new Doubles()
  readonly #orders = new Map<string, OrderFacts>()
  readonly #remarks = new Remarks()
  #prices: PriceOf = () => 0
  #legMark: LegMarkOf | undefined
  #accruedToday = 0
  #residual = 0
  #carriedDays = 0
  #ledgerGap = 0
  #days = 0

  constructor(options: RecorderOptions) {
    const { start, capital, instruments, only, quote = 'USDT' } = options
    invariant(start % DAY_MS === 0, 'Recorder: the span begins at a UTC midnight')
    invariant(capital > 0, 'Recorder: capital must be positive')
    const signals = options.signals.map(signalName)
    this.#options = { ...options, signals }
    this.#quote = quote
    this.#positions = new Positions(instruments, signals, this.#priceOf)
    this.marks = this.#positions.marks
    this.#contribution = Array.from({ length: signals.length + 1 }, () => new Doubles())
    this.#funds = new Funds(capital, (currency) => currency === quote)
    this.#speech = new Speech(signals, only)
    const proxies = new Set(instruments.flatMap(({ id, proxyOf }) => (proxyOf === undefined ? [] : [id])))
    this.#packages = new Packages({
      priceOf: this.#priceOf,
      markOf: (instrument, pkg) => this.#markOf(instrument, pkg),
      isProxy: (instrument) => proxies.has(instrument),
    })
  }

  /**
   * Prices of coins, and of legs that were seen before their coin, as risk knows them (0: it does not): what is checked here is what
   * is held, not what it costs.
   */
  priceCoins(prices: PriceOf, legMark?: LegMarkOf): void {
    this.#prices = prices
    this.#legMark = legMark
  }

  readonly #priceOf: PriceOf = (currency) => {
    if (currency === this.#quote) return 1
    const price = this.#prices(currency)
    return price === 0 && isDollar(currency) ? 1 : price
  }

  /** Index of an instrument of the universe; throws for any other. */
  indexOf(id: InstrumentId): number {
    return this.#positions.indexOf(id)
  }

  /** Takes what statistics need from an event; ignores the rest. O(1) but for blends, funding and chains: O(rows). */
  observe(envelope: EventEnvelope): void {
    const event = envelope as AnyEvent // the dispatcher emits catalogued types only
    this.#speech.observe(event)
    this.#remarks.observe(event)
    switch (event.type) {
      case 'BarClosed':
        this.#positions.mark(event.data.instrument, event.data.close)
        break
      case 'MarkChanged':
        this.#legMarks.marked(event)
        break
      case 'OptionChainObserved':
        this.#legMarks.observed(event)
        break
      case 'PackageChanged':
        this.#packages.named(event)
        this.#legMarks.named(event.data.legs)
        break
      case 'PortfolioBlended':
        this.#positions.blended(event)
        break
      case 'InstantClosed':
        for (const id of event.data.missing) this.#positions.find(id)?.missBar()
        break
      case 'FundingSettled':
        this.#positions.find(event.data.instrument)?.settledFunding(event.data.proxy)
        break
      default:
        this.#outcome(event)
    }
  }

  #outcome(event: AnyEvent): void {
    switch (event.type) {
      case 'OrderSubmitted':
        this.#submitted(event)
        break
      case 'OrderFilled':
        this.#filled(event)
        break
      case 'OrderRejected':
      case 'OrderCancelled':
        this.#orders.delete(event.data.order)
        break
      case 'FundingAccrued':
        this.#fundingAccrued(event)
        break
      case 'PositionSettled':
        if (event.data.package === undefined) this.#positions.settled(event, this.#nav())
        else this.#packages.settled(event.data.package, event)
        break
      case 'BalanceConverted':
        this.#positions.converted(event.data.currency, event.data.into, this.#packages.converted(event))
        break
      case 'FundsTransferred':
        this.#funds.transferred(event.data.currency, event.data.amount, this.#worth(), this.#priceOf)
        break
    }
  }

  /** The day that ends at `ts` (UTC midnight) is over, with this NAV. A day left out is carried flat and counted. */
  day(ts: EpochMs, equity: number): void {
    const { start, capital } = this.#options
    const days = (ts - start) / DAY_MS
    invariant(Number.isInteger(days) && days > this.#days, () => `Recorder: day ${ts} is not the end of a later day`)
    invariant(equity > 0 && Number.isFinite(equity), () => `Recorder: equity ${equity} at ${ts}`)
    if (this.#days === 0) this.#open(capital)
    while (this.#days + 1 < days) this.#carry()
    this.#close(equity)
    this.#ledgerGap = Math.max(this.#ledgerGap, Math.abs(this.#worth() - equity))
  }

  /** What was recorded, days up to the end of `lastDay` (start of a day) carried flat; the recorder is not used after it. */
  finish(lastDay?: EpochMs): BacktestRecording {
    const { start, capital, instruments, signals } = this.#options
    if (this.#days === 0) this.#open(capital)
    while (lastDay !== undefined && start + this.#days * DAY_MS <= lastDay) this.#carry()
    const { books, fills } = this.#positions
    const column = (read: (book: InstrumentBook) => number): Float64Array => Float64Array.from(books, read)
    return {
      start,
      days: this.#days,
      capital,
      instruments,
      signals,
      overlays: this.#options.overlays ?? [],
      equity: this.#equity.toArray(),
      returns: this.#funds.returns.toArray(),
      transfers: this.#funds.transfers.toArray(),
      bases: this.#funds.bases.toArray(),
      accrued: this.#accrued.toArray(),
      gross: this.#gross.toArray(),
      net: this.#net.toArray(),
      marks: books.map((book) => book.marks.toArray()),
      weights: books.map((book) => book.weights.toArray()),
      profit: books.map((book) => book.profits.toArray()),
      packages: this.#packages.finish(),
      speech: this.#speech.finish(),
      contribution: this.#contribution.map((values) => values.toArray()),
      traded: this.#traded.toArray(),
      fees: column((book) => book.fees),
      slippage: column((book) => book.slippage),
      funding: column((book) => book.funding),
      tradedByInstrument: column((book) => book.traded),
      fills,
      trips: [...books.flatMap((book) => book.trips), ...this.#packages.trips].sort(
        (a, b) => a.closedAt - b.closedAt || a.instrument - b.instrument,
      ),
      ...this.#remarks.finish(),
      missingBars: column((book) => book.missingBars),
      fundingSettlements: column((book) => book.settlements),
      fundingByProxy: column((book) => book.proxySettlements),
      carriedDays: this.#carriedDays,
      ledgerGap: this.#ledgerGap,
    }
  }

  /** Bars of the universe go before what is said of marks. */
  #markOf(instrument: InstrumentId, pkg: string): number {
    const known = this.#legMark?.(pkg, instrument) ?? 0
    if (known > 0) return known
    const mark = this.#positions.markOf(instrument)
    return mark > 0 ? mark : this.#legMarks.of(instrument)
  }

  /** NAV by the books kept here, quote. */
  #worth(): number {
    const profit = this.#positions.profit() + this.#packages.profit()
    return this.#options.capital + profit + this.#funds.worth(this.#priceOf)
  }

  /** NAV of the evening before. */
  #nav(): number {
    return this.#days === 0 ? this.#options.capital : this.#equity.at(this.#days)
  }

  #open(capital: number): void {
    this.#equity.push(capital)
    for (const curve of [this.#gross, this.#net]) curve.push(0)
    this.#positions.open()
  }

  #carry(): void {
    const days = this.#days
    for (const book of this.#positions.books) book.carry()
    for (const contribution of this.#contribution) contribution.push(0)
    for (const curve of [this.#equity, this.#gross, this.#net]) curve.push(curve.at(days))
    for (const flow of [this.#traded, this.#accrued]) flow.push(0)
    for (const part of [this.#packages, this.#speech, this.#funds]) part.carry()
    this.#carriedDays++
    this.#days++
  }

  #close(equity: number): void {
    const positions = this.#positions.close(equity)
    const packages = this.#packages.close(equity)
    this.#funds.close(equity, this.#priceOf)
    this.#contribute()
    this.#speech.close((signal) => this.#packages.isHeld(signal))
    this.#equity.push(equity)
    this.#gross.push(positions.gross + packages.gross)
    this.#net.push(positions.net + packages.net)
    this.#traded.push(positions.traded + packages.traded)
    this.#accrued.push(this.#accruedToday)
    this.#accruedToday = 0
    this.#days++
  }

  #contribute(): void {
    const { signals } = this.#options
    for (let k = 0; k <= signals.length; k++) {
      const signal = signals[k]
      const own = signal === undefined ? this.#residualOfDay() : this.#packages.profitOfDay(signal)
      this.#contribution[k]!.push(this.#positions.contributed(k) + own)
    }
  }

  /** What coins in the accounts won: those that were paid in, and fees in other coins since they were charged. */
  #residualOfDay(): number {
    const residual = this.#funds.profit(this.#priceOf) + this.#positions.foreignProfit()
    const ofDay = residual - this.#residual
    this.#residual = residual
    return ofDay
  }

  #submitted({ data }: EventNamed<'OrderSubmitted'>): void {
    const { order, purpose, instrument, package: id, terms } = data
    this.#orders.set(order, id === undefined ? { purpose } : { purpose, leg: { package: id, instrument, terms } })
  }

  #filled(event: EventNamed<'OrderFilled'>): void {
    const { order, remaining, instrument, price } = event.data
    const { purpose, leg } = this.#orders.get(order) ?? REBALANCE
    if (parseUnits(remaining) === 0n) this.#orders.delete(order)
    if (leg === undefined || !this.#packages.filled(leg, event, this.#nav()))
      this.#positions.filled(event, purpose, this.#nav())
    else this.#legMarks.filled(instrument, Number(price))
  }

  #fundingAccrued({ data }: EventNamed<'FundingAccrued'>): void {
    for (const row of data.rows)
      this.#accruedToday +=
        row.package === undefined
          ? this.#positions.accrued(row)
          : this.#packages.accrued(row.package, row.instrument, row.currency ?? this.#quote, row.cash)
  }
}
