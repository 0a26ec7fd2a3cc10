/** Owns keeping raw frames for replay, gzip-compressed by venue and day. Never makes a frame wait and never throws. */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { constants, createGzip, type Gzip } from 'node:zlib'
import { type EpochMs, isoDay, SECOND_MS } from '#core/time'

export interface RecorderStats {
  readonly frames: number
  /** Not kept: the disk was slow or failed. */
  readonly dropped: number
}

/** Bytes that may wait for the disk. */
const MAX_WAITING = 16 * 1024 * 1024
/** Frames of so long, on their own times, may be lost with the process. */
const FLUSH_MS = 5 * SECOND_MS
/** Text of a file before the next one is begun: each can be read as a whole. */
const FILE_CHARS_MAX = 128 * 1024 * 1024

interface OpenFile {
  readonly day: string
  flushedAt: EpochMs
  chars: number
  readonly gzip: Gzip
  readonly done: Promise<void>
}

/**
 * Lines are `{"recvTs","kind","topic"|"url","market"?,"msg"}`, `recvTs` epoch ms, `msg` as it was received. Each process opens
 * files of its own; one that was killed leaves a file that can be read up to its last flush.
 */
export class FrameRecorder {
  readonly #folder: string
  readonly #venue: string
  #file: OpenFile | undefined
  #part = 0
  #frames = 0
  #dropped = 0
  #isFailed = false
  readonly #closing = new Set<Promise<void>>()

  /** Files go to `frames/<venue>/<day>-<start>-<part>.ndjson.gz` below `home`. */
  constructor(home: string, venue: string) {
    this.#folder = join(home, 'frames', venue)
    this.#venue = venue
  }

  get stats(): RecorderStats {
    return { frames: this.#frames, dropped: this.#dropped }
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
  }

  /** `market` where the frame may not say its own. */
  frame(recvTs: EpochMs, topic: string, msg: string, market?: string): void {
    const told = market === undefined || market === '' ? {} : { market }
    this.#write(recvTs, JSON.stringify({ recvTs, kind: 'ws', topic, ...told, msg }))
  }

  answer(recvTs: EpochMs, url: string, msg: string): void {
    this.#write(recvTs, JSON.stringify({ recvTs, kind: 'rest', url, msg }))
  }

  /** Fulfilled when everything is in the files. */
  async close(): Promise<void> {
    this.#end()
    await Promise.all(this.#closing)
  }

  #write(recvTs: EpochMs, line: string): void {
    const day = isoDay(recvTs)
    if (this.#file?.day !== day || this.#file.chars > FILE_CHARS_MAX) this.#begin(day, recvTs)
    const file = this.#file
    if (file === undefined || this.#isFailed || file.gzip.writableLength > MAX_WAITING) {
      this.#dropped++
      return
    }
    this.#frames++
    file.chars += line.length + 1
    file.gzip.write(`${line}\n`)
    if (recvTs - file.flushedAt < FLUSH_MS) return
    file.flushedAt = recvTs
    file.gzip.flush(constants.Z_SYNC_FLUSH)
  }

  #begin(day: string, recvTs: EpochMs): void {
    this.#end()
    this.#isFailed = false
    const gzip = createGzip({ level: 6 })
    const file = createWriteStream(join(this.#folder, `${day}-${recvTs}-${this.#part++}.ndjson.gz`), { flags: 'wx' })
    const fail = (): void => {
      this.#isFailed = true
      gzip.unpipe(file)
      gzip.resume() // what was written must not wait for ever
    }
    file.on('error', fail)
    gzip.on('error', fail)
    gzip.pipe(file)
    this.#file = { day, flushedAt: recvTs, chars: 0, gzip, done: finished(file).catch(() => undefined) }
  }

  #end(): void {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    file.gzip.end()
    this.#closing.add(file.done)
    void file.done.finally(() => this.#closing.delete(file.done))
  }

  /** Whose frames these are. */
  get venue(): string {
    return this.#venue
  }
}
