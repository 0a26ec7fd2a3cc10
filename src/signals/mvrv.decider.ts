/**
 * Owns the overlay MVRV: market over realised capitalisation, against the deviation of the market capitalisation from its first day on
 * (methods.md 12). Filters directional weights; must never take a position, nor let a deviation know a later day than it judges.
 *
 * The level depends on the start of the expanding window: the first day seen stands in the state and in every word. Corrections replace
 * values of the last days; what is older is folded into the moments and stands as it was known then.
 */
import type { MvrvConfig } from '#core/config/signals-schema'
import type { Decider } from '#core/decider'
import { DAY_MS } from '#core/time'
import type { OnChainPublished } from '#events/market.events'
import type { RegimeChanged } from '#events/signal.events'
import {
  createExpandingMoments,
  type ExpandingMomentsState,
  expandingSd,
  pushExpandingMoments,
} from '#indicators/expanding-moments'
import { lastZ, mvrvEffect, mvrvRegime, mvrvZ, NO_EFFECT, realisedCapOf } from '#quant/on-chain'
import { createOnChainDays, type OnChainDays, putOnChain, seriesOf, windowOf } from './on-chain-days.js'
import { createOverlay, type Overlay, type RegimeTerm, seeRegime } from './on-chain-overlay.js'
import { createOverlaySignal, type OverlayInput } from './overlay-signal.js'

const NAME = 'signal/mvrv'
/** Days whose corrections are taken: vendors are asked for the last 14 again (ours). */
const TAIL_DAYS = 32
/** Window of the variant `ratio1460`: one halving cycle (methods.md 12). */
const RATIO_WINDOW_DAYS = 1460
const RATIO_SLACK_DAYS = 16
/**
 * The expanding window begins on the first priced day of BTC, 2010-07-18: a start later than that is another quantity. Longer than
 * that history until 2036; only the on-chain series are so long, and one row a day.
 */
const WARMUP_DAYS = 9500

const CAP = 0
const RATIO = 1

interface Found {
  readonly day: number
  /** Null where the deviation is none. */
  readonly z: number | null
  readonly sd: number | null
  /** US dollars; null in the variant. */
  readonly marketCap: number | null
  readonly realisedCap: number | null
  readonly ratio: number
  /** Days before this one. */
  readonly observations: number
}

/** Bounded: 32 days, or 1476 of the variant. */
export interface MvrvState {
  days: OnChainDays
  /** Market capitalisations of all days before `days`. */
  settled: ExpandingMomentsState
  /** First observation; null before. */
  firstDay: number | null
  found: Found | null
  overlay: Overlay
}

function take(config: MvrvConfig, state: MvrvState, event: OnChainPublished): boolean {
  const series = seriesOf(event.data)
  const column = series === config.marketCap ? CAP : series === config.ratio ? RATIO : undefined
  // A capitalisation of 0 is a day before the first price.
  if (column === undefined || !(event.data.value > 0)) return false
  if (column === CAP && config.variant === 'ratio1460') return false
  const gone = putOnChain(state.days, 2, column, event)?.values[CAP] ?? null
  if (gone !== null) pushExpandingMoments(state.settled, gone)
  if (column === (config.variant === 'expanding' ? CAP : RATIO))
    state.firstDay = Math.min(state.firstDay ?? event.data.periodStart, event.data.periodStart)
  return true
}

/** Z of the newest day that has both values; the deviation holds no later day. */
function expanding({ days, settled }: MvrvState): Found | null {
  const newest = days.rows.findLast(({ values }) => values[CAP] !== null && values[RATIO] !== null)
  if (newest === undefined) return null
  const marketCap = newest.values[CAP]!
  const ratio = newest.values[RATIO]!
  const moments = { ...settled }
  for (const { day, values } of days.rows) {
    const cap = values[CAP] ?? null
    if (cap !== null && day <= newest.day) pushExpandingMoments(moments, cap)
  }
  const sd = expandingSd(moments, 0)
  const realisedCap = realisedCapOf(marketCap, ratio)
  const z = sd === null || realisedCap === null ? null : mvrvZ(marketCap, realisedCap, sd)
  return { day: newest.day, z, sd, marketCap, realisedCap, ratio, observations: moments.count - 1 }
}

/** The variant: z of the ratio over its last 1460 days, itself included, ddof 1. */
function rolling({ days, firstDay }: MvrvState): (Found & { readonly isWhole: boolean }) | null {
  const points: { readonly day: number; readonly value: number }[] = []
  for (const { day, values } of days.rows) if (values[RATIO] != null) points.push({ day, value: values[RATIO] })
  const newest = points.at(-1)
  if (newest === undefined) return null
  const values = windowOf(points, RATIO_WINDOW_DAYS, firstDay)
  const found = values === null ? null : lastZ(values, 1)
  const observations = (values?.length ?? points.length) - 1
  return {
    day: newest.day,
    z: found?.z ?? null,
    sd: found?.sd ?? null,
    marketCap: null,
    realisedCap: null,
    ratio: newest.value,
    observations,
    isWhole: values !== null,
  }
}

function think(config: MvrvConfig, state: MvrvState): void {
  const { overlay } = state
  const variant = config.variant === 'expanding' ? null : rolling(state)
  const found = variant ?? (config.variant === 'expanding' ? expanding(state) : null)
  state.found = found
  if (found === null) return
  // As the oracle counts: so many observations before the one that is judged.
  const isReady = variant === null ? found.observations >= config.minObservations : variant.isWhole
  if (!isReady) seeRegime(overlay, found.day, 'warming-up', NO_EFFECT)
  else if (found.z === null) seeRegime(overlay, found.day, 'neutral', NO_EFFECT)
  else {
    const regime = mvrvRegime(found.z, { euphoria: config.euphoriaThreshold, value: config.valueThreshold })
    const factors = { euphoriaLong: config.euphoriaLongFactor, valueLong: config.valueLongFactor }
    seeRegime(overlay, found.day, regime, mvrvEffect(regime, factors))
  }
}

/** Threshold that is nearest to z: the one that decided, where one did. */
function nearest(z: number, { euphoriaThreshold, valueThreshold }: MvrvConfig): number {
  return Math.abs(euphoriaThreshold - z) <= Math.abs(z - valueThreshold) ? euphoriaThreshold : valueThreshold
}

function terms(config: MvrvConfig, { found, firstDay }: MvrvState): RegimeTerm[] {
  const isVariant = config.variant === 'ratio1460'
  const name = isVariant ? 'mvrvRatioZ1460' : 'mvrvZ'
  const least = isVariant ? RATIO_WINDOW_DAYS - 1 : config.minObservations
  if (found === null) return [{ name: 'observationsBefore', value: 0, threshold: least }]
  const { z, sd, marketCap, realisedCap, ratio, observations } = found
  const judged =
    z === null
      ? [{ name, value: null }]
      : [
          { name, value: z, threshold: nearest(z, config) },
          { name: 'distance', value: z - nearest(z, config) },
        ]
  return [
    ...judged,
    { name: 'mvrv', value: ratio },
    { name: isVariant ? 'mvrvSd' : 'marketCapSd', value: sd },
    ...(isVariant
      ? []
      : [
          { name: 'marketCap', value: marketCap },
          { name: 'realisedCap', value: realisedCap },
        ]),
    { name: 'observationsBefore', value: observations, threshold: least },
    { name: 'firstDay', value: firstDay },
  ]
}

/** The decider `signal/mvrv`. O(32) a value, O(1460) in the variant; O(1) an instant. */
export function createMvrv(config: MvrvConfig): Decider<MvrvState, OverlayInput, RegimeChanged> {
  const capacity = config.variant === 'expanding' ? TAIL_DAYS : RATIO_WINDOW_DAYS + RATIO_SLACK_DAYS
  return createOverlaySignal<MvrvState>({
    name: NAME,
    warmupMs: (config.variant === 'expanding' ? WARMUP_DAYS : capacity) * DAY_MS,
    maxAgeMs: config.maxAgeDays * DAY_MS,
    initial: () => ({
      days: createOnChainDays(capacity),
      settled: createExpandingMoments(),
      firstDay: null,
      found: null,
      overlay: createOverlay(),
    }),
    take: (state, event) => take(config, state, event),
    think: (state) => think(config, state),
    newestDay: ({ found }) => found?.day ?? null,
    terms: (state) => terms(config, state),
  })
}
