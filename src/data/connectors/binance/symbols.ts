/** Owns names at Binance: markets, instrument ids, which market a symbol is of, contracts as coins. Never reads payloads. */
import type { InstrumentId } from '#core/ids'
import { type InstrumentFacts, type ParseContext, PayloadRefused } from '../normal.js'

export type BinanceMarket = 'spot' | 'usdm' | 'coinm'

export function binanceId(market: string, symbol: string): InstrumentId {
  return `binance.${market}.${symbol}`
}

/** Symbol of an instrument of ours. */
export const symbolIn = (facts: InstrumentFacts): string =>
  facts.instrument.slice(facts.instrument.lastIndexOf('.') + 1)

/** Market of an instrument of ours. */
export function marketIn(facts: InstrumentFacts): BinanceMarket {
  const market = facts.instrument.split('.')[1]
  if (market === 'spot' || market === 'usdm' || market === 'coinm') return market
  throw new Error(`${facts.instrument} is no instrument of Binance`)
}

/** COIN-M symbols alone have `USD_`: BTCUSD_PERP, BTCUSD_260925 against BTCUSDT_260925. */
export const isCoinMargined = (symbol: string): boolean => symbol.includes('USD_')

/**
 * USD that one unit of size stands for, 0 where sizes are coins already. COIN-M counts contracts of 100 USD (BTC) or 10 USD;
 * without facts a size cannot be told in coins and is refused.
 */
export function contractUsd(instrument: InstrumentId, context: ParseContext, path: string): number {
  if (context.market !== 'coinm') return 0
  const facts = context.facts(instrument)
  if (facts === undefined)
    throw new PayloadRefused(path, `contract size of ${instrument} is not known, so contracts are no coins`)
  return Number(facts.contractSize)
}
