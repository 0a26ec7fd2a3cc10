/**
 * Owns short-term mean reversion (methods, section 3). Variant A, on daily bars: z of the 3-day log return against the 60 overlapping ones
 * that ended yesterday. Variant B, on hourly bars: z of the close in its 72-hour window. Must never take the z of a few closes (Shiffler
 * 1988), enter inside the bar of a cascade, or re-size a position that it holds.
 *
 * Position and stop are the signal's own fold of the bars, entered at the close; order within a bar: stop, VWAP, time, entries. A position
 * that ended by stop or time is not begun again on the same side before z has been inside the band [D]: else it would be at once.
 * A hole breaks what is made of returns; variant B lets nothing in while more than a tenth of its window is missing.
 */
import type { MeanReversionConfig, UniverseEntry } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { DAY_MS, HOUR_MS, type Interval } from '#core/time'
import { updateAtr } from '#indicators/atr'
import { ewmaVolatility, knowsVolatility, updateEwmaVolatility } from '#indicators/ewma-volatility'
import { updatePriceZ, updateReturnZ } from '#indicators/return-z'
import { pushRollingVwap, rollingVwap } from '#indicators/rolling-vwap'
import {
  fadesCascade,
  fundingRate8h,
  medianQuoteVolume,
  refusal,
  takeCascade,
  takeDay,
  takeFunding,
} from './mean-reversion-filters.js'
import {
  createInstrument,
  decisionMs,
  HOURS_PER_DAY,
  type MeanReversionInstrument,
  warmupBars,
  warmupMs,
} from './mean-reversion-state.js'
import { type Bar, createSignal, type SignalDecider } from './single-instrument.js'
import { missingAllowed, updateSpan } from './span.js'
import { goFlat, refresh, type Side, type Term, takeSide } from './voice.js'

function takeBar(config: MeanReversionConfig, state: MeanReversionInstrument, bar: Bar): void {
  if (!state.hourly) {
    if (bar.data.interval !== '1d' || bar.data.openTime <= state.newest) return
    // The median is read first: it is of the days before this one.
    state.median = medianQuoteVolume(state.filters)
    takeDaily(state, bar)
    takeDecisionBar(config, state, bar)
  } else if (bar.data.interval === '1d') {
    takeDaily(state, bar)
    state.median = medianQuoteVolume(state.filters)
  } else if (bar.data.interval === '1h' && bar.data.openTime > state.newest) takeDecisionBar(config, state, bar)
}

function takeDaily(state: MeanReversionInstrument, { data }: Bar): void {
  if (data.openTime <= state.newestDay) return
  // A return over a hole is no daily return.
  if (data.openTime > state.newestDay + DAY_MS) state.volatility.previousClose = 0
  state.newestDay = data.openTime
  updateEwmaVolatility(state.volatility, data.close)
  takeDay(state.filters, data)
}

function takeDecisionBar(config: MeanReversionConfig, state: MeanReversionInstrument, bar: Bar): void {
  const { openTime, high, low, close, volume } = bar.data
  const step = decisionMs(state)
  const asOf = openTime + step
  const gap = state.newest >= 0 && openTime > state.newest + step
  state.newest = openTime
  state.bars++
  const missing = updateSpan(state.span, openTime, step) ?? 0
  if (state.hourly) state.z = updatePriceZ(state.priceZ, close)
  else {
    // Returns over a hole are not returns of three days.
    if (gap) state.returnZ.closes.count = 0
    state.z = updateReturnZ(state.returnZ, close)
  }
  if (missing > missingAllowed(config.windowHours)) state.z = null
  pushRollingVwap(state.vwapState, high, low, close, volume)
  const atr = updateAtr(state.atrState, high, low, close)
  takeCascade(config, state.filters, bar.data, asOf, gap)
  if (atr === null || !knowsVolatility(state.volatility) || state.bars < warmupBars(config, state.hourly)) return
  state.atr = atr
  refresh(state.voice, asOf, close)
  leave(config, state, bar, asOf)
  enter(config, state, bar, asOf)
  if (state.voice.reason === '' || state.voice.reason === 'stale') goFlat(state.voice, 'neutral')
}

function leave(config: MeanReversionConfig, state: MeanReversionInstrument, { data }: Bar, asOf: number): void {
  const held = state.position
  state.held = held
  if (held === 0) return
  state.heldStop = state.stop
  state.heldSeq = state.entrySeq
  state.heldHours = (asOf - state.enteredAt) / HOUR_MS
  const stopped = held === 1 ? data.low <= state.stop : data.high >= state.stop
  const vwap = rollingVwap(state.vwapState)
  const reverted = vwap !== null && held * (data.close - vwap) >= 0
  const late = asOf - state.enteredAt >= config.timeStopDays * DAY_MS
  if (!stopped && !reverted && !late) return
  state.position = 0
  if (stopped || !reverted) state.barred = held
  goFlat(state.voice, stopped ? 'stop' : reverted ? 'vwap' : 'time-stop')
}

/** A refusal is told only where nothing else happened in the bar. The bar that ended a position does not begin it again. */
function enter(config: MeanReversionConfig, state: MeanReversionInstrument, bar: Bar, asOf: number): void {
  const { z, voice, filters, held } = state
  if (z === null) return
  const side: Side = z <= -config.entryZ ? 1 : z >= config.entryZ ? -1 : 0
  if (side !== state.barred) state.barred = 0
  if (side === 0 || state.position !== 0 || side === held || side === state.barred) return
  const refused = refusal(config, filters, state.median, asOf)
  if (refused !== '') {
    if (held === 0) goFlat(voice, refused)
    return
  }
  state.position = side
  state.stop = bar.data.close - side * config.stopAtr * state.atr
  state.enteredAt = asOf
  state.entrySeq = bar.seq
  state.boosted = fadesCascade(filters, side, asOf, config.timeStopDays * DAY_MS)
  const plain = Math.min(1, Math.abs(z) / (2 * config.entryZ))
  const confidence = state.boosted ? Math.min(1, plain * config.cascadeConfidence) : plain
  const sigma = Math.max(ewmaVolatility(state.volatility) ?? 0, config.volFloor)
  takeSide(voice, side, 'reversion', side * plain, confidence, side * Math.min(config.volTarget / sigma, 1))
}

function terms(config: MeanReversionConfig, state: MeanReversionInstrument): readonly Term[] {
  const { voice, filters, z } = state
  const rate8h = fundingRate8h(filters, voice.asOf)
  const list: Term[] = [
    { name: 'z', value: z, threshold: config.entryZ },
    { name: 'vwap', value: rollingVwap(state.vwapState) },
    { name: 'atr', value: state.atr },
    { name: 'annualVol', value: ewmaVolatility(state.volatility) },
    {
      name: 'medianQuoteVolume',
      value: state.median === null ? null : Math.round(state.median),
      threshold: config.minQuoteVolume,
    },
    { name: 'funding8hBps', value: rate8h === null ? null : rate8h * 10_000, threshold: config.maxFundingBps },
    { name: 'cascade', value: filters.flag },
    { name: 'volumeZ', value: filters.volumeZ, threshold: config.cascadeVolumeZ },
    { name: 'returnSigmas', value: filters.cascade.returnSigmas, threshold: config.cascadeReturnSigmas },
  ]
  if (state.held !== 0)
    list.push(
      { name: 'testedStop', value: state.heldStop },
      { name: 'heldHours', value: state.heldHours, threshold: config.timeStopDays * HOURS_PER_DAY },
    )
  if (voice.reason === 'reversion') list.push({ name: 'stop', value: state.stop })
  if (voice.reason === 'reversion' && state.boosted)
    list.push({ name: 'cascadeConfidence', value: config.cascadeConfidence })
  return list
}

function inputs(state: MeanReversionInstrument): readonly number[] {
  const { filters, voice } = state
  const list = state.held === 0 ? [] : [state.heldSeq]
  if (fundingRate8h(filters, voice.asOf) !== null) list.push(filters.fundingSeq)
  return list
}

function isHourly(config: MeanReversionConfig, entry: UniverseEntry, finest: Interval): boolean {
  const interval = entry.interval ?? finest
  if (config.variant === 'hourly' && interval !== '1h')
    throw new QuantbotError(
      'CONFIG_INVALID',
      `signals.meanReversion.variant: hourly needs bars of 1h, but ${entry.instrument} is read at ${interval}`,
    )
  return config.variant !== 'daily' && interval === '1h'
}

/**
 * The decider `signal/meanrev`. Long at z ≤ −entryZ, short at z ≥ entryZ, unless a filter refuses; leaves at stopAtr ATR from the entry's
 * close, at or beyond the rolling VWAP, or after timeStopDays. Confidence [D]: min(1, |z|/(2 entryZ)), that is ½ at the threshold; times
 * `cascadeConfidence`, at most 1, on an entry against a cascade of the last timeStopDays. Strength: side times the plain confidence.
 * Target, fixed at entry: side · min(volTarget/σ, 1), σ as in signal/tsmom. Reasons: `reversion`, `stop`, `vwap`, `time-stop`, refusals
 * `cascade`, `illiquid`, `funding`, `funding-missing`, and `neutral`, `stale`, `delisted`. A null term is a datum that the tape lacks:
 * `missing: skip` passes it. Inputs: the bar that began the position held, the settlement.
 * Throws CONFIG_INVALID where `variant: hourly` meets an instrument without hourly bars.
 */
export function createMeanReversion(
  config: MeanReversionConfig,
  universe: readonly UniverseEntry[],
  finestInterval: Interval,
): SignalDecider<MeanReversionInstrument> {
  const hourly = universe.map((entry) => isHourly(config, entry, finestInterval))
  return createSignal<MeanReversionInstrument>(
    {
      name: 'signal/meanrev',
      version: '2',
      intervals: hourly.includes(true) ? ['1h', '1d'] : ['1d'],
      readsFunding: true,
      warmupMs: Math.max(0, ...hourly.map((fine) => warmupMs(config, fine))),
      band: config.band,
      create: (entry) => createInstrument(config, entry, isHourly(config, entry, finestInterval)),
      decisionMs,
      takeBar: (state, bar) => takeBar(config, state, bar),
      takeFunding: (state, event) => takeFunding(state.filters, event),
      dropPosition: (state) => {
        state.position = 0
      },
      terms: (state) => terms(config, state),
      inputs,
    },
    universe,
  )
}
