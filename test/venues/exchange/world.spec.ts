/** The simulated market is a pure function of time, and its parts never contradict each other. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, floorTo, HOUR_MS, MINUTE_MS } from '#core/time'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { World, WorldBar, WorldInstrument, WorldTrade } from '#venues/exchange/world.port'

const NOW = Date.UTC(2026, 1, 11, 13, 37, 22, 345)
const world = generatedWorld({ seed: 7, venue: 'binance', symbols: 5 })
const get = (id: string, of: World = world, at = NOW): WorldInstrument => {
  const found = of.instruments(at).find((one) => one.id === id)
  if (found === undefined) throw new Error(`${id} is not listed`)
  return found
}

function aggregate(openTime: number, trades: readonly WorldTrade[]): Partial<WorldBar> {
  const prices = trades.map(({ price }) => price)
  return {
    openTime,
    open: prices[0]!,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: prices.at(-1)!,
    trades: trades.length,
  }
}

describe('bars and trades', () => {
  it.each([MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, DAY_MS])('agree over %d ms', (ms) => {
    for (const id of ['BTC/USDT', 'BTC/USDT:USDT', 'BTC/USD:BTC', 'DOGE/USDT:USDT', 'BTC/USDT:USDT-260327']) {
      const instrument = get(id)
      const from = floorTo(NOW, ms) - 3 * ms
      for (const bar of world.bars(instrument, ms, from, NOW, NOW)) {
        const end = Math.min(bar.openTime + ms - 1, NOW)
        const trades = world.trades(instrument, bar.openTime - 1, end)
        expect(bar).toMatchObject(aggregate(bar.openTime, trades))
        const volume = trades.reduce((sum, { size }) => sum + size, 0)
        expect(Math.abs(bar.volume - volume)).toBeLessThan(1e-9 * volume)
        const quote = trades.reduce((sum, { size, price }) => sum + size * price, 0)
        const room = ms <= 15 * MINUTE_MS ? 1e-9 : 0.05
        expect(Math.abs(bar.quoteVolume - quote)).toBeLessThan(room * quote)
      }
    }
  })

  it('are the same in every order of asking, and in every world of the same seed', () => {
    const other = generatedWorld({ seed: 7, venue: 'binance', symbols: 5 })
    const spans = [0, 1, 2, 3, 4, 5].map((i) => NOW - i * 7 * HOUR_MS)
    const ask = (of: World, at: number) => {
      const btc = get('BTC/USDT:USDT', of)
      return [
        of.bars(btc, MINUTE_MS, at - HOUR_MS, at, at),
        of.trades(btc, at - MINUTE_MS, at),
        of.book(btc, at, 20),
        of.mark(btc, at),
        of.fundingRate(btc, at),
        of.openInterest(btc, at),
      ]
    }
    const forwards = spans.map((at) => ask(world, at))
    const backwards = [...spans].reverse().map((at) => ask(other, at))
    expect(backwards.reverse()).toEqual(forwards)
    const differing = generatedWorld({ seed: 8, venue: 'binance', symbols: 5 })
    expect(ask(differing, NOW)).not.toEqual(forwards[0])
  })

  it('have ids without gaps, and times that ascend', () => {
    for (const id of ['BTC/USDT', 'ETH/USDT:USDT', 'BTC/USD:BTC-260327']) {
      const trades = world.trades(get(id), NOW - 2 * HOUR_MS, NOW)
      expect(trades.length).toBeGreaterThan(700)
      for (const [i, trade] of trades.entries()) {
        const before = trades[i - 1]
        if (before === undefined) continue
        expect(trade.id).toBe(before.id + 1)
        expect(trade.ts).toBeGreaterThan(before.ts)
      }
    }
  })

  it('fall into spans without one twice or missing', () => {
    const btc = get('BTC/USDT:USDT')
    const whole = world.trades(btc, NOW - HOUR_MS, NOW)
    const parts: WorldTrade[] = []
    for (let at = NOW - HOUR_MS; at < NOW; at += 7_919) parts.push(...world.trades(btc, at, Math.min(NOW, at + 7_919)))
    expect(parts).toEqual(whole)
  })

  it('let a bar grow until it is closed, and not change afterwards', () => {
    const btc = get('BTC/USDT:USDT')
    const open = floorTo(NOW, HOUR_MS)
    let last: WorldBar | undefined
    for (let now = open + 1; now <= open + HOUR_MS; now += 61_007) {
      const bar = world.bars(btc, HOUR_MS, open, open + 1, now)[0]!
      expect(bar.trades).toBeGreaterThanOrEqual(last?.trades ?? 0)
      expect(bar.high).toBeGreaterThanOrEqual(last?.high ?? 0)
      expect(bar.open).toBe(last?.open ?? bar.open)
      last = bar
    }
    const closed = world.bars(btc, HOUR_MS, open, open + 1, open + HOUR_MS)
    expect(world.bars(btc, HOUR_MS, open, open + 1, open + DAY_MS)).toEqual(closed)
    expect(world.bars(btc, HOUR_MS, open, open + 1, open)).toEqual([])
  })

  it('begin weeks on Mondays', () => {
    const [week] = world.bars(get('BTC/USDT'), 7 * DAY_MS, NOW - 7 * DAY_MS, NOW, NOW)
    expect(new Date(week!.openTime).getUTCDay()).toBe(1)
  })
})

describe('prices', () => {
  it('of one coin stay within a percent of the index, futures within their carry', () => {
    for (let at = NOW - 30 * DAY_MS; at < NOW; at += 5 * HOUR_MS + 1234) {
      const index = world.index('BTC', at)
      for (const id of ['BTC/USDT', 'BTC/USDT:USDT', 'BTC/USD:BTC']) {
        const { bid, ask } = world.quote(get(id), at)
        expect(ask).toBeGreaterThan(bid)
        expect(Math.abs(bid / index - 1)).toBeLessThan(0.01)
        expect(Math.abs(world.mark(get(id), at) / index - 1)).toBeLessThan(0.01)
      }
    }
    const future = get('BTC/USDT:USDT-260327')
    expect(world.mark(future, NOW) / world.index('BTC', NOW)).toBeGreaterThan(1)
    const end = future.expiresAt! - 1
    expect(Math.abs(world.mark(future, end) / world.index('BTC', end) - 1)).toBeLessThan(0.005)
  })

  it('differ between venues by less than a percent, and do differ', () => {
    const other = generatedWorld({ seed: 7, venue: 'okx', symbols: 5 })
    const [a, b] = [world, other].map((of) => of.mark(get('ETH/USDT:USDT', of), NOW))
    expect(a).not.toBe(b)
    expect(Math.abs(a! / b! - 1)).toBeLessThan(0.01)
  })

  it('move like a market: 25 to 110 % a year', () => {
    const days = world.bars(get('BTC/USDT'), DAY_MS, NOW - 1000 * DAY_MS, NOW, NOW)
    const returns = days.slice(1).map((bar, i) => Math.log(bar.close / days[i]!.close))
    const vol = Math.sqrt((returns.reduce((sum, r) => sum + r * r, 0) / returns.length) * 365)
    expect(vol).toBeGreaterThan(0.25)
    expect(vol).toBeLessThan(1.1)
  })

  it('are shown by books whose sides ascend and descend, and that change in few levels', () => {
    const eth = get('ETH/USDT:USDT')
    const before = world.book(eth, NOW, 200)
    expect(before.bids).toHaveLength(200)
    for (const side of [before.bids, before.asks.map(([price, size]) => [-price, size] as const)])
      for (const [i, [price]] of side.entries()) if (i > 0) expect(price).toBeLessThan(side[i - 1]![0])
    const known = new Set(before.bids.map(String))
    const after = world.book(eth, NOW + 100, 200)
    const changed = after.bids.filter((level) => !known.has(String(level))).length
    expect(changed).toBeGreaterThan(0)
    expect(changed).toBeLessThan(60)
    const { bid, askSize } = world.quote(eth, NOW)
    expect([bid, askSize]).toEqual([before.bids[0]![0], before.asks[0]![1]])
  })
})

describe('funding', () => {
  it('is settled on its grid, at the rate that was formed last', () => {
    for (const instrument of world.instruments(NOW).filter(({ kind }) => kind.endsWith('Perpetual'))) {
      const every = world.fundingIntervalMs(instrument, NOW)
      const rows = world.settlements(instrument, NOW - 10 * DAY_MS, NOW)
      expect(rows).toHaveLength(Math.floor(NOW / every) - Math.floor((NOW - 10 * DAY_MS) / every))
      for (const { ts, rate, mark } of rows) {
        expect(ts % every).toBe(0)
        expect(rate).toBe(world.fundingRate(instrument, ts - 1))
        expect(Math.abs(rate)).toBeLessThan(0.01)
        expect(mark).toBe(world.mark(instrument, ts))
      }
    }
  })

  it('has no settlements of what is not a perpetual', () => {
    expect(world.settlements(get('BTC/USDT'), NOW - DAY_MS, NOW)).toEqual([])
  })
})

describe('listings', () => {
  it('hold two quarters of futures that follow each other', () => {
    const futuresAt = (at: number): string[] =>
      world.instruments(at).flatMap(({ id, kind, base }) => (kind === 'linearFuture' && base === 'BTC' ? [id] : []))
    expect(futuresAt(NOW)).toEqual(['BTC/USDT:USDT-260327', 'BTC/USDT:USDT-260626'])
    const expiry = Date.UTC(2026, 2, 27, 8)
    expect(futuresAt(expiry - 1)).toEqual(['BTC/USDT:USDT-260327', 'BTC/USDT:USDT-260626'])
    expect(futuresAt(expiry)).toEqual(['BTC/USDT:USDT-260626', 'BTC/USDT:USDT-260925'])
  })

  it('keep an instrument under its name until it expires', () => {
    const at = (day: number) => NOW + day * DAY_MS
    for (let day = 0; day < 120; day++) {
      const tomorrow = new Set(world.instruments(at(day + 1)).map(({ id }) => id))
      const lost = world
        .instruments(at(day))
        .filter(({ id, expiresAt }) => (expiresAt ?? Number.POSITIVE_INFINITY) > at(day + 1) && !tomorrow.has(id))
      expect(lost.map(({ id }) => id)).toEqual([])
    }
  })

  it('are the same for one seed wherever one begins to ask', () => {
    const fresh = generatedWorld({ seed: 7, venue: 'binance', symbols: 5 })
    expect(fresh.instruments(NOW)).toEqual(world.instruments(NOW))
    expect(world.instruments(world.start - 1)).toEqual([])
  })
})

describe('options', () => {
  const options = world.instruments(NOW).filter(({ kind, base }) => kind === 'inverseOption' && base === 'BTC')

  it('keep put-call parity and sane sensitivities', () => {
    for (const call of options.filter(({ option }) => option === 'call')) {
      const put = options.find((one) => one.expiresAt === call.expiresAt && one.strike === call.strike && one !== call)!
      const [c, p] = [world.option(call, NOW), world.option(put, NOW)]
      expect(c.mark - p.mark).toBeCloseTo(1 - call.strike! / c.underlyingPrice, 6)
      expect(c.delta - p.delta).toBeCloseTo(1, 6)
      expect(c.gamma).toBeGreaterThanOrEqual(0)
      expect(c.ask).toBeGreaterThan(c.mark)
      expect(c.bid).toBeLessThanOrEqual(c.mark)
    }
    expect(options.length).toBeGreaterThan(60)
  })

  it('are worth their pay-off at expiry', () => {
    const call = options.find(({ option }) => option === 'call')!
    const { mark, underlyingPrice } = world.option(call, call.expiresAt!)
    expect(mark).toBeCloseTo(Math.max(0, 1 - call.strike! / underlyingPrice), 12)
  })

  it('trade, and have bars of their trades', () => {
    const day = floorTo(NOW, DAY_MS)
    const call = options.at(-1)!
    const trades = world.trades(call, day - 1, NOW)
    const [bar] = world.bars(call, DAY_MS, day, NOW, NOW)
    expect(bar).toMatchObject(aggregate(day, trades))
  })
})
