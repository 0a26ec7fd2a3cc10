/** Owns what a decision may know besides its state: time, seq, a seeded stream, ids. One object, reused for every call. */
import type { DecideContext } from '#core/decider'
import type { EventEnvelope } from '#core/envelope'
import { hashText, type Random, Sfc32 } from '#core/random'

export class StepContext implements DecideContext {
  ts = 0
  seq = 0
  inputSeq = 0
  readonly #runSeed: number
  #agent = ''
  #ordinal = 0

  constructor(runSeed: number) {
    this.#runSeed = runSeed
  }

  /** A new step: ordinals begin again. */
  beginStep(inputSeq: number): void {
    this.inputSeq = inputSeq
    this.#ordinal = 0
  }

  /** The event in hand and the agent that decides on it. */
  focus(event: EventEnvelope, agent: string): void {
    this.ts = event.ts
    this.seq = event.seq
    this.#agent = agent
  }

  random(): Random {
    return Sfc32.seeded(this.#runSeed, hashText(this.#agent), this.seq)
  }

  newId(prefix: string): string {
    this.#ordinal += 1
    return `${prefix}-${this.inputSeq}-${this.#ordinal}`
  }
}
