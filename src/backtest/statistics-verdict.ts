/** Owns the words in which a result is held against its gate (methods.md, section 18). Never softens them. Pure. */
import { symbolOf } from '#core/ids'
import { INELIGIBLE } from './recorder-speech.js'
import type { BacktestRecording, RecordedSpeech } from './recording.js'
import type { SignalFigures } from './statistics-signal.js'
import { SHARPE_GATE, type Summary } from './statistics-summary.js'

export type VerdictKind = 'PASS' | 'point pass, not significant' | 'FAIL' | 'NOT TESTABLE' | 'NO GATE'

export interface Verdict {
  readonly kind: VerdictKind
  readonly text: string
}

/** Share of legs on stand-ins above which a book that earns a rate is not marked to market. Chosen here. */
const STAND_IN_LIMIT = 0.1

/** What a signal is judged by beside its summary. */
export interface JudgedBy {
  readonly speech?: RecordedSpeech | undefined
  readonly gate?: number
  readonly figures?: SignalFigures
  /** A part of the span: costs are known for the whole alone. */
  readonly isPart?: boolean
}

/** DSR from which a point pass counts: methods.md, section 18. */
const DSR_GATE = 0.95
/**
 * `PASS` only if the point estimate exceeds 0.8 and the deflated Sharpe ratio is at least 0.95. Without data NOT TESTABLE,
 * never PASS; data without a trade is a FAIL with an undefined measure.
 */
export function judge(summary: Summary, recording: BacktestRecording, by: JudgedBy = {}): Verdict {
  const { speech, gate = SHARPE_GATE, figures } = by
  const missing = (speech && whatWasNotSaid(speech, recording)) ?? whatIsMissing(summary, recording)
  if (missing !== undefined)
    return { kind: 'NOT TESTABLE', text: `NOT TESTABLE - ${missing}, ${summary.from} to ${summary.to}` }
  const kind = kindOf(summary, gate)
  const told = `${evidence(summary, recording, gate, by)}; not tuned after the fact`
  const share = figures?.carry == null ? 0 : (figures.proxyShare ?? 0)
  if (kind === 'FAIL' || share <= STAND_IN_LIMIT) return { kind, text: `${kind} - ${told}` }
  const why = `${(100 * share).toFixed(0)} % of its legs stood on the bars of another instrument: where both sides have one price, what is left is accruals`
  return { kind: 'NOT TESTABLE', text: `NOT TESTABLE - ${why}; ${told}` }
}

/** Why a signal never had anything to decide on; undefined where it had. Data without a trade is no excuse. */
export function whatWasNotSaid(speech: RecordedSpeech, recording: BacktestRecording): string | undefined {
  if (speech.live.some((value) => value === 1) || recording.fills.length > 0 || recording.packages.length > 0)
    return undefined
  if (speech.needs !== null) return `no ${speech.needs} on the tape`
  if (speech.reasons.length === 0) return 'it never spoke: no input of its kind on the tape'
  return `never an eligible opinion (${speech.reasons.map(([reason, times]) => `${reason} ${times}`).join(', ')})`
}

function kindOf({ sharpe, dsr }: Summary, gate: number): VerdictKind {
  if (sharpe === null || !(sharpe > gate)) return 'FAIL'
  return dsr !== null && dsr >= DSR_GATE ? 'PASS' : 'point pass, not significant'
}

function whatIsMissing(summary: Summary, recording: BacktestRecording): string | undefined {
  if (recording.days < 2) return 'fewer than two days'
  if (summary.days < 2) return 'fewer than two days with data'
  if (recording.marks.every((marks) => marks.every((mark) => !(mark > 0)))) return 'no prices in the span'
  if (recording.fills.length > 0 || recording.packages.length > 0) return undefined
  if (recording.speech.some(({ live }) => live.some((value) => value === 1))) return undefined
  const spoke = recording.signalChanges.some(([what]) => !INELIGIBLE.has(what.slice(what.indexOf(': ') + 2)))
  return spoke ? undefined : 'no signal ever had the data to decide'
}

const fixed = (value: number | null, digits: number): string => (value === null ? 'undefined' : value.toFixed(digits))

/** What cash would have earned: a small rate with a high ratio is no business. */
function excess(figures: SignalFigures | undefined): string[] {
  const carry = figures?.carry
  if (carry == null || carry.excessReturn === null || carry.annualReturn === null) return []
  const { annualReturn, excessReturn, excessSharpe } = carry
  return [
    `${(100 * annualReturn).toFixed(2)} % a year, ${(100 * excessReturn).toFixed(2)} % over bills (Sharpe ${fixed(excessSharpe, 2)})`,
  ]
}

/** A signal is judged over the days on which it had data, and says so. */
const partOf = ({ days, calendarDays }: Summary): string =>
  days === calendarDays ? '' : ` (${days} days with data of ${calendarDays})`

function evidence(summary: Summary, recording: BacktestRecording, gate: number, by: JudgedBy): string {
  const { sharpeCi: ci, sharpe } = summary
  const measured = sharpe === null ? `undefined (${summary.undefinedBecause})` : sharpe.toFixed(2)
  const interval = ci ? `[${ci.low.toFixed(2)}, ${ci.high.toFixed(2)}]` : '[no interval]'
  const names = recording.instruments.flatMap(({ id, isLeg }) => (isLeg === true ? [] : [symbolOf(id)]))
  const shown = names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ')
  return [
    `measured Sharpe ${measured} ${interval}`,
    `threshold ${gate}`,
    `period ${summary.from} to ${summary.to}${partOf(summary)}`,
    `universe ${shown}`,
    `costs ${by.isPart === true ? 'of the whole span ' : ''}${Math.round(summary.fees + summary.slippage)} (fees and slippage) and funding ${Math.round(summary.funding)}`,
    `trials ${summary.trials}`,
    `DSR ${fixed(summary.dsr, 3)}`,
    ...excess(by.figures),
  ].join(', ')
}
