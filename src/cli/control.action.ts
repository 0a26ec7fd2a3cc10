/** Owns `quantbot status`, `halt`, `resume`, `flatten` and `restart`: what a running process is asked and told from outside. */
import type { CommandOutcome } from '#actors/operator-commands'
import type { RunStatus } from '#actors/run-status'
import { QuantbotError } from '#core/errors'
import { lockOwner } from '#events/log/lock'
import { askRun, chooseRun } from './control-client.js'
import type { LevelOutcome, RestartOutcome } from './control-server.js'
import { type GlobalOptions, homeOf } from './home.js'
import { LOG_LEVELS, type LogLevel } from './log-level.js'
import { statusLines } from './run-view.js'
import { stoppedStatus } from './stopped-status.js'
import { paint, say, sayJson } from './terminal.js'

export interface CommandOptions extends GlobalOptions {
  readonly reason: string
}

export async function logLevel(
  text: string | undefined,
  run: string | undefined,
  options: GlobalOptions,
): Promise<void> {
  const level = LOG_LEVELS.find((name) => name === text)
  if (text !== undefined && level === undefined)
    throw new QuantbotError('USAGE', `${JSON.stringify(text)} is no level; there are ${LOG_LEVELS.join(', ')}`)
  const dir = chooseRun(homeOf(options), run)
  const request: { do: 'log-level'; level?: LogLevel } = { do: 'log-level', ...(level === undefined ? {} : { level }) }
  const outcome = (await askRun(dir, request)) as LevelOutcome // our own server's answer to `log-level`
  if (options.json === true) sayJson(outcome)
  else say(level === undefined ? outcome.level : `log level ${outcome.level}, was ${outcome.was}`)
}

export async function restart(agent: string, run: string | undefined, options: CommandOptions): Promise<void> {
  const dir = chooseRun(homeOf(options), run)
  const outcome = (await askRun(dir, { do: 'restart', agent, reason: options.reason })) as RestartOutcome // our own server's answer to `restart`
  if (options.json === true) sayJson({ agent, ...outcome })
  else say(`${agent} is being restarted: event ${outcome.seq} of the log; quantbot status shows its state`)
}

export async function status(run: string | undefined, options: GlobalOptions): Promise<void> {
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

export async function tell(
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
