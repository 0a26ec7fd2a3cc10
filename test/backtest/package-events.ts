/** Owns events about packages for tests: what a signal names, what its legs do. */
import type { LegTerms, PackageLeg } from '#events/package.events'
import { event } from '../given.js'

export const LINEAR: LegTerms = {
  kind: 'linearPerpetual',
  base: 'BTC',
  quote: 'USDT',
  settle: 'USDT',
  tick: '0.1',
  lot: '0.001',
}
export const SPOT: LegTerms = { ...LINEAR, kind: 'spot' }
export const INVERSE: LegTerms = {
  kind: 'inverseFuture',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  tick: '0.5',
  lot: '10',
  expiresAt: 2e12,
}
export const OPTION: LegTerms = {
  kind: 'inverseOption',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  tick: '0.0005',
  lot: '0.1',
  expiresAt: 2e12,
  strike: 60_000,
  option: 'call',
}

export const leg = (instrument: string, terms: LegTerms, delta = 1): PackageLeg => ({
  role: terms.option ?? 'perpetual',
  instrument,
  ratio: 1,
  delta,
  terms,
})

export function named(id: string, legs: readonly PackageLeg[], targetWeight = 0.1, reason = 'carry') {
  return event('PackageChanged', {
    signal: id.slice(0, id.indexOf('/')),
    package: id,
    kind: 'carry',
    reason,
    strength: 1,
    confidence: 1,
    targetWeight,
    asOf: 1,
    validUntil: 2,
    price: 100,
    legs,
    terms: [],
    inputs: [],
  })
}

let orders = 0

/** The two events of a fill of a leg. */
export function filled(
  id: string | undefined,
  instrument: string,
  side: 'buy' | 'sell',
  quantity: string,
  price: string,
  fee = '0',
  feeCurrency = 'USDT',
  referencePrice = price,
) {
  const order = `o-${++orders}`
  const common = { order, instrument, side, quantity, referencePrice }
  return [
    event('OrderSubmitted', {
      ...common,
      type: 'market',
      timeInForce: 'ioc',
      reduceOnly: false,
      purpose: 'package',
      ...(id === undefined ? {} : { package: id }),
      expectedSpreadBps: 0,
      expectedImpactBps: 0,
    }),
    event('OrderFilled', {
      ...common,
      trade: `t-${order}`,
      price,
      remaining: '0',
      fee,
      feeCurrency,
      liquidity: 'taker',
      slippageBps: 0,
    }),
  ]
}

export function chain(marks: Readonly<Record<string, number>>, expiresAt = 2e12) {
  const quote = { strike: 60_000, option: 'call', bid: null, ask: null, markIv: null, delta: null, vega: null } as const
  return event('OptionChainObserved', {
    venue: 'deribit',
    currency: 'BTC',
    expiresAt,
    at: 1,
    underlyingPrice: 60_000,
    indexPrice: 60_000,
    options: Object.entries(marks).map(([instrument, mark]) => ({ instrument, ...quote, mark, openInterest: null })),
  })
}
