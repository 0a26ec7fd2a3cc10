/** What every cache of latest values must do, whatever keeps them. */
import { expect, it } from 'vitest'
import type { Cache, CacheEntry } from '#data/stores/cache.port'

export interface CacheRig {
  readonly cache: Cache
  /** Lets values expire that were put now. */
  readonly expire: () => Promise<void>
}

const entry = (key: string, seq: number): CacheEntry => ({
  key,
  seq,
  ts: 1_700_000_000_000 + seq,
  value: { price: seq },
})

async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('did not come')
}

/** `open` gives a fresh, empty cache whose values expire within a second or when the rig says so. */
export function cacheContract(open: () => Promise<CacheRig>): void {
  it('gives the latest value of a key, exactly as it was put', async () => {
    const { cache } = await open()
    for (const seq of [1, 2, 3]) cache.put(entry('mark:binance.usdm.BTCUSDT', seq))
    await until(async () => (await cache.get('mark:binance.usdm.BTCUSDT'))?.seq === 3)
    expect(await cache.get('mark:binance.usdm.BTCUSDT')).toEqual(entry('mark:binance.usdm.BTCUSDT', 3))
    expect(await cache.get('mark:binance.usdm.ETHUSDT')).toBeUndefined()
    await cache.close()
  })

  it('lists by the beginning of the key, which is taken literally', async () => {
    const { cache } = await open()
    for (const [i, key] of ['funding:b', 'funding:a', 'fund*', 'mark:a'].entries()) cache.put(entry(key, i))
    await until(async () => (await cache.list('')).length === 4)
    expect((await cache.list('funding:')).map(({ key }) => key)).toEqual(['funding:a', 'funding:b'])
    expect((await cache.list('fund*')).map(({ key }) => key)).toEqual(['fund*'])
    await cache.close()
  })

  it('forgets what nobody renews', async () => {
    const { cache, expire } = await open()
    cache.put(entry('health', 1))
    await until(async () => (await cache.get('health')) !== undefined)
    await expire()
    expect(await cache.get('health')).toBeUndefined()
    expect(await cache.list('')).toEqual([])
    await cache.close()
  })

  it('tells subscribers what they asked for, until they leave', async () => {
    const { cache } = await open()
    const seen: number[] = []
    const leave = await cache.subscribe('bar:', ({ seq }) => seen.push(seq))
    cache.put(entry('bar:x:1m', 1))
    cache.put(entry('mark:x', 2))
    await until(() => seen.length === 1)
    await leave()
    cache.put(entry('bar:x:1m', 3))
    await until(async () => (await cache.get('bar:x:1m'))?.seq === 3)
    expect(seen).toEqual([1])
    await cache.close()
  })
}
