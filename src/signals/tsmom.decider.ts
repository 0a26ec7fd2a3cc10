/**
 * Owns time-series momentum (methods, section 1): Moskowitz, Ooi & Pedersen, JFE 104 (2012), with the `gap` window of Jegadeesh &
 * Titman, JF 48 (1993). Must never read the skipped days, and never fill in a day that is missing.
 *
 * Days, not bars: P[t-S] is the close S days ago. Where one of the two closes of the window is missing, momentum is undefined; the last
 * opinion is then held (reason `missing-bar`: an old hole is no reason to trade) for two days at most, after which it is `stale` and
 * flat. A partial day counts with the close that was known; the term `parts` says so.
 */
import type { TsmomConfig, UniverseEntry } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import { createEwmaVolatility, type EwmaVolatilityState, updateEwmaVolatility } from '#indicators/ewma-volatility'
import { createMomentum, type MomentumState, updateMomentum } from '#indicators/momentum'
import { createRing, pushRing, type RingState, ringAgo } from '#indicators/window'
import { normalCdf } from '#quant/normal'
import { type Bar, createSignal, type InstrumentState, type SignalDecider } from './single-instrument.js'
import { createVoice, EWMA_MEMORY, expires, goFlat, refresh, type Side, type Term, takeSide } from './voice.js'

/** 24/7 markets: 365 days a year (methods, section 0). */
const DAYS_PER_YEAR = 365
/** Returns that the volatility needs: 61 closes (methods, section 1). */
const VOLATILITY_RETURNS = 60

/** Bounded: lookback + skip + 1 closes and seqs. Numbers of the last bar are kept to explain it. */
export interface TsmomInstrument extends InstrumentState {
  /** Open time of the newest bar; −1 before the first. */
  newest: number
  /** Closes by day; 0 stands for a missing day. */
  momentum: MomentumState
  seqs: RingState
  volatility: EwmaVolatilityState
  /** Null: undefined, for a close of the window is missing. */
  value: number | null
  annualVol: number
  z: number | null
  skipClose: number
  lookbackClose: number
  /** Parts of a partial day, and of a whole one; 0 for a complete bar. */
  parts: number
  expected: number
}

function create(config: TsmomConfig, entry: UniverseEntry): TsmomInstrument {
  return {
    voice: createVoice(entry.instrument),
    newest: -1,
    momentum: createMomentum(config.lookbackDays, config.skipDays),
    seqs: createRing(config.lookbackDays + config.skipDays + 1),
    volatility: createEwmaVolatility(config.volCom, DAYS_PER_YEAR, VOLATILITY_RETURNS),
    value: null,
    annualVol: 0,
    z: null,
    skipClose: 0,
    lookbackClose: 0,
    parts: 0,
    expected: 0,
  }
}

/** Leaves the places of missing days empty, and takes no return over them. */
function skipMissingDays(state: TsmomInstrument, days: number): void {
  const { closes } = state.momentum
  for (let i = Math.min(days, closes.capacity); i > 0; i--) {
    pushRing(closes, 0)
    pushRing(state.seqs, 0)
  }
  state.volatility.previousClose = 0
}

function takeBar(config: TsmomConfig, state: TsmomInstrument, bar: Bar): void {
  const { openTime, close } = bar.data
  if (openTime <= state.newest) return
  if (state.newest >= 0 && openTime > state.newest + DAY_MS)
    skipMissingDays(state, Math.round((openTime - state.newest) / DAY_MS) - 1)
  state.newest = openTime
  const partial = bar.type === 'BarAggregated' && !bar.data.complete
  state.parts = partial ? bar.data.parts : 0
  state.expected = partial ? bar.data.expected : 0
  pushRing(state.seqs, bar.seq)
  const value = updateMomentum(state.momentum, close)
  const annualVol = updateEwmaVolatility(state.volatility, close)
  if (value === null || annualVol === null) return
  const { closes, lookback, skip } = state.momentum
  state.skipClose = ringAgo(closes, skip)
  state.lookbackClose = ringAgo(closes, skip + lookback)
  state.annualVol = annualVol
  if (state.skipClose === 0 || state.lookbackClose === 0) hold(state, openTime + DAY_MS)
  else opine(config, state, value, openTime + DAY_MS, close)
}

function hold(state: TsmomInstrument, now: number): void {
  const { voice } = state
  state.value = null
  state.z = null
  if (expires(voice, now, DAY_MS)) goFlat(voice, 'stale')
  else if (voice.reason !== '') voice.reason = 'missing-bar'
}

function opine(config: TsmomConfig, state: TsmomInstrument, value: number, asOf: number, close: number): void {
  const side: Side = value > 0 ? 1 : value < 0 ? -1 : 0
  const sigma = Math.max(state.annualVol, config.volFloor)
  const perWindow = sigma * Math.sqrt(config.lookbackDays / DAYS_PER_YEAR)
  // Without volatility and without a floor a move is infinitely many deviations.
  state.z = perWindow > 0 ? Math.log(1 + value) / perWindow + 0 : null
  state.value = value + 0
  const confidence = state.z === null ? side * side : 2 * normalCdf(Math.abs(state.z)) - 1
  const target = side * Math.min(config.volTarget / sigma, config.maxLeverage)
  refresh(state.voice, asOf, close)
  takeSide(
    state.voice,
    side,
    side === 0 ? 'neutral' : 'momentum',
    side * confidence,
    confidence,
    side === 0 ? 0 : target,
  )
}

const orNull = (close: number): number | null => (close === 0 ? null : close)

function terms(state: TsmomInstrument): readonly Term[] {
  const list: Term[] = [
    { name: 'momentum', value: state.value, threshold: 0 },
    { name: 'skipClose', value: orNull(state.skipClose) },
    { name: 'lookbackClose', value: orNull(state.lookbackClose) },
    { name: 'annualVol', value: state.annualVol },
    { name: 'z', value: state.z },
  ]
  if (state.expected > 0) list.push({ name: 'parts', value: state.parts, threshold: state.expected })
  return list
}

/**
 * The decider `signal/tsmom`. Side: sign of P[t-S]/P[t-S-L] − 1. Confidence: 2Φ(|z|) − 1 with z = ln(1+mom)/(σ_d √L). Strength: side times
 * confidence. Target: side · min(volTarget/σ, maxLeverage), fraction of NAV, σ the EWMA volatility not below `volFloor`. Reasons:
 * `momentum`, `neutral` (momentum 0), `missing-bar`, `stale`, `delisted`. Terms: momentum, skipClose, lookbackClose, annualVol, z,
 * and parts for a partial day. Inputs: the bars of the two closes.
 */
export function createTsmom(config: TsmomConfig, universe: readonly UniverseEntry[]): SignalDecider<TsmomInstrument> {
  const closes = Math.max(config.lookbackDays + config.skipDays, VOLATILITY_RETURNS) + 1
  return createSignal<TsmomInstrument>(
    {
      name: 'signal/tsmom',
      version: '2',
      intervals: ['1d'],
      readsFunding: false,
      warmupMs: Math.max(closes, Math.ceil(EWMA_MEMORY * config.volCom)) * DAY_MS,
      band: config.band,
      create: (entry) => create(config, entry),
      decisionMs: () => DAY_MS,
      takeBar: (state, bar) => takeBar(config, state, bar),
      terms,
      inputs: (state) => [
        ringAgo(state.seqs, config.skipDays),
        ringAgo(state.seqs, config.skipDays + config.lookbackDays),
      ],
    },
    universe,
  )
}
