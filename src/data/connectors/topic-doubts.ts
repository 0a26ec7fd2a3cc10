/**
 * Owns which topics of a venue are given up, refused or silent whatever is tried, and of which instruments that makes the
 * data doubtful. Says it when the first topic of one is lost and when the last one speaks again; never acts.
 */
import type { StreamKind, TopicPlan } from './adapter.port.js'
import type { MarketInput } from './to-inputs.js'

/** Streams that decisions rest on; of the others the connector itself is told, which holds no instrument back. */
const VITAL: ReadonlySet<StreamKind> = new Set(['bars', 'mark', 'funding', 'openInterest', 'quotes', 'options'])
const DETAIL_MAX = 120

export class TopicDoubts {
  readonly #feed: string
  readonly #tell: (input: MarketInput) => void
  /** Why, by topic. */
  readonly #why = new Map<string, string>()
  readonly #subjects = new Map<string, Set<string>>()

  /** `feed`: name of the connector. */
  constructor(feed: string, tell: (input: MarketInput) => void) {
    this.#feed = feed
    this.#tell = tell
  }

  /** `<endpoint> <topic>: <why>`, in the order in which they were lost. */
  get all(): readonly string[] {
    return [...this.#why].map(([topic, why]) => `${topic}: ${why}`)
  }

  get isAny(): boolean {
    return this.#why.size > 0
  }

  /** `place`: key of the endpoint, because markets may name their topics alike. */
  lost(place: string, topic: TopicPlan, why: string): void {
    const key = `${place} ${topic.name}`
    if (this.#why.has(key)) return
    this.#why.set(key, why)
    for (const subject of this.#subjectsOf(topic)) {
      const topics = this.#subjects.get(subject)
      if (topics !== undefined) topics.add(key)
      else {
        this.#subjects.set(subject, new Set([key]))
        this.#say(subject, true, `${topic.name}: ${why}`)
      }
    }
  }

  /** It speaks again, or nobody wants it any more. O(1) while nothing is in doubt. */
  found(place: string, topic: string): void {
    const key = `${place} ${topic}`
    if (!this.#why.delete(key)) return
    for (const [subject, topics] of this.#subjects) {
      if (!topics.delete(key) || topics.size > 0) continue
      this.#subjects.delete(subject)
      this.#say(subject, false, `${topic}: speaks again, or is not wanted any more`)
    }
  }

  #subjectsOf({ wants }: TopicPlan): ReadonlySet<string> {
    const vital = wants.filter(({ kind }) => VITAL.has(kind))
    return new Set(vital.length === 0 ? [this.#feed] : vital.map(({ facts }) => facts.instrument))
  }

  #say(subject: string, isBad: boolean, detail: string): void {
    this.#tell({
      type: 'DataQualityChanged',
      data: { subject, check: 'stale', isBad, detail: detail.slice(0, DETAIL_MAX) },
    })
  }
}
