/** Owns the options of `quantbot backup` and `quantbot restore`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { BackupOptions, RestoreOptions } from './backup.action.js'

export function registerBackup(program: Command): void {
  program
    .command('backup')
    .description('copy a run, also while it runs, and prove the copy; the signing key is not in it')
    .argument('<run>', 'run id, path of a run folder, or last')
    .requiredOption('--to <dir>', 'the new folder: run/, backup.json, SHA256SUMS')
    .action(async (run: string, _, command: Command) =>
      (await import('./backup.action.js')).backup(run, command.optsWithGlobals<BackupOptions>()),
    )
  program
    .command('restore')
    .description('prove a backup and put its run back; never over a run that is there')
    .argument('<backup>', 'folder that quantbot backup made')
    .option('--as <name>', 'another folder name, to look at it beside the run; the run inside keeps its name')
    .action(async (folder: string, _, command: Command) =>
      (await import('./backup.action.js')).restore(folder, command.optsWithGlobals<RestoreOptions>()),
    )
}
