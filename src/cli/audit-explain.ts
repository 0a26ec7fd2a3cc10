/** Owns what `quantbot audit explain` prints. */
import { explain } from '#audit/explain'
import { explanationText } from '#audit/explanation-text'
import { seqProgress } from './audit-progress.js'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { endProgress, paint, say, sayJson } from './terminal.js'

export function auditExplainCommand(run: string, target: string, options: GlobalOptions): void {
  const explanation = explain(findRun(homeOf(options), run), target, seqProgress('searched'))
  endProgress()
  if (options.json === true) sayJson(explanation)
  else say(explanationText(explanation, { strong: (text) => paint('bold', text), dim: (text) => paint('dim', text) }))
}
