/** Owns how Deribit names things: instruments, resolutions, volatilities. Never reads a payload's other fields. */
import type { InstrumentId } from '#core/ids'
import { INTERVALS, type Interval, intervalMs } from '#core/time'
import { PayloadRefused } from '../normal.js'

export interface DeribitName {
  readonly id: InstrumentId
  readonly market: 'spot' | 'perpetual' | 'future' | 'option'
  /** `BTC` of BTC-PERPETUAL and BTC_USDC-PERPETUAL. */
  readonly base: string
  /** Futures and perpetuals settled in coins: their amounts are USD, all other amounts are coins. */
  readonly isUsdSized: boolean
}

const KNOWN_MAX = 50_000
const known = new Map<string, DeribitName | undefined>()

const PAIR = '([A-Z0-9]+)(_[A-Z0-9]+)?'
const DATE = '\\d{1,2}[A-Z]{3}\\d{2}'
const PERPETUAL = new RegExp(`^${PAIR}-PERPETUAL$`)
const FUTURE = new RegExp(`^${PAIR}-${DATE}$`)
const OPTION = new RegExp(`^${PAIR}-${DATE}-\\d+(?:d\\d+)?-[CP]$`)
const SPOT = /^([A-Z0-9]+)(_[A-Z0-9]+)$/

/** Undefined for combos and whatever is no single instrument. Linear ones carry their quote in the name: BTC_USDC-… */
export function nameOf(name: string): DeribitName | undefined {
  if (known.has(name)) return known.get(name)
  if (known.size >= KNOWN_MAX) known.clear()
  const read = readName(name)
  known.set(name, read)
  return read
}

function readName(name: string): DeribitName | undefined {
  const shapes = [
    ['perpetual', PERPETUAL],
    ['future', FUTURE],
    ['option', OPTION],
    ['spot', SPOT],
  ] as const
  for (const [market, shape] of shapes) {
    const match = shape.exec(name)
    if (!match) continue
    const isUsdSized = match[2] === undefined && (market === 'perpetual' || market === 'future')
    return { id: `deribit.${market}.${name}`, market, base: match[1]!, isUsdSized }
  }
  return undefined
}

/** Strike as an option's name says it: `XRP_USDC-30JUN23-0d625-C` → 0.625. */
export function strikeOf(name: string): number | undefined {
  const match = /-(\d+(?:d\d+)?)-[CP]$/.exec(name)
  return match ? Number(match[1]!.replace('d', '.')) : undefined
}

/** Coins of an amount in the venue's unit. */
export function coinsOf(amount: number, price: number, isUsdSized: boolean): number {
  return isUsdSized ? amount / price : amount
}

/** Percent points, as the venue says volatilities. */
export const decimalOf = (percent: number): number => percent / 100

/** DVOL: documents show both scales; an index below 3 % has never been, one of 300 % neither. */
export const indexDecimalOf = (value: number): number => (value < 3 ? value : value / 100)

/** Chart resolutions, minutes or `1D`; 4h and 8h are put together of 2h. */
const RESOLUTIONS: Readonly<Record<Interval, { readonly code: string; readonly of: Interval }>> = {
  '1m': { code: '1', of: '1m' },
  '5m': { code: '5', of: '5m' },
  '15m': { code: '15', of: '15m' },
  '30m': { code: '30', of: '30m' },
  '1h': { code: '60', of: '1h' },
  '2h': { code: '120', of: '2h' },
  '4h': { code: '120', of: '2h' },
  '8h': { code: '120', of: '2h' },
  '12h': { code: '720', of: '12h' },
  '1d': { code: '1D', of: '1d' },
}

/** What to ask for to get bars of `interval`: the venue's resolution, its length and how many of them make one. */
export function resolutionOf(interval: Interval): {
  readonly code: string
  readonly of: Interval
  readonly parts: number
} {
  const { code, of } = RESOLUTIONS[interval]
  return { code, of, parts: intervalMs(interval) / intervalMs(of) }
}

/** Interval of a resolution; throws PayloadRefused for those that quantbot has no name for (3, 10, 180, 360). */
export function intervalOf(code: string, path: string): Interval {
  const found = INTERVALS.find(
    (interval) => RESOLUTIONS[interval].code === code && RESOLUTIONS[interval].of === interval,
  )
  if (!found) throw new PayloadRefused(path, `resolution ${JSON.stringify(code)} is no interval of ours`)
  return found
}
