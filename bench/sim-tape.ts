/** Owns tapes of the built-in market for benchmarks: as many bars as asked for, the same for the same request. */
import type { BarSeries } from '#backtest/tape'
import { planTape, type TapePlan } from '#backtest/tape-plan'
import { type Config, configSchema } from '#core/config/schema'
import { HOUR_MS, intervalMs } from '#core/time'
import { type BarColumns, sliceBars } from '#data/columns'
import { createSimMarket } from '#data/connectors/sim/market'

const SEED = 5

/** Configuration of a run on hourly bars of the built-in market. */
export function simConfiguration(
  symbols: number,
  historyDays: number,
  more: { readonly log?: Partial<Config['log']> } = {},
): Config {
  const parsed = configSchema.parse({ ...more, seed: SEED, sim: { symbols, interval: '1h', historyDays } })
  const { universe } = createSimMarket(parsed.sim, parsed.seed)
  return { ...parsed, universe: [...universe], interval: parsed.sim.interval }
}

/** Hourly bars of every symbol, `history` included, in the order of the universe. */
export function simBars(config: Config, hours: number): BarSeries[] {
  const market = createSimMarket(config.sim, config.seed)
  const count = config.sim.historyDays * 24 + hours
  const step = intervalMs(config.sim.interval)
  const columns = new Map(config.universe.map(({ instrument }) => [instrument, emptyColumns(count)]))
  let last = 0
  while (last < count) {
    let closed = false
    for (const { type, data } of market.nextInstant().inputs) {
      if (type !== 'BarClosed') continue
      const bar = data as Bar // what the market says of a bar
      const rows = columns.get(bar.instrument)!
      rows.ts[last] = bar.openTime
      rows.availableAt[last] = bar.openTime + step
      rows.open[last] = bar.open
      rows.high[last] = bar.high
      rows.low[last] = bar.low
      rows.close[last] = bar.close
      rows.volume[last] = bar.volume
      rows.quoteVolume[last] = Number.NaN
      closed = true
    }
    if (closed) last++
  }
  return [...columns].map(([instrument, rows]) => ({ kind: 'bars', instrument, interval: '1h', rows }))
}

interface Bar {
  readonly instrument: string
  readonly openTime: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

function emptyColumns(count: number): BarColumns {
  const column = (): Float64Array => new Float64Array(count)
  return {
    ts: column(),
    availableAt: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
    quoteVolume: column(),
  }
}

/** A tape in memory: what was before is history, so that every signal may speak from the first bar on. */
export interface MemoryTape {
  readonly config: Config
  readonly plan: TapePlan
  readonly history: TapePlan
}

/** The first `hours` of bars that `simBars` gave. */
export function simTape(config: Config, series: readonly BarSeries[], hours: number): MemoryTape {
  const before = (config.sim.historyDays * 24 * HOUR_MS) / HOUR_MS
  const cut = (from: number, to: number): BarSeries[] =>
    series.map((each) => ({ ...each, rows: sliceBars(each.rows, from, to) }))
  return {
    config,
    plan: planTape(config, cut(before, before + hours)),
    history: planTape(config, cut(0, before)),
  }
}
