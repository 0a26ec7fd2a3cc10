/** Owns the options of `quantbot open`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { OpenOptions } from './open.action.js'

export function registerOpen(program: Command): void {
  program
    .command('open')
    .description('the page of a run: a backtest, a replay, a run that stopped; of a running one, its address')
    .argument('<run>', 'run id, path of a run folder, or last')
    .option('--port <n>', 'port on loopback; 0 takes a free one (default: 7420, else a free one)')
    .option('--no-browser', 'prints the address alone; without a terminal it always does')
    .addHelpText('after', '\nExamples:\n  quantbot open last\n  quantbot open desk --no-browser --json')
    .action(async (run: string, _, command: Command) =>
      (await import('./open.action.js')).openCommand(run, command.optsWithGlobals<OpenOptions>()),
    )
}
