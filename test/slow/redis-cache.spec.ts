import { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Cache } from '#data/stores/cache.port'
import { RedisCache } from '#data/stores/redis-cache'
import { cacheContract } from '#test/contracts/cache.contract'
import { freePort, hasServer, startRedis } from '#test/servers'

const isHere = hasServer('redis')
const server = isHere ? await startRedis() : undefined
const opened: Cache[] = []
let spaces = 0

function open(url = server!.url, expiryMs = 60_000): RedisCache {
  const cache = new RedisCache({ url, namespace: `quantbot:test-${spaces++}:`, expiryMs })
  opened.push(cache)
  return cache
}

async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('did not come')
}

const entry = (key: string, seq: number) => ({ key, seq, ts: seq, value: { price: seq } })

afterEach(async () => {
  for (const cache of opened.splice(0)) await cache.close(0)
})
afterAll(async () => server?.end())

describe.skipIf(!isHere)('the cache in Redis', () => {
  cacheContract(async () => {
    const cache = open(server!.url, 700)
    await until(() => cache.status().isUp)
    return {
      cache,
      expire: async () => {
        await new Promise((resolve) => setTimeout(resolve, 800))
      },
    }
  })

  it('takes values in no time while the server is away, and brings it up to date when it is back', async () => {
    const cache = open()
    await until(() => cache.status().isUp)
    cache.put(entry('mark:a', 1))
    await until(async () => (await cache.get('mark:a'))?.seq === 1)
    await server!.kill()
    await until(() => !cache.status().isUp)
    // No await: 50,000 values are taken within one turn, whatever the server does.
    for (let seq = 2; seq < 50_000; seq++) cache.put(entry(`mark:${'abcde'[seq % 5]}`, seq))
    expect(cache.status().waiting).toBe(5)
    await expect(cache.get('mark:a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await server!.restart()
    await until(async () => cache.status().isUp && cache.status().waiting === 0)
    expect((await cache.list('mark:')).map(({ seq }) => seq)).toEqual([49_995, 49_996, 49_997, 49_998, 49_999])
  })

  it('is not slowed by a server that hangs, and catches up when it goes on', async () => {
    const cache = open()
    await until(() => cache.status().isUp)
    server!.suspend()
    for (let seq = 1; seq <= 1000; seq++) cache.put(entry('funding:a', seq))
    await until(() => cache.status().lastError !== '')
    for (let seq = 1001; seq <= 2000; seq++) cache.put(entry('funding:a', seq))
    server!.resume()
    await until(async () => cache.status().isUp && cache.status().waiting === 0)
    expect((await cache.get('funding:a'))?.seq).toBe(2000)
  })

  it('fills a server that came back empty with all that is known', async () => {
    const cache = open()
    await until(() => cache.status().isUp)
    for (const [i, key] of ['bar:a:1m', 'mark:a', 'health'].entries()) cache.put(entry(key, i + 1))
    await until(async () => (await cache.list('')).length === 3)
    await server!.kill()
    await server!.restart()
    await until(async () => cache.status().isUp && (await cache.list('')).length === 3)
  })

  it('leaves a server that refuses alone for a while, on the same connection, and says why', async () => {
    const admin = new Redis(server!.url)
    const connections = async (): Promise<string | undefined> =>
      /total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1]
    const refusals = async (): Promise<number> =>
      Number(/errorstat_OOM:count=(\d+)/.exec(await admin.info('errorstats'))?.[1] ?? 0)
    const cache = open()
    await until(() => cache.status().isUp)
    await admin.config('SET', 'maxmemory', '1')
    const before = await connections()
    cache.put(entry('mark:a', 1))
    await until(() => cache.status().lastError === 'OOM')
    // Every write that it refuses is counted by it: what is put while it is left alone is not sent to it.
    const refused = await refusals()
    for (let seq = 2; seq <= 20; seq++) {
      cache.put(entry('mark:a', seq))
      await admin.ping() // time enough to be sent
    }
    expect((await refusals()) - refused).toBeLessThan(5)
    expect(cache.status()).toMatchObject({ isUp: true, waiting: 1 })
    await admin.config('SET', 'maxmemory', '0')
    await until(() => cache.status().waiting === 0)
    expect((await cache.get('mark:a'))?.seq).toBe(20)
    expect(await connections()).toBe(before)
    admin.disconnect()
  })

  it('never says its URL', async () => {
    const port = await freePort()
    const cache = open(`redis://user:secret-word@127.0.0.1:${port}`)
    await until(() => cache.status().lastError !== '')
    const error = await cache.get('mark:a').catch((reason: unknown) => reason)
    expect(JSON.stringify(cache.status()) + String(error)).not.toMatch(/secret-word|127\.0\.0\.1/)
  })
})
