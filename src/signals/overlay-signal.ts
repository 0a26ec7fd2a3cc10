/** Owns how an overlay becomes a decider: it takes its values, thinks, ages, and speaks by on-chain-overlay.ts. Must never know a formula. */
import { type Decider, SILENCE } from '#core/decider'
import type { AgentName } from '#core/ids'
import type { DurationMs } from '#core/time'
import type { InstantClosed, OnChainPublished } from '#events/market.events'
import type { RegimeChanged } from '#events/signal.events'
import { type OnChainDays, seqsOf } from './on-chain-days.js'
import {
  ageOverlay,
  hearRegime,
  type Overlay,
  overlaySpeaks,
  type RegimeDraft,
  type RegimeTerm,
  regimeDraft,
} from './on-chain-overlay.js'

export type OverlayInput = OnChainPublished | InstantClosed

export interface OverlayState {
  readonly days: OnChainDays
  readonly overlay: Overlay
}

/** What makes one overlay differ from another. */
export interface OverlayRules<S extends OverlayState> {
  readonly name: AgentName
  readonly warmupMs: DurationMs
  /** Age of the newest day beyond which it is without effect. */
  readonly maxAgeMs: DurationMs
  initial(): S
  /** Folds a value; false: it is none of its series. */
  take(state: S, event: OnChainPublished): boolean
  /** Sees a regime in what was taken. */
  think(state: S): void
  /** Day that the opinion rests on; null before the first. */
  newestDay(state: S): number | null
  terms(state: S): RegimeTerm[]
}

export function createOverlaySignal<S extends OverlayState>(
  rules: OverlayRules<S>,
): Decider<S, OverlayInput, RegimeChanged> {
  const { name, warmupMs, maxAgeMs, initial } = rules
  return {
    name,
    version: '1',
    dependencies: [],
    reads: ['OnChainPublished', 'InstantClosed'],
    emits: ['RegimeChanged'],
    warmupMs,
    onOrderPath: false,
    initial,
    evolve: (state, event) => {
      if (event.type === 'RegimeChanged') {
        hearRegime(state.overlay, event.data)
        return state
      }
      if (event.type === 'OnChainPublished' && rules.take(state, event)) rules.think(state)
      ageOverlay(state.overlay, event.ts, maxAgeMs)
      return state
    },
    decide: (state, event, { ts }): readonly RegimeDraft[] => {
      if (!overlaySpeaks(state.overlay, ts)) return SILENCE
      const day = rules.newestDay(state)
      if (event.type === 'OnChainPublished' && day === null) return SILENCE
      const inputs = day === null ? [] : seqsOf(state.days, day)
      return [regimeDraft(name, state.overlay, ts, maxAgeMs, rules.terms(state), inputs)]
    },
  }
}
