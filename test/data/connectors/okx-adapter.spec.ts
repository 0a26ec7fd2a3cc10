/** What OKX's adapter asks, plans, counts and understands: paths, pages, sockets, frames, failures. No socket is opened. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import { type Call, type Page, VenueFailed, type Want } from '#data/connectors/adapter.port'
import { type InstrumentFacts, PayloadRefused } from '#data/connectors/normal'
import { okxAdapter } from '#data/connectors/okx/adapter'

const NOW = 1_750_000_027_000
const facts = (instrument: string, more: Partial<InstrumentFacts> = {}): InstrumentFacts => ({
  instrument,
  kind: 'linearPerpetual',
  base: 'BTC',
  quote: 'USDT',
  settle: 'USDT',
  tick: '0.1',
  lot: '1',
  minSize: '1',
  minNotional: '0',
  contractSize: '0.01',
  contractOf: 'base',
  isTrading: true,
  listedAt: null,
  expiresAt: null,
  strike: null,
  option: null,
  fundingIntervalMs: null,
  ...more,
})
const SWAP = facts('okx.swap.BTC-USDT-SWAP')
const SPOT = facts('okx.spot.BTC-USDT', { kind: 'spot', contractSize: '1' })
const OPTION = facts('okx.option.BTC-USD-250926-100000-C', {
  kind: 'inverseOption',
  quote: 'USD',
  settle: 'BTC',
  option: 'call',
  strike: 100_000,
})
const query = (call: Call<unknown>) => Object.fromEntries(new URL(call.path, 'http://x').searchParams)
const place = (call: Call<unknown>) => new URL(call.path, 'http://x').pathname
const ok = (data: readonly unknown[]) => ({ code: '0', msg: '', data })

/** Follows pages as the connector does; `answer` plays the venue. */
function follow<T>(
  first: Call<Page<T>>,
  answer: (call: Call<unknown>) => unknown,
): { rows: T[]; calls: Call<unknown>[] } {
  const rows: T[] = []
  const calls: Call<unknown>[] = []
  for (let call: Call<Page<T>> | undefined = first; call !== undefined; ) {
    calls.push(call)
    if (calls.length > 500) throw new Error('endless pages')
    const page: Page<T> = call.read(answer(call), NOW)
    rows.push(...page.rows)
    call = page.next
  }
  return { rows, calls }
}

/** A venue with a bar each minute, that keeps `newest` for `candles` and gives `most` rows a page. */
const venue =
  (most = 300, lagMs = 0, listed = 0) =>
  (call: Call<unknown>) => {
    const { before, after, limit } = query(call)
    const isHistory = place(call).endsWith('history-candles')
    const newest = Math.floor(NOW / MINUTE_MS) * MINUTE_MS
    const oldest = isHistory ? listed : newest - 1439 * MINUTE_MS
    const rows: string[][] = []
    for (let ts = newest; ts > Math.max(Number(before), oldest - 1); ts -= MINUTE_MS) {
      if (ts >= Number(after) || (isHistory && ts + MINUTE_MS > NOW - lagMs)) continue
      if (rows.length === Math.min(Number(limit), most)) break
      rows.push([String(ts), '1', '1', '1', '1', '5', '0.05', '1', ts + MINUTE_MS <= NOW ? '1' : '0'])
    }
    return ok(rows)
  }

const minutes = (from: number, to: number) =>
  Array.from({ length: (to - from) / MINUTE_MS }, (_, i) => from + i * MINUTE_MS)

describe('bars', () => {
  const newest = Math.floor(NOW / MINUTE_MS) * MINUTE_MS

  it('asks for the UTC day, and for windows between before and after', () => {
    const call = okxAdapter.bars(SWAP, '1d', 0, 10 * DAY_MS)
    expect(place(call)).toBe('/api/v5/market/candles')
    expect(query(call)).toEqual({
      instId: 'BTC-USDT-SWAP',
      bar: '1Dutc',
      before: '-1',
      after: '864000000',
      limit: '300',
    })
    expect(call.costs).toEqual([{ pool: 'candles', weight: 1 }])
  })

  it('fills a gap of now with one call, the running bar included', () => {
    const from = newest - 5 * MINUTE_MS
    const { rows, calls } = follow(okxAdapter.bars(SWAP, '1m', from, newest + MINUTE_MS), venue())
    expect(calls.map(place)).toEqual(['/api/v5/market/candles'])
    expect(rows.map((row) => row.openTime)).toEqual(minutes(from, newest + MINUTE_MS))
    expect(rows.map((row) => row.isClosed)).toEqual([true, true, true, true, true, false])
    expect(rows[0]?.volume).toBe(0.05)
  })

  it.each([
    ['pages of 300', venue()],
    ['pages of 100, as until 2025', venue(100)],
    ['a history that lags by ten minutes', venue(300, 10 * MINUTE_MS)],
  ])('walks years up to now, ascending, each bar once: %s', (_, answer) => {
    const from = newest - 4000 * MINUTE_MS
    const { rows } = follow(okxAdapter.bars(SWAP, '1m', from, newest + MINUTE_MS), answer)
    expect(rows.map((row) => row.openTime)).toEqual(minutes(from, newest + MINUTE_MS))
  })

  it('turns to the history for a short span of long ago', () => {
    const from = newest - 5000 * MINUTE_MS
    const { rows, calls } = follow(okxAdapter.bars(SWAP, '1m', from, from + 10 * MINUTE_MS), venue())
    expect(calls.map(place)).toEqual(['/api/v5/market/candles', '/api/v5/market/history-candles'])
    expect(rows).toHaveLength(10)
  })

  it('begins at the listing and has no bars of eight hours', () => {
    const listedAt = newest - 30 * MINUTE_MS + 5
    const call = okxAdapter.bars(facts(SWAP.instrument, { listedAt }), '1m', 0, newest)
    expect(Number(query(call).before)).toBe(newest - 30 * MINUTE_MS - 1)
    expect(() => okxAdapter.bars(SWAP, '8h', 0, DAY_MS)).toThrow('no bars of 8h')
  })
})

describe('settlements and open interest', () => {
  const paid = (from: number, to: number, every: number) => {
    const times: number[] = []
    for (let ts = Math.ceil(from / every) * every; ts <= to; ts += every) times.push(ts)
    return times
  }
  const fundingVenue = (times: readonly number[]) => (call: Call<unknown>) => {
    const { before, after, limit } = query(call)
    const fit = times.filter((ts) => ts > Number(before) && ts < Number(after)).slice(-Number(limit))
    const row = (ts: number) => ({
      instId: 'BTC-USDT-SWAP',
      fundingRate: '9',
      realizedRate: '0.0001',
      fundingTime: `${ts + 7}`,
    })
    return ok(fit.reverse().map(row))
  }

  it('walks the kept three months, with the length of each period from the settlement before it', () => {
    const change = NOW - 30 * DAY_MS - ((NOW - 30 * DAY_MS) % DAY_MS)
    const times = [...paid(NOW - 90 * DAY_MS, change, 8 * HOUR_MS), ...paid(change + 1, NOW, 4 * HOUR_MS)]
    const first = okxAdapter.settlements(SWAP, NOW - 60 * DAY_MS, NOW)!
    const { rows } = follow(first, fundingVenue(times))
    const wanted = times.filter((ts) => ts > NOW - 60 * DAY_MS)
    expect(rows.map((row) => row.settledAt)).toEqual(wanted)
    expect(rows.map((row) => row.intervalMs)).toEqual(wanted.map((ts) => (ts > change ? 4 : 8) * HOUR_MS))
    expect(rows[0]?.rate).toBe(0.0001)
  })

  it('leaps over what the venue no longer keeps', () => {
    const times = paid(NOW - 90 * DAY_MS, NOW, 8 * HOUR_MS)
    const { rows, calls } = follow(okxAdapter.settlements(SWAP, NOW - 2000 * DAY_MS, NOW)!, fundingVenue(times))
    expect(rows).toHaveLength(times.length)
    expect(calls.length).toBeLessThan(10)
    expect(rows[0]?.intervalMs).toBeNull()
  })

  it('has none of spot and options', () => {
    expect(okxAdapter.settlements(SPOT, 0, NOW)).toBeUndefined()
    expect(
      okxAdapter.openInterestHistory(SPOT, '1h', 0, NOW, { facts: () => undefined, price: () => undefined }),
    ).toBeUndefined()
    expect(
      okxAdapter.openInterestHistory(OPTION, '1h', 0, NOW, { facts: () => undefined, price: () => undefined }),
    ).toBeUndefined()
  })

  it.each(['exclusive', 'inclusive'])('walks 1,440 points of open interest, bounds %s', (bounds) => {
    const step = HOUR_MS
    const newest = Math.floor(NOW / step) * step
    const answer = (call: Call<unknown>) => {
      const { begin, end, limit } = query(call)
      const rows: string[][] = []
      for (let ts = newest; ts > newest - 1440 * step && rows.length < Number(limit); ts -= step) {
        const isIn =
          bounds === 'inclusive' ? ts >= Number(begin) && ts <= Number(end) : ts > Number(begin) && ts < Number(end)
        if (isIn) rows.push([String(ts), '100', '1', '65000'])
      }
      return ok(rows)
    }
    const first = okxAdapter.openInterestHistory(SWAP, '1h', NOW - 365 * DAY_MS, NOW, {
      facts: () => undefined,
      price: () => undefined,
    })!
    const { rows } = follow(first, answer)
    expect(rows).toHaveLength(1440)
    expect(rows[0]).toMatchObject({ ts: newest - 1439 * step, openInterest: 1, value: 65000 })
    expect(rows.at(-1)?.ts).toBe(newest)
  })
})

describe('instruments and time', () => {
  it('lists options family by family', () => {
    const row = {
      instId: 'BTC-USD-250926-100000-C',
      instType: 'OPTION',
      uly: 'BTC-USD',
      settleCcy: 'BTC',
      ctVal: '1',
      ctMult: '0.01',
      ctValCcy: 'BTC',
      tickSz: '0.0005',
      lotSz: '1',
      minSz: '1',
      state: 'live',
      listTime: '1740000000000',
      expTime: '1758873600000',
      stk: '100000',
      optType: 'C',
    }
    const { rows, calls } = follow(okxAdapter.instruments('option'), (call) => {
      if (place(call).endsWith('underlying')) return ok([['BTC-USD', 'ETH-USD']])
      return ok(query(call).instFamily === 'BTC-USD' ? [row] : [])
    })
    expect(calls.slice(1).map((call) => query(call))).toEqual([
      { instType: 'OPTION', instFamily: 'BTC-USD' },
      { instType: 'OPTION', instFamily: 'ETH-USD' },
    ])
    expect(rows).toMatchObject([{ strike: 100_000, contractSize: '0.01', expiresAt: 1758873600000 }])
  })

  it('reads the time of the venue', () => {
    expect(okxAdapter.serverTime().read(ok([{ ts: '1597026383085' }]), NOW)).toBe(1597026383085)
    expect(() => okxAdapter.serverTime().read(ok([]), NOW)).toThrow(PayloadRefused)
  })
})

describe('failures', () => {
  const failure = (status: number, body: unknown) =>
    okxAdapter.failure(status, {}, typeof body === 'string' ? body : JSON.stringify(body))

  it('knows limits, clock, keys, maintenance and what stands before the venue', () => {
    expect(failure(429, { code: '50011', msg: 'Too Many Requests' })).toMatchObject({
      kind: 'rateLimited',
      waitMs: 2000,
    })
    expect(failure(401, { code: '50102', msg: '' })).toMatchObject({ kind: 'clock' })
    expect(failure(401, { code: '50113', msg: 'Invalid Sign' })).toMatchObject({ kind: 'auth', code: '50113' })
    expect(failure(400, { code: '51000', msg: 'Parameter bar error' })).toMatchObject({ kind: 'badRequest' })
    expect(failure(503, { code: '50001', msg: '' })).toMatchObject({ kind: 'maintenance' })
    expect(failure(502, '<html>')).toMatchObject({ kind: 'temporary', code: '502' })
    expect(failure(403, '<html>')).toMatchObject({ kind: 'banned' })
  })

  it('throws the error that stands in a 200', () => {
    const read = () => okxAdapter.serverTime().read({ code: '50011', msg: 'slow down', data: [] }, NOW)
    expect(read).toThrow(VenueFailed)
    try {
      read()
    } catch (error) {
      expect(error instanceof VenueFailed && error.failure).toMatchObject({ kind: 'rateLimited', waitMs: 2000 })
    }
  })
})

const want = (kind: Want['kind'], of: InstrumentFacts, interval?: Want['interval']): Want => ({
  kind,
  facts: of,
  ...(interval === undefined ? {} : { interval }),
})

describe('sockets', () => {
  it('puts candles on the business socket, the rest on the public one, and shares topics', () => {
    const other = facts('okx.swap.ETH-USDT-SWAP', { base: 'ETH' })
    const plans = okxAdapter.sockets([
      want('bars', SWAP, '1d'),
      want('bars', SPOT, '1m'),
      want('mark', SWAP),
      want('funding', SWAP),
      want('liquidations', SWAP),
      want('liquidations', other),
      want('book', SPOT),
      want('funding', SPOT),
      want('options', OPTION),
    ])
    expect(plans.map(({ endpoint, topics }) => [endpoint, topics.map(({ name }) => name)])).toEqual([
      [
        'publicWs',
        ['mark-price:BTC-USDT-SWAP', 'funding-rate:BTC-USDT-SWAP', 'liquidation-orders:SWAP', 'books:BTC-USDT'],
      ],
      ['businessWs', ['candle1Dutc:BTC-USDT-SWAP', 'candle1m:BTC-USDT']],
    ])
    expect(plans[0]?.topics[2]?.wants).toHaveLength(2)
    expect(plans[0]?.topics[2]?.maxSilenceMs).toBeNull()
  })

  it('subscribes many topics with few requests below 64 KB', () => {
    const wants = Array.from({ length: 500 }, (_, i) =>
      want('trades', facts(`okx.spot.COIN${i}-USDT`, { kind: 'spot' })),
    )
    const plans = okxAdapter.sockets(wants)
    expect(plans.map(({ topics }) => topics.length)).toEqual([200, 200, 100])
    let id = 0
    const messages = okxAdapter.subscribe(
      plans.flatMap(({ topics }) => topics),
      () => ++id,
    )
    expect(messages).toHaveLength(1)
    expect(messages.every((message) => message.length < 65_536)).toBe(true)
    expect(JSON.parse(messages[0]!)).toMatchObject({ id: '1', op: 'subscribe' })
    expect(JSON.parse(messages[0]!).args[7]).toEqual({ channel: 'trades', instId: 'COIN7-USDT' })
    expect(JSON.parse(okxAdapter.unsubscribe(plans[0]!.topics.slice(0, 1), () => 9)[0]!)).toEqual({
      id: '9',
      op: 'unsubscribe',
      args: [{ channel: 'trades', instId: 'COIN0-USDT' }],
    })
  })

  it('spreads books over connections, pings with a text before thirty seconds', () => {
    const wants = Array.from({ length: 31 }, (_, i) => want('book', facts(`okx.spot.COIN${i}-USDT`, { kind: 'spot' })))
    expect(okxAdapter.sockets(wants).map(({ topics }) => topics.length)).toEqual([30, 1])
    const rules = okxAdapter.rules('publicWs')
    expect(rules.ping?.message()).toBe('ping')
    expect(rules.ping!.everyMs).toBeLessThan(30_000)
  })

  it('puts a chain together from the endpoints that each have a part of it', () => {
    const knowledge = { facts: () => OPTION, price: () => undefined }
    const polls = okxAdapter.polls([want('options', OPTION), want('mark', SWAP)], knowledge)
    const [tickers, marks, interest, summary] = polls
    const names = ['tickers:BTC-USD', 'mark-price:BTC-USD', 'open-interest:BTC-USD', 'opt-summary:BTC-USD']
    expect(polls.map(({ name }) => name)).toEqual(names)
    const row = (fields: object, instId = 'BTC-USD-250926-100000-C', ts = '1700000000000') => ({
      instId,
      ts,
      ...fields,
    })
    const prices = { bidPx: '0.05', bidSz: '10', askPx: '0.06', askSz: '20' }
    expect(tickers!.call.read(ok([row(prices), row(prices, 'BTC-USD-250926-90000-P')]), NOW)).toEqual([])
    expect(marks!.call.read(ok([row({ markPx: '0.055' })]), NOW)).toEqual([])
    const greeks = { markVol: '0.5', bidVol: '0.4', askVol: '0.6', deltaBS: '0.3', vegaBS: '70', fwdPx: '99000' }
    const known = {
      instrument: OPTION.instrument,
      bid: 0.05,
      ask: 0.06,
      mark: 0.055,
      markIv: 0.5,
      delta: 0.3,
      vega: 70,
    }
    expect(summary!.call.read(ok([row(greeks)]), NOW)).toMatchObject([{ ...known, openInterest: null }])
    expect(interest!.call.read(ok([row({ oi: '500', oiCcy: '5' })]), NOW)).toMatchObject([
      { ...known, openInterest: 5 },
    ])
    const later = row(greeks, 'BTC-USD-250926-100000-C', '1700000100000')
    expect(summary!.call.read(ok([later]), NOW)).toMatchObject([
      { bid: null, mark: null, openInterest: null, markIv: 0.5 },
    ])
  })
})

describe('frames', () => {
  const wants = [want('trades', SWAP), want('liquidations', SWAP), want('status', SWAP), want('mark', SWAP)]
  const [plan] = okxAdapter.sockets(wants)
  const decoder = () =>
    okxAdapter.decoder(plan!, { facts: (id) => (id === SWAP.instrument ? SWAP : undefined), price: () => undefined })
  const decode = (frame: unknown) => decoder().decode(typeof frame === 'string' ? frame : JSON.stringify(frame), NOW)

  it('reads a trade of its topic', () => {
    const row = {
      instId: 'BTC-USDT-SWAP',
      tradeId: '5',
      px: '60000',
      sz: '2',
      side: 'buy',
      ts: '1700000000000',
      count: '3',
    }
    expect(decode({ arg: { channel: 'trades', instId: 'BTC-USDT-SWAP' }, data: [row] })).toEqual({
      topic: 'trades:BTC-USDT-SWAP',
      records: [
        {
          kind: 'trade',
          instrument: SWAP.instrument,
          ts: 1700000000000,
          id: '5',
          price: 60000,
          size: 0.02,
          aggressor: 'buy',
          isLiquidation: null,
        },
      ],
    })
  })

  it('reads of a topic of many what is wanted, and passes over what nobody looked up', () => {
    const detail = { bkPx: '1', posSide: 'long', side: 'sell', sz: '1', ts: '1700000000000' }
    const row = (instId: string) => ({ instId, instType: 'SWAP', details: [detail] })
    const frame = {
      arg: { channel: 'liquidation-orders', instType: 'SWAP' },
      data: [row('X-USDT-SWAP'), row('BTC-USDT-SWAP')],
    }
    expect(decode(frame).records).toMatchObject([{ instrument: SWAP.instrument, side: 'long' }])
    expect(decode({ arg: { channel: 'status' }, data: [{ state: 'ongoing', title: 'x' }] }).records).toMatchObject([
      { status: 'maintenance' },
    ])
  })

  it('tells pongs, acknowledgements, notices and refusals', () => {
    expect(decode('pong')).toMatchObject({ topic: null, records: [{ what: 'pong' }] })
    expect(decode({ event: 'notice', code: '64008', msg: 'soon' }).reconnect).toContain('closes')
    const error = "Wrong URL or channel:mark-price,instId:BTC-USDT-SWAP doesn't exist."
    expect(decode({ event: 'error', code: '60018', msg: error }).refused).toEqual(['mark-price:BTC-USDT-SWAP'])
  })

  it('an error that names no topic is of those that are without an answer', () => {
    const of = decoder()
    for (const { name } of plan!.topics.slice(1)) {
      const [channel, id] = name.split(':')
      const arg = id === undefined ? { channel } : id === 'SWAP' ? { channel, instType: id } : { channel, instId: id }
      of.decode(JSON.stringify({ id: '1', event: 'subscribe', arg, connId: 'a' }), NOW)
    }
    const decoded = of.decode(JSON.stringify({ event: 'error', code: '60012', msg: 'Invalid request' }), NOW)
    expect(decoded.refused).toEqual([plan!.topics[0]!.name])
  })

  it('refuses what is torn and what is no object', () => {
    for (const text of ['{"arg":{"chan', '[]', '"x"', '<html>'])
      expect(() => decode(text), text).toThrow(PayloadRefused)
    expect(() => decode({ arg: { channel: 'trades', instId: 'BTC-USDT-SWAP' }, data: [{}] })).toThrow(PayloadRefused)
  })
})
