/**
 * Owns how an early warning is judged (methods, section 5): alerts against onsets of events, intervals, base rates and chance. Times are
 * whole numbers of periods (hours or days) from any zero. Must never count overlapping positives, nor know how an alert or a label came about.
 */
import { invariant } from '#core/invariant'
import type { Random } from '#core/random'
import { normalInverse } from './normal.js'

type Times = readonly number[]
const ascending = (a: number, b: number): number => a - b

/** Onsets: a time less than `gap` after the one before it (merged or not) belongs to the same event. Ascending. */
export function mergeEvents(times: Times, gap: number): number[] {
  const onsets: number[] = []
  let before = Number.NEGATIVE_INFINITY
  for (const time of [...times].sort(ascending)) {
    if (time - before >= gap) onsets.push(time)
    before = time
  }
  return onsets
}

/** Alerts that are at least `span` after the last one kept. Ascending. */
export function applyRefractory(alerts: Times, span: number): number[] {
  const kept: number[] = []
  for (const alert of [...alerts].sort(ascending))
    if (kept.length === 0 || alert - kept.at(-1)! >= span) kept.push(alert)
  return kept
}

/** First index of an ascending list whose value is > `limit`. */
function firstAfter(sorted: Times, limit: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! > limit) high = middle
    else low = middle + 1
  }
  return low
}

/** Whether a value of an ascending list lies in (`after`, `until`]. */
function hasIn(sorted: Times, after: number, until: number): boolean {
  const next = sorted[firstAfter(sorted, after)]
  return next !== undefined && next <= until
}

/** Null where nothing was there to be judged. */
export interface EventScore {
  readonly tpAlerts: number
  readonly alerts: number
  readonly hitEvents: number
  readonly events: number
  readonly precision: number | null
  readonly recall: number | null
  readonly f1: number | null
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

function scoreOf(tpAlerts: number, alerts: number, hitEvents: number, events: number): EventScore {
  const precision = share(tpAlerts, alerts)
  const recall = share(hitEvents, events)
  const both = precision === null || recall === null ? null : precision + recall
  const f1 = both === null ? null : both === 0 ? 0 : (2 * precision! * recall!) / both
  return { tpAlerts, alerts, hitEvents, events, precision, recall, f1 }
}

/** An alert a is true iff an onset lies in (a, a + H]; an event e is recalled iff an alert lies in [e − H, e). O((a + e) log). */
export function eventPrecisionRecall(alerts: Times, events: Times, horizon: number): EventScore {
  const [a, e] = [[...alerts].sort(ascending), [...events].sort(ascending)]
  const tp = a.filter((at) => hasIn(e, at, at + horizon)).length
  // [e − H, e) holds a iff (a, a + H] holds e.
  const hits = e.filter((at) => {
    const before = a[firstBefore(a, at)]
    return before !== undefined && before >= at - horizon
  }).length
  return scoreOf(tp, a.length, hits, e.length)
}

/** Index of the last value < `limit`; −1 for none. */
function firstBefore(sorted: Times, limit: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! >= limit) high = middle
    else low = middle + 1
  }
  return low - 1
}

/** Detections at or after the onset, which is no prediction: an alert a counts iff an onset lies in [a − H, a], an event iff an alert lies in [e, e + H]. */
export function nowcastPrecisionRecall(alerts: Times, events: Times, horizon: number): EventScore {
  const [a, e] = [[...alerts].sort(ascending), [...events].sort(ascending)]
  const within = (sorted: Times, from: number, to: number): boolean => {
    const at = sorted[firstBefore(sorted, from) + 1]
    return at !== undefined && at <= to
  }
  const tp = a.filter((at) => within(e, at - horizon, at)).length
  const hits = e.filter((at) => within(a, at, at + horizon)).length
  return scoreOf(tp, a.length, hits, e.length)
}

/** Precision of an alert at random: share of the periods t in [start, end) with an onset in (t, t + H]; null for none. O(events). */
export function eventBaseRate(events: Times, horizon: number, start: number, end: number): number | null {
  if (end <= start) return null
  let covered = 0
  let until = start
  for (const event of [...events].sort(ascending)) {
    const from = Math.max(event - horizon, until)
    const to = Math.min(event, end)
    if (to > from) covered += to - from
    until = Math.max(until, to)
  }
  return covered / (end - start)
}

/** Interval of a share (Wilson 1927) with two-sided confidence `conf`; null without trials. */
export function wilsonInterval(hits: number, trials: number, conf: number): [low: number, high: number] | null {
  invariant(hits >= 0 && hits <= trials, () => `wilsonInterval: ${hits} of ${trials}`)
  if (trials === 0) return null
  const z = normalInverse(1 - (1 - conf) / 2)
  const p = hits / trials
  const square = z * z
  const centre = p + square / (2 * trials)
  const half = z * Math.sqrt((p * (1 - p)) / trials + square / (4 * trials * trials))
  const size = 1 + square / trials
  // At the ends the closed form is 0 or 1 but for rounding.
  return [hits === 0 ? 0 : (centre - half) / size, hits === trials ? 1 : (centre + half) / size]
}

/**
 * Average precision Σ (R_n − R_{n−1}) P_n over falling thresholds, no interpolation; equal scores are one threshold. `labels` are 0 or 1.
 * Null without a positive label. O(n log n).
 */
export function averagePrecision(scores: readonly number[], labels: readonly number[]): number | null {
  invariant(scores.length === labels.length, 'averagePrecision: scores and labels must be of one length')
  const positives = labels.reduce((sum, label) => sum + label, 0)
  if (positives === 0) return null
  const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b)
  let [found, area, recall] = [0, 0, 0]
  for (let i = 0; i < order.length; i++) {
    found += labels[order[i]!]!
    const next = order[i + 1]
    if (next !== undefined && scores[next] === scores[order[i]!]) continue
    area += (found / positives - recall) * (found / (i + 1))
    recall = found / positives
  }
  return area
}

/** How many draws reach the observed figure, itself among them. */
export interface Permutation {
  readonly observed: number | null
  readonly shifts: number
  /** (1 + reached) / (1 + shifts); null where nothing was observed. */
  readonly p: number | null
}

/**
 * Chance of an F1 as large when alerts stand anywhere: they are shifted together, circularly, within [start, end), which keeps their
 * clusters. Alerts and events lie in the span. O(shifts × alerts log).
 */
export function circularShiftTest(
  alerts: Times,
  events: Times,
  horizon: number,
  span: readonly [start: number, end: number],
  shifts: number,
  random: Random,
): Permutation {
  const [start, end] = span
  const length = end - start
  const observed = eventPrecisionRecall(alerts, events, horizon).f1
  if (observed === null || length < 2) return { observed, shifts: 0, p: null }
  const sorted = [...events].sort(ascending)
  let reached = 0
  for (let k = 0; k < shifts; k++) {
    const by = 1 + random.below(length - 1)
    const shifted = alerts.map((alert) => start + ((alert - start + by) % length))
    const { f1 } = eventPrecisionRecall(shifted, sorted, horizon)
    if (f1 !== null && f1 >= observed) reached++
  }
  return { observed, shifts, p: (1 + reached) / (1 + shifts) }
}
