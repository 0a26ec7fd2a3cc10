/** Owns the options of `quantbot status`, `halt`, `resume`, `flatten` and `restart`; its work is loaded when it is called. */
import type { Command } from 'commander'
import type { CommandOptions } from './control.action.js'
import type { GlobalOptions } from './home.js'
import { LOG_LEVELS } from './log-level.js'

const TELLS = {
  halt: 'no order that adds risk from now on; positions stay',
  resume: 'trade again after a halt',
  flatten: 'close every position, and halt',
} as const

export function registerControl(program: Command): void {
  program
    .command('status')
    .description('state, book and agents of a run; asks its process where one is running')
    .argument('[run]', 'run id, path of a run folder, or last (default: the only running one)')
    .action(async (run: string | undefined, _, command: Command) =>
      (await import('./control.action.js')).status(run, command.optsWithGlobals<GlobalOptions>()),
    )
  for (const name of ['halt', 'resume', 'flatten'] as const)
    program
      .command(name)
      .description(`${TELLS[name]}; an event of the log, answered once it is on disk`)
      .argument('[run]', 'run id or path of a run folder (default: the only running one)')
      .option('--reason <text>', 'why: stands in the log', 'no reason given')
      .action(async (run: string | undefined, _, command: Command) =>
        (await import('./control.action.js')).tell(name, run, command.optsWithGlobals<CommandOptions>()),
      )
  registerRestart(program)
  registerLogLevel(program)
}

function registerRestart(program: Command): void {
  program
    .command('restart')
    .description('stop and start one agent of a running process; its changes of state are events that carry the reason')
    .argument('<agent>', 'name of an agent, such as connector/binance; quantbot status lists them')
    .argument('[run]', 'run id or path of a run folder (default: the only running one)')
    .option('--reason <text>', 'why: stands in the log', 'no reason given')
    .action(async (agent: string, run: string | undefined, _, command: Command) =>
      (await import('./control.action.js')).restart(agent, run, command.optsWithGlobals<CommandOptions>()),
    )
}

function registerLogLevel(program: Command): void {
  program
    .command('log-level')
    .description('level of the log that a running process writes to stderr, from now on; without one it is only told')
    .argument('[level]', LOG_LEVELS.join(', '))
    .argument('[run]', 'run id or path of a run folder (default: the only running one)')
    .addHelpText('after', '\nThe signal SIGUSR2 turns debug on and off, for when nothing else reaches the process.')
    .action(async (level: string | undefined, run: string | undefined, _, command: Command) =>
      (await import('./control.action.js')).logLevel(level, run, command.optsWithGlobals<GlobalOptions>()),
    )
}
