/** Owns when a failed agent is tried again and when no more: capped exponential backoff with seeded jitter, and a budget. */
import { hashText, Sfc32 } from '#core/random'
import type { DurationMs } from '#core/time'

export interface RestartPolicy {
  /** Wait before the first restart. */
  readonly firstMs: DurationMs
  /** Factor from one restart to the next. */
  readonly factor: number
  /** Longest wait, jitter included. */
  readonly capMs: DurationMs
  /** Share of the wait that is left to chance, in [0, 1]: the wait lies in [(1 − jitter) × w, w]. */
  readonly jitter: number
  /** Restarts allowed within the window. */
  readonly budget: number
  readonly windowMs: DurationMs
}

/** Chosen by us: about two minutes of trying before dependants are told. */
export const DEFAULT_POLICY: RestartPolicy = {
  firstMs: 500,
  factor: 2,
  capMs: 30_000,
  jitter: 0.5,
  budget: 8,
  windowMs: 10 * 60_000,
}

/** Restarts of one agent. Times are of a monotonic clock, ms. */
export class Restarts {
  readonly #policy: RestartPolicy
  readonly #random: Sfc32
  #recent: number[] = []
  #total = 0
  #isSpent = false

  constructor(agent: string, seed: number, policy: RestartPolicy) {
    this.#policy = policy
    this.#random = Sfc32.seeded(seed, hashText(agent), hashText('restarts'))
  }

  /** Restarts so far. */
  get total(): number {
    return this.#total
  }

  get isSpent(): boolean {
    return this.#isSpent
  }

  /** The operator restarts it: it counts, and whatever failed before is forgiven. */
  renew(): void {
    this.#recent = []
    this.#isSpent = false
    this.#total++
  }

  /** A failure at `now`: the wait before the next restart, or undefined: the budget is spent, until it is renewed. */
  next(now: number): DurationMs | undefined {
    const { firstMs, factor, capMs, jitter, budget, windowMs } = this.#policy
    this.#recent = this.#recent.filter((at) => at > now - windowMs)
    if (this.#isSpent || this.#recent.length >= budget) {
      this.#isSpent = true
      return undefined
    }
    let waitMs = firstMs
    for (let i = 0; i < this.#recent.length && waitMs < capMs; i++) waitMs *= factor
    waitMs = Math.min(waitMs, capMs)
    this.#recent.push(now)
    this.#total++
    return Math.max(1, Math.round(waitMs * (1 - jitter * this.#random.next())))
  }
}
