/** Owns Binance's names and units of the played instruments: symbols, steps, contracts of 100 or 10 USD. */
import { civilDate, type EpochMs, SECOND_MS } from '#core/time'
import type { World, WorldInstrument } from '../world.port.js'
import type { Market } from './limits.js'

export interface Listed {
  readonly instrument: WorldInstrument
  readonly market: Market
  readonly symbol: string
  /** BTCUSD of BTCUSD_PERP; the symbol itself elsewhere. */
  readonly pair: string
  readonly contractType: 'PERPETUAL' | 'CURRENT_QUARTER' | 'NEXT_QUARTER' | null
  /** USD of a contract; 0: sizes are coins. */
  readonly contractUsd: number
  readonly lot: string
  readonly priceDigits: number
  readonly sizeDigits: number
}

const MARKET_OF: Readonly<Record<WorldInstrument['kind'], Market | undefined>> = {
  spot: 'spot',
  linearPerpetual: 'usdm',
  linearFuture: 'usdm',
  inversePerpetual: 'coinm',
  inverseFuture: 'coinm',
  inverseOption: undefined,
}

/** `_260925` of the delivery day. */
function dated(expiresAt: EpochMs | null): string {
  const { year, month, day } = civilDate(expiresAt ?? 0)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `_${two(year % 100)}${two(month)}${two(day)}`
}

const digitsOf = (step: string): number => (step.includes('.') ? step.length - step.indexOf('.') - 1 : 0)

function listedOf(instrument: WorldInstrument, market: Market, isFirstDelivery: boolean): Listed {
  const pair = instrument.base + instrument.quote
  const isDated = instrument.expiresAt !== null
  const isCoin = market === 'coinm'
  const contractUsd = isCoin ? (instrument.base === 'BTC' ? 100 : 10) : 0
  return {
    instrument,
    market,
    symbol: isDated ? pair + dated(instrument.expiresAt) : isCoin ? `${pair}_PERP` : pair,
    pair,
    contractType:
      market === 'spot' ? null : !isDated ? 'PERPETUAL' : isFirstDelivery ? 'CURRENT_QUARTER' : 'NEXT_QUARTER',
    contractUsd,
    lot: isCoin ? '1' : instrument.lot,
    // Spot pads to 8 decimals, futures write the step's.
    priceDigits: market === 'spot' ? 8 : digitsOf(instrument.tick),
    sizeDigits: market === 'spot' ? 8 : isCoin ? 0 : digitsOf(instrument.lot),
  }
}

export interface SymbolTable {
  all(market: Market, at: EpochMs): readonly Listed[]
  find(market: Market, symbol: string, at: EpochMs): Listed | undefined
}

/** Looked at once a second of venue time: listings are seen that late. */
export function symbolTable(world: World): SymbolTable {
  let builtAt = Number.NEGATIVE_INFINITY
  let lists: Record<Market, Listed[]> = { spot: [], usdm: [], coinm: [] }
  let index = new Map<string, Listed>()
  const build = (at: EpochMs): void => {
    if (Math.abs(at - builtAt) < SECOND_MS) return
    builtAt = at
    lists = { spot: [], usdm: [], coinm: [] }
    index = new Map()
    const instruments = world.instruments(at)
    const first = new Map<string, EpochMs>()
    for (const { kind, base, quote, expiresAt } of instruments) {
      const key = `${kind} ${base}${quote}`
      if (expiresAt !== null && expiresAt < (first.get(key) ?? Number.POSITIVE_INFINITY)) first.set(key, expiresAt)
    }
    for (const instrument of instruments) {
      const market = MARKET_OF[instrument.kind]
      if (market === undefined) continue
      const { kind, base, quote, expiresAt } = instrument
      const listed = listedOf(instrument, market, first.get(`${kind} ${base}${quote}`) === expiresAt)
      lists[market].push(listed)
      index.set(`${market} ${listed.symbol}`, listed)
    }
  }
  return {
    all(market, at) {
      build(at)
      return lists[market]
    },
    find(market, symbol, at) {
      build(at)
      return index.get(`${market} ${symbol}`)
    },
  }
}

export const priceText = (of: Listed, price: number): string => price.toFixed(of.priceDigits)
/** Marks and indices have 8 decimals, whatever the step. */
export const markText = (price: number): string => price.toFixed(8)

/** Coins, or contracts at a price; what exists at all is one contract at least. */
export function sizeText(of: Listed, coins: number, price: number): string {
  if (of.contractUsd === 0) return coins.toFixed(of.sizeDigits)
  return coins > 0 ? String(Math.max(1, Math.round((coins * price) / of.contractUsd))) : '0'
}

/** Volumes of a bar: contracts and coins on COIN-M, coins and quote elsewhere. */
export function volumeTexts(of: Listed, coins: number, quote: number): readonly [string, string] {
  if (of.contractUsd === 0) return [coins.toFixed(Math.max(of.sizeDigits, 3)), quote.toFixed(8)]
  return [String(Math.round(quote / of.contractUsd)), coins.toFixed(8)]
}

export const isPerpetual = (of: Listed): boolean => of.contractType === 'PERPETUAL'

/** Keys that the merge of June 2026 brought: which futures, and the pair. */
export const futureKeys = (of: Listed): object =>
  of.market === 'spot' ? {} : { st: of.market === 'usdm' ? 1 : 2, ps: of.pair }
