/** Owns the cache inside the process: the default, without any server. Bounded by its keys; expired values are dropped when met. */
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'
import type { Cache, CacheEntry, CacheStatus } from './cache.port.js'

interface Held {
  readonly entry: CacheEntry
  readonly until: EpochMs
}

export class MemoryCache implements Cache {
  readonly #held = new Map<string, Held>()
  readonly #readers = new Set<{ readonly prefix: string; readonly fn: (entry: CacheEntry) => void }>()
  readonly #time: Pick<TimePort, 'now'>
  readonly #expiryMs: DurationMs

  constructor(time: Pick<TimePort, 'now'>, expiryMs: DurationMs) {
    this.#time = time
    this.#expiryMs = expiryMs
  }

  put(entry: CacheEntry): void {
    this.#held.set(entry.key, { entry, until: this.#time.now() + this.#expiryMs })
    for (const { prefix, fn } of this.#readers) if (entry.key.startsWith(prefix)) call(fn, entry)
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    return this.#fresh(key)
  }

  async list(prefix: string): Promise<readonly CacheEntry[]> {
    const keys = [...this.#held.keys()].filter((key) => key.startsWith(prefix)).sort()
    return keys.flatMap((key) => this.#fresh(key) ?? [])
  }

  async subscribe(prefix: string, fn: (entry: CacheEntry) => void): Promise<() => Promise<void>> {
    const reader = { prefix, fn }
    this.#readers.add(reader)
    return async () => {
      this.#readers.delete(reader)
    }
  }

  status(): CacheStatus {
    return { kind: 'memory', isUp: true, waiting: 0, lastError: '' }
  }

  async close(): Promise<void> {
    this.#readers.clear()
    this.#held.clear()
  }

  #fresh(key: string): CacheEntry | undefined {
    const held = this.#held.get(key)
    if (held === undefined) return undefined
    if (held.until > this.#time.now()) return held.entry
    this.#held.delete(key)
    return undefined
  }
}

/** A reader that throws harms nobody else. */
function call(fn: (entry: CacheEntry) => void, entry: CacheEntry): void {
  try {
    fn(entry)
  } catch {
    // It has been told; what it makes of it is its own affair.
  }
}
