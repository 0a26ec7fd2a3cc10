/** Owns the counters by which a simulated exchange enforces its limits, and its bans. Never reads the machine's clock. */
import { DAY_MS, type DurationMs, type EpochMs, floorTo } from '#core/time'
import type { SimLimit, SimLimiter } from './protocol.port.js'

/** Bans grow up to this long: Binance, "LIMITS", says 2 minutes to 3 days (2026). */
const LONGEST_BAN_MS = 3 * DAY_MS
/** Who is banned again within this time after a ban is banned for twice as long. */
const MEMORY_MS = DAY_MS
/** Counters are swept when there are so many of them. */
const SWEEP_AT = 4096

interface Counter {
  used: number
  /** Window: its start. Bucket: when `used` was last brought up to date. */
  since: EpochMs
  readonly windowMs: DurationMs
}

interface Ban {
  readonly until: EpochMs
  readonly forMs: DurationMs
}

export interface Limiter extends SimLimiter {
  /** How often a limit was exceeded, and how many bans were given. */
  readonly hits: number
  readonly bans: number
  /** A ban of just this length, for faults. */
  banExactly(ip: string, forMs: DurationMs): void
  liftBans(): void
}

/**
 * `window`: fixed windows on the clock's grid; what is beyond the capacity counts as well. `bucket`: fills evenly with
 * `capacity` in `windowMs`; what it cannot give is not taken, else who hammers would never get anything again.
 */
export function createLimiter(now: () => EpochMs): Limiter {
  const counters = new Map<string, Counter>()
  const bans = new Map<string, Ban>()
  let hits = 0
  let banned = 0

  const counterOf = (limit: SimLimit, key: string, at: EpochMs): Counter => {
    const id = `${limit.name}\n${key}`
    let counter = counters.get(id)
    if (counter === undefined) {
      if (counters.size >= SWEEP_AT)
        for (const [old, { since, windowMs }] of counters) if (since + windowMs < at) counters.delete(old)
      counter = { used: 0, since: limit.kind === 'window' ? floorTo(at, limit.windowMs) : at, windowMs: limit.windowMs }
      counters.set(id, counter)
    }
    return counter
  }

  const give = (ip: string, forMs: DurationMs): void => {
    banned++
    bans.set(ip, { until: now() + forMs, forMs })
  }

  return {
    get hits() {
      return hits
    },
    get bans() {
      return banned
    },
    take(limit, key, weight) {
      const at = now()
      const counter = counterOf(limit, key, at)
      if (limit.kind === 'window') {
        const start = floorTo(at, limit.windowMs)
        if (start > counter.since) {
          counter.since = start
          counter.used = 0
        }
        counter.used += weight
        const isOver = counter.used > limit.capacity
        if (isOver) hits++
        return { used: counter.used, isOver, resetMs: start + limit.windowMs - at }
      }
      const perMs = limit.capacity / limit.windowMs
      counter.used = Math.max(0, counter.used - (at - counter.since) * perMs)
      counter.since = at
      const isOver = counter.used + weight > limit.capacity
      if (isOver) hits++
      else counter.used += weight
      const lacking = isOver ? counter.used + weight - limit.capacity : 0
      return { used: Math.ceil(counter.used), isOver, resetMs: Math.ceil(lacking / perMs) }
    },
    bannedUntil(ip) {
      const ban = bans.get(ip)
      return ban !== undefined && ban.until > now() ? ban.until : undefined
    },
    ban(ip, forMs) {
      const last = bans.get(ip)
      const again = last !== undefined && now() < last.until + MEMORY_MS
      give(ip, again ? Math.min(LONGEST_BAN_MS, Math.max(forMs, last.forMs * 2)) : forMs)
    },
    banExactly: give,
    liftBans() {
      bans.clear()
    },
  }
}
