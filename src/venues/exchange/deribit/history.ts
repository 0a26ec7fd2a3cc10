/** Owns histories in Deribit's fields: chart columns, hourly funding, DVOL, trades by time. */
import { DAY_MS, type EpochMs, floorTo, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import type { World, WorldBar, WorldTrade } from '../world.port.js'
import type { Listed } from './listing.js'
import { fundingOf } from './market.js'

const CHART_ROWS_MAX = 5000
const FUNDING_ROWS_MAX = 744
const VOLATILITY_ROWS_MAX = 1000
const MINUTES = ['1', '3', '5', '10', '15', '30', '60', '120', '180', '360', '720'] as const

/** Resolutions of charts, and of DVOL in seconds. */
export const CHART_STEPS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(MINUTES.map((minutes) => [minutes, Number(minutes) * MINUTE_MS])),
  '1D': DAY_MS,
}
export const VOLATILITY_STEPS: Readonly<Record<string, number>> = {
  '1': SECOND_MS,
  '60': MINUTE_MS,
  '3600': HOUR_MS,
  '43200': 12 * HOUR_MS,
  '1D': DAY_MS,
}

/** Newest rows where the span holds more than the venue gives. */
export function chart(world: World, of: Listed, stepMs: number, start: EpochMs, end: EpochMs, now: EpochMs): object {
  const from = Math.max(start, end - CHART_ROWS_MAX * stepMs)
  const bars = world.bars(of.instrument, stepMs, Math.ceil(from / stepMs) * stepMs, end + 1, now)
  const column = (of: (bar: WorldBar) => number): readonly number[] => bars.map(of)
  return {
    status: bars.length === 0 ? 'no_data' : 'ok',
    ticks: column((bar) => bar.openTime),
    open: column((bar) => bar.open),
    high: column((bar) => bar.high),
    low: column((bar) => bar.low),
    close: column((bar) => bar.close),
    volume: column((bar) => bar.volume),
    cost: column((bar) => bar.quoteVolume),
  }
}

/** `chart.trades.*`. */
export function barRow(bar: WorldBar): object {
  const { openTime, open, high, low, close, volume, quoteVolume } = bar
  return { tick: openTime, open, high, low, close, volume, cost: quoteVolume }
}

interface FundingRow {
  readonly timestamp: EpochMs
  readonly index_price: number
  readonly prev_index_price: number
  readonly interest_8h: number
  readonly interest_1h: number
}

/** Full hours in `(start, end]`. Where the world settles hourly its settlement is the hour; else an eighth of the rate. */
export function fundingHistory(
  world: World,
  of: Listed,
  start: EpochMs,
  end: EpochMs,
  now: EpochMs,
): readonly FundingRow[] {
  const last = floorTo(Math.min(end, now), HOUR_MS)
  const rows: FundingRow[] = []
  for (let at = last; at > start && at > world.start && rows.length < FUNDING_ROWS_MAX; at -= HOUR_MS) {
    const rate8h = fundingOf(world, of, at - 1)
    const isHourly = world.fundingIntervalMs(of.instrument, at - 1) === HOUR_MS
    const settled = isHourly ? world.settlements(of.instrument, at - HOUR_MS, at).at(-1)?.rate : undefined
    rows.push({
      timestamp: at,
      index_price: world.index(of.instrument.base, at),
      prev_index_price: world.index(of.instrument.base, Math.max(world.start, at - HOUR_MS)),
      interest_8h: settled === undefined ? rate8h : settled * 8,
      interest_1h: settled ?? rate8h / 8,
    })
  }
  return rows.reverse()
}

/** Newest rows of a span, oldest first, and where the next page ends. */
export function volatility(
  world: World,
  base: string,
  stepMs: number,
  start: EpochMs,
  end: EpochMs,
  now: EpochMs,
): object {
  const first = Math.max(Math.ceil(start / stepMs) * stepMs, Math.ceil(world.start / stepMs) * stepMs)
  const data: number[][] = []
  let at = floorTo(Math.min(end, now), stepMs)
  for (; at >= first && data.length < VOLATILITY_ROWS_MAX; at -= stepMs) {
    const until = Math.min(at + stepMs, now)
    const [open, middle, close] = [at, (at + until) / 2, until].map((ts) => world.volatility(base, ts) * 100)
    data.push([at, open!, Math.max(open!, middle!, close!), Math.min(open!, middle!, close!), close!])
  }
  return { data: data.reverse(), continuation: at >= first ? at : null }
}

/** Realised volatility is not simulated: the index of each hour stands for it. */
export function historicalVolatility(world: World, base: string, now: EpochMs): readonly (readonly number[])[] {
  const rows: (readonly number[])[] = []
  const last = floorTo(now, HOUR_MS)
  for (let at = Math.max(world.start, last - 15 * DAY_MS); at <= last; at += HOUR_MS)
    rows.push([at, world.volatility(base, at) * 100])
  return rows
}

/** The newest `count` trades in `(from, to]` or the oldest, oldest first, and whether there are more. */
export function tradesIn(
  world: World,
  of: Listed,
  from: EpochMs,
  to: EpochMs,
  count: number,
  isNewest: boolean,
): { readonly trades: readonly WorldTrade[]; readonly has_more: boolean } {
  const found: WorldTrade[] = []
  let span = MINUTE_MS
  let edge = isNewest ? to : from
  while (found.length <= count && (isNewest ? edge > from : edge < to)) {
    const next = isNewest ? Math.max(from, edge - span) : Math.min(to, edge + span)
    const some = isNewest ? world.trades(of.instrument, next, edge) : world.trades(of.instrument, edge, next)
    if (isNewest) found.unshift(...some)
    else found.push(...some)
    edge = next
    span *= 2
  }
  const trades = isNewest ? found.slice(-count) : found.slice(0, count)
  return { trades, has_more: found.length > count }
}
