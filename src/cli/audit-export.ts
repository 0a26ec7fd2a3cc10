/** Owns what `quantbot audit export` is asked and prints. */
import { accessSync, constants } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { auditExport, EXPORT_FORMATS, EXPORT_TABLES, type ExportFormat, type ExportTable } from '#audit/export'
import { exact } from '#audit/words'
import { QuantbotError } from '#core/errors'
import { readManifest } from '#events/log/manifest'
import { seqProgress } from './audit-progress.js'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { endProgress, say, sayJson } from './terminal.js'

export interface ExportCommandOptions extends GlobalOptions {
  readonly format: string
  readonly what: string
  readonly out?: string
}

export async function auditExportCommand(run: string, options: ExportCommandOptions): Promise<void> {
  const format = EXPORT_FORMATS.find((known) => known === options.format)
  const what = EXPORT_TABLES.find((known) => known === options.what)
  if (format === undefined) throw oneOf('--format', options.format, EXPORT_FORMATS)
  if (what === undefined) throw oneOf('--what', options.what, EXPORT_TABLES)
  const runDir = findRun(homeOf(options), run)
  const out = resolve(options.out ?? `${readManifest(runDir).manifest.run}-${what}.${format}`)
  refuseUnwritable(out)
  const report = await auditExport(runDir, { what, format, out, onProgress: seqProgress('exported') })
  endProgress()
  if (options.json === true) sayJson(report)
  else say(`${exact(String(report.rows))} rows of ${what} in ${report.out}`)
}

function oneOf(option: string, text: string, known: readonly (ExportFormat | ExportTable)[]): QuantbotError {
  return new QuantbotError('USAGE', `${option} ${JSON.stringify(text)}: write one of ${known.join(', ')}`)
}

function refuseUnwritable(out: string): void {
  try {
    accessSync(dirname(out), constants.W_OK)
  } catch (error) {
    throw new QuantbotError('USAGE', `--out ${out}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
