/**
 * Owns the close of a day: how the risk budget is shared from then on, and the figures that it tells of it. Must never let a return of the day
 * that ended take part: shares are worked out first, and booked is afterwards (methods, section 13).
 */
import type { BlenderConfig } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import { quantise } from '#events/line-buffer'
import type { PortfolioWeighted } from '#events/portfolio.events'
import { BENCHMARK, type BlenderState, shareOf, touchAll } from './blender-state.js'
import { closeBucketDay, sizesOf, weighBucket } from './bucket.js'
import { indexOf } from './package-returns.js'
import { tiltBudgets } from './performance-weight.js'
import { bookDay, DAYS_A_YEAR, earnedDays, type ReturnBook, sharpeOf } from './return-book.js'
import { measureSleeves, riskContributions, riskShares, type SleeveRisk } from './sleeve-risk.js'

/** Close of a UTC day. `weighs`: more than plain budgets is asked for. O(signals² × days), once a day. */
export function closeDay(state: BlenderState, instant: number, options: BlenderConfig, weighs: boolean): void {
  if (weighs) {
    const { history, pending } = state
    if (pending !== null && (history.length > 0 || pending.values.some((value) => value !== null)))
      history.push(pending)
    while (history.length > Math.max(options.covarianceDays, options.betaDays)) history.shift()
    state.risk = measureSleeves(windowOf(state, options), options.covariance, options.covarianceLambda)
  }
  if (options.directionalMethod === 'erc') shareByRisk(state, options)
  else if (options.performanceWeighting) tilt(state)
  if (state.bucket.sleeves.length > 0) {
    if (options.performanceWeighting) {
      const { multipliers } = tiltOf(state.bucket.sleeves)
      for (const [k, sleeve] of state.bucket.sleeves.entries()) sleeve.multiplier = quantise(multipliers[k]!, 6)
    }
    reweigh(state, options)
  }
  if (weighs) state.told = tell(state, instant, options)
  bookAll(state, instant, options, weighs)
}

/** Return of BTC over the day: of its bar, else of the index that quotes of legs bring; null without either. */
function takeBenchmark(state: BlenderState, instant: number): number | null {
  const index = indexOf(state.bucket.quotes, BENCHMARK)
  const price = index !== null && instant - index.at < DAY_MS ? index.price : 0
  const moved = price > 0 && state.benchmarkIndex > 0 ? price / state.benchmarkIndex - 1 : null
  const taken = state.benchmarkReturn ?? moved
  state.benchmarkReturn = null
  state.benchmarkIndex = price
  return taken
}

function bookAll(state: BlenderState, instant: number, options: BlenderConfig, weighs: boolean): void {
  const values: (number | null)[] = []
  // Before legs that are closed are forgotten.
  const benchmark = takeBenchmark(state, instant)
  for (const signal of state.signals) {
    values.push(bookDay(signal, options.performanceDays))
    signal.live = signal.eligible > 0
    for (const opinion of signal.opinions) opinion.dayWeight = shareOf(signal, opinion) + 0
  }
  values.push(...closeBucketDay(state.bucket, instant, options.performanceDays))
  if (weighs) state.pending = { values, benchmark }
}

/** Shares of the bucket's signals, its beta gate, and the shares of the two sides. O(signals² + signals × betaDays). */
export function reweigh(state: BlenderState, options: BlenderConfig): void {
  weighBucket(state.bucket, state.risk, state.history, state.signals.length, options)
  state.bucket.isMoved = false
  shareSides(state, options)
}

/** Shares of bucket and directional side: one that has no opinion leaves all to the other. Whether they changed. */
export function shareSides(state: BlenderState, options: BlenderConfig): boolean {
  const isDirectional = state.signals.some(({ eligible }) => eligible > 0)
  const isBucket = state.bucket.sleeves.some(({ hasOpinion }) => hasOpinion)
  const both = isDirectional && isBucket
  const sides = { directional: both ? 1 - options.bucketShare : 1, bucket: both ? options.bucketShare : 1 }
  const hasChanged = sides.directional !== state.sides.directional || sides.bucket !== state.sides.bucket
  if (hasChanged) state.isShaken = true
  state.sides = sides
  return hasChanged
}

const tiltOf = (books: readonly ReturnBook[]) =>
  tiltBudgets(
    books.map(sharpeOf),
    books.map(({ base }) => base),
  )

function tilt(state: BlenderState): void {
  setBudgets(state, tiltOf(state.signals).budgets)
}

/** Equal risk among directional signals, tilted by performance where that is asked for. */
function shareByRisk(state: BlenderState, options: BlenderConfig): void {
  const multipliers = options.performanceWeighting ? tiltOf(state.signals).multipliers : state.signals.map(() => 1)
  const budgets = state.signals.map(({ base }, k) => (base > 0 ? multipliers[k]! : 0))
  const places = state.signals.map((_, k) => k)
  const measured = places.filter((k) => budgets[k]! > 0 && state.risk.measured.includes(k))
  // Without a covariance the budgets of the configuration count, not equal ones.
  if (measured.length < 2) {
    if (options.performanceWeighting) tilt(state)
  } else setBudgets(state, riskShares(state.risk, places, budgets))
}

function setBudgets(state: BlenderState, budgets: readonly number[]): void {
  for (const [k, signal] of state.signals.entries()) {
    const budget = quantise(budgets[k]!, 6)
    if (budget === signal.budget) continue
    signal.budget = budget
    touchAll(state, signal)
  }
}

function windowOf({ history }: BlenderState, options: BlenderConfig): (number | null)[][] {
  return history.slice(-options.covarianceDays).map(({ values }) => values)
}

function tell(state: BlenderState, instant: number, options: BlenderConfig): PortfolioWeighted['data'] {
  const { signals, bucket, sides, risk } = state
  const names = [...signals, ...bucket.sleeves].map(({ name }) => name)
  const shrinks = options.covariance !== 'ewma'
  const other = measureSleeves(
    windowOf(state, options),
    shrinks ? 'ewma' : 'constantCorrelation',
    options.covarianceLambda,
  )
  const [ewma, shrunk] = shrinks ? [other, risk] : [risk, other]
  const average = risk.averageCorrelation === null ? null : quantise(risk.averageCorrelation, 6)
  return {
    instant,
    directionalMethod: options.directionalMethod,
    bucketMethod: options.bucketMethod,
    covariance: options.covariance,
    days: risk.days,
    directional: quantise(sides.directional, 6),
    bucket: quantise(sides.bucket, 6),
    signals: signalRows(state),
    correlations: pairsOf(ewma, shrunk).map(({ i, j, ...rho }) => ({ first: names[j]!, second: names[i]!, ...rho })),
    intensity: shrunk.intensity === null ? null : quantise(shrunk.intensity, 6),
    averageCorrelation: average,
    correlationAlert: quantise(options.correlationAlert, 6),
    isCorrelated: average !== null && average > options.correlationAlert,
    beta: bucket.beta,
    betaDays: bucket.betaDays,
    betaScale: bucket.betaScale,
  }
}

/** Pairs of sleeves i > j; both estimates measure the same ones. */
function pairsOf(ewma: SleeveRisk, shrunk: SleeveRisk) {
  const rounded = (value: number | null | undefined): number | null => (value == null ? null : quantise(value, 4))
  return ewma.measured.flatMap((i, row) =>
    ewma.measured.slice(0, row).map((j, column) => ({
      i,
      j,
      ewma: rounded(ewma.correlations[row]?.[column]),
      ledoitWolf: rounded(shrunk.correlations[row]?.[column]),
    })),
  )
}

function signalRows(state: BlenderState): PortfolioWeighted['data']['signals'] {
  const { signals, bucket, risk } = state
  const nobody = { directional: signals.map(() => 0), bucket: bucket.sleeves.map(() => 0) }
  const directional = signals.map(({ eligible, budget }) => (eligible > 0 ? budget : 0))
  const ofDirectional = riskContributions(risk, [...directional, ...nobody.bucket])
  const ofBucket = riskContributions(risk, [...nobody.directional, ...sizesOf(bucket)])
  const row = (book: ReturnBook, k: number, isLive: boolean, riskShare: number | null) => {
    const place = risk.measured.indexOf(k)
    const sharpe = sharpeOf(book)
    return {
      signal: book.name,
      isLive,
      budget: quantise(book.budget, 6),
      riskShare: riskShare === null ? null : quantise(riskShare, 6),
      annualVol: place < 0 ? null : quantise(Math.sqrt(risk.covariance[place]![place]! * DAYS_A_YEAR), 6),
      sharpe: sharpe === null ? null : quantise(sharpe, 4),
      days: earnedDays(book).length,
    }
  }
  return [
    ...signals.map((book, k) => ({
      side: 'directional' as const,
      ...row(book, k, book.eligible > 0, ofDirectional[k]!),
    })),
    ...bucket.sleeves.map((book, k) => ({
      side: 'bucket' as const,
      ...row(book, signals.length + k, book.hasOpinion, ofBucket[signals.length + k]!),
    })),
  ]
}
