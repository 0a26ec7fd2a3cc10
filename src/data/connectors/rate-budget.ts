/**
 * Owns the one budget of a venue's rate limits that all requests share: who may send now, who waits, and until when nobody
 * may. Never sends anything itself.
 */
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import type { TimePort } from '#core/ports'
import { type DurationMs, type EpochMs, isoTime } from '#core/time'
import type { Cost, PoolSpec } from './adapter.port.js'
import { type LimitPool, limitPool } from './limit-pool.js'

export type Priority = 'normal' | 'cancel'

export interface BudgetOptions {
  readonly venue: string
  readonly pools: readonly PoolSpec[]
  readonly time: TimePort
  /** Share of the venue's limits that is used at all, in (0, 1]. */
  readonly limitShare: number
  /** Share of that which only `cancel` may use, in [0, 1). */
  readonly cancelReserve: number
}

export interface AcquireOptions {
  readonly priority?: Priority
  readonly signal?: AbortSignal | undefined
  /** Where the request goes: a host may be paused alone. */
  readonly host?: string
  /** VENUE_RATE_LIMITED when the venue has to be left alone for longer. */
  readonly patienceMs?: DurationMs
}

export interface BudgetStatus {
  readonly pools: readonly {
    readonly name: string
    readonly used: number
    /** What may still be used now, the reserve for cancels left out. */
    readonly left: number
    readonly capacity: number
  }[]
  readonly waiting: number
  /** The latest pause that holds; null: none. */
  readonly pausedUntil: EpochMs | null
}

interface Waiter {
  readonly costs: readonly Cost[]
  readonly options: AcquireOptions
  readonly grant: () => void
  readonly refuse: (error: unknown) => void
}

/** Key of a pause that holds for every host. */
const EVERYWHERE = ''

export class RateBudget {
  readonly #options: BudgetOptions
  readonly #pools: ReadonlyMap<string, LimitPool>
  readonly #queues: Readonly<Record<Priority, Waiter[]>> = { cancel: [], normal: [] }
  readonly #pauses = new Map<string, EpochMs>()
  #cancelWake: (() => void) | undefined

  constructor(options: BudgetOptions) {
    this.#options = options
    this.#pools = new Map(options.pools.map((spec) => [spec.name, limitPool(spec, options.limitShare)]))
  }

  /**
   * Fulfilled when the request may be sent; its weight is counted from then on. First come, first served among those who
   * need the same pool; cancels first. Rejects with the signal's reason, or VENUE_RATE_LIMITED.
   */
  acquire(costs: readonly Cost[], options: AcquireOptions = {}): Promise<void> {
    for (const { pool } of costs)
      invariant(this.#pools.has(pool), () => `${this.#options.venue}: no rate limit pool ${pool}`)
    if (options.signal?.aborted) return Promise.reject(options.signal.reason)
    return new Promise((resolve, reject) => {
      const queue = this.#queues[options.priority ?? 'normal']
      const done = (): void => options.signal?.removeEventListener('abort', onAbort)
      const waiter: Waiter = {
        costs,
        options,
        grant: () => {
          done()
          resolve()
        },
        refuse: (error) => {
          done()
          reject(error)
        },
      }
      const onAbort = (): void => {
        const index = queue.indexOf(waiter)
        if (index >= 0) queue.splice(index, 1)
        waiter.refuse(options.signal?.reason)
        this.#serve()
      }
      options.signal?.addEventListener('abort', onAbort, { once: true })
      queue.push(waiter)
      this.#serve()
    })
  }

  /** What the venue says is used: programs beside us on the same address count too. */
  observe(usage: readonly Cost[]): void {
    const now = this.#options.time.now()
    for (const { pool, weight } of usage) this.#pools.get(pool)?.observe(weight, now)
  }

  /** Nothing is sent to the host, or to any, before that time. Never shortens a pause. */
  pauseUntil(until: EpochMs, host: string = EVERYWHERE): void {
    if (until <= (this.#pauses.get(host) ?? 0)) return
    this.#pauses.set(host, until)
    this.#serve()
  }

  /** Until when nothing may be sent there; undefined: no pause. */
  pausedUntil(host: string = EVERYWHERE): EpochMs | undefined {
    const until = Math.max(this.#pauses.get(host) ?? 0, this.#pauses.get(EVERYWHERE) ?? 0)
    return until > this.#options.time.now() ? until : undefined
  }

  status(): BudgetStatus {
    const now = this.#options.time.now()
    const pauses = [...this.#pauses.values()].filter((until) => until > now)
    return {
      pools: [...this.#pools.values()].map((pool) => {
        const used = pool.used(now)
        const left = Math.max(0, this.#limit(pool, 'normal') - used)
        return { name: pool.spec.name, used, left, capacity: pool.spec.capacity }
      }),
      waiting: this.#queues.cancel.length + this.#queues.normal.length,
      pausedUntil: pauses.length === 0 ? null : Math.max(...pauses),
    }
  }

  /** Grants what fits. A waiter that does not fit keeps its pools from those behind it, and leaves the others free. */
  #serve(): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    const now = this.#options.time.now()
    let wakeMs = Number.POSITIVE_INFINITY
    for (const priority of ['cancel', 'normal'] as const) {
      const queue = this.#queues[priority]
      const taken = new Set<string>()
      const rest: Waiter[] = []
      for (const waiter of queue.splice(0)) {
        const waitMs = this.#waitMs(waiter, priority, now)
        if (waitMs === undefined) continue
        if (waitMs === 0 && !waiter.costs.some(({ pool }) => taken.has(pool))) {
          for (const { pool, weight } of waiter.costs) this.#pools.get(pool)!.take(weight, now)
          waiter.grant()
          continue
        }
        for (const { pool } of waiter.costs) taken.add(pool)
        if (waitMs > 0) wakeMs = Math.min(wakeMs, waitMs)
        rest.push(waiter)
      }
      queue.push(...rest)
    }
    if (wakeMs < Number.POSITIVE_INFINITY)
      this.#cancelWake = this.#options.time.after(Math.max(1, wakeMs), () => this.#serve())
  }

  /** Undefined: refused, because it would have to wait too long. */
  #waitMs({ costs, options, refuse }: Waiter, priority: Priority, now: EpochMs): DurationMs | undefined {
    const until = this.pausedUntil(options.host)
    if (until !== undefined) {
      if (until - now <= (options.patienceMs ?? Number.POSITIVE_INFINITY)) return until - now
      refuse(
        new QuantbotError('VENUE_RATE_LIMITED', `${this.#options.venue}: nothing may be sent before ${isoTime(until)}`),
      )
      return undefined
    }
    let waitMs = 0
    for (const { pool: name, weight } of costs) {
      const pool = this.#pools.get(name)!
      waitMs = Math.max(waitMs, pool.waitMs(weight, this.#limit(pool, priority), now))
    }
    return waitMs
  }

  #limit(pool: LimitPool, priority: Priority): number {
    const { limitShare, cancelReserve } = this.#options
    return pool.spec.capacity * limitShare * (priority === 'cancel' ? 1 : 1 - cancelReserve)
  }
}
