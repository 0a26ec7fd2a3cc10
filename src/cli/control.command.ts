/** Owns `quantbot status`, `halt`, `resume`, `flatten` and `restart`: what a running process is asked and told from outside. */
import type { Command } from 'commander'
import type { CommandOutcome } from '#actors/operator-commands'
import type { RunStatus } from '#actors/run-status'
import { QuantbotError } from '#core/errors'
import { lockOwner } from '#events/log/lock'
import { askRun, chooseRun } from './control-client.js'
import type { LevelOutcome, RestartOutcome } from './control-server.js'
import { type GlobalOptions, homeOf } from './home.js'
import { LOG_LEVELS, type LogLevel } from './process-log.js'
import { statusLines } from './run-view.js'
import { stoppedStatus } from './stopped-status.js'
import { paint, say, sayJson } from './terminal.js'

interface CommandOptions extends GlobalOptions {
  readonly reason: string
}

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
    .action((run: string | undefined, _, command: Command) => status(run, command.optsWithGlobals<GlobalOptions>()))
  for (const name of ['halt', 'resume', 'flatten'] as const)
    program
      .command(name)
      .description(`${TELLS[name]}; an event of the log, answered once it is on disk`)
      .argument('[run]', 'run id or path of a run folder (default: the only running one)')
      .option('--reason <text>', 'why: stands in the log', 'no reason given')
      .action((run: string | undefined, _, command: Command) =>
        tell(name, run, command.optsWithGlobals<CommandOptions>()),
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
    .action((agent: string, run: string | undefined, _, command: Command) =>
      restart(agent, run, command.optsWithGlobals<CommandOptions>()),
    )
}

function registerLogLevel(program: Command): void {
  program
    .command('log-level')
    .description('level of the log that a running process writes to stderr, from now on; without one it is only told')
    .argument('[level]', LOG_LEVELS.join(', '))
    .argument('[run]', 'run id or path of a run folder (default: the only running one)')
    .addHelpText('after', '\nThe signal SIGUSR2 turns debug on and off, for when nothing else reaches the process.')
    .action((level: string | undefined, run: string | undefined, _, command: Command) =>
      logLevel(level, run, command.optsWithGlobals<GlobalOptions>()),
    )
}

async function logLevel(text: string | undefined, run: string | undefined, options: GlobalOptions): Promise<void> {
  const level = LOG_LEVELS.find((name) => name === text)
  if (text !== undefined && level === undefined)
    throw new QuantbotError('USAGE', `${JSON.stringify(text)} is no level; there are ${LOG_LEVELS.join(', ')}`)
  const dir = chooseRun(homeOf(options), run)
  const request: { do: 'log-level'; level?: LogLevel } = { do: 'log-level', ...(level === undefined ? {} : { level }) }
  const outcome = (await askRun(dir, request)) as LevelOutcome // our own server's answer to `log-level`
  if (options.json === true) sayJson(outcome)
  else say(level === undefined ? outcome.level : `log level ${outcome.level}, was ${outcome.was}`)
}

async function restart(agent: string, run: string | undefined, options: CommandOptions): Promise<void> {
  const dir = chooseRun(homeOf(options), run)
  const outcome = (await askRun(dir, { do: 'restart', agent, reason: options.reason })) as RestartOutcome // our own server's answer to `restart`
  if (options.json === true) sayJson({ agent, ...outcome })
  else say(`${agent} is being restarted: event ${outcome.seq} of the log; quantbot status shows its state`)
}

async function status(run: string | undefined, options: GlobalOptions): Promise<void> {
  const dir = chooseRun(homeOf(options), run)
  if (lockOwner(dir) === undefined) {
    const stopped = stoppedStatus(dir)
    if (options.json === true) sayJson(stopped)
    else say(`${stopped.runId}  ${stopped.mode}  stopped at seq ${stopped.seq}`)
    return
  }
  const answer = (await askRun(dir, { do: 'status' })) as RunStatus // our own server's answer to `status`
  if (options.json === true) sayJson(answer)
  else for (const line of statusLines(answer, process.stdout.columns ?? 100)) say(line)
}

async function tell(
  command: 'halt' | 'resume' | 'flatten',
  run: string | undefined,
  options: CommandOptions,
): Promise<void> {
  const dir = chooseRun(homeOf(options), run)
  const outcome = (await askRun(dir, { do: command, reason: options.reason })) as CommandOutcome // as above
  if (options.json === true) {
    sayJson(outcome)
    return
  }
  say(`${command} is event ${outcome.seq} of the log`)
  if (outcome.halted !== null) say(paint('red', `trading halted (seq ${outcome.halted})`))
  if (outcome.resumed !== null) say(paint('green', `trading resumed (seq ${outcome.resumed})`))
  for (const { seq, order, instrument } of outcome.orders) say(`order ${order} closes ${instrument} (seq ${seq})`)
  if (outcome.events.length === 0) say(command === 'resume' ? 'trading was not halted' : 'nothing had to change')
}
