/** Owns the options of `quantbot backfill`; its work is loaded when it is called. */
import type { Command } from 'commander'
import { INTERVALS } from '#core/time'
import { BACKFILL_KINDS } from '#data/backfill/backfill.port'
import { VENDORS, VENUES } from '#data/connectors/normal'
import type { BackfillOptions } from './backfill.action.js'

export function registerBackfill(program: Command): void {
  program
    .command('backfill')
    .description(
      'fill the lake from a venue’s history; what it holds is not asked again; Ctrl-C ends it, again goes on',
    )
    .requiredOption('--venue <venue>', [...VENUES, ...VENDORS].join(', '))
    .requiredOption(
      '--symbols <list>',
      'as the venue writes them, comma-separated; of volatility its currencies; of onchain metrics or all',
    )
    .requiredOption('--from <day>', 'first day, YYYY-MM-DD')
    .option('--to <day>', 'last day (default: what has closed by now)')
    .option('--kinds <list>', `of ${BACKFILL_KINDS.join(', ')}; onchain of vendors`, 'bars,funding')
    .option('--market <market>', 'such as spot, usdm, linear, swap (default: linear perpetuals); of onchain the asset')
    .option('--interval <interval>', `one of ${INTERVALS.join(', ')}`, '1h')
    .option(
      '--config <file>',
      'whose venues: tell endpoints and shares of the rate limits, and marketData: the keys of vendors',
    )
    .option('--rest <url>', 'one origin below which the venue’s REST paths lie: a simulated exchange or a proxy')
    .option('--archives', 'whole months from the bulk archive where the venue has one (binance)')
    .option('--verify', 'asks for everything again and tells where the venue contradicts the lake')
    .option('--lag <seconds>', 'added to the close of each row as the time from which it may be read', '0')
    .option('--parallel <n>', 'pieces asked for at once', '4')
    .addHelpText(
      'after',
      '\nExamples:\n  quantbot backfill --venue binance --symbols BTCUSDT,ETHUSDT --from 2023-01-01 --archives\n' +
        '  quantbot backfill --venue okx --market swap --symbols BTC-USDT-SWAP --kinds bars,funding,oi --from 2025-01-01',
    )
    .action(async (_, command: Command) =>
      (await import('./backfill.action.js')).backfillCommand(command.optsWithGlobals<BackfillOptions>()),
    )
}
