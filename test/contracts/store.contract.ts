/** Owns what every backend of the aggregate store must do. Backends differ in speed, never in an answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { project } from '#data/stores/projection'
import type { AggregateStore, RunInfo } from '#data/stores/store.port'
import type { AnyEvent } from '#events/catalogue'

export interface StoreUnderTest {
  readonly store: AggregateStore
  /** Another store over the same data, as a second process would open it; absent where only one may. */
  readonly again?: () => AggregateStore
  end(): Promise<void>
}

export const HOUR = 3_600_000
/** 2024-01-31T22:00Z: the hours from here on cross a month. */
export const START = 1_706_738_400_000
const BTC = 'binance.usdm.BTCUSDT'
const OKX = 'okx.swap.BTC-USDT-SWAP'

export const runInfo = (run: string, world = 'real'): RunInfo => ({
  run,
  world,
  mode: 'paper',
  codeVersion: '0.1.0',
  configurationHash: 'c0ffee',
  createdAt: START,
  parent: null,
})

/** An event of the catalogue; payloads of tests are as far as the projection reads them. */
export function event(seq: number, type: AnyEvent['type'], data: object, ts = START + seq * 1000): AnyEvent {
  return { seq, ts, type, v: 1, by: 'test', cause: 0, data } as unknown as AnyEvent // shape by hand
}

export function minute(seq: number, index: number, instrument = BTC, price = 100 + index): AnyEvent {
  const openTime = START + index * 60_000
  const bar = { open: price, high: price + 2, low: price - 2, close: price + 1, volume: 0.5 }
  return event(seq, 'BarClosed', { instrument, interval: '1m', openTime, ...bar }, openTime + 60_000)
}

const listed = (seq: number, instrument: string, base = 'BTC'): AnyEvent =>
  event(seq, 'InstrumentListed', {
    instrument,
    kind: 'linearPerpetual',
    base,
    quote: 'USDT',
    tick: '0.10',
    lot: '0.001',
    minNotional: '5',
    makerFeeBps: 2,
    takerFeeBps: 5,
  })

const settled = (seq: number, instrument: string, settledAt: number, rate: number, intervalHours = 8): AnyEvent =>
  event(seq, 'FundingSettled', { instrument, settledAt, rate, intervalHours, proxy: false }, settledAt)

const ORDER = { order: 'o-1-1', instrument: BTC }

/** One of everything that leaves rows, and some that leave none. */
export const STORY: readonly AnyEvent[] = [
  listed(1, BTC),
  listed(2, OKX),
  event(3, 'ProcessStarted', { mode: 'paper', codeVersion: '0.1.0', node: '20', resumedAt: 0, tornBytes: 0 }),
  event(4, 'MarkChanged', { instrument: BTC, mark: 101.5, index: null, at: START + 1 }),
  event(5, 'FundingRateChanged', {
    instrument: BTC,
    rate: 0.0001,
    intervalHours: 8,
    nextFundingAt: null,
    at: START + 2,
  }),
  event(6, 'OpenInterestChanged', { instrument: BTC, openInterest: 81_234.567, at: START + 3 }),
  event(7, 'VolatilityIndexChanged', { venue: 'deribit', currency: 'BTC', value: 0.55, at: START + 4 }),
  settled(8, BTC, START + 2 * HOUR + 3, 0.0003),
  settled(9, OKX, START + 2 * HOUR, -0.0001),
  event(10, 'SignalChanged', {
    signal: 'tsmom',
    instrument: BTC,
    side: 'long',
    reason: 'tab\tand \\ and "quotes"\nand a line',
    strength: 0.5,
    confidence: 0.6,
    targetWeight: 0.25,
    asOf: START,
    validUntil: START + HOUR,
    price: 101,
    terms: [
      { name: 'momentum', value: 0.123_456_78, threshold: 1e-8 },
      { name: 'none', value: null },
    ],
    inputs: [],
  }),
  event(11, 'PortfolioBlended', {
    instant: START,
    scheduled: true,
    rows: [
      { instrument: BTC, weight: 0.2, agreement: 1, outcome: 'blended', parts: [] },
      { instrument: OKX, weight: 0, agreement: 0, outcome: 'flat', parts: [] },
    ],
  }),
  event(12, 'RiskAssessed', {
    nav: 100_000.5,
    steps: [
      {
        step: 'volTarget',
        grossBefore: 0.2,
        grossAfter: 0.2,
        netBefore: 0.2,
        netAfter: 0.2,
        measured: 0.31,
        limit: null,
        factor: 1,
      },
      {
        step: 'drawdown',
        grossBefore: 0.2,
        grossAfter: 0.19,
        netBefore: 0.2,
        netAfter: -0.19,
        measured: -0.02,
        limit: -0.15,
        factor: 1,
      },
    ],
    rows: [{ instrument: BTC, blended: 0.2, approved: 0.19, held: 0, mark: 101.5 }],
  }),
  event(13, 'OrderApproved', {
    ...ORDER,
    side: 'buy',
    quantity: '1.50',
    reduceOnly: false,
    purpose: 'rebalance',
    referencePrice: '101.5',
    weightBefore: 0,
    weightAfter: 0.19,
  }),
  event(14, 'OrderSubmitted', {
    ...ORDER,
    side: 'buy',
    quantity: '1.5',
    timeInForce: 'ioc',
    reduceOnly: false,
    purpose: 'rebalance',
    referencePrice: '101.5',
    expectedSpreadBps: 1,
    expectedImpactBps: 1,
  }),
  event(15, 'OrderAccepted', { ...ORDER, venueOrder: 'v1' }),
  ...['t1', 't2'].map((trade, i) =>
    event(16 + i, 'OrderFilled', {
      ...ORDER,
      trade,
      side: 'buy',
      price: '101.60000001',
      quantity: '0.5',
      remaining: i === 0 ? '1' : '0.5',
      fee: '0.02540001',
      feeCurrency: 'USDT',
      liquidity: 'taker',
      referencePrice: '101.5',
      slippageBps: 9.8522,
    }),
  ),
  event(18, 'OrderCancelled', { ...ORDER, reason: 'ioc-remainder', remaining: '0.5' }),
  event(19, 'OrderRefused', {
    instrument: OKX,
    side: 'buy',
    quantity: '0.0001',
    code: 'below-lot',
    value: 0.0001,
    limit: 0.001,
    wanted: 0.01,
  }),
  event(20, 'StopTriggered', {
    instrument: BTC,
    side: 'long',
    level: 99,
    extreme: 105,
    atr: 2,
    multiple: 3,
    price: 98.5,
  }),
  event(21, 'TradingHalted', { reason: 'drawdown', detail: 'marked equity', value: -0.16, limit: -0.15 }),
  event(22, 'TradingResumed', { reason: 'operator' }),
  event(23, 'InstrumentDelisted', { instrument: OKX, reason: 'delisted' }),
]

const batch = (run: string, events: readonly AnyEvent[], after = events[0]!.seq - 1) => {
  const last = events.at(-1)!
  return { run, after, lastSeq: last.seq, lastTs: last.ts, rows: project(events) }
}

/** Everything that a run left, for comparing before and after. */
export async function everything(store: AggregateStore, run: string): Promise<unknown> {
  const market = { instrument: BTC }
  const [bars, funding, marks] = [
    await store.bars({ ...market, interval: '1m' }),
    await store.funding(market),
    await store.marks(market),
  ]
  const of = { run }
  return {
    ...{ bars, funding, marks, rates: await store.fundingRates(market), interest: await store.openInterest(market) },
    ...{ signals: await store.signals(of), orders: await store.orders(of), fills: await store.fills(of) },
    ...{ decisions: await store.decisions(of), equity: await store.equity(of), halts: await store.halts(of) },
    instruments: await store.instruments({}),
  }
}

export function storeContract(name: string, isAvailable: boolean, open: () => Promise<StoreUnderTest>): void {
  describe.skipIf(!isAvailable)(`aggregate store: ${name}`, () => {
    let made: StoreUnderTest
    let store: AggregateStore
    beforeAll(async () => {
      made = await open()
      store = made.store
      await store.migrate()
      await store.register(runInfo('story'))
      await store.append(batch('story', STORY))
    }, 60_000)
    afterAll(async () => {
      await made?.store.close()
      await made?.end()
    })

    it('migrates again without changing anything, and says what it is', async () => {
      await Promise.all([store.migrate(), store.migrate()])
      const { schemaVersion, says } = await store.describe()
      expect(schemaVersion).toBeGreaterThanOrEqual(2)
      expect(says.length).toBeGreaterThan(10)
      expect(await store.position('story')).toBe(23)
      expect(await store.position('nobody')).toBe(0)
    })

    it('gives market rows back as the events had them', async () => {
      expect(await store.marks({ instrument: BTC })).toEqual([
        { instrument: BTC, at: START + 1, mark: 101.5, index: null },
      ])
      expect(await store.fundingRates({ instrument: BTC })).toEqual([
        { instrument: BTC, at: START + 2, rate: 0.0001, intervalHours: 8, nextFundingAt: null },
      ])
      expect(await store.openInterest({ instrument: BTC })).toEqual([
        { instrument: BTC, at: START + 3, openInterest: 81_234.567 },
      ])
      expect(await store.volatility({ venue: 'deribit', currency: 'BTC' })).toEqual([
        { venue: 'deribit', currency: 'BTC', at: START + 4, value: 0.55 },
      ])
      expect(await store.funding({ instrument: BTC })).toEqual([
        { instrument: BTC, settledAt: START + 2 * HOUR + 3, rate: 0.0003, intervalHours: 8, proxy: false },
      ])
      expect(await store.marks({ instrument: BTC, world: 'elsewhere' })).toEqual([])
      const instruments = await store.instruments({ base: 'BTC' })
      expect(instruments.map(({ instrument, delistedAt }) => [instrument, delistedAt])).toEqual([
        [BTC, null],
        [OKX, START + 23_000],
      ])
      expect(instruments[0]).toMatchObject({
        tick: '0.1',
        lot: '0.001',
        minNotional: '5',
        takerFeeBps: 5,
        quote: 'USDT',
      })
    })

    it('compares funding across venues, a late stamp counted to the slot that it ends', async () => {
      const [spread, ...rest] = await store.fundingSpreads({ base: 'BTC' })
      expect(rest).toEqual([])
      expect(spread).toMatchObject({ at: START + 2 * HOUR, instruments: 2, highest: BTC, lowest: OKX })
      expect(spread!.spread8h).toBeCloseTo(0.0004, 12)
      expect(await store.fundingSpreads({ base: 'ETH' })).toEqual([])
      expect(await store.fundingSpreads({ base: 'BTC', from: START + 3 * HOUR })).toEqual([])
    })

    it('gives what a run decided back with its exact numbers', async () => {
      const [signal] = await store.signals({ run: 'story', signal: 'tsmom' })
      expect(signal).toEqual({
        ...{ run: 'story', seq: 10, ts: START + 10_000, signal: 'tsmom', instrument: BTC, side: 'long' },
        ...{ reason: 'tab\tand \\ and "quotes"\nand a line', strength: 0.5, confidence: 0.6, targetWeight: 0.25 },
        ...{ price: 101, asOf: START, validUntil: START + HOUR },
        terms: [
          { name: 'momentum', value: 0.123_456_78, threshold: 1e-8 },
          { name: 'none', value: null },
        ],
      })
      const decisions = await store.decisions({ run: 'story' })
      expect(decisions.map(({ seq, ordinal, kind, outcome, weight }) => [seq, ordinal, kind, outcome, weight])).toEqual(
        [
          [11, 0, 'blend', 'blended', 0.2],
          [11, 1, 'blend', 'flat', 0],
          [12, 0, 'risk', null, 0.19],
          [19, 0, 'refusal', 'below-lot', 0.01],
          [20, 0, 'stop', 'long', null],
        ],
      )
      expect(await store.decisions({ run: 'story', kind: 'risk' })).toHaveLength(1)
      expect(await store.equity({ run: 'story' })).toEqual([
        {
          run: 'story',
          seq: 12,
          ts: START + 12_000,
          nav: 100_000.5,
          gross: 0.19,
          net: -0.19,
          drawdown: -0.02,
          annualVol: 0.31,
        },
      ])
      expect((await store.halts({ run: 'story' })).map(({ halted, reason, limit }) => [halted, reason, limit])).toEqual(
        [
          [true, 'drawdown', -0.15],
          [false, 'operator', null],
        ],
      )
    })

    it('folds orders and sums their fills exactly', async () => {
      expect(await store.fills({ run: 'story', afterSeq: 16 })).toMatchObject([
        { trade: 't2', price: '101.60000001', fee: '0.02540001' },
      ])
      expect(await store.orders({ run: 'story' })).toEqual([
        {
          ...{ run: 'story', seq: 13, ts: START + 13_000, order: 'o-1-1', instrument: BTC, state: 'partly filled' },
          ...{ side: 'buy', purpose: 'rebalance', quantity: '1.5', filled: '1', fees: '0.05080002' },
          ...{ limitPrice: null, referencePrice: '101.5', code: 'ioc-remainder', lastSeq: 18, lastTs: START + 18_000 },
        },
      ])
      expect(await store.orders({ run: 'story', from: START + 14_000 })).toEqual([])
      expect(await store.orders({ instrument: OKX })).toEqual([])
    })

    it('writes every event once, however batches overlap, repeat or leave a gap', async () => {
      await store.register(runInfo('overlap', 'overlap'))
      const bars = Array.from({ length: 9 }, (_, i) => minute(i + 1, i))
      expect(await store.append(batch('overlap', bars.slice(0, 4)))).toEqual({ position: 4, rows: 4 })
      expect(await store.append(batch('overlap', bars.slice(0, 4)))).toEqual({ position: 4, rows: 0 })
      expect(await store.append(batch('overlap', bars.slice(2, 6)))).toEqual({ position: 6, rows: 2 })
      expect(await store.append(batch('overlap', bars.slice(7)))).toEqual({ position: 6, rows: 0 })
      await Promise.all([store.append(batch('overlap', bars.slice(6))), store.append(batch('overlap', bars.slice(6)))])
      const rows = await store.bars({ world: 'overlap', instrument: BTC, interval: '1m' })
      expect(rows.map(({ openTime }) => openTime)).toEqual(bars.map((_, i) => START + i * 60_000))
      expect(await store.position('overlap')).toBe(9)
    })

    it('keeps market rows once a world, the first one; simulated worlds apart', async () => {
      for (const [run, world] of [
        ['first', 'shared'],
        ['second', 'shared'],
        ['alone', 'alone'],
      ] as const) {
        await store.register(runInfo(run, world))
        await store.append(
          batch(run, [minute(1, 0, BTC, run === 'first' ? 10 : 20), minute(2, run === 'first' ? 1 : 2)]),
        )
      }
      const opens = async (world: string) =>
        (await store.bars({ world, instrument: BTC, interval: '1m' })).map(({ open }) => open)
      expect(await opens('shared')).toEqual([10, 101, 102])
      expect(await opens('alone')).toEqual([20, 102])
    })

    it('rolls minutes up to hours and days across months, in pages', async () => {
      await store.register(runInfo('rollup', 'rollup'))
      const minutes = Array.from({ length: 180 }, (_, i) => minute(i + 1, i))
      const hour = {
        instrument: BTC,
        interval: '1h',
        openTime: START + HOUR,
        open: 1,
        high: 2,
        low: 0,
        close: 1,
        volume: 7,
      }
      await store.append(batch('rollup', [...minutes, event(181, 'BarClosed', hour)]))
      await store.refresh()
      const query = { world: 'rollup', instrument: BTC }
      const hours = await store.bars({ ...query, interval: '1h' })
      expect(hours).toEqual([
        {
          ...{
            instrument: BTC,
            interval: '1h',
            openTime: START,
            open: 100,
            high: 161,
            low: 98,
            close: 160,
            volume: 30,
          },
          ...{ from: '1m', parts: 60, coverage: 1 },
        },
        { ...hour, from: '1h', parts: 1, coverage: 1 },
        expect.objectContaining({ openTime: START + 2 * HOUR, open: 220, close: 280, from: '1m', parts: 60 }),
      ])
      const days = await store.bars({ ...query, interval: '1d' })
      expect(days.map(({ openTime, from, parts }) => [openTime, from, parts])).toEqual([
        [START - 22 * HOUR, '1m', 120],
        [START + 2 * HOUR, '1m', 60],
      ])
      expect(days[0]!.coverage).toBeCloseTo(120 / 1440, 12)
      expect(await store.bars({ ...query, interval: '1h', from: START + 1, to: START + 2 * HOUR })).toEqual([hours[1]])
      expect(await store.bars({ ...query, interval: '1m', from: START + HOUR, limit: 2 })).toHaveLength(2)
      expect(await store.bars({ ...query, interval: '5m' })).toEqual([])
    })

    it('rebuilds a run into the very same rows, and touches no other', async () => {
      const before = await everything(store, 'story')
      const other = await store.bars({ world: 'overlap', instrument: BTC, interval: '1m' })
      await store.rebuild('story')
      expect(await store.position('story')).toBe(0)
      expect(await store.signals({ run: 'story' })).toEqual([])
      expect(await store.marks({ instrument: BTC })).toEqual([])
      for (const each of STORY) await store.append(batch('story', [each]))
      expect(await everything(store, 'story')).toEqual(before)
      expect(await store.bars({ world: 'overlap', instrument: BTC, interval: '1m' })).toEqual(other)
    })

    it('knows its runs', async () => {
      await store.register({ ...runInfo('story'), codeVersion: '0.2.0', parent: 'first' })
      const story = (await store.runs()).find(({ run }) => run === 'story')
      expect(story).toEqual({
        ...runInfo('story'),
        codeVersion: '0.2.0',
        parent: 'first',
        position: 23,
        positionTs: START + 23_000,
      })
      await expect(store.append(batch('unknown', [minute(1, 0)]))).rejects.toThrow('not registered')
    })

    it('is another process’s view too', async () => {
      if (made.again === undefined) return
      const other = made.again()
      await other.migrate()
      expect(await everything(other, 'story')).toEqual(await everything(store, 'story'))
      await other.close()
    })
  })
}
