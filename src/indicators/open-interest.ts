/**
 * Owns open interest in coins as a signal reads it (methods, section 5): quadrants against price, volume weighting, and its level on a
 * grid of time. Must never take open interest in dollars, which rises with the price alone; nor a value that was not received yet.
 */
import { invariant } from '#core/invariant'
import { createRing, pushRing, type RingState, ringAgo } from './window.js'

/** What price and open interest together tell. */
export type OiQuadrant = 'new-longs' | 'short-covering' | 'new-shorts' | 'long-unwind' | 'neutral'

/** Position of each quadrant in [−1, 1]: new positions are followed, those that are given up are faded at half. */
export const QUADRANT_STRENGTH: Readonly<Record<OiQuadrant, number>> = {
  'new-longs': 1,
  'short-covering': -0.5,
  'new-shorts': -1,
  'long-unwind': 0.5,
  neutral: 0,
}
/** Room for the rounding of a logarithm, so that a change of exactly the band is in it. */
const ROUNDING = 1e-12

/** Quadrant of two log changes; a change of exactly its band counts. */
export function oiQuadrant(dLnPrice: number, dLnOi: number, bandPrice: number, bandOi: number): OiQuadrant {
  if (Math.abs(dLnPrice) < bandPrice - ROUNDING || Math.abs(dLnOi) < bandOi - ROUNDING) return 'neutral'
  if (dLnPrice === 0 || dLnOi === 0) return 'neutral'
  if (dLnPrice > 0) return dLnOi > 0 ? 'new-longs' : 'short-covering'
  return dLnOi > 0 ? 'new-shorts' : 'long-unwind'
}

/** Open interest of several venues, coins. */
export interface OiLevel {
  readonly total: number
  /** Σ OI·V / Σ V; null without volume. */
  readonly volumeWeighted: number | null
  /** Value of the total over the volume of a day; null without price or volume. */
  readonly oiToVolume: number | null
}

/** Level over venues: coins, and the quote volume of 24 hours of each; `price` of a coin, null where it is not known. */
export function oiLevel(oiCoins: readonly number[], quoteVolumes: readonly number[], price: number | null): OiLevel {
  let [total, top, bottom] = [0, 0, 0]
  for (let i = 0; i < oiCoins.length; i++) {
    total += oiCoins[i]!
    top += oiCoins[i]! * quoteVolumes[i]!
    bottom += quoteVolumes[i]!
  }
  const isTraded = bottom > 0
  return {
    total,
    volumeWeighted: isTraded ? top / bottom : null,
    oiToVolume: isTraded && price !== null ? (total * price) / bottom : null,
  }
}

/** Σ Δln OI·V / Σ V: `volumes[i]` is of the bar in which open interest moved from `oiCoins[i]` to `oiCoins[i + 1]`. Null without volume. */
export function weightedOiChange(oiCoins: readonly number[], volumes: readonly number[]): number | null {
  invariant(volumes.length === oiCoins.length - 1, 'weightedOiChange: a volume for each change')
  let [top, bottom] = [0, 0]
  for (let i = 0; i < volumes.length; i++) {
    if (!(oiCoins[i]! > 0 && oiCoins[i + 1]! > 0)) return null
    top += Math.log(oiCoins[i + 1]! / oiCoins[i]!) * volumes[i]!
    bottom += volumes[i]!
  }
  return bottom > 0 ? top / bottom + 0 : null
}

/** Coins of a value in dollars at the close of its own period; null where either is not positive. */
export function coinsOfValue(valueQuote: number, close: number): number | null {
  return valueQuote > 0 && close > 0 ? valueQuote / close : null
}

/** Open interest of one instrument as it was known at the instants of a grid. Memory: `slots` numbers. */
export interface OiTrackState {
  stepMs: number
  maxAgeMs: number
  /** Coins known at each instant, newest last; 0: nothing fresh was known. */
  slots: RingState
  /** Instant of the newest slot; −1 before the first. */
  slotAt: number
  /** Last received; 0 before the first. */
  coins: number
  receivedAt: number
  /** Between the last two receipts, and the lesser of this and the one before, so that an outage tells nothing; 0 before. */
  lastGapMs: number
  gapMs: number
  /** Time of the venue: an older snapshot that comes late changes nothing. */
  venueAt: number
  seq: number
}

export function createOiTrack(stepMs: number, slots: number, maxAgeMs: number): OiTrackState {
  return {
    stepMs,
    maxAgeMs,
    slots: createRing(slots),
    slotAt: -1,
    coins: 0,
    receivedAt: 0,
    lastGapMs: 0,
    gapMs: 0,
    venueAt: -1,
    seq: 0,
  }
}

/** Coins known at `now`; 0 when there are none, or they are older than the largest age. Inclusive. */
export function knownCoins(state: OiTrackState, now: number): number {
  return state.coins > 0 && now - state.receivedAt <= state.maxAgeMs ? state.coins : 0
}

/** Whether no newer snapshot is to be expected by `now`: the last one is younger than a step, or than it used to take. */
export function isCurrent(state: OiTrackState, now: number): boolean {
  const age = now - state.receivedAt
  return age < state.stepMs || age < state.gapMs
}

/** Fills the slots up to the newest instant of the grid that is not after `now`. */
export function advanceOiTrack(state: OiTrackState, now: number): void {
  const target = Math.floor(now / state.stepMs) * state.stepMs
  if (state.slotAt < 0) state.slotAt = target - state.stepMs
  if (target <= state.slotAt) return
  const steps = Math.min(Math.round((target - state.slotAt) / state.stepMs), state.slots.capacity)
  for (let k = steps - 1; k >= 0; k--) pushRing(state.slots, knownCoins(state, target - k * state.stepMs))
  state.slotAt = target
}

/** Takes what was received at `now`: it counts from that instant on. Values that are not positive are no datum. */
export function takeOpenInterest(
  state: OiTrackState,
  coins: number,
  venueAt: number,
  now: number,
  seq: number,
): boolean {
  advanceOiTrack(state, now)
  if (!(coins > 0) || venueAt <= state.venueAt) return false
  if (state.coins > 0) {
    const gap = now - state.receivedAt
    state.gapMs = Math.min(gap, state.lastGapMs)
    state.lastGapMs = gap
  }
  state.coins = coins
  state.venueAt = venueAt
  state.receivedAt = now
  state.seq = seq
  if (now === state.slotAt) state.slots.values[newestAt(state.slots)] = coins
  return true
}

const newestAt = (ring: RingState): number => (ring.at === 0 ? ring.capacity : ring.at) - 1

/** Coins known `ago` steps before the newest slot; 0: none. */
export function coinsAgo(state: OiTrackState, ago: number): number {
  return ago < state.slots.count ? ringAgo(state.slots, ago) : 0
}

/** ln(OI now / OI `ago` steps back); null where either is missing. */
export function oiLogChange(state: OiTrackState, ago: number): number | null {
  const [now, then] = [coinsAgo(state, 0), coinsAgo(state, ago)]
  return now > 0 && then > 0 ? Math.log(now / then) + 0 : null
}
