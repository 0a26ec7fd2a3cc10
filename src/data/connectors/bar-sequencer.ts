/**
 * Owns that each closed bar of one instrument comes out once and in order: holds back what is early, says which span to ask
 * for by REST, and names what the venue does not have. Pure: never asks itself, reads a clock or invents a bar.
 */
import type { InstrumentId } from '#core/ids'
import { type DurationMs, type EpochMs, floorTo, type Interval, intervalMs, MINUTE_MS, SECOND_MS } from '#core/time'
import type { BarRecord } from './normal.js'

export interface SequencerOptions {
  readonly instrument: InstrumentId
  readonly interval: Interval
  /** Open time of the first bar that is to come out. */
  readonly from: EpochMs
  /** How long after its end a bar may come before it is asked for. */
  readonly overdueMs: DurationMs
}

/** Open times in `[from, to)`, to be asked for by REST. */
export interface BarSpan {
  readonly from: EpochMs
  readonly to: EpochMs
}

/** What comes of news: bars in order, and open times that were passed over because the venue has no such bar. */
export interface SequencerOutput {
  readonly bars: readonly BarRecord[]
  readonly missing: readonly EpochMs[]
}

/** A bar counts as final by the clock alone so long after its end (ours). */
const FINAL_MS = SECOND_MS
/**
 * Where no later bar stands beside it, a bar of REST counts as final by the clock alone this long after its end: our measure
 * of the venue's clock may be wrong by half a round trip, and venues set their clocks right (ours).
 */
const UNPROVED_MS = 20 * SECOND_MS
/** Answers without the bar, though later ones are there, before it counts as missing (ours). */
const TRIES = 3
const RETRY_FIRST_MS = 2 * SECOND_MS
const RETRY_CAP_MS = MINUTE_MS
/** Bars held back at most: four days of minutes, more than are asked for at once. Later ones are left to the answer of REST. */
const HELD_MAX = 6000
/** Bars asked for at once: at most some pages. */
const ASK_MAX = 5000
const NOTHING: SequencerOutput = { bars: [], missing: [] }

export class BarSequencer {
  readonly instrument: InstrumentId
  readonly interval: Interval
  readonly #stepMs: DurationMs
  readonly #overdueMs: DurationMs
  readonly #held = new Map<EpochMs, BarRecord>()
  #next: EpochMs
  #asked: BarSpan | undefined
  #tries = 0
  #failures = 0
  #notBefore: EpochMs = 0

  constructor({ instrument, interval, from, overdueMs }: SequencerOptions) {
    this.instrument = instrument
    this.interval = interval
    this.#stepMs = intervalMs(interval)
    this.#overdueMs = overdueMs
    this.#next = Math.ceil(from / this.#stepMs) * this.#stepMs
  }

  /** Open time of the bar that comes out next. */
  get next(): EpochMs {
    return this.#next
  }

  /** Bars that wait for an earlier one. */
  get held(): number {
    return this.#held.size
  }

  /** A bar of a stream. `now`: the venue's time. Open bars, duplicates and what is no bar of ours give nothing. */
  live(bar: BarRecord, now: EpochMs): SequencerOutput {
    if (bar.isClosed !== true || !this.#isOurs(bar, now + this.#overdueMs)) return NOTHING
    this.#hold(bar)
    return this.#release()
  }

  /**
   * The span to be asked for now, if any: then `answered` or `failed` must follow before there is another. It reaches one bar
   * further than what is wanted: that one, running as it may be, proves that those before it have ended.
   */
  ask(now: EpochMs): BarSpan | undefined {
    if (this.#asked !== undefined || now < this.#notBefore) return undefined
    const end = floorTo(now - FINAL_MS, this.#stepMs)
    const isOverdue = now >= this.#next + this.#stepMs + this.#overdueMs
    if (this.#next >= end || (!isOverdue && this.#held.size === 0)) return undefined
    this.#asked = { from: this.#next, to: Math.min(end, this.#next + ASK_MAX * this.#stepMs) }
    return { from: this.#asked.from, to: this.#asked.to + this.#stepMs }
  }

  /** What REST gave for the span that was asked; `askedAt`: the venue's time when it was asked. */
  answered(bars: readonly BarRecord[], askedAt: EpochMs, now: EpochMs): SequencerOutput {
    const asked = this.#asked
    this.#asked = undefined
    if (asked === undefined) return NOTHING
    const newest = Math.max(...bars.map(({ openTime }) => openTime))
    for (const bar of bars) {
      const isFinal = bar.isClosed ?? (bar.openTime < newest || bar.openTime + this.#stepMs + UNPROVED_MS <= askedAt)
      if (isFinal && bar.openTime < asked.to && this.#isOurs(bar, askedAt)) this.#hold(bar)
    }
    const before = this.#next
    const released = this.#release()
    if (this.#next >= asked.to) {
      this.#failures = 0
      this.#notBefore = 0
      return released
    }
    this.#tries = this.#next > before ? 1 : this.#tries + 1
    this.#notBefore = now + this.#retryMs(this.#tries)
    if (this.#tries < TRIES || this.#held.size === 0) return released
    return this.#passOver(released)
  }

  /** The question failed: it is asked again later. */
  failed(now: EpochMs): void {
    this.#asked = undefined
    this.#failures++
    this.#notBefore = now + this.#retryMs(this.#failures)
  }

  /** The venue does not have what lies before the earliest bar that is held. */
  #passOver(released: SequencerOutput): SequencerOutput {
    const first = Math.min(...this.#held.keys())
    const missing: EpochMs[] = []
    for (let openTime = this.#next; openTime < first; openTime += this.#stepMs) missing.push(openTime)
    this.#next = first
    this.#tries = 0
    this.#notBefore = 0
    return { bars: [...released.bars, ...this.#release().bars], missing }
  }

  #hold(bar: BarRecord): void {
    if (!this.#held.has(bar.openTime) && (this.#held.size < HELD_MAX || bar.openTime === this.#next))
      this.#held.set(bar.openTime, bar)
  }

  #release(): SequencerOutput {
    const bars: BarRecord[] = []
    for (let bar = this.#held.get(this.#next); bar !== undefined; bar = this.#held.get(this.#next)) {
      this.#held.delete(this.#next)
      this.#next += this.#stepMs
      this.#tries = 0
      bars.push(bar)
    }
    return bars.length === 0 ? NOTHING : { bars, missing: [] }
  }

  #isOurs({ instrument, interval, openTime }: BarRecord, now: EpochMs): boolean {
    const isThis = instrument === this.instrument && interval === this.interval
    const isInPlace = openTime >= this.#next && openTime === floorTo(openTime, this.#stepMs)
    return isThis && isInPlace && openTime + this.#stepMs <= now
  }

  #retryMs(count: number): DurationMs {
    let waitMs = RETRY_FIRST_MS
    for (let i = 1; i < count && waitMs < RETRY_CAP_MS; i++) waitMs *= 2
    return Math.min(waitMs, RETRY_CAP_MS)
  }
}
