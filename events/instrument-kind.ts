/**
 * Owns which kind an instrument is by its id alone, and what a kind means for size and money. Must never know an instrument's
 * terms: those are listed, configured or carried by the order.
 */
import { type InstrumentId, parseInstrument } from '#core/ids'
import type { InstrumentKind } from './market.events.js'

/** `BTCUSD_260327`, `BTC-USD-260327`, `BTC-27MAR26`, and Bybit's inverse `BTCUSDH26`. */
const DATED = /[_-]\d{6}$|-\d{1,2}[A-Z]{3}\d{2}$|USD[FGHJKMNQUVXZ]\d{2}$/
/** Margin in dollar coins: `BTC_USDC-PERPETUAL`, `BTC-USDT-SWAP`. */
const DOLLAR_COIN = /[_-]USD[CT](?:[_-]|$)/

/**
 * Kind by venue and symbol, as the venues name them (venues' documents, 2026): the market tells where it holds one kind, else
 * the symbol. A market that is neither spot, coin-margined, dated nor of options holds linear perpetuals.
 */
export function kindOfId(instrument: InstrumentId): InstrumentKind {
  const { venue = '', market = '', symbol = '' } = parseInstrument(instrument) ?? {}
  if (market === 'spot') return 'spot'
  const mixed = (venue === 'okx' || venue === 'deribit') && !DOLLAR_COIN.test(symbol)
  const inverse = market === 'coinm' || market === 'inverse' || mixed
  if (market === 'option' || market === 'options') return inverse ? 'inverseOption' : 'linearOption'
  const isDated = market === 'future' || market === 'futures' || DATED.test(symbol)
  if (isDated) return inverse ? 'inverseFuture' : 'linearFuture'
  return inverse ? 'inversePerpetual' : 'linearPerpetual'
}

/** Settled in the coin. */
export const isInverse = (kind: InstrumentKind): boolean => kind.startsWith('inverse')
export const isPerpetual = (kind: InstrumentKind): boolean => kind.endsWith('Perpetual')
export const isOption = (kind: InstrumentKind): boolean => kind.endsWith('Option')
/** Contracts of US dollars, settled in the coin: their size is dollars, not coins. */
export const isInDollars = (kind: InstrumentKind): boolean => kind === 'inversePerpetual' || kind === 'inverseFuture'
