/**
 * Owns the early warning of a liquidation cascade (methods, section 5): open interest that was built up unusually fast while funding is
 * extreme. Must never compare a day with itself: every window ends before what is judged by it.
 */
import { DAY_MS } from '#core/time'
import { sortedQuantile } from '#quant/moments'
import { createRollingMoments, pushRollingMoments, type RollingMomentsState, rollingZ } from './rolling-moments.js'
import { createSortedWindow, pushSortedWindow, type SortedWindowState } from './sorted-window.js'

/** Daily build-ups and ratios that the current ones are compared with [D]: a quarter, as for funding. */
export const WARNING_DAYS = 90
/** Open interest over volume that confirms: its top decile (methods, section 5). */
const CONFIRMING_QUANTILE = 0.9
/** A settled rate older than this is no datum [D]: the longest interval is 8 h. */
const FUNDING_MAX_AGE_MS = DAY_MS
/** A score needs no more than this to be far above 1, and must be finite. */
const SCORE_MAX = 100

export interface WarningRules {
  /** Least z of the build-up, inclusive. */
  readonly z: number
  /** |Funding APR| must be above this quantile of the days behind it. */
  readonly fundingQuantile: number
  readonly fundingDays: number
}

/** Bounded: {@link WARNING_DAYS} days, and the settlements of the funding days (hourly at most). */
export interface OiWarningState {
  builds: RollingMomentsState
  ratios: SortedWindowState
  fundingAt: number[]
  fundingApr: number[]
  /** |APR| of all but the last settlement, ascending: the quantile is asked for at every bar, settlements are few. */
  fundingSorted: number[]
  /** First settlement that was seen; −1 before it. */
  fundingSince: number
  /** A day that is over once time moves on. */
  dayAt: number
  dayBuild: number | null
  dayRatio: number | null
}

/** What was compared; null where there was nothing to compare. */
export interface OiWarning {
  readonly isOn: boolean
  readonly isConfirmed: boolean
  readonly z: number | null
  /** |APR| of the last settlement, and the quantile that it must exceed. */
  readonly absApr: number | null
  readonly aprQuantile: number | null
  readonly ratio: number | null
  readonly ratioDecile: number | null
  /** The lesser of z and |APR|, each as a multiple of its threshold: at least 1 when on. Null while one is unknown. */
  readonly score: number | null
}

export function createOiWarning(): OiWarningState {
  return {
    builds: createRollingMoments(WARNING_DAYS),
    ratios: createSortedWindow(WARNING_DAYS),
    fundingAt: [],
    fundingApr: [],
    fundingSorted: [],
    fundingSince: -1,
    dayAt: -1,
    dayBuild: null,
    dayRatio: null,
  }
}

/** Takes a settlement: its time and its |APR|. One that is not newer than the last changes nothing. */
export function takeWarningFunding(state: OiWarningState, at: number, absApr: number, rules: WarningRules): void {
  if (state.fundingSince < 0) state.fundingSince = at
  else if (at <= (state.fundingAt.at(-1) ?? -1)) return
  const { fundingAt, fundingApr, fundingSorted } = state
  const previous = fundingApr.at(-1)
  fundingAt.push(at)
  fundingApr.push(absApr)
  const from = at - rules.fundingDays * DAY_MS
  // One comes and one goes as a rule: its place moves, the list keeps its length.
  if (previous !== undefined) {
    if (fundingAt[0]! <= from) replaceSorted(fundingSorted, fundingApr[0]!, previous)
    else fundingSorted.splice(placeOf(fundingSorted, previous), 0, previous)
  }
  for (let old = 0; fundingAt[0]! <= from; old++) {
    if (old > 0) fundingSorted.splice(placeOf(fundingSorted, fundingApr[0]!), 1)
    fundingAt.shift()
    fundingApr.shift()
  }
}

/** Puts `value` in the place of `gone`, which is there or is the value itself. O(distance). */
function replaceSorted(sorted: number[], gone: number, value: number): void {
  let hole = placeOf(sorted, gone)
  if (sorted[hole] !== gone) return
  for (; hole > 0 && sorted[hole - 1]! > value; hole--) sorted[hole] = sorted[hole - 1]!
  for (; hole + 1 < sorted.length && sorted[hole + 1]! < value; hole++) sorted[hole] = sorted[hole + 1]!
  sorted[hole] = value
}

/** Place of the first value that is not below. */
function placeOf(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Ends a day that was noted before `now`: from here on it is part of what others are compared with. */
export function closeWarningDay(state: OiWarningState, now: number): void {
  if (state.dayAt < 0 || now <= state.dayAt) return
  if (state.dayBuild !== null) pushRollingMoments(state.builds, state.dayBuild)
  if (state.dayRatio !== null) pushSortedWindow(state.ratios, state.dayRatio)
  state.dayAt = -1
}

/** The figures of the day that ends at `now`; again at the same instant, they replace what was noted. */
export function noteWarningDay(state: OiWarningState, now: number, build: number | null, ratio: number | null): void {
  state.dayAt = now
  state.dayBuild = build
  state.dayRatio = ratio
}

/** Judges a build-up (log change of coins) and open interest over average daily volume at `now`. */
export function judgeWarning(
  state: OiWarningState,
  rules: WarningRules,
  now: number,
  build: number | null,
  ratio: number | null,
): OiWarning {
  const z = build === null ? null : rollingZ(state.builds, build, 1)
  const isNearby = z !== null && z >= 0
  const last = state.fundingAt.length - 1
  const isKnown =
    last > 0 &&
    now - state.fundingAt[last]! <= FUNDING_MAX_AGE_MS &&
    state.fundingAt[last]! - state.fundingSince >= rules.fundingDays * DAY_MS
  const absApr = isKnown ? state.fundingApr[last]! : null
  // It matters only where open interest has been built up.
  const aprQuantile = isKnown && isNearby ? sortedQuantile(state.fundingSorted, rules.fundingQuantile) : null
  const isOn = z !== null && absApr !== null && aprQuantile !== null && z >= rules.z && absApr > aprQuantile
  const { ring, sorted } = state.ratios
  const ratioDecile = ring.count < ring.capacity ? null : sortedQuantile(sorted, CONFIRMING_QUANTILE)
  const isConfirmed = isOn && ratio !== null && ratioDecile !== null && ratio >= ratioDecile
  return {
    isOn,
    isConfirmed,
    z,
    absApr,
    aprQuantile,
    ratio,
    ratioDecile,
    score: z === null || absApr === null ? null : scoreOf(z / rules.z, absApr, aprQuantile),
  }
}

/** Below 0 funding says nothing more: the build-up alone keeps the alert away. */
function scoreOf(buildMultiple: number, absApr: number, aprQuantile: number | null): number {
  if (aprQuantile === null) return Math.max(buildMultiple, -SCORE_MAX) + 0
  const aprMultiple = aprQuantile > 0 ? absApr / aprQuantile : absApr > 0 ? SCORE_MAX : 0
  return Math.min(buildMultiple, aprMultiple, SCORE_MAX)
}
