/** Owns the options of `quantbot check`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { CheckOptions } from './check.action.js'

const CHECKS = {
  lookahead: 'whether anything that a signal says depends on data from after it (exit 1: something does)',
  warmup: 'whether more history than a signal declares would change what it says (exit 1: it would)',
} as const

export function registerCheck(program: Command): void {
  const check = program.command('check').description('what is wrong with signals before their results are believed')
  for (const name of ['lookahead', 'warmup'] as const)
    check
      .command(name)
      .description(CHECKS[name])
      .requiredOption('--config <file>', 'configuration; modules that it names are checked too')
      .requiredOption('--from <day>', 'first UTC day, inclusive')
      .requiredOption('--to <day>', 'last UTC day, inclusive')
      .option('--samples <n>', 'instants that are tried, spread over the span', '20')
      .option('--seed <n>', 'which instants', '1')
      .option('--signal <name>', 'this signal alone (default: all that are enabled)')
      .action(async (_, command: Command) =>
        (await import('./check.action.js')).run(name, command.optsWithGlobals<CheckOptions>()),
      )
}
