/**
 * Owns the check of look-ahead (methods, section 16): everything that a signal said up to an instant must stand, byte for byte, when the
 * lake holds nothing behind that instant, and when it holds something else there. Never reads a file itself.
 */
import type { AnyDecider } from '#actors/catalogue'
import type { Config } from '#core/config/schema'
import { Sfc32 } from '#core/random'
import type { EpochMs } from '#core/time'
import { FUTURES, type Future, type TapeSource, walkedTo } from './check-tape.js'
import { listen, signalNames, textOf, type Word } from './check-words.js'
import type { TapePlan } from './tape-plan.js'

export interface LookaheadCheck {
  readonly config: Config
  /** Deciders of one run; made anew for each, so that none remembers another. May look at its tape: a planted leak does. */
  readonly deciders: (plan: TapePlan) => readonly AnyDecider[]
  readonly tape: TapeSource
  /** Instants at which the tape is cut, each for both futures. */
  readonly samples: number
  readonly seed: number
  readonly onProgress?: (done: number, of: number) => void
}

/** The first word that depends on what came later. */
export interface Leak {
  readonly future: Future
  /** Where the tape was cut. */
  readonly instant: EpochMs
  /** What was said with the true future, and without it; undefined: nothing. */
  readonly withFuture: string | undefined
  readonly without: string | undefined
}

export interface SignalLookahead {
  readonly signal: string
  /** Instants at which both futures were tried. */
  readonly samples: number
  /** Words said over the whole tape, and compared over all samples. */
  readonly words: number
  readonly compared: number
  readonly leaking: number
  readonly leak?: Leak
}

interface Said {
  readonly words: string[]
  /** How many of the words had been said when the instant of a sample was over. */
  readonly upTo: Map<EpochMs, number>
}

/** By signal, in the order of the deciders. O(samples · tape); AGENT_FAULTED when a decider throws. */
export async function checkLookahead(check: LookaheadCheck): Promise<SignalLookahead[]> {
  const { tape, samples, seed, onProgress } = check
  const whole = await tape()
  const instants = sampled(whole.plan, samples, seed)
  const total = 1 + instants.length * FUTURES.length
  onProgress?.(0, total)
  const { said, names } = wholeTape(check, whole, instants)
  onProgress?.(1, total)
  const results = new Map(names.map((name) => [name, { compared: 0, leaks: [] as Leak[] }]))
  let done = 1
  for (const instant of instants)
    for (const future of FUTURES) {
      const other = await tape({ future, instant })
      const plan = walkedTo(other.plan, instant, whole.plan)
      for (const [name, [compared, leak]] of compare(check, { plan, history: other.history }, said, instant, future)) {
        const result = results.get(name)
        if (result === undefined) continue
        result.compared += compared
        if (leak !== undefined) result.leaks.push(leak)
      }
      onProgress?.(++done, total)
    }
  return names.map((signal) => {
    const { compared, leaks } = results.get(signal)!
    const leaking = new Set(leaks.map(({ instant }) => instant)).size
    const first = leaks.length === 0 ? {} : { leak: leaks[0]! }
    const words = said.get(signal)?.words.length ?? 0
    return { signal, samples: instants.length, words, compared, leaking, ...first }
  })
}

type Tapes = { readonly plan: TapePlan; readonly history: TapePlan }

function wholeTape(
  { config, deciders }: LookaheadCheck,
  { plan, history }: Tapes,
  instants: readonly EpochMs[],
): { said: Map<string, Said>; names: string[] } {
  const all = deciders(plan)
  const names = signalNames(all)
  const said = new Map<string, Said>(names.map((name) => [name, { words: [], upTo: new Map() }]))
  const wanted = new Set(instants)
  listen({
    config,
    deciders: all,
    plan,
    history,
    onWord: (word) => said.get(word.by)?.words.push(textOf(word)),
    onInstant: (ts) => {
      if (wanted.has(ts)) for (const one of said.values()) one.upTo.set(ts, one.words.length)
    },
  })
  return { said, names }
}

/** By signal: words that agreed, and the first that does not. */
function compare(
  { config, deciders }: LookaheadCheck,
  { plan, history }: Tapes,
  said: ReadonlyMap<string, Said>,
  instant: EpochMs,
  future: Future,
): Map<string, [compared: number, leak: Leak | undefined]> {
  const results = new Map<string, [number, Leak | undefined]>([...said.keys()].map((name) => [name, [0, undefined]]))
  const expected = (name: string, i: number): string | undefined => {
    const { words, upTo } = said.get(name)!
    return i < (upTo.get(instant) ?? 0) ? words[i] : undefined
  }
  const onWord = (word: Word): void => {
    const result = results.get(word.by)
    if (result === undefined || result[1] !== undefined) return
    const [withFuture, without] = [expected(word.by, result[0]), textOf(word)]
    if (withFuture === without) result[0]++
    else result[1] = { future, instant, withFuture, without }
  }
  listen({ config, deciders: deciders(plan), plan, history, onWord })
  for (const [name, result] of results) {
    const withFuture = expected(name, result[0])
    if (result[1] === undefined && withFuture !== undefined)
      result[1] = { future, instant, withFuture, without: undefined }
  }
  return results
}

/** Instants of bars or of the clock, one by chance of each of `count` equal parts of the tape; never its last. */
export function sampled({ merged }: TapePlan, count: number, seed: number): EpochMs[] {
  const closed = [...merged.instants].filter((_, i) => merged.closed[i] !== 0).slice(0, -1)
  const random = Sfc32.seeded(seed, 16)
  const picked = Array.from({ length: count }, (_, i) => {
    const [from, to] = [(i * closed.length) / count, ((i + 1) * closed.length) / count]
    return closed[Math.floor(from + random.next() * (to - from))]
  })
  return [...new Set(picked.filter((instant) => instant !== undefined))]
}
