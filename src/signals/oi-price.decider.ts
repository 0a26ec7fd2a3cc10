/**
 * Owns open interest against price (methods, section 5), and the early warning of cascades, which takes no position. Must never read open
 * interest in dollars, nor a snapshot before it was received.
 *
 * Decides on hourly bars where the universe has them, else on daily ones (term `stepHours`). Where the next snapshot is due, it may come
 * within the same instant, behind the bar: the opinion then waits for it, at most until the instant closes.
 * Several instruments of one coin are weighed by the quote volume of their last 24 hours.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { OiPriceConfig } from '#core/config/signals-schema'
import { type DecideContext, type Decider, SILENCE } from '#core/decider'
import { DAY_MS, HOUR_MS, type Interval, isAligned } from '#core/time'
import type {
  DataQualityChanged,
  FundingSettled,
  InstantClosed,
  InstrumentDelisted,
  OpenInterestChanged,
} from '#events/market.events'
import type { CascadeWarningChanged, SignalChanged } from '#events/signal.events'
import { ewmaVolatility, updateEwmaVolatility } from '#indicators/ewma-volatility'
import { isCurrent, oiQuadrant, QUADRANT_STRENGTH, takeOpenInterest } from '#indicators/open-interest'
import {
  closeWarningDay,
  judgeWarning,
  noteWarningDay,
  takeWarningFunding,
  type WarningRules,
} from '#indicators/open-interest-warning'
import { pushRing } from '#indicators/window'
import {
  averageDailyVolume,
  changeOver,
  createState,
  divergenceOf,
  type OiInstrument,
  type OiPriceState,
  priceChange,
  reporters,
  takeStep,
  totalOf,
  VOLATILITY_COM,
} from './oi-pool.js'
import { type OiDraft, sayOpinion, sayWarning } from './oi-words.js'
import type { Bar } from './single-instrument.js'
import {
  EWMA_MEMORY,
  expires,
  goFlat,
  hear,
  isAboutHolding,
  judgeInput,
  refresh,
  type Side,
  speaks,
  takeSide,
} from './voice.js'

type In = Bar | FundingSettled | OpenInterestChanged | InstantClosed | InstrumentDelisted | DataQualityChanged
type Out = SignalChanged | CascadeWarningChanged
export type OiPriceDecider = Decider<OiPriceState, In, Out>

const HOURS_A_YEAR = 8760
/** A divergence against the position halves its confidence [D]. */
const DIVERGENT_CONFIDENCE = 0.5

const rulesOf = (config: OiPriceConfig): WarningRules => ({
  z: config.warningZ,
  fundingQuantile: config.warningFundingQuantile,
  fundingDays: config.warningFundingDays,
})

function find(state: OiPriceState, instrument: string): OiInstrument | undefined {
  const at = state.index[instrument]
  return at === undefined ? undefined : state.instruments[at]
}

function touch(state: OiPriceState, one: OiInstrument): void {
  const at = state.index[one.voice.instrument]!
  if (!state.touched.includes(at)) state.touched.push(at)
}

function setPending(state: OiPriceState, one: OiInstrument, pending: boolean): void {
  if (one.pending !== pending) state.pending += pending ? 1 : -1
  one.pending = pending
}

function takeBar(config: OiPriceConfig, state: OiPriceState, one: OiInstrument, bar: Bar): void {
  const { interval, openTime, close, volume } = bar.data
  if (interval === '1d' && openTime > one.newestDay) {
    // A return over a hole is no daily return.
    if (one.newestDay >= 0 && openTime > one.newestDay + DAY_MS) one.volatility.previousClose = 0
    one.newestDay = openTime
    updateEwmaVolatility(one.volatility, close)
    pushRing(one.dailyVolumes, close * volume)
  }
  if ((interval === '1d') !== (one.stepMs === DAY_MS) || openTime + one.stepMs <= one.newest) return
  const now = openTime + one.stepMs
  takeStep(one, now, close, volume)
  one.barSeq = bar.seq
  if (!one.trades) return
  const pool = reporters(state, one.base, now)
  const isAwaited = !areCurrent(pool, now)
  // A bar that comes late has no open interest to wait for.
  setPending(state, one, isAwaited && bar.ts <= now)
  if (!one.pending) opine(config, state, one, pool)
}

function takeSnapshot(config: OiPriceConfig, state: OiPriceState, event: OpenInterestChanged): void {
  const { instrument, openInterest, at } = event.data
  const one = find(state, instrument)
  if (one === undefined || one.voice.delisted) return
  if (!takeOpenInterest(one.track, openInterest, at, event.ts, event.seq)) return
  // What is received between two bars counts from the next one on.
  if (!isAligned(event.ts, one.stepMs)) return
  const pool = reporters(state, one.base, event.ts)
  if (!areCurrent(pool, event.ts)) return
  const coin = state.coins[one.base]!
  for (let k = 0; k < coin.length; k++) {
    const other = state.instruments[coin[k]!]!
    if (other.trades && other.newest === event.ts && !other.voice.delisted) opine(config, state, other, pool)
  }
}

function areCurrent(pool: readonly OiInstrument[], now: number): boolean {
  for (let k = 0; k < pool.length; k++) if (!isCurrent(pool[k]!.track, now)) return false
  return true
}

/** When anything was last received of a coin; 0: never. */
function newestReceipt(state: OiPriceState, base: string): number {
  const coin = state.coins[base] ?? []
  let newest = 0
  for (let k = 0; k < coin.length; k++) newest = Math.max(newest, state.instruments[coin[k]!]!.track.receivedAt)
  return newest
}

/** Opinion and warning at the close of the newest bar, of all that was received by now; `pool` are the reporters of then. */
function opine(config: OiPriceConfig, state: OiPriceState, one: OiInstrument, pool: readonly OiInstrument[]): void {
  const now = one.newest
  setPending(state, one, false)
  touch(state, one)
  one.oiChange = changeOver(pool, config.horizonHours)
  one.priceChange = priceChange(one, config.horizonHours)
  one.divergence = pool.length === 0 ? 0 : divergenceOf(one, pool, config.divergencePeriods)
  const newest = newestReceipt(state, one.base)
  one.oiAgeMs = newest > 0 ? now - newest : null
  warn(config, one, pool, now)
  const annualVol = ewmaVolatility(one.volatility)
  if (annualVol === null) return
  one.annualVol = annualVol
  const { voice } = one
  if (pool.length === 0 && one.oiAgeMs !== null) {
    if (voice.reason !== '') goFlat(voice, 'stale')
  } else if (one.oiChange === null) {
    refresh(voice, now, close(one))
    goFlat(voice, 'warming-up')
  } else if (one.priceChange === null) {
    if (voice.reason !== '' && expires(voice, now, one.stepMs)) goFlat(voice, 'stale')
    else if (voice.reason !== '') voice.reason = 'missing-bar'
  } else {
    refresh(voice, now, close(one))
    takeQuadrant(config, one, one.priceChange, one.oiChange)
  }
}

const close = (one: OiInstrument): number => one.closes.values[(one.closes.at || one.closes.capacity) - 1]!

function takeQuadrant(config: OiPriceConfig, one: OiInstrument, price: number, coins: number): void {
  const quadrant = oiQuadrant(price, coins, config.priceBand, config.openInterestBand)
  const strength = QUADRANT_STRENGTH[quadrant]
  const side = Math.sign(strength) as Side // of −1, −0.5, 0, 0.5, 1
  const sigma = Math.max(one.annualVol, config.volFloor)
  const size = sigma > 0 ? Math.min(config.volTarget / sigma, 1) : 1
  const isAgainst = side !== 0 && one.divergence === -side
  const confidence = side === 0 ? 0 : isAgainst ? DIVERGENT_CONFIDENCE : 1
  takeSide(one.voice, side, quadrant, strength, confidence, strength * size)
}

function warn(config: OiPriceConfig, one: OiInstrument, pool: readonly OiInstrument[], now: number): void {
  const build = changeOver(pool, config.warningDays * 24)
  const volume = pool.length === 0 ? null : averageDailyVolume(one)
  const ratio = volume === null ? null : (totalOf(pool, now) * close(one)) / volume
  closeWarningDay(one.warning, now)
  one.judged = judgeWarning(one.warning, rulesOf(config), now, build, ratio)
  if (isAligned(now, DAY_MS)) noteWarningDay(one.warning, now, build, ratio)
}

function takeInstant(config: OiPriceConfig, state: OiPriceState, { instant, missing }: InstantClosed['data']): void {
  if (state.pending > 0)
    for (const one of state.instruments)
      if (one.pending) opine(config, state, one, reporters(state, one.base, one.newest))
  for (const instrument of missing) {
    const one = find(state, instrument)
    if (one === undefined || !one.trades || !expires(one.voice, instant, one.stepMs)) continue
    goFlat(one.voice, 'stale')
    touch(state, one)
  }
}

function evolve(config: OiPriceConfig, state: OiPriceState, event: In | Out): OiPriceState {
  if (event.type === 'SignalChanged') {
    const one = find(state, event.data.instrument)
    if (one !== undefined) hear(one.voice, event.data)
    return state
  }
  if (event.type === 'CascadeWarningChanged') {
    const one = find(state, event.data.instrument)
    if (one !== undefined) one.saidOn = event.data.isOn
    return state
  }
  if (state.touched.length > 0) state.touched = []
  switch (event.type) {
    case 'InstantClosed':
      takeInstant(config, state, event.data)
      break
    case 'OpenInterestChanged':
      takeSnapshot(config, state, event)
      break
    case 'DataQualityChanged': {
      const judged = find(state, event.data.subject)
      if (judged === undefined || !judged.trades) break
      judgeInput(judged.voice, event.data.check, event.data.isBad)
      if (isAboutHolding(judged.voice)) touch(state, judged)
      break
    }
    default:
      takeOwn(config, state, event)
  }
  return state
}

function takeOwn(config: OiPriceConfig, state: OiPriceState, event: Bar | FundingSettled | InstrumentDelisted): void {
  const one = find(state, event.data.instrument)
  if (one === undefined || one.voice.delisted) return
  if (event.type === 'InstrumentDelisted') {
    one.voice.delisted = true
    setPending(state, one, false)
    one.judged = null
    if (one.voice.reason !== '') goFlat(one.voice, 'delisted')
    touch(state, one)
  } else if (event.type === 'FundingSettled') {
    const { rate, intervalHours, settledAt, proxy } = event.data
    if (!proxy && intervalHours > 0)
      takeWarningFunding(one.warning, settledAt, Math.abs(rate * HOURS_A_YEAR) / intervalHours, rulesOf(config))
  } else takeBar(config, state, one, event)
}

const coinOf = (state: OiPriceState, { base }: OiInstrument): OiInstrument[] =>
  (state.coins[base] ?? []).map((i) => state.instruments[i]!)

function decide(config: OiPriceConfig, state: OiPriceState, context: DecideContext): readonly OiDraft[] {
  if (state.touched.length === 0) return SILENCE
  const drafts: OiDraft[] = []
  for (let k = 0; k < state.touched.length; k++) {
    const one = state.instruments[state.touched[k]!]!
    if (!one.trades) continue
    if (speaks(one.voice, config.band)) drafts.push(sayOpinion(config, one, coinOf(state, one), context))
    if ((one.judged?.isOn ?? false) !== one.saidOn) drafts.push(sayWarning(config, one, coinOf(state, one)))
  }
  return drafts.length === 0 ? SILENCE : drafts
}

/**
 * The decider `signal/oi`. Quadrants of the log changes of price and of open interest (coins) over `horizonHours`, bands inclusive: new
 * longs +1, short covering −0.5, new shorts −1, long unwind +0.5, else neutral. Target: strength · min(volTarget/σ, 1), fraction of NAV, σ
 * the EWMA volatility of daily closes not below `volFloor`. Confidence 1, halved by a divergence against the position. Reasons: the
 * quadrant, `warming-up` (no open interest now or then), `missing-bar`, `stale`, `delisted`. Open interest is stale `maxAgeHours` after
 * it was received: the stamp of a daily figure is its day's beginning.
 */
export function createOiPrice(
  config: OiPriceConfig,
  universe: readonly UniverseEntry[],
  interval: Interval,
): OiPriceDecider {
  const isHourly = universe.some((entry) => (entry.interval ?? interval) === '1h')
  const isDaily = universe.some((entry) => (entry.interval ?? interval) !== '1h')
  return {
    name: 'signal/oi',
    version: '1',
    dependencies: ['market/bars'],
    reads: [
      'BarClosed',
      'BarAggregated',
      'FundingSettled',
      'OpenInterestChanged',
      'InstantClosed',
      'InstrumentDelisted',
      'DataQualityChanged',
    ],
    emits: ['SignalChanged', 'CascadeWarningChanged'],
    intervals: isHourly ? ['1h', '1d'] : isDaily ? ['1d'] : [],
    warmupMs: Math.max(EWMA_MEMORY * VOLATILITY_COM, config.warningFundingDays + config.warningDays) * DAY_MS + HOUR_MS,
    onOrderPath: false,
    initial: () => createState(config, universe, interval),
    evolve: (state, event) => evolve(config, state, event),
    decide: (state, _event, context) => decide(config, state, context),
  }
}
