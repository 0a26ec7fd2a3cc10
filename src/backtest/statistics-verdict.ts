/** Owns the words in which a result is held against its gate (methods.md, section 18). Never softens them. Pure. */
import { symbolOf } from '#core/ids'
import { INELIGIBLE } from './recorder-speech.js'
import type { BacktestRecording, RecordedSpeech } from './recording.js'
import { SHARPE_GATE, type Summary } from './statistics-summary.js'

export type VerdictKind = 'PASS' | 'point pass, not significant' | 'FAIL' | 'NOT TESTABLE' | 'NO GATE'

export interface Verdict {
  readonly kind: VerdictKind
  readonly text: string
}

/** DSR from which a point pass counts: methods.md, section 18. */
const DSR_GATE = 0.95
/**
 * `PASS` only if the point estimate exceeds 0.8 and the deflated Sharpe ratio is at least 0.95. Without data NOT TESTABLE,
 * never PASS; data without a trade is a FAIL with an undefined measure.
 */
export function judge(
  summary: Summary,
  recording: BacktestRecording,
  speech?: RecordedSpeech,
  gate = SHARPE_GATE,
): Verdict {
  const missing = (speech && whatWasNotSaid(speech, recording)) ?? whatIsMissing(summary, recording)
  if (missing !== undefined)
    return { kind: 'NOT TESTABLE', text: `NOT TESTABLE - ${missing}, ${summary.from} to ${summary.to}` }
  const kind = kindOf(summary, gate)
  return { kind, text: `${kind} - ${evidence(summary, recording, gate)}; not tuned after the fact` }
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

/** A signal is judged over the days on which it had data, and says so. */
const partOf = ({ days, calendarDays }: Summary): string =>
  days === calendarDays ? '' : ` (${days} days with data of ${calendarDays})`

function evidence(summary: Summary, recording: BacktestRecording, gate: number): string {
  const { sharpeCi: ci, sharpe } = summary
  const measured = sharpe === null ? `undefined (${summary.undefinedBecause})` : sharpe.toFixed(2)
  const interval = ci ? `[${ci.low.toFixed(2)}, ${ci.high.toFixed(2)}]` : '[no interval]'
  const names = recording.instruments.map(({ id }) => symbolOf(id))
  const shown = names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ')
  return [
    `measured Sharpe ${measured} ${interval}`,
    `threshold ${gate}`,
    `period ${summary.from} to ${summary.to}${partOf(summary)}`,
    `universe ${shown}`,
    `costs ${Math.round(summary.fees + summary.slippage)} (fees and slippage) and funding ${Math.round(summary.funding)}`,
    `trials ${summary.trials}`,
    `DSR ${fixed(summary.dsr, 3)}`,
  ].join(', ')
}
