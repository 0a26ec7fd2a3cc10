/** Owns a small market as pure functions, for the specs of Bybit: every number of it can be computed by the spec that compares. */
import { DAY_MS, type EpochMs, floorTo, HOUR_MS } from '#core/time'
import type { World, WorldInstrument, WorldTrade } from '#venues/exchange/world.port'

export const WORLD_START: EpochMs = Date.UTC(2026, 6, 1)
export const WORLD_NOW: EpochMs = Date.UTC(2026, 8, 1, 0, 3, 30)
const DELIVERY = Date.UTC(2026, 11, 25, 8)
const TRADE_EVERY_MS = 700

const instrument = (
  id: string,
  kind: WorldInstrument['kind'],
  more: Partial<WorldInstrument> = {},
): WorldInstrument => ({
  id,
  kind,
  base: id.slice(0, 3),
  quote: kind.startsWith('inverse') ? 'USD' : 'USDT',
  settle: kind.startsWith('inverse') ? id.slice(0, 3) : 'USDT',
  tick: '0.1',
  lot: '0.001',
  listedAt: WORLD_START,
  expiresAt: null,
  strike: null,
  option: null,
  ...more,
})

export const INSTRUMENTS: readonly WorldInstrument[] = [
  instrument('BTC/USDT', 'spot', { lot: '0.00001' }),
  instrument('ETH/USDT', 'spot', { lot: '0.00001' }),
  instrument('BTC/USDT:USDT', 'linearPerpetual'),
  instrument('ETH/USDT:USDT', 'linearPerpetual', { tick: '0.01' }),
  instrument('BTC/USD:BTC', 'inversePerpetual'),
  instrument('BTC/USDT:USDT-261225', 'linearFuture', { expiresAt: DELIVERY }),
  instrument('BTC/USD:BTC-261225', 'inverseFuture', { expiresAt: DELIVERY }),
  instrument('BTC/USD:BTC-261225-100000-C', 'inverseOption', { expiresAt: DELIVERY, strike: 100_000, option: 'call' }),
  instrument('BTC/USD:BTC-261225-100000-P', 'inverseOption', { expiresAt: DELIVERY, strike: 100_000, option: 'put' }),
]

export const byId = (id: string): WorldInstrument => INSTRUMENTS.find((one) => one.id === id) as WorldInstrument

const round = (value: number, step: number): number => Number((Math.round(value / step) * step).toFixed(8))
const levelOf = (base: string): number => (base === 'BTC' ? 100_000 : 4000)

function priceAt({ base, kind, tick }: WorldInstrument, at: EpochMs): number {
  const premium = kind === 'linearFuture' || kind === 'inverseFuture' ? 1.01 : 1
  const wave = 1 + 0.02 * Math.sin(at / 9e6) + 0.001 * Math.sin(at / 47_000)
  return round(levelOf(base) * premium * wave, Number(tick))
}

function tradeAt(of: WorldInstrument, id: number): WorldTrade {
  const ts = id * TRADE_EVERY_MS
  const aggressor = id % 3 === 0 ? 'sell' : 'buy'
  return { ts, id, price: priceAt(of, ts), size: 0.01 * (1 + (id % 7)), aggressor, isLiquidation: id % 50 === 0 }
}

/** `delisted`: ids that are gone from a time on. */
export function smallWorld(delisted: ReadonlyMap<string, EpochMs> = new Map()): World {
  const world: World = {
    start: WORLD_START,
    instruments: (at) => INSTRUMENTS.filter(({ id }) => at < (delisted.get(id) ?? Number.POSITIVE_INFINITY)),
    bars: (of, intervalMs, from, to, now) => {
      const bars = []
      for (
        let open = floorTo(Math.max(from, WORLD_START) + intervalMs - 1, intervalMs);
        open < to;
        open += intervalMs
      ) {
        if (open >= now) break
        const end = Math.min(open + intervalMs, now)
        const prices = Array.from({ length: 9 }, (_, i) => priceAt(of, Math.floor(open + ((end - open) * i) / 8)))
        const volume = round(((end - open) / TRADE_EVERY_MS) * 0.04, 0.001)
        bars.push({
          openTime: open,
          open: prices[0]!,
          high: Math.max(...prices),
          low: Math.min(...prices),
          close: prices[8]!,
          volume,
          quoteVolume: volume * prices[4]!,
          trades: Math.floor((end - open) / TRADE_EVERY_MS),
        })
      }
      return bars
    },
    trades: (of, from, to) => {
      const trades = []
      for (let id = Math.floor(from / TRADE_EVERY_MS) + 1; id * TRADE_EVERY_MS <= to; id++) trades.push(tradeAt(of, id))
      return trades
    },
    quote: (of, at) => {
      const step = Number(of.tick)
      const price = priceAt(of, at)
      return { bid: price, ask: round(price + step, step), bidSize: 1.5, askSize: 2.5 }
    },
    book: (of, at, depth) => {
      const { bid, ask } = world.quote(of, at)
      const step = Number(of.tick)
      const side = (first: number, way: number, size: number): [number, number][] =>
        Array.from({ length: Math.min(depth, 20) }, (_, i) => [round(first + way * i * step, step), size + i])
      return { bids: side(bid, -1, 1.5), asks: side(ask, 1, 2.5) }
    },
    mark: (of, at) => priceAt(of, at) * 1.0001,
    index: (base, at) => levelOf(base) * (1 + 0.02 * Math.sin(at / 9e6)),
    fundingRate: (_of, at) => 0.0001 * Math.sin(at / DAY_MS),
    fundingIntervalMs: (of) => (of.base === 'ETH' ? 4 : 8) * HOUR_MS,
    settlements: (of, from, to) => {
      const stepMs = world.fundingIntervalMs(of, from)
      const rows = []
      for (let ts = floorTo(from, stepMs) + stepMs; ts <= to; ts += stepMs)
        rows.push({ ts, rate: world.fundingRate(of, ts - 1), mark: world.mark(of, ts) })
      return rows
    },
    openInterest: (_of, at) => 50_000 + 1000 * Math.sin(at / HOUR_MS),
    option: (of, at) => ({
      bid: 0.05,
      ask: 0.052,
      bidSize: 3,
      askSize: 4,
      mark: 0.051,
      markIv: 0.5,
      bidIv: 0.49,
      askIv: 0.51,
      delta: of.option === 'put' ? -0.45 : 0.55,
      gamma: 0.00001,
      vega: 200,
      theta: -30,
      underlyingPrice: priceAt(of, at),
    }),
    volatility: (_base, at) => 0.5 + 0.1 * Math.sin(at / DAY_MS),
  }
  return world
}
