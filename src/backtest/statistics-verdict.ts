/** Owns the words in which a result is held against its gate (methods.md, section 18). Never softens them. Pure. */
import { symbolOf } from '#core/ids'
import type { BacktestRecording } from './recording.js'
import { SHARPE_GATE, type Summary } from './statistics-summary.js'

export type VerdictKind = 'PASS' | 'point pass, not significant' | 'FAIL' | 'NOT TESTABLE'

export interface Verdict {
  readonly kind: VerdictKind
  readonly text: string
}

/** DSR from which a point pass counts: methods.md, section 18. */
const DSR_GATE = 0.95
/** What a signal says of an instrument that it cannot decide on. */
const INELIGIBLE = new Set(['warming-up', 'stale', 'delisted', 'no-data'])

/**
 * `PASS` only if the point estimate exceeds 0.8 and the deflated Sharpe ratio is at least 0.95. Without data NOT TESTABLE,
 * never PASS; data without a trade is a FAIL with an undefined measure.
 */
export function judge(summary: Summary, recording: BacktestRecording): Verdict {
  const missing = whatIsMissing(recording)
  if (missing !== undefined)
    return { kind: 'NOT TESTABLE', text: `NOT TESTABLE - ${missing}, ${summary.from} to ${summary.to}` }
  const kind = kindOf(summary)
  return { kind, text: `${kind} - ${evidence(summary, recording)}; not tuned after the fact` }
}

function kindOf({ sharpe, dsr }: Summary): VerdictKind {
  if (sharpe === null || !(sharpe > SHARPE_GATE)) return 'FAIL'
  return dsr !== null && dsr >= DSR_GATE ? 'PASS' : 'point pass, not significant'
}

function whatIsMissing(recording: BacktestRecording): string | undefined {
  if (recording.days < 2) return 'fewer than two days'
  if (recording.marks.every((marks) => marks.every((mark) => !(mark > 0)))) return 'no prices in the span'
  if (recording.fills.length > 0) return undefined
  const spoke = recording.signalChanges.some(([what]) => !INELIGIBLE.has(what.slice(what.indexOf(': ') + 2)))
  return spoke ? undefined : 'no signal ever had the data to decide'
}

const fixed = (value: number | null, digits: number): string => (value === null ? 'undefined' : value.toFixed(digits))

function evidence(summary: Summary, recording: BacktestRecording): string {
  const { sharpeCi: ci, sharpe } = summary
  const measured = sharpe === null ? `undefined (${summary.undefinedBecause})` : sharpe.toFixed(2)
  const interval = ci ? `[${ci.low.toFixed(2)}, ${ci.high.toFixed(2)}]` : '[no interval]'
  const names = recording.instruments.map(({ id }) => symbolOf(id))
  const shown = names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ')
  return [
    `measured Sharpe ${measured} ${interval}`,
    `threshold ${SHARPE_GATE}`,
    `period ${summary.from} to ${summary.to}`,
    `universe ${shown}`,
    `costs ${Math.round(summary.fees + summary.slippage)} (fees and slippage) and funding ${Math.round(summary.funding)}`,
    `trials ${summary.trials}`,
    `DSR ${fixed(summary.dsr, 3)}`,
  ].join(', ')
}
