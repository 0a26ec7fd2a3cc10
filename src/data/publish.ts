/**
 * Owns how files get into the lake: written aside, synced, named in an intent, then renamed; all of a set or none.
 * One writer at a time, by DuckDB's own lock on `.staging/lock.duckdb`, which the system frees when a process dies.
 * Never changes or removes a published file.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { QuantbotError } from '#core/errors'
import { lakeDir } from './layout.js'

const INTENT = 'intent.json'
/** How often and how long a reader waits for a publication that is under way; renames take milliseconds. */
const READER_TRIES = 20
const READER_WAIT_MS = 100

/** A set of files on its way into the lake. */
export interface Stage {
  /** Absolute path to write the file to whose place in the lake is `relative`. */
  aside(relative: string): string
  /**
   * Publishes all files so far. `before(done, total)` is called before each rename, and with done = −1 before the intent
   * is written: a process that dies from then on has decided, and the next one finishes for it.
   */
  publish(before?: (done: number, total: number) => void): void
}

const stagingDir = (home: string): string => join(lakeDir(home), '.staging')

function sync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Renames what an intent names. Files that were renamed before a crash are no longer aside and are passed over. */
function finish(home: string, dir: string, names: readonly string[], before?: (done: number) => void): void {
  const root = lakeDir(home)
  const touched = new Set<string>()
  names.forEach((name, i) => {
    before?.(i)
    const target = join(root, name)
    mkdirSync(dirname(target), { recursive: true })
    for (let folder = dirname(target); folder.length >= root.length; folder = dirname(folder)) touched.add(folder)
    const source = join(dir, String(i))
    if (existsSync(source)) renameSync(source, target)
  })
  for (const folder of touched) sync(folder)
  rmSync(dir, { recursive: true, force: true })
}

function readIntent(dir: string): readonly string[] | undefined {
  const path = join(dir, INTENT)
  if (!existsSync(path)) return undefined
  const names: unknown = JSON.parse(readFileSync(path, 'utf8'))
  return Array.isArray(names) ? names.map(String) : undefined
}

function stagedFolders(home: string): string[] {
  const base = stagingDir(home)
  if (!existsSync(base)) return []
  return readdirSync(base, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(base, entry.name))
}

/** What a dead writer left: a set with its intent is published to the end, one without is dropped. Needs the lock. */
function recover(home: string): void {
  for (const dir of stagedFolders(home)) {
    const names = readIntent(dir)
    if (names) finish(home, dir, names)
    else rmSync(dir, { recursive: true, force: true })
  }
}

const held = new Map<string, Promise<unknown>>()

async function locked<T>(home: string, use: () => Promise<T>): Promise<T> {
  const base = stagingDir(home)
  mkdirSync(base, { recursive: true })
  const before = held.get(base) ?? Promise.resolve()
  const turn = before.then(() => lockedAcrossProcesses(base, use))
  const settled = turn.catch(() => undefined)
  held.set(base, settled)
  try {
    return await turn
  } finally {
    if (held.get(base) === settled) held.delete(base)
  }
}

async function lockedAcrossProcesses<T>(base: string, use: () => Promise<T>): Promise<T> {
  const path = join(base, 'lock.duckdb')
  let lock: DuckDBInstance
  try {
    lock = await DuckDBInstance.create(path)
  } catch (cause) {
    if (cause instanceof Error && /set lock/i.test(cause.message)) throw new QuantbotError('LAKE_BUSY', base, { cause })
    throw cause
  }
  try {
    return await use()
  } finally {
    lock.closeSync()
  }
}

/**
 * Runs `use` as the only writer of the lake. What it wrote aside and did not publish is removed.
 * Throws LAKE_BUSY while another process writes.
 */
export async function asWriter<T>(home: string, use: (newStage: () => Stage) => Promise<T>): Promise<T> {
  return locked(home, async () => {
    recover(home)
    let stages = 0
    try {
      return await use(() => openStage(home, join(stagingDir(home), `set-${++stages}`)))
    } finally {
      recover(home)
    }
  })
}

function openStage(home: string, dir: string): Stage {
  const names: string[] = []
  mkdirSync(dir)
  return {
    aside(relative) {
      names.push(relative)
      return join(dir, String(names.length - 1))
    },
    publish(before) {
      for (let i = 0; i < names.length; i++) sync(join(dir, String(i)))
      before?.(-1, names.length)
      const draft = join(dir, `${INTENT}.draft`)
      writeFileSync(draft, JSON.stringify(names))
      sync(draft)
      renameSync(draft, join(dir, INTENT))
      sync(dir)
      finish(home, dir, names, (done) => before?.(done, names.length))
    },
  }
}

/** Before reading: finishes a publication that a dead process had decided on. Costs one look at a folder. */
export async function settle(home: string): Promise<void> {
  for (let i = 0; stagedFolders(home).some((dir) => existsSync(join(dir, INTENT))); i++) {
    try {
      await locked(home, async () => recover(home))
    } catch (error) {
      if (!(error instanceof QuantbotError && error.code === 'LAKE_BUSY') || i === READER_TRIES) throw error
      await wait(READER_WAIT_MS)
    }
  }
}
