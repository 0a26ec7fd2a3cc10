/** Owns what OKX calls things: instIds, instTypes, bars, and which market an instId is of. Never reads a payload. */
import { type InstrumentId, parseInstrument } from '#core/ids'
import type { Interval } from '#core/time'
import { PayloadRefused } from '../normal.js'

export type OkxMarket = 'spot' | 'swap' | 'futures' | 'option'

export const INST_TYPES: Readonly<Record<OkxMarket, string>> = {
  spot: 'SPOT',
  swap: 'SWAP',
  futures: 'FUTURES',
  option: 'OPTION',
}

const MARKET_OF_TYPE = new Map<unknown, OkxMarket>([
  ['SPOT', 'spot'],
  ['SWAP', 'swap'],
  ['FUTURES', 'futures'],
  ['OPTION', 'option'],
])

/** Market of an instType; undefined for what quantbot does not trade (MARGIN, EVENTS). */
export function marketOfType(instType: unknown): OkxMarket | undefined {
  return MARKET_OF_TYPE.get(instType)
}

/**
 * Bars in UTC. From 6H upward OKX's plain names open at UTC+8 (docs-v5, "Get candlesticks"), so those of a half day and a
 * day are the `utc` ones. There are no 8h bars.
 */
const BARS = new Map<Interval, string>([
  ['1m', '1m'],
  ['5m', '5m'],
  ['15m', '15m'],
  ['30m', '30m'],
  ['1h', '1H'],
  ['2h', '2H'],
  ['4h', '4H'],
  ['12h', '12Hutc'],
  ['1d', '1Dutc'],
])
const INTERVALS_OF_BARS = new Map([...BARS].map(([interval, bar]) => [bar, interval]))

/** `1d` → `1Dutc`; undefined where OKX has no such bar. */
export function barOf(interval: Interval): string | undefined {
  return BARS.get(interval)
}

/** `1Dutc` → `1d`; refuses bars that open at UTC+8 and lengths that quantbot does not know. */
export function intervalOfBar(bar: string, path: string): Interval {
  const interval = INTERVALS_OF_BARS.get(bar)
  if (interval !== undefined) return interval
  const opensElsewhere = /^(?:6H|12H|\d+[DWM])$/.test(bar)
  throw new PayloadRefused(path, opensElsewhere ? `bars of ${bar} open at UTC+8` : `bars of ${bar} are not known`)
}

/** An instId with what follows from its form alone. */
export interface InstRef {
  readonly instrument: InstrumentId
  readonly market: OkxMarket
}

/** Bounded, because names come from outside. */
const REFS_MAX = 20_000
const refs = new Map<string, InstRef>()

/** `BTC-USDT-SWAP` → okx.swap.BTC-USDT-SWAP. Throws PayloadRefused. */
export function refOf(instId: unknown, path: string): InstRef {
  const known = refs.get(instId as string) // a Map answers undefined to any other type
  if (known !== undefined) return known
  const market = typeof instId === 'string' ? marketOfForm(instId) : undefined
  const instrument = `okx.${market}.${instId}`
  if (market === undefined || parseInstrument(instrument) === undefined)
    throw new PayloadRefused(path, `${JSON.stringify(instId) ?? 'absent'} is no instId`)
  if (refs.size >= REFS_MAX) refs.clear()
  const ref: InstRef = { instrument, market }
  refs.set(instId as string, ref) // a market was found, so it is a text
  return ref
}

function marketOfForm(instId: string): OkxMarket | undefined {
  if (/^[\w.]+-[\w.]+$/.test(instId)) return 'spot'
  if (/^[\w.]+-[\w.]+-SWAP$/.test(instId)) return 'swap'
  if (/^[\w.]+-[\w.]+-\d{6}$/.test(instId)) return 'futures'
  if (/^[\w.]+-[\w.]+-\d{6}-[\d.]+-[CP]$/.test(instId)) return 'option'
  return undefined
}
