import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PoolSpec } from '#data/connectors/adapter.port'
import { type AcquireOptions, RateBudget } from '#data/connectors/rate-budget'
import { ManualTime } from './manual-time.js'

const WEIGHT: PoolSpec = { name: 'weight', capacity: 100, windowMs: 60_000, kind: 'window' }
const OTHER: PoolSpec = { name: 'other', capacity: 10, windowMs: 1000, kind: 'bucket' }

function rig(limitShare = 0.5, cancelReserve = 0.2) {
  const time = new ManualTime()
  const budget = new RateBudget({ venue: 'binance', pools: [WEIGHT, OTHER], time, limitShare, cancelReserve })
  const granted: string[] = []
  const ask = (name: string, weight: number, options: AcquireOptions = {}, pool = 'weight'): Promise<void> =>
    budget.acquire([{ pool, weight }], options).then(() => void granted.push(name))
  return { time, budget, granted, ask }
}

describe('the rate budget', () => {
  it('grants in order up to its share and the rest when the window has passed', async () => {
    const { time, granted, ask } = rig()
    void ask('a', 30)
    void ask('b', 20)
    void ask('c', 5)
    await time.advance(0)
    expect(granted).toEqual(['a']) // 40 of 100: half is used at all, a fifth of it kept for cancels; c does not overtake
    await time.advance(59_999)
    expect(granted).toEqual(['a'])
    await time.advance(1)
    expect(granted).toEqual(['a', 'b', 'c'])
  })

  it('keeps its reserve for cancels, which come first', async () => {
    const { time, granted, ask } = rig()
    void ask('a', 40)
    void ask('b', 1)
    void ask('cancel', 10, { priority: 'cancel' })
    await time.advance(0)
    expect(granted).toEqual(['a', 'cancel'])
  })

  it('does not let one pool hold up another', async () => {
    const { time, granted, ask } = rig()
    void ask('a', 40)
    void ask('b', 40)
    void ask('c', 1, {}, 'other')
    await time.advance(0)
    expect(granted).toEqual(['a', 'c'])
  })

  it('lets through what is larger than the limit when nothing else counts', async () => {
    const { time, granted, ask } = rig()
    void ask('a', 1)
    void ask('huge', 60)
    await time.advance(59_000)
    expect(granted).toEqual(['a'])
    await time.advance(1000)
    expect(granted).toEqual(['a', 'huge'])
  })

  it('counts what others on the same address use', async () => {
    const { time, budget, granted, ask } = rig()
    void ask('a', 10)
    budget.observe([{ pool: 'weight', weight: 35 }])
    void ask('b', 10)
    await time.advance(0)
    expect(granted).toEqual(['a'])
    expect(budget.status().pools[0]).toMatchObject({ used: 35, left: 5 })
    budget.observe([{ pool: 'weight', weight: 12 }]) // less than we know of: nothing new
    expect(budget.status().pools[0]).toMatchObject({ used: 35 })
    await time.advance(60_000)
    expect(granted).toEqual(['a', 'b'])
  })

  it('sends nothing to a host before its pause is over, cancels included', async () => {
    const { time, budget, granted, ask } = rig()
    budget.pauseUntil(time.now() + 5000, 'fapi')
    budget.pauseUntil(time.now() + 1000, 'fapi') // never shorter
    void ask('cancel', 1, { host: 'fapi', priority: 'cancel' })
    void ask('elsewhere', 1, { host: 'api' }, 'other')
    await time.advance(4999)
    expect(granted).toEqual(['elsewhere'])
    expect(budget.status().pausedUntil).toBe(time.now() + 1)
    await time.advance(1)
    expect(granted).toEqual(['elsewhere', 'cancel'])
    expect(budget.status()).toMatchObject({ pausedUntil: null, waiting: 0 })
  })

  it('refuses who will not wait so long, and forgets who gave up', async () => {
    const { time, budget, granted, ask } = rig()
    budget.pauseUntil(time.now() + 120_000)
    await expect(ask('hurried', 1, { patienceMs: 60_000 })).rejects.toMatchObject({ code: 'VENUE_RATE_LIMITED' })
    const abort = new AbortController()
    const gone = ask('gone', 1, { signal: abort.signal })
    abort.abort(new Error('stopped'))
    await expect(gone).rejects.toThrow('stopped')
    await time.advance(200_000)
    expect(granted).toEqual([])
    expect(time.pending).toBe(0)
  })

  it('never grants more than its share in any window, whatever is asked when', async () => {
    const asks = fc.array(fc.tuple(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 1, max: 40 })), {
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(asks, fc.constantFrom('window', 'bucket'), async (steps, kind) => {
        const time = new ManualTime()
        const pools: PoolSpec[] = [{ ...WEIGHT, kind }]
        const budget = new RateBudget({ venue: 'x', pools, time, limitShare: 0.5, cancelReserve: 0 })
        const grants: [number, number][] = []
        for (const [gap, weight] of steps) {
          await time.advance(gap)
          void budget.acquire([{ pool: 'weight', weight }]).then(() => void grants.push([time.now(), weight]))
        }
        await time.advance(steps.length * 120_000)
        expect(grants.length).toBe(steps.length)
        // A bucket gives its capacity at once and once more over a window.
        const most = kind === 'window' ? 50 : 100
        for (const [start] of grants) {
          const inWindow = grants.filter(([ts]) => ts >= start && ts < start + 60_000)
          expect(inWindow.reduce((sum, [, weight]) => sum + weight, 0)).toBeLessThanOrEqual(most + 1e-6)
        }
      }),
      { numRuns: 60 },
    )
  })
})
