/** Owns looking at what the home holds: chains of the newest runs, who holds them, files of the lake. Reads only. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { Config } from '#core/config/schema'
import type { Commit } from '#core/ports'
import { lakeDir, listFiles, listKeys, locate } from '#data/layout'
import { pointOf } from '#events/log/chain'
import { lockOwner } from '#events/log/lock'
import { matchesCommit } from '#events/log/log-start'
import { readManifest } from '#events/log/manifest'
import { LogCursor } from '#events/log/reader'
import { verifyLog } from '#events/log/verify'
import { isBad, parseSnapshot } from '#snapshots/snapshot-file'
import { snapshotFolder } from '#snapshots/store'
import { listRuns } from '../home.js'
import { type Check, type Finding, type Found, failed, ok, warn } from './finding.js'

/** Newest runs that are looked at (ours). */
const RUNS = 3
const QUICK_MS = 15_000
const DEEP_MS = 30 * 60_000
/** Files of the lake whose ends are looked at (ours). */
const FILES = 500
const DAMAGED = 'Restore it from a backup (quantbot restore), or move the folder away; quantbot audit verify tells all.'

export function logChecks(home: string, isDeep: boolean): Check[] {
  const runs = listRuns(home).slice(-RUNS).reverse()
  if (runs.length === 0) return [{ area: 'log', subject: 'runs', run: async () => ok('none yet') }]
  return runs.map((dir) => ({
    area: 'log',
    subject: basename(dir),
    timeoutMs: isDeep ? DEEP_MS : QUICK_MS,
    run: (signal: AbortSignal) => (isDeep ? deep(dir) : quick(dir, signal)),
  }))
}

const heldBy = (dir: string): string => {
  const pid = lockOwner(dir)
  return pid === undefined ? '' : `; held by process ${pid}`
}

/** The chain behind the newest snapshot that the log vouches for; all of it where there is none. */
async function quick(dir: string, signal: AbortSignal): Promise<Found> {
  readManifest(dir)
  const from = newestSnapshot(dir)
  const cursor = new LogCursor(dir, from === undefined ? {} : { from: pointOf(from) })
  let seq = from?.lastSeq ?? 0
  const begun = performance.now()
  try {
    while (cursor.next()) {
      seq = cursor.commit().lastSeq
      if (signal.aborted || performance.now() - begun > QUICK_MS * 0.8)
        return warn(
          `the chain holds up to seq ${seq}, which is not its end`,
          'Prove all of it: quantbot doctor --deep.',
        )
      await turn()
    }
  } finally {
    cursor.close()
  }
  return ok(
    `the chain holds from ${from === undefined ? 'the start' : `seq ${from.lastSeq}`} to seq ${seq}${heldBy(dir)}`,
  )
}

function newestSnapshot(dir: string): Commit | undefined {
  const folder = snapshotFolder(dir)
  if (!existsSync(folder)) return undefined
  const commits = readdirSync(folder).flatMap((name) => {
    const read = parseSnapshot(readFileSync(join(folder, name), 'utf8'))
    return isBad(read) ? [] : [read.commit]
  })
  commits.sort((a, b) => b.lastSeq - a.lastSeq)
  return commits.find((commit) => matchesCommit(dir, pointOf(commit)))
}

async function deep(dir: string): Promise<Found> {
  const { ok: isWhole, problems, lastSeq, events } = await verifyLog(dir)
  // A process that writes has a group on its way.
  if (isWhole) return ok(`${events} events proved, to seq ${lastSeq}${heldBy(dir)}`)
  return failed(`${problems.length} problems; first: ${problems[0]?.detail ?? 'unknown'}`, DAMAGED)
}

export function lakeChecks(home: string, { universe }: Config): Check[] {
  return [{ area: 'lake', subject: 'files', run: (signal) => lake(home, universe.length > 0, signal) }]
}

async function lake(home: string, isNeeded: boolean, signal: AbortSignal): Promise<Found | readonly Finding[]> {
  if (!existsSync(lakeDir(home)))
    return isNeeded
      ? warn('empty', 'quantbot backfill or quantbot import fills it; a run on venues fetches what its signals need.')
      : ok('empty; the built-in market needs none')
  const keys = listKeys(home)
  const files = keys.flatMap((key) => listFiles(home, key))
  const newest = files
    .map(({ path }) => locate(home, path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
    .slice(0, FILES)
  const torn: string[] = []
  for (const path of newest) {
    if (signal.aborted) break
    if (!isParquet(path)) torn.push(path)
    await turn()
  }
  if (torn.length > 0)
    return failed(
      `${torn.length} files are no whole Parquet: ${torn.slice(0, 3).join(', ')}`,
      'Move them away and fill the lake again (quantbot backfill).',
    )
  return ok(`${keys.length} series in ${files.length} files; the newest ${newest.length} are whole`)
}

/** A Parquet file begins and ends with its mark (parquet.apache.org, file format). */
function isParquet(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(8)
    const { size } = statSync(path)
    if (size < 12) return false
    readSync(file, bytes, 0, 4, 0)
    readSync(file, bytes, 4, 4, size - 4)
    return bytes.toString('latin1') === 'PAR1PAR1'
  } finally {
    closeSync(file)
  }
}
