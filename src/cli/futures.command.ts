/** Owns the options of `quantbot data roll`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { RollOptions } from './futures.action.js'

/** What makes the next contract the front; of each its activity in the lake. */
export const BY = { days: undefined, 'open-interest': 'openInterest', volume: 'volume' } as const

export function registerRoll(data: Command): void {
  data
    .command('roll')
    .description('roll calendar of dated futures: which contract is the front when; with --series the prices it makes')
    .requiredOption('--venue <venue>', 'cme (by rule), or a venue whose dated futures the lake holds')
    .requiredOption('--product <product>', 'BTC or MBT of cme; elsewhere what stands before the date, such as BTCUSDT')
    .requiredOption('--from <day>', 'first day, YYYY-MM-DD')
    .requiredOption('--to <day>', 'last day, YYYY-MM-DD')
    .option('--by <rule>', `${Object.keys(BY).join(', ')}: what makes the next contract the front`, 'days')
    .option('--days <n>', 'days before expiry, by which it has rolled at the latest', '7')
    .option('--series', 'the settlement prices of each front, as they were')
    .option('--ratio', 'with --series: also adjusted by the ratio of each roll, for indicators')
    .action(async (_, command: Command) =>
      (await import('./futures.action.js')).rollCommand(command.optsWithGlobals<RollOptions>()),
    )
}
