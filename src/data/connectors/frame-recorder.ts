/** Owns keeping raw frames for replay, gzip-compressed by venue and day. Never makes a frame wait and never throws. */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { createGzip, type Gzip } from 'node:zlib'
import { type EpochMs, isoDay } from '#core/time'

export interface RecorderStats {
  readonly frames: number
  /** Not kept: the disk was slow or failed. */
  readonly dropped: number
}

/** Bytes that may wait for the disk. */
const MAX_WAITING = 16 * 1024 * 1024

interface OpenFile {
  readonly day: string
  readonly gzip: Gzip
  readonly done: Promise<void>
}

/** Lines are `{"recvTs","kind","topic"|"url","msg"}`, `msg` as it was received; each process opens a file of its own. */
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

  frame(recvTs: EpochMs, topic: string, msg: string): void {
    this.#write(recvTs, JSON.stringify({ recvTs, kind: 'ws', topic, msg }))
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
    if (this.#file?.day !== day) this.#begin(day, recvTs)
    const gzip = this.#file?.gzip
    if (gzip === undefined || this.#isFailed || gzip.writableLength > MAX_WAITING) {
      this.#dropped++
      return
    }
    this.#frames++
    gzip.write(`${line}\n`)
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
    this.#file = { day, gzip, done: finished(file).catch(() => undefined) }
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
