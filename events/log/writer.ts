/**
 * Owns appending to the log of one run: groups with their commit lines, durable before a call returns, segments rotated
 * and sealed. Never drops a group: what could not be written is kept until it is, and nothing is written past it.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import type { EpochMs } from '#core/time'
import { SegmentAppender } from './appender.js'
import { type Commit, formatCommit, groupHash } from './chain.js'
import type { Checkpoint } from './checkpoints.js'
import { acquireLock, type RunLock } from './lock.js'
import { diskFiles, type LogFiles } from './log-files.port.js'
import { openLog, type Recovery } from './recover.js'
import { type SealContext, sealSegment } from './seal.js'
import { checkpointFile, logFolder, segmentPath } from './segments.js'
import { checkGroup, DEFAULT_SEGMENT_BYTES, DEFAULT_STALL_MS, type LogWriterOptions } from './writer-options.js'

export type { LogWriterOptions } from './writer-options.js'

interface Group {
  readonly buffers: readonly [lines: Uint8Array, commitLine: Buffer]
  readonly count: number
  readonly lastSeq: number
  readonly lastTs: EpochMs
  readonly hash: string
}

export class LogWriter {
  readonly #options: LogWriterOptions
  readonly #files: LogFiles
  readonly #lock: RunLock
  readonly #full: boolean
  readonly #context: SealContext
  readonly #appender: SegmentAppender
  #position: Commit
  /** Seq and hash of the last group taken, written or not. */
  #head: { readonly seq: number; readonly hash: string }
  /** Groups that could not be written, oldest first. */
  readonly #held: Group[] = []
  /** Async commits not settled: at most one being written and one waiting. */
  #pending = 0
  #queue: Promise<unknown> = Promise.resolve()
  #sealing: Promise<unknown> = Promise.resolve()
  #isReported = false
  #isClosed = false

  private constructor(runDir: string, recovery: Recovery, lock: RunLock, options: LogWriterOptions) {
    const { manifest, hash } = recovery.read
    this.#options = options
    this.#files = options.files ?? diskFiles
    this.#lock = lock
    this.#full = manifest.log === 'full'
    this.#context = { runDir, run: manifest.run, manifestHash: hash, signer: options.signer }
    this.#appender = new SegmentAppender(runDir, this.#files, options.sync !== 'none', recovery.appendAt)
    this.#position = recovery.position
    this.#head = { seq: recovery.position.lastSeq, hash: recovery.position.hash }
    for (const segment of recovery.unsealed) this.#sealInBackground(segment)
  }

  /**
   * Takes the run's lock, recovers the log and stands behind its last valid commit.
   * RUN_LOCKED, MANIFEST_INVALID, LOG_CORRUPT; KEY_UNUSABLE when the signer is not the one the manifest names.
   */
  static open(runDir: string, options: LogWriterOptions): { readonly writer: LogWriter; readonly recovery: Recovery } {
    const lock = acquireLock(runDir)
    try {
      for (const folder of [logFolder(runDir), dirname(checkpointFile(runDir))]) mkdirSync(folder, { recursive: true })
      const files = options.files ?? diskFiles
      files.syncDirectory(runDir)
      const recovery = openLog(runDir, options)
      if (recovery.read.manifest.publicKey !== options.signer.publicKey) {
        throw new QuantbotError('KEY_UNUSABLE', `the signing key is not the one that ${runDir} was begun with`)
      }
      return { writer: new LogWriter(runDir, recovery, lock, options), recovery }
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** End of the last durable group. */
  get position(): Commit {
    return this.#position
  }

  /** Whether groups wait for `retry`. */
  get isFailed(): boolean {
    return this.#held.length > 0
  }

  /**
   * Writes one group of whole steps and makes it durable before it returns. The lines are not copied; after
   * LOG_WRITE_FAILED they belong to the writer until `retry`, or the same call again, has succeeded.
   * `lastTs` is the ts of the last event. O(bytes).
   */
  commitSync(lines: Uint8Array, count: number, lastSeq: number, lastTs: EpochMs): Commit {
    invariant(this.#pending === 0, 'commitSync while an async commit is under way')
    const group = this.#take(lines, count, lastSeq, lastTs)
    const begun = this.#files.now()
    try {
      this.#rotateIfFull()
      this.#appender.writeSync(group.buffers)
    } catch (error) {
      throw this.#fail(error, group)
    }
    const tookMs = this.#files.now() - begun
    if (tookMs > this.#stallMs) this.#reportStall(tookMs)
    return this.#done(group)
  }

  /**
   * As `commitSync`, without blocking. One more call may be made while one is under way; it waits. A third one throws.
   * The lines belong to the writer until the promise is fulfilled.
   */
  commit(lines: Uint8Array, count: number, lastSeq: number, lastTs: EpochMs): Promise<Commit> {
    invariant(this.#pending < 2, 'commit: one group is being written and one waits already')
    return this.#enqueue(this.#take(lines, count, lastSeq, lastTs))
  }

  /** Writes what could not be written, in order, and gives the last commit. Rejects as `commit` does. */
  async retry(): Promise<Commit> {
    invariant(this.#pending === 0, 'retry while a commit is under way')
    while (this.#held[0]) await this.#enqueue(this.#held[0])
    return this.#position
  }

  /** Seals the segment in hand; the next commit begins another. Undefined when there is nothing to seal. */
  async seal(): Promise<Checkpoint | undefined> {
    await this.#queue
    invariant(!this.isFailed, 'seal while groups wait for retry')
    if (this.#appender.offset === 0) return undefined
    const { segment } = this.#appender
    this.#appender.rotate()
    return this.#sealAfterOthers(segment, this.#position.hash)
  }

  /**
   * Waits for commits and sealing, then lets go of the folder, whatever happens. Rejects with LOG_WRITE_FAILED while
   * groups wait for `retry` (they are lost with this process, and were never reported durable).
   */
  async close(options: { readonly seal: boolean }): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      await this.#queue
      if (this.isFailed) throw failed(`${this.#held.length} groups were never written`)
      if (options.seal) await this.seal()
      await this.#sealing
    } finally {
      this.#appender.close()
      this.#lock.release()
    }
  }

  get #stallMs(): number {
    return this.#options.stallMs ?? DEFAULT_STALL_MS
  }

  #take(lines: Uint8Array, count: number, lastSeq: number, lastTs: EpochMs): Group {
    invariant(!this.#isClosed, 'the log is closed')
    const held = this.#held[0]
    if (held) {
      const isSame = held.lastSeq === lastSeq && held.count === count && held.buffers[0] === lines
      invariant(isSame, 'a group that could not be written must be written first (retry)')
      return held
    }
    const { seq, hash: prev } = this.#head
    checkGroup(lines, count, seq, lastSeq, lastTs, this.#full)
    const hash = groupHash(prev, lines)
    this.#head = { seq: lastSeq, hash }
    const commitLine = Buffer.from(formatCommit({ commit: lastSeq, count, prev, hash }), 'latin1')
    return { buffers: [lines, commitLine], count, lastSeq, lastTs, hash }
  }

  #enqueue(group: Group): Promise<Commit> {
    this.#pending++
    const result = this.#queue
      .then(() => this.#writeAsync(group))
      .finally(() => {
        this.#pending--
      })
    this.#queue = result.catch(() => undefined)
    return result
  }

  async #writeAsync(group: Group): Promise<Commit> {
    const first = this.#held[0]
    if (first && first !== group) throw this.#fail(failed('the group before it could not be written'), group)
    const stopTimer = this.#files.after(this.#stallMs, () => this.#reportStall(this.#stallMs))
    try {
      this.#rotateIfFull()
      await this.#appender.write(group.buffers)
    } catch (error) {
      throw this.#fail(error, group)
    } finally {
      stopTimer()
    }
    return this.#done(group)
  }

  #rotateIfFull(): void {
    const { segment, offset } = this.#appender
    if (offset < (this.#options.segmentBytes ?? DEFAULT_SEGMENT_BYTES)) return
    this.#appender.rotate()
    this.#sealInBackground(segment, this.#position.hash)
  }

  #done(group: Group): Commit {
    if (this.#held[0] === group) this.#held.shift()
    this.#isReported = false
    const { lastSeq, lastTs, count, hash } = group
    const { segment, offset } = this.#appender
    this.#position = { lastSeq, lastTs, count, hash, segment, offset }
    return this.#position
  }

  /** Keeps the group and reports; gives the error to throw. */
  #fail(cause: unknown, group: Group): QuantbotError {
    if (!this.#held.includes(group)) this.#held.push(group)
    const path = segmentPath(this.#context.runDir, this.#appender.segment)
    const detail = cause instanceof Error ? cause.message : String(cause)
    const error = failed(`${path}: group ending at seq ${group.lastSeq}: ${detail}`, cause)
    this.#report(error)
    return error
  }

  #reportStall(tookMs: number): void {
    const path = segmentPath(this.#context.runDir, this.#appender.segment)
    this.#report(new QuantbotError('LOG_STALLED', `${path}: a write and sync takes over ${Math.floor(tookMs)} ms`))
  }

  #report(error: QuantbotError): void {
    if (this.#isReported) return
    this.#isReported = true
    this.#options.onStalled?.(error)
  }

  #sealInBackground(segment: number, hash?: string): void {
    this.#sealAfterOthers(segment, hash).catch((error: unknown) => this.#options.onSealFailed?.(error))
  }

  /** One segment at a time, in order. */
  #sealAfterOthers(segment: number, hash?: string): Promise<Checkpoint> {
    const result = this.#sealing.then(() => sealSegment(this.#context, segment, hash === undefined ? {} : { hash }))
    this.#sealing = result.catch(() => undefined)
    return result.then((checkpoint) => {
      this.#options.onCheckpoint?.(checkpoint)
      return checkpoint
    })
  }
}

function failed(detail: string, cause?: unknown): QuantbotError {
  return new QuantbotError('LOG_WRITE_FAILED', detail, { cause })
}
