/** Owns what the specs of execution share: a universe of two, default settings, short ways to write events. */
import { configSchema, type ExecutionConfig, type UniverseEntry } from '#core/config/schema'
import type { EventNamed } from '#events/catalogue'
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
