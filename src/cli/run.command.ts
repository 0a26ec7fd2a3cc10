/** Owns the options of `quantbot run`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { RunOptions } from './run-options.js'

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('trade: one process, by default on the built-in market, offline; Ctrl-C ends it in good order')
    .option('--mode <mode>', 'sim: the built-in market; paper: live data of venues, simulated fills', 'sim')
    .option('--config <file>', 'configuration (default: the built-in one)')
    .option('--run <id>', 'id of the run; one that exists goes on where its log ends (default: from the time of day)')
    .option('--child-of <run>', 'a new run that takes over the book of another one')
    .option('--seed <n>', 'seed of everything random, instead of that of the configuration')
    .option('--speed <x>', 'simulated seconds a second, or max (default: 7200 for sim; 1 for paper)')
    .option('--clock <clock>', 'paper: machine, or venue for the clock of a simulated exchange', 'machine')
    .option('--no-backfill', 'paper: starts on the history that the lake has')
    .option('--days <n>', 'sim: stop after so many simulated days')
    .option('--for <seconds>', 'stop after so many seconds')
    .option('--port <n>', 'port of the page and the metrics; 0 takes a free one (default: that of the configuration)')
    .option('--no-web', 'no page, no metrics')
    .option('--no-view', 'lines instead of the live view')
    .addHelpText(
      'after',
      '\nExamples:\n  quantbot run\n  quantbot run --mode paper --config examples/paper.yaml --run desk\n' +
        '  quantbot run --mode paper --config examples/paper.yaml --speed 20 --clock venue   against quantbot sim-exchange --speed 20',
    )
    .action(async (_, command: Command) =>
      (await import('./run.action.js')).runCommand(command.optsWithGlobals<RunOptions>()),
    )
}
