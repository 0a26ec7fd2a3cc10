/**
 * Owns how a signal speaks about one instrument: its opinion as a fold of the market, what it said last, when the two differ
 * enough to speak again, and when an opinion grows stale. Must never look at a price series.
 *
 * Opinions are folded in `evolve` and only published in `decide`: a signal that was silent (history, a restart, degraded) holds the
 * same opinion as one that was not, and says so once it may.
 */
import { quantise } from '#events/line-buffer'
import type { SignalChanged } from '#events/signal.events'

/** Decimals of `targetWeight` and `confidence` in the log: what was said is compared at that precision. */
const SAID_DIGITS = 6
/**
 * Change of confidence that is worth an event [D]: the blender multiplies by it, so that a trend whose confidence grew from nothing
 * must not go on with the old one only because side and size stayed.
 */
const CONFIDENCE_BAND = 0.1
/**
 * History behind an EWMA, in centres of mass, beyond which a longer one changes it by less than 0.1 % (methods, section 16, recursive
 * test; test/pipeline/recursive.spec.ts). Ten do not where the oldest day is a coin's wildest: 0.27 % on DOGE in October 2022, 1.3 % with seven. Eligible
 * it is sooner: history is what a start reads, not what a decision waits for.
 */
export const EWMA_MEMORY = 12

/** An opinion holds for this many decision intervals after the data it rests on. */
export const VALID_INTERVALS = 2

export type Side = -1 | 0 | 1
export type SignalDraft = { readonly type: 'SignalChanged'; readonly data: SignalChanged['data'] }
export type Term = SignalChanged['data']['terms'][number]

/** Opinion and last word on one instrument. Plain data; `reason` empty: no opinion yet; `saidReason` empty: never spoke. */
export interface Voice {
  instrument: string
  side: Side
  reason: string
  strength: number
  confidence: number
  target: number
  asOf: number
  price: number
  saidSide: Side
  saidReason: string
  saidConfidence: number
  saidTarget: number
  saidStrength: number
  delisted: boolean
  /** Checks of the incoming data that fail now: while one does, the last word stands. */
  badChecks: string[]
}

export function createVoice(instrument: string): Voice {
  return {
    instrument,
    side: 0,
    reason: '',
    strength: 0,
    confidence: 0,
    target: 0,
    asOf: 0,
    price: 0,
    saidSide: 0,
    saidReason: '',
    saidConfidence: 0,
    saidTarget: 0,
    saidStrength: 0,
    delisted: false,
    badChecks: [],
  }
}

/** Takes a position. `strength`, `confidence` and `target` as in the event; `+ 0` keeps −0 out of the state. */
export function takeSide(
  voice: Voice,
  side: Side,
  reason: string,
  strength: number,
  confidence: number,
  target: number,
): void {
  voice.side = side
  voice.reason = reason
  voice.strength = strength + 0
  voice.confidence = confidence
  voice.target = target + 0
}

export function goFlat(voice: Voice, reason: string): void {
  takeSide(voice, 0, reason, 0, 0, 0)
}

/** The newest bar that the opinion rests on. */
export function refresh(voice: Voice, asOf: number, price: number): void {
  voice.asOf = asOf
  voice.price = price
}

/** Whether an opinion exists whose time is up at `instant`. `stale` and `delisted` are its last words. */
export function expires(voice: Voice, instant: number, intervalMs: number): boolean {
  return voice.reason !== '' && !voice.delisted && instant > voice.asOf + VALID_INTERVALS * intervalMs
}

/** A check of the instrument's data began or ceased to fail. */
export function judgeInput(voice: Voice, check: string, isBad: boolean): void {
  const others = voice.badChecks.filter((bad) => bad !== check)
  voice.badChecks = isBad ? [...others, check].sort() : others
}

/** `held-outlier`: the reason while data is bad; undefined while it is good or there is nothing to hold. */
export function heldReason(voice: Voice): string | undefined {
  if (voice.badChecks.length === 0 || voice.saidReason === '' || isOver(voice)) return undefined
  return `held-${voice.badChecks[0]}`
}

/** Whether a word is held back now, or was when the voice spoke last. */
export function isAboutHolding(voice: Voice): boolean {
  return heldReason(voice) !== undefined || voice.saidReason.startsWith('held-')
}

/** Too old, or gone: nothing is left to hold. */
const isOver = (voice: Voice): boolean => voice.delisted || voice.reason === 'stale'

/** Whether the opinion differs from the last word: side, reason, target by more than `band` of it, or confidence. */
export function speaks(voice: Voice, band: number): boolean {
  if (voice.reason === '') return false
  const held = heldReason(voice)
  if (held !== undefined) return voice.saidReason !== held
  if (voice.badChecks.length > 0 && !isOver(voice)) return false
  if (voice.reason !== voice.saidReason) return voice.saidReason !== '' || !lastWord(voice.reason)
  if (voice.side !== voice.saidSide) return true
  const target = quantise(voice.target, SAID_DIGITS)
  if (Math.abs(target - voice.saidTarget) > band * Math.abs(voice.saidTarget)) return true
  return Math.abs(quantise(voice.confidence, SAID_DIGITS) - voice.saidConfidence) > CONFIDENCE_BAND
}

/** Nobody needs to hear that an instrument which was never eligible is no longer so. */
function lastWord(reason: string): boolean {
  return reason === 'stale' || reason === 'delisted'
}

/** Remembers what was said, as the log says it. */
export function hear(voice: Voice, said: SignalChanged['data']): void {
  voice.saidSide = said.side === 'long' ? 1 : said.side === 'short' ? -1 : 0
  voice.saidReason = said.reason
  voice.saidConfidence = said.confidence
  voice.saidTarget = said.targetWeight
  voice.saidStrength = said.strength
}

/** A fresh draft of the opinion of `signal/<name>`. Seqs of 0 (history has none) are left out of `inputs`. */
export function draft(
  agent: string,
  voice: Voice,
  intervalMs: number,
  terms: readonly Term[],
  inputs: readonly number[],
): SignalDraft {
  const held = heldReason(voice)
  if (held !== undefined) return heldDraft(agent, voice, intervalMs, held)
  return {
    type: 'SignalChanged',
    data: {
      signal: agent.slice('signal/'.length),
      instrument: voice.instrument,
      side: voice.side === 1 ? 'long' : voice.side === -1 ? 'short' : 'flat',
      reason: voice.reason,
      strength: voice.strength,
      confidence: voice.confidence,
      targetWeight: voice.target,
      asOf: voice.asOf,
      validUntil: voice.asOf + VALID_INTERVALS * intervalMs,
      price: voice.price,
      terms,
      inputs: inputs.filter((seq) => seq > 0),
    },
  }
}

/** The last word again, with the reason why it stands. */
function heldDraft(agent: string, voice: Voice, intervalMs: number, reason: string): SignalDraft {
  return {
    type: 'SignalChanged',
    data: {
      signal: agent.slice('signal/'.length),
      instrument: voice.instrument,
      side: voice.saidSide === 1 ? 'long' : voice.saidSide === -1 ? 'short' : 'flat',
      reason,
      strength: voice.saidStrength,
      confidence: voice.saidConfidence,
      targetWeight: voice.saidTarget,
      asOf: voice.asOf,
      validUntil: voice.asOf + VALID_INTERVALS * intervalMs,
      price: voice.price,
      terms: [{ name: 'failingChecks', value: voice.badChecks.length }],
      inputs: [],
    },
  }
}
