/**
 * Owns keeping payloads that say less than they must, with the reason, for a person to look at. Bounded a day, never
 * throws, never makes a frame wait.
 */
import { appendFile, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type EpochMs, isoDay } from '#core/time'

export interface Refused {
  readonly recvTs: EpochMs
  readonly venue: string
  /** Topic of a stream, or method and path of a call. */
  readonly topic: string
  readonly reason: string
  /** Where in the payload. */
  readonly path: string
  /** The payload as it was received. */
  readonly msg: string
}

export interface QuarantineStats {
  readonly refused: number
  /** Of those, not kept: the day's bytes are used, the disk was slow or failed. */
  readonly notKept: number
  readonly lastReason: string
}

export interface QuarantinePort {
  add(refused: Refused): void
  readonly stats: QuarantineStats
}

/** Bytes a venue and day (ours): some ten thousand payloads. */
const MAX_BYTES_A_DAY = 32 * 1024 * 1024
/** Longest payload that is kept whole. */
const MAX_PAYLOAD = 256 * 1024
/** Bytes that may wait for the disk. */
const MAX_WAITING = 4 * 1024 * 1024

export class Quarantine implements QuarantinePort {
  readonly #folder: string
  readonly #maxBytes: number
  readonly #sizes = new Map<string, number>()
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0
  #refused = 0
  #notKept = 0
  #lastReason = ''

  /** `home`: the folder that holds runs and lake; files go to `quarantine/<venue>-<day>.ndjson` below it. */
  constructor(home: string, maxBytesADay = MAX_BYTES_A_DAY) {
    this.#folder = join(home, 'quarantine')
    this.#maxBytes = maxBytesADay
  }

  get stats(): QuarantineStats {
    return { refused: this.#refused, notKept: this.#notKept, lastReason: this.#lastReason }
  }

  add(refused: Refused): void {
    this.#refused++
    this.#lastReason = `${refused.venue} ${refused.topic}: ${refused.path}: ${refused.reason}`.slice(0, 300)
    const msg = refused.msg.length > MAX_PAYLOAD ? `${refused.msg.slice(0, MAX_PAYLOAD)}…` : refused.msg
    const line = `${JSON.stringify({ ...refused, msg })}\n`
    if (this.#waiting + line.length > MAX_WAITING) {
      this.#notKept++
      return
    }
    this.#waiting += line.length
    const name = `${refused.venue}-${isoDay(refused.recvTs)}.ndjson`
    this.#tail = this.#tail
      .then(() => this.#write(name, line))
      .catch(() => {
        this.#notKept++
      })
      .finally(() => {
        this.#waiting -= line.length
      })
  }

  /** Fulfilled when everything so far was written or given up. */
  settled(): Promise<void> {
    return this.#tail
  }

  async #write(name: string, line: string): Promise<void> {
    const path = join(this.#folder, name)
    let size = this.#sizes.get(name)
    if (size === undefined) {
      await mkdir(this.#folder, { recursive: true })
      size = await stat(path).then(
        (found) => found.size,
        () => 0,
      )
      this.#sizes.set(name, size)
    }
    const bytes = Buffer.byteLength(line)
    if (size + bytes > this.#maxBytes) {
      this.#notKept++
      return
    }
    this.#sizes.set(name, size + bytes)
    await appendFile(path, line)
  }
}
