/**
 * Owns the channel breakout (methods, section 2): Donchian; Wilder 1978; Faith, Original Turtle Rules (2003). Must never let a bar into
 * the channel or the stop that it is tested against, and never re-size a position that it holds.
 *
 * Position, stop and size are the signal's own fold of the bars, entered at the close of the breakout; what the account really holds is
 * the business of risk and execution. Order within a bar: the stop of yesterday, the exit channel, entries; the stop moves last.
 * Windows are of bars that came; a channel that lacks more than a tenth of its days lets nothing in, exits stay live.
 */
import type { DonchianConfig, UniverseEntry } from '#core/config/schema'
import { DAY_MS } from '#core/time'
import { type AdxState, adxAtrOf, createAdx, updateAdx } from '#indicators/atr'
import {
  breakoutSide,
  breakoutStrength,
  breakoutWeight,
  type DonchianState as ChannelState,
  createDonchian as createChannel,
  updateDonchian as updateChannel,
} from '#indicators/donchian'
import {
  createTrailingStop,
  ratchetTrailingStop,
  type TrailingStopState,
  testTrailingStop,
} from '#indicators/trailing-stop'
import { type Bar, createSignal, type InstrumentState, type SignalDecider } from './single-instrument.js'
import { createSpan, missingAllowed, type SpanState, updateSpan } from './span.js'
import { createVoice, goFlat, refresh, type Side, type Term, takeSide } from './voice.js'

/** Bars after which ADX has forgotten how it was seeded (methods, section 2). */
const ADX_BARS = 150
/** Size carries the strength of a breakout already; a second factor on the same number would count it twice [D]. */
const CONFIDENCE = 1

/** Bounded: two channels. Numbers of the last bar are kept to explain it. */
export interface DonchianInstrument extends InstrumentState {
  /** Open time of the newest bar; −1 before the first. */
  newest: number
  bars: number
  /** Also gives ATR. */
  adx: AdxState
  entry: ChannelState
  exit: ChannelState
  span: SpanState
  position: Side
  stop: TrailingStopState
  entrySeq: number
  /** Bar that began the position held when the last bar came. */
  heldSeq: number
  strength: number
  adxValue: number
  atr: number
  /** Stop that the last bar was tested against; null without a position then. */
  testedStop: number | null
  /** Bars missing in the entry window. */
  missing: number
}

export const donchianWarmupBars = (config: DonchianConfig): number =>
  Math.max(config.entryDays + 1, config.exitDays + 1, ADX_BARS)

function create(config: DonchianConfig, entry: UniverseEntry): DonchianInstrument {
  return {
    voice: createVoice(entry.instrument),
    newest: -1,
    bars: 0,
    adx: createAdx(config.atrDays),
    entry: createChannel(config.entryDays),
    exit: createChannel(config.exitDays),
    span: createSpan(config.entryDays + 1),
    position: 0,
    stop: createTrailingStop(1, 1, config.stopAtr, 0),
    entrySeq: 0,
    heldSeq: 0,
    strength: 0,
    adxValue: 0,
    atr: 0,
    testedStop: null,
    missing: 0,
  }
}

function takeBar(config: DonchianConfig, state: DonchianInstrument, bar: Bar): void {
  const { openTime, high, low, close } = bar.data
  if (openTime <= state.newest) return
  state.newest = openTime
  state.bars++
  const adx = updateAdx(state.adx, high, low, close)
  const atr = adxAtrOf(state.adx)
  updateChannel(state.exit, high, low)
  updateChannel(state.entry, high, low)
  const missing = updateSpan(state.span, openTime, DAY_MS)
  if (adx === null || atr === null || missing === null || state.bars < donchianWarmupBars(config)) return
  state.adxValue = adx
  state.atr = atr
  state.missing = missing
  const { voice } = state
  refresh(voice, openTime + DAY_MS, close)
  const held = leave(state, bar)
  enter(config, state, bar, held)
  if (held !== 0 && held === state.position) ratchetTrailingStop(state.stop, high, low, atr)
  if (voice.reason === '' || voice.reason === 'stale') goFlat(voice, 'neutral')
}

/** Ends the position where its stop or exit channel says so. Gives the side that was held when the bar began. */
function leave(state: DonchianInstrument, { data }: Bar): Side {
  const held = state.position
  state.testedStop = null
  if (held === 0) return held
  state.testedStop = state.stop.stop
  state.heldSeq = state.entrySeq
  const stopped = testTrailingStop(state.stop, data.open, data.high, data.low) !== null
  if (!stopped && breakoutSide(data.close, state.exit.upper, state.exit.lower) !== -held) return held
  state.position = 0
  goFlat(state.voice, stopped ? 'trailing-stop' : 'exit-channel')
  return held
}

/**
 * Enters on a close beyond the channel. Not the side just left: the bar that ended a position does not begin it again; the other side
 * is a reversal. A refusal is told only where nothing else happened in the bar.
 */
function enter(config: DonchianConfig, state: DonchianInstrument, bar: Bar, held: Side): void {
  const { close } = bar.data
  const side = breakoutSide(close, state.entry.upper, state.entry.lower)
  if (side === 0 || state.position !== 0 || side === held) return
  const { voice, atr } = state
  if (state.missing > missingAllowed(config.entryDays)) {
    if (held === 0) goFlat(voice, 'missing-bars')
    return
  }
  if (state.adxValue < config.adxMin) {
    if (held === 0) goFlat(voice, 'choppy')
    return
  }
  const level = side === 1 ? state.entry.upper : state.entry.lower
  state.strength = breakoutStrength(side, close, level, atr, config.strengthCapAtr)
  const { riskPerTrade, stopAtr, minSize } = config
  const target = breakoutWeight(side, state.strength, close, atr, riskPerTrade, stopAtr, minSize)
  state.position = side
  state.stop = createTrailingStop(side, close, stopAtr, atr)
  state.entrySeq = bar.seq
  takeSide(voice, side, 'breakout', side * state.strength, CONFIDENCE, target)
}

function terms(config: DonchianConfig, state: DonchianInstrument): readonly Term[] {
  const { voice, entry, exit } = state
  const list: Term[] = [
    { name: 'upper', value: entry.upper },
    { name: 'lower', value: entry.lower },
    { name: 'adx', value: state.adxValue, threshold: config.adxMin },
    { name: 'atr', value: state.atr },
  ]
  if (voice.reason === 'breakout')
    list.push({ name: 'strength', value: state.strength }, { name: 'stop', value: state.stop.stop })
  if (voice.reason === 'missing-bars')
    list.push({ name: 'missingBars', value: state.missing, threshold: missingAllowed(config.entryDays) })
  if (state.testedStop !== null)
    list.push(
      { name: 'exitUpper', value: exit.upper },
      { name: 'exitLower', value: exit.lower },
      { name: 'testedStop', value: state.testedStop },
    )
  return list
}

/**
 * The decider `signal/donchian`. Enters at a close beyond the `entryDays` channel of the bars before it where ADX ≥ adxMin; leaves at the
 * ATR trailing stop or a close beyond the opposite `exitDays` channel; reverses in the bar that leaves where that breaks the opposite
 * entry channel. Strength: side · s, s = clip(side (C − level)/ATR, 0, cap)/cap. Target, fixed at entry: side (minSize + (1 − minSize) s)
 * riskPerTrade C/(stopAtr ATR). Confidence 1. Reasons: `breakout`, `exit-channel`, `trailing-stop`, `choppy` and `missing-bars` (a
 * breakout refused), `neutral`, `stale`, `delisted`. Terms: upper, lower (entry channel; compare with `price`), adx, atr, strength and
 * stop at entry, exit channel and tested stop where a position was held. Inputs: the bar that began the position held.
 */
export function createDonchian(
  config: DonchianConfig,
  universe: readonly UniverseEntry[],
): SignalDecider<DonchianInstrument> {
  return createSignal<DonchianInstrument>(
    {
      name: 'signal/donchian',
      version: '2',
      intervals: ['1d'],
      readsFunding: false,
      // Twice what it waits for: a trade that began before the start is then known and held.
      warmupMs: 2 * donchianWarmupBars(config) * DAY_MS,
      band: config.band,
      create: (entry) => create(config, entry),
      decisionMs: () => DAY_MS,
      takeBar: (state, bar) => takeBar(config, state, bar),
      dropPosition: (state) => {
        state.position = 0
      },
      terms: (state) => terms(config, state),
      inputs: (state) => (state.testedStop === null ? [] : [state.heldSeq]),
    },
    universe,
  )
}
