/**
 * Owns what is told of one signal beside the figures of its book: the days it had data, how often it went in and out, legging, stand-ins,
 * and for the carry class the figures that a smooth accrual hides (methods.md, section 4). Pure. Never judges.
 */
import { DAY_MS, isoDay, parseDay } from '#core/time'
import { mean } from '#quant/moments'
import { performance, periodSharpe } from '#quant/performance'
import type { BacktestRecording, RecordedSpeech, Tally } from './recording.js'
import { onDays } from './series.js'
import { billReturns } from './statistics-bills.js'
import { DAYS_A_YEAR, dailyReturns } from './statistics-summary.js'

/** Signals that earn a rate: methods.md, section 4 asks three figures of them. */
export const CARRY_CLASS: ReadonlySet<string> = new Set(['carry', 'basis', 'dispersion'])
/** Window of the roadmap's claim on carry, both inclusive. */
export const CARRY_WINDOW = { from: '2022-01-01', to: '2023-12-31' } as const
/** Gate of the roadmap in that window: annual Sharpe ratio. */
export const CARRY_GATE = 1

/** Ratios annual, rates decimal; null: not defined. */
export interface CarryFigures {
  /** Marked to market, every leg: the one that counts. */
  readonly sharpe: number | null
  /** Adjusted for autocorrelation (Lo 2002). */
  readonly sharpeLo: number | null
  /** Of funding alone, prices and costs left out: meaningless, shown because it is quoted. Null where no funding was paid. */
  readonly accrualOnlySharpe: number | null
  /** Mean daily return × 365, of the book and of 3-month bills on the same days, and the difference. */
  readonly annualReturn: number | null
  readonly billsReturn: number | null
  readonly excessReturn: number | null
  readonly excessSharpe: number | null
}

export interface SignalFigures {
  /** Days with data to decide on, of the days of the span; null: it was not told. */
  readonly live: { readonly from: string; readonly to: string; readonly days: number; readonly ofDays: number } | null
  /** Annual Sharpe ratio over all calendar days, days without data as 0. */
  readonly sharpeCalendar: number | null
  readonly triggers: Tally
  readonly entries: number
  readonly exits: number
  readonly reasons: Tally
  /** Imbalances of its packages by what was done. */
  readonly legging: Tally
  /** Share of the evenings × instruments held that stood on the bars of another instrument; null: nothing held. */
  readonly proxyShare: number | null
  /** Legs delivered, expired or delisted. */
  readonly settlements: number
  readonly carry: CarryFigures | null
}

/** What a signal said within a recording. */
export function speechOf(recording: BacktestRecording, signal: string): RecordedSpeech | undefined {
  return recording.speech.find((own) => own.signal === signal)
}

/** Days on which a signal alone had data, or a position; undefined where all of them count. */
export function liveDays(recording: BacktestRecording, signal: string): Float64Array | undefined {
  const { days, gross } = recording
  const said = speechOf(recording, signal)?.live
  const live = Float64Array.from({ length: days }, (_, d) =>
    said?.[d] === 1 || gross[d]! > 0 || gross[d + 1]! > 0 ? 1 : 0,
  )
  return live.every((value) => value === 1) ? undefined : live
}

export function signalFigures(signal: string, recording: BacktestRecording): SignalFigures {
  const speech = speechOf(recording, signal)
  const live = liveDays(recording, signal) ?? new Float64Array(recording.days).fill(1)
  const counts = (start: string): number =>
    speech?.triggers.reduce((sum, [what, times]) => sum + (what.startsWith(start) ? times : 0), 0) ?? 0
  const first = live.indexOf(1)
  const day = (d: number): string => isoDay(recording.start + d * DAY_MS)
  const perPeriod = periodSharpe(Array.from(dailyReturns(recording)))
  const days = live.reduce((sum, value) => sum + value, 0)
  const none = first < 0
  return {
    live: none ? null : { from: day(first), to: day(live.lastIndexOf(1)), days, ofDays: recording.days },
    sharpeCalendar: perPeriod === null ? null : perPeriod * Math.sqrt(DAYS_A_YEAR),
    triggers: speech?.triggers ?? [],
    entries: counts('entry'),
    exits: counts('exit'),
    reasons: speech?.reasons ?? [],
    legging: speech?.legging ?? [],
    proxyShare: proxyShare(recording),
    settlements: recording.packages.reduce((sum, own) => sum + own.settlements, 0),
    carry: CARRY_CLASS.has(signal) ? carryFigures(recording, live) : null,
  }
}

function proxyShare(recording: BacktestRecording): number | null {
  let held = 0
  let onProxy = 0
  recording.weights.forEach((weights, i) => {
    const own = weights.reduce((sum, weight) => sum + (weight === 0 ? 0 : 1), 0)
    held += own
    if (recording.instruments[i]!.proxyOf !== undefined) onProxy += own
  })
  for (const { legDays, proxyDays } of recording.packages) {
    held += legDays
    onProxy += proxyDays
  }
  return held === 0 ? null : onProxy / held
}

/** The figures of a carry book over the days that are marked. */
export function carryFigures(recording: BacktestRecording, live: Float64Array): CarryFigures {
  const returns = Array.from(onDays(dailyReturns(recording), live))
  const bills = Array.from(onDays(billReturns(recording.start, recording.days), live))
  const accrued = recording.accrued.map((cash, d) => (recording.bases[d]! > 0 ? cash / recording.bases[d]! : 0))
  const year = Math.sqrt(DAYS_A_YEAR)
  const annual = (ratio: number | null): number | null => (ratio === null ? null : ratio * year)
  const rate = (values: readonly number[]): number | null => {
    const average = mean(values)
    return average === null ? null : average * DAYS_A_YEAR
  }
  const { sharpe, sharpeLo } = performance(returns, DAYS_A_YEAR)
  const [annualReturn, billsReturn] = [rate(returns), rate(bills)]
  const hasAccrual = recording.accrued.some((cash) => cash !== 0)
  return {
    sharpe,
    sharpeLo,
    accrualOnlySharpe: hasAccrual ? annual(periodSharpe(Array.from(onDays(accrued, live)))) : null,
    annualReturn,
    billsReturn,
    excessReturn: annualReturn === null || billsReturn === null ? null : annualReturn - billsReturn,
    excessSharpe: sharpe === null ? null : annual(periodSharpe(returns.map((value, d) => value - bills[d]!))),
  }
}

/** The days of the roadmap's carry window that had data; undefined where the window does not lie inside the span. */
export function windowDays(recording: BacktestRecording, live: Float64Array): Float64Array | undefined {
  const from = (parseDay(CARRY_WINDOW.from)! - recording.start) / DAY_MS
  const to = (parseDay(CARRY_WINDOW.to)! - recording.start) / DAY_MS
  if (from < 0 || to >= recording.days) return undefined
  return live.map((value, d) => (d >= from && d <= to ? value : 0))
}

/** A book that never did anything, with what its signal said in another one: of a signal without data, which needs no run of its own. */
export function silentRecording(recording: BacktestRecording, signal: string): BacktestRecording {
  const { days, capital } = recording
  const flat = new Float64Array(days + 1)
  const none = new Float64Array(days)
  const zeros = new Float64Array(recording.instruments.length)
  return {
    ...recording,
    signals: [signal],
    overlays: [],
    equity: new Float64Array(days + 1).fill(capital),
    returns: none,
    transfers: none,
    bases: new Float64Array(days).fill(capital),
    accrued: none,
    gross: flat,
    net: flat,
    weights: recording.weights.map(() => flat),
    profit: recording.profit.map(() => none),
    contribution: [none, none],
    traded: none,
    fees: zeros,
    slippage: zeros,
    funding: zeros,
    tradedByInstrument: zeros,
    packages: [],
    fills: [],
    trips: [],
    speech: recording.speech.filter((own) => own.signal === signal),
  }
}
