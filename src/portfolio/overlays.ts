/**
 * Owns what regime overlays do to a blended directional weight (methods, sections 11 to 13): after the blend, before risk.
 * Must never turn a weight round, nor touch a package: an overlay takes no position.
 */
import { quantise } from '#events/line-buffer'
import type { RegimeChanged } from '#events/signal.events'

/** In which overlays act, whatever order they speak in. */
export const OVERLAY_ORDER = ['ssr', 'mvrv'] as const

/** Last word of one overlay. Plain data. */
export interface Regime {
  signal: string
  /** Never negative. */
  longFactor: number
  shortFactor: number
  blocksNewLongs: boolean
  blocksShorts: boolean
  validUntil: number
  /** RegimeChanged it stands on; 0: none yet. */
  seq: number
  /** Whether it is in force at the instant in hand. */
  isActive: boolean
}

/** One step of the chain, as PortfolioBlended tells it. */
export interface OverlayStep {
  readonly signal: string
  /** Fractions of NAV. */
  readonly before: number
  readonly after: number
  readonly seq: number
}

export function createRegimes(enabled: readonly string[]): Regime[] {
  return OVERLAY_ORDER.filter((name) => enabled.includes(name)).map((signal) => ({
    signal,
    longFactor: 1,
    shortFactor: 1,
    blocksNewLongs: false,
    blocksShorts: false,
    validUntil: 0,
    seq: 0,
    isActive: false,
  }))
}

/** Takes a RegimeChanged; whether it is one of ours. */
export function hearRegime(regimes: readonly Regime[], said: RegimeChanged['data'], seq: number): boolean {
  const regime = regimes.find(({ signal }) => signal === said.signal)
  if (regime === undefined) return false
  regime.longFactor = Math.max(0, said.longFactor)
  regime.shortFactor = Math.max(0, said.shortFactor)
  regime.blocksNewLongs = said.blocksNewLongs
  regime.blocksShorts = said.blocksShorts
  regime.validUntil = said.validUntil
  regime.seq = seq
  return true
}

/** Puts regimes in force and out of it; whether one began or ended. */
export function enforceRegimes(regimes: readonly Regime[], instant: number): boolean {
  let isChanged = false
  for (const regime of regimes) {
    const isActive = regime.seq > 0 && regime.validUntil >= instant
    if (isActive !== regime.isActive) isChanged = true
    regime.isActive = isActive
  }
  return isChanged
}

function overlaid(regime: Regime, weight: number, said: number): number {
  if (weight > 0) {
    const scaled = weight * regime.longFactor
    return regime.blocksNewLongs ? Math.min(scaled, Math.max(0, said)) : scaled
  }
  if (weight < 0) return regime.blocksShorts ? 0 : weight * regime.shortFactor
  return weight
}

/**
 * The weight after every regime in force, and the steps that changed it. `said`: the target said last, beyond which a long does not grow
 * while new longs are blocked.
 */
export function applyRegimes(
  regimes: readonly Regime[],
  weight: number,
  said: number,
): { readonly weight: number; readonly steps: readonly OverlayStep[] } {
  const steps: OverlayStep[] = []
  let current = weight
  for (const regime of regimes) {
    if (!regime.isActive) continue
    const after = quantise(overlaid(regime, current, said), 8)
    if (after !== current) steps.push({ signal: regime.signal, before: current, after, seq: regime.seq })
    current = after
  }
  return { weight: current, steps }
}
