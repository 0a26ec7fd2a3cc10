/**
 * Owns a histogram of durations with fixed buckets and a bounded relative error, after HdrHistogram (Gil Tene):
 * 64 buckets a power of two, so a quantile is at most 1.6 % too high. Never allocates after construction.
 */

const SUB_BITS = 6
const SUB = 1 << SUB_BITS
/** 2^32 µs, 71 minutes: anything longer counts as that. */
const MAX_US = 4294967295
const BUCKETS = (32 - SUB_BITS + 1) * SUB

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0
  #sumMs = 0
  #maxMs = 0

  get count(): number {
    return this.#total
  }

  get maxMs(): number {
    return this.#maxMs
  }

  /** Of everything recorded, ms. */
  get sumMs(): number {
    return this.#sumMs
  }

  /** O(1). Negative durations count as 0. */
  record(durationMs: number): void {
    const us = Math.min(MAX_US, Math.max(0, Math.round(durationMs * 1000)))
    this.#counts[bucketOf(us)]! += 1
    this.#total++
    this.#sumMs += Math.max(0, durationMs)
    if (durationMs > this.#maxMs) this.#maxMs = durationMs
  }

  /** Upper end, in ms, of the bucket that holds quantile `q` in (0, 1]; 0 when nothing was recorded. */
  quantileMs(q: number): number {
    if (this.#total === 0) return 0
    const wanted = Math.max(1, Math.ceil(q * this.#total))
    let seen = 0
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i]!
      if (seen >= wanted) return Math.min(this.#maxMs, upperUs(i) / 1000)
    }
    return this.#maxMs
  }

  /** How many were at most as long as each of `endsMs` (ascending): those within 1.6 % of an end may be left to the next. */
  cumulative(endsMs: readonly number[]): number[] {
    let bucket = 0
    let seen = 0
    return endsMs.map((endMs) => {
      while (bucket < BUCKETS && upperUs(bucket) <= endMs * 1000) seen += this.#counts[bucket++]!
      return seen
    })
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
    this.#sumMs = 0
    this.#maxMs = 0
  }
}

function bucketOf(us: number): number {
  if (us < SUB) return us
  const exponent = 31 - Math.clz32(us)
  return (exponent - SUB_BITS) * SUB + (us >>> (exponent - SUB_BITS))
}

function upperUs(bucket: number): number {
  if (bucket < SUB) return bucket
  const shift = Math.floor(bucket / SUB) - 1
  return (bucket - shift * SUB + 1) * (1 << shift) - 1
}
