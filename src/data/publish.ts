/**
 * Owns how files get into the lake: written aside, synced, named in an intent, then renamed; all of a set or none.
 * One writer at a time, by DuckDB's own lock on `.staging/lock.duckdb`, which the system frees when a process dies.
 * Never changes a published file; one that compaction merged is moved to where manifests still find it.
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
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { DuckDBInstance } from '@duckdb/node-api'
import { QuantbotError } from '#core/errors'
import { lakeDir, RETIRED } from './layout.js'

const INTENT = 'intent.json'
/** How often and how long a reader waits for a publication that is under way; renames take milliseconds. */
const READER_TRIES = 20
const READER_WAIT_MS = 100

/** A set of files on its way into the lake. */
export interface Stage {
  /** Absolute path to write the file to whose place in the lake is `relative`. */
  aside(relative: string): string
  /** The published file is moved away with the publication: what stands aside replaces it. */
  retire(relative: string): void
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

/** What a publication has decided on: files that stand aside, by their number, and files to move away. */
interface Intent {
  readonly publish: readonly string[]
  readonly retire: readonly string[]
}

/** Renames what an intent names. Files that were renamed before a crash are no longer there and are passed over. */
function finish(home: string, dir: string, intent: Intent, before?: (done: number) => void): void {
  const root = lakeDir(home)
  const touched = new Set<string>()
  const move = (source: string, name: string): void => {
    const target = join(root, name)
    mkdirSync(dirname(target), { recursive: true })
    for (const path of [target, source])
      for (let folder = dirname(path); folder.length >= root.length; folder = dirname(folder)) touched.add(folder)
    if (existsSync(source)) renameSync(source, target)
  }
  intent.publish.forEach((name, i) => {
    before?.(i)
    move(join(dir, String(i)), name)
  })
  intent.retire.forEach((name, i) => {
    before?.(intent.publish.length + i)
    move(join(root, name), join(RETIRED, name))
  })
  for (const folder of touched) sync(folder)
  rmSync(dir, { recursive: true, force: true })
}

/** An older version wrote the list of files alone. */
function readIntent(dir: string): Intent | undefined {
  const path = join(dir, INTENT)
  if (!existsSync(path)) return undefined
  const read: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (Array.isArray(read)) return { publish: read.map(String), retire: [] }
  const { publish, retire } = (read ?? {}) as Partial<Record<keyof Intent, unknown>> // looked at below
  return Array.isArray(publish) && Array.isArray(retire)
    ? { publish: publish.map(String), retire: retire.map(String) }
    : undefined
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
    const intent = readIntent(dir)
    if (intent) finish(home, dir, intent)
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
    lock = await (await import('@duckdb/node-api')).DuckDBInstance.create(path)
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
  const retired: string[] = []
  mkdirSync(dir)
  return {
    retire: (relative) => void retired.push(relative),
    aside(relative) {
      names.push(relative)
      return join(dir, String(names.length - 1))
    },
    publish(before) {
      for (let i = 0; i < names.length; i++) sync(join(dir, String(i)))
      const total = names.length + retired.length
      before?.(-1, total)
      const draft = join(dir, `${INTENT}.draft`)
      const intent: Intent = { publish: names, retire: retired }
      writeFileSync(draft, JSON.stringify(intent))
      sync(draft)
      renameSync(draft, join(dir, INTENT))
      sync(dir)
      finish(home, dir, intent, (done) => before?.(done, total))
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

/** Undefined while a publication is under way; otherwise changes with every set that a writer opens or closes. */
function stillness(home: string): bigint | undefined {
  if (stagedFolders(home).some((dir) => existsSync(join(dir, INTENT)))) return undefined
  return statSync(stagingDir(home), { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n
}

/** What `look` sees of the lake at one instant: looked again when a publication began or ended meanwhile. */
export async function steady<T>(home: string, look: () => T): Promise<T> {
  for (let i = 0; ; i++) {
    await settle(home)
    const before = stillness(home)
    const seen = look()
    if ((before !== undefined && stillness(home) === before) || i === READER_TRIES) return seen
    await wait(i)
  }
}
