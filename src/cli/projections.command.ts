/** Owns the options of `quantbot projections`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { ProjectionsOptions } from './projections.action.js'

export function registerProjections(program: Command): void {
  const projections = program
    .command('projections')
    .description('the aggregate store: tables for queries, made from the logs')
  projections
    .command('rebuild')
    .description('delete the rows of runs and project their logs again')
    .argument('[run...]', 'ids, paths or `last` (default: every run)')
    .option('--config <file>', 'configuration that names the store (default: DuckDB in the home)')
    .action(async (runs: readonly string[], _, command: Command) =>
      (await import('./projections.action.js')).rebuildCommand(runs, command.optsWithGlobals<ProjectionsOptions>()),
    )
  projections
    .command('status')
    .description('what the store is, and how far behind the logs')
    .option('--config <file>', 'configuration that names the store (default: DuckDB in the home)')
    .action(async (_, command: Command) =>
      (await import('./projections.action.js')).statusCommand(command.optsWithGlobals<ProjectionsOptions>()),
    )
}
