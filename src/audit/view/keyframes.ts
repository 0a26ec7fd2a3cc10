/**
 * Owns the keyframes of a run: its folded state as text, at the ends of blocks, every so many events. Bounded in bytes: past that every second one
 * goes and the distance doubles. Must never keep a state that is still being folded.
 */
import type { Folded } from './view-fold.js'

export interface Keyframe {
  /** Of the last event in it; a block of the log begins behind it. */
  readonly seq: number
  /** The folded state, as JSON text. */
  readonly text: string
}

export interface KeyframeLimits {
  /** Least events between two; chosen here: in practice one a block. */
  readonly everyEvents?: number
  /** Most bytes of text. */
  readonly maxBytes?: number
}

const EVERY_EVENTS = 2048
const MAX_BYTES = 64 * 1024 * 1024
/** Frames near the latest jumps: a slider that is moved asks for neighbours. */
const VISITED = 6

export class Keyframes {
  readonly #maxBytes: number
  #every: number
  #frames: Keyframe[] = []
  #visited: Keyframe[] = []
  #bytes = 0
  #lastEvents = 0

  constructor({ everyEvents = EVERY_EVENTS, maxBytes = MAX_BYTES }: KeyframeLimits = {}) {
    this.#every = everyEvents
    this.#maxBytes = maxBytes
  }

  get count(): number {
    return this.#frames.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Events between two as of now. */
  get every(): number {
    return this.#every
  }

  /** Offered at the end of each block; keeps one where it is due. */
  offer(seq: number, folded: Folded): void {
    const { events } = folded.view.counts
    if (this.#frames.length > 0 && events - this.#lastEvents < this.#every) return
    const text = JSON.stringify(folded)
    this.#frames.push({ seq, text })
    this.#bytes += text.length
    this.#lastEvents = events
    if (this.#bytes > this.#maxBytes && this.#frames.length > 2) this.#thin()
  }

  /** Keeps the state at the end of a block that a jump passed. */
  visit(seq: number, folded: Folded): void {
    if (this.#visited.some((frame) => frame.seq === seq)) return
    this.#visited.push({ seq, text: JSON.stringify(folded) })
    if (this.#visited.length > VISITED) this.#visited.shift()
  }

  /** The nearest one at or before `seq`; undefined: from the start. O(log n). */
  before(seq: number): Keyframe | undefined {
    let low = 0
    let high = this.#frames.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#frames[middle]!.seq <= seq) low = middle + 1
      else high = middle
    }
    let nearest = this.#frames[low - 1]
    for (const frame of this.#visited) if (frame.seq <= seq && frame.seq > (nearest?.seq ?? 0)) nearest = frame
    return nearest
  }

  #thin(): void {
    // The first one stays: it is where the log begins.
    this.#frames = this.#frames.filter((_, i) => i % 2 === 0)
    this.#bytes = this.#frames.reduce((sum, { text }) => sum + text.length, 0)
    this.#every *= 2
  }
}
