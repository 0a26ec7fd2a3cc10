/** Owns what the specs of execution share: a universe of two, default settings, short ways to write events. */
import { configSchema, type ExecutionConfig, type UniverseEntry } from '#core/config/schema'
import type { EventNamed } from '#events/catalogue'
import type { LegTerms } from '#events/package.events'
import { event } from '../given.js'

export const BTC = 'sim.perp.BTCUSDT'
export const ALT = 'sim.perp.ALTUSDT'

export const UNIVERSE: readonly UniverseEntry[] = [
  { instrument: BTC, base: 'BTC', quote: 'USDT', tick: '0.1', lot: '0.001', minNotional: '5' },
  { instrument: ALT, base: 'ALT', quote: 'USDT', tick: '0.0001', lot: '1', minNotional: '5' },
]

export function execution(changes: Partial<ExecutionConfig> = {}): ExecutionConfig {
  return { ...configSchema.parse({}).execution, ...changes }
}

type Approved = EventNamed<'OrderApproved'>['data']
type Submitted = EventNamed<'OrderSubmitted'>['data']
type At = { readonly seq?: number; readonly ts?: number; readonly by?: string }

export function approved(changes: Partial<Approved> = {}, at: At = {}) {
  const data: Approved = {
    order: 'o-1-1',
    instrument: BTC,
    side: 'buy',
    quantity: '2',
    reduceOnly: false,
    purpose: 'rebalance',
    referencePrice: '100',
    weightBefore: 0,
    weightAfter: 0.1,
    ...changes,
  }
  return event('OrderApproved', data, { by: 'risk/engine', ...at })
}

export function submitted(changes: Partial<Submitted> = {}, at: At = {}) {
  const data: Submitted = {
    order: 'o-1-1',
    instrument: BTC,
    side: 'buy',
    quantity: '2',
    type: 'market',
    timeInForce: 'ioc',
    reduceOnly: false,
    purpose: 'rebalance',
    referencePrice: '100',
    expectedSpreadBps: 2,
    expectedImpactBps: 10,
    ...changes,
  }
  return event('OrderSubmitted', data, { by: 'execution/router', ...at })
}

export function resting(side: 'buy' | 'sell', limitPrice: string, changes: Partial<Submitted> = {}) {
  return submitted({ side, type: 'limit', timeInForce: 'gtc', limitPrice, ...changes })
}

export function opened(open: number, liquidity: number, openTime = 3_600_000, instrument = BTC, seq = 50) {
  return event('BarOpened', { instrument, interval: '1h', openTime, open, liquidity }, { ts: openTime, seq })
}

export function closed(
  bar: { low: number; high: number; volume: number; openTime?: number; close?: number },
  instrument = BTC,
  interval = '1h',
) {
  const openTime = bar.openTime ?? 3_600_000
  const middle = (bar.low + bar.high) / 2
  return event(
    'BarClosed',
    {
      instrument,
      interval,
      openTime,
      open: middle,
      high: bar.high,
      low: bar.low,
      close: bar.close ?? middle,
      volume: bar.volume,
    },
    { ts: openTime + 3_600_000, seq: 60 },
  )
}

export function quoted(bid: number, ask: number, size: number, at: At = {}, instrument = BTC) {
  return event('QuoteChanged', { instrument, bid, ask, bidSize: size, askSize: size }, { seq: 70, ts: 500, ...at })
}

export function fired(agent: string, timer: string, ts = 200, seq = 30) {
  return event('TimerFired', { agent, timer, dueAt: ts }, { ts, seq })
}

export function halted() {
  return event('TradingHalted', { reason: 'drawdown', detail: 'test', value: null, limit: null })
}

export function cancelAsked(order = 'o-1-1', instrument = BTC) {
  return event('CancelRequested', { order, instrument, reason: 'outlived' })
}

export function holding(instrument: string, quantity: string) {
  return event('StateCarried', {
    parent: 'parent',
    balance: '1000',
    positions: [{ instrument, quantity, averagePrice: '100' }],
    stops: [],
    halted: false,
  })
}

export const EXPIRY = Date.UTC(2026, 0, 30, 8)
export const CALL = 'deribit.option.BTC-30JAN26-60000-C'
export const PUT = 'deribit.option.BTC-30JAN26-60000-P'
export const FUTURE = 'deribit.future.BTC-30JAN26'
export const USDM_FUTURE = 'binance.usdm.BTCUSDT_260130'

const ofCoin = { base: 'BTC', quote: 'USD', settle: 'BTC', expiresAt: EXPIRY } as const
export const CALL_TERMS: LegTerms = {
  ...ofCoin,
  kind: 'inverseOption',
  tick: '0.0001',
  lot: '0.1',
  strike: 60_000,
  option: 'call',
}
export const PUT_TERMS: LegTerms = { ...CALL_TERMS, option: 'put' }
/** Ten dollars a contract. */
export const FUTURE_TERMS: LegTerms = { ...ofCoin, kind: 'inverseFuture', tick: '2.5', lot: '10' }
export const USDM_TERMS: LegTerms = {
  kind: 'linearFuture',
  base: 'BTC',
  quote: 'USDT',
  settle: 'USDT',
  tick: '0.1',
  lot: '0.001',
  expiresAt: EXPIRY,
}

type Chain = EventNamed<'OptionChainObserved'>['data']
type Touch = readonly [bid: number | null, ask: number | null]

/** The quotes of an expiry; `at` is when the venue showed them. */
export function chain(quotes: Readonly<Record<string, Touch>>, at: number, seq = 50, changes: Partial<Chain> = {}) {
  const options = Object.entries(quotes).map(([instrument, [bid, ask]]) => ({
    instrument,
    strike: 60_000,
    option: instrument.endsWith('C') ? ('call' as const) : ('put' as const),
    bid,
    ask,
    mark: null,
    markIv: null,
    delta: null,
    vega: null,
    openInterest: null,
  }))
  const head = { venue: 'deribit', currency: 'BTC', expiresAt: EXPIRY, underlyingPrice: 60_000, indexPrice: null }
  return event('OptionChainObserved', { ...head, at, options, ...changes }, { ts: at, seq })
}

export function marked(instrument: string, mark: number, at: number, seq = 50, ts = at) {
  return event('MarkChanged', { instrument, mark, index: null, at }, { ts, seq })
}

export function instant(ts: number, seq = 40) {
  return event('InstantClosed', { instant: ts, intervals: ['1h'], missing: [] }, { ts, seq })
}
