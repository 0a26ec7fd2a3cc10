/**
 * Owns the one pass over a run's log: slice by slice to its end, then on behind each commit; woken, or by looking a few times a second.
 * A fault stops it where it stands and is told. Never writes and never skips a group.
 */
import type { AnyEvent } from '#events/catalogue'
import type { LogPoint } from '#events/log/chain'
import { findStart, type LogStart } from '#events/log/log-start'
import { type ReadManifest, readManifest } from '#events/log/manifest'
import { faultOf, type Group, GroupReader } from './group-reader.js'
import { LogExtent } from './log-extent.js'
import type { RunViewOptions } from './run-view.port.js'
import { SegmentBytes } from './segment-bytes.js'
import type { Head } from './view.port.js'

/** How long the end of the log is waited at without a word, ms; chosen here. */
const POLL_MS = 250
/** Least distance of two looks at the end: commits come up to some hundred times a second. */
const LOOK_MS = 40

/** Beside its seq, what listeners hear of when it changes. */
const KEYS = ['read', 'fault', 'uncommittedBytes', 'checkpointSeq'] as const

interface Waiting {
  readonly seq: number | undefined
  readonly resolve: () => void
}

export class LogPass {
  readonly read: ReadManifest
  readonly from: LogStart
  readonly segments: SegmentBytes
  /** Folds a group and gives its events; set before `start`. */
  onGroup: (group: Group) => readonly AnyEvent[] = () => []
  /** Waited for before the next slice. */
  hasRoom: () => Promise<void> = () => Promise.resolve()
  readonly #runDir: string
  readonly #onEvents: RunViewOptions['onEvents']
  readonly #restMs: RunViewOptions['restMs']
  readonly #extent: LogExtent
  readonly #listeners = new Set<(head: Head) => void>()
  readonly #waiting = new Set<Waiting>()
  readonly #reader: GroupReader
  #head: Head
  #toldSeq = -1
  #sizes: ReadonlyMap<number, number> = new Map()
  #isClosed = false
  #loop: Promise<void> | undefined
  #wake: (() => void) | undefined
  #isWoken = false

  constructor({ runDir, onEvents, restMs }: RunViewOptions) {
    this.#runDir = runDir
    this.#onEvents = onEvents
    this.#restMs = restMs
    this.read = readManifest(runDir)
    this.from = findStart(runDir, this.read)
    this.segments = new SegmentBytes(runDir)
    this.#extent = new LogExtent(runDir, this.read)
    const { point, lastTs } = this.from
    this.#reader = this.readerFrom(point)
    const { seq, hash, segment } = point
    this.#head = { seq, ts: lastTs, hash, segment, checkpointSeq: 0, read: 0, fault: null, uncommittedBytes: 0 }
  }

  get head(): Head {
    return this.#head
  }

  readerFrom(point: LogPoint): GroupReader {
    return new GroupReader(this.#runDir, this.segments, point, this.read.manifest.log === 'full')
  }

  onHead(fn: (head: Head) => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  committed(lastSeq: number): void {
    if (lastSeq > this.#head.seq) this.#rouse()
  }

  caughtUp(seq?: number): Promise<void> {
    if (this.#isClosed || this.#head.fault !== null) return Promise.resolve()
    if (seq !== undefined && this.#head.seq >= seq) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.add({ seq, resolve })
      this.#rouse()
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#rouse()
    await this.#loop
    this.#reader.close()
    this.segments.clear()
    this.#settle(() => true)
  }

  async #run(): Promise<void> {
    try {
      this.#sizes = this.#extent.sizes()
      while (!this.#isClosed) {
        // Asked before the look: who waits for "now" is answered by a look that began later.
        const asked = [...this.#waiting]
        const begun = performance.now() // nondeterminism-ok: a viewer looks at the clock of its machine
        const groups = await this.#reader.next()
        if (this.#isClosed) return
        if (groups.length > 0) {
          await this.#take(groups)
          await this.#giveWay(performance.now() - begun) // nondeterminism-ok: as above
          continue
        }
        if (this.#head.read < 1) this.segments.clear()
        this.#tell({ read: 1, uncommittedBytes: this.#reader.uncommittedBytes })
        this.#settle((waiting) => waiting.seq === undefined && asked.includes(waiting))
        await this.#rest()
      }
    } catch (error) {
      this.#tell({ fault: faultOf(error) })
    } finally {
      this.#settle(() => true)
    }
  }

  async #take(groups: readonly Group[]): Promise<void> {
    const events: (readonly AnyEvent[])[] = []
    for (const group of groups) {
      events.push(this.onGroup(group))
      this.#head = { ...this.#head, ...headOf(group) }
    }
    this.#tell({ read: this.#head.read === 1 ? 1 : this.#progress(), uncommittedBytes: 0 })
    if (this.#onEvents !== undefined) this.#onEvents(events.flat(), this.#head)
    this.#settle(({ seq }) => seq !== undefined && this.#head.seq >= seq)
    await this.hasRoom()
    await new Promise((resolve) => setImmediate(resolve)) // nondeterminism-ok: the server of this thread answers meanwhile
  }

  async #giveWay(workedMs: number): Promise<void> {
    const restMs = this.#restMs?.(workedMs) ?? 0
    if (restMs === 0 || this.#waiting.size > 0 || this.#isClosed) return
    await new Promise((resolve) => setTimeout(resolve, restMs).unref()) // nondeterminism-ok: as above
  }

  #tell(change: Partial<Head>): void {
    const before = this.#head
    this.#extent.refresh()
    const head = { ...before, ...change, checkpointSeq: this.#extent.checkpointSeq }
    this.#head = head
    const isSame = head.seq === this.#toldSeq && KEYS.every((key) => head[key] === before[key])
    if (isSame) return
    this.#toldSeq = head.seq
    for (const listener of this.#listeners) listener(this.#head)
  }

  /** Share of the bytes that were there at the start. */
  #progress(): number {
    const { segment, offset } = this.#reader.point
    let [all, behind] = [0, 0]
    for (const [number, size] of this.#sizes) {
      all += size
      if (number < segment) behind += size
      else if (number === segment) behind += Math.min(offset, size)
    }
    return all === 0 ? 0 : Math.min(0.999, behind / all)
  }

  #settle(isDone: (waiting: Waiting) => boolean): void {
    for (const waiting of this.#waiting) {
      if (!isDone(waiting)) continue
      this.#waiting.delete(waiting)
      waiting.resolve()
    }
  }

  #rouse(): void {
    this.#isWoken = true
    this.#wake?.()
  }

  /** Until a word comes or it is time to look again. */
  async #rest(): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS) // nondeterminism-ok: a viewer looks at the clock of its machine
        timer.unref()
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = undefined
    }
    this.#isWoken = false
    if (this.#waiting.size > 0 || this.#isClosed) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref()) // nondeterminism-ok: as above
  }
}

function headOf({ commit }: Group): Pick<Head, 'seq' | 'ts' | 'hash' | 'segment'> {
  return { seq: commit.lastSeq, ts: commit.lastTs, hash: commit.hash, segment: commit.segment }
}
