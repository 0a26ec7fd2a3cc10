/** What is hard on a connector and on no contract: too many inputs, chains that roll, terms that change, what is gone. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, floorTo, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type {
  BarClosed,
  FundingRateChanged,
  InstrumentDelisted,
  InstrumentListed,
  OptionChainObserved,
} from '#events/market.events'
import { expectBars, KINDS, makeRig, of, START, shown, until } from '../contracts/connector-rig.js'

const BINANCE = {
  instruments: [
    { instrument: 'binance.usdm.BTCUSDT', world: 'BTC/USDT:USDT' },
    { instrument: 'binance.usdm.ETHUSDT', world: 'ETH/USDT:USDT' },
    { instrument: 'binance.usdm.SOLUSDT', world: 'SOL/USDT:USDT' },
  ],
} as const

describe('a connector whose inputs find no room', () => {
  it('fails, waits for room when it is started again, and loses nothing', async () => {
    const ids = BINANCE.instruments.map(({ instrument }) => instrument)
    const from = floorTo(START, MINUTE_MS) - 6 * DAY_MS
    const lastBars = new Map(ids.map((id) => [id, from - MINUTE_MS]))
    const watch = ids.map((instrument) => ({ instrument, kinds: ['bars'] as const, isListed: true }))
    const rig = await makeRig('binance', BINANCE, { lastBars, watch })
    rig.room$.next(false)
    const { failure } = await rig.begin()
    await until(rig, 'the overflow', () => failure() !== undefined, 60 * MINUTE_MS)
    expect(failure()).toMatchObject({ code: 'FEED_FAILED' })
    // As the supervisor does: again, and again without room.
    const again = await rig.begin()
    await wait(rig.time, 30 * SECOND_MS)
    expect(again.failure()).toBeUndefined()
    expect(rig.inputs).toEqual([])
    expect(rig.states.at(-1)).toMatch(/^degraded \d+ inputs wait for room$/)
    expect(rig.connector.healthcheck().detail).toMatch(/wait for room/)
    rig.room$.next(true)
    const to = floorTo(rig.time.now(), MINUTE_MS)
    await until(
      rig,
      'bars',
      () => ids.every((id) => (of<BarClosed['data']>(rig, 'BarClosed', id).at(-1)?.openTime ?? 0) >= to),
      60 * MINUTE_MS,
    )
    for (const id of ids) expectBars(rig, id, from, to)
    expect(of(rig, 'BarClosed').length).toBeGreaterThan(20_000)
  })
})

describe('what is read while the venue changes', () => {
  it('ceases for an instrument that is delisted, and goes on for the others', async () => {
    const rig = await makeRig('binance', BINANCE)
    await rig.begin()
    const gone = 'binance.usdm.SOLUSDT'
    await until(rig, 'bars', () => of(rig, 'BarClosed', gone).length > 0)
    const from = floorTo(rig.time.now(), MINUTE_MS)
    rig.exchange.inject({ kind: 'delist', symbol: 'SOL/USDT:USDT' })
    await until(rig, 'told', () => of(rig, 'InstrumentDelisted').length > 0)
    expect(of<InstrumentDelisted['data']>(rig, 'InstrumentDelisted').map(({ instrument }) => instrument)).toEqual([
      gone,
    ])
    const topics = (): string[] => rig.connector.stats.sockets.flatMap(({ ages }) => Object.keys(ages))
    await until(rig, 'given back', () => !topics().some((topic) => /sol/i.test(topic)))
    const drops = rig.connector.stats.sockets.map((socket) => socket.drops)
    const bars = of(rig, 'BarClosed', gone).length
    await wait(rig.time, 5 * MINUTE_MS)
    expect(rig.connector.stats.sockets.map((socket) => socket.drops)).toEqual(drops)
    expect(of(rig, 'BarClosed', gone).length).toBe(bars)
    const to = floorTo(rig.time.now(), MINUTE_MS) - MINUTE_MS
    for (const { instrument } of BINANCE.instruments.slice(0, 2)) {
      const seen = of<BarClosed['data']>(rig, 'BarClosed', instrument).filter(({ openTime }) => openTime >= from)
      expect(seen.filter(({ openTime }) => openTime < to).length).toBe((to - from) / MINUTE_MS)
    }
    expect(rig.connector.stats.doubts).toEqual([])
  })

  it('tells a funding interval that has changed with the next rate', async () => {
    const rig = await makeRig('binance', BINANCE, {}, { speed: 300 })
    await rig.begin()
    const id = 'binance.usdm.ETHUSDT'
    const rates = () => of<FundingRateChanged['data']>(rig, 'FundingRateChanged', id)
    await until(rig, 'a rate', () => rates().length > 0)
    expect(rates().at(-1)?.intervalHours).toBe(8)
    rig.exchange.inject({ kind: 'fundingInterval', symbol: 'ETH/USDT:USDT', intervalMs: HOUR_MS })
    await until(rig, 'the new interval', () => rates().at(-1)?.intervalHours === 1, 3 * HOUR_MS)
    const other = of<FundingRateChanged['data']>(rig, 'FundingRateChanged', 'binance.usdm.BTCUSDT')
    expect(other.at(-1)?.intervalHours).toBe(8)
  })
})

describe('an option chain', () => {
  it('stays current when options expire and new ones are listed, without an outage of what stays', async () => {
    // Just before the expiry of 08:00.
    const start = Date.UTC(2026, 0, 15, 7, 56)
    const perpetual = 'deribit.perpetual.BTC-PERPETUAL'
    const rig = await makeRig(
      'deribit',
      { instruments: [{ instrument: perpetual, world: 'BTC/USD:BTC' }] },
      {
        watch: [{ instrument: perpetual, kinds: KINDS, isListed: true }],
        chains: { currencies: ['BTC'], everyMs: 30 * SECOND_MS },
      },
      { start, speed: 40 },
    )
    await rig.begin()
    const chains = () => of<OptionChainObserved['data']>(rig, 'OptionChainObserved')
    const expiriesAt = (at: number) =>
      new Set(
        rig.exchange.world
          .instruments(at)
          .flatMap(({ option, base, expiresAt }) => (option && base === 'BTC' ? [expiresAt!] : [])),
      )
    const expiry = Date.UTC(2026, 0, 15, 8)
    const before = expiriesAt(start)
    const after = expiriesAt(expiry + MINUTE_MS)
    expect(before.has(expiry)).toBe(true)
    const fresh = [...after].filter((at) => !before.has(at))
    expect(fresh.length).toBeGreaterThan(0)
    await until(rig, 'the old chain', () => new Set(chains().map(({ expiresAt }) => expiresAt)).size === before.size)
    await until(rig, 'the new one', () => chains().some(({ expiresAt }) => fresh.includes(expiresAt)), 20 * MINUTE_MS)
    await until(rig, 'its end', () => rig.time.now() > expiry + 10 * MINUTE_MS, 20 * MINUTE_MS)
    const late = chains().filter(({ at }) => at > expiry + 8 * MINUTE_MS)
    expect(new Set(late.map(({ expiresAt }) => expiresAt))).toEqual(after)
    const topics = rig.connector.stats.sockets.flatMap(({ ages }) => Object.keys(ages))
    expect(topics.some((topic) => topic.includes('-15JAN26-'))).toBe(false)
    expect(
      rig.connector.stats.sockets.map(({ drops }) => drops),
      shown(rig),
    ).toEqual(rig.connector.stats.sockets.map(() => 0))
    expect(rig.connector.stats.sockets.some(({ rotations }) => rotations > 0)).toBe(true)
    expect(rig.states).toEqual([])
    const listed = of<InstrumentListed['data']>(rig, 'InstrumentListed').map(({ instrument }) => instrument)
    expect(listed).toEqual([perpetual])
    const from = floorTo(start, MINUTE_MS)
    expectBars(rig, perpetual, from, from + 10 * MINUTE_MS)
  })
})
