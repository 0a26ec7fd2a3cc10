/** Owns by how much instruments on one coin differ in price, and what follows: premium, funding, volatility, interest. */
import { hashText } from '#core/random'
import { DAY_MS, type DurationMs, type EpochMs, floorTo, HOUR_MS, MINUTE_MS } from '#core/time'
import type { WorldInstrument } from '../world.port.js'
import { noise, unit } from './hash-noise.js'

const YEAR_MS = 365 * DAY_MS
/** Interest part of funding in 8 hours, and how far it may pull: Binance, "Introduction to Funding Rates" (2026). */
const INTEREST = 0.0001
const INTEREST_BAND = 0.0005
const FUNDING_CAP = 0.0075

const clamp = (value: number, bound: number): number => Math.min(bound, Math.max(-bound, value))
export const seedOf = (seed: number, text: string): number => (seed ^ hashText(text)) >>> 0

/** Part of the price by which a perpetual stands above its index: some basis points, over days and hours. */
function premium(seed: number, { base, kind }: WorldInstrument, at: EpochMs): number {
  const own = seedOf(seed, `premium ${base} ${kind}`)
  return (
    0.0003 * noise(own, at / (3 * DAY_MS)) +
    0.0002 * noise(own + 1, at / (8 * HOUR_MS)) +
    0.00008 * noise(own + 2, at / HOUR_MS)
  )
}

/** Annual rate at which futures stand above the index; positive most of the time. */
const carry = (seed: number, base: string, at: EpochMs): number =>
  0.06 + 0.05 * noise(seedOf(seed, `carry ${base}`), at / (20 * DAY_MS))

/** Forward over index for what expires at `expiresAt`; one at expiry. */
export function forwardFactor(seed: number, base: string, expiresAt: EpochMs, at: EpochMs): number {
  return Math.exp(carry(seed, base, at) * Math.max(0, (expiresAt - at) / YEAR_MS))
}

/** Price of an instrument over the coin's index, without the venue's own deviation. */
export function basisFactor(seed: number, instrument: WorldInstrument, at: EpochMs): number {
  const { kind, base, expiresAt } = instrument
  if (kind === 'linearPerpetual' || kind === 'inversePerpetual') return 1 + premium(seed, instrument, at)
  return expiresAt === null ? 1 : forwardFactor(seed, base, expiresAt, at)
}

/** What makes prices of one coin differ between venues: a few basis points that come and go. */
export function venueFactor(seed: number, venue: string, base: string, at: EpochMs): number {
  const own = seedOf(seed, `venue ${venue} ${base}`)
  return 1 + 0.0002 * noise(own, at / (5 * DAY_MS)) + 0.0001 * noise(own + 1, at / (9 * HOUR_MS))
}

/** 8 hours for the large ones; some of the others have 4 or 1, as on venues. */
export function ownFundingInterval({ base, kind }: WorldInstrument): DurationMs {
  if (kind !== 'linearPerpetual' || base === 'BTC' || base === 'ETH') return 8 * HOUR_MS
  const draw = unit(hashText(`interval ${base}`), 0)
  return draw < 0.15 ? HOUR_MS : draw < 0.4 ? 4 * HOUR_MS : 8 * HOUR_MS
}

/** premium + clamp(interest − premium), capped, of one interval; changes with every minute. 8 decimals. */
export function fundingOf(seed: number, instrument: WorldInstrument, at: EpochMs, intervalMs: DurationMs): number {
  const p = premium(seed, instrument, floorTo(at, MINUTE_MS))
  const of8h = clamp(p + clamp(INTEREST - p, INTEREST_BAND), FUNDING_CAP) + 0.4 * p
  return Math.round(of8h * (intervalMs / (8 * HOUR_MS)) * 1e8) / 1e8
}

/** A part of the usual day's volume, that grows and shrinks over days and minutes; in coins. */
export function interestOf(seed: number, { id, base }: WorldInstrument, dailyVolume: number, at: EpochMs): number {
  const own = seedOf(seed, `interest ${base} ${id}`)
  const factor = 0.4 * (1 + 0.3 * noise(own, at / (4 * DAY_MS)) + 0.02 * noise(own + 1, at / (5 * MINUTE_MS)))
  return dailyVolume * factor
}

/** Implied volatility at the money over 30 days, decimal a year. */
export function volatilityOf(seed: number, base: string, at: EpochMs): number {
  const own = seedOf(seed, `volatility ${base}`)
  const level = base === 'BTC' ? 0.52 : 0.66
  return level * (1 + 0.25 * noise(own, at / (30 * DAY_MS)) + 0.06 * noise(own + 1, at / (6 * HOUR_MS)))
}
