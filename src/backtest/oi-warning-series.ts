/**
 * Owns alerts and events on a grid of bars (methods, section 5): the warning as the signal folds it, by what could be read at each close, and
 * the label of a cascade, ex post. Must never let a label reach an alert.
 */
import type { OiPriceConfig } from '#core/config/signals-schema'
import { DAY_MS, type DurationMs, type EpochMs, floorTo, HOUR_MS, isAligned } from '#core/time'
import {
  closeWarningDay,
  createOiWarning,
  judgeWarning,
  noteWarningDay,
  takeWarningFunding,
  type WarningRules,
} from '#indicators/open-interest-warning'
import { createCascade, createVolumeZ, updateCascade, updateCascadeAgainst } from '#indicators/volume-spike'
import { createRing, pushRing } from '#indicators/window'
import { applyRefractory, mergeEvents } from '#quant/early-warning'

/** What an event is (methods, section 5). Fixed: redefined after seeing results, it would measure nothing. */
export const EVENT_RULES = {
  returnSds: 3,
  returnDays: 30,
  openInterestDrop: 0.05,
  dropHours: 4,
  volumeZ: 3,
  volumeDays: 30,
  mergeHours: 24,
} as const
/** Horizon H of an alert, and the time for which it silences further ones (methods, section 5). */
export const HORIZON_HOURS = 24
export const REFRACTORY_HOURS = 24
/** Days of the average volume that open interest is compared with: as signal/oi. */
const VOLUME_DAYS = 30
const HOURS_A_YEAR = 8760

/** Bars on a grid without holes in time: place i opens at start + i · step. A missing bar has close 0. */
export interface WarningGrid {
  readonly stepMs: DurationMs
  readonly start: EpochMs
  readonly close: Float64Array
  /** Base units. */
  readonly volume: Float64Array
  /** Coins that could be read at the close of the bar; 0: none, or too old. */
  readonly knownCoins: Float64Array
  /** Change of open interest that the label looks at, as a fraction; NaN: not known. */
  readonly labelChange: Float64Array
  /** Settlements, ascending in `availableAt`. */
  readonly funding: readonly FundingPoint[]
}

export interface FundingPoint {
  readonly availableAt: EpochMs
  readonly settledAt: EpochMs
  /** Fraction, for its own interval. */
  readonly rate: number
  readonly intervalHours: number
}

export interface Alerts {
  /** Places at whose close the warning went on, refractory ones left out. */
  readonly alerts: readonly number[]
  /** By place; null where the warning could not be judged. */
  readonly scores: readonly (number | null)[]
  /** Of the alerts, those confirmed by open interest over volume. */
  readonly confirmed: number
}

export interface Events {
  /** Places of the bars in which an event began. */
  readonly onsets: readonly number[]
  /** Places whose label could be told. */
  readonly labelled: number
}

const stepsIn = (hours: number, grid: WarningGrid): number => Math.max(1, Math.round((hours * HOUR_MS) / grid.stepMs))
export const horizonOf = (grid: WarningGrid): number => stepsIn(HORIZON_HOURS, grid)

/** Mean quote volume of the last whole days, as of each close. NaN until there are enough. */
function averageDailyVolumes(grid: WarningGrid): Float64Array {
  const days = createRing(VOLUME_DAYS)
  let [today, sum] = [0, Number.NaN]
  return grid.close.map((close, i) => {
    today += close * grid.volume[i]!
    if (isAligned(grid.start + (i + 1) * grid.stepMs, DAY_MS)) {
      pushRing(days, today)
      today = 0
      if (days.count === days.capacity) sum = days.values.reduce((total, volume) => total + volume, 0)
    }
    return sum / VOLUME_DAYS
  })
}

/** Alerts of frozen thresholds, by what could be read at each close. O(places). */
export function alertsOf(config: OiPriceConfig, grid: WarningGrid): Alerts {
  const rules: WarningRules = {
    z: config.warningZ,
    fundingQuantile: config.warningFundingQuantile,
    fundingDays: config.warningFundingDays,
  }
  const state = createOiWarning()
  const volumes = averageDailyVolumes(grid)
  const back = stepsIn(config.warningDays * 24, grid)
  const scores: (number | null)[] = []
  const switches: number[] = []
  const isConfirmed = new Set<number>()
  let [wasOn, next] = [false, 0]
  for (let i = 0; i < grid.close.length; i++) {
    const now = grid.start + (i + 1) * grid.stepMs
    for (; next < grid.funding.length && grid.funding[next]!.availableAt <= now; next++) {
      const { settledAt, rate, intervalHours } = grid.funding[next]!
      takeWarningFunding(state, settledAt, Math.abs(rate * HOURS_A_YEAR) / intervalHours, rules)
    }
    const [coins, then] = [grid.knownCoins[i]!, grid.knownCoins[i - back] ?? 0]
    const build = coins > 0 && then > 0 ? Math.log(coins / then) : null
    const ratio = coins > 0 && volumes[i]! > 0 && grid.close[i]! > 0 ? (coins * grid.close[i]!) / volumes[i]! : null
    closeWarningDay(state, now)
    const judged = judgeWarning(state, rules, now, build, ratio)
    if (isAligned(now, DAY_MS)) noteWarningDay(state, now, build, ratio)
    if (judged.isOn && !wasOn) {
      switches.push(i)
      if (judged.isConfirmed) isConfirmed.add(i)
    }
    wasOn = judged.isOn
    scores.push(judged.score)
  }
  const alerts = applyRefractory(switches, stepsIn(REFRACTORY_HOURS, grid))
  return { alerts, scores, confirmed: alerts.filter((alert) => isConfirmed.has(alert)).length }
}

/** Onsets of cascades: a large move on large volume while open interest drops. On hourly bars volume is compared with the same hour of the days before. */
export function eventsOf(grid: WarningGrid): Events {
  const rules = EVENT_RULES
  const isHourly = grid.stepMs === HOUR_MS
  const moves = createCascade(rules.returnDays * (isHourly ? 24 : 1))
  const hours = Array.from({ length: isHourly ? 24 : 0 }, () => createVolumeZ(rules.volumeDays))
  const found: number[] = []
  let labelled = 0
  for (let i = 0; i < grid.close.length; i++) {
    const [close, volume, change] = [grid.close[i]!, grid.volume[i]!, grid.labelChange[i]!]
    if (close === 0) {
      moves.previousClose = 0
      continue
    }
    const openTime = grid.start + i * grid.stepMs
    const hour = hours[Math.round((openTime - floorTo(openTime, DAY_MS)) / HOUR_MS)]
    const direction =
      hour === undefined
        ? updateCascade(moves, close, volume, rules.volumeZ, rules.returnSds)
        : updateCascadeAgainst(moves, hour, close, volume, rules.volumeZ, rules.returnSds)
    if (moves.returnSigmas === null || Number.isNaN(change)) continue
    labelled++
    if (direction !== 0 && change <= -rules.openInterestDrop) found.push(i)
  }
  return { onsets: mergeEvents(found, stepsIn(rules.mergeHours, grid)), labelled }
}
