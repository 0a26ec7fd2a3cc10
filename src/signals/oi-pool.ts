/**
 * Owns what the open-interest signal remembers: of each instrument its prices, volumes and open interest on the grid of its decisions,
 * and which instruments speak of one coin. Must never weigh an instrument by volume that had not traded yet.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { OiPriceConfig } from '#core/config/signals-schema'
import { parseInstrument } from '#core/ids'
import { DAY_MS, type DurationMs, HOUR_MS, type Interval } from '#core/time'
import { createEwmaVolatility, type EwmaVolatilityState } from '#indicators/ewma-volatility'
import {
  advanceOiTrack,
  coinsAgo,
  createOiTrack,
  knownCoins,
  type OiLevel,
  type OiTrackState,
  oiLevel,
  oiLogChange,
  weightedOiChange,
} from '#indicators/open-interest'
import { createOiWarning, type OiWarning, type OiWarningState } from '#indicators/open-interest-warning'
import { createRing, pushRing, type RingState, ringAgo } from '#indicators/window'
import { createVoice, type Voice } from './voice.js'

const DAYS_PER_YEAR = 365
/** As in signal/tsmom: centre of mass in days, and returns that it needs. */
export const VOLATILITY_COM = 60
export const VOLATILITY_RETURNS = 60
/** Days of volume behind the average that open interest is compared with [D]. */
export const VOLUME_DAYS = 30

export interface OiInstrument {
  voice: Voice
  base: string
  /** False: a leg, or spot beside a perpetual of the same coin: its data count, it is not spoken of. */
  trades: boolean
  /** Length of a decision bar. */
  stepMs: number
  /** Closes and quote volumes by step; 0 stands for a missing bar. */
  closes: RingState
  volumes: RingState
  /** Close of the newest decision bar, and its seq; −1 before the first. */
  newest: number
  barSeq: number
  newestDay: number
  volatility: EwmaVolatilityState
  dailyVolumes: RingState
  track: OiTrackState
  warning: OiWarningState
  /** A bar awaits open interest of the same instant, or its end. */
  pending: boolean
  priceChange: number | null
  oiChange: number | null
  annualVol: number
  /** −1 a high, 1 a low, on less open interest than the extreme before it had; 0 neither. */
  divergence: -1 | 0 | 1
  oiAgeMs: number | null
  /** As judged last; null before. */
  judged: OiWarning | null
  saidOn: boolean
}

/** Bounded by the universe and the windows. */
export interface OiPriceState {
  index: { [instrument: string]: number }
  instruments: OiInstrument[]
  /** Indices by base currency. */
  coins: { [base: string]: number[] }
  /** Instruments whose opinion was formed by the event in hand. */
  touched: number[]
  /** Of those that wait for the end of the instant. */
  pending: number
}

/** Steps of the decision grid in a span of hours, at least 1. */
export const stepsIn = (hours: number, stepMs: DurationMs): number =>
  Math.max(1, Math.round((hours * HOUR_MS) / stepMs))

/** Whether an instrument is spoken of: no leg, and no spot where a perpetual of its coin is in the universe. */
export function isTraded(entry: UniverseEntry, universe: readonly UniverseEntry[]): boolean {
  const isSpot = ({ instrument }: UniverseEntry): boolean => parseInstrument(instrument)?.market === 'spot'
  if (entry.role === 'leg') return false
  return (
    !isSpot(entry) || !universe.some((other) => other.base === entry.base && !isSpot(other) && other.role !== 'leg')
  )
}

function createInstrument(
  config: OiPriceConfig,
  entry: UniverseEntry,
  universe: readonly UniverseEntry[],
  interval: Interval,
): OiInstrument {
  const stepMs = (entry.interval ?? interval) === '1h' ? HOUR_MS : DAY_MS
  const slots =
    Math.max(stepsIn(config.horizonHours, stepMs), stepsIn(config.warningDays * 24, stepMs), config.divergencePeriods) +
    1
  return {
    voice: createVoice(entry.instrument),
    base: entry.base,
    trades: isTraded(entry, universe),
    stepMs,
    closes: createRing(slots),
    volumes: createRing(slots),
    newest: -1,
    barSeq: 0,
    newestDay: -1,
    volatility: createEwmaVolatility(VOLATILITY_COM, DAYS_PER_YEAR, VOLATILITY_RETURNS),
    dailyVolumes: createRing(VOLUME_DAYS),
    track: createOiTrack(stepMs, slots, config.maxAgeHours * HOUR_MS),
    warning: createOiWarning(),
    pending: false,
    priceChange: null,
    oiChange: null,
    annualVol: 0,
    divergence: 0,
    oiAgeMs: null,
    judged: null,
    saidOn: false,
  }
}

export function createState(
  config: OiPriceConfig,
  universe: readonly UniverseEntry[],
  interval: Interval,
): OiPriceState {
  const coins: { [base: string]: number[] } = {}
  universe.forEach(({ base }, i) => {
    coins[base] = [...(coins[base] ?? []), i]
  })
  return {
    index: Object.fromEntries(universe.map((entry, i) => [entry.instrument, i])),
    instruments: universe.map((entry) => createInstrument(config, entry, universe, interval)),
    coins,
    touched: [],
    pending: 0,
  }
}

/** Takes a decision bar that ends at `now`; steps without a bar stay empty. */
export function takeStep(one: OiInstrument, now: number, close: number, volume: number): void {
  const missed = one.newest < 0 ? 0 : Math.round((now - one.newest) / one.stepMs) - 1
  for (let k = Math.min(missed, one.closes.capacity); k > 0; k--) {
    pushRing(one.closes, 0)
    pushRing(one.volumes, 0)
  }
  pushRing(one.closes, close)
  pushRing(one.volumes, close * volume)
  one.newest = now
}

/** Quote volume of the last 24 hours of bars that came. O(24). */
function volumeOfDay(one: OiInstrument): number {
  let sum = 0
  const steps = Math.min(one.volumes.count, stepsIn(24, one.stepMs))
  for (let ago = 0; ago < steps; ago++) sum += ringAgo(one.volumes, ago)
  return sum
}

/** Instruments of a coin whose open interest is fresh at `now`; slots of all of them reach up to it. */
export function reporters(state: OiPriceState, base: string, now: number): OiInstrument[] {
  const fresh: OiInstrument[] = []
  const coin = state.coins[base] ?? []
  for (let k = 0; k < coin.length; k++) {
    const one = state.instruments[coin[k]!]!
    if (one.voice.delisted) continue
    advanceOiTrack(one.track, now)
    if (knownCoins(one.track, now) > 0) fresh.push(one)
  }
  return fresh
}

/** Log change of open interest over hours: of each instrument, weighted by its volume of 24 hours; null where none has one. */
export function changeOver(pool: readonly OiInstrument[], hours: number): number | null {
  if (pool.length === 1) return oiLogChange(pool[0]!.track, stepsIn(hours, pool[0]!.stepMs))
  let [top, bottom, plain, count] = [0, 0, 0, 0]
  for (let k = 0; k < pool.length; k++) {
    const one = pool[k]!
    const change = oiLogChange(one.track, stepsIn(hours, one.stepMs))
    if (change === null) continue
    const volume = volumeOfDay(one)
    top += change * volume
    bottom += volume
    plain += change
    count++
  }
  if (count === 0) return null
  // Nobody traded: equal weights, for the change is known all the same.
  return (bottom > 0 ? top / bottom : plain / count) + 0
}

/** Coins of the pool. */
export function totalOf(pool: readonly OiInstrument[], now: number): number {
  let total = 0
  for (let k = 0; k < pool.length; k++) total += knownCoins(pool[k]!.track, now)
  return total
}

/** Level of the pool; see {@link oiLevel}. */
export function levelOf(pool: readonly OiInstrument[], now: number, price: number | null): OiLevel {
  return oiLevel(
    pool.map((one) => knownCoins(one.track, now)),
    pool.map(volumeOfDay),
    price,
  )
}

/** Mean change a step over the horizon, weighted by the volume in which it came, of the instrument itself; null with a hole. */
export function weightedStepChange(one: OiInstrument, hours: number): number | null {
  const steps = stepsIn(hours, one.stepMs)
  if (one.track.slots.count <= steps || one.volumes.count < steps) return null
  const coins = Array.from({ length: steps + 1 }, (_, k) => coinsAgo(one.track, steps - k))
  const volumes = Array.from({ length: steps }, (_, k) => ringAgo(one.volumes, steps - 1 - k))
  return weightedOiChange(coins, volumes)
}

/** ln(P now / P `hours` back); null where that bar is missing. */
export function priceChange(one: OiInstrument, hours: number): number | null {
  const ago = stepsIn(hours, one.stepMs)
  if (one.closes.count <= ago) return null
  const [now, then] = [ringAgo(one.closes, 0), ringAgo(one.closes, ago)]
  return now > 0 && then > 0 ? Math.log(now / then) + 0 : null
}

/**
 * −1 when the close is above all of the last `periods` on less open interest than the highest of them had, 1 when it is below all of
 * them on less than the lowest had, else 0; 0 too with a hole, or where open interest of then is not known.
 */
export function divergenceOf(one: OiInstrument, pool: readonly OiInstrument[], periods: number): -1 | 0 | 1 {
  const { closes } = one
  if (closes.count <= periods) return 0
  const close = ringAgo(closes, 0)
  let high = 1
  let low = 1
  let highest = ringAgo(closes, 1)
  let lowest = highest
  for (let ago = 1; ago <= periods; ago++) {
    const then = ringAgo(closes, ago)
    if (then === 0) return 0
    if (then > highest) {
      highest = then
      high = ago
    } else if (then < lowest) {
      lowest = then
      low = ago
    }
  }
  const isHigh = close > highest
  const isLow = close < lowest
  if (!isHigh && !isLow) return 0
  const change = changeOver(pool, ((isHigh ? high : low) * one.stepMs) / HOUR_MS)
  return change === null || change >= 0 ? 0 : isHigh ? -1 : 1
}

/** Mean daily quote volume; null until there are {@link VOLUME_DAYS} days, or without any. O(days). */
export function averageDailyVolume(one: OiInstrument): number | null {
  const { dailyVolumes } = one
  if (dailyVolumes.count < dailyVolumes.capacity) return null
  let sum = 0
  for (let k = 0; k < dailyVolumes.values.length; k++) sum += dailyVolumes.values[k]!
  return sum > 0 ? sum / dailyVolumes.capacity : null
}
