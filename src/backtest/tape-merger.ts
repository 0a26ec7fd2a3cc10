/** Owns the merge itself: which series have a row at an instant, and which should have had one. Pure; used by the tape and its cursor alone. */
import { invariant } from '#core/invariant'
import { type EpochMs, INTERVALS, intervalMs } from '#core/time'
import type { AnySeries } from './tape.js'

/** In `MergedTape.closed`: the clock asked for this instant, whether rows came or not. */
export const CLOCK_BIT = 1 << 15

/** Series that share a grid (bars of one interval), or all funding and feeds: scanned together at their instants. */
interface Group {
  readonly members: number[]
  /** 0 for funding and feeds. */
  readonly stepMs: number
  readonly bit: number
  next: number
  last: number
}

/** A growing list of whole numbers below 2^32. */
export class Growing {
  #values = new Uint32Array(64)
  length = 0

  push(value: number): void {
    if (this.length === this.#values.length) {
      const next = new Uint32Array(this.length * 2)
      next.set(this.#values)
      this.#values = next
    }
    this.#values[this.length++] = value
  }

  toArray(): Uint32Array {
    return this.#values.slice(0, this.length)
  }
}

const NOBODY: readonly number[] = []

/** Merge state of one call: flat arrays by series. */
export class Merger {
  readonly #available: readonly Float64Array[]
  readonly #position: Uint32Array
  readonly #first: Float64Array
  readonly #last: Float64Array
  readonly #step: Float64Array
  readonly #groups: Group[] = []
  readonly #all: number[]
  readonly order: Uint32Array
  readonly missing = new Growing()
  rows = 0

  readonly #clock: Float64Array
  #tick = 0

  constructor(series: readonly AnySeries[], clock: Float64Array = new Float64Array(0)) {
    this.#clock = clock
    this.#available = series.map((s) => s.rows.availableAt)
    this.#position = new Uint32Array(series.length)
    this.#first = new Float64Array(series.length).fill(Number.POSITIVE_INFINITY)
    this.#last = new Float64Array(series.length).fill(Number.NEGATIVE_INFINITY)
    this.#step = new Float64Array(series.length)
    this.#all = series.map((_, i) => i)
    this.order = new Uint32Array(series.reduce((sum, s) => sum + s.rows.ts.length, 0))
    for (let i = 0; i < series.length; i++) this.#enrol(series[i]!, i)
  }

  #enrol(series: AnySeries, i: number): void {
    const available = series.rows.availableAt
    const bars = series.kind === 'bars'
    const [from, to] = bars ? [series.expectedFrom, series.expectedTo] : []
    const first = Math.min(from ?? Number.POSITIVE_INFINITY, available[0] ?? Number.POSITIVE_INFINITY)
    const last = Math.max(to ?? Number.NEGATIVE_INFINITY, available.at(-1) ?? Number.NEGATIVE_INFINITY)
    if (first > last || !Number.isFinite(first) || !Number.isFinite(last)) return
    const stepMs = bars ? intervalMs(series.interval) : 0
    invariant(
      stepMs === 0 || (first % stepMs === 0 && last % stepMs === 0),
      () => `tape: ${series.instrument} expected off its grid`,
    )
    this.#first[i] = first
    this.#last[i] = last
    this.#step[i] = stepMs
    const bit = bars ? 1 << INTERVALS.indexOf(series.interval) : 0
    const group = this.#groups.find((g) => g.stepMs === stepMs)
    if (!group) {
      this.#groups.push({ members: [i], stepMs, bit, next: first, last })
      return
    }
    group.members.push(i)
    group.next = Math.min(group.next, first)
    group.last = Math.max(group.last, last)
  }

  /** The next instant, or infinity. */
  next(): EpochMs {
    let t = this.#clock[this.#tick] ?? Number.POSITIVE_INFINITY
    for (const group of this.#groups) if (group.next < t) t = group.next
    return t
  }

  /** Takes the rows of `t`; returns the bits of the intervals that closed. */
  take(t: EpochMs): number {
    let bits = 0
    if (this.#clock[this.#tick] === t) {
      bits = CLOCK_BIT
      this.#tick++
    }
    let due = 0
    let only: Group | undefined
    for (const group of this.#groups) {
      if (group.next !== t) continue
      bits |= group.bit
      only = group
      due++
    }
    const members = due === 0 ? NOBODY : due === 1 && only ? only.members : this.#all
    for (let m = 0; m < members.length; m++) {
      const s = members[m]!
      let position = this.#position[s]!
      const available = this.#available[s]!
      if (available[position] === t) {
        do {
          this.order[this.rows++] = s
          position++
        } while (available[position] === t)
        this.#position[s] = position
      } else if (this.#step[s]! > 0 && t >= this.#first[s]! && t <= this.#last[s]! && t % this.#step[s]! === 0)
        this.missing.push(s)
    }
    for (const group of this.#groups) if (group.next === t) this.#advance(group)
    return bits
  }

  #advance(group: Group): void {
    let next = Number.POSITIVE_INFINITY
    if (group.stepMs > 0) next = group.next + group.stepMs <= group.last ? this.#nextExpected(group) : next
    else
      for (const s of group.members) {
        const at = this.#available[s]![this.#position[s]!]
        if (at !== undefined && at < next) next = at
      }
    group.next = next
  }

  /** The grid's next slot; slots that no member's span covers (between a delisting and a listing) are jumped over. */
  #nextExpected(group: Group): EpochMs {
    const slot = group.next + group.stepMs
    let later = Number.POSITIVE_INFINITY
    for (const s of group.members) {
      if (slot > this.#last[s]!) continue
      if (slot >= this.#first[s]!) return slot
      later = Math.min(later, this.#first[s]!)
    }
    return later
  }

  done(): boolean {
    return this.rows === this.order.length
  }
}
