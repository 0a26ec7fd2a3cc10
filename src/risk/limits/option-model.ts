/**
 * Owns what an option is worth at another forward and another volatility: Black (1976) at the volatility that its mark implies, in
 * coin for inverse options (methods, section 9). Must never answer null: where a mark implies none, ASSUMED_VOL stands in.
 */
import type { EpochMs } from '#core/time'
import type { LegTerms } from '#events/package.events'
import { black76, black76Price, type OptionSide, yearsTo } from '#quant/black76'
import { impliedVol } from '#quant/implied-vol'
import { ASSUMED_VOL } from '../virtual-book.js'

/** Least volatility after a shock [D]. */
const LEAST_VOL = 0.01

export interface OptionTerms {
  readonly side: OptionSide
  readonly strike: number
  readonly expiresAt: EpochMs
  /** Priced and paid in the coin. */
  readonly isInverse: boolean
}

/** Null for what is no option. */
export function optionTerms({ kind, option, strike, expiresAt }: LegTerms): OptionTerms | null {
  if (option === undefined || strike === undefined || expiresAt === undefined) return null
  return { side: option, strike, expiresAt, isInverse: kind === 'inverseOption' }
}

/** Volatility that a mark in the unit of the venue implies at a forward. O(iterations). */
export function volOf(terms: OptionTerms, mark: number, forward: number, now: EpochMs): number {
  const price = terms.isInverse ? mark * forward : mark
  return impliedVol(terms.side, price, forward, terms.strike, yearsTo(terms.expiresAt, now)) ?? ASSUMED_VOL
}

/** Worth of one coin of it in the unit of the venue; at its end the payoff. */
export function worthAt(terms: OptionTerms, forward: number, vol: number, now: EpochMs): number {
  const { side, strike, expiresAt, isInverse } = terms
  const payoff = Math.max(0, side === 'call' ? forward - strike : strike - forward)
  const price = black76Price(side, forward, strike, yearsTo(expiresAt, now), Math.max(LEAST_VOL, vol)) ?? payoff
  return isInverse && forward > 0 ? price / forward : price
}

/** Change of the worth of one coin by one volatility point, quote; 0 at its end. */
export function vegaOf({ side, strike, expiresAt }: OptionTerms, forward: number, vol: number, now: EpochMs): number {
  return black76(side, forward, strike, yearsTo(expiresAt, now), vol)?.vegaPerPoint ?? 0
}
