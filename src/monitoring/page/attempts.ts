/** Owns how often somebody may fail: so many in a minute and address, in bounded memory. */
import type { TimePort } from '#core/ports'
import { MINUTE_MS } from '#core/time'

/** Addresses that are remembered; beyond, the one that failed longest ago is forgotten (ours). */
const ADDRESSES_MAX = 256

export class Attempts {
  readonly #max: number
  readonly #time: TimePort
  /** Times of the failures of the last minute, oldest first. */
  readonly #failed = new Map<string, number[]>()

  constructor(max: number, time: TimePort) {
    this.#max = max
    this.#time = time
  }

  /** Seconds until it may be tried again; 0: now. */
  waitSeconds(address: string): number {
    const recent = this.#recent(address)
    const oldest = recent[0]
    if (oldest === undefined || recent.length < this.#max) return 0
    return Math.max(1, Math.ceil((oldest + MINUTE_MS - this.#time.now()) / 1000))
  }

  failed(address: string): void {
    const recent = [...this.#recent(address), this.#time.now()].slice(-this.#max)
    this.#failed.delete(address)
    this.#failed.set(address, recent)
    for (const first of this.#failed.keys()) if (this.#failed.size > ADDRESSES_MAX) this.#failed.delete(first)
  }

  #recent(address: string): number[] {
    const since = this.#time.now() - MINUTE_MS
    return (this.#failed.get(address) ?? []).filter((at) => at > since)
  }
}
