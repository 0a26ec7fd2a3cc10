/** Owns what a cache of latest values is to those who fill and read it. Every implementation passes test/contracts/cache.contract.ts. */
import type { DurationMs, EpochMs } from '#core/time'

/** One latest value. `seq` and `ts` are those of the event that brought it. */
export interface CacheEntry {
  /** `bar:binance.usdm.BTCUSDT:1m`, `mark:…`, `funding:…`, `settlement:…`, `openInterest:…`, `spread:BTC`, `position:…`, `health`. */
  readonly key: string
  readonly seq: number
  readonly ts: EpochMs
  readonly value: { readonly [field: string]: unknown }
}

export interface CacheStatus {
  readonly kind: 'memory' | 'redis'
  readonly isUp: boolean
  /** Values that the server does not have yet. */
  readonly waiting: number
  /** Without address or password; empty for none. */
  readonly lastError: string
}

export interface Cache {
  /** Takes the latest value of its key. Returns at once, never throws; a server that is away gets the newest value later. */
  put(entry: CacheEntry): void
  /** Undefined when it expired or never was. Rejects with STORE_UNAVAILABLE. */
  get(key: string): Promise<CacheEntry | undefined>
  /** All values whose key begins so, ascending by key. Rejects with STORE_UNAVAILABLE. */
  list(prefix: string): Promise<readonly CacheEntry[]>
  /** Values as they are put, of keys that begin so. A slow reader misses values, never the newest for ever. */
  subscribe(prefix: string, fn: (entry: CacheEntry) => void): Promise<() => Promise<void>>
  status(): CacheStatus
  /** What waits is written if that takes no longer than `withinMs`. */
  close(withinMs?: DurationMs): Promise<void>
}
