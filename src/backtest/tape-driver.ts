/**
 * Owns driving the dispatcher with a tape: the order of an instant, BarOpened where an order waits, timers, groups.
 * Simulated clock only. The same tape and configuration give the same bytes, whatever sink takes them.
 */
import { intervalMs } from '#core/time'
import type { Dispatcher, Input } from '#engine/dispatcher'
import { HeldPositions } from '#engine/held-positions'
import { TimerHeap } from '#engine/timers'
import { WaitingOrders } from '#engine/waiting-orders'
import type { AnyEvent } from '#events/catalogue'
import type { LineBuffer } from '#events/line-buffer'
import type { CapitalFlow, FeedSeries } from './feeds/series.js'
import { type AnySeries, type BarSeries, ON_BAR, ON_FEED, ON_FUNDING } from './tape.js'
import { TapeCursor } from './tape-cursor.js'
import type { RecordedCommand } from './tape-from-log.js'
import { barInput, feedRowInput, fundingInput, instantInput, TAPE } from './tape-inputs.js'
import type { TapePlan } from './tape-plan.js'

/** Where groups of derived lines go: a log, a hash, a comparison. */
export interface GroupSink {
  group(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): void
}

export interface TapeDriverOptions {
  readonly plan: TapePlan
  readonly lines: LineBuffer
  readonly sink: GroupSink
  readonly groupEvents: number
  /** Called after the step of every InstantClosed. */
  readonly onInstant?: (ts: number) => void
  /** Sees every event once its readers have. */
  readonly onEvent?: (event: AnyEvent) => void
  /** What operators commanded when the inputs were recorded; ascending. */
  readonly commands?: readonly RecordedCommand[]
  /** Stops after the step that reaches this seq. */
  readonly untilSeq?: number
}

export class TapeDriver {
  readonly #plan: TapePlan
  readonly #lines: LineBuffer
  readonly #sink: GroupSink
  readonly #groupEvents: number
  readonly #onInstant: ((ts: number) => void) | undefined
  readonly #onEvent: ((event: AnyEvent) => void) | undefined
  readonly #untilSeq: number
  readonly #waiting = new WaitingOrders()
  readonly #timers = new TimerHeap()
  readonly #commands: readonly RecordedCommand[]
  readonly #held = new HeldPositions()
  readonly #listed: Uint8Array
  /** Series that ended before the tape does, so that the instrument is closed at its last price. */
  readonly #endsEarly: Uint8Array
  readonly #flows: readonly CapitalFlow[]
  readonly #barSeries = new Map<string, number>()
  #ended: number[] = []
  #nextCommand = 0
  #nextFlow = 0
  #inputs = 0
  #committed = 0

  constructor(options: TapeDriverOptions) {
    this.#plan = options.plan
    this.#lines = options.lines
    this.#sink = options.sink
    this.#groupEvents = options.groupEvents
    this.#onInstant = options.onInstant
    this.#onEvent = options.onEvent
    this.#commands = options.commands ?? []
    this.#untilSeq = options.untilSeq ?? Number.POSITIVE_INFINITY
    const { series, instants } = options.plan.merged
    const end = instants.at(-1) ?? 0
    this.#listed = new Uint8Array(series.length)
    this.#endsEarly = Uint8Array.from(series, (s) => (endsEarly(s, end, options.plan.ended) ? 1 : 0))
    this.#flows = options.plan.flows ?? []
    series.forEach((s, i) => {
      if (s.kind === 'bars') this.#barSeries.set(s.instrument, i)
    })
  }

  /** Inputs that took a seq. */
  get inputs(): number {
    return this.#inputs
  }

  /** To be given to the dispatcher as its observer. */
  readonly observe = (event: AnyEvent): void => {
    switch (event.type) {
      case 'OrderSubmitted':
      case 'OrderCancelled':
      case 'OrderRejected':
      case 'OrderFilled':
        this.#waiting.fold(event)
        this.#held.fold(event)
        break
      case 'PositionSettled':
        this.#held.fold(event)
        break
      case 'TimerRequested':
        this.#timers.push(event.data)
        break
    }
    this.#onEvent?.(event)
  }

  /** Evolves the agents on history; nothing is decided or written. */
  static warm(dispatcher: Dispatcher, plan: TapePlan): void {
    for (const input of historyInputs(plan)) dispatcher.warm(input)
  }

  /** Drives the whole tape; true when it reached the end, false when `untilSeq` stopped it. */
  run(dispatcher: Dispatcher): boolean {
    const cursor = new TapeCursor(this.#plan.merged)
    const feedsClose = this.#plan.feedsClose !== false
    let rows = 0
    while (cursor.next()) {
      if (rows === 0) this.#comeTo(dispatcher, cursor.ts)
      if (cursor.kind === ON_BAR) {
        this.#bar(dispatcher, cursor)
        rows++
      } else if (cursor.kind === ON_FUNDING) {
        if (!this.#fundingMatters(cursor)) continue
        this.#step(dispatcher, fundingInput(this.#plan, cursor.seriesIndex, cursor.row))
        rows++
      } else if (cursor.kind === ON_FEED) {
        this.#feed(dispatcher, cursor)
        if (feedsClose) rows++
      } else {
        if (rows > 0 || cursor.intervals().length > 0 || cursor.isTick()) this.#closeInstant(dispatcher, cursor)
        rows = 0
        if (dispatcher.seq >= this.#untilSeq) {
          this.#flush(dispatcher)
          return false
        }
      }
    }
    this.#flush(dispatcher)
    return true
  }

  #bar(dispatcher: Dispatcher, cursor: TapeCursor): void {
    const index = cursor.seriesIndex
    if (this.#listed[index] === 0) this.#list(dispatcher, index, cursor.ts)
    const bars = this.#plan.merged.series[index] as BarSeries // ON_BAR stands on bars
    if (this.#endsEarly[index] === 1 && cursor.row + 1 === bars.rows.ts.length) this.#ended.push(index)
    this.#step(dispatcher, barInput(bars, cursor.row))
  }

  #feed(dispatcher: Dispatcher, cursor: TapeCursor): void {
    const index = cursor.seriesIndex
    if (this.#listed[index] === 0) this.#list(dispatcher, index, cursor.ts)
    const feed = this.#plan.merged.series[index] as FeedSeries // ON_FEED stands on feeds
    if (this.#endsEarly[index] === 1 && cursor.row + 1 === feed.rows.ts.length) this.#ended.push(index)
    this.#step(dispatcher, feedRowInput(feed, cursor.row))
  }

  /** What was due before the instant: timers, and money moved on a day without one. */
  #comeTo(dispatcher: Dispatcher, ts: number): void {
    for (let flow = this.#flows[this.#nextFlow]; flow !== undefined && flow.ts < ts; ) {
      this.#fireTimers(dispatcher, flow.ts)
      this.#move(dispatcher, flow)
      flow = this.#flows[this.#nextFlow]
    }
    if (this.#timers.nextDueAt() <= ts) this.#fireTimers(dispatcher, ts)
  }

  #move(dispatcher: Dispatcher, { ts, currency, amount, reason }: CapitalFlow): void {
    this.#nextFlow++
    this.#step(dispatcher, { type: 'FundsTransferred', by: 'operator', ts, data: { currency, amount, reason } })
  }

  /** A stand-in matters only to a position; a recorded rate to the signals too. */
  #fundingMatters(cursor: TapeCursor): boolean {
    const series = this.#plan.merged.series[cursor.seriesIndex]!
    return this.#plan.proxy[cursor.seriesIndex]?.[cursor.row] !== 1 || this.#held.has(series.instrument)
  }

  #closeInstant(dispatcher: Dispatcher, cursor: TapeCursor): void {
    this.#step(dispatcher, instantInput(this.#plan, cursor))
    for (const instrument of this.#waiting.instruments()) this.#open(dispatcher, cursor, instrument)
    for (const index of this.#ended) this.#delist(dispatcher, index, cursor.ts)
    this.#ended.length = 0
    this.#command(dispatcher, cursor.ts)
    this.#onInstant?.(cursor.ts)
    // The day that ends here has its equity before the money of the next one comes.
    while ((this.#flows[this.#nextFlow]?.ts ?? Number.POSITIVE_INFINITY) <= cursor.ts)
      this.#move(dispatcher, this.#flows[this.#nextFlow]!)
    if (dispatcher.written - this.#committed >= this.#groupEvents) this.#flush(dispatcher)
  }

  #open(dispatcher: Dispatcher, cursor: TapeCursor, instrument: string): void {
    const index = this.#barSeries.get(instrument)
    if (index === undefined) return
    const row = cursor.openAt(index)
    if (row < 0) return
    const { rows, interval } = this.#plan.merged.series[index] as BarSeries // barSeries holds bars alone
    this.#step(dispatcher, {
      type: 'BarOpened',
      by: TAPE,
      ts: cursor.ts,
      data: { instrument, interval, openTime: rows.ts[row], open: rows.open[row], liquidity: rows.volume[row] },
    })
  }

  #list(dispatcher: Dispatcher, index: number, ts: number): void {
    this.#listed[index] = 1
    const listing = this.#plan.listings[index]
    if (listing !== undefined) this.#step(dispatcher, { type: 'InstrumentListed', by: TAPE, ts, data: { ...listing } })
  }

  #delist(dispatcher: Dispatcher, index: number, ts: number): void {
    const { instrument } = this.#plan.merged.series[index]!
    const reason = this.#plan.delisted?.has(instrument) === true ? 'delisted' : 'end-of-data'
    this.#step(dispatcher, { type: 'InstrumentDelisted', by: TAPE, ts, data: { instrument, reason } })
  }

  /** Commands come last in an instant. */
  #command(dispatcher: Dispatcher, until: number): void {
    for (; this.#nextCommand < this.#commands.length; this.#nextCommand++) {
      const { ts, command, reason } = this.#commands[this.#nextCommand]!
      if (ts > until) return
      this.#step(dispatcher, { type: 'OperatorCommanded', by: 'operator', ts: until, data: { command, reason } })
    }
  }

  #fireTimers(dispatcher: Dispatcher, until: number): void {
    for (let timer = this.#timers.popDue(until); timer !== undefined; timer = this.#timers.popDue(until))
      this.#step(dispatcher, { type: 'TimerFired', by: 'host/clock', ts: timer.dueAt, data: { ...timer } })
  }

  #step(dispatcher: Dispatcher, input: Input): void {
    if (dispatcher.seq >= this.#untilSeq) return
    this.#inputs++
    dispatcher.step(input)
  }

  #flush(dispatcher: Dispatcher): void {
    const count = dispatcher.written - this.#committed
    if (count === 0) return
    this.#sink.group(this.#lines.view(), count, dispatcher.writtenSeq, dispatcher.ts)
    this.#lines.truncate(0)
    this.#committed = dispatcher.written
  }
}

/** Whether an instrument is closed after its last row. */
export function endsEarly(series: AnySeries, end: number, ended?: ReadonlySet<string>): boolean {
  if (ended !== undefined) return (series.kind === 'bars' || series.kind === 'mark') && ended.has(series.instrument)
  if (series.kind === 'bars') return (series.rows.availableAt.at(-1) ?? end) + intervalMs(series.interval) <= end
  return series.kind === 'mark' && series.endsEarly
}

/**
 * Every row and instant of a plan as inputs, oldest first. What trades by its marks alone is listed: only a listing tells its
 * expiry. Before `quietBefore` rows come without instants: feeds reach back further than bars. Nor do feeds make any where the
 * plan says so.
 */
export function* historyInputs(plan: TapePlan): Generator<Input> {
  const cursor = new TapeCursor(plan.merged)
  const { quietBefore = Number.NEGATIVE_INFINITY, feedsClose = true } = plan
  let feedsAlone = true
  while (cursor.next()) {
    if (cursor.kind === ON_BAR || cursor.kind === ON_FUNDING) feedsAlone = false
    const series = plan.merged.series[cursor.seriesIndex]
    if (cursor.kind === ON_BAR)
      yield barInput(series as BarSeries, cursor.row) // ON_BAR stands on bars
    else if (cursor.kind === ON_FUNDING) yield fundingInput(plan, cursor.seriesIndex, cursor.row)
    else if (cursor.kind === ON_FEED) {
      const feed = series as FeedSeries // ON_FEED stands on feeds
      if (feed.kind === 'mark' && cursor.row === 0)
        yield { type: 'InstrumentListed', by: TAPE, ts: cursor.ts, data: { ...feed.listing } }
      yield feedRowInput(feed, cursor.row)
    } else {
      const closes = feedsClose || !feedsAlone || cursor.intervals().length > 0
      if (closes && cursor.ts >= quietBefore) yield instantInput(plan, cursor)
      feedsAlone = true
    }
  }
}
