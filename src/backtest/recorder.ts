/**
 * Owns the making of a recording while a backtest runs. Fed by the driver: marks as bars close, events as they are
 * decided, and the end of each day. Keeps books of its own from fills and funding, so that the NAV of risk is checked by an
 * independent sum. Never influences the run.
 */
import { parseUnits, unitsToNumber } from '#core/decimal'
import type { EventEnvelope } from '#core/envelope'
import type { InstrumentId } from '#core/ids'
import { invariant } from '#core/invariant'
import { DAY_MS, type EpochMs } from '#core/time'
import type { AnyEvent, EventNamed } from '#events/catalogue'
import { SubBooks, signalName } from './attribution.js'
import { InstrumentBook } from './recorder-book.js'
import { Counter } from './recorder-counter.js'
import type { BacktestRecording, FillPurpose, RecordedFill, RecordedHalt, RecordedInstrument } from './recording.js'
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
}

/**
 * `observe(event)` for every event of the run, inputs and history bars included; a driver that does not pass BarClosed writes
 * `marks[indexOf(id)] = close` itself. `day(ts, equity)` after the step of each daily InstantClosed; at the end `finish()`.
 */
export class Recorder {
  /** Last close by instrument; NaN before the first. */
  readonly marks: Float64Array
  readonly #options: RecorderOptions
  readonly #index: ReadonlyMap<InstrumentId, number>
  readonly #books: readonly InstrumentBook[]
  readonly #subBooks: SubBooks
  readonly #contribution: readonly Doubles[]
  readonly #contributed: Float64Array
  readonly #equity = new Doubles()
  readonly #gross = new Doubles()
  readonly #net = new Doubles()
  readonly #traded = new Doubles()
  readonly #fills: RecordedFill[] = []
  readonly #halts: RecordedHalt[] = []
  readonly #purposes = new Map<string, FillPurpose>()
  readonly #refusals = new Counter()
  readonly #signalChanges = new Counter()
  readonly #missingTerms = new Counter()
  readonly #faults = new Counter()
  #tradedToday = 0
  #carriedDays = 0
  #ledgerGap = 0
  #days = 0

  constructor(options: RecorderOptions) {
    const { start, capital, instruments, signals } = options
    invariant(start % DAY_MS === 0, 'Recorder: the span begins at a UTC midnight')
    invariant(capital > 0, 'Recorder: capital must be positive')
    this.#options = { ...options, signals: signals.map(signalName) }
    this.#index = new Map(instruments.map(({ id }, i) => [id, i]))
    invariant(this.#index.size === instruments.length, 'Recorder: an instrument stands twice')
    this.marks = new Float64Array(instruments.length).fill(Number.NaN)
    this.#books = instruments.map((_, i) => new InstrumentBook(i))
    this.#subBooks = new SubBooks(instruments.length, this.#options.signals)
    this.#contribution = Array.from({ length: signals.length + 1 }, () => new Doubles())
    this.#contributed = new Float64Array(signals.length + 1)
  }

  /** Index of an instrument of the universe; throws for any other. */
  indexOf(id: InstrumentId): number {
    const index = this.#index.get(id)
    invariant(index !== undefined, () => `Recorder: ${JSON.stringify(id)} is not in the universe`)
    return index
  }

  /** Takes what statistics need from an event; ignores the rest. O(1) but for blends and funding: O(rows). */
  observe(envelope: EventEnvelope): void {
    const event = envelope as AnyEvent // the dispatcher emits catalogued types only
    switch (event.type) {
      case 'BarClosed':
        this.#mark(event.data.instrument, event.data.close)
        break
      case 'OrderFilled':
        this.#filled(event)
        break
      case 'PortfolioBlended':
        this.#blended(event)
        break
      case 'FundingAccrued':
        this.#accrued(event)
        break
      case 'PositionSettled':
        this.#settled(event)
        break
      case 'SignalChanged':
        this.#signalChanged(event)
        break
      case 'OrderSubmitted':
        this.#purposes.set(event.data.order, event.data.purpose)
        break
      case 'OrderRejected':
      case 'OrderCancelled':
        this.#purposes.delete(event.data.order)
        this.#refused(event)
        break
      case 'OrderRefused':
        this.#refused(event)
        break
      case 'TradingHalted':
        this.#halts.push({ ts: event.ts, reason: event.data.reason, detail: event.data.detail })
        break
      case 'AgentFaulted':
        this.#faults.add(`${event.data.agent}: ${event.data.code}`)
        break
      case 'InstantClosed':
        for (const id of event.data.missing) this.#find(id)?.missBar()
        break
      case 'FundingSettled':
        this.#find(event.data.instrument)?.settledFunding(event.data.proxy)
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
    const worth = this.#books.reduce((sum, book, i) => sum + book.profit(this.marks[i]!), capital)
    this.#ledgerGap = Math.max(this.#ledgerGap, Math.abs(worth - equity))
  }

  /** What was recorded, days up to the end of `lastDay` (start of a day) carried flat; the recorder is not used after it. */
  finish(lastDay?: EpochMs): BacktestRecording {
    const { start, capital, instruments, signals } = this.#options
    if (this.#days === 0) this.#open(capital)
    while (lastDay !== undefined && start + this.#days * DAY_MS <= lastDay) this.#carry()
    const books = this.#books
    const column = (read: (book: InstrumentBook) => number): Float64Array => Float64Array.from(books, read)
    return {
      start,
      days: this.#days,
      capital,
      instruments,
      signals,
      equity: this.#equity.toArray(),
      gross: this.#gross.toArray(),
      net: this.#net.toArray(),
      marks: books.map((book) => book.marks.toArray()),
      weights: books.map((book) => book.weights.toArray()),
      profit: books.map((book) => book.profits.toArray()),
      contribution: this.#contribution.map((values) => values.toArray()),
      traded: this.#traded.toArray(),
      fees: column((book) => book.fees),
      slippage: column((book) => book.slippage),
      funding: column((book) => book.funding),
      tradedByInstrument: column((book) => book.traded),
      fills: this.#fills,
      trips: books.flatMap((book) => book.trips).sort((a, b) => a.closedAt - b.closedAt || a.instrument - b.instrument),
      refusals: this.#refusals.tally(),
      signalChanges: this.#signalChanges.tally(),
      missingTerms: this.#missingTerms.tally(),
      halts: this.#halts,
      faults: this.#faults.tally(),
      missingBars: column((book) => book.missingBars),
      fundingSettlements: column((book) => book.settlements),
      fundingByProxy: column((book) => book.proxySettlements),
      carriedDays: this.#carriedDays,
      ledgerGap: this.#ledgerGap,
    }
  }

  #open(capital: number): void {
    this.#equity.push(capital)
    this.#gross.push(0)
    this.#net.push(0)
    this.#books.forEach((book, i) => {
      book.open(this.marks[i]!)
    })
  }

  #carry(): void {
    const days = this.#days
    for (const book of this.#books) book.carry()
    for (const contribution of this.#contribution) contribution.push(0)
    for (const curve of [this.#equity, this.#gross, this.#net]) curve.push(curve.at(days))
    this.#traded.push(0)
    this.#carriedDays++
    this.#days++
  }

  #close(equity: number): void {
    let gross = 0
    let net = 0
    for (let i = 0; i < this.#books.length; i++) {
      const weight = this.#books[i]!.close(this.marks[i]!, equity)
      gross += Math.abs(weight)
      net += weight
    }
    for (let k = 0; k < this.#contribution.length; k++) {
      const profit = this.#subBooks.profit(k, this.marks)
      this.#contribution[k]!.push(profit - this.#contributed[k]!)
      this.#contributed[k] = profit
    }
    this.#equity.push(equity)
    this.#gross.push(gross)
    this.#net.push(net)
    this.#traded.push(this.#tradedToday)
    this.#tradedToday = 0
    this.#days++
  }

  #find(id: InstrumentId): InstrumentBook | undefined {
    const i = this.#index.get(id)
    return i === undefined ? undefined : this.#books[i]
  }

  #mark(id: InstrumentId, close: number): void {
    const i = this.#index.get(id)
    if (i !== undefined) this.marks[i] = close
  }

  #refused(event: EventNamed<'OrderRefused' | 'OrderRejected' | 'OrderCancelled'>): void {
    if (event.type === 'OrderRefused') this.#refusals.add(event.data.code)
    else if (event.type === 'OrderRejected') this.#refusals.add(`rejected: ${event.data.code}`)
    else this.#refusals.add(`cancelled: ${event.data.reason}`)
  }

  #filled(event: EventNamed<'OrderFilled'>): void {
    const { data, ts } = event
    const i = this.indexOf(data.instrument)
    const sign = data.side === 'buy' ? 1 : -1
    const price = Number(data.price)
    const fee = Number(data.fee)
    const size = unitsToNumber(parseUnits(data.quantity))
    const slippage = sign * (price - Number(data.referencePrice)) * size
    const units = data.side === 'buy' ? parseUnits(data.quantity) : -parseUnits(data.quantity)
    const purpose = this.#purposes.get(data.order) ?? 'rebalance'
    if (parseUnits(data.remaining) === 0n) this.#purposes.delete(data.order)
    this.#trade(i, ts, units, price, fee, slippage)
    this.#fills.push({
      ts,
      order: data.order,
      instrument: i,
      quantity: sign * size,
      price,
      fee,
      slippage,
      purpose,
    })
  }

  #settled({ data, ts }: EventNamed<'PositionSettled'>): void {
    const i = this.indexOf(data.instrument)
    const units = -parseUnits(data.quantity)
    if (units === 0n) return
    const price = Number(data.price)
    this.#trade(i, ts, units, price, 0, 0)
    const quantity = unitsToNumber(units)
    this.#fills.push({ ts, order: '', instrument: i, quantity, price, fee: 0, slippage: 0, purpose: 'settled' })
  }

  #trade(i: number, ts: EpochMs, units: bigint, price: number, fee: number, slippage: number): void {
    const book = this.#books[i]!
    if (Number.isNaN(this.marks[i]!)) this.marks[i] = price // its last bar was history
    const before = book.quantity
    const nav = this.#days === 0 ? this.#options.capital : this.#equity.at(this.#days)
    const share = (Math.abs(unitsToNumber(units)) * price) / nav
    book.trade(ts, units, price, fee)
    book.fees += fee
    book.slippage += slippage
    book.traded += share
    this.#tradedToday += share
    this.#subBooks.filled(i, before, book.quantity, price, fee)
  }

  #accrued({ data }: EventNamed<'FundingAccrued'>): void {
    for (const row of data.rows) {
      const i = this.indexOf(row.instrument)
      const cash = Number(row.cash)
      this.#books[i]!.receive(cash)
      this.#subBooks.received(i, this.#books[i]!.quantity, cash)
    }
  }

  #blended({ data }: EventNamed<'PortfolioBlended'>): void {
    for (const row of data.rows) {
      const i = this.indexOf(row.instrument)
      this.#subBooks.blended(i, row.outcome === 'blended' ? row.weight : 0, row.parts, this.marks[i]!)
    }
  }

  #signalChanged({ data }: EventNamed<'SignalChanged'>): void {
    const signal = signalName(data.signal)
    this.#signalChanges.add(`${signal}: ${data.reason}`)
    if (data.reason === 'warming-up') return
    for (const term of data.terms) if (term.value === null) this.#missingTerms.add(`${signal}: ${term.name}`)
  }
}
