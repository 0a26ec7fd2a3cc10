/** Owns the options of `quantbot backtest`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { BacktestOptions } from './backtest.action.js'

export function registerBacktest(program: Command): void {
  program
    .command('backtest')
    .description(
      'decide the bars of the lake through the whole pipeline: run folder, statistics, report.html, fingerprint',
    )
    .requiredOption('--config <file>', 'configuration, such as examples/price-signals.yaml')
    .requiredOption('--from <day>', 'first UTC day, inclusive')
    .requiredOption('--to <day>', 'last UTC day, inclusive')
    .option('--run <id>', 'id of the run folder (default: from the time of day)')
    .option('--no-standalone', 'leave out the book of each signal alone')
    .action(async (_, command: Command) =>
      (await import('./backtest.action.js')).backtestCommand(command.optsWithGlobals<BacktestOptions>()),
    )
}
