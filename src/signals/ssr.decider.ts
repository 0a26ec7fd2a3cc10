/**
 * Owns the overlay SSR: market capitalisation over that of stablecoins, of the same day, as z over its last days (methods.md 11).
 * Scales long directional weights; must never take a position, fill a missing day, nor touch shorts.
 *
 * A stablecoin series counts from its first value on; on days more than `maxAgeDays` behind its last value it has ended and counts no
 * more, in between the day is incomplete. A correction changes no decision that was made: it replaces the value in the window.
 */
import type { SsrConfig } from '#core/config/signals-schema'
import type { Decider } from '#core/decider'
import { DAY_MS, parseDay } from '#core/time'
import type { OnChainPublished } from '#events/market.events'
import type { RegimeChanged } from '#events/signal.events'
import { lastZ, NO_EFFECT, type SampleZ, ssrLongFactor, stablecoinSupplyRatio } from '#quant/on-chain'
import {
  createOnChainDays,
  type OnChainDay,
  type OnChainDays,
  putOnChain,
  seriesOf,
  windowOf,
} from './on-chain-days.js'
import { createOverlay, type Overlay, type RegimeTerm, seeRegime } from './on-chain-overlay.js'
import { createOverlaySignal, type OverlayInput } from './overlay-signal.js'

const NAME = 'signal/ssr'
/** Rows beyond the window: a missing value at its edge is told from a series that had not begun. */
const SLACK_DAYS = 8

/** Bounded by (windowDays + maxAgeDays + slack) × series. */
export interface SsrState {
  /** Column 0: market capitalisation; then the supplies in the order of the configuration. */
  days: OnChainDays
  /** First day that was complete; null before. */
  firstDay: number | null
  /** Newest complete day. */
  newest: { day: number; ratio: number; supplies: number } | null
  /** Days of the window that are known. */
  known: number
  found: SampleZ | null
  overlay: Overlay
}

interface CompleteDay {
  readonly day: number
  readonly value: number
  readonly supplies: number
}

/**
 * Days that are complete, oldest first, with their ratio. The set of stablecoins is that of the day: a supply without a value takes
 * part in no day unless it had one within `maxAgeMs` before, and then the day is not complete.
 */
function completeDays(rows: readonly OnChainDay[], maxAgeMs: number): CompleteDay[] {
  const columns = rows[0]?.values.length ?? 0
  const lastSeen = Array.from({ length: columns }, () => Number.NEGATIVE_INFINITY)
  const complete: CompleteDay[] = []
  for (let n = 0; n < rows.length; n++) {
    const { day, values } = rows[n]!
    let stable = 0
    let supplies = 0
    let isWhole = true
    for (let column = 1; column < columns; column++) {
      const value = values[column] ?? null
      if (value !== null) {
        stable += value
        supplies++
        lastSeen[column] = day
      } else if (day - lastSeen[column]! <= maxAgeMs) isWhole = false
    }
    const ratio = isWhole && supplies > 0 ? stablecoinSupplyRatio(values[0] ?? 0, stable) : null
    if (ratio !== null) complete.push({ day, value: ratio, supplies })
  }
  return complete
}

function take(config: SsrConfig, state: SsrState, event: OnChainPublished): boolean {
  if (config.from !== undefined && event.data.periodStart < (parseDay(config.from) ?? 0)) return false
  const series = seriesOf(event.data)
  const columns = 1 + config.supplies.length
  let isMine = false
  for (let column = 0; column < columns; column++) {
    if ((column === 0 ? config.marketCap : config.supplies[column - 1]) !== series) continue
    // A capitalisation below nothing is no value; neither is one of 0 of the market.
    if (event.data.value < 0 || (column === 0 && event.data.value === 0)) continue
    putOnChain(state.days, columns, column, event)
    isMine = true
  }
  return isMine
}

function think(config: SsrConfig, state: SsrState): void {
  const complete = completeDays(state.days.rows, config.maxAgeDays * DAY_MS)
  const newest = complete.at(-1)
  if (newest === undefined) return
  const { day, value, supplies } = newest
  state.firstDay = Math.min(state.firstDay ?? complete[0]!.day, complete[0]!.day)
  state.newest = { day, ratio: value, supplies }
  const from = day - (config.windowDays - 1) * DAY_MS
  state.known = complete.filter((one) => one.day >= from).length
  const values = windowOf(complete, config.windowDays, state.firstDay)
  state.found = values === null ? null : lastZ(values, 0)
  const z = state.found?.z ?? null
  if (z !== null) seeRegime(state.overlay, day, 'scaled', { ...NO_EFFECT, longFactor: ssrLongFactor(z, config.slope) })
  else seeRegime(state.overlay, day, state.found === null ? 'warming-up' : 'neutral', NO_EFFECT)
}

function terms(config: SsrConfig, { newest, known, found, overlay }: SsrState): RegimeTerm[] {
  const days = { name: 'knownDays', value: known, threshold: config.windowDays }
  if (newest === null) return [days]
  return [
    { name: 'ssr', value: newest.ratio },
    { name: 'ssrMean', value: found?.mean ?? null },
    { name: 'ssrSd', value: found?.sd ?? null },
    { name: 'ssrZ', value: found?.z ?? null, threshold: 0 },
    { name: 'longFactor', value: overlay.effect.longFactor, threshold: 1 },
    { name: 'supplies', value: newest.supplies },
    days,
  ]
}

/** The decider `signal/ssr`. O(windowDays × series) a value, O(1) an instant. */
export function createSsr(config: SsrConfig): Decider<SsrState, OverlayInput, RegimeChanged> {
  const capacity = config.windowDays + Math.ceil(config.maxAgeDays) + SLACK_DAYS
  return createOverlaySignal<SsrState>({
    name: NAME,
    warmupMs: (capacity + SLACK_DAYS) * DAY_MS,
    maxAgeMs: config.maxAgeDays * DAY_MS,
    initial: () => ({
      days: createOnChainDays(capacity),
      firstDay: null,
      newest: null,
      known: 0,
      found: null,
      overlay: createOverlay(),
    }),
    take: (state, event) => take(config, state, event),
    think: (state) => think(config, state),
    newestDay: ({ newest }) => newest?.day ?? null,
    terms: (state) => terms(config, state),
  })
}
