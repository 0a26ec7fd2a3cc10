/** Owns `quantbot archive`: moves sealed segments of a run away; verify goes on from their checkpoint. */
import { resolve } from 'node:path'
import { QuantbotError } from '#core/errors'
import { archiveSegments } from '#events/log/archive'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { say, sayJson } from './terminal.js'

export interface ArchiveOptions extends GlobalOptions {
  readonly before: string
  readonly to: string
}

export function archiveCommand(run: string, options: ArchiveOptions): void {
  if (!/^\d+$/.test(options.before))
    throw new QuantbotError('USAGE', `--before ${JSON.stringify(options.before)} is no seq`)
  const archived = archiveSegments(findRun(homeOf(options), run), Number(options.before), resolve(options.to))
  if (options.json === true) {
    sayJson(archived)
    return
  }
  for (const name of archived.moved) say(`moved ${name}`)
  say(
    archived.moved.length === 0
      ? 'No sealed segment ends before that seq.'
      : `${archived.moved.length} segments are in ${archived.folder}`,
  )
}
