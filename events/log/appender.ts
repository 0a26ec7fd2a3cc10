/**
 * Owns the open segment file: where the next bytes go, writing them whole, syncing, and cutting back after a failure.
 * Never knows what the bytes mean and never reports success before they are durable.
 */
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import type { LogFiles } from './log-files.port.js'
import { logFolder, segmentPath } from './segments.js'

/** Where writing goes on. */
export interface AppendPlace {
  readonly segment: number
  readonly offset: number
  /** Whether the segment's file is there already. */
  readonly exists: boolean
}

export class SegmentAppender {
  readonly #runDir: string
  readonly #files: LogFiles
  readonly #sync: boolean
  #segment: number
  #offset: number
  #exists: boolean
  #fd: number | undefined
  /** Bytes behind the offset may be there from a failed write. */
  #isDirty = false
  #isNameDurable: boolean

  constructor(runDir: string, files: LogFiles, sync: boolean, place: AppendPlace) {
    this.#runDir = runDir
    this.#files = files
    this.#sync = sync
    this.#segment = place.segment
    this.#offset = place.offset
    this.#exists = place.exists
    this.#isNameDurable = place.exists
  }

  get segment(): number {
    return this.#segment
  }

  /** Bytes of the segment that are durable. */
  get offset(): number {
    return this.#offset
  }

  /** Leaves the segment; the next write begins the one after it. */
  rotate(): void {
    invariant(!this.#isDirty, 'a segment with a failed write at its end is not left')
    this.close()
    this.#segment++
    this.#offset = 0
    this.#exists = false
    this.#isNameDurable = false
  }

  /** Writes all buffers in order and syncs. After an error nothing counts as written and the call may be repeated. */
  writeSync(buffers: readonly Uint8Array[]): void {
    const fd = this.#prepare()
    const begun = this.#offset
    this.#isDirty = true
    try {
      let at = begun
      for (let rest = buffers; rest.length > 0; ) {
        const written = this.#files.writevSync(fd, rest, at)
        at += written
        rest = behind(rest, written)
      }
      if (this.#sync) this.#files.fdatasyncSync(fd)
      this.#offset = at
      this.#isDirty = false
    } finally {
      this.#cutBack(fd)
    }
  }

  /** As `writeSync`, without blocking. The caller awaits it before the next write. */
  async write(buffers: readonly Uint8Array[]): Promise<void> {
    const fd = this.#prepare()
    const begun = this.#offset
    this.#isDirty = true
    try {
      let at = begun
      for (let rest = buffers; rest.length > 0; ) {
        const written = await this.#files.writev(fd, rest, at)
        at += written
        rest = behind(rest, written)
      }
      if (this.#sync) await this.#files.fdatasync(fd)
      this.#offset = at
      this.#isDirty = false
    } finally {
      this.#cutBack(fd)
    }
  }

  close(): void {
    const fd = this.#fd
    this.#fd = undefined
    if (fd !== undefined) this.#files.close(fd)
  }

  #prepare(): number {
    if (this.#fd === undefined) {
      const path = segmentPath(this.#runDir, this.#segment)
      this.#fd = this.#files.open(path, this.#exists ? 'continue' : 'create')
      this.#exists = true
    }
    if (!this.#isNameDurable) {
      if (this.#sync) this.#files.syncDirectory(logFolder(this.#runDir))
      this.#isNameDurable = true
    }
    if (this.#isDirty) {
      this.#files.truncate(this.#fd, this.#offset)
      this.#isDirty = false
    }
    return this.#fd
  }

  /** After a failure: back to the last durable byte. Where that fails too, the next write tries again first. */
  #cutBack(fd: number): void {
    if (!this.#isDirty) return
    try {
      this.#files.truncate(fd, this.#offset)
      this.#isDirty = false
    } catch {
      // Stays dirty; the error that led here is the one to report.
    }
  }
}

/** What is left to write after `written` bytes of the buffers. */
function behind(buffers: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  if (written <= 0) throw new QuantbotError('LOG_WRITE_FAILED', 'the disk took no bytes')
  let skip = written
  let index = 0
  while (index < buffers.length && skip >= buffers[index]!.length) skip -= buffers[index++]!.length
  if (index === buffers.length) return []
  return [buffers[index]!.subarray(skip), ...buffers.slice(index + 1)]
}
