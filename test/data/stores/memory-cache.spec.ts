import { describe, expect, it } from 'vitest'
import { CacheProjection, entryOfEvent } from '#data/stores/cache-projection'
import { MemoryCache } from '#data/stores/memory-cache'
import { cacheContract } from '#test/contracts/cache.contract'
import { event } from '#test/given'

describe('the cache in the process', () => {
  cacheContract(async () => {
    let now = 0
    const cache = new MemoryCache({ now: () => now }, 1000)
    return {
      cache,
      expire: async () => {
        now += 1001
      },
    }
  })

  it('is not harmed by a reader that throws', async () => {
    const cache = new MemoryCache({ now: () => 0 }, 1000)
    await cache.subscribe('', () => {
      throw new Error('mine')
    })
    cache.put({ key: 'health', seq: 1, ts: 1, value: {} })
    expect((await cache.get('health'))?.seq).toBe(1)
  })
})

describe('the projection into the cache', () => {
  const settled = event(
    'FundingSettled',
    { instrument: 'okx.swap.BTC-USDT-SWAP', settledAt: 1, rate: 0.0001, intervalHours: 8, proxy: false },
    { seq: 7 },
  )

  it('keeps latest values by instrument, and the book behind what changes it', async () => {
    const cache = new MemoryCache({ now: () => 0 }, 1000)
    let asked = 0
    const projection = new CacheProjection(cache, () => {
      asked++
      return { seq: 9, ts: 9, positions: [{ instrument: 'a.b.C' }], health: { state: 'running' } }
    })
    projection.take([settled])
    expect(asked).toBe(0)
    projection.take([event('InstantClosed', { instant: 1, intervals: ['1m'], missing: [] })])
    expect((await cache.list('')).map(({ key, seq }) => `${key} ${seq}`)).toEqual([
      'health 9',
      'position:a.b.C 9',
      'settlement:okx.swap.BTC-USDT-SWAP 7',
    ])
  })

  it('leaves out what is no latest value', () => {
    expect(entryOfEvent(event('InstantClosed', { instant: 1, intervals: [], missing: [] }))).toBeUndefined()
  })
})
