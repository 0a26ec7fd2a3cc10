/** The projector: from a log into a store, whatever the store does meanwhile. Time is injected; nothing sleeps. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { QuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import { DuckdbStore } from '#data/stores/duckdb-store'
import { type CommittedCursor, Projector } from '#data/stores/projector'
import type { AggregateStore } from '#data/stores/store.port'
import type { AnyEvent } from '#events/catalogue'
import { minute, runInfo } from '#test/contracts/store.contract'

const BTC = { instrument: 'binance.usdm.BTCUSDT', interval: '1m', limit: 100_000 }

/** A clock whose waits pass at once. */
function hastyTime(): TimePort & { readonly waits: number[] } {
  const waits: number[] = []
  let now = 0
  return {
    waits,
    now: () => now,
    after: (ms, fn) => {
      waits.push(ms)
      now += ms
      const handle = setImmediate(fn)
      return () => clearImmediate(handle)
    },
  }
}

/** A log that grows under its readers. */
class MemoryLog {
  readonly events: AnyEvent[] = []
  readonly opened: number[] = []

  grow(count: number): void {
    for (let i = 0; i < count; i++) this.events.push(minute(this.events.length + 1, this.events.length))
  }

  open = (after: number): CommittedCursor => {
    this.opened.push(after)
    let at = after
    return {
      next: async (limit) => {
        const events = this.events.slice(at, at + limit)
        const last = events.at(-1)
        if (last === undefined) return undefined
        at = last.seq
        return { events, lastSeq: last.seq, lastTs: last.ts }
      },
      close: () => undefined,
    }
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 5_000 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(isSo()).toBe(true)
}

describe('the projector', () => {
  let dir: string
  let store: DuckdbStore
  let log: MemoryLog
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'quantbot-projector-'))
    store = new DuckdbStore(join(dir, 'aggregate.duckdb'))
    log = new MemoryLog()
  })
  afterEach(async () => {
    await store.close()
    rmSync(dir, { recursive: true, force: true })
  })

  /** The store, with another `append`. */
  function withAppend(append: AggregateStore['append']): AggregateStore {
    return Object.create(store, {
      append: { value: append },
      ...Object.fromEntries(
        (['migrate', 'register', 'position', 'runs', 'rebuild', 'refresh'] as const).map((name) => [
          name,
          { value: (store[name] as (...args: unknown[]) => unknown).bind(store) },
        ]),
      ),
    }) as AggregateStore // everything else is the store's
  }

  /** Some calls of `append` fail before or after they wrote. */
  function failing(plan: (call: number) => 'before' | 'after' | undefined): AggregateStore {
    let call = 0
    return withAppend(async (batch) => {
      const fault = plan(call++)
      if (fault === 'before') throw new QuantbotError('STORE_UNAVAILABLE', 'gone')
      const outcome = await store.append(batch)
      if (fault === 'after') throw new QuantbotError('STORE_UNAVAILABLE', 'gone after the commit')
      return outcome
    })
  }

  /** The first calls of `append` throw these. */
  function throwing(failures: readonly unknown[]): AggregateStore {
    let call = 0
    return withAppend((batch) => {
      const failure = failures[call++]
      if (failure !== undefined) throw failure
      return store.append(batch)
    })
  }

  it('catches up, follows the log as it grows, and ends', async () => {
    log.grow(250)
    const projector = new Projector({ store, run: runInfo('r'), open: log.open, time: hastyTime(), batchEvents: 100 })
    projector.start()
    await until(() => projector.status().position === 250)
    log.grow(30)
    projector.wake(280)
    await until(() => projector.status().state === 'up to date' && projector.status().position === 280)
    expect(projector.status()).toMatchObject({ lag: 0, logSeq: 280, rows: 280, error: undefined })
    await projector.stop()
    expect(projector.status().state).toBe('stopped')
    expect(await store.bars(BTC)).toHaveLength(280)
  })

  it('writes every event once though the store fails before, amid and after a commit, and backs off', async () => {
    log.grow(1000)
    const time = hastyTime()
    const told: (string | undefined)[] = []
    const projector = new Projector({
      store: failing((call) => (call < 6 ? 'before' : call % 3 === 0 ? 'after' : undefined)),
      run: runInfo('r'),
      open: log.open,
      time,
      batchEvents: 100,
      retryMs: [10, 80],
      idleMs: 1_000_000,
      onTrouble: ({ code }) => told.push(code),
      onMended: () => told.push(undefined),
    })
    projector.start()
    await until(() => projector.status().state === 'up to date')
    await projector.stop()
    const rows = await store.bars(BTC)
    expect(rows.map(({ openTime }) => openTime)).toEqual([...new Set(rows.map(({ openTime }) => openTime))])
    expect(rows).toHaveLength(1000)
    expect(time.waits.slice(0, 6)).toEqual([10, 20, 40, 80, 80, 80])
    expect(told.slice(0, 2)).toEqual(['STORE_UNAVAILABLE', undefined])
    expect(told.at(-1)).toBeUndefined()
  })

  it('never throws into its process, and says what is wrong', async () => {
    const projector = new Projector({
      store,
      run: runInfo('r'),
      open: () => {
        throw new Error('a bug')
      },
      time: hastyTime(),
    })
    projector.start()
    await until(() => projector.status().error !== undefined)
    expect(projector.status()).toMatchObject({ state: 'unavailable', error: { code: 'INTERNAL', message: 'a bug' } })
    await projector.stop()
  })

  it('goes on after failures of any kind, tells each code once, and outlives a listener that throws', async () => {
    log.grow(100)
    const failures = [
      new QuantbotError('STORE_UNAVAILABLE', 'gone'),
      new TypeError('nobody knows'),
      'no error at all',
      new QuantbotError('STORE_UNAVAILABLE', 'gone'),
      new QuantbotError('STORE_SCHEMA', 'came back as another'),
    ]
    const told: (string | undefined)[] = []
    const projector = new Projector({
      store: throwing(failures),
      run: runInfo('r'),
      open: log.open,
      time: hastyTime(),
      onTrouble: ({ code }) => {
        told.push(code)
        throw new Error('a listener')
      },
      onMended: () => {
        told.push(undefined)
        throw new Error('a listener')
      },
    })
    projector.start()
    await until(() => projector.status().state === 'up to date')
    await projector.stop()
    expect(told).toEqual(['STORE_UNAVAILABLE', 'INTERNAL', 'STORE_SCHEMA', undefined])
    expect(projector.status()).toMatchObject({ position: 100, error: undefined })
    expect(await store.bars(BTC)).toHaveLength(100)
  })

  it('reads on from where the store stands when another rebuilds the run meanwhile', async () => {
    log.grow(100)
    const projector = new Projector({ store, run: runInfo('r'), open: log.open, time: hastyTime(), batchEvents: 10 })
    projector.start()
    await until(() => projector.status().position === 100)
    await store.rebuild('r')
    log.grow(5)
    await until(() => projector.status().position === 105)
    await projector.stop()
    expect(log.opened).toEqual([0, 0])
    expect(await store.bars(BTC)).toHaveLength(105)
  })

  it('begins anew for another run of the same name', async () => {
    log.grow(50)
    await new Projector({ store, run: runInfo('r'), open: log.open, time: hastyTime() }).catchUp()
    log.events.length = 20
    const later = { ...runInfo('r'), createdAt: runInfo('r').createdAt + 1 }
    const seen: number[] = []
    await new Projector({ store, run: later, open: log.open, time: hastyTime() }).catchUp((at) => seen.push(at))
    expect(seen).toEqual([20])
    expect(await store.bars(BTC)).toHaveLength(20)
  })
})
