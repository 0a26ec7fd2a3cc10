/**
 * Owns a tape of the whole book for benchmarks: hourly bars of the built-in market under the names of venues, with settlements,
 * hourly open interest and daily on-chain series. The same request gives the same doubles. Never reads a lake or a clock.
 */
import { type FeedSeries, type OnChainSeries, type OpenInterestSeries, sliceFeed } from '#backtest/feeds/series'
import type { BarSeries, FundingSeries, TapeSeries } from '#backtest/tape'
import { planTape } from '#backtest/tape-plan'
import { type Config, configSchema } from '#core/config/schema'
import { Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS } from '#core/time'
import { sliceBars, sliceFunding, upperBound } from '#data/columns'
import { type MemoryTape, simBars, simConfiguration } from './sim-tape.js'

const SEED = 11
/** Publication lag of on-chain values. */
const LAG_MS = 2 * HOUR_MS
const SETTLED_HOURS = 8

export interface BookTape extends MemoryTape {
  /** Rows of bars, settlements and feeds in the span: market events. */
  readonly marketEvents: number
}

/**
 * Of `symbols` series one tenth each are spot and a second venue's perpetuals, both legs of packages on the bars of the first coins;
 * the rest are perpetuals. `patch` is the configuration beside the universe: its signals, above all.
 */
export function bookTape(symbols: number, historyDays: number, hours: number, patch: object = {}): BookTape {
  const market = simConfiguration(symbols, historyDays)
  const bars = simBars(market, hours)
  const legs = Math.floor(symbols / 10)
  const singles = symbols - 2 * legs
  const coinOf = (i: number): number => (i < singles ? i : (i - singles) % legs)
  const universe = market.universe.map((_, i): Config['universe'][number] => {
    const venue = i < singles ? 'binance.usdm' : i < singles + legs ? 'binance.spot' : 'bybit.linear'
    const entry = market.universe[coinOf(i)]!
    const instrument = `${venue}.${entry.base}USDT`
    const funded = venue === 'binance.spot' ? {} : { fundingOf: instrument }
    return { ...entry, instrument, ...funded, ...(i < singles ? {} : { role: 'leg' }) }
  })
  const config: Config = { ...configSchema.parse({ seed: SEED, interval: '1h', ...patch }), universe }
  const own = universe.map(({ instrument }, i): BarSeries => ({ ...bars[coinOf(i)]!, instrument }))
  const funded = own.filter((_, i) => universe[i]!.fundingOf !== undefined)
  const series = own.flatMap<TapeSeries>((one, i) => (funded.includes(one) ? [one, settlements(one, i)] : [one]))
  const feeds = [...funded.map(openInterest), ...onChain(own[0]!)]
  return cut(config, series, feeds, historyDays)
}

function cut(
  config: Config,
  series: readonly TapeSeries[],
  feeds: readonly FeedSeries[],
  historyDays: number,
): BookTape {
  const from = series[0]!.rows.availableAt[historyDays * 24 - 1]!
  const split = ({ rows }: TapeSeries | FeedSeries): number => upperBound(rows.availableAt, from)
  const before = feeds.map((one) => sliceFeed(one, 0, split(one)))
  const within = feeds.map((one) => sliceFeed(one, split(one), one.rows.ts.length))
  const plan = planTape(
    config,
    series.map((one) => sliced(one, split(one), one.rows.ts.length)),
    { feeds: within },
  )
  const history = planTape(
    config,
    series.map((one) => sliced(one, 0, split(one))),
    { feeds: before, quietBefore: from - historyDays * DAY_MS },
  )
  return { config, plan, history, marketEvents: plan.merged.order.length }
}

function sliced(series: TapeSeries, from: number, to: number): TapeSeries {
  if (series.kind === 'bars') return { ...series, rows: sliceBars(series.rows, from, to) }
  return { ...series, rows: sliceFunding(series.rows, from, to) }
}

/** Settlements every eight hours around a basis point, that stay high or low for days as those of venues do. */
function settlements({ instrument, rows }: BarSeries, index: number): FundingSeries {
  const random = Sfc32.seeded(SEED, index, 1)
  const ts = rows.availableAt.filter((at) => at % (SETTLED_HOURS * HOUR_MS) === 0)
  let rate = 0.0001
  const rates = ts.map(() => {
    rate += 0.1 * (0.0001 - rate) + 0.00005 * random.normal()
    return Math.round(rate * 1e8) / 1e8
  })
  const hours = ts.map(() => SETTLED_HOURS)
  return { kind: 'funding', instrument, rows: { ts, availableAt: ts, rate: rates, intervalHours: hours } }
}

/** Coins, hourly: it wanders, and falls where the price jumps. */
function openInterest({ instrument, rows }: BarSeries, index: number): OpenInterestSeries {
  const random = Sfc32.seeded(SEED, index, 2)
  let coins = 1e5
  const openInterest = rows.close.map((close, i) => {
    const jump = Math.abs(close / rows.open[i]! - 1)
    coins *= 1 + 0.004 * random.normal() - (jump > 0.02 ? 0.03 : 0) + 1e-4
    return Math.round(coins * 1000) / 1000
  })
  return { kind: 'oi', instrument, rows: { ts: rows.availableAt, availableAt: rows.availableAt, openInterest } }
}

/** What the overlays read, of the coin of these bars: its capitalisation, its ratio to the realised one, stablecoins. */
function onChain({ rows }: BarSeries): OnChainSeries[] {
  const ends = Uint32Array.from(rows.ts.keys()).filter((i) => rows.availableAt[i]! % DAY_MS === 0)
  const ts = Float64Array.from(ends, (i) => rows.availableAt[i]! - DAY_MS)
  const caps = Float64Array.from(ends, (i) => rows.close[i]! * 19.5e6)
  let realised = caps[0] ?? 1
  const ratios = caps.map((cap) => {
    realised += (cap - realised) / 200
    return cap / realised
  })
  const supplies = caps.map((_, i) => 1e11 * (1 + i / 2000))
  const series = (source: string, asset: string, metric: string, value: Float64Array): OnChainSeries => ({
    kind: 'onchain',
    instrument: `${source}.${asset}.${metric}`,
    source,
    asset,
    metric,
    periodMs: DAY_MS,
    rows: { ts, availableAt: ts.map((t) => t + DAY_MS + LAG_MS), value, revision: ts.map(() => 0) },
  })
  return [
    series('coinmetrics', 'btc', 'CapMrktCurUSD', caps),
    series('coinmetrics', 'btc', 'CapMVRVCur', ratios),
    series('defillama', 'stablecoins', 'supply_usd', supplies),
  ]
}
