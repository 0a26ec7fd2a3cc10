/**
 * Owns reading a log: only committed events, in order, chain checked on the way, in bounded memory (4 MiB, the longest
 * group, or one sealed segment). Never writes, needs no lock, and may read while another process appends.
 */
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import { type Commit, forEachLine, type LogPoint, readSeq } from './chain.js'
import { ChainWalk, type Fault } from './chain-walk.js'
import { readCheckpoints } from './checkpoints.js'
import { findStart, type LogStart, trustedCheckpoint } from './log-start.js'
import { type ReadManifest, readManifest } from './manifest.js'
import { GroupScanner } from './scanner.js'
import { type ByteSource, openSegment, readSegments, type SegmentFile, segmentOfName, segmentPath } from './segments.js'
import { judgeTail, readTail } from './tail.js'

export { forEachLine } from './chain.js'
export { readSegments } from './segments.js'

export interface ReadOptions {
  /** Begin behind this commit. */
  readonly from?: LogPoint
  /** Archived segments: `refuse` (default) throws LOG_CORRUPT, `skip` begins behind them. Without `from` only. */
  readonly absent?: 'refuse' | 'skip'
}

export interface ReadEnd {
  /** Last commit that was given; undefined when there was none. */
  readonly last: Commit | undefined
  /** Bytes behind it: a group being written just now, or a torn tail. */
  readonly uncommittedBytes: number
}

/** `bytes` (event lines with newlines) is valid during the call only. Return `false` to stop. */
export type GroupVisitor = (bytes: Buffer, commit: Commit) => unknown

/** Calls `fn` with each committed group. LOG_CORRUPT names segment and seq of a damaged one. O(bytes). */
export function forEachGroup(runDir: string, fn: GroupVisitor, options: ReadOptions = {}): ReadEnd {
  const cursor = new LogCursor(runDir, options)
  try {
    while (cursor.next()) if (fn(cursor.lines(), cursor.commit()) === false) break
    return cursor.end()
  } finally {
    cursor.close()
  }
}

/** Calls `fn` with each committed event, parsed; return `false` to stop. For tools: decoders read the lines themselves. */
export function readEvents(
  runDir: string,
  fn: (event: { readonly [key: string]: unknown }) => unknown,
  options: ReadOptions = {},
): ReadEnd {
  return forEachGroup(
    runDir,
    (group) => {
      let goOn = true
      forEachLine(group, (bytes, start, end) => {
        if (goOn) goOn = fn(JSON.parse(bytes.toString('utf8', start, end))) !== false
      })
      return goOn
    },
    options,
  )
}

/** As `readEvents`, as an async iterator. Yields to the event loop after each group. */
export async function* iterateEvents(
  runDir: string,
  options: ReadOptions = {},
): AsyncGenerator<{ readonly [key: string]: unknown }> {
  const cursor = new LogCursor(runDir, options)
  try {
    while (cursor.next()) {
      const lines = cursor.lines().toString('utf8').split('\n')
      for (let i = 0; i < lines.length - 1; i++) yield JSON.parse(lines[i]!)
      await new Promise((resolve) => setImmediate(resolve)) // nondeterminism-ok: lets other work run
    }
  } finally {
    cursor.close()
  }
}

/** The event line with this seq, and its group's commit; undefined when no such event is written. O(one segment). */
export function findSeq(runDir: string, seq: number): { readonly line: string; readonly commit: Commit } | undefined {
  let found: { readonly line: string; readonly commit: Commit } | undefined
  const from = pointBefore(runDir, seq)
  const visit: GroupVisitor = (group, commit) => {
    if (commit.lastSeq < seq) return true
    forEachLine(group, (bytes, start, end) => {
      if (readSeq(bytes, start, end) === seq) found = { line: bytes.toString('utf8', start, end), commit }
    })
    return false
  }
  forEachGroup(runDir, visit, from ? { from } : { absent: 'skip' })
  return found
}

/** End of the last segment that is there, sealed, and ends before `seq`. */
function pointBefore(runDir: string, seq: number): LogPoint | undefined {
  const read = readManifest(runDir)
  const checkpoints = readCheckpoints(runDir)
  const candidate = checkpoints.findLast((checkpoint) => checkpoint.lastSeq < seq)
  const segment = candidate ? segmentOfName(candidate.segment) : undefined
  if (segment === undefined || !readSegments(runDir).some((file) => file.segment === segment + 1)) return undefined
  const trusted = trustedCheckpoint(checkpoints, read, segment)
  return trusted && { segment: segment + 1, offset: 0, seq: trusted.lastSeq, hash: trusted.hash }
}

/** A position that moves over the committed groups of a log. Close it. */
export class LogCursor {
  readonly #runDir: string
  readonly #read: ReadManifest
  readonly #start: LogStart
  readonly #walk: ChainWalk
  #index = -1
  #source: ByteSource | undefined
  #scanner: GroupScanner | undefined
  #last: Commit | undefined
  #uncommitted = 0

  constructor(runDir: string, options: ReadOptions = {}) {
    this.#runDir = runDir
    this.#read = readManifest(runDir)
    this.#start = findStart(runDir, this.#read, options.from)
    const { absent } = this.#start
    if (!options.from && absent.length > 0 && options.absent !== 'skip') {
      const detail = `${segmentPath(runDir, absent[0]!)} to ${absent.at(-1)} are archived: put them back to read from the start`
      throw new QuantbotError('LOG_CORRUPT', detail)
    }
    this.#walk = new ChainWalk(this.#start.point, this.#read.manifest.log === 'full')
  }

  /** What the log says about itself. */
  get manifest(): ReadManifest {
    return this.#read
  }

  /** Moves to the next committed group; false at the end. */
  next(): boolean {
    for (;;) {
      const scan = this.#scanner?.next() ?? 'end'
      if (scan === 'end') {
        if (!this.#openNext()) return false
        continue
      }
      const fault = scan === 'group' ? this.#walk.step(this.#scanner!) : undefined
      if (scan === 'tail' || fault) {
        this.#stop(fault)
        return false
      }
      const scanner = this.#scanner!
      this.#last = {
        lastSeq: scanner.lastSeq,
        lastTs: scanner.lastTs(),
        count: scanner.count,
        hash: this.#walk.hash,
        segment: this.#file().segment,
        offset: scanner.end,
      }
      return true
    }
  }

  /** Event lines of the group in hand; a view that the next call of `next` destroys. */
  lines(): Buffer {
    invariant(this.#scanner, 'LogCursor.lines before next')
    return this.#scanner.lines()
  }

  commit(): Commit {
    invariant(this.#last, 'LogCursor.commit before next')
    return this.#last
  }

  end(): ReadEnd {
    return { last: this.#last, uncommittedBytes: this.#uncommitted }
  }

  close(): void {
    this.#source?.close()
    this.#source = undefined
  }

  #file(): SegmentFile {
    return this.#start.segments[this.#index]!
  }

  #openNext(): boolean {
    if (this.#index + 1 >= this.#start.segments.length) return false
    this.#index++
    this.close()
    const { segment } = this.#file()
    this.#source = openSegment(this.#runDir, this.#file())
    const { point } = this.#start
    this.#scanner = new GroupScanner(this.#source, segment === point.segment ? point.offset : 0)
    return true
  }

  /** Bytes without a valid commit: fine where one interrupted or running write can have left them. */
  #stop(fault: Fault | undefined): void {
    const { segment, plain, gzip } = this.#file()
    const start = this.#scanner!.start
    const isLast = this.#index === this.#start.segments.length - 1 && plain && !gzip
    const tail = isLast ? readTail(this.#source!, start) : undefined
    const judged = tail && judgeTail(tail)
    if (!judged?.torn) {
      const what = fault ? `${fault.code}: ${fault.detail}` : 'no commit line follows'
      const seq = fault?.seq ?? this.#walk.seq + 1
      throw new QuantbotError('LOG_CORRUPT', `${segmentPath(this.#runDir, segment)}: group of seq ${seq}: ${what}`)
    }
    this.#uncommitted = tail!.length
  }
}
