/**
 * Owns what the cross-sectional signal remembers of each coin, and which coins could be ranked on a day by what was known then. Must never
 * look at which coins are alive today, nor fill in a day that is missing.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { CrossSectionalConfig } from '#core/config/signals-schema'
import { parseInstrument } from '#core/ids'
import { DAY_MS } from '#core/time'
import { createSortedWindow, pushSortedWindow, type SortedWindowState, windowMedian } from '#indicators/sorted-window'
import { createRing, pushRing, type RingState, ringAgo } from '#indicators/window'
import { extremeWeights, quartileOf, rankAscending, rankWeights, relativeMomentum } from '#quant/cross-section'
import { regression } from '#quant/moments'
import { createVoice, type Voice } from './voice.js'

/** Days behind the beta that is reported (methods, sections 6 and 13). */
export const BETA_DAYS = 60
/** Gross exposure of the book, fraction of NAV. */
const GROSS = 1

export interface CoinState {
  voice: Voice
  base: string
  /** Open time of the newest day, and of the first one; −1 before it. */
  newest: number
  first: number
  /** Closes by day; 0 stands for a missing day. */
  closes: RingState
  quoteVolumes: SortedWindowState
  barSeq: number
  /** Of the last ranking that it was in; 0 and null: in none. */
  rank: number
  momentum: number | null
  median: number | null
}

/** One tranche: weights by coin, in the order of the coins. */
export interface Tranche {
  day: number
  weights: number[]
}

/** Bounded by coins × (windows + tranches). */
export interface CrossSectionalState {
  index: { [instrument: string]: number }
  coins: CoinState[]
  /** Index of the benchmark; −1: the universe lacks it. */
  benchmark: number
  /** Oldest first, at most `holdDays`. */
  tranches: Tranche[]
  /** Coins in the last ranking. */
  ranked: number
  /** End of the last day that was ranked. */
  rankedAt: number
  /** Coins whose opinion the event in hand may have changed. */
  touched: number[]
}

/** Instruments that stand for a coin: no leg, no spot where a perpetual of the coin is there, and one an instrument a coin, the first. */
export function instrumentsOf(universe: readonly UniverseEntry[]): UniverseEntry[] {
  const isSpot = ({ instrument }: UniverseEntry): boolean => parseInstrument(instrument)?.market === 'spot'
  const single = universe.filter(({ role }) => role !== 'leg')
  const taken = new Set<string>()
  return single.filter((entry) => {
    const hasPerpetual = single.some((other) => other.base === entry.base && !isSpot(other))
    if ((isSpot(entry) && hasPerpetual) || taken.has(entry.base)) return false
    taken.add(entry.base)
    return true
  })
}

export function createState(config: CrossSectionalConfig, universe: readonly UniverseEntry[]): CrossSectionalState {
  const entries = instrumentsOf(universe)
  return {
    index: Object.fromEntries(entries.map(({ instrument }, i) => [instrument, i])),
    coins: entries.map(({ instrument, base }) => ({
      voice: createVoice(instrument),
      base,
      newest: -1,
      first: -1,
      closes: createRing(Math.max(config.rankDays, BETA_DAYS) + 1),
      quoteVolumes: createSortedWindow(config.volumeDays),
      barSeq: 0,
      rank: 0,
      momentum: null,
      median: null,
    })),
    benchmark: entries.findIndex(({ base }) => base === config.benchmark),
    tranches: [],
    ranked: 0,
    rankedAt: -1,
    touched: [],
  }
}

/** Takes a day; the places of missing ones stay empty, in prices and in volume. */
export function takeDay(coin: CoinState, openTime: number, close: number, volume: number, seq: number): void {
  if (openTime <= coin.newest) return
  if (coin.first < 0) coin.first = openTime
  const missed = coin.newest < 0 ? 0 : Math.round((openTime - coin.newest) / DAY_MS) - 1
  for (let k = Math.min(missed, coin.closes.capacity); k > 0; k--) {
    pushRing(coin.closes, 0)
    pushSortedWindow(coin.quoteVolumes, 0)
  }
  pushRing(coin.closes, close)
  pushSortedWindow(coin.quoteVolumes, close * volume)
  coin.newest = openTime
  coin.barSeq = seq
}

/** Close `days` before the day that ended at `now`; 0: not known. */
function closeAgo(coin: CoinState, now: number, days: number): number {
  if (coin.newest !== now - DAY_MS || coin.closes.count <= days) return 0
  return ringAgo(coin.closes, days)
}

/** Coins of the universe at `now`: listed long enough, traded enough, none excluded, dead or the benchmark itself. */
function universeAt(config: CrossSectionalConfig, state: CrossSectionalState, now: number): number[] {
  const excluded = new Set(config.exclude)
  const open: number[] = []
  state.coins.forEach((coin, i) => {
    coin.median = windowMedian(coin.quoteVolumes)
    if (i === state.benchmark || coin.voice.delisted || excluded.has(coin.base)) return
    if (coin.newest !== now - DAY_MS || now - coin.first < config.minListedDays * DAY_MS) return
    if (coin.median !== null && coin.median > 0) open.push(i)
  })
  const byVolume = (a: number, b: number): number => {
    const [x, y] = [state.coins[a]!, state.coins[b]!]
    return y.median! - x.median! || (x.base < y.base ? -1 : 1)
  }
  return open.sort(byVolume).slice(0, config.top)
}

/**
 * Ranks the coins of the day that ended at `now`: indices from the worst to the best. Null where the benchmark lacks a close, so that
 * nothing can be compared.
 */
export function rankCoins(config: CrossSectionalConfig, state: CrossSectionalState, now: number): number[] | null {
  for (const coin of state.coins) {
    coin.rank = 0
    coin.momentum = null
  }
  const benchmark = state.coins[state.benchmark]
  if (benchmark === undefined) return null
  const [end, start] = [closeAgo(benchmark, now, 0), closeAgo(benchmark, now, config.rankDays)]
  if (end === 0 || start === 0) return null
  const byBase = new Map<string, number>()
  for (const i of universeAt(config, state, now)) {
    const coin = state.coins[i]!
    const then = closeAgo(coin, now, config.rankDays)
    if (then === 0) continue
    coin.momentum = relativeMomentum(then, closeAgo(coin, now, 0), start, end)
    byBase.set(coin.base, i)
  }
  const order = rankAscending([...byBase].map(([name, i]) => ({ name, value: state.coins[i]!.momentum! })))
  return order.map((name, place) => {
    const i = byBase.get(name)!
    state.coins[i]!.rank = place + 1
    return i
  })
}

/** Weights of all coins of a ranking, gross 1 and dollar-neutral; flat with fewer than `minAssets`. */
export function trancheOf(config: CrossSectionalConfig, order: readonly number[], coins: number): number[] {
  const weights = Array.from({ length: coins }, () => 0)
  const n = order.length
  if (n < config.minAssets || n < 2) return weights
  const byRank = config.weighting === 'rank' ? rankWeights(n, GROSS) : extremeWeights(n, quartileOf(n), GROSS)
  order.forEach((coin, place) => {
    weights[coin] = byRank[place]!
  })
  return weights
}

/** Slope of daily returns on the benchmark's over {@link BETA_DAYS} days; null with fewer than half of them. */
export function betaOf(state: CrossSectionalState, coin: CoinState): number | null {
  const benchmark = state.coins[state.benchmark]
  if (benchmark === undefined || coin.newest < 0 || benchmark.newest < coin.newest) return null
  const lead = Math.round((benchmark.newest - coin.newest) / DAY_MS)
  const xs: number[] = []
  const ys: number[] = []
  for (let ago = 0; ago < BETA_DAYS; ago++) {
    if (coin.closes.count <= ago + 1 || benchmark.closes.count <= ago + lead + 1) break
    const y = ringAgo(coin.closes, ago)
    const before = ringAgo(coin.closes, ago + 1)
    const x = ringAgo(benchmark.closes, ago + lead)
    const beforeX = ringAgo(benchmark.closes, ago + lead + 1)
    if (y === 0 || before === 0 || x === 0 || beforeX === 0) continue
    ys.push(y / before - 1)
    xs.push(x / beforeX - 1)
  }
  return xs.length < BETA_DAYS / 2 ? null : (regression(xs, ys)?.slope ?? null)
}
