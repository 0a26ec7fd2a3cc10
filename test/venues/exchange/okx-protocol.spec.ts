/** What the simulated OKX answers and sends, and which of the venue's rules it enforces, read with our own parser and adapter. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS } from '#core/time'
import type { Call, Page } from '#data/connectors/adapter.port'
import type { InstrumentFacts, Normal } from '#data/connectors/normal'
import { okxAdapter } from '#data/connectors/okx/adapter'
import { okxParser } from '#data/connectors/okx/parser'
import { createLimiter } from '#venues/exchange/limiter'
import { okxProtocol } from '#venues/exchange/okx/protocol'
import type { SimContext, SimReply, SimSession } from '#venues/exchange/protocol.port'
import { ALTCOIN, EXPIRY, FUTURE, INVERSE, OPTION, okxTestWorld, price, SPOT, START, SWAP } from './okx-world.js'

const NOW = START + 3 * HOUR_MS + 5 * MINUTE_MS + 20_000

function venue() {
  const world = okxTestWorld()
  let now = NOW
  const protocol = okxProtocol()
  const context: SimContext = { world, now: () => now, limiter: createLimiter(() => now), isInMaintenance: false }
  const ask = (target: string, headers: Record<string, string> = {}, ip = '1.2.3.4'): SimReply => {
    const [path = '', rawQuery = ''] = target.split('?')
    const query = new URLSearchParams(rawQuery)
    return protocol.handle({ method: 'GET', path: `/api/v5${path}`, query, rawQuery, headers, body: '', ip }, context)
  }
  const follow = <T>(first: Call<Page<T>>): T[] => {
    const rows: T[] = []
    for (let call: Call<Page<T>> | undefined = first; call !== undefined; now += 100) {
      const page: Page<T> = call.read(ask(call.path.slice('/api/v5'.length)).body, now)
      rows.push(...page.rows)
      call = page.next
    }
    return rows
  }
  let sockets = 0
  const connect = (path: string) => {
    const sent: string[] = []
    const closed: number[] = []
    const socket = {
      id: ++sockets,
      ip: '1.2.3.4',
      path: `/ws/v5/${path}`,
      rawQuery: '',
      send: (text: string) => sent.push(text),
      ping: () => undefined,
      close: (code: number) => closed.push(code),
    }
    const session = protocol.connect(socket, context)
    return { session: session as SimSession, sent, closed, take: () => sent.splice(0) }
  }
  return {
    world,
    ask,
    follow,
    connect,
    now: () => now,
    pass(ms: number, ...sessions: SimSession[]) {
      const from = now
      now += ms
      for (const session of sessions) session.advance(from, now)
    },
  }
}

const data = (reply: SimReply): readonly unknown[] => {
  const { code, data } = reply.body as { code: string; data: readonly unknown[] }
  expect([reply.status, code]).toEqual([200, '0'])
  return data
}
const codeOf = (reply: SimReply): readonly unknown[] => [reply.status, (reply.body as { code: string }).code]

function factsOf(it: ReturnType<typeof venue>): Map<string, InstrumentFacts> {
  const all = ['spot', 'swap', 'futures', 'option'].flatMap((market) => it.follow(okxAdapter.instruments(market)))
  return new Map(all.map((facts) => [facts.instrument, facts]))
}

describe('REST', () => {
  it('lists instruments that our adapter reads as the world has them', () => {
    const facts = factsOf(venue())
    expect([...facts.keys()]).toEqual([
      'okx.spot.BTC-USDT',
      'okx.swap.BTC-USDT-SWAP',
      'okx.swap.BTC-USD-SWAP',
      'okx.swap.SOL-USDT-SWAP',
      'okx.futures.BTC-USD-260925',
      'okx.option.BTC-USD-260925-60000-C',
    ])
    const terms = (id: string) => {
      const of = facts.get(id)!
      return [of.kind, of.contractSize, of.contractOf, of.lot, of.tick, of.settle, of.expiresAt]
    }
    expect(terms('okx.swap.BTC-USDT-SWAP')).toEqual(['linearPerpetual', '0.01', 'base', '0.1', '0.1', 'USDT', null])
    expect(terms('okx.swap.BTC-USD-SWAP')).toEqual(['inversePerpetual', '100', 'quote', '1', '0.1', 'BTC', null])
    expect(terms('okx.swap.SOL-USDT-SWAP')).toEqual(['linearPerpetual', '0.1', 'base', '0.1', '0.1', 'USDT', null])
    expect(terms('okx.option.BTC-USD-260925-60000-C').slice(0, 3)).toEqual(['inverseOption', '0.01', 'base'])
    expect(facts.get('okx.futures.BTC-USD-260925')).toMatchObject({ kind: 'inverseFuture', expiresAt: EXPIRY })
  })

  it.each([
    [SPOT, 'okx.spot.BTC-USDT'],
    [SWAP, 'okx.swap.BTC-USDT-SWAP'],
    [INVERSE, 'okx.swap.BTC-USD-SWAP'],
    [FUTURE, 'okx.futures.BTC-USD-260925'],
  ] as const)('plays bars of %o that our adapter reads back', (of, id) => {
    const it = venue()
    const facts = factsOf(it).get(id)!
    for (const [interval, ms, count] of [
      ['1m', MINUTE_MS, 1700],
      ['1d', DAY_MS, 40],
    ] as const) {
      const to = Math.ceil(it.now() / ms) * ms
      const bars = it.follow(okxAdapter.bars(facts, interval, to - count * ms, to))
      const expected = it.world.bars(of, ms, to - count * ms, to, NOW)
      expect(bars).toHaveLength(count)
      expect(bars[5]).toMatchObject({ ...pick(expected[5]!), isClosed: true })
      expect(bars[5]?.volume).toBeCloseTo(expected[5]!.volume, 9)
      expect(bars[5]?.quoteVolume).toBeCloseTo(expected[5]!.quoteVolume, 6)
      expect(bars.at(-1)?.isClosed).toBe(false)
      expect(bars.map(({ openTime }) => openTime)).toEqual(expected.map(({ openTime }) => openTime))
    }
  })

  it('opens days at UTC+8 when nobody says utc, newest first, before and after the wrong way round', () => {
    const it = venue()
    const opens = (query: string) =>
      data(it.ask(`/market/candles?instId=BTC-USDT&${query}`)).map((row) => Number((row as string[])[0]))
    expect(opens('bar=1D&limit=2')).toEqual([START - 8 * HOUR_MS, START - 32 * HOUR_MS])
    expect(opens('bar=1Dutc&limit=2')).toEqual([START, START - DAY_MS])
    expect(opens(`bar=1H&after=${START}&limit=2`)).toEqual([START - HOUR_MS, START - 2 * HOUR_MS])
    expect(opens(`bar=1H&before=${START + HOUR_MS}`)).toEqual([START + 3 * HOUR_MS, START + 2 * HOUR_MS])
    expect(opens(`bar=1m&after=${NOW - 1500 * MINUTE_MS}`)).toEqual([])
    expect(opens('bar=1m&limit=300')).toHaveLength(300)
  })

  it('pays funding as the world does', () => {
    const it = venue()
    const facts = factsOf(it).get('okx.swap.BTC-USDT-SWAP')!
    const rows = it.follow(okxAdapter.settlements(facts, NOW - 20 * DAY_MS, NOW)!)
    const expected = it.world.settlements(SWAP, NOW - 20 * DAY_MS, NOW)
    expect(rows.map(({ settledAt, rate }) => [settledAt, rate])).toEqual(expected.map(({ ts, rate }) => [ts, rate]))
    expect(new Set(rows.map(({ intervalMs }) => intervalMs))).toEqual(new Set([8 * HOUR_MS]))
    const [now] = parse('rest/funding-rate', it.ask('/public/funding-rate?instId=BTC-USDT-SWAP').body)
    expect(now).toMatchObject({
      rate: it.world.fundingRate(SWAP, it.now()),
      nextFundingAt: START + 8 * HOUR_MS,
      intervalMs: 8 * HOUR_MS,
    })
    expect(data(it.ask('/public/funding-rate?instId=ANY'))).toHaveLength(3)
  })

  it('tells open interest, marks, indices and options in the world’s units', () => {
    const it = venue()
    const facts = factsOf(it)
    const [oi] = parse('rest/open-interest', it.ask('/public/open-interest?instType=SWAP&instId=BTC-USD-SWAP').body)
    expect(oi).toMatchObject({ openInterest: it.world.openInterest(INVERSE, it.now()) })
    const history = it.follow(
      okxAdapter.openInterestHistory(facts.get('okx.swap.BTC-USDT-SWAP')!, '1h', START - 300 * HOUR_MS, NOW, KNOWN)!,
    )
    expect(history).toHaveLength(304)
    expect(history[7]).toMatchObject({ openInterest: it.world.openInterest(SWAP, START - 293 * HOUR_MS) })
    const [mark] = parse('rest/mark-price', it.ask('/public/mark-price?instType=SWAP&instId=BTC-USDT-SWAP').body)
    expect(mark).toMatchObject({ kind: 'mark', mark: it.world.mark(SWAP, it.now()) })
    const [index] = parse('rest/index-tickers', it.ask('/market/index-tickers?instId=BTC-USDT').body)
    expect(index).toMatchObject({ name: 'BTC-USDT', price: it.world.index('BTC', it.now()) })
    const [option] = parse('rest/opt-summary', it.ask('/public/opt-summary?instFamily=BTC-USD&expTime=260925').body)
    expect(option).toMatchObject({ markIv: 0.5, delta: 0.55, vega: 60, theta: -45, underlyingPrice: 60_100 })
    expect(data(it.ask('/public/opt-summary?instFamily=BTC-USD&expTime=260926'))).toEqual([])
  })

  it('tells trades and quotes in contracts, which are the world’s coins', () => {
    const it = venue()
    const facts = factsOf(it)
    const known = { facts: (id: string) => facts.get(id) }
    for (const [of, id] of [
      [SWAP, 'BTC-USDT-SWAP'],
      [INVERSE, 'BTC-USD-SWAP'],
      [OPTION, 'BTC-USD-260925-60000-C'],
      [ALTCOIN, 'SOL-USDT-SWAP'],
    ] as const) {
      const trades = parse('rest/trades', it.ask(`/market/trades?instId=${id}&limit=300`).body, known)
      const expected = it.world
        .trades(of, 0 + it.now() - 100 * 1000, it.now())
        .slice(-300)
        .reverse()
      expect(trades).toHaveLength(300)
      expect(trades[4]).toMatchObject({ id: String(expected[4]!.id), price: expected[4]!.price, ts: expected[4]!.ts })
      expect(trades[4]?.kind === 'trade' && trades[4].size).toBeCloseTo(0.02, 12)
      const [quote] = parse('rest/ticker', it.ask(`/market/ticker?instId=${id}`).body, known)
      expect(quote).toMatchObject({ bid: it.world.quote(of, it.now()).bid })
      expect(quote?.kind === 'quote' && quote.bidSize).toBeCloseTo(1.5, 12)
    }
  })

  it('refuses parameters, instruments and paths as the venue does', () => {
    const it = venue()
    const code = (target: string) => codeOf(it.ask(target))
    expect(code('/market/candles')).toEqual([400, '50014'])
    expect(code('/market/candles?instId=NO-PE')).toEqual([200, '51001'])
    expect(code('/market/candles?instId=BTC-USDT&bar=7m')).toEqual([400, '51000'])
    expect(code('/market/candles?instId=BTC-USDT&limit=301')).toEqual([400, '51000'])
    expect(code('/public/instruments')).toEqual([400, '50014'])
    expect(code('/public/instruments?instType=OPTION')).toEqual([400, '50015'])
    expect(code('/public/funding-rate?instId=BTC-USDT')).toEqual([400, '51000'])
    expect(code('/market/index-tickers?instId=X-Y')).toEqual([200, '51014'])
    expect(it.ask('/nothing').status).toBe(404)
  })

  it('limits each endpoint by address for two seconds', () => {
    const it = venue()
    const many = (ip: string) => Array.from({ length: 11 }, () => it.ask('/public/time', {}, ip))
    expect(many('9.9.9.9').map(({ status }) => status)).toEqual([...Array(10).fill(200), 429])
    expect(codeOf(it.ask('/public/time', {}, '9.9.9.9'))).toEqual([429, '50011'])
    expect(it.ask('/public/time', {}, '8.8.8.8').status).toBe(200)
    expect(it.ask('/market/ticker?instId=BTC-USDT', {}, '9.9.9.9').status).toBe(200)
    it.pass(2000)
    expect(it.ask('/public/time', {}, '9.9.9.9').status).toBe(200)
  })

  it('lets in who signs: key, secret, passphrase and clock', () => {
    const it = venue()
    const signed = (change: Record<string, string> = {}, secret = 'sim-secret', at = it.now()) => {
      const time = isoTime(at)
      const path = '/api/v5/account/balance?ccy=USDT'
      const sign = createHmac('sha256', secret).update(`${time}GET${path}`).digest('base64')
      return codeOf(
        it.ask('/account/balance?ccy=USDT', {
          'ok-access-key': 'sim-key',
          'ok-access-passphrase': 'sim-passphrase',
          'ok-access-timestamp': time,
          'ok-access-sign': sign,
          ...change,
        }),
      )
    }
    expect(signed()).toEqual([200, '0'])
    expect(signed({}, 'wrong')).toEqual([401, '50113'])
    expect(signed({}, 'sim-secret', it.now() - 31_000)).toEqual([401, '50102'])
    expect(signed({ 'ok-access-timestamp': '1700000000' })).toEqual([401, '50112'])
    it.pass(2000)
    expect(signed({ 'ok-access-key': '' })).toEqual([401, '50103'])
    expect(signed({ 'ok-access-key': 'other' })).toEqual([401, '50111'])
    expect(signed({ 'ok-access-passphrase': 'other' })).toEqual([401, '50105'])
  })
})

const KNOWN = { facts: () => undefined, price: () => undefined }
const pick = ({
  openTime,
  open,
  high,
  low,
  close,
}: {
  openTime: number
  open: number
  high: number
  low: number
  close: number
}) => ({
  openTime,
  open,
  high,
  low,
  close,
})

function parse(
  topic: string,
  payload: unknown,
  known: { facts?: (id: string) => InstrumentFacts | undefined } = {},
): readonly Normal[] {
  return okxParser.parse(topic, payload, { receivedAt: NOW, market: 'spot', ...KNOWN, ...known })
}

const subscribe = (...args: readonly Record<string, string>[]) => JSON.stringify({ id: '1', op: 'subscribe', args })

describe('sockets', () => {
  it('acknowledges each argument, then sends', () => {
    const it = venue()
    const { session, take } = it.connect('public')
    session.onMessage(subscribe({ channel: 'tickers', instId: 'BTC-USDT' }, { channel: 'status' }))
    const frames = take().map((text) => JSON.parse(text))
    expect(frames.map(({ event, arg }) => event ?? arg.channel)).toEqual(['subscribe', 'tickers', 'subscribe'])
    expect(frames[0]).toMatchObject({ id: '1', arg: { channel: 'tickers', instId: 'BTC-USDT' } })
    it.pass(500, session)
    const [quote] = parse('tickers', JSON.parse(take()[0]!))
    const at = Math.floor(it.now() / 100) * 100
    expect(quote).toMatchObject({ ts: at, bid: price(SPOT, at) })
    session.onMessage(
      JSON.stringify({ id: '2', op: 'unsubscribe', args: [{ channel: 'tickers', instId: 'BTC-USDT' }] }),
    )
    take()
    it.pass(500, session)
    expect(take()).toEqual([])
  })

  it('answers the wrong socket, channel and instrument with 60018, and what is no request with 60012', () => {
    const it = venue()
    const { session, take } = it.connect('public')
    session.onMessage(subscribe({ channel: 'candle1m', instId: 'BTC-USDT' }))
    session.onMessage(subscribe({ channel: 'tickers', instId: 'NO-PE' }))
    session.onMessage(subscribe({ channel: 'funding-rate', instId: 'BTC-USDT' }))
    session.onMessage('{"op":')
    session.onMessage('{"op":"dance","args":[]}')
    const codes = take().map((text) => JSON.parse(text).code)
    expect(codes).toEqual(['60018', '60018', '60018', '60012', '60012'])
  })

  it('closes each bar exactly once and shows the running one every second', () => {
    const it = venue()
    const { session, take } = it.connect('business')
    session.onMessage(subscribe({ channel: 'candle1m', instId: 'BTC-USDT-SWAP' }))
    take()
    const closed: number[] = []
    let running = 0
    for (let i = 0; i < 1300; i++) {
      it.pass(150, session)
      for (const text of take()) {
        const [bar] = parse('candle', JSON.parse(text))
        if (bar?.kind === 'bar' && bar.isClosed === true) closed.push(bar.openTime)
        else running++
      }
    }
    const first = Math.floor(NOW / MINUTE_MS) * MINUTE_MS
    expect(closed).toEqual([0, 1, 2].map((i) => first + i * MINUTE_MS))
    expect(running).toBeGreaterThan(180)
    expect(running).toBeLessThan(200)
  })

  it('sends every trade once, and liquidations of all swaps', () => {
    const it = venue()
    const facts = factsOf(it)
    const known = { facts: (id: string) => facts.get(id) }
    const { session, take } = it.connect('public')
    session.onMessage(
      subscribe({ channel: 'trades', instId: 'BTC-USDT' }, { channel: 'liquidation-orders', instType: 'SWAP' }),
    )
    take()
    const from = it.now()
    const ids: string[] = []
    const forced: Normal[] = []
    for (let i = 0; i < 100; i++) {
      it.pass(333, session)
      for (const text of take()) {
        const frame = JSON.parse(text)
        for (const record of parse(frame.arg.channel, frame, known))
          if (record.kind === 'trade') ids.push(record.id)
          else forced.push(record)
      }
    }
    expect(ids).toEqual(it.world.trades(SPOT, from, it.now()).map(({ id }) => String(id)))
    const expected = it.world.trades(SWAP, from, it.now()).filter(({ isLiquidation }) => isLiquidation)
    expect(forced).toHaveLength(expected.length * 3)
    expect(forced[0]).toMatchObject({ kind: 'liquidation', side: expected[0]!.aggressor === 'sell' ? 'long' : 'short' })
  })

  it('keeps a book in order by its numbers, equal to the world’s', () => {
    const it = venue()
    const facts = factsOf(it)
    const { session, take } = it.connect('public')
    session.onMessage(subscribe({ channel: 'books', instId: 'BTC-USD-SWAP' }))
    const book = { bids: new Map<number, number>(), asks: new Map<number, number>(), last: null as number | null }
    const verdicts = new Set<string>()
    const apply = () => {
      for (const text of take()) {
        const frame = JSON.parse(text)
        if (frame.event !== undefined) continue
        const [record] = parse('books', frame, { facts: (id) => facts.get(id) })
        if (record?.kind !== 'book') throw new Error('no book')
        const verdict = okxAdapter.bookRule('swap').judge(record, book.last, false)
        verdicts.add(verdict)
        for (const side of ['bids', 'asks'] as const)
          for (let i = 0; i < record[side].length; i += 2)
            if (record[side][i + 1] === 0) book[side].delete(record[side][i]!)
            else book[side].set(record[side][i]!, record[side][i + 1]!)
        book.last = record.lastId
      }
    }
    apply()
    for (let i = 0; i < 200; i++) {
      it.pass(1700, session)
      apply()
    }
    expect([...verdicts].sort()).toEqual(['apply', 'replace'])
    const expected = it.world.book(INVERSE, Math.floor(it.now() / 100) * 100, 50)
    const sorted = (side: Map<number, number>, sign: number) => [...side].sort(([a], [b]) => sign * (a - b))
    for (const [side, sign] of [
      ['bids', -1],
      ['asks', 1],
    ] as const) {
      expect(sorted(book[side], sign).map(([level]) => level)).toEqual(expected[side].map(([level]) => level))
      sorted(book[side], sign).forEach(([, size], i) => {
        expect(size).toBeCloseTo(expected[side][i]![1], 9)
      })
    }
  })

  it('beats when a book rests for a minute', () => {
    const it = venue()
    const still = it.world.book(SPOT, NOW, 50)
    it.world.book = () => still
    const { session, take } = it.connect('public')
    session.onMessage(subscribe({ channel: 'books', instId: 'BTC-USDT' }))
    const [, snapshot] = take().map((text) => JSON.parse(text))
    const beats: { prevSeqId: number; seqId: number; asks: unknown[] }[] = []
    for (let i = 0; i < 130; i++) {
      it.pass(1000, session)
      session.onMessage('ping')
      for (const text of take()) if (text !== 'pong') beats.push(JSON.parse(text).data[0])
    }
    const { seqId } = snapshot.data[0]
    expect(beats).toHaveLength(2)
    for (const beat of beats) expect(beat).toMatchObject({ prevSeqId: seqId, seqId, asks: [] })
  })

  it('tells of instruments that go', () => {
    const it = venue()
    const { session, take } = it.connect('public')
    session.onMessage(subscribe({ channel: 'instruments', instType: 'SWAP' }))
    expect(JSON.parse(take()[1]!).data).toHaveLength(3)
    it.world.gone.add(ALTCOIN.id)
    it.pass(2000, session)
    const records = parse('instruments', JSON.parse(take()[0]!))
    expect(records).toMatchObject([
      { kind: 'instrument', instrument: 'okx.swap.SOL-USDT-SWAP', facts: { isTrading: false } },
      { kind: 'status', status: 'halted' },
    ])
  })

  it('samples marks, funding, open interest and option chains at the venue’s pace', () => {
    const it = venue()
    const { session, take } = it.connect('public')
    const instId = 'BTC-USDT-SWAP'
    session.onMessage(
      subscribe(
        { channel: 'mark-price', instId },
        { channel: 'funding-rate', instId },
        { channel: 'open-interest', instId },
        { channel: 'opt-summary', instFamily: 'BTC-USD' },
        { channel: 'index-tickers', instId: 'BTC-USDT' },
      ),
    )
    take()
    const counts = new Map<string, number>()
    for (let i = 0; i < 1200; i++) {
      it.pass(50, session)
      for (const text of take()) {
        const frame = JSON.parse(text)
        expect(parse(frame.arg.channel, frame)).toHaveLength(1)
        counts.set(frame.arg.channel, (counts.get(frame.arg.channel) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries(counts)).toEqual({
      'mark-price': 300,
      'funding-rate': 1,
      'open-interest': 20,
      'opt-summary': 20,
      'index-tickers': 600,
    })
  })

  it('answers the text ping, and cuts what is silent for thirty seconds', () => {
    const it = venue()
    const alive = it.connect('public')
    const idle = it.connect('business')
    for (let i = 0; i < 4; i++) {
      alive.session.onMessage('ping')
      it.pass(10_000, alive.session, idle.session)
    }
    expect(alive.sent).toEqual(['pong', 'pong', 'pong', 'pong'])
    expect([alive.closed, idle.closed]).toEqual([[], [4004]])
  })

  it('takes 480 requests an hour of a connection, and three connections a second of an address', () => {
    const it = venue()
    const { session, take } = it.connect('public')
    const request = subscribe({ channel: 'status' })
    for (let i = 0; i < 480; i++) session.onMessage(request)
    expect(take().every((text) => JSON.parse(text).event === 'subscribe')).toBe(true)
    session.onMessage(request)
    expect(JSON.parse(take()[0]!)).toMatchObject({ event: 'error', code: '60014' })
    it.pass(HOUR_MS)
    session.onMessage(request)
    expect(JSON.parse(take()[0]!).event).toBe('subscribe')
    const three = [1, 2, 3, 4].map(() => it.connect('public'))
    expect(three.map(({ closed }) => closed)).toEqual([[], [], [], [1013]])
    it.pass(1000)
    expect(it.connect('nothing').session).toBeUndefined()
  })

  it('logs in by signature in seconds, before anything private', () => {
    const it = venue()
    const { session, take } = it.connect('private')
    const login = (secret: string) => {
      const timestamp = String(Math.floor(it.now() / 1000))
      const sign = createHmac('sha256', secret).update(`${timestamp}GET/users/self/verify`).digest('base64')
      const arg = { apiKey: 'sim-key', passphrase: 'sim-passphrase', timestamp, sign }
      session.onMessage(JSON.stringify({ op: 'login', args: [arg] }))
      return JSON.parse(take()[0]!)
    }
    session.onMessage(subscribe({ channel: 'account' }))
    expect(JSON.parse(take()[0]!)).toMatchObject({ event: 'error', code: '60011' })
    expect(login('wrong')).toMatchObject({ event: 'error', code: '60007' })
    expect(login('sim-secret')).toMatchObject({ event: 'login', code: '0' })
    session.onMessage(subscribe({ channel: 'account' }))
    expect(JSON.parse(take()[0]!)).toMatchObject({ event: 'subscribe' })
  })
})
