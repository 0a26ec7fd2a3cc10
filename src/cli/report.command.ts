/** Owns the options of `quantbot report`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { OiWarningOptions } from './report.action.js'

export function registerReport(program: Command): void {
  const report = program.command('report').description('what was claimed, measured on the data of the lake')
  report
    .command('oi-warning')
    .description(
      'precision and recall of the early warning of signal/oi: frozen thresholds, an untouched test span, intervals and chance',
    )
    .option('--config <file>', 'configuration whose feeds and thresholds count (default: the longest series, defaults)')
    .option('--instrument <id>', 'which one of its feeds (default: the first)')
    .option('--base <coin>', 'without a configuration: whose series', 'BTC')
    .option('--from <day>', 'first UTC day that is judged, inclusive (default: as soon as there is enough history)')
    .option('--to <day>', 'last UTC day, inclusive (default: the last one)')
    .option('--train-to <day>', 'last UTC day of the train span, inclusive (default: 60 % of the span)')
    .action(async (_, command: Command) =>
      (await import('./report.action.js')).oiWarningCommand(command.optsWithGlobals<OiWarningOptions>()),
    )
}
