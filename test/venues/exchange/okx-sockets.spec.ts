/** What the simulated OKX sends over its sockets, and which of the venue's rules it enforces there. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HOUR_MS, MINUTE_MS } from '#core/time'
import type { Normal } from '#data/connectors/normal'
import { okxAdapter } from '#data/connectors/okx/adapter'
import { factsOf, NOW, parse, venue } from './okx-rig.js'
import { ALTCOIN, INVERSE, price, SPOT, SWAP } from './okx-world.js'

const subscribe = (...args: readonly Record<string, string>[]) => JSON.stringify({ id: '1', op: 'subscribe', args })

describe('sockets', () => {
  it('acknowledges each argument, then sends', () => {
    const it = venue()
    const { session, take } = it.connect('public')
    session.onMessage(subscribe({ channel: 'tickers', instId: 'BTC-USDT' }, { channel: 'status' }))
    const frames = take().map((text) => JSON.parse(text))
    expect(frames.map(({ event, arg }) => event ?? arg.channel)).toEqual(['subscribe', 'subscribe', 'tickers'])
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
      { kind: 'status', status: 'delisted' },
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
