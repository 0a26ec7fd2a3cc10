/**
 * Owns the honest report on the early warning (methods, section 5): thresholds frozen, a train and an untouched test span with purge and
 * embargo between them, counts, intervals, base rate and chance. Must never fit a threshold, nor count overlapping positives.
 */
import type { OiPriceConfig } from '#core/config/signals-schema'
import { Sfc32 } from '#core/random'
import { type EpochMs, isoTime } from '#core/time'
import {
  averagePrecision,
  circularShiftTest,
  eventBaseRate,
  eventPrecisionRecall,
  nowcastPrecisionRecall,
  wilsonInterval,
} from '#quant/early-warning'
import { type Alerts, alertsOf, type Events, eventsOf, horizonOf, type WarningGrid } from './oi-warning-series.js'

/** Least precision and recall that the roadmap claims [S]. */
export const KPI_THRESHOLD = 0.7
const CONFIDENCE = 0.95
const SHIFTS = 2000
/** Seed of the shifts: any fixed one, so that a report is the same again. */
const SEED = 20_240_501
/** Stands below every score: the warning could not be judged. */
const UNJUDGED = -1000

type Range = readonly [low: number, high: number] | null
export type Verdict = 'PASS' | 'FAIL' | 'NOT TESTABLE'

/** Shares are null where nothing was there to be counted. */
export interface Counts {
  readonly alerts: number
  readonly tpAlerts: number
  readonly events: number
  readonly hitEvents: number
  readonly precision: number | null
  readonly precisionInterval: Range
  readonly recall: number | null
  readonly recallInterval: Range
  readonly f1: number | null
}

export interface JudgedSpan {
  /** First and last close of its places; undefined for an empty span. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly periods: number
  readonly prediction: Counts
  /** Over blocks of H that do not overlap, by the score at their beginning. */
  readonly averagePrecision: number | null
  readonly blocks: number
  /** Share of the periods with an onset in the next H. */
  readonly basePrecision: number | null
  /** Chance of an F1 as large when alerts are shifted circularly. */
  readonly permutation: { readonly shifts: number; readonly p: number | null }
  /** Detections within H at or after the onset: no prediction, and not part of any verdict. */
  readonly nowcast: Counts
  readonly alertTimes: readonly string[]
  readonly eventTimes: readonly string[]
}

export interface VariantReport {
  readonly variant: 'hourly' | 'daily'
  readonly horizonPeriods: number
  readonly labelled: number
  readonly confirmedAlerts: number
  readonly train: JudgedSpan
  readonly test: JudgedSpan
  readonly verdict: Verdict
  readonly reason: string
}

/** Places judged: [first, end), train before `split`; see {@link spansOf}. */
export interface JudgedPlaces {
  readonly first: number
  readonly split: number
  readonly end: number
}

/** Train [first, split) and test [split + H, end): an alert counts only where its whole horizon lies in its span (purge, embargo). */
function spansOf({ first, split, end }: JudgedPlaces, horizon: number): Record<'train' | 'test', [number, number]> {
  return { train: [first, Math.max(first, split)], test: [Math.min(end, split + horizon), end] }
}

/** Places of a report over [from, to] with a train span up to the end of `trainTo`; nothing is judged before the warning could be. */
export function placesOf(
  grid: WarningGrid,
  alerts: Alerts,
  span: { readonly from: EpochMs; readonly end: EpochMs; readonly trainEnd: EpochMs | undefined },
): JudgedPlaces {
  const at = (time: EpochMs): number => Math.round((time - grid.start) / grid.stepMs)
  const able = alerts.scores.findIndex((score) => score !== null)
  // Where labels cannot be told any more, an alert could be neither right nor wrong.
  const end = Math.min(grid.labelChange.findLastIndex((change) => !Number.isNaN(change)) + 1, at(span.end))
  const first = able < 0 ? end : Math.min(end, Math.max(0, at(span.from), able))
  const split = span.trainEnd === undefined ? first + Math.floor((end - first) * TRAIN_SHARE) : at(span.trainEnd)
  return { first, split: Math.max(first, Math.min(end, split)), end }
}
/** Share of the span that is train where nobody said its end [D]. */
const TRAIN_SHARE = 0.6

function countsOf(score: ReturnType<typeof eventPrecisionRecall>): Counts {
  const { alerts, tpAlerts, events, hitEvents, precision, recall, f1 } = score
  const precisionInterval = wilsonInterval(tpAlerts, alerts, CONFIDENCE)
  const recallInterval = wilsonInterval(hitEvents, events, CONFIDENCE)
  return { alerts, tpAlerts, events, hitEvents, precision, precisionInterval, recall, recallInterval, f1 }
}

function judge(grid: WarningGrid, alerts: Alerts, events: Events, [start, end]: [number, number]): JudgedSpan {
  const horizon = horizonOf(grid)
  const a = alerts.alerts.filter((at) => at >= start && at + horizon < end)
  const e = events.onsets.filter((at) => at > start && at < end)
  const blocks: number[] = []
  for (let at = start; at + horizon < end; at += horizon) blocks.push(at)
  const labels = blocks.map((at) => (e.some((onset) => onset > at && onset <= at + horizon) ? 1 : 0))
  const time = (at: number, isOpen = false): string => isoTime(grid.start + (at + (isOpen ? 0 : 1)) * grid.stepMs)
  const random = Sfc32.seeded(SEED, start, end)
  const { shifts, p } = circularShiftTest(a, e, horizon, [start, end], SHIFTS, random)
  return {
    from: end > start ? time(start) : undefined,
    to: end > start ? time(end - 1) : undefined,
    periods: end - start,
    prediction: countsOf(eventPrecisionRecall(a, e, horizon)),
    averagePrecision: averagePrecision(
      blocks.map((at) => alerts.scores[at] ?? UNJUDGED),
      labels,
    ),
    blocks: blocks.length,
    basePrecision: eventBaseRate(e, horizon, start, end),
    permutation: { shifts, p },
    nowcast: countsOf(nowcastPrecisionRecall(a, e, horizon)),
    alertTimes: a.map((at) => time(at)),
    eventTimes: e.map((at) => time(at, true)),
  }
}

const percent = (share: number | null): string => (share === null ? 'none' : `${(100 * share).toFixed(1)} %`)
const range = (interval: Range): string =>
  interval === null ? '' : ` [${percent(interval[0])}, ${percent(interval[1])}]`

/** Both at least the threshold on the test span; without an event there, nothing can be said. */
export function verdictOf(test: JudgedSpan): { verdict: Verdict; reason: string } {
  const { precision, recall, events, alerts, precisionInterval, recallInterval } = test.prediction
  if (test.periods <= 0)
    return {
      verdict: 'NOT TESTABLE',
      reason: 'the test span is empty: no day behind enough history and before the end of the labels',
    }
  if (events === 0) return { verdict: 'NOT TESTABLE', reason: `no event in ${test.periods} periods of the test span` }
  const measured =
    `precision ${percent(precision)}${range(precisionInterval)} of ${alerts} alerts, ` +
    `recall ${percent(recall)}${range(recallInterval)} of ${events} events, threshold ${percent(KPI_THRESHOLD)}`
  const isPass = precision !== null && recall !== null && precision >= KPI_THRESHOLD && recall >= KPI_THRESHOLD
  if (!isPass) return { verdict: 'FAIL', reason: `measured ${measured}; not tuned after the fact` }
  const isCertain = precisionInterval![0] >= KPI_THRESHOLD && recallInterval![0] >= KPI_THRESHOLD
  const caveat = isCertain ? '' : '; a point pass: the interval reaches below the threshold, no evidence of more'
  return { verdict: 'PASS', reason: `measured ${measured}${caveat}` }
}

/** Judges one variant. O(places + shifts × alerts log). */
export function judgeVariant(
  config: OiPriceConfig,
  grid: WarningGrid,
  span: Parameters<typeof placesOf>[2],
): VariantReport {
  const alerts = alertsOf(config, grid)
  const events = eventsOf(grid)
  const horizon = horizonOf(grid)
  const { train, test } = spansOf(placesOf(grid, alerts, span), horizon)
  const judged = judge(grid, alerts, events, test)
  return {
    variant: horizon === 1 ? 'daily' : 'hourly',
    horizonPeriods: horizon,
    labelled: events.labelled,
    confirmedAlerts: alerts.confirmed,
    train: judge(grid, alerts, events, train),
    test: judged,
    ...verdictOf(judged),
  }
}
