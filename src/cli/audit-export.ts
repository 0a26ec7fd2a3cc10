/** Owns what `quantbot audit export` is asked and prints. */
import { accessSync, constants } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { auditExport, auditExportAll, EXPORT_FORMATS, EXPORT_TABLES, type ExportReport } from '#audit/export'
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

const ALL = 'all'

export async function auditExportCommand(run: string, options: ExportCommandOptions): Promise<void> {
  const format = EXPORT_FORMATS.find((known) => known === options.format)
  const what = [ALL, ...EXPORT_TABLES].find((known) => known === options.what)
  if (format === undefined) throw oneOf('--format', options.format, EXPORT_FORMATS)
  if (what === undefined) throw oneOf('--what', options.what, [ALL, ...EXPORT_TABLES])
  const runDir = findRun(homeOf(options), run)
  const name = readManifest(runDir).manifest.run
  const out = resolve(options.out ?? (what === ALL ? `${name}-${format}` : `${name}-${what}.${format}`))
  refuseUnwritable(out)
  const onProgress = seqProgress('exported')
  const table = EXPORT_TABLES.find((known) => known === what)
  const reports =
    table === undefined
      ? await auditExportAll(runDir, { format, out, onProgress })
      : [await auditExport(runDir, { what: table, format, out, onProgress })]
  endProgress()
  if (options.json === true) sayJson(table === undefined ? { format, out, tables: reports } : reports[0])
  else for (const report of reports) say(exportLine(report))
}

function exportLine({ rows, what, out, missingUpTo }: ExportReport): string {
  const part = missingUpTo === 0 ? '' : `; without seq 1 to ${exact(String(missingUpTo))}, which are archived`
  return `${exact(String(rows))} rows of ${what} in ${out}${part}`
}

function oneOf(option: string, text: string, known: readonly string[]): QuantbotError {
  return new QuantbotError('USAGE', `${option} ${JSON.stringify(text)}: write one of ${known.join(', ')}`)
}

function refuseUnwritable(out: string): void {
  try {
    accessSync(dirname(out), constants.W_OK)
  } catch (error) {
    throw new QuantbotError('USAGE', `--out ${out}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
