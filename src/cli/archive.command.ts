/** Owns `quantbot archive`: moves sealed segments of a run away; verify goes on from their checkpoint. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { QuantbotError } from '#core/errors'
import { archiveSegments } from '#events/log/archive'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { say, sayJson } from './terminal.js'

interface ArchiveOptions extends GlobalOptions {
  readonly before: string
  readonly to: string
}

export function registerArchive(program: Command): void {
  program
    .command('archive')
    .description(
      'move sealed segments of a run to another folder; audit verify goes on from their checkpoint and names what is absent',
    )
    .argument('<run>', 'run id, path of a run folder, or last')
    .requiredOption('--before <seq>', 'moves the segments that end before this seq')
    .requiredOption('--to <dir>', 'where they go')
    .action((run: string, _, command: Command) => archiveCommand(run, command.optsWithGlobals<ArchiveOptions>()))
}

function archiveCommand(run: string, options: ArchiveOptions): void {
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
