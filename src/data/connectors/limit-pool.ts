/** Owns counting the weight of one limit of a venue, as a sliding window or a bucket. Never waits. */
import type { DurationMs, EpochMs } from '#core/time'
import type { PoolSpec } from './adapter.port.js'

/** Weight counted against one limit. Times are of the connector's clock. */
export interface LimitPool {
  readonly spec: PoolSpec
  /** Weight that counts now. */
  used(now: EpochMs): number
  /** How long until `weight` fits below `limit`; 0: now. What is larger than the limit fits when nothing else counts. */
  waitMs(weight: number, limit: number, now: EpochMs): DurationMs
  take(weight: number, now: EpochMs): void
  /** The venue says that so much counts: what we did not use ourselves others did. */
  observe(used: number, now: EpochMs): void
}

/** `share`: of the venue's own capacity, in (0, 1]; a bucket also drains that much slower. */
export function limitPool(spec: PoolSpec, share: number): LimitPool {
  return spec.kind === 'window' ? new WindowPool(spec) : new BucketPool(spec, share)
}

/** Any span of the window's length, wherever it begins: holds for venues whose windows begin with the minute as well. */
class WindowPool implements LimitPool {
  readonly spec: PoolSpec
  #times: EpochMs[] = []
  #weights: number[] = []
  #head = 0
  #sum = 0

  constructor(spec: PoolSpec) {
    this.spec = spec
  }

  used(now: EpochMs): number {
    while (this.#head < this.#times.length && this.#times[this.#head]! <= now - this.spec.windowMs)
      this.#sum -= this.#weights[this.#head++]!
    if (this.#head === this.#times.length) this.#sum = 0 // weights may be fractions: no remainder stays
    if (this.#head > 1024 || this.#head === this.#times.length) {
      this.#times = this.#times.slice(this.#head)
      this.#weights = this.#weights.slice(this.#head)
      this.#head = 0
    }
    return this.#sum
  }

  waitMs(weight: number, limit: number, now: EpochMs): DurationMs {
    let rest = this.used(now)
    if (weight === 0) return 0
    for (let i = this.#head; rest > 0 && rest + weight > limit; i++) {
      if (i >= this.#times.length) return 0
      rest -= this.#weights[i]!
      if (i === this.#times.length - 1 || rest + weight <= limit) return this.#times[i]! + this.spec.windowMs - now
    }
    return 0
  }

  take(weight: number, now: EpochMs): void {
    if (weight === 0) return
    const last = this.#times.length - 1
    if (last >= this.#head && this.#times[last] === now) this.#weights[last]! += weight
    else {
      this.#times.push(now)
      this.#weights.push(weight)
    }
    this.#sum += weight
  }

  observe(used: number, now: EpochMs): void {
    const others = used - this.used(now)
    if (others > 0) this.take(others, now)
  }
}

class BucketPool implements LimitPool {
  readonly spec: PoolSpec
  readonly #drainPerMs: number
  #level = 0
  #at: EpochMs = 0

  constructor(spec: PoolSpec, share: number) {
    this.spec = spec
    this.#drainPerMs = (spec.capacity * share) / spec.windowMs
  }

  used(now: EpochMs): number {
    if (now > this.#at) {
      this.#level = Math.max(0, this.#level - (now - this.#at) * this.#drainPerMs)
      this.#at = now
    }
    return this.#level
  }

  waitMs(weight: number, limit: number, now: EpochMs): DurationMs {
    const level = this.used(now)
    const goal = Math.max(0, limit - weight)
    return weight === 0 || level <= goal ? 0 : Math.ceil((level - goal) / this.#drainPerMs)
  }

  take(weight: number, now: EpochMs): void {
    this.#level = this.used(now) + weight
  }

  observe(used: number, now: EpochMs): void {
    this.#level = Math.max(this.used(now), used)
  }
}
