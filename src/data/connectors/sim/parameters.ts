/** Owns the numbers behind the built-in market: regimes, volatility, jumps, pulls, premium. Chosen here; fitted to nothing. */

export type Regime = 'up' | 'down' | 'range' | 'crash'
export interface RegimeRow {
  readonly days: number
  /** Annual log drift of the leading symbol, and factor on all volatilities. */
  readonly drift: number
  readonly vol: number
  readonly next: readonly (readonly [Regime, number])[]
}

/** A Markov chain in continuous time; mean stays, drifts and jumps were chosen here. */
export const REGIMES: Readonly<Record<Regime, RegimeRow>> = {
  up: {
    days: 45,
    drift: 1.3,
    vol: 0.9,
    next: [
      ['range', 0.55],
      ['down', 0.25],
      ['crash', 0.2],
    ],
  },
  down: {
    days: 35,
    drift: -1.1,
    vol: 1,
    next: [
      ['range', 0.6],
      ['up', 0.3],
      ['crash', 0.1],
    ],
  },
  range: {
    days: 25,
    drift: 0,
    vol: 0.75,
    next: [
      ['up', 0.52],
      ['down', 0.38],
      ['crash', 0.1],
    ],
  },
  crash: {
    days: 4,
    drift: -6,
    vol: 2.2,
    next: [
      ['range', 0.5],
      ['up', 0.3],
      ['down', 0.2],
    ],
  },
}

/** Log-volatility: Ornstein-Uhlenbeck, a slow and a fast part shared by all and a part of each symbol: half-life in days, sd. */
export const SLOW = { halfLife: 12, sd: 0.42 }
export const FAST = { halfLife: 0.4, sd: 0.32 }
export const OWN = { halfLife: 20, sd: 0.22 }
/** Own annual drift of a symbol, and its noise of volume. */
export const ALPHA = { halfLife: 30, sd: 0.7 }
export const VOLUME_NOISE = { halfLife: 0.6, sd: 0.35 }
/** Jumps (Merton 1976): a year, mean and sd of the log size. */
export const SHARED_JUMPS = { perYear: 24, mean: -0.008, sd: 0.028 }
export const OWN_JUMPS = { perYear: 14, mean: 0, sd: 0.035 }
/** Pull towards the first price, a year, so that no price ever leaves for zero or infinity. */
export const PULL = 0.3
/** Pull towards the 20-day mean in a range, a year. */
export const RANGE_PULL = 30
/** Premium of the perpetual: share of the decayed 3-day return. */
export const PREMIUM = 0.015
export const PREMIUM_DAYS = 3
