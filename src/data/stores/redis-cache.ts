/**
 * Owns the cache in Redis. Only the newest value of each key waits here, so memory is bounded by the keys; one batch is on
 * its way at a time, and a server that hangs is cut and tried again later. Nobody ever waits for it. Never lets its URL into
 * a message.
 */
import { Redis } from 'ioredis'
import { QuantbotError } from '#core/errors'
import type { DurationMs } from '#core/time'
import type { Cache, CacheEntry, CacheStatus } from './cache.port.js'

/** Ours. */
const COMMAND_TIMEOUT_MS = 2000
const RECONNECT_FIRST_MS = 100
const RECONNECT_CAP_MS = 5000
const BATCH = 1000
const CLOSE_MS = 1000

const retryMs = (tries: number): number => Math.min(RECONNECT_CAP_MS, RECONNECT_FIRST_MS * 2 ** Math.min(tries, 10))

export interface RedisCacheOptions {
  /** `redis://…`, may hold a password. */
  readonly url: string
  /** Begins every key and channel: `quantbot:<run>:`. */
  readonly namespace: string
  readonly expiryMs: DurationMs
}

interface Waiting {
  readonly json: string
  /** Monotonic. */
  readonly putAt: number
}

export class RedisCache implements Cache {
  readonly #options: RedisCacheOptions
  readonly #redis: Redis
  readonly #latest = new Map<string, Waiting>()
  readonly #dirty = new Set<string>()
  readonly #subscribers = new Set<Redis>()
  #isFlushing = false
  /** Set while a server that refuses is left alone. */
  #resting: NodeJS.Timeout | undefined
  #refusals = 0
  #isClosed = false
  #lastError = ''

  constructor(options: RedisCacheOptions) {
    this.#options = options
    this.#redis = this.#connection()
    this.#redis.on('ready', () => this.#refill())
    void this.#redis.connect().catch(() => undefined) // reported by the error listener, tried again by ioredis
  }

  put(entry: CacheEntry): void {
    if (this.#isClosed) return
    this.#latest.set(entry.key, { json: JSON.stringify(entry), putAt: performance.now() })
    this.#dirty.add(entry.key)
    this.#flushSoon()
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    const json = await this.#ask(() => this.#redis.get(this.#options.namespace + key))
    return json === null ? undefined : entryOf(json)
  }

  async list(prefix: string): Promise<readonly CacheEntry[]> {
    const { namespace } = this.#options
    const keys = new Set<string>()
    let cursor = '0'
    do {
      const [next, found] = await this.#ask(() =>
        this.#redis.scan(cursor, 'MATCH', `${escaped(namespace + prefix)}*`, 'COUNT', BATCH),
      )
      for (const key of found) keys.add(key)
      cursor = next
    } while (cursor !== '0')
    if (keys.size === 0) return []
    const values = await this.#ask(() => this.#redis.mget([...keys].sort()))
    return values.flatMap((json) => (json === null ? [] : (entryOf(json) ?? [])))
  }

  async subscribe(prefix: string, fn: (entry: CacheEntry) => void): Promise<() => Promise<void>> {
    const redis = this.#connection()
    this.#subscribers.add(redis)
    redis.on('pmessage', (_pattern: string, _channel: string, json: string) => {
      const entry = entryOf(json)
      if (entry !== undefined) fn(entry)
    })
    await this.#ask(() => redis.connect())
    await this.#ask(() => redis.psubscribe(`${escaped(this.#options.namespace + prefix)}*`))
    return async () => {
      this.#subscribers.delete(redis)
      redis.disconnect()
    }
  }

  status(): CacheStatus {
    return {
      kind: 'redis',
      isUp: this.#redis.status === 'ready',
      waiting: this.#dirty.size,
      lastError: this.#lastError,
    }
  }

  async close(withinMs: DurationMs = CLOSE_MS): Promise<void> {
    const until = performance.now() + withinMs
    while (this.#dirty.size > 0 && this.#redis.status === 'ready' && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 10))
    this.#isClosed = true
    clearTimeout(this.#resting)
    for (const redis of [this.#redis, ...this.#subscribers]) redis.disconnect()
  }

  #connection(): Redis {
    const redis = new Redis(this.#options.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: COMMAND_TIMEOUT_MS,
      autoResendUnfulfilledCommands: false,
      retryStrategy: retryMs,
    })
    redis.on('error', (error: unknown) => {
      this.#lastError = words(error)
    })
    return redis
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command()
    } catch (error) {
      throw new QuantbotError('STORE_UNAVAILABLE', `Redis: ${words(error)}`)
    }
  }

  /** A server that was away, or came back empty, gets every value that has not expired. */
  #refill(): void {
    const now = performance.now()
    for (const [key, { putAt }] of this.#latest) {
      if (now - putAt < this.#options.expiryMs) this.#dirty.add(key)
      else this.#latest.delete(key)
    }
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#isFlushing || this.#isClosed || this.#resting !== undefined || this.#redis.status !== 'ready') return
    this.#isFlushing = true
    setImmediate(() => {
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    const { namespace, expiryMs } = this.#options
    try {
      while (this.#dirty.size > 0 && this.#redis.status === 'ready') {
        const batch = firstOf(this.#dirty, BATCH)
        const pipeline = this.#redis.pipeline()
        for (const key of batch) {
          this.#dirty.delete(key)
          const { json } = this.#latest.get(key)!
          pipeline.set(namespace + key, json, 'PX', Math.ceil(expiryMs)).publish(namespace + key, json)
        }
        const failure = await sent(pipeline)
        if (failure === undefined) {
          this.#refusals = 0
          continue
        }
        for (const key of batch) this.#dirty.add(key)
        this.#lastError = words(failure)
        if (isReply(failure)) {
          this.#rest()
          return
        }
        // A server that hangs: cut, so that ioredis connects anew and `ready` brings it up to date.
        if (this.#redis.status === 'ready') this.#redis.disconnect(true)
        return
      }
    } finally {
      this.#isFlushing = false
    }
  }

  /** A server that answers and refuses (it is full, or read only) is asked again later, ever more seldom. */
  #rest(): void {
    const ms = retryMs(++this.#refusals)
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      this.#flushSoon()
    }, ms)
    this.#resting.unref()
  }
}

/** The server is there and said no: full, read only, still loading. */
const isReply = (failure: unknown): boolean => failure instanceof Error && failure.name === 'ReplyError'

async function sent(pipeline: ReturnType<Redis['pipeline']>): Promise<unknown> {
  try {
    const results = await pipeline.exec()
    return results?.find(([error]) => error !== null)?.[0] ?? undefined
  } catch (error) {
    return error
  }
}

function firstOf(keys: ReadonlySet<string>, count: number): string[] {
  const first: string[] = []
  for (const key of keys) {
    if (first.length === count) break
    first.push(key)
  }
  return first
}

function entryOf(json: string): CacheEntry | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && 'key' in value ? (value as CacheEntry) : undefined // we wrote it
  } catch {
    return undefined
  }
}

/** Wildcards of Redis patterns taken literally. */
const escaped = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&')

/** Code and kind of an error; its text may hold the address, and is left out. */
function words(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  if (/timed out/i.test(error.message)) return 'no answer in time'
  // A reply begins with its code: NOAUTH, OOM, READONLY, LOADING, MISCONF.
  const word = isReply(error) ? /^[A-Z]{2,}\b/.exec(error.message)?.[0] : undefined
  return word ?? (code === 'Error' ? wordOf(error.message) : code)
}

/** What ioredis says without a code, where its text is a fixed one. */
function wordOf(text: string): string {
  if (text === 'Connection is closed.') return 'connection closed'
  return text.startsWith("Stream isn't writeable") ? 'not connected' : 'Error'
}
