/**
 * Owns how a signal speaks about a package: its opinion as a fold of the market, what it said last, when the two differ enough to speak
 * again, when it grows stale, and when it holds because data is bad or missing. Must never look at a price series.
 *
 * As in voice.ts, opinions are folded in `evolve` and published in `decide`. A package that was never open is not spoken of while it is flat.
 */
import { quantise } from '#events/line-buffer'
import type { PackageChanged, PackageKind, PackageLeg } from '#events/package.events'

const SAID_DIGITS = 6
const RATIO_DIGITS = 8
/** Change of confidence that is worth an event [D], as in voice.ts. */
const CONFIDENCE_BAND = 0.1

export type PackageDraft = { readonly type: 'PackageChanged'; readonly data: PackageChanged['data'] }
export type PackageTerm = PackageChanged['data']['terms'][number]

/** Opinion and last word on one package. Plain data; `reason` empty: no opinion yet; `saidReason` empty: never spoke. */
export interface PackageVoice {
  package: string
  kind: PackageKind
  reason: string
  strength: number
  confidence: number
  /** Fraction of NAV, never negative. */
  target: number
  legs: PackageLeg[]
  asOf: number
  price: number
  saidReason: string
  saidStrength: number
  saidConfidence: number
  saidTarget: number
  saidLegs: PackageLeg[]
  /** Checks of incoming data that fail now, `instrument check`: while one does, the last word stands. */
  badChecks: string[]
}

export function createPackageVoice(id: string, kind: PackageKind): PackageVoice {
  return {
    package: id,
    kind,
    reason: '',
    strength: 0,
    confidence: 0,
    target: 0,
    legs: [],
    asOf: 0,
    price: 0,
    saidReason: '',
    saidStrength: 0,
    saidConfidence: 0,
    saidTarget: 0,
    saidLegs: [],
    badChecks: [],
  }
}

/** Wants the package at `target` (≥ 0, fraction of NAV) with these legs. `+ 0` keeps −0 out of the state. */
export function wantPackage(
  voice: PackageVoice,
  reason: string,
  strength: number,
  confidence: number,
  target: number,
  legs: readonly PackageLeg[],
): void {
  voice.reason = reason
  voice.strength = strength + 0
  voice.confidence = confidence
  voice.target = target + 0
  voice.legs = [...legs]
}

/** Wants none of it; the legs of the last word stay, so that what was held can be explained. */
export function leavePackage(voice: PackageVoice, reason: string): void {
  voice.reason = reason
  voice.strength = 0
  voice.confidence = 0
  voice.target = 0
}

/** A check of the data of one of its instruments began or ceased to fail. */
export function judgePackageInput(voice: PackageVoice, instrument: string, check: string, isBad: boolean): void {
  const key = `${instrument} ${check}`
  const others = voice.badChecks.filter((bad) => bad !== key)
  voice.badChecks = isBad ? [...others, key].sort() : others
}

/** Too old, gone, or settled by the venue: nothing is left to hold, however bad the data. */
const OVER: ReadonlySet<string> = new Set(['delisted', 'delivered', 'stale'])
const isOver = (voice: PackageVoice): boolean => OVER.has(voice.reason)

/** `held-outlier`: while data is bad the last word stands; undefined while it is good or there is nothing to hold. */
export function packageHeldReason(voice: PackageVoice): string | undefined {
  const first = voice.badChecks[0]
  if (first === undefined || voice.saidTarget === 0 || isOver(voice)) return undefined
  return `held-${first.slice(first.indexOf(' ') + 1)}`
}

/** Whether a word is held back now, or was when the voice spoke last. */
export function isPackageAboutHolding(voice: PackageVoice): boolean {
  return packageHeldReason(voice) !== undefined || voice.saidReason.startsWith('held-')
}

/** Whether the opinion differs from the last word: reason, size by more than `band` of it, a leg, a ratio, confidence. */
export function packageSpeaks(voice: PackageVoice, band: number, ratioBand = 1e-8): boolean {
  // Flat and known to be: most packages at most instants.
  if (voice.reason === '' || (voice.target === 0 && voice.saidTarget === 0)) return false
  const held = packageHeldReason(voice)
  if (held !== undefined) return voice.saidReason !== held
  if (voice.badChecks.length > 0 && !isOver(voice)) return false
  const target = quantise(voice.target, SAID_DIGITS)
  if (voice.saidReason === '') return target > 0
  if (target === 0 && voice.saidTarget === 0) return false
  if (voice.reason !== voice.saidReason) return true
  if (Math.abs(target - voice.saidTarget) > band * voice.saidTarget) return true
  if (Math.abs(quantise(voice.confidence, SAID_DIGITS) - voice.saidConfidence) > CONFIDENCE_BAND) return true
  return target > 0 && legsDiffer(voice, ratioBand)
}

function legsDiffer(voice: PackageVoice, ratioBand: number): boolean {
  if (voice.legs.length !== voice.saidLegs.length) return true
  return voice.legs.some((leg, i) => {
    const said = voice.saidLegs[i]!
    if (leg.instrument !== said.instrument || leg.role !== said.role) return true
    return leg.ratio !== said.ratio && Math.abs(quantise(leg.ratio, RATIO_DIGITS) - said.ratio) > ratioBand
  })
}

/** Remembers what was said, as the log says it. */
export function hearPackage(voice: PackageVoice, said: PackageChanged['data']): void {
  voice.saidReason = said.reason
  voice.saidStrength = said.strength
  voice.saidConfidence = said.confidence
  voice.saidTarget = said.targetWeight
  voice.saidLegs = [...said.legs]
}

/** A fresh draft of the opinion of `signal/<name>`; while data is bad, all that was said last with the reason why it stands. */
export function packageDraft(
  agent: string,
  voice: PackageVoice,
  validMs: number,
  terms: readonly PackageTerm[],
  inputs: readonly number[],
): PackageDraft {
  const held = packageHeldReason(voice)
  const isHeld = held !== undefined
  return {
    type: 'PackageChanged',
    data: {
      signal: agent.slice('signal/'.length),
      package: voice.package,
      kind: voice.kind,
      reason: held ?? voice.reason,
      strength: isHeld ? voice.saidStrength : voice.strength,
      confidence: isHeld ? voice.saidConfidence : voice.confidence,
      targetWeight: isHeld ? voice.saidTarget : voice.target,
      asOf: voice.asOf,
      validUntil: voice.asOf + validMs,
      price: voice.price,
      // The opinion may have turned round while data was bad: what is held is what was said.
      legs: isHeld ? voice.saidLegs : voice.legs,
      terms: isHeld ? [{ name: 'failingChecks', value: voice.badChecks.length }] : terms,
      inputs: isHeld ? [] : inputs.filter((seq) => seq > 0),
    },
  }
}
