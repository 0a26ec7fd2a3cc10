/** Owns what the specs of the blender share: a small universe, the words of signals, packages, regimes and the market. */
import { configSchema, type UniverseEntry } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import type { PackageLeg } from '#events/package.events'
import type { PortfolioBlended, PortfolioWeighted } from '#events/portfolio.events'
import { createBlender } from '#portfolio/blender.decider'
import { event } from '../given.js'

const entry = (instrument: string, base: string, role?: 'leg'): UniverseEntry => ({
  instrument,
  base,
  quote: 'USDT',
  tick: '0.01',
  lot: '0.001',
  minNotional: '5',
  ...(role === undefined ? {} : { role }),
})
export const BTC = 'test.perp.BTC'
export const ETH = 'test.perp.ETH'
export const BTC_SPOT = 'test.spot.BTC'
export const ETH_SPOT = 'test.spot.ETH'
export const UNIVERSE = [
  entry(BTC, 'BTC'),
  entry(ETH, 'ETH'),
  entry(BTC_SPOT, 'BTC', 'leg'),
  entry(ETH_SPOT, 'ETH', 'leg'),
]

const OFF = { tsmom: { enabled: false }, donchian: { enabled: false }, meanReversion: { enabled: false } }
export const ON = { enabled: true }

/** Only the signals that are named take part. */
export function blenderOf(signals: object, blender: object = {}) {
  const config = configSchema.parse({ blender, signals: { ...OFF, ...signals } })
  return createBlender({ blender: config.blender, signals: config.signals }, UNIVERSE)
}

let seq = 0
const at = (ts: number) => ({ seq: ++seq, ts })

export function says(signal: string, instrument: string, targetWeight: number, confidence = 1, reason = 'momentum') {
  const side = targetWeight > 0 ? 'long' : targetWeight < 0 ? 'short' : 'flat'
  const word = { signal, instrument, side, reason, strength: 0, confidence, targetWeight } as const
  return event('SignalChanged', { ...word, asOf: 0, validUntil: 0, price: 1, terms: [], inputs: [] }, at(0))
}

export function leg(role: PackageLeg['role'], instrument: string, ratio: number, terms: object = {}): PackageLeg {
  const base = instrument.includes('ETH') ? 'ETH' : 'BTC'
  const kind = role === 'spot' ? 'spot' : 'linearPerpetual'
  const usual = { kind, base, quote: 'USDT', settle: 'USDT', tick: '0.01', lot: '0.001' } as const
  return { role, instrument, ratio, delta: 1, terms: { ...usual, ...terms } }
}

/** Long spot against a short perpetual. */
export const CARRY_BTC = [leg('perpetual', BTC, -1), leg('spot', BTC_SPOT, 1)]
export const CARRY_ETH = [leg('perpetual', ETH, -1), leg('spot', ETH_SPOT, 1)]

export function packs(
  id: string,
  targetWeight: number,
  { legs = CARRY_BTC, confidence = 1, reason = 'carry', price = 100 } = {} as {
    legs?: readonly PackageLeg[]
    confidence?: number
    reason?: string
    price?: number
  },
) {
  const word = { signal: id.slice(0, id.indexOf('/')), package: id, kind: 'carry', reason, strength: 0 } as const
  const rest = { asOf: 0, validUntil: 0, price, legs, terms: [], inputs: [] }
  return event('PackageChanged', { ...word, confidence, targetWeight, ...rest }, at(0))
}

export function regime(signal: string, effect: object, validUntil = Number.MAX_SAFE_INTEGER) {
  const neutral = { longFactor: 1, shortFactor: 1, blocksNewLongs: false, blocksShorts: false }
  const word = { signal, regime: 'test', ...neutral, ...effect, asOf: 0, validUntil, terms: [], inputs: [] }
  return event('RegimeChanged', word, at(0))
}

export const instant = (ts: number) => event('InstantClosed', { instant: ts, intervals: ['1d'], missing: [] }, at(ts))

export function bar(instrument: string, day: number, close: number) {
  const prices = { open: close, high: close, low: close, close, volume: 1 }
  return event('BarClosed', { instrument, interval: '1d', openTime: day * DAY_MS, ...prices }, at((day + 1) * DAY_MS))
}

export const funding = (instrument: string, rate: number, settledAt: number, proxy = false) =>
  event('FundingSettled', { instrument, settledAt, rate, intervalHours: 8, proxy }, at(settledAt))

export const mark = (instrument: string, price: number, index: number | null, ts: number) =>
  event('MarkChanged', { instrument, mark: price, index, at: ts }, at(ts))

type Drafts = readonly { readonly type: string; readonly data: unknown }[]
/** What was blended; undefined when nothing was said. */
export function blended(drafts: Drafts): PortfolioBlended['data'] | undefined {
  return drafts.find(({ type }) => type === 'PortfolioBlended')?.data as PortfolioBlended['data'] | undefined // by its type
}
export function weighted(drafts: Drafts): PortfolioWeighted['data'] {
  return drafts.find(({ type }) => type === 'PortfolioWeighted')!.data as PortfolioWeighted['data'] // by its type
}
export const packageWeights = (drafts: Drafts): Record<string, number> =>
  Object.fromEntries((blended(drafts)?.packages ?? []).map((row) => [row.package, row.weight]))
export const weights = (drafts: Drafts): Record<string, number> =>
  Object.fromEntries((blended(drafts)?.rows ?? []).map((row) => [row.instrument, row.weight]))
