/**
 * Age of a funding rate when it is in the cache of latest values, by the venue's own time of the datum, while three venues cut every
 * socket again and again: session, host with its log on disk, projection, Redis, and a reader of its own who is told of it.
 */
import { join } from 'node:path'
import { machineTime } from '#actors/scaled-time'
import { invariant } from '#core/invariant'
import { MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { Cache } from '#data/stores/cache.port'
import { CacheProjection } from '#data/stores/cache-projection'
import { MemoryCache } from '#data/stores/memory-cache'
import { RedisCache } from '#data/stores/redis-cache'
import { LatencyHistogram } from '#engine/live-latency'
import { startRedis } from '#test/servers'
import { SoakRig } from '#test/soak-rig'
import type { Fault } from '#venues/exchange/faults'
import type { Bench, Figure, Scale } from './figures.js'
import { perpetualsOf } from './perpetuals.js'
import { inScratch } from './scratch.js'

interface Load {
  readonly speed: number
  readonly forMs: number
  readonly cutEveryMs: number
  readonly coins: number
}

const LOADS: Readonly<Record<Scale, Load>> = {
  full: { speed: 5, forMs: 20 * MINUTE_MS, cutEveryMs: 20 * SECOND_MS, coins: 17 },
  tiny: { speed: 30, forMs: MINUTE_MS, cutEveryMs: 10 * SECOND_MS, coins: 4 },
}
const START = Date.UTC(2026, 0, 15, 7, 30)
const VENUES = ['binance', 'bybit', 'okx']
const EXPIRY_MS = 10 * MINUTE_MS
/** What a venue says when it is first asked may be as old as it likes. */
const WARM_MS = 10 * SECOND_MS

/** Every venue cuts all sockets, one after the other; now and then one of them stays up and says nothing. */
function cuts(index: number, { forMs, cutEveryMs }: Load): Fault[] {
  const faults: Fault[] = []
  const shift = (cutEveryMs * (index + 1)) / VENUES.length
  for (let n = 0, at = shift; at < forMs; n++, at += cutEveryMs)
    faults.push(
      n % 5 === 4
        ? { kind: 'halfOpen', sockets: 1, afterMs: at, forMs: cutEveryMs }
        : { kind: 'disconnect', afterMs: at },
    )
  return faults
}

interface Ages {
  readonly ages: LatencyHistogram
  readonly faults: number
}

async function agesInCache(home: string, load: Load, cache: Cache, reader: Cache): Promise<Ages> {
  const ages = new LatencyHistogram()
  const projection = new CacheProjection(cache, () => ({ seq: 0, ts: 0, positions: [], health: {} }))
  let rig: SoakRig | undefined
  let isWarm = false
  const stopReading = await reader.subscribe('funding:', ({ value }) => {
    const { at } = value
    if (isWarm && rig !== undefined && typeof at === 'number') ages.record(Math.max(0, rig.time.now() - at))
  })
  rig = await SoakRig.start({
    home: join(home, 'run'),
    seed: 6,
    speed: load.speed,
    startAt: START,
    instruments: perpetualsOf(load.coins),
    symbols: load.coins,
    backfill: false,
    sockets: 2,
    faults: (venue) => cuts(VENUES.indexOf(venue), load),
    onCommitted: ({ events }) => projection.take(events),
  })
  await wait(rig.time, WARM_MS)
  isWarm = true
  await wait(rig.time, load.forMs)
  const faults = [...rig.exchanges.values()].reduce((sum, exchange) => sum + exchange.log.length, 0)
  await stopReading()
  await rig.stop()
  await rig.close()
  return { ages, faults }
}

async function figures(home: string, load: Load): Promise<readonly Figure[]> {
  const server = await startRedis()
  const memory = new MemoryCache(machineTime, EXPIRY_MS)
  const open = (): Cache =>
    server === undefined ? memory : new RedisCache({ url: server.url, namespace: 'bench:', expiryMs: EXPIRY_MS })
  const [cache, reader] = [open(), open()]
  try {
    const { ages, faults } = await agesInCache(home, load, cache, reader)
    invariant(ages.count > 0, 'no rate reached the cache')
    const ms = (what: string, value: number, more: Pick<Figure, 'target' | 'note'> = {}): Figure => ({
      ...{ what, value, unit: 'ms', ...more },
    })
    const where = server === undefined ? 'cache of the process' : 'Redis, seen by a second client'
    return [
      ms('venue time of a rate to the cache, p50', ages.quantileMs(0.5), {
        note: `${where}; ${ages.count} rates of ${3 * load.coins} perpetuals, ${faults} cuts in ${load.forMs / MINUTE_MS} min of venue time at ${load.speed}×, two sockets a stream`,
      }),
      ms('the same, p99.9', ages.quantileMs(0.999), { target: { max: 1000 } }),
      ms('the same, longest', ages.maxMs),
    ]
  } finally {
    await cache.close()
    await reader.close()
    await server?.end()
  }
}

export const fundingBench: Bench = {
  name: 'funding',
  run: (scale) => inScratch((home) => figures(home, LOADS[scale])),
}
