/** Owns how long to wait after failures in a row: capped, exponential, with seeded jitter. Never waits itself. */
import type { Sfc32 } from '#core/random'
import type { DurationMs } from '#core/time'

export interface BackoffPolicy {
  readonly firstMs: DurationMs
  readonly factor: number
  readonly capMs: DurationMs
  /** Share left to chance, in [0, 1]: the wait lies in [(1 − jitter) × w, w]. */
  readonly jitter: number
}

export class Backoff {
  readonly #policy: BackoffPolicy
  readonly #random: Sfc32
  #failures = 0

  constructor(policy: BackoffPolicy, random: Sfc32) {
    this.#policy = policy
    this.#random = random
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures
  }

  /** One more failure: how long to wait. */
  next(): DurationMs {
    const { firstMs, factor, capMs, jitter } = this.#policy
    let waitMs = firstMs
    for (let i = 0; i < this.#failures && waitMs < capMs; i++) waitMs *= factor
    this.#failures++
    return Math.max(1, Math.round(Math.min(waitMs, capMs) * (1 - jitter * this.#random.next())))
  }

  succeeded(): void {
    this.#failures = 0
  }
}
