/** Owns `quantbot notify test` and `notify status`: whether messages arrive, and what waits for a run's sinks. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { machineTime } from '#actors/scaled-time'
import { QuantbotError } from '#core/errors'
import { isoTime } from '#core/time'
import { FAILURES } from '#monitoring/notify/failures'
import { sinksOf } from '#monitoring/notify/notifier'
import type { NotifyStatus, SinkName } from '#monitoring/notify/notify.port'
import { storedStatus } from '#monitoring/notify/stored-status'
import { trySinks } from '#monitoring/notify/try-sinks'
import { readConfig } from './config-file.js'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { notifyFolder } from './notify-folder.js'
import { notifySecrets } from './notify-secrets.js'
import { money } from './run-words.js'
import { paint, say, sayJson } from './terminal.js'
import { codeVersion } from './version.js'

export interface TestOptions extends GlobalOptions {
  readonly config: string
  readonly sink?: string
}

const SINKS: readonly SinkName[] = ['email', 'slack']

export async function test({ config: path, sink, json }: TestOptions): Promise<void> {
  if (sink !== undefined && !SINKS.some((name) => name === sink))
    throw new QuantbotError('USAGE', `--sink ${JSON.stringify(sink)}: there are ${SINKS.join(' and ')}`)
  const { notifications } = readConfig(path)
  const { email, slack, ...rest } = notifications
  const config = {
    ...rest,
    ...(email !== undefined && sink !== 'slack' ? { email } : {}),
    ...(slack !== undefined && sink !== 'email' ? { slack } : {}),
  }
  const facts = { run: 'none', mode: 'sim' as const, currency: 'USDT' }
  const sinks = sinksOf({ config, secrets: notifySecrets(config), facts, time: machineTime })
  if (sinks.length === 0)
    throw new QuantbotError('CONFIG_INVALID', `${path}: notifications has no ${sink ?? 'email and no slack'}`)
  const tried = await trySinks(sinks, codeVersion(), machineTime)
  if (tried.some(({ isDelivered }) => !isDelivered)) process.exitCode = 1
  if (json === true) {
    sayJson({ sinks: tried })
    return
  }
  for (const { sink: name, isDelivered, ms, code, status: answer, mend } of tried) {
    if (isDelivered) say(`${name}  ${paint('green', 'delivered')}  ${money(ms)} ms`)
    else say(`${name}  ${paint('red', code ?? 'failed')}${answer === null ? '' : ` (${answer})`}\n  mend: ${mend}`)
  }
}

export async function status(run: string, options: GlobalOptions): Promise<void> {
  const home = homeOf(options)
  const id = basename(findRun(home, run))
  const folder = notifyFolder(home, id)
  const told: NotifyStatus = existsSync(folder) ? storedStatus(folder) : { position: 0, sinks: [] }
  if (options.json === true) {
    sayJson({ run: id, ...told })
    return
  }
  if (told.sinks.length === 0) {
    say(`${id}  nobody is told: no sink is configured for it, or its process has not run with one`)
    return
  }
  say(`${id}  told up to seq ${money(told.position)}`)
  for (const { sink, queued, delivered, failures, givenUp, collapsed, lastError, isFailing } of told.sinks) {
    const state = isFailing ? paint('red', 'failing') : paint('green', 'fine')
    const more = `${money(givenUp)} given up, ${money(collapsed)} collapsed`
    say(
      `${sink}  ${state}  ${money(queued)} wait, ${money(delivered)} delivered, ${money(failures)} failed attempts, ${more}`,
    )
    if (lastError === null) continue
    const answer = lastError.status === null ? '' : ` (${lastError.status})`
    say(`  last error ${isoTime(lastError.at)}: ${lastError.code}${answer}\n  mend: ${FAILURES[lastError.code].mend}`)
  }
}
