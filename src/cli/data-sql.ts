/** Owns the options of `quantbot data sql`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { SqlOptions } from './data-sql.action.js'

export function registerDataSql(data: Command): void {
  data
    .command('sql')
    .description('one SELECT over the views bars, funding, oi, mark, volatility, onchain, futures, options')
    .argument('<query>', 'such as "SELECT symbol, count(*) FROM bars GROUP BY 1"')
    .option('--csv', 'comma-separated, with a header')
    .option('--limit <rows>', 'rows at most', '1000')
    .option('--timeout <seconds>', 'how long the query may take', '60')
    .action(async (query: string, _, command: Command) =>
      (await import('./data-sql.action.js')).sqlCommand(query, command.optsWithGlobals<SqlOptions>()),
    )
}
