/** Owns the options of `quantbot sim-exchange`; its work is loaded when it is called. */
import type { Command } from 'commander'
import { VENUES } from '#data/connectors/normal'
import { KEY_RIGHTS } from '#venues/exchange/protocol.port'
import type { SimExchangeOptions } from './sim-exchange.action.js'

export function registerSimExchange(program: Command): void {
  program
    .command('sim-exchange')
    .description(
      'a venue on loopback: its REST, sockets, limits and bad days, playing a market that never was or the lake',
    )
    .requiredOption('--venue <venue>', `${[...VENUES].sort().join(', ')}, or all of them: all`)
    .option('--port <port>', 'port of 127.0.0.1; 0: any free one', '0')
    .option('--market <market>', 'generated, or lake: the bars that were imported', 'generated')
    .option('--speed <factor>', 'venue time against real time', '1')
    .option('--start <time>', 'UTC time at which the venue begins; default: now, or the middle of the lake')
    .option('--seed <n>', 'of the generated market and of faults', '1')
    .option('--symbols <n>', 'how many coins; default 20')
    .option('--faults <file>', 'YAML or JSON: a list of faults, or {seed, everySeconds, kinds}')
    .option('--rights <list>', `what the key of the simulated account may do: ${KEY_RIGHTS.join(', ')}`, 'read,trade')
    .addHelpText(
      'after',
      '\nExamples:\n  quantbot sim-exchange --venue all --port 8801\n  quantbot sim-exchange --venue okx --speed 20 --faults faults.yaml',
    )
    .action(async (_, command: Command) =>
      (await import('./sim-exchange.action.js')).simExchangeCommand(command.optsWithGlobals<SimExchangeOptions>()),
    )
}
