/** Owns the options of `quantbot notify test` and `notify status`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { GlobalOptions } from './home.js'
import type { TestOptions } from './notify.action.js'

export function registerNotify(program: Command): void {
  const notify = program.command('notify').description('mail and Slack: test them, and see what waits')
  notify
    .command('test')
    .description('send a test message to each sink of a configuration and tell what happened')
    .option('--config <file>', 'configuration with notifications', 'quantbot.yaml')
    .option('--sink <name>', 'email or slack alone')
    .action(async (_, command: Command) =>
      (await import('./notify.action.js')).test(command.optsWithGlobals<TestOptions>()),
    )
  notify
    .command('status')
    .description('what waits for the sinks of a run, and how delivery goes')
    .argument('[run]', 'run id, path of a run folder, or last', 'last')
    .action(async (run: string, _, command: Command) =>
      (await import('./notify.action.js')).status(run, command.optsWithGlobals<GlobalOptions>()),
    )
}
