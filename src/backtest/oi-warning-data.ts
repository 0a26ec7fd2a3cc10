/**
 * Owns what the report on the early warning reads from the lake: which series, and how they stand on a grid of bars. Must never invent a bar
 * or read open interest before it could be read.
 */
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { parseInstrument } from '#core/ids'
import { DAY_MS, type DurationMs, HOUR_MS, intervalMs } from '#core/time'
import type { LakeKey } from '#data/columns'
import { listSeries, loadRows, type SeriesSummary } from '#data/lake'
import { describeSeries, intervalOf } from '#data/layout'
import type { Rows } from '#data/rows'
import { coinsOfValue } from '#indicators/open-interest'
import { EVENT_RULES, type FundingPoint, type WarningGrid } from './oi-warning-series.js'

/** Coarsest open interest that can tell a drop within hours (methods, section 5). */
const FINE_OI_MS = EVENT_RULES.dropHours * HOUR_MS

export interface WarningSeries {
  readonly openInterest: LakeKey
  readonly bars: LakeKey
  readonly funding: LakeKey
}

/** What to report on: series named by a configuration, else the longest ones of a coin that the lake holds. */
export type Wanted = { readonly config: Config; readonly instrument: string | undefined } | { readonly base: string }

export interface FoundSeries {
  /** Hourly bars with open interest at least every four hours. */
  readonly hourly: WarningSeries | undefined
  readonly daily: WarningSeries | undefined
  /** Why there is no hourly variant; undefined where there is one. */
  readonly whyNotHourly: string | undefined
}

const nameOf = ({ venue, market, symbol }: LakeKey): string => `${venue}.${market}.${symbol}`

/** LAKE_EMPTY names what is missing; CONFIG_INVALID a configuration without open interest. */
export async function findWarningSeries(home: string, wanted: Wanted): Promise<FoundSeries> {
  const all = await listSeries(home)
  const isWanted = filterOf(wanted)
  const candidates = (kind: LakeKey['kind']): SeriesSummary[] =>
    all
      .filter(({ key }) => key.kind === kind && isWanted(key))
      .sort((a, b) => b.last - b.first - (a.last - a.first) || (describeSeries(a.key) < describeSeries(b.key) ? -1 : 1))
  const [interest, funding, bars] = [candidates('oi'), candidates('funding'), candidates('bars')]
  const what = 'config' in wanted ? 'that the configuration names' : `of ${wanted.base}`
  for (const [name, found] of Object.entries({ 'open interest': interest, funding, bars }))
    if (found.length === 0) throw new QuantbotError('LAKE_EMPTY', `${home}: the lake holds no ${name} ${what}`)
  const ofInterval = (interval: string): LakeKey | undefined =>
    bars.find(({ key }) => intervalOf(key) === interval)?.key
  const fine = interest.find((series) => stepOf(series) <= FINE_OI_MS)?.key
  const daily = interest.find((series) => stepOf(series) > FINE_OI_MS)?.key ?? fine
  const [hours, days] = [ofInterval('1h'), ofInterval('1d')]
  const rates = funding[0]!.key
  return {
    hourly: fine === undefined || hours === undefined ? undefined : { openInterest: fine, bars: hours, funding: rates },
    daily: daily === undefined || days === undefined ? undefined : { openInterest: daily, bars: days, funding: rates },
    whyNotHourly:
      fine === undefined
        ? `the lake holds no open interest ${what} at four hours or finer`
        : hours === undefined
          ? `the lake holds no hourly bars ${what}`
          : undefined,
  }
}

function filterOf(wanted: Wanted): (key: LakeKey) => boolean {
  if (!('config' in wanted)) {
    const quotes = new Set(['', 'USD', 'USDT', 'USDC', '-PERPETUAL'].map((quote) => wanted.base + quote))
    return ({ symbol, kind }) => quotes.has(symbol) || (kind === 'oi' && symbol.startsWith(`${wanted.base}-`))
  }
  const { feeds, universe } = wanted.config
  const named = wanted.instrument ?? feeds.openInterest[0]?.instrument
  const series = feeds.openInterest.filter(({ instrument }) => instrument === named).map((feed) => feed.series)
  const entry = universe.find(({ instrument }) => instrument === named)
  if (named === undefined || series.length === 0)
    throw new QuantbotError('CONFIG_INVALID', `feeds.openInterest: names no series${named ? ` of ${named}` : ''}`)
  if (entry === undefined)
    throw new QuantbotError('CONFIG_INVALID', `feeds.openInterest: ${named} does not stand in the universe`)
  const bars = entry.barsOf ?? entry.instrument
  const names: Partial<Record<LakeKey['kind'], readonly string[]>> = {
    oi: series,
    bars: [bars],
    funding: [entry.fundingOf ?? entry.instrument],
  }
  return (key) => names[key.kind]?.includes(nameOf(key)) === true && parseInstrument(nameOf(key)) !== undefined
}

/** Interval of a series, or its mean step where each row has its own. */
function stepOf({ key, rows, first, last }: SeriesSummary): DurationMs {
  const interval = intervalOf(key)
  return interval === undefined ? (last - first) / Math.max(1, rows - 1) : intervalMs(interval)
}

const number = (rows: Rows, column: string): Float64Array => rows[column] as Float64Array // a numeric column of its kind

/** Loads everything before `end` (epoch ms, exclusive) onto a grid; `maxAgeHours`: open interest older than this is none. */
export async function loadWarningGrid(
  home: string,
  series: WarningSeries,
  end: number,
  maxAgeHours: number,
): Promise<WarningGrid> {
  const [bars, interest, rates] = [
    await loadRows(home, series.bars, 0, end - 1),
    await loadRows(home, series.openInterest, 0, end - 1),
    await loadRows(home, series.funding, 0, end - 1),
  ]
  const stepMs = intervalMs(intervalOf(series.bars) ?? '1d')
  const opens = number(bars, 'ts')
  if (opens.length === 0) throw new QuantbotError('LAKE_EMPTY', `${describeSeries(series.bars)}: no bars in the span`)
  const start = opens[0]!
  const length = Math.round((opens.at(-1)! - start) / stepMs) + 1
  const grid = { stepMs, start, close: new Float64Array(length), volume: new Float64Array(length) }
  opens.forEach((open, i) => {
    const at = Math.round((open - start) / stepMs)
    grid.close[at] = number(bars, 'close')[i]!
    grid.volume[at] = number(bars, 'volume')[i]!
  })
  const snapshots = snapshotsOf(interest, grid)
  return {
    ...grid,
    knownCoins: knownOf(snapshots, grid, maxAgeHours * HOUR_MS),
    labelChange: stepMs === DAY_MS ? dailyChange(snapshots, grid) : dropWithin(snapshots, grid),
    funding: fundingOf(rates),
  }
}

type Grid = Pick<WarningGrid, 'stepMs' | 'start' | 'close'>

interface Snapshot {
  readonly ts: number
  readonly availableAt: number
  readonly coins: number
}

/** Coins; a value in dollars is divided by the close of the bar that holds its stamp: the day's own close for a daily figure. */
function snapshotsOf(rows: Rows, grid: Grid): Snapshot[] {
  const [ts, availableAt] = [number(rows, 'ts'), number(rows, 'availableAt')]
  const [coins, value] = [number(rows, 'openInterest'), number(rows, 'value')]
  return Array.from(ts, (at, i) => {
    const close = grid.close[Math.floor((at - grid.start) / grid.stepMs)] ?? 0
    const told = coins[i]! > 0 ? coins[i]! : coinsOfValue(value[i]!, close)
    // The close of its bar is part of a converted figure: it is not known before.
    const closedAt = grid.start + (Math.floor((at - grid.start) / grid.stepMs) + 1) * grid.stepMs
    const readable = coins[i]! > 0 ? availableAt[i]! : Math.max(availableAt[i]!, closedAt)
    return { ts: at, availableAt: readable, coins: told ?? 0 }
  }).filter((snapshot) => snapshot.coins > 0)
}

function knownOf(snapshots: readonly Snapshot[], grid: Grid, maxAgeMs: number): Float64Array {
  const inOrder = [...snapshots].sort((a, b) => a.availableAt - b.availableAt || a.ts - b.ts)
  let next = 0
  let newest: Snapshot | undefined
  return grid.close.map((_, i) => {
    const now = grid.start + (i + 1) * grid.stepMs
    for (; next < inOrder.length && inOrder[next]!.availableAt <= now; next++)
      if (newest === undefined || inOrder[next]!.ts > newest.ts) newest = inOrder[next]!
    return newest !== undefined && now - newest.availableAt <= maxAgeMs ? newest.coins : 0
  })
}

/** Change from the figure of the day before to that of the day itself. */
function dailyChange(snapshots: readonly Snapshot[], grid: Grid): Float64Array {
  const byDay = new Map(snapshots.map(({ ts, coins }) => [Math.floor((ts - grid.start) / grid.stepMs), coins]))
  return grid.close.map((_, i) => (byDay.get(i) ?? Number.NaN) / (byDay.get(i - 1) ?? Number.NaN) - 1)
}

/** Change from the last snapshot at or before the open of the bar, at most four hours old, to the least one within four hours of it. */
function dropWithin(snapshots: readonly Snapshot[], grid: Grid): Float64Array {
  const reach = FINE_OI_MS
  let next = 0
  return grid.close.map((_, i) => {
    const open = grid.start + i * grid.stepMs
    while (next < snapshots.length && snapshots[next]!.ts <= open) next++
    const before = snapshots[next - 1]
    if (before === undefined || open - before.ts > reach) return Number.NaN
    let least = Number.NaN
    for (let k = next; k < snapshots.length && snapshots[k]!.ts <= open + reach; k++)
      if (!(snapshots[k]!.coins >= least)) least = snapshots[k]!.coins
    return least / before.coins - 1
  })
}

function fundingOf(rows: Rows): FundingPoint[] {
  const [ts, availableAt] = [number(rows, 'ts'), number(rows, 'availableAt')]
  const [rate, hours] = [number(rows, 'rate'), number(rows, 'intervalHours')]
  const points = Array.from(ts, (settledAt, i) => ({
    availableAt: availableAt[i]!,
    settledAt,
    rate: rate[i]!,
    intervalHours: hours[i]!,
  }))
  return points.sort((a, b) => a.availableAt - b.availableAt || a.settledAt - b.settledAt)
}
