/** Owns the options of `quantbot api`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { ApiOptions } from './api.action.js'

export function registerApi(program: Command): void {
  program
    .command('api')
    .description('serve the analytics API over the stores of a configuration; /openapi.json describes it')
    .option('--config <file>', 'configuration with stores and api (default: DuckDB in the home)')
    .option('--run <id>', 'whose latest values are read from Redis')
    .option('--port <n>', 'port instead of that of the configuration; 0 takes a free one')
    .action(async (_, command: Command) =>
      (await import('./api.action.js')).apiCommand(command.optsWithGlobals<ApiOptions>()),
    )
}
