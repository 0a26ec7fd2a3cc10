/** Owns the options of `quantbot import`; its work is loaded when it is called. */
import type { Command } from 'commander'
import { KIND_NAMES } from '#data/columns'
import type { ImportOptions } from './import.action.js'

export function registerImport(program: Command): void {
  program
    .command('import')
    .description('import CSV or Parquet files of history into the lake; whole files or nothing, again changes nothing')
    .argument(
      '<files...>',
      'files with the columns of their kind: ts,open,high,low,close,volume (bars), ts,rate (funding) …',
    )
    .requiredOption('--kind <kind>', `${KIND_NAMES.join(', ')}; cme: end-of-day files of its bitcoin futures`)
    .option('--venue <venue>', 'such as binance; needed by every kind but cme')
    .option('--market <market>', 'such as spot or usdm', 'spot')
    .option('--symbol <symbol>', 'such as BTCUSDT; else the file name must say it: <SYMBOL>-<interval>.csv')
    .option('--interval <interval>', 'such as 1d or 1h; else the file name must say it')
    .option('--lag-minutes <n>', 'publication lag behind the end of each interval (on-chain series: 120, else 0)')
    .option(
      '--fetched-at <time>',
      'when the files were fetched, ISO 8601: changed values of onchain, futures, cme become revisions',
    )
    .action(async (files: string[], _, command: Command) =>
      (await import('./import.action.js')).importCommand(files, command.optsWithGlobals<ImportOptions>()),
    )
}
