/** Owns the options of `quantbot parse`; its work is loaded when it is called. */
import type { Command } from 'commander'
import { VENDORS, VENUES } from '#data/connectors/normal'
import type { ParseOptions } from './parse.action.js'

/** `topics`: behind its help, which commander prints at once; the parsers that know them are loaded for it alone. */
export function registerParse(program: Command, topics: string): void {
  program
    .command('parse')
    .description('print the normalised form of payloads of a venue: REST answers or frames of its sockets')
    .argument('<file>', 'a JSON document, a fixture, or lines of frames (.jsonl, .gz, recordings); - is standard input')
    .requiredOption('--venue <venue>', `one of ${[...VENDORS, ...VENUES].join(', ')}`)
    .option('--as <topic>', 'topic or endpoint that the payload is of; without it, it is told by its keys')
    .option('--market <market>', 'market that it is of, where it does not say')
    .option('--symbol <symbol>', 'symbol that was asked for, where it does not say')
    .option('--interval <interval>', 'interval of bars, where it does not say')
    .option('--instruments <file>', "the venue's own list of instruments, for contract sizes")
    .addHelpText('after', topics)
    .action(async (file: string, _, command: Command) =>
      (await import('./parse.action.js')).parseCommand(file, command.optsWithGlobals<ParseOptions>()),
    )
}
