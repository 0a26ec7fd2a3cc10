/** Owns the options of `quantbot init`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { InitOptions } from './init.action.js'
import { INIT_INTERVALS, INIT_NOTIFY, INIT_STORES, INIT_VENUES } from './init-answers.js'

export function registerInit(program: Command): void {
  program
    .command('init')
    .description('write a commented configuration, .env.example and .gitignore; asks on a terminal, overwrites nothing')
    .argument('[dir]', 'folder; made where it is not there', '.')
    .option('--mode <mode>', 'sim: the built-in market; paper: venues with simulated fills')
    .option('--name <name>', 'name of the configuration and of its runs')
    .option('--venue <list>', `paper: ${INIT_VENUES.join(', ')}`)
    .option('--symbols <list>', 'coins: BTC,ETH,SOL')
    .option('--capital <amount>', 'starting capital in quote')
    .option('--interval <interval>', `bars to decide on: ${INIT_INTERVALS.join(', ')}`)
    .option('--store <store>', `tables for queries: ${INIT_STORES.join(', ')}`)
    .option('--notify <list>', `${INIT_NOTIFY.join(', ')}, or none`)
    .option('--smtp-host <host>', 'email: server')
    .option('--mail-to <address>', 'email: recipient')
    .option('--mail-from <address>', 'email: sender (default: the recipient)')
    .option('--simulator', 'paper: the venues of quantbot sim-exchange --venue all --port 8801')
    .option('--yes', 'ask nothing: flags, and defaults for the rest')
    .addHelpText(
      'after',
      '\nExamples:\n  quantbot init\n  quantbot init desk --mode paper --venue binance,okx --symbols BTC,ETH --yes',
    )
    .action(async (dir: string, _, command: Command) =>
      (await import('./init.action.js')).init(dir, command.optsWithGlobals<InitOptions>()),
    )
}
