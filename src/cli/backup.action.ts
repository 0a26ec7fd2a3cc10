/** Owns `quantbot backup` and `quantbot restore`: a run folder copied while it is written, proved, and put back. */
import { join, resolve } from 'node:path'
import { exact, when } from '#audit/words'
import { publicKeyOf } from '#events/log/keys'
import { type BackupCard, restoreBackup, takeBackup } from './backup-folder.js'
import { findRun, type GlobalOptions, homeOf, runsDir } from './home.js'
import { note, say, sayJson } from './terminal.js'

export interface BackupOptions extends GlobalOptions {
  readonly to: string
}

export interface RestoreOptions extends GlobalOptions {
  readonly as?: string
}

export async function backup(run: string, options: BackupOptions): Promise<void> {
  const to = resolve(options.to)
  const card = await takeBackup(findRun(homeOf(options), run), to, Date.now())
  if (options.json === true) {
    sayJson({ folder: to, ...card })
    return
  }
  say(`backup of run ${card.run} in ${to}${card.isRunning ? ', taken while it runs' : ''}`)
  say(tellEnd(card))
  say(
    'The signing key is not in it: keep a copy of keys/ed25519.pem elsewhere, or the run can be read but not gone on with.',
  )
}

export async function restore(folder: string, options: RestoreOptions): Promise<void> {
  const home = homeOf(options)
  const publicKey = publicKeyOf(home)
  const { dir, card } = await restoreBackup(resolve(folder), runsDir(home), options.as)
  const canGoOn = publicKey === card.publicKey
  if (options.json === true) sayJson({ dir, canGoOn, ...card })
  else {
    say(`run ${card.run} is in ${dir}`)
    say(tellEnd(card))
    if (options.as !== undefined)
      say(`It is still run ${card.run}: look at it, and go on with one of the two only, or with a child of one.`)
  }
  if (!canGoOn)
    note(
      `warning: ${join(home, 'keys')} has not the key that this run is signed with: it can be read, replayed and proved; ` +
        'to go on with it put that key there, or begin a child run (quantbot run --child-of)',
    )
}

const tellEnd = ({ events, lastSeq, lastTs, lastHash, absentSegments }: BackupCard): string =>
  [
    `${exact(String(events))} events, last seq ${exact(String(lastSeq))}${lastTs === null ? '' : ` at ${when(lastTs)} UTC`}`,
    `chain hash ${lastHash}`,
    ...(absentSegments.length === 0 ? [] : [`archived before, not in it: ${absentSegments.join(', ')}`]),
  ].join('\n')
