/** Owns `quantbot replay`: decides a recorded run again and compares; shows states at a seq; what-if under another configuration. */
import type { Command } from 'commander'
import { findRun, type GlobalOptions, homeOf } from './home.js'

interface ReplayOptions extends GlobalOptions {
  readonly until?: string
  readonly patch?: string
  readonly run?: string
}

export function registerReplay(program: Command): void {
  program
    .command('replay')
    .description('decide a recorded run again: fingerprint and identical, or the first differing event')
    .argument('<run>', 'run id, path of a run folder, or last')
    .option('--until <seq>', "show every agent's state after the step of this seq")
    .option(
      '--patch <file>',
      'decide again under a changed configuration, into a new run: first divergence and difference in result',
    )
    .option('--run <id>', 'with --patch: id of the new run folder')
    .action((run: string, _, command: Command) => replayCommand(run, command.optsWithGlobals<ReplayOptions>()))
}

async function replayCommand(run: string, options: ReplayOptions): Promise<void> {
  const home = homeOf(options)
  const dir = findRun(home, run)
  if (options.until !== undefined)
    await (await import('./replay-until.js')).replayUntil(home, dir, options.until, options)
  else if (options.patch !== undefined) await (await import('./what-if.js')).whatIf(home, dir, options.patch, options)
  else await (await import('./replay-again.js')).replayAgain(home, dir, options)
}
