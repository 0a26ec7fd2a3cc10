/**
 * Owns how an overlay of daily on-chain values speaks: its opinion, when that differs from its last word, when it grows stale.
 * Must never know a formula of any one overlay, nor take a position.
 *
 * As in voice.ts, opinions are folded in `evolve` and published in `decide`: after history the first instant publishes what is held.
 */
import { DAY_MS, type DurationMs, type EpochMs } from '#core/time'
import { quantise } from '#events/line-buffer'
import type { RegimeChanged } from '#events/signal.events'
import { NO_EFFECT, type RegimeEffect } from '#quant/on-chain'

const SAID_DIGITS = 6
/** Change of a factor that is worth an event [D]: a percent of a weight is within the bands of every size downstream. */
const FACTOR_BAND = 0.01
/** A word that changes weights is renewed by a new value when it would lapse sooner than this: before the value after it comes. */
const RENEWAL_MS: DurationMs = 1.5 * DAY_MS

export type RegimeDraft = { readonly type: 'RegimeChanged'; readonly data: RegimeChanged['data'] }
export type RegimeTerm = RegimeChanged['data']['terms'][number]

/** Opinion and last word of an overlay. Plain data; `saidRegime` empty: never spoke. */
export interface Overlay {
  regime: string
  effect: RegimeEffect
  /** End of the newest day it rests on; 0 before the first. */
  asOf: EpochMs
  saidRegime: string
  saidEffect: RegimeEffect
  saidUntil: EpochMs
}

export function createOverlay(): Overlay {
  return {
    regime: 'warming-up',
    effect: NO_EFFECT,
    asOf: 0,
    saidRegime: '',
    saidEffect: NO_EFFECT,
    saidUntil: 0,
  }
}

/** Sees a regime on the values of `day`. */
export function seeRegime(overlay: Overlay, day: EpochMs, regime: string, effect: RegimeEffect): void {
  overlay.asOf = day + DAY_MS
  overlay.regime = regime
  overlay.effect = effect
}

/** Without effect when the newest day ended more than `maxAgeMs` before `now`. */
export function ageOverlay(overlay: Overlay, now: EpochMs, maxAgeMs: DurationMs): void {
  if (overlay.asOf === 0 || now - overlay.asOf <= maxAgeMs) return
  overlay.regime = 'stale'
  overlay.effect = NO_EFFECT
}

/** Whether the opinion differs from the last word, or the last word must be renewed. */
export function overlaySpeaks(overlay: Overlay, now: EpochMs): boolean {
  const { regime, effect, saidRegime, saidEffect, saidUntil } = overlay
  if (regime !== saidRegime) return true
  if (effect.blocksNewLongs !== saidEffect.blocksNewLongs || effect.blocksShorts !== saidEffect.blocksShorts)
    return true
  if (isApart(effect.longFactor, saidEffect.longFactor) || isApart(effect.shortFactor, saidEffect.shortFactor))
    return true
  return isEffective(saidEffect) && saidUntil < now + RENEWAL_MS
}

const isApart = (factor: number, said: number): boolean =>
  quantise(Math.abs(quantise(factor, SAID_DIGITS) - said), SAID_DIGITS) >= FACTOR_BAND

const isEffective = (effect: RegimeEffect): boolean =>
  effect.longFactor !== 1 || effect.shortFactor !== 1 || effect.blocksNewLongs || effect.blocksShorts

/** Remembers what was said, as the log says it. */
export function hearRegime(overlay: Overlay, said: RegimeChanged['data']): void {
  const { longFactor, shortFactor, blocksNewLongs, blocksShorts } = said
  overlay.saidRegime = said.regime
  overlay.saidEffect = { longFactor, shortFactor, blocksNewLongs, blocksShorts }
  overlay.saidUntil = said.validUntil
}

/** A fresh draft of the opinion of `signal/<name>`. */
export function regimeDraft(
  agent: string,
  overlay: Overlay,
  now: EpochMs,
  maxAgeMs: DurationMs,
  terms: readonly RegimeTerm[],
  inputs: readonly number[],
): RegimeDraft {
  const { regime, effect, asOf } = overlay
  const age = { name: 'ageDays', value: (now - asOf) / DAY_MS, threshold: maxAgeMs / DAY_MS }
  return {
    type: 'RegimeChanged',
    data: {
      signal: agent.slice('signal/'.length),
      regime,
      ...effect,
      asOf,
      validUntil: asOf + maxAgeMs,
      terms: asOf === 0 ? terms : [...terms, age],
      inputs: inputs.filter((seq) => seq > 0),
    },
  }
}
