/**
 * Owns what execution knows of an instrument's market: daily volatility, average daily volume, cascade, last bar's volume.
 * A fold over bars; the expensive statistics are computed only when an order is sent. Never sees an order.
 */

/** Days behind the average daily volume and the cascade test (methods, section 3: prior 30 bars). */
export const STAT_DAYS = 30
/** Decay of the daily variance (RiskMetrics 1996). */
const LAMBDA = 0.94
/** Robust z of volume and return, in standard deviations, that mark a cascade (methods, section 3). */
const CASCADE_VOLUME_Z = 3
const CASCADE_RETURN_SIGMAS = 2
/** Makes the MAD of a normal sample estimate its standard deviation. */
const MAD_TO_SD = 1.4826

/** Plain data; the lists hold at most 31 numbers, oldest first. */
export interface TradingConditions {
  /** Base volume of the last closed finest bar; −1 before the first. */
  lastBarVolume: number
  lastDayOpenTime: number
  lastDayClose: number
  /** Σ λ^i r² and Σ λ^i of daily log returns. */
  squares: number
  weights: number
  quoteVolumes: number[]
  logVolumes: number[]
  returns: number[]
}

export function createTradingConditions(): TradingConditions {
  return {
    lastBarVolume: -1,
    lastDayOpenTime: -1,
    lastDayClose: 0,
    squares: 0,
    weights: 0,
    quoteVolumes: [],
    logVolumes: [],
    returns: [],
  }
}

/** Takes a closed daily bar; one that is not newer than the last is ignored. */
export function foldDay(state: TradingConditions, openTime: number, close: number, volume: number): void {
  if (openTime <= state.lastDayOpenTime || !(close > 0)) return
  if (state.lastDayClose > 0) {
    const change = Math.log(close / state.lastDayClose)
    state.squares = LAMBDA * state.squares + change * change
    state.weights = LAMBDA * state.weights + 1
    push(state.returns, change)
    push(state.logVolumes, volume > 0 ? Math.log(volume) : -745)
  }
  push(state.quoteVolumes, close * volume)
  state.lastDayOpenTime = openTime
  state.lastDayClose = close
}

function push(list: number[], value: number): void {
  if (list.length > STAT_DAYS) list.shift()
  list.push(value === 0 ? 0 : value)
}

/** Daily volatility (zero mean, EWMA); null before two daily closes. */
export function dailyVol(state: TradingConditions): number | null {
  return state.weights > 0 ? Math.sqrt(state.squares / state.weights) : null
}

/** Median quote volume of the last 30 days at most; null without any. */
export function averageDailyVolume(state: TradingConditions): number | null {
  const volumes = state.quoteVolumes
  if (volumes.length === 0) return null
  return median(volumes, Math.max(0, volumes.length - STAT_DAYS), volumes.length)
}

/**
 * Whether the last closed day was a liquidation cascade (methods, section 3): robust z of ln volume against the 30 days
 * before ≥ 3 and |return| ≥ 2 standard deviations (ddof 1) of them. False until 31 returns are known.
 */
export function inCascade(state: TradingConditions): boolean {
  const { returns, logVolumes } = state
  if (returns.length <= STAT_DAYS) return false
  let mean = 0
  for (let i = 0; i < STAT_DAYS; i++) mean += returns[i]!
  mean /= STAT_DAYS
  let squares = 0
  for (let i = 0; i < STAT_DAYS; i++) squares += (returns[i]! - mean) * (returns[i]! - mean)
  const variance = squares / (STAT_DAYS - 1)
  if (variance === 0 || Math.abs(returns[STAT_DAYS]!) < CASCADE_RETURN_SIGMAS * Math.sqrt(variance)) return false
  const volumes = logVolumes.slice(0, STAT_DAYS)
  const centre = median(volumes, 0, STAT_DAYS)
  const distances = volumes.map((volume) => Math.abs(volume - centre))
  const deviation = MAD_TO_SD * median(distances, 0, STAT_DAYS)
  return deviation > 0 && (logVolumes[STAT_DAYS]! - centre) / deviation >= CASCADE_VOLUME_Z
}

/** Filled anew by every call, so that nothing passes from one to the next. */
const scratch = new Float64Array(STAT_DAYS)

/** Median of at least one and at most STAT_DAYS values from `start` to before `end`. */
function median(values: readonly number[], start: number, end: number): number {
  const n = end - start
  for (let i = 0; i < n; i++) {
    const value = values[start + i]!
    let hole = i
    for (; hole > 0 && scratch[hole - 1]! > value; hole--) scratch[hole] = scratch[hole - 1]!
    scratch[hole] = value
  }
  const half = n >> 1
  return n % 2 === 1 ? scratch[half]! : (scratch[half - 1]! + scratch[half]!) / 2
}
