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

/** What a signal said over the whole tape, in order. */
interface Said {
  readonly words: string[]
  readonly times: EpochMs[]
}

/** By signal, in the order of the deciders. O(samples · tape); AGENT_FAULTED when a decider throws. */
export async function checkLookahead(check: LookaheadCheck): Promise<SignalLookahead[]> {
  const { tape, samples, seed, onProgress } = check
  onProgress?.(0, 1 + samples * FUTURES.length)
  const whole = await tape()
  const said = wholeTape(check, whole)
  const instants = sampled(
    whole.plan,
    [...said.values()].map(({ times }) => times),
    samples,
    seed,
  )
  const total = 1 + instants.length * FUTURES.length
  onProgress?.(1, total)
  const results = new Map([...said.keys()].map((name) => [name, { compared: 0, leaks: [] as Leak[] }]))
  let done = 1
  for (const instant of instants)
    for (const future of FUTURES) {
      const other = await tape({ future, instant })
      const plan = walkedTo(other.plan, instant, whole.plan)
      for (const [name, [compared, leak]] of compare(check, { plan, history: other.history }, said, instant, future)) {
        const result = results.get(name)!
        result.compared += compared
        if (leak !== undefined) result.leaks.push(leak)
      }
      onProgress?.(++done, total)
    }
  return [...results].map(([signal, { compared, leaks }]) => {
    const leaking = new Set(leaks.map(({ instant }) => instant)).size
    const first = leaks.length === 0 ? {} : { leak: leaks[0]! }
    return { signal, samples: instants.length, words: said.get(signal)!.words.length, compared, leaking, ...first }
  })
}

type Tapes = { readonly plan: TapePlan; readonly history: TapePlan }

function wholeTape({ config, deciders }: LookaheadCheck, { plan, history }: Tapes): Map<string, Said> {
  const all = deciders(plan)
  const said = new Map<string, Said>(signalNames(all).map((name) => [name, { words: [], times: [] }]))
  const onWord = (word: Word): void => {
    const one = said.get(word.by)
    one?.words.push(textOf(word))
    one?.times.push(word.ts)
  }
  listen({ config, deciders: all, plan, history, onWord })
  return said
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
    const { words, times } = said.get(name)!
    return (times[i] ?? Number.POSITIVE_INFINITY) <= instant ? words[i] : undefined
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

/**
 * Instants at which a tape is cut, ascending; never its last. One by chance of each of `count` equal parts of the tape, in turn any
 * instant of bars or of the clock, and one at which this signal or that one spoke: a glance at the next bar shows only there.
 */
export function sampled(
  { merged }: TapePlan,
  spoken: readonly (readonly EpochMs[])[],
  count: number,
  seed: number,
): EpochMs[] {
  const instants = new Set(merged.instants.subarray(0, -1))
  const closed = [...instants].filter((_, i) => merged.closed[i] !== 0)
  const turns = [closed, ...spoken.map((times) => [...new Set(times)].filter((ts) => instants.has(ts)))].filter(
    ({ length }) => length > 0,
  )
  const [first, last] = [merged.instants[0] ?? 0, merged.instants.at(-1) ?? 0]
  const random = Sfc32.seeded(seed, 16)
  const picked = Array.from({ length: turns.length === 0 ? 0 : count }, (_, i) => {
    const turn = turns[i % turns.length]!
    const from = first + ((last - first) * i) / count
    const within = turn.filter((ts) => ts >= from && ts < from + (last - first) / count)
    const among = within.length > 0 ? within : turn
    return among[Math.floor(random.next() * among.length)]!
  })
  return [...new Set(picked)].sort((a, b) => a - b)
}
