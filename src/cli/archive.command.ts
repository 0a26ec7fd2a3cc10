/** Owns the options of `quantbot archive`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { ArchiveOptions } from './archive.action.js'

export function registerArchive(program: Command): void {
  program
    .command('archive')
    .description(
      'move sealed segments of a run to another folder; audit verify goes on from their checkpoint and names what is absent',
    )
    .argument('<run>', 'run id, path of a run folder, or last')
    .requiredOption('--before <seq>', 'moves the segments that end before this seq')
    .requiredOption('--to <dir>', 'where they go')
    .action(async (run: string, _, command: Command) =>
      (await import('./archive.action.js')).archiveCommand(run, command.optsWithGlobals<ArchiveOptions>()),
    )
}
