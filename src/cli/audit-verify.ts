/** Owns what `quantbot audit verify` prints and its exit code. */
import { accessSync, constants } from 'node:fs'
import { auditVerify, type VerifyReport } from '#audit/verify'
import { exact, when } from '#audit/words'
import { QuantbotError } from '#core/errors'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { endProgress, paint, progress, say, sayJson } from './terminal.js'

export interface VerifyCommandOptions extends GlobalOptions {
  readonly checkpoint?: string
}

/** 1 when the log does not prove itself. */
export async function auditVerifyCommand(run: string, options: VerifyCommandOptions): Promise<void> {
  if (options.checkpoint !== undefined) refuseUnreadable(options.checkpoint)
  const report = await auditVerify(findRun(homeOf(options), run), {
    checkpointFile: options.checkpoint,
    onProgress: ({ segment, segments, lastSeq }) =>
      progress(`verified segment ${segment} of ${segments}, seq ${exact(String(lastSeq))}`),
  })
  endProgress()
  if (options.json === true) sayJson(report)
  else say(verifyText(report))
  if (!report.ok) process.exitCode = 1
}

/** A checkpoint file that is not there is a slip of the hand, not a proof against the log. */
function refuseUnreadable(path: string): void {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw new QuantbotError('USAGE', `--checkpoint ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function verifyText(report: VerifyReport): string {
  const { run, mode, log, events, commits, lastSeq, lastTs, lastHash, segments, checkpoints, problems } = report
  const count = (value: number): string => exact(String(value))
  const lines = [
    report.ok
      ? `${paint('green', 'ok')}  run ${run ?? '?'} (${mode ?? '?'}, ${log ?? '?'} log): ${count(events)} events in ${count(commits)} commits, ${segments} segments`
      : `${paint('red', 'NOT OK')}  run ${run ?? '?'}: ${problems.length} problem${problems.length === 1 ? '' : 's'}`,
    `last seq ${count(lastSeq)}${lastTs === null ? '' : ` at ${when(lastTs)} UTC`}`,
    `chain hash ${lastHash}`,
    `${checkpoints} signed checkpoint${checkpoints === 1 ? '' : 's'} in the run folder`,
  ]
  if (report.checkpointFile !== null)
    lines.push(report.ok ? `agrees with ${report.checkpointFile}` : `held against ${report.checkpointFile}`)
  if (report.absentSegments.length > 0)
    lines.push(`archived, vouched for by their checkpoint: ${report.absentSegments.join(', ')}`)
  if (report.torn.files.length > 0) lines.push(`moved aside by recoveries: ${report.torn.files.join(', ')}`)
  if (report.torn.uncommittedBytes > 0)
    lines.push(`${count(report.torn.uncommittedBytes)} bytes behind the last commit are not part of the log`)
  for (const { code, segment, seq, detail } of problems)
    lines.push(`${paint('red', code)}  segment ${segment}, seq ${count(seq)}: ${detail}`)
  return lines.join('\n')
}
