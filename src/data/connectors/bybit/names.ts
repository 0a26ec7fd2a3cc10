/** Owns Bybit's names of markets, intervals and symbols. Units: a size is coins, on inverse markets USD. */
import { type InstrumentId, parseInstrument } from '#core/ids'
import type { Interval } from '#core/time'
import { PayloadRefused } from '../normal.js'

export const BYBIT_MARKETS = ['spot', 'linear', 'inverse', 'option'] as const
/** What Bybit calls `category`. */
export type BybitMarket = (typeof BYBIT_MARKETS)[number]

export function isBybitMarket(text: string): text is BybitMarket {
  return (BYBIT_MARKETS as readonly string[]).includes(text)
}

export function marketOf(category: unknown, path: string): BybitMarket {
  if (typeof category === 'string' && isBybitMarket(category)) return category
  throw new PayloadRefused(path, `${JSON.stringify(category) ?? 'absent'} is no category of Bybit`)
}

/** Intervals of klines; 8h does not exist there. */
const KLINE: ReadonlyMap<Interval, string> = new Map<Interval, string>([
  ['1m', '1'],
  ['5m', '5'],
  ['15m', '15'],
  ['30m', '30'],
  ['1h', '60'],
  ['2h', '120'],
  ['4h', '240'],
  ['12h', '720'],
  ['1d', 'D'],
])
const BY_KLINE = new Map([...KLINE].map(([interval, name]) => [name, interval]))

/** `15m` → `15`; undefined for what Bybit does not have. */
export const klineName = (interval: Interval): string | undefined => KLINE.get(interval)
export const intervalOfKline = (name: string): Interval | undefined => BY_KLINE.get(name)

/** Steps of the history of open interest. */
const OPEN_INTEREST: ReadonlyMap<Interval, string> = new Map<Interval, string>([
  ['5m', '5min'],
  ['15m', '15min'],
  ['30m', '30min'],
  ['1h', '1h'],
  ['4h', '4h'],
  ['1d', '1d'],
])
export const openInterestName = (interval: Interval): string | undefined => OPEN_INTEREST.get(interval)

/** The same text is a spot and a linear symbol: the market is always in the id. */
export function instrumentOf(market: BybitMarket, symbol: unknown, path: string): InstrumentId {
  const id = `bybit.${market}.${String(symbol)}`
  if (typeof symbol === 'string' && parseInstrument(id) !== undefined) return id
  throw new PayloadRefused(path, `${JSON.stringify(symbol) ?? 'absent'} is no symbol`)
}

export function partsOf(instrument: InstrumentId): { readonly market: BybitMarket; readonly symbol: string } {
  const parts = parseInstrument(instrument)
  return { market: marketOf(parts?.market, 'instrument'), symbol: parts?.symbol ?? '' }
}

/** Whether sizes of this market are USD. */
export const isInUsd = (market: BybitMarket): boolean => market === 'inverse'
