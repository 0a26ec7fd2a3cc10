/** Owns which topics of a connection have spoken and when, and tells of those that are silent for too long. Never acts. */
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'
import type { TopicPlan } from './adapter.port.js'

export interface Silence {
  readonly topics: readonly TopicPlan[]
  /** Every topic that must speak is silent: the connection itself is dead. */
  readonly isAll: boolean
  /** It was said before of these, and it did not help. */
  readonly isSecond: boolean
  /** Longest silence. */
  readonly silentMs: DurationMs
}

export interface TopicWatchOptions {
  readonly time: TimePort
  readonly topics: readonly TopicPlan[]
  readonly onSilence: (silence: Silence) => void
}

/** Told so often, a topic is dead, and says nothing of its connection. */
const DEAD = 3

interface Watched {
  readonly topic: TopicPlan
  readonly maxSilenceMs: DurationMs
  /** When it spoke last, or was asked to. */
  since: EpochMs
  /** Since when it was silent as that was seen last. */
  seenSince: EpochMs | null
  hasSpoken: boolean
  /** Times that its silence was told since it spoke. */
  told: number
}

/** Longest wait between two tellings of a topic that stays silent. */
const TELL_MS = 10 * 60_000
/** Between a silence that is seen and the second look, which decides. */
export const CONFIRM_MS = 250

export class TopicWatch {
  readonly #options: TopicWatchOptions
  readonly #watched = new Map<string, Watched>()
  readonly #lastAt = new Map<string, EpochMs>()
  /** Topics that must speak and have not yet. */
  #owing = 0
  #cancel: (() => void) | undefined

  constructor(options: TopicWatchOptions) {
    this.#options = options
  }

  /** Whether every topic has spoken that must. */
  get isComplete(): boolean {
    return this.#owing === 0
  }

  /** Topics whose silence was told and that have not spoken since. */
  get silent(): readonly string[] {
    return [...this.#watched.values()].filter(({ told }) => told > 0).map(({ topic }) => topic.name)
  }

  lastAt(topic: string): EpochMs | undefined {
    return this.#lastAt.get(topic)
  }

  /** From now on, `graceMs` later for all. */
  start(graceMs: DurationMs): void {
    const { time, topics } = this.#options
    const since = time.now() + graceMs
    for (const topic of topics) {
      if (topic.maxSilenceMs === null) continue
      const { maxSilenceMs } = topic
      this.#watched.set(topic.name, { topic, maxSilenceMs, since, seenSince: null, hasSpoken: false, told: 0 })
    }
    this.#owing = this.#watched.size
    this.#next()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** Nobody wants these any more. */
  forget(topics: readonly string[]): void {
    this.refuse(topics)
    for (const name of topics) this.#lastAt.delete(name)
  }

  /** The venue does not have these. */
  refuse(topics: readonly string[]): void {
    for (const name of topics) {
      if (this.#watched.get(name)?.hasSpoken === false) this.#owing--
      this.#watched.delete(name)
    }
  }

  /** A topic spoke; true when its silence had been told. */
  heard(topic: string, now: EpochMs): boolean {
    this.#lastAt.set(topic, now)
    const watched = this.#watched.get(topic)
    if (watched === undefined) return false
    watched.since = now
    if (!watched.hasSpoken) {
      watched.hasSpoken = true
      this.#owing--
    }
    const wasSilent = watched.told > 0
    watched.told = 0
    return wasSilent
  }

  #next(): void {
    const { time } = this.#options
    const now = time.now()
    let dueMs = Number.POSITIVE_INFINITY
    for (const watched of this.#watched.values()) dueMs = Math.min(dueMs, dueAt(watched) - now)
    if (dueMs === Number.POSITIVE_INFINITY) return
    this.#after(Math.max(dueMs, 1))
  }

  #after(ms: DurationMs): void {
    this.#cancel = this.#options.time.after(ms, () => {
      this.#cancel = undefined
      this.#check()
    })
  }

  /** After a pause of the whole process timers come before frames that wait: what is due must be so twice. */
  #check(): void {
    const now = this.#options.time.now()
    const all = [...this.#watched.values()]
    const seen = all.filter((watched) => dueAt(watched) <= now)
    const due = seen.filter(({ since, seenSince }) => seenSince === since)
    for (const watched of seen) watched.seenSince = watched.since
    if (seen.length > due.length) {
      this.#after(CONFIRM_MS)
      return
    }
    if (due.length > 0) {
      // Nothing at all for half of the shortest allowance: topics do not fall silent at the same moment by themselves.
      const shortest = Math.min(...all.filter(({ told }) => told < DEAD).map(({ maxSilenceMs }) => maxSilenceMs))
      const newest = Math.max(...this.#lastAt.values(), ...all.map(({ since }) => since))
      const silentMs = now - Math.min(...due.map(({ since }) => since))
      const isSecond = due.some(({ told }) => told > 0)
      for (const watched of due) watched.told++
      const isAll = newest + shortest / 2 <= now
      // Last: it may stop this watch.
      this.#next()
      this.#options.onSilence({ topics: due.map(({ topic }) => topic), isAll, isSecond, silentMs })
      return
    }
    this.#next()
  }
}

function dueAt({ since, maxSilenceMs, told }: Watched): EpochMs {
  if (told === 0) return since + maxSilenceMs
  return since + maxSilenceMs * (told + 1) + Math.min(TELL_MS, maxSilenceMs * told * told)
}
