/** Owns `quantbot import`: CSV and Parquet files of history into the lake, with a quality report. */
import { basename } from 'node:path'
import type { Command } from 'commander'
import { QuantbotError } from '#core/errors'
import { type ImportReport, importFiles } from '#data/import'
import { importError } from '#data/import-problem'
import { type GlobalOptions, homeOf } from './home.js'
import { qualityTable } from './quality-table.js'
import { endProgress, note, progress, say, sayJson } from './terminal.js'

interface ImportOptions extends GlobalOptions {
  readonly kind: string
  readonly venue: string
  readonly market: string
  readonly symbol?: string
  readonly interval?: string
}

export function registerImport(program: Command): void {
  program
    .command('import')
    .description('import CSV or Parquet files of history into the lake; whole files or nothing, again changes nothing')
    .argument('<files...>', 'files with the columns ts,open,high,low,close,volume (bars) or ts,rate (funding)')
    .requiredOption('--kind <kind>', 'bars or funding')
    .requiredOption('--venue <venue>', 'such as binance')
    .option('--market <market>', 'such as spot or usdm', 'spot')
    .option('--symbol <symbol>', 'such as BTCUSDT; else the file name must say it: <SYMBOL>-<interval>.csv')
    .option('--interval <interval>', 'such as 1d or 1h; else the file name must say it')
    .action((files: string[], _, command: Command) => importCommand(files, command.optsWithGlobals<ImportOptions>()))
}

async function importCommand(files: readonly string[], options: ImportOptions): Promise<void> {
  const { kind, venue, market, symbol, interval } = options
  if (kind !== 'bars' && kind !== 'funding')
    throw new QuantbotError('USAGE', `--kind ${JSON.stringify(kind)} is neither bars nor funding`)
  const report = await importFiles({
    files,
    kind,
    venue,
    market,
    symbol,
    interval,
    home: homeOf(options),
    onProgress: ({ file, index, files: total, phase, count }) =>
      progress(`${index + 1}/${total} ${basename(file)}: ${phase} ${count}`),
  })
  endProgress()
  if (options.json === true) sayJson(report)
  else print(report)
  const error = importError(report.problems)
  if (error === undefined) return
  note(`${error.code}: ${error.message}\n  mend: ${error.mend}`)
  process.exitCode = error.exitCode
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
