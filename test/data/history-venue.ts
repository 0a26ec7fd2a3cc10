/** A venue's history in memory for the specs of backfill: an adapter whose calls are answered here, page by page. */
import { type EpochMs, HOUR_MS, type Interval, intervalMs } from '#core/time'
import type { HistoryAdapter } from '#data/backfill/backfill.port'
import type { Call, Page } from '#data/connectors/adapter.port'
import type { BarRecord, InstrumentFacts, OpenInterestRecord, SettlementRecord } from '#data/connectors/normal'
import { DAY0 } from './fixtures.js'

const PAGE = 100

export function factsOf(symbol: string, market = 'usdm', listedAt: EpochMs | null = null): InstrumentFacts {
  return {
    instrument: `binance.${market}.${symbol}`,
    kind: 'linearPerpetual',
    base: symbol.slice(0, 3),
    quote: 'USDT',
    settle: 'USDT',
    tick: '0.1',
    lot: '0.001',
    minSize: '0.001',
    minNotional: '5',
    contractSize: '1',
    contractOf: 'base',
    isTrading: true,
    listedAt,
    expiresAt: null,
    strike: null,
    option: null,
    fundingIntervalMs: 8 * HOUR_MS,
  }
}

/** Price at an instant: any number that only depends on it. */
const priceAt = (ts: EpochMs): number => 100 + ((ts / HOUR_MS) % 97) / 7

export function barAt(instrument: string, interval: Interval, openTime: EpochMs, now: EpochMs): BarRecord {
  const open = priceAt(openTime)
  const isClosed = openTime + intervalMs(interval) <= now
  const prices = { open, high: open + 2, low: open - 2, close: open + 1, volume: 10.5, quoteVolume: 1050.25 }
  return { kind: 'bar', instrument, interval, openTime, ...prices, isClosed }
}

export interface HistoryVenue {
  readonly adapter: HistoryAdapter
  readonly ask: <T>(call: Call<T>) => Promise<T>
  /** Paths asked so far. */
  readonly asked: string[]
  /** Called before each answer. */
  before: (path: string, count: number) => void | Promise<void>
  now: EpochMs
  /** Bars and open interest that the venue does not have. */
  lacks: (ts: EpochMs) => boolean
  /** The last price of bars is another one than before. */
  isRevised: boolean
}

/** Bars, 8-hourly settlements and open interest from DAY0 on, 100 a page. */
export function historyVenue(now: EpochMs, symbols: readonly string[] = ['BTCUSDT', 'ETHUSDT']): HistoryVenue {
  const asked: string[] = []
  const page = <T>(path: string, at: (ts: EpochMs) => T, step: number, from: EpochMs, to: EpochMs): Call<Page<T>> => ({
    endpoint: 'rest',
    method: 'GET',
    path: `${path}?from=${from}&to=${to}`,
    costs: [],
    read: () => {
      const stamps: EpochMs[] = []
      let ts = Math.max(Math.ceil(from / step) * step, DAY0)
      for (; ts < to && ts <= venue.now && stamps.length < PAGE; ts += step) if (!venue.lacks(ts)) stamps.push(ts)
      const isEnd = ts >= to || ts > venue.now
      return { rows: stamps.map(at), next: isEnd ? undefined : page(path, at, step, ts, to) }
    },
  })
  const venue: HistoryVenue = {
    asked,
    now,
    before: () => undefined,
    lacks: () => false,
    isRevised: false,
    ask: async (call) => {
      asked.push(call.path)
      await venue.before(call.path, asked.length)
      return call.read(undefined, venue.now)
    },
    adapter: {
      venue: 'binance',
      instruments: (market) => ({
        endpoint: 'rest',
        method: 'GET',
        path: '/instruments',
        costs: [],
        read: () => ({ rows: symbols.map((symbol) => factsOf(symbol, market)), next: undefined }),
      }),
      bars: ({ instrument }, interval, from, to) =>
        page(
          `/bars/${instrument}`,
          (ts) => {
            const bar = barAt(instrument, interval, ts, venue.now)
            return venue.isRevised ? { ...bar, close: bar.close + 0.5 } : bar
          },
          intervalMs(interval),
          from,
          to,
        ),
      settlements: ({ instrument }, from, to) =>
        page(
          `/funding/${instrument}`,
          (ts): SettlementRecord => ({
            kind: 'settlement',
            instrument,
            settledAt: ts,
            rate: ((ts / HOUR_MS) % 11) / 1e5,
            intervalMs: null,
          }),
          8 * HOUR_MS,
          from + 1,
          to + 1,
        ),
      openInterestHistory: ({ instrument }, interval, from, to) =>
        page(
          `/oi/${instrument}`,
          (ts): OpenInterestRecord => ({
            kind: 'openInterest',
            instrument,
            ts,
            openInterest: priceAt(ts) * 10,
            value: null,
          }),
          intervalMs(interval),
          from,
          to,
        ),
      volatilityHistory: () => undefined,
    },
  }
  return venue
}
