/** Owns the options of `quantbot data compact`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { CompactOptions } from './data-compact.action.js'

export function registerDataCompact(data: Command): void {
  data
    .command('compact')
    .description('merge the small files of each series into one a year; tapes of older runs stay readable')
    .option('--purge', 'also delete merged files that no run of this home names')
    .action(async (_, command: Command) =>
      (await import('./data-compact.action.js')).compactCommand(command.optsWithGlobals<CompactOptions>()),
    )
}
