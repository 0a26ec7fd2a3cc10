import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import type { StreamKind, Want } from '#data/connectors/adapter.port'
import { deribitAdapter as adapter } from '#data/connectors/deribit/adapter'
import type { InstrumentFacts, Normal } from '#data/connectors/normal'
import { byId, WORLD_NOW } from './bybit-world.js'
import { type DeribitRig, deribitRig } from './deribit-rig.js'

const BTC = byId('BTC/USD:BTC')
const CALL = byId('BTC/USD:BTC-261225-100000-C')
const knowledge = { facts: () => undefined, price: () => undefined }

const factsOf = (rig: DeribitRig, market: string): readonly InstrumentFacts[] => rig.pages(adapter.instruments(market))

describe('what the connector reads of the simulated Deribit is the world', () => {
  it('instruments, by market', () => {
    const rig = deribitRig()
    const names = ['perpetual', 'future', 'option', 'spot'].map((market) =>
      factsOf(rig, market).map(({ instrument, kind, strike, option }) => [instrument, kind, strike, option]),
    )
    expect(names).toEqual([
      [['deribit.perpetual.BTC-PERPETUAL', 'inversePerpetual', null, null]],
      [['deribit.future.BTC-25DEC26', 'inverseFuture', null, null]],
      [
        ['deribit.option.BTC-25DEC26-100000-C', 'inverseOption', 100_000, 'call'],
        ['deribit.option.BTC-25DEC26-100000-P', 'inverseOption', 100_000, 'put'],
      ],
      [],
    ])
    expect(factsOf(rig, 'future')[0]).toMatchObject({ expiresAt: Date.UTC(2026, 11, 25, 8), contractOf: 'quote' })
  })

  it('bars over several pages, none missing, none doubled', () => {
    const rig = deribitRig()
    const [facts] = factsOf(rig, 'perpetual')
    const to = WORLD_NOW - (WORLD_NOW % MINUTE_MS)
    const from = to - 2500 * MINUTE_MS
    const bars = rig.pages(adapter.bars(facts!, '1m', from, to))
    const truth = rig.world.bars(BTC, MINUTE_MS, from, to, rig.now)
    expect(
      bars.map(({ openTime, open, high, low, close, volume }) => [openTime, open, high, low, close, volume]),
    ).toEqual(truth.map(({ openTime, open, high, low, close, volume }) => [openTime, open, high, low, close, volume]))
    expect(bars).toHaveLength(2500)
  })

  it('bars of 4 h, which the venue does not have, are whole sets of 2 h', () => {
    const rig = deribitRig()
    const [facts] = factsOf(rig, 'perpetual')
    const from = Date.UTC(2026, 7, 20)
    const bars = rig.pages(adapter.bars(facts!, '4h', from, from + DAY_MS))
    expect(bars.map(({ openTime }) => openTime)).toEqual([0, 4, 8, 12, 16, 20].map((hour) => from + hour * HOUR_MS))
    const halves = rig.world.bars(BTC, 2 * HOUR_MS, from, from + 4 * HOUR_MS, rig.now)
    expect(bars[0]).toMatchObject({
      open: halves[0]!.open,
      close: halves[1]!.close,
      high: Math.max(halves[0]!.high, halves[1]!.high),
      volume: halves[0]!.volume + halves[1]!.volume,
    })
  })

  it('hourly funding over pages: eighths of the rate of eight hours', () => {
    const rig = deribitRig()
    const [facts] = factsOf(rig, 'perpetual')
    const to = WORLD_NOW - (WORLD_NOW % HOUR_MS)
    const from = to - 800 * HOUR_MS
    const rows = rig.pages(adapter.settlements(facts!, from, to))
    expect(rows.map((row) => row.settledAt)).toEqual(Array.from({ length: 800 }, (_, i) => from + (i + 1) * HOUR_MS))
    for (const { settledAt, rate } of rows) expect(rate).toBeCloseTo(rig.world.fundingRate(BTC, settledAt - 1) / 8, 12)
  })

  it('DVOL: pages walk backwards, rows come out forwards, at the time when they were known', () => {
    const rig = deribitRig()
    const to = WORLD_NOW - (WORLD_NOW % MINUTE_MS)
    const from = to - 2300 * MINUTE_MS
    const rows = rig.pages(adapter.volatilityHistory('BTC', '1m', from, to))
    expect(rows.map((row) => row.ts)).toEqual(Array.from({ length: 2300 }, (_, i) => from + i * MINUTE_MS))
    for (const { ts, value } of rows) expect(value).toBeCloseTo(rig.world.volatility('BTC', ts), 9)
  })

  it('the chain of a currency by poll: percent become decimals, prices stay coins', () => {
    const rig = deribitRig()
    const [perpetual] = factsOf(rig, 'perpetual')
    const [poll] = adapter.polls([{ kind: 'options', facts: perpetual! }], knowledge)
    const chain = rig.read(poll!.call)
    expect(chain).toHaveLength(2)
    const truth = rig.world.option(CALL, rig.now)
    expect(chain[0]).toMatchObject({ kind: 'option', mark: truth.mark, bid: truth.bid, ask: truth.ask, delta: null })
    expect(chain[0]).toMatchObject({ markIv: truth.markIv, underlyingPrice: truth.underlyingPrice })
  })

  it('streams: every kind of record of a perpetual and an option', () => {
    const rig = deribitRig()
    const [perpetual] = factsOf(rig, 'perpetual')
    const [option] = factsOf(rig, 'option')
    const kinds: readonly StreamKind[] = [
      'trades',
      'mark',
      'funding',
      'openInterest',
      'liquidations',
      'quotes',
      'book',
      'volatilityIndex',
      'index',
      'status',
    ]
    const wants: Want[] = kinds.map((kind) => ({ kind, facts: perpetual! }))
    wants.push({ kind: 'bars', facts: perpetual!, interval: '1m' }, { kind: 'options', facts: option! })
    const [plan] = adapter.sockets(wants)
    const decoder = adapter.decoder(plan!, knowledge)
    const connection = rig.open()
    for (const text of adapter.rules('ws').hello) connection.session.onMessage(text)
    let id = 0
    for (const text of adapter.subscribe(plan!.topics, () => ++id)) connection.session.onMessage(text)
    const start = rig.now
    const records: Normal[] = []
    for (let slice = 0; slice < 20; slice++) {
      connection.run(5000)
      for (const text of connection.takeTexts()) {
        const decoded = decoder.decode(text, rig.now)
        expect(decoded.refused).toBeUndefined()
        records.push(...decoded.records)
        if (decoded.reply) connection.session.onMessage(decoded.reply)
      }
    }
    const of = <K extends Normal['kind']>(kind: K) =>
      records.filter((record): record is Extract<Normal, { kind: K }> => record.kind === kind)
    for (const { ts, mark, index } of of('mark')) {
      expect(mark).toBeCloseTo(rig.world.mark(BTC, ts), 3)
      expect(index).toBeCloseTo(rig.world.index('BTC', ts), 1)
    }
    for (const { ts, rate } of of('funding')) expect(rate).toBeCloseTo(rig.world.fundingRate(BTC, ts), 11)
    for (const { ts, openInterest } of of('openInterest'))
      expect(openInterest / rig.world.openInterest(BTC, ts)).toBeCloseTo(1, 7)
    for (const { ts, value } of of('volatilityIndex')) expect(value).toBeCloseTo(rig.world.volatility('BTC', ts), 7)
    for (const { ts, price } of of('index')) expect(price).toBeCloseTo(rig.world.index('BTC', ts), 1)
    const trades = rig.world.trades(BTC, start, rig.now)
    expect(of('trade').map(({ ts, id: trade, price, aggressor }) => [ts, trade, price, aggressor])).toEqual(
      trades.map(({ ts, id: trade, price, aggressor }) => [ts, String(trade), price, aggressor]),
    )
    for (const [i, { size }] of of('trade').entries()) expect(size / trades[i]!.size).toBeCloseTo(1, 2)
    expect(of('liquidation').map(({ ts, side }) => [ts, side])).toEqual(
      trades
        .filter((trade) => trade.isLiquidation)
        .map(({ ts, aggressor }) => [ts, aggressor === 'sell' ? 'long' : 'short']),
    )
    expect(of('quote').length).toBeGreaterThan(500)
    const closed = of('bar').filter((bar) => bar.isClosed === null)
    const minute = Math.floor(start / MINUTE_MS) * MINUTE_MS
    expect(closed.map((bar) => bar.openTime)).toEqual([minute, minute + MINUTE_MS])
    expect(closed[0]).toMatchObject({ ...pick(rig.world.bars(BTC, MINUTE_MS, minute, minute + 1, rig.now)[0]!) })
    expect(of('option').at(-1)).toMatchObject({ delta: 0.55, vega: 200, theta: -30, bidIv: 0.49, mark: 0.051 })
    expect(connection.closed).toEqual([])
  })

  it('a book put together of changes is the world’s; a lost change is a gap', () => {
    const rig = deribitRig()
    const [facts] = factsOf(rig, 'perpetual')
    const [plan] = adapter.sockets([{ kind: 'book', facts: facts! }])
    const decoder = adapter.decoder(plan!, knowledge)
    const connection = rig.open()
    for (const text of adapter.subscribe(plan!.topics, () => 1)) connection.session.onMessage(text)
    connection.run(60_000)
    const rule = adapter.bookRule('perpetual')
    const bids = new Map<number, number>()
    const verdicts: string[] = []
    let last: number | null = null
    for (const text of connection.takeTexts())
      for (const record of decoder.decode(text, rig.now).records) {
        if (record.kind !== 'book') continue
        verdicts.push(rule.judge(record, last, false))
        last = record.lastId
        for (let i = 0; i < record.bids.length; i += 2)
          if (record.bids[i + 1] === 0) bids.delete(record.bids[i]!)
          else bids.set(record.bids[i]!, record.bids[i + 1]!)
      }
    expect(new Set(verdicts)).toEqual(new Set(['replace', 'apply']))
    expect(verdicts.length).toBeGreaterThan(20)
    const truth = rig.world.book(BTC, last! * 100, 20)
    expect([...bids.keys()].sort((a, b) => b - a)).toEqual(truth.bids.map(([price]) => price))
    const record = {
      kind: 'book',
      instrument: 'x',
      ts: 1,
      action: 'update',
      firstId: 9,
      lastId: 9,
      bids: [],
      asks: [],
    } as const
    expect(rule.judge({ ...record, previousId: 7 }, 8, false)).toBe('gap')
    expect(rule.judge({ ...record, previousId: 8 }, 9, false)).toBe('ignore')
  })
})

function pick({
  open,
  high,
  low,
  close,
  volume,
}: {
  open: number
  high: number
  low: number
  close: number
  volume: number
}) {
  return { open, high, low, close, volume }
}

describe('rules of the venue', () => {
  it('what cannot be subscribed is missing from the answer, and the decoder says so', () => {
    const rig = deribitRig()
    const [facts] = factsOf(rig, 'perpetual')
    const gone = { ...facts!, instrument: 'deribit.perpetual.XYZ-PERPETUAL' }
    const [plan] = adapter.sockets([
      { kind: 'book', facts: facts! },
      { kind: 'book', facts: gone },
    ])
    const connection = rig.open()
    for (const text of adapter.subscribe(plan!.topics, () => 1)) connection.session.onMessage(text)
    const decoder = adapter.decoder(plan!, knowledge)
    const [answer] = connection.takeTexts()
    expect(JSON.parse(answer!).result).toEqual(['book.BTC-PERPETUAL.100ms'])
    expect(decoder.decode(answer!, rig.now).refused).toEqual(['book.XYZ-PERPETUAL.100ms'])
  })

  it('raw channels need a login', () => {
    const connection = deribitRig().open()
    connection.send('public/subscribe', { channels: ['book.BTC-PERPETUAL.raw'] })
    expect(connection.take()[0]).toMatchObject({ error: { code: 13_778 } })
    connection.send('public/auth', {
      grant_type: 'client_credentials',
      client_id: 'sim-key',
      client_secret: 'sim-secret',
    })
    connection.send('public/subscribe', { channels: ['book.BTC-PERPETUAL.raw'] })
    expect(connection.take()[1]).toMatchObject({ result: ['book.BTC-PERPETUAL.raw'] })
  })

  it('an unanswered test_request cuts the connection, an answered one does not', () => {
    const rig = deribitRig()
    const [good, bad] = [rig.open(), rig.open()]
    for (const one of [good, bad]) one.send('public/set_heartbeat', { interval: 10 })
    for (let i = 0; i < 4; i++) {
      const from = rig.now
      rig.now += 10_000
      for (const one of [good, bad]) one.session.advance(from, rig.now)
      if (good.take().some(({ method }) => method === 'heartbeat')) good.send('public/test')
    }
    expect(good.closed).toEqual([])
    expect(bad.closed[0]).toContain('heartbeat')
  })

  it('a hundred requests at once are taken, one more ends the session; credits come back', () => {
    const rig = deribitRig()
    const connection = rig.open()
    for (let i = 0; i < 100; i++) connection.send('public/get_time')
    expect(connection.take().every((answer) => answer.result === rig.now)).toBe(true)
    connection.send('public/get_time')
    expect(connection.take()[0]).toMatchObject({ error: { code: 10_028, message: 'too_many_requests' } })
    expect(connection.closed).toHaveLength(1)
    const body = JSON.stringify(rig.get('/api/v2/public/get_time').body)
    expect(adapter.failure(429, {}, body)).toMatchObject({ kind: 'rateLimited', code: '10028', waitMs: 1000 })
    rig.now += 100
    expect(rig.result('public/get_time')).toBe(rig.now)
  })

  it('signatures: the documented text, wrong secrets, old times', () => {
    const rig = deribitRig()
    const uri = '/api/v2/private/get_account_summary?currency=BTC'
    const header = (secret: string, ts: number) => {
      const sig = createHmac('sha256', secret).update(`${ts}\nabcd\nGET\n${uri}\n\n`).digest('hex')
      return { authorization: `deri-hmac-sha256 id=sim-key,ts=${ts},sig=${sig},nonce=abcd` }
    }
    expect(rig.get(uri, header('sim-secret', rig.now))).toMatchObject({
      status: 200,
      body: { result: { currency: 'BTC' } },
    })
    expect(rig.get(uri, header('other', rig.now))).toMatchObject({ status: 400, body: { error: { code: 13_004 } } })
    expect(rig.get(uri, header('sim-secret', rig.now - 61_000))).toMatchObject({ body: { error: { code: 13_004 } } })
    expect(rig.get(uri)).toMatchObject({ body: { error: { code: 13_009 } } })
    const sign = (secret: string) => createHmac('sha256', secret).update(`${rig.now}\nn\n`).digest('hex')
    const auth = (signature: string) =>
      rig.result(
        `public/auth?grant_type=client_signature&client_id=sim-key&timestamp=${rig.now}&nonce=n&data=&signature=${signature}`,
      )
    expect(auth(sign('other'))).toMatchObject({ status: 400, error: { code: 13_004 } })
    const { access_token } = auth(sign('sim-secret')) as { readonly access_token: string }
    expect(rig.get(uri, { authorization: `Bearer ${access_token}` })).toMatchObject({ status: 200 })
  })

  it('errors as the venue words them', () => {
    const rig = deribitRig()
    expect(rig.result('public/nothing')).toMatchObject({ status: 400, error: { code: -32_601 } })
    expect(rig.result('public/ticker?instrument_name=XYZ')).toMatchObject({ error: { code: 13_020 } })
    expect(rig.result('public/get_order_book?instrument_name=BTC-PERPETUAL&depth=7')).toMatchObject({
      error: { code: -32_602, data: { param: 'depth' } },
    })
    expect(rig.result('public/get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL&count=1001')).toMatchObject({
      error: { code: -32_602 },
    })
  })
})
