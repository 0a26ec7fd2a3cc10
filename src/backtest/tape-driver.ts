/**
 * Owns driving the dispatcher with a tape: the order of an instant, BarOpened where an order waits, timers, groups.
 * Simulated clock only. The same tape and configuration give the same bytes, whatever sink takes them.
 */
import { intervalMs } from '#core/time'
import type { Dispatcher, Input } from '#engine/dispatcher'
import { TimerHeap } from '#engine/timers'
import { WaitingOrders } from '#engine/waiting-orders'
import type { AnyEvent } from '#events/catalogue'
import type { LineBuffer } from '#events/line-buffer'
import { type BarSeries, type FundingSeries, ON_BAR, ON_FUNDING } from './tape.js'
import { TapeCursor } from './tape-cursor.js'
import type { RecordedCommand } from './tape-from-log.js'
import type { TapePlan } from './tape-plan.js'

const TAPE = 'tape/lake'

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
  readonly #held = new Map<string, number>()
  readonly #listed: Uint8Array
  /** Series of bars that ended before the tape does. */
  readonly #endsEarly: Uint8Array
  readonly #barSeries = new Map<string, number>()
  #ended: number[] = []
  #nextCommand = 0
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
    this.#endsEarly = Uint8Array.from(series, (s) =>
      s.kind === 'bars' && (s.rows.availableAt.at(-1) ?? end) + intervalMs(s.interval) <= end ? 1 : 0,
    )
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
        this.#waiting.fold(event)
        break
      case 'OrderFilled':
        this.#waiting.fold(event)
        this.#hold(event.data.instrument, Number(event.data.quantity) * (event.data.side === 'buy' ? 1 : -1))
        break
      case 'PositionSettled':
        this.#held.delete(event.data.instrument)
        break
      case 'TimerRequested':
        this.#timers.push(event.data)
        break
    }
    this.#onEvent?.(event)
  }

  #hold(instrument: string, change: number): void {
    const now = Math.round((this.#held.get(instrument) ?? 0) * 1e8 + change * 1e8) / 1e8
    if (now === 0) this.#held.delete(instrument)
    else this.#held.set(instrument, now)
  }

  /** Evolves the agents on history; nothing is decided or written. */
  static warm(dispatcher: Dispatcher, plan: TapePlan): void {
    for (const input of historyInputs(plan)) dispatcher.warm(input)
  }

  /** Drives the whole tape; true when it reached the end, false when `untilSeq` stopped it. */
  run(dispatcher: Dispatcher): boolean {
    const cursor = new TapeCursor(this.#plan.merged)
    const series = this.#plan.merged.series
    let rows = 0
    while (cursor.next()) {
      if (rows === 0 && this.#timers.nextDueAt() <= cursor.ts) this.#fireTimers(dispatcher, cursor.ts)
      if (cursor.kind === ON_BAR) {
        const index = cursor.seriesIndex
        if (this.#listed[index] === 0) this.#list(dispatcher, index, cursor.ts)
        const bars = series[index] as BarSeries // ON_BAR stands on bars
        if (this.#endsEarly[index] === 1 && cursor.row + 1 === bars.rows.ts.length) this.#ended.push(index)
        this.#step(dispatcher, barInput(bars, cursor.row))
        rows++
      } else if (cursor.kind === ON_FUNDING) {
        if (!this.#fundingMatters(cursor)) continue
        this.#step(dispatcher, fundingInput(this.#plan, cursor.seriesIndex, cursor.row))
        rows++
      } else {
        const intervals = cursor.intervals()
        if (rows > 0 || intervals.length > 0) this.#closeInstant(dispatcher, cursor)
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
    this.#step(dispatcher, { type: 'InstrumentDelisted', by: TAPE, ts, data: { instrument, reason: 'end-of-data' } })
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

/** Every row and instant of a plan as inputs, oldest first. */
export function* historyInputs(plan: TapePlan): Generator<Input> {
  const cursor = new TapeCursor(plan.merged)
  while (cursor.next()) {
    if (cursor.kind === ON_BAR) yield barInput(plan.merged.series[cursor.seriesIndex] as BarSeries, cursor.row)
    else if (cursor.kind === ON_FUNDING) yield fundingInput(plan, cursor.seriesIndex, cursor.row)
    else yield instantInput(plan, cursor)
  }
}

function barInput(series: BarSeries, row: number): Input {
  const { rows } = series
  return {
    type: 'BarClosed',
    by: TAPE,
    ts: rows.availableAt[row]!,
    data: {
      instrument: series.instrument,
      interval: series.interval,
      openTime: rows.ts[row],
      open: rows.open[row],
      high: rows.high[row],
      low: rows.low[row],
      close: rows.close[row],
      volume: rows.volume[row],
    },
  }
}

function fundingInput(plan: TapePlan, index: number, row: number): Input {
  const { instrument, rows } = plan.merged.series[index] as FundingSeries // the caller stands on funding
  return {
    type: 'FundingSettled',
    by: TAPE,
    ts: rows.availableAt[row]!,
    data: {
      instrument,
      settledAt: rows.ts[row],
      rate: rows.rate[row],
      intervalHours: rows.intervalHours[row],
      proxy: plan.proxy[index]?.[row] === 1,
    },
  }
}

function instantInput(plan: TapePlan, cursor: TapeCursor): Input {
  const missing = cursor.missing()
  return {
    type: 'InstantClosed',
    by: TAPE,
    ts: cursor.ts,
    data: {
      instant: cursor.ts,
      intervals: cursor.intervals(),
      missing: missing.length === 0 ? [] : Array.from(missing, (index) => plan.merged.series[index]!.instrument),
    },
  }
}
