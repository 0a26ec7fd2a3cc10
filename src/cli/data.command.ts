/** Owns the options of `quantbot data`; its work is loaded when it is called. */
import type { Command } from 'commander'
import { registerDataCompact } from './data-compact.js'
import { registerDataSql } from './data-sql.js'
import { registerRoll } from './futures.command.js'
import type { GlobalOptions } from './home.js'

export function registerData(program: Command): void {
  const data = program.command('data').description('the lake: list what it holds, check it, ask it in SQL, compact it')
  data
    .command('list')
    .description('every series with its rows and extent')
    .action(async (_, command: Command) =>
      (await import('./data.action.js')).listCommand(command.optsWithGlobals<GlobalOptions>()),
    )
  data
    .command('check')
    .description('quality of every series: gaps, duplicates, zero volume, outliers')
    .action(async (_, command: Command) =>
      (await import('./data.action.js')).checkCommand(command.optsWithGlobals<GlobalOptions>()),
    )
  registerDataSql(data)
  registerDataCompact(data)
  registerRoll(data)
}
