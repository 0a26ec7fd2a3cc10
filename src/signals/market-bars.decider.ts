/**
 * Owns daily bars built from finer ones, aligned to UTC days. Must never invent a price: a day with missing parts is said to be
 * partial, a day without parts is not said at all, and a bar of a day that was already told is ignored.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import { DAY_MS, floorTo, INTERVALS, type Interval, intervalMs } from '#core/time'
import type { BarAggregated, BarClosed, InstantClosed } from '#events/market.events'

/** One day of one instrument. `parts` 0: nothing there. */
interface Day {
  openTime: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  /** What plain addition of the volumes lost (Neumaier 1974): 1,440 parts add up as exactly as one double can say. */
  volumeLost: number
  parts: number
}

interface Builder {
  instrument: string
  interval: Interval
  expected: number
  /** Open time of the newest finest bar: older or equal ones are ignored. */
  newest: number
  /** Newest day that is ready or told: its late bars are ignored. */
  doneDay: number
  current: Day
  /** A day that is to be told by the next decision. */
  ready: Day
}

/** Bounded by the universe: two days an instrument. */
export interface MarketBarsState {
  index: { [instrument: string]: number }
  builders: Builder[]
  /** Days waiting to be told. */
  ready: number
  /** No unfinished day ends before this, so that most instants need no look at the instruments. */
  earliestEnd: number
}

/** `awaitsMissing`: bars that an instant misses come later (connectors fill them); on a tape they never do. */
export interface MarketBarsOptions {
  readonly awaitsMissing?: boolean
}

type In = BarClosed | InstantClosed
const NOBODY: readonly string[] = []
type Draft = { readonly type: 'BarAggregated'; readonly data: BarAggregated['data'] }
const NEVER = Number.MAX_SAFE_INTEGER

const emptyDay = (): Day => ({
  openTime: 0,
  open: 0,
  high: 0,
  low: 0,
  close: 0,
  volume: 0,
  volumeLost: 0,
  parts: 0,
})

/** Moves the current day to where the next decision tells it. A day told too late to be decided on is dropped. */
function close(state: MarketBarsState, builder: Builder): void {
  if (builder.ready.parts === 0) state.ready++
  const free = builder.ready
  builder.ready = builder.current
  builder.doneDay = builder.ready.openTime
  free.parts = 0
  builder.current = free
}

function begin(day: Day, openTime: number, bar: BarClosed['data']): void {
  day.openTime = openTime
  day.open = bar.open
  day.high = bar.high
  day.low = bar.low
  day.close = bar.close
  day.volume = bar.volume
  day.volumeLost = 0
  day.parts = 1
}

function extend(day: Day, bar: BarClosed['data']): void {
  if (bar.high > day.high) day.high = bar.high
  if (bar.low < day.low) day.low = bar.low
  day.close = bar.close
  const sum = day.volume + bar.volume
  day.volumeLost += day.volume >= bar.volume ? day.volume - sum + bar.volume : bar.volume - sum + day.volume
  day.volume = sum
  day.parts++
}

function takeBar(state: MarketBarsState, bar: BarClosed['data']): void {
  const at = state.index[bar.instrument]
  if (at === undefined) return
  const builder = state.builders[at]!
  if (bar.interval !== builder.interval || bar.openTime <= builder.newest) return
  const day = floorTo(bar.openTime, DAY_MS)
  builder.newest = bar.openTime
  if (day <= builder.doneDay) return
  if (builder.current.parts > 0 && builder.current.openTime !== day) close(state, builder)
  if (builder.current.parts > 0) extend(builder.current, bar)
  else {
    begin(builder.current, day, bar)
    if (day + DAY_MS < state.earliestEnd) state.earliestEnd = day + DAY_MS
  }
  if (builder.current.parts === builder.expected) close(state, builder)
}

/** `awaited`: instruments whose bars are filled later, in order: their day ends with its last part or the first one behind it. */
function takeInstant(state: MarketBarsState, instant: number, awaited: readonly string[]): void {
  if (instant < state.earliestEnd) return
  state.earliestEnd = NEVER
  for (let i = 0; i < state.builders.length; i++) {
    const builder = state.builders[i]!
    if (builder.current.parts === 0) continue
    const end = builder.current.openTime + DAY_MS
    if (end <= instant && !awaited.includes(builder.instrument)) close(state, builder)
    else if (end < state.earliestEnd) state.earliestEnd = end
  }
}

function tell(builder: Builder): Draft {
  const { openTime, open, high, low, close: last, volume, volumeLost, parts } = builder.ready
  return {
    type: 'BarAggregated',
    data: {
      instrument: builder.instrument,
      interval: '1d',
      openTime,
      open,
      high,
      low,
      close: last,
      volume: volume + volumeLost,
      parts,
      expected: builder.expected,
      complete: parts === builder.expected,
    },
  }
}

function told(state: MarketBarsState, bar: BarAggregated['data']): void {
  const at = state.index[bar.instrument]
  if (at === undefined) return
  const { ready } = state.builders[at]!
  if (ready.parts === 0 || ready.openTime !== bar.openTime) return
  ready.parts = 0
  state.ready--
}

function decide(state: MarketBarsState, event: In): readonly Draft[] {
  if (state.ready === 0) return SILENCE
  if (event.type === 'BarClosed') {
    const at = state.index[event.data.instrument]
    return at !== undefined && state.builders[at]!.ready.parts > 0 ? [tell(state.builders[at]!)] : SILENCE
  }
  return state.builders.filter((builder) => builder.ready.parts > 0).map(tell)
}

/**
 * The decider `market/bars`: 1d `BarAggregated` of every instrument whose finest bars are finer. Complete when the last part
 * arrives; otherwise partial, at the first bar of a later day or the instant that ends the day. O(1) a bar.
 */
export function createMarketBars(
  universe: readonly UniverseEntry[],
  interval: Interval,
  { awaitsMissing = false }: MarketBarsOptions = {},
): Decider<MarketBarsState, In, BarAggregated> {
  const finer = universe.filter((entry) => intervalMs(entry.interval ?? interval) < DAY_MS)
  const used = new Set(finer.map((entry) => entry.interval ?? interval))
  return {
    name: 'market/bars',
    version: '1',
    dependencies: [],
    reads: ['BarClosed', 'InstantClosed'],
    emits: ['BarAggregated'],
    intervals: INTERVALS.filter((name) => used.has(name)),
    warmupMs: DAY_MS,
    onOrderPath: false,
    derivesMarket: true,
    initial: () => ({
      index: Object.fromEntries(finer.map((entry, i) => [entry.instrument, i])),
      builders: finer.map((entry) => ({
        instrument: entry.instrument,
        interval: entry.interval ?? interval,
        expected: DAY_MS / intervalMs(entry.interval ?? interval),
        newest: -1,
        doneDay: -1,
        current: emptyDay(),
        ready: emptyDay(),
      })),
      ready: 0,
      earliestEnd: NEVER,
    }),
    evolve(state, event) {
      if (event.type === 'BarClosed') takeBar(state, event.data)
      else if (event.type === 'InstantClosed')
        takeInstant(state, event.data.instant, awaitsMissing ? event.data.missing : NOBODY)
      else told(state, event.data)
      return state
    },
    decide,
  }
}
