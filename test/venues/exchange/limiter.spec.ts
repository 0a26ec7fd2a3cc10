/** Limits and bans on the exchange's clock. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { createLimiter } from '#venues/exchange/limiter'

function rig() {
  let now = 1_000 * MINUTE_MS
  return { limiter: createLimiter(() => now), pass: (ms: number) => (now += ms), now: () => now }
}
const window = { name: 'weight', capacity: 10, windowMs: MINUTE_MS, kind: 'window' } as const
const bucket = { name: 'credits', capacity: 10, windowMs: 10 * SECOND_MS, kind: 'bucket' } as const

describe('a window', () => {
  it('counts beyond its capacity, by address, until the clock’s next window', () => {
    const { limiter, pass } = rig()
    pass(20 * SECOND_MS)
    expect(limiter.take(window, 'a', 10)).toEqual({ used: 10, isOver: false, resetMs: 40 * SECOND_MS })
    expect(limiter.take(window, 'a', 5)).toMatchObject({ used: 15, isOver: true })
    expect(limiter.take(window, 'b', 1)).toMatchObject({ used: 1, isOver: false })
    pass(40 * SECOND_MS)
    expect(limiter.take(window, 'a', 1)).toMatchObject({ used: 1, isOver: false, resetMs: MINUTE_MS })
    expect(limiter.hits).toBe(1)
  })
})

describe('a bucket', () => {
  it('fills evenly, and does not take what it cannot give', () => {
    const { limiter, pass } = rig()
    expect(limiter.take(bucket, 'a', 10)).toMatchObject({ used: 10, isOver: false })
    for (let i = 0; i < 50; i++) expect(limiter.take(bucket, 'a', 2)).toMatchObject({ isOver: true, resetMs: 2000 })
    pass(2000)
    expect(limiter.take(bucket, 'a', 2)).toMatchObject({ used: 10, isOver: false, resetMs: 0 })
  })
})

describe('bans', () => {
  it('end on the clock', () => {
    const { limiter, pass, now } = rig()
    expect(limiter.bannedUntil('a')).toBeUndefined()
    limiter.ban('a', 2 * MINUTE_MS)
    expect(limiter.bannedUntil('a')).toBe(now() + 2 * MINUTE_MS)
    expect(limiter.bannedUntil('b')).toBeUndefined()
    pass(2 * MINUTE_MS)
    expect(limiter.bannedUntil('a')).toBeUndefined()
  })

  it('double for who comes back for more, up to three days, and are forgotten after a day', () => {
    const { limiter, pass, now } = rig()
    const lengths = Array.from({ length: 14 }, () => {
      limiter.ban('a', 2 * MINUTE_MS)
      const length = limiter.bannedUntil('a')! - now()
      pass(length)
      return length
    })
    expect(lengths.slice(0, 3)).toEqual([2 * MINUTE_MS, 4 * MINUTE_MS, 8 * MINUTE_MS])
    expect(lengths.at(-1)).toBe(3 * DAY_MS)
    pass(DAY_MS)
    limiter.ban('a', 2 * MINUTE_MS)
    expect(limiter.bannedUntil('a')! - now()).toBe(2 * MINUTE_MS)
    expect(limiter.bans).toBe(15)
    limiter.liftBans()
    expect(limiter.bannedUntil('a')).toBeUndefined()
  })
})
