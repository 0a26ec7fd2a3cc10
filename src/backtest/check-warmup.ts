/**
 * Owns the recursive test (methods, section 16): what a signal says first must not depend on how much more than its declared warm-up
 * it has seen. Each signal runs alone, on the data that a run beginning that day would see. Never reads a file.
 */
import type { AnyDecider } from '#actors/catalogue'
import type { Config } from '#core/config/schema'
import { Sfc32 } from '#core/random'
import { DAY_MS, type DurationMs, type EpochMs } from '#core/time'
import { startedAt } from './check-tape.js'
import { listen, type Word } from './check-words.js'
import type { TapePlan } from './tape-plan.js'

/** Of the declared warm-up. The last is the reference. */
export const MULTIPLES = [0.25, 0.5, 1, 2, 4] as const
const DECLARED = MULTIPLES.indexOf(1)
const LONGEST = MULTIPLES.length - 1
/** Methods, section 16. */
export const TOLERANCE = 0.001

export interface WarmupCheck {
  readonly config: Config
  /** One signal, by its agent name, and the data agents; made anew for each run. */
  readonly deciders: (signal: string) => readonly AnyDecider[]
  readonly signals: readonly string[]
  /** From four times the longest warm-up before `fromDay` on, as far as there is data. */
  readonly long: TapePlan
  readonly fromDay: EpochMs
  readonly toDay: EpochMs
  readonly samples: number
  readonly seed: number
  readonly onProgress?: (done: number, of: number) => void
}

/** The largest difference that counts. */
export interface Drift {
  readonly day: EpochMs
  /** Instrument, package or side of an overlay. */
  readonly subject: string
  /** Signed weight, factor or warning at {@link MULTIPLES} of the warm-up; 0 where nothing was said. */
  readonly values: readonly number[]
  /** Of the value at the declared warm-up from that at the longest. */
  readonly difference: number
}

export interface SignalWarmup {
  readonly signal: string
  readonly warmupDays: number
  /** Days that had data behind the warm-up. */
  readonly samples: number
  /** Of those, days with data over all of four warm-ups. */
  readonly complete: number
  readonly values: number
  /** Values that were not 0 at the longest warm-up. */
  readonly spoken: number
  /** Differences of positions that were held, unchanged, since before the warm-up: no shorter history can know of them. */
  readonly older: number
  readonly failing: number
  readonly worst?: Drift
  /** The shortest of the multiples that would do; undefined: more than four times. */
  readonly raiseToDays?: number
}

/** By signal, in the order given. */
export function checkWarmup(check: WarmupCheck): SignalWarmup[] {
  const { signals, samples, seed, fromDay, toDay, onProgress } = check
  const days = sampledDays(fromDay, toDay, samples, seed)
  const total = signals.length * days.length
  let done = 0
  return signals.map((signal) => {
    const warmupMs = check.deciders(signal).find(({ name }) => name === signal)?.warmupMs ?? 0
    const tally = new Tally(check, signal, warmupMs)
    for (const day of days) {
      tally.sample(day)
      onProgress?.(++done, total)
    }
    return tally.result()
  })
}

class Tally {
  readonly #check: WarmupCheck
  readonly #signal: string
  readonly #warmupMs: DurationMs
  readonly #firstRow: EpochMs
  readonly #drifts: Drift[] = []
  #samples = 0
  #complete = 0
  #values = 0
  #spoken = 0
  #older = 0

  constructor(check: WarmupCheck, signal: string, warmupMs: DurationMs) {
    this.#check = check
    this.#signal = signal
    this.#warmupMs = warmupMs
    const firsts = check.long.merged.series.map(({ rows }) => rows.availableAt[0] ?? Number.POSITIVE_INFINITY)
    this.#firstRow = firsts.reduce((least, first) => Math.min(least, first), Number.POSITIVE_INFINITY)
  }

  sample(day: EpochMs): void {
    if (this.#warmupMs === 0 || this.#firstRow > day - this.#warmupMs + DAY_MS) return
    this.#samples++
    if (this.#firstRow <= day - 4 * this.#warmupMs + DAY_MS) this.#complete++
    const said = MULTIPLES.map((multiple) => firstValues(this.#words(day, multiple * this.#warmupMs, day + DAY_MS)))
    const subjects = new Set(said.flatMap((values) => [...values.keys()]))
    let since: readonly Word[] | undefined
    for (const subject of subjects) {
      const values = said.map((of) => of.get(subject) ?? 0)
      this.#values++
      if (values[LONGEST] !== 0) this.#spoken++
      const difference = distance(values[DECLARED]!, values[LONGEST]!)
      if (difference < TOLERANCE) continue
      since ??= this.#words(day - this.#warmupMs, 4 * this.#warmupMs, day + DAY_MS)
      if (isHeldThroughout(since, subject)) this.#older++
      else this.#drifts.push({ day, subject, values, difference })
    }
  }

  #words(start: EpochMs, warmupMs: DurationMs, end: EpochMs): Word[] {
    const { config, deciders, long } = this.#check
    const words: Word[] = []
    const onWord = (word: Word): void => {
      if (word.by === this.#signal) words.push(word)
    }
    listen({ config, deciders: deciders(this.#signal), ...startedAt(long, start, warmupMs, end), onWord })
    return words
  }

  result(): SignalWarmup {
    const worst = this.#drifts.reduce<Drift | undefined>(
      (most, one) => (most === undefined || one.difference > most.difference ? one : most),
      undefined,
    )
    const isEnough = (at: number): boolean =>
      this.#drifts.every(({ values }) => distance(values[at]!, values[LONGEST]!) < TOLERANCE)
    const enough = worst === undefined ? undefined : MULTIPLES.find((m, at) => m > 1 && at < LONGEST && isEnough(at))
    return {
      signal: this.#signal,
      warmupDays: this.#warmupMs / DAY_MS,
      samples: this.#samples,
      complete: this.#complete,
      values: this.#values,
      spoken: this.#spoken,
      older: this.#older,
      failing: this.#drifts.length,
      ...(worst === undefined ? {} : { worst }),
      ...(enough === undefined ? {} : { raiseToDays: (enough * this.#warmupMs) / DAY_MS }),
    }
  }
}

/** |a − b| as a fraction of b; of 0, any other value is infinitely far. */
function distance(a: number, b: number): number {
  if (a === b) return 0
  return b === 0 ? Number.POSITIVE_INFINITY : Math.abs(a - b) / Math.abs(b)
}

/** The numbers of a word by subject. */
function valuesOf(word: Word): (readonly [subject: string, value: number])[] {
  const { data } = word
  switch (word.type) {
    case 'SignalChanged': {
      const { instrument, side, targetWeight } = word.data
      return [[instrument, side === 'flat' ? 0 : side === 'short' ? -Math.abs(targetWeight) : Math.abs(targetWeight)]]
    }
    case 'PackageChanged': {
      const { targetWeight, strength } = word.data
      return [[word.data.package, strength < 0 ? -targetWeight : targetWeight]]
    }
    case 'RegimeChanged':
      return [
        [`${data.signal} longs`, word.data.longFactor],
        [`${data.signal} shorts`, word.data.shortFactor],
      ]
    case 'CascadeWarningChanged':
      return [[`warning ${word.data.instrument}`, word.data.isOn ? 1 : 0]]
  }
}

/** Signals speak when they change beyond a band: only the first word is what the history alone made of it. */
function firstValues(words: readonly Word[]): Map<string, number> {
  const first = new Map<string, number>()
  for (const word of words)
    for (const [subject, value] of valuesOf(word)) if (!first.has(subject)) first.set(subject, value)
  return first
}

function isHeldThroughout(words: readonly Word[], subject: string): boolean {
  const values = new Set(words.flatMap(valuesOf).flatMap(([of, value]) => (of === subject ? [value] : [])))
  return values.size === 1 && !values.has(0)
}

/** UTC days of `[fromDay, toDay]`, one by chance of each of `count` equal parts, ascending. */
export function sampledDays(fromDay: EpochMs, toDay: EpochMs, count: number, seed: number): EpochMs[] {
  const days = Math.round((toDay - fromDay) / DAY_MS) + 1
  const random = Sfc32.seeded(seed, 17)
  const picked = Array.from({ length: count }, (_, i) => Math.floor(((i + random.next()) * days) / count))
  return [...new Set(picked)].map((day) => fromDay + day * DAY_MS)
}
