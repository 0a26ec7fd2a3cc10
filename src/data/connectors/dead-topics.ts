/** Owns which topics of a socket are given up, and how often one of them may cost all others a reconnect. */
import type { TopicPlan } from './adapter.port.js'

/** Reconnects because of one silent topic: the others must not suffer for one that is dead. */
const STRIKES = 2

export class DeadTopics {
  /** Reconnects that one silent topic was the reason of, in a row. */
  readonly #strikes = new Map<string, number>()
  /** Topics that the venue refuses, or that stay silent whatever is tried. */
  readonly #lost = new Set<string>()

  has(topic: string): boolean {
    return this.#lost.has(topic)
  }

  /** False when it was given up before. */
  add(topic: string): boolean {
    if (this.#lost.has(topic)) return false
    this.#lost.add(topic)
    return true
  }

  /** Forgets those that are none of these. */
  keep(topics: ReadonlySet<string>): void {
    for (const topic of this.#lost) if (!topics.has(topic)) this.#lost.delete(topic)
  }

  /** It lives. Strikes are forgotten only behind a silence that was told. */
  spoke(topic: string, wasSilent: boolean): void {
    this.#lost.delete(topic)
    if (wasSilent) this.#strikes.delete(topic)
  }

  /** Those of the silent topics for which a reconnect is still tried. */
  worthReconnect(topics: readonly TopicPlan[]): TopicPlan[] {
    return topics.filter(({ name }) => (this.#strikes.get(name) ?? 0) < STRIKES)
  }

  strike(topics: readonly TopicPlan[]): void {
    for (const { name } of topics) this.#strikes.set(name, (this.#strikes.get(name) ?? 0) + 1)
  }
}
