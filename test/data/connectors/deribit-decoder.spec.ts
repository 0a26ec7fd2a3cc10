import { describe, expect, it } from 'vitest'
import { HOUR_MS } from '#core/time'
import type { Want } from '#data/connectors/adapter.port'
import { VenueFailed } from '#data/connectors/adapter.port'
import { deribitAdapter as adapter } from '#data/connectors/deribit/adapter'
import { deribitParser } from '#data/connectors/deribit/parser'
import { type InstrumentFacts, type ParseContext, PayloadRefused } from '#data/connectors/normal'

const FACTS: InstrumentFacts = {
  instrument: 'deribit.perpetual.BTC-PERPETUAL',
  kind: 'inversePerpetual',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  tick: '0.5',
  lot: '10',
  minSize: '10',
  minNotional: '0',
  contractSize: '1',
  contractOf: 'quote',
  isTrading: true,
  listedAt: null,
  expiresAt: null,
  strike: null,
  option: null,
  fundingIntervalMs: HOUR_MS,
}
const knowledge = { facts: () => FACTS, price: () => undefined }
const context: ParseContext = { ...knowledge, receivedAt: 1_800_000_000_000, market: 'perpetual' }
const T0 = 1_767_196_800_000

const want = (kind: Want['kind'], more: Partial<Want> = {}): Want => ({ kind, facts: FACTS, ...more })
const decoderOf = (wants: readonly Want[]) => adapter.decoder(adapter.sockets(wants)[0]!, knowledge)
const push = (channel: string, data: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', method: 'subscription', params: { channel, data } })
const bar = (tick: number, close: number) => ({ tick, open: 100, high: 110, low: 90, close, volume: 1, cost: 100 })

describe('frames of Deribit', () => {
  it('a bar is over when a later one begins, but nobody said that it is whole', () => {
    const decoder = decoderOf([want('bars', { interval: '1m' })])
    const channel = 'chart.trades.BTC-PERPETUAL.1'
    const next = (tick: number, close: number) =>
      decoder
        .decode(push(channel, bar(tick, close)), 0)
        .records.map((record) =>
          record.kind === 'bar' ? [record.openTime - T0, record.close, record.isClosed] : record.kind,
        )
    expect(next(T0, 101)).toEqual([[0, 101, false]])
    expect(next(T0, 102)).toEqual([[0, 102, false]])
    expect(next(T0 + 60_000, 103)).toEqual([
      [0, 102, null],
      [60_000, 103, false],
    ])
    expect(next(T0, 99)).toEqual([])
  })

  it('bars of 4 h are put together of two of 2 h; a set that began before is not told', () => {
    const decoder = decoderOf([want('bars', { interval: '4h' }), want('bars', { interval: '2h' })])
    const channel = 'chart.trades.BTC-PERPETUAL.120'
    const closed = [2, 4, 6, 8].flatMap((hour) =>
      decoder
        .decode(push(channel, bar(T0 + hour * HOUR_MS, 100 + hour)), 0)
        .records.flatMap((record) =>
          record.kind === 'bar' && record.isClosed === null
            ? [[record.interval, (record.openTime - T0) / HOUR_MS, record.close, record.volume]]
            : [],
        ),
    )
    expect(closed).toEqual([
      ['2h', 2, 102, 1],
      ['2h', 4, 104, 1],
      ['4h', 4, 106, 2],
      ['2h', 6, 106, 1],
    ])
  })

  it('answers test_request at once, leaves other beats', () => {
    const decoder = decoderOf([want('book')])
    const beat = (type: string) =>
      decoder.decode(JSON.stringify({ jsonrpc: '2.0', method: 'heartbeat', params: { type } }), 0)
    expect(JSON.parse(beat('test_request').reply!)).toMatchObject({ method: 'public/test' })
    expect(beat('heartbeat').reply).toBeUndefined()
  })

  it('10028 ends the session, whatever asked', () => {
    const error = { jsonrpc: '2.0', id: 3, error: { code: 10_028, message: 'too_many_requests' } }
    expect(decoderOf([want('book')]).decode(JSON.stringify(error), 0).reconnect).toContain('too_many_requests')
  })

  it('channels are refused once all requests are answered, not before', () => {
    const many = Array.from({ length: 150 }, (_, i): Want => {
      const name = `BTC-1JAN27-${100 + i}-C`
      return {
        kind: 'options',
        facts: { ...FACTS, instrument: `deribit.option.${name}`, option: 'call', strike: 100 + i },
      }
    })
    const [plan] = adapter.sockets(many)
    const decoder = adapter.decoder(plan!, knowledge)
    let id = 0
    const requests = adapter.subscribe(plan!.topics, () => ++id).map((text) => JSON.parse(text))
    expect(requests.map(({ params }) => params.channels.length)).toEqual([100, 50])
    const answer = (channels: readonly string[]) =>
      decoder.decode(JSON.stringify({ jsonrpc: '2.0', id: 1, result: channels }), 0).refused
    expect(answer(requests[1].params.channels)).toBeUndefined()
    expect(answer(requests[0].params.channels.slice(1))).toEqual([requests[0].params.channels[0]])
  })

  it('liquidations: T the taker, M the maker, MT both; who sold by force was long', () => {
    const decoder = decoderOf([want('liquidations')])
    const trade = (liquidation: string, direction: string) =>
      decoder
        .decode(
          push('trades.BTC-PERPETUAL.100ms', [
            {
              timestamp: T0,
              price: 50_000,
              amount: 5000,
              direction,
              liquidation,
              instrument_name: 'BTC-PERPETUAL',
              trade_id: '1',
              trade_seq: 1,
            },
          ]),
          0,
        )
        .records.map((record) => (record.kind === 'liquidation' ? [record.side, record.size] : record.kind))
    expect(trade('T', 'sell')).toEqual([['long', 0.1]])
    expect(trade('M', 'sell')).toEqual([['short', 0.1]])
    expect(trade('MT', 'buy')).toEqual([
      ['long', 0.1],
      ['short', 0.1],
    ])
  })

  it('maintenance and locks are told by the platform', () => {
    const decoder = decoderOf([want('status')])
    const said = (data: object) => decoder.decode(push('platform_state', data), 0).records[0]
    expect(said({ maintenance: true })).toMatchObject({ kind: 'status', status: 'maintenance', instrument: null })
    expect(said({ price_index: 'btc_usd', locked: true })).toMatchObject({ status: 'halted' })
    const state = push('instrument.state.any.any', {
      timestamp: T0,
      state: 'closed',
      instrument_name: 'BTC-26DEC25',
    })
    expect(decoder.decode(state, 0).records).toEqual([
      {
        kind: 'status',
        venue: 'deribit',
        instrument: 'deribit.future.BTC-26DEC25',
        status: 'delisted',
        detail: 'closed',
      },
    ])
  })

  it('a ticker gives what it was asked for, and nothing else', () => {
    const data = {
      timestamp: T0,
      instrument_name: 'BTC-PERPETUAL',
      mark_price: 50_000,
      index_price: 50_001,
      open_interest: 1e9,
      best_bid_price: 0,
      best_bid_amount: 0,
      best_ask_price: 50_002,
      best_ask_amount: 10,
      funding_8h: -0.0001,
    }
    const kinds = (wants: readonly Want[]) =>
      decoderOf(wants)
        .decode(push('ticker.BTC-PERPETUAL.100ms', data), 0)
        .records.map(({ kind }) => kind)
    expect(kinds([want('funding')])).toEqual(['funding'])
    expect(kinds([want('mark'), want('openInterest')])).toEqual(['mark', 'openInterest'])
  })

  it('garbage, torn frames and missing fields are refused with the place', () => {
    const decoder = decoderOf([want('mark')])
    const reason = (text: string): string => {
      try {
        decoder.decode(text, 0)
        return 'read'
      } catch (error) {
        if (!(error instanceof PayloadRefused)) throw error
        return error.path
      }
    }
    expect(reason('{"jsonrpc":"2.0","meth')).toBe('$')
    expect(reason('<html>')).toBe('$')
    expect(reason('[]')).toBe('$')
    expect(reason('{}')).toBe('$')
    expect(reason(push('ticker.BTC-PERPETUAL.100ms', { instrument_name: 'BTC-PERPETUAL' }))).toBe(
      'params.data.timestamp',
    )
    expect(reason(push('ticker.BTC-PERPETUAL.100ms', null))).toBe('params.data')
  })
})

describe('answers of Deribit', () => {
  it('what an error means', () => {
    const meaning = (code: number) =>
      adapter.failure(400, {}, JSON.stringify({ jsonrpc: '2.0', error: { code, message: 'x' } })).kind
    expect([10_028, 13_004, 13_009, 11_051, 10_040, 10_047, -32_602, 11_029].map(meaning)).toEqual([
      'rateLimited',
      'auth',
      'auth',
      'maintenance',
      'temporary',
      'temporary',
      'badRequest',
      'badRequest',
    ])
    expect(adapter.failure(502, {}, '<html>')).toMatchObject({ kind: 'temporary', code: '502' })
    expect(adapter.failure(429, { 'retry-after': '3' }, '')).toMatchObject({ kind: 'rateLimited', waitMs: 3000 })
  })

  it('an error in the body of a good answer is thrown as the venue’s', () => {
    const body = { jsonrpc: '2.0', error: { code: 10_028, message: 'too_many_requests', data: { wait: 2 } } }
    const read = () => adapter.serverTime().read(body, 0)
    expect(read).toThrow(VenueFailed)
    expect(() => deribitParser.parse('rest/get_time', body, context)).toThrow(PayloadRefused)
  })

  it('every request costs credits, the listing its own limit as well', () => {
    expect(adapter.serverTime()).toMatchObject({ path: '/public/get_time', costs: [{ pool: 'credits', weight: 500 }] })
    expect(adapter.instruments('option')).toMatchObject({
      path: '/public/get_instruments?currency=any&kind=option&expired=false',
      costs: [{ pool: 'credits' }, { pool: 'instruments', weight: 1 }],
    })
  })

  it('a chain beyond the cap of tickers is polled', () => {
    const options = Array.from({ length: 450 }, (_, i): Want => {
      const facts = {
        ...FACTS,
        instrument: `deribit.option.BTC-1JAN27-${i + 1}-C`,
        option: 'call' as const,
        strike: i + 1,
      }
      return { kind: 'options', facts }
    })
    expect(adapter.sockets(options).flatMap((plan) => plan.topics)).toHaveLength(400)
    expect(adapter.polls(options, knowledge).map((poll) => poll.call.path)).toEqual([
      '/public/get_book_summary_by_currency?currency=BTC&kind=option',
    ])
    expect(adapter.polls(options.slice(0, 400), knowledge)).toEqual([])
  })
})
