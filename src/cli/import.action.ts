/** Owns `quantbot import`: CSV and Parquet files of history into the lake, with a quality report. */
import { basename } from 'node:path'
import { QuantbotError } from '#core/errors'
import { MINUTE_MS } from '#core/time'
import { KIND_NAMES, type Kind } from '#data/columns'
import { type ImportProgress, type ImportReport, importFiles } from '#data/import'
import { importError } from '#data/import-problem'
import { isKind } from '#data/kinds'
import { type GlobalOptions, homeOf } from './home.js'
import { importCmeFiles } from './import-cme.js'
import { qualityTable } from './quality-table.js'
import { endProgress, note, progress, say, sayJson } from './terminal.js'

export interface ImportOptions extends GlobalOptions {
  readonly kind: string
  readonly venue?: string
  readonly market: string
  readonly symbol?: string
  readonly interval?: string
  readonly lagMinutes?: string
  readonly fetchedAt?: string
}

export async function importCommand(files: readonly string[], options: ImportOptions): Promise<void> {
  const { kind, venue, market, symbol, interval } = options
  const lag = options.lagMinutes === undefined ? undefined : Number(options.lagMinutes)
  if (lag !== undefined && !(lag >= 0 && Number.isInteger(lag)))
    throw new QuantbotError('USAGE', `--lag-minutes ${options.lagMinutes} is no number of minutes`)
  const fetchedAt = options.fetchedAt === undefined ? undefined : Date.parse(options.fetchedAt)
  if (Number.isNaN(fetchedAt)) throw new QuantbotError('USAGE', `--fetched-at ${options.fetchedAt} is no ISO 8601 time`)
  const common = {
    files,
    lagMs: lag === undefined ? undefined : lag * MINUTE_MS,
    fetchedAt,
    home: homeOf(options),
    onProgress: ({ file, index, files: total, phase, count }: ImportProgress) =>
      progress(`${index + 1}/${total} ${basename(file)}: ${phase} ${count}`),
  }
  const report =
    kind === 'cme'
      ? await importCmeFiles(options, common)
      : await importFiles({ ...common, ...seriesOf(kind, venue), market, symbol, interval })
  endProgress()
  if (options.json === true) sayJson(report)
  else print(report)
  const error = importError(report.problems)
  if (error === undefined) return
  note(`${error.code}: ${error.message}\n  mend: ${error.mend}`)
  process.exitCode = error.exitCode
}

function seriesOf(kind: string, venue: string | undefined): { kind: Kind; venue: string } {
  if (!isKind(kind))
    throw new QuantbotError('USAGE', `--kind ${JSON.stringify(kind)} is none of ${KIND_NAMES.join(', ')}, cme`)
  if (venue === undefined) throw new QuantbotError('USAGE', '--venue is missing: whose history the files are')
  return { kind, venue }
}

function print(report: ImportReport): void {
  for (const file of report.files) {
    const { rows, written, skipped, problems } = file
    say(
      `${problems.length === 0 ? 'ok     ' : 'REFUSED'} ${file.file}: ${rows} rows, ${written} written, ${skipped} there already`,
    )
    for (const remark of file.notes) say(`        ${remark}`)
  }
  if (report.quality.length > 0) say(qualityTable(report.quality))
  say(
    `${report.rows} rows read, ${report.written} written, ${report.skipped} there already, ${report.problems.length} problems`,
  )
}
