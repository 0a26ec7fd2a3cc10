/** Owns the options of `quantbot config`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { ShowOptions } from './config.action.js'
import type { GlobalOptions } from './home.js'

export function registerConfig(program: Command): void {
  const config = program
    .command('config')
    .description('check a configuration, show what it amounts to, print its schema')
  config
    .command('show')
    .description('every key with its value and where that came from; secrets as env:NAME, set or missing')
    .option('--config <file>', 'configuration; without one, the defaults')
    .option('--mode <mode>', 'as a run of this mode would have it: sim or paper')
    .option('--seed <n>', 'as quantbot run --seed would have it')
    .option('--set', 'only what is no default')
    .action(async (_, command: Command) =>
      (await import('./config.action.js')).show(command.optsWithGlobals<ShowOptions>()),
    )
  config
    .command('check')
    .description('everything that is wrong with a configuration, with its line and the mend; exit code 2 then')
    .argument('<file>', 'configuration')
    .action(async (file: string, _, command: Command) =>
      (await import('./config.action.js')).check(file, command.optsWithGlobals<GlobalOptions>()),
    )
  config
    .command('schema')
    .description('JSON Schema of the configuration, for editors')
    .action(async () => (await import('./config.action.js')).schema())
}
