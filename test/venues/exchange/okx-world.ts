/** Owns a small market by formulas, so that specs of the simulated OKX can say each number beforehand. */
import { DAY_MS, floorTo, HOUR_MS } from '#core/time'
import type { World, WorldBar, WorldInstrument } from '#venues/exchange/world.port'

/** 2026-09-01, 00:00 UTC. */
export const START = 1_788_220_800_000
/** 2026-09-25, 08:00 UTC. */
export const EXPIRY = 1_790_323_200_000

const instrument = (
  id: string,
  kind: WorldInstrument['kind'],
  settle: string,
  more: Partial<WorldInstrument> = {},
): WorldInstrument => {
  const [base = '', quote = ''] = id.split(/[/:]/)
  return {
    id,
    kind,
    base,
    quote,
    settle,
    tick: '0.1',
    lot: '0.001',
    listedAt: START - 100 * DAY_MS,
    expiresAt: null,
    strike: null,
    option: null,
    ...more,
  }
}

export const SPOT = instrument('BTC/USDT', 'spot', 'USDT', { lot: '0.00001' })
export const SWAP = instrument('BTC/USDT:USDT', 'linearPerpetual', 'USDT')
export const INVERSE = instrument('BTC/USD:BTC', 'inversePerpetual', 'BTC')
export const FUTURE = instrument('BTC/USD:BTC-260925', 'inverseFuture', 'BTC', { expiresAt: EXPIRY })
export const OPTION = instrument('BTC/USD:BTC-260925-60000-C', 'inverseOption', 'BTC', {
  expiresAt: EXPIRY,
  strike: 60_000,
  option: 'call',
  tick: '0.0005',
  lot: '0.01',
})
export const ALTCOIN = instrument('SOL/USDT:USDT', 'linearPerpetual', 'USDT', { lot: '0.01' })
const ALL = [SPOT, SWAP, INVERSE, FUTURE, OPTION, ALTCOIN]

const FUNDING_MS = 8 * HOUR_MS
/** A trade every quarter of a second; every fortieth one is a liquidation. */
export const TRADE_EVERY_MS = 250

export const price = (of: WorldInstrument, at: number): number => {
  const scale = of.option === null ? 60_000 : 0.05
  const swing = Math.sin(at / HOUR_MS) / 50
  const value = scale * (1 + swing)
  return of.option === null ? Math.round(value * 10) / 10 : Math.round(value * 2000) / 2000
}

const rate = (at: number): number => Math.round(1e4 * Math.sin(at / DAY_MS)) / 1e8

function bar(of: WorldInstrument, openTime: number, end: number): WorldBar {
  const [open, close] = [price(of, openTime), price(of, end)]
  const volume = (end - openTime) / 1000 / 100
  return {
    openTime,
    open,
    close,
    high: Math.max(open, close) + 1,
    low: Math.min(open, close) / 2,
    volume,
    quoteVolume: volume * open,
    trades: Math.floor((end - openTime) / TRADE_EVERY_MS),
  }
}

export interface TestWorld extends World {
  /** Instruments that are gone from now on. */
  readonly gone: Set<string>
}

export function okxTestWorld(): TestWorld {
  const gone = new Set<string>()
  return {
    gone,
    start: START - 100 * DAY_MS,
    instruments: (at) => ALL.filter(({ id, expiresAt }) => !gone.has(id) && (expiresAt === null || at < expiresAt)),
    bars(of, intervalMs, from, to, now) {
      const bars: WorldBar[] = []
      for (let open = floorTo(from + intervalMs - 1, intervalMs); open < to && open < now; open += intervalMs)
        bars.push(bar(of, open, Math.min(open + intervalMs, now)))
      return bars
    },
    trades(of, from, to) {
      const trades = []
      for (let id = Math.floor(from / TRADE_EVERY_MS) + 1; id * TRADE_EVERY_MS <= to; id++)
        trades.push({
          ts: id * TRADE_EVERY_MS,
          id,
          price: price(of, id * TRADE_EVERY_MS),
          size: 0.02,
          aggressor: id % 3 === 0 ? ('sell' as const) : ('buy' as const),
          isLiquidation: id % 40 === 0,
        })
      return trades
    },
    quote: (of, at) => ({ bid: price(of, at), ask: price(of, at) * 1.001, bidSize: 1.5, askSize: 2.5 }),
    book(of, at, depth) {
      const mid = Math.round(price(of, at))
      const level = (sign: number) => (_: unknown, i: number) => [mid + sign * (i + 1), 1 + (i % 4) / 2] as const
      return {
        bids: Array.from({ length: depth }, level(-1)),
        asks: Array.from({ length: depth }, level(1)),
      }
    },
    mark: (of, at) => price(of, at) + 2,
    index: (_, at) => price(SPOT, at) + 1,
    fundingRate: (_, at) => rate(at),
    fundingIntervalMs: () => FUNDING_MS,
    settlements(_, from, to) {
      const rows = []
      for (let ts = floorTo(from, FUNDING_MS) + FUNDING_MS; ts <= to; ts += FUNDING_MS)
        rows.push({ ts, rate: rate(ts), mark: 60_000 })
      return rows
    },
    openInterest: (_, at) => 1000 + floorTo(at, HOUR_MS) / HOUR_MS / 1000,
    option: (of, at) => ({
      bid: 0.0495,
      ask: 0.0505,
      bidSize: 1,
      askSize: 1,
      mark: price(of, at),
      markIv: 0.5,
      bidIv: 0.48,
      askIv: 0.52,
      delta: 0.55,
      gamma: 0.00002,
      vega: 60,
      theta: -45,
      underlyingPrice: 60_100,
    }),
    volatility: () => 0.5,
  }
}
