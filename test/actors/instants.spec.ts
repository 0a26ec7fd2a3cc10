import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Feed } from '#actors/feed.port'
import { InstantAssembler } from '#actors/instant-assembler'
import { InstantsFeed } from '#actors/instants.actor'
import { HOUR_MS, MINUTE_MS } from '#core/time'
import type { PushedInput } from '#engine/live'

const T = Date.UTC(2026, 0, 5, 10)
const A = 'binance.usdm.BTCUSDT'
const B = 'okx.swap.BTC-USDT-SWAP'
const assembler = (last = T): InstantAssembler =>
  new InstantAssembler({
    bars: [
      { instrument: A, interval: '1m' },
      { instrument: B, interval: '1m' },
    ],
    last,
    firstWaitMs: 10_000,
  })

describe('an instant', () => {
  it('closes with the last bar of all venues', () => {
    const instants = assembler()
    expect(instants.overdue(T + 30_000)).toBeUndefined()
    expect(instants.bar(A, '1m', T)).toBeUndefined()
    expect(instants.bar(B, '1m', T)).toEqual({ instant: T + MINUTE_MS, intervals: ['1m'], missing: [] })
  })

  it('closes two seconds behind its time with what is missing, and never twice', () => {
    const instants = assembler()
    instants.overdue(T + 1)
    instants.bar(A, '1m', T)
    expect(instants.nextLookAt(T + MINUTE_MS)).toBe(T + MINUTE_MS + 2000)
    expect(instants.overdue(T + MINUTE_MS + 1999)).toBeUndefined()
    expect(instants.overdue(T + MINUTE_MS + 2000)).toEqual({ instant: T + MINUTE_MS, intervals: ['1m'], missing: [B] })
    expect(instants.overdue(T + MINUTE_MS + 3000)).toBeUndefined()
    expect(instants.bar(B, '1m', T)).toBeUndefined()
  })

  it('that was over before the start waits for connectors to fill what was missed', () => {
    const instants = assembler(T - HOUR_MS)
    expect(instants.overdue(T + 5000)).toBeUndefined()
    expect(instants.overdue(T + 14_999)).toBeUndefined()
    expect(instants.overdue(T + 15_000)).toEqual({ instant: T, intervals: [], missing: [A, B] })
  })

  it('after an outage closes once, for the newest bars, not for each one that was filled', () => {
    const instants = assembler(T)
    instants.overdue(T + 1)
    const closed = [0, 1, 2].flatMap((i) => {
      instants.bar(A, '1m', T + i * MINUTE_MS)
      return instants.overdue(T + (i + 1) * MINUTE_MS + 2000) ?? []
    })
    expect(closed.map(({ missing }) => missing)).toEqual([[B], [B], [B]])
    expect([0, 1, 2].map((i) => instants.bar(B, '1m', T + i * MINUTE_MS))).toEqual([undefined, undefined, undefined])
    instants.bar(A, '1m', T + 3 * MINUTE_MS)
    expect(instants.bar(B, '1m', T + 3 * MINUTE_MS)?.missing).toEqual([])
  })
})

describe('an instrument that is delisted', () => {
  it('is waited for no more, and its last bars hold nobody up', () => {
    const instants = assembler()
    instants.bar(A, '1m', T)
    expect(instants.remove(B)).toEqual({ instant: T + MINUTE_MS, intervals: ['1m'], missing: [] })
    expect(instants.bar(A, '1m', T + MINUTE_MS)).toMatchObject({ instant: T + 2 * MINUTE_MS, missing: [] })
    expect(instants.remove(A)).toBeUndefined()
  })
})

const connectorOf = (stream: Subject<PushedInput>): Feed => ({
  name: 'connector/test',
  version: '1',
  dependencies: [],
  kind: 'connector',
  onOrderPath: true,
  sources: [],
  recovered: [],
  hasEnded: false,
  inputs$: () => stream,
  freeze: () => undefined,
  run: async () => undefined,
  healthcheck: () => ({ isHealthy: true, detail: '' }),
})

describe('the feed of instants', () => {
  it('keeps what bars closed before somebody listened', async () => {
    const stream = new Subject<PushedInput>()
    const time = { now: () => T + MINUTE_MS, after: () => () => undefined }
    const instants = new InstantsFeed(() => assembler(), time, ['connector/test'])
    const stop = new AbortController()
    const running = instants.run({ signal: stop.signal, degraded: () => undefined, recovered: () => undefined })
    instants.behind(connectorOf(stream)).inputs$!(new Subject<boolean>()).subscribe()
    for (const instrument of [A, B])
      stream.next({ type: 'BarClosed', by: 'connector/test', data: { instrument, interval: '1m', openTime: T } })
    const seen: unknown[] = []
    instants.inputs$().subscribe(({ data }) => seen.push(data))
    expect(seen).toEqual([{ instant: T + MINUTE_MS, intervals: ['1m'], missing: [] }])
    stop.abort()
    await running
  })

  it('looks at the clock only once somebody listens, so that no instant is lost', async () => {
    let now = T + 2 * MINUTE_MS + 20_000
    const due: (() => void)[] = []
    const after = (_ms: number, look: () => void): (() => void) => {
      due.push(look)
      return () => undefined
    }
    const time = { now: () => now, after }
    const instants = new InstantsFeed(() => assembler(), time, ['connector/test'])
    const stop = new AbortController()
    const running = instants.run({ signal: stop.signal, degraded: () => undefined, recovered: () => undefined })
    now += 20_000
    const seen: unknown[] = []
    instants.inputs$().subscribe(({ data }) => seen.push(data))
    expect(seen).toEqual([])
    now += 10_000
    due.pop()?.()
    expect(seen).toEqual([{ instant: T + 2 * MINUTE_MS, intervals: [], missing: [A, B] }])
    stop.abort()
    await running
  })

  it('says the instant right behind the bar that completes it', async () => {
    const stream = new Subject<PushedInput>()
    const connector = connectorOf(stream)
    const time = { now: () => T + 30_000, after: () => () => undefined }
    const instants = new InstantsFeed(() => assembler(), time, ['connector/test'])
    const seen: string[] = []
    const stop = new AbortController()
    const running = instants.run({ signal: stop.signal, degraded: () => undefined, recovered: () => undefined })
    const room$ = new Subject<boolean>()
    instants.behind(connector).inputs$!(room$).subscribe(({ type }) => seen.push(type))
    instants.inputs$().subscribe(({ type, by }) => seen.push(`${type} by ${by}`))
    for (const instrument of [A, B])
      stream.next({ type: 'BarClosed', by: 'connector/test', data: { instrument, interval: '1m', openTime: T } })
    expect(seen).toEqual(['BarClosed', 'BarClosed', 'InstantClosed by connector/instants'])
    stop.abort()
    await running
  })
})
