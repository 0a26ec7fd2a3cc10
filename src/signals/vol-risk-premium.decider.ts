/**
 * Owns the signal `vrp` (methods.md 9): sells a straddle of one to two weeks with wings while implied variance is above what has been
 * realised, and keeps it flat in US dollars. Must never use prices later than the decision, nor trade an option without two sides.
 *
 * Decides on the hour, on chains that came since the last time. The size is fixed at entry; afterwards only the hedge changes.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { VolRiskPremiumConfig } from '#core/config/signals-schema'
import { type DecideContext, type Decider, SILENCE } from '#core/decider'
import { DAY_MS, type EpochMs, floorTo, HOUR_MS, type Interval, intervalMs, isInterval } from '#core/time'
import { kindOfId } from '#events/instrument-kind'
import type { PackageChanged } from '#events/package.events'
import { wingQuantity } from '#quant/option-package'
import { variancePremium } from '#quant/volatility-premium'
import { hoursToMs, type Wanted } from './delta-hedge.js'
import { type Chain, freshChains, nearestDelta, straddleAt, type TradeableOption } from './option-chain-book.js'
import {
  createDesk,
  DESK_READS,
  type Desk,
  type DeskInput,
  follow,
  hedgeIfDue,
  leaveByRule,
  open,
  stayFlat,
  takeInput,
} from './option-desk.js'
import { hearOwn, speak, unitTerms } from './option-words.js'
import type { PackageDraft, PackageTerm } from './package-voice.js'
import { addPrice, createSeries, type PriceSeries, trailing, type Window } from './vol-realised.js'

const NAME = 'signal/vrp'
const POINTS = 100
/** Kind and quote of what tells the coin's price in dollars. */
const OF_COIN = /^(?:spot|linearPerpetual|inversePerpetual) \w*USD\w*$/
/** Bars of the coin that do not come for so long are replaced by another instrument's (ours). */
const BARS_LOST_MS = DAY_MS

/** What decided to sell, kept for the words about what is held. */
interface Premium {
  iv: number
  rv: number
  stepHours: number
  /** iv² − rv², or points by the rule `points`. */
  edge: number
  /** Of a unit, quote. */
  premium: number
  wingCost: number
  wings: number
}

/** Bounded: chains of two weeks, prices of `maxDays`, instruments listed of one coin. */
export interface VolRiskPremiumState {
  desk: Desk
  /** Instruments whose hourly bars are prices of the coin: of the universe, and as they are listed. */
  ofCoin: { [instrument: string]: true }
  /** Whose bars are in use; empty: none yet. */
  source: string
  bars: PriceSeries
  index: PriceSeries
  premium: Premium | null
  /** Newest chain that entry has looked at, and the hour of that look. */
  lookedAt: EpochMs
  lookedHour: EpochMs
  /** Expiry that was left at a loss: not sold again. */
  burnt: EpochMs
}

type Config = VolRiskPremiumConfig

function takePrice(state: VolRiskPremiumState, config: Config, event: DeskInput): void {
  switch (event.type) {
    case 'OptionChainObserved':
      if (event.data.indexPrice !== null) addPrice(state.index, event.data.at, event.data.indexPrice)
      break
    case 'InstrumentListed':
      if (event.data.base === config.currency && OF_COIN.test(`${event.data.kind} ${event.data.quote}`))
        state.ofCoin[event.data.instrument] = true
      break
    case 'InstrumentDelisted':
      delete state.ofCoin[event.data.instrument]
      break
    case 'BarClosed':
    case 'BarAggregated': {
      const { instrument, interval, openTime, close } = event.data
      if (isInterval(interval)) takeBar(state, instrument, openTime + intervalMs(interval), close)
      break
    }
    default:
  }
}

/** The first instrument of the coin whose bars come is the source for as long as they do. */
function takeBar(state: VolRiskPremiumState, instrument: string, closeAt: EpochMs, close: number): void {
  const { bars } = state
  const isLost = closeAt - (bars.at.at(-1) ?? closeAt) > BARS_LOST_MS
  // Most bars are another instrument's: told apart before the search among those of the coin.
  if (state.source !== '' && instrument !== state.source && !isLost) return
  if (state.ofCoin[instrument] === undefined) return
  if (state.source === '' || (instrument !== state.source && isLost)) {
    state.source = instrument
    bars.at = []
    bars.prices = []
  }
  // Steps are those of closes: of several hours, the close that ends one.
  if (instrument === state.source && floorTo(closeAt, bars.stepMs) === closeAt) addPrice(bars, closeAt, close)
}

const windowFor = ({ bars, index }: VolRiskPremiumState, now: EpochMs, lengthMs: number): Window | undefined =>
  trailing(bars, now, lengthMs) ?? trailing(index, now, lengthMs)

interface Trade {
  readonly wanted: readonly Wanted[]
  readonly premium: Omit<Premium, 'rv' | 'stepHours' | 'edge'>
}

/** Straddle at the forward and wings that the budget buys; undefined without two-sided quotes of all four. */
function tradeOf(chain: Chain, { wingDelta, wingBudget }: Config): Trade | undefined {
  const straddle = straddleAt(chain)
  if (straddle === undefined) return undefined
  const { call, put } = straddle
  const premium = call.bid + put.bid
  const legs: Wanted[] = [
    { role: 'call', ratio: -1, option: call },
    { role: 'put', ratio: -1, option: put },
  ]
  let wingCost = 0
  let wings = 0
  if (wingBudget > 0) {
    const wingCall = nearestDelta(chain, 'call', wingDelta, Math.max(chain.forward, call.strike))
    const wingPut = nearestDelta(chain, 'put', wingDelta, Math.min(chain.forward, put.strike))
    if (wingCall === undefined || wingPut === undefined) return undefined
    wingCost = wingCall.ask + wingPut.ask
    wings = wingQuantity(premium, wingCost, wingBudget)
    const wing = (role: 'wingCall' | 'wingPut', option: TradeableOption): Wanted => ({ role, ratio: wings, option })
    legs.push(wing('wingCall', wingCall), wing('wingPut', wingPut))
  }
  const { forward } = chain
  const iv = (call.iv + put.iv) / 2
  return { wanted: legs, premium: { iv, premium: premium * forward, wingCost: wingCost * forward * wings, wings } }
}

/** Why nothing is sold; undefined when something was. The nearest expiry that can be traded counts. */
function enter(state: VolRiskPremiumState, config: Config, now: EpochMs): string | undefined {
  const { desk } = state
  const isMature = ({ expiresAt }: Chain): boolean =>
    expiresAt - now >= config.minDays * DAY_MS && expiresAt - now <= config.maxDays * DAY_MS
  const known = desk.book.chains.filter(isMature)
  if (known.length === 0) return 'no-chain'
  const chains = freshChains(desk.book, now, hoursToMs(config.maxAgeHours)).filter(isMature)
  if (chains.length === 0) return 'stale'
  const unburnt = chains.filter(({ expiresAt }) => expiresAt !== state.burnt)
  if (unburnt.length === 0) return 'loss'
  for (const chain of unburnt) {
    const trade = tradeOf(chain, config)
    if (trade !== undefined) return sell(state, config, now, chain, trade)
  }
  return 'no-quotes'
}

function sell(
  state: VolRiskPremiumState,
  config: Config,
  now: EpochMs,
  chain: Chain,
  trade: Trade,
): string | undefined {
  const { iv } = trade.premium
  const window = windowFor(state, now, chain.expiresAt - now)
  const found = window && variancePremium(window.logReturns, iv, window.periodsPerYear)
  if (window === undefined || found === undefined || found === null) return 'warming-up'
  const isByPoints = config.rule === 'points'
  const edge = isByPoints ? found.vol * POINTS : found.variance
  if (isByPoints ? edge < config.minPoints : !(edge > 0)) return 'no-premium'
  const strength = -Math.min(1, Math.max(0, found.variance / (iv * iv)))
  if (!open(state.desk, config, now, chain, trade.wanted, { reason: 'premium', strength, grossVega: false }))
    return 'no-hedge'
  state.premium = { ...trade.premium, rv: found.realisedVol, stepHours: window.stepHours, edge }
  return undefined
}

/** Leaves with `exitDays` left, or at a loss of `stopMultiple` premiums. True while it is held on. */
function holdsOn(state: VolRiskPremiumState, config: Config, now: EpochMs): boolean {
  const { desk, premium } = state
  const { unit } = desk
  if (unit === null || premium === null) return false
  const { expiresAt } = unit
  if (expiresAt - now <= config.exitDays * DAY_MS) return !leaveByRule(desk, 'expiry')
  if (desk.pnl > -config.stopMultiple * premium.premium) return true
  const hasLeft = leaveByRule(desk, 'loss')
  if (hasLeft) state.burnt = expiresAt
  return !hasLeft
}

function onInstant(state: VolRiskPremiumState, config: Config, now: EpochMs): void {
  const { desk } = state
  const found = follow(desk, config, now)
  if (found === 'followed' && holdsOn(state, config, now)) hedgeIfDue(desk, config, now)
  if (found !== 'flat' || desk.voice.badChecks.length > 0) return
  const newest = desk.book.chains.reduce((at, chain) => Math.max(at, chain.at), 0)
  const hour = floorTo(now, HOUR_MS)
  if (hour <= state.lookedHour) return
  // Without a newer chain there is only the age of the old ones to notice.
  if (newest <= state.lookedAt && desk.voice.reason === 'stale') return
  state.lookedHour = hour
  state.lookedAt = newest
  state.premium = null
  const reason = enter(state, config, now)
  if (reason !== undefined) stayFlat(desk, reason)
}

function terms({ desk, premium }: VolRiskPremiumState, config: Config): PackageTerm[] {
  if (premium === null) return []
  const { iv, rv, stepHours, edge, wingCost, wings } = premium
  const isByPoints = config.rule === 'points'
  return [
    { name: isByPoints ? 'vrpPoints' : 'vrpVariance', value: edge, threshold: isByPoints ? config.minPoints : 0 },
    { name: 'iv', value: iv },
    { name: 'rv', value: rv },
    { name: 'rvStepHours', value: stepHours },
    { name: 'premium', value: premium.premium },
    { name: 'wingCost', value: wingCost, threshold: config.wingBudget * premium.premium },
    { name: 'wings', value: wings },
    { name: 'pnl', value: desk.pnl, threshold: -config.stopMultiple * premium.premium },
    ...unitTerms(desk, config, false),
  ]
}

/** Known by the universe: the history before a run has bars and no listings. */
function ofCoin({ currency }: Config, universe: readonly UniverseEntry[]): VolRiskPremiumState['ofCoin'] {
  const own = universe.filter(
    ({ instrument, base, quote }) => base === currency && OF_COIN.test(`${kindOfId(instrument)} ${quote}`),
  )
  return Object.fromEntries(own.map(({ instrument }) => [instrument, true]))
}

/** Where bars are finer, the one that ends with the hour has its close. */
function finerThanHours(universe: readonly UniverseEntry[], interval: Interval): Interval[] {
  const used = new Set(universe.map((entry) => entry.interval ?? interval))
  return [...used].filter((name) => intervalMs(name) < HOUR_MS)
}

function say(state: VolRiskPremiumState, config: Config, context: DecideContext): readonly PackageDraft[] {
  const inputs = state.desk.unit === null ? [] : [state.desk.unit.chainSeq]
  return speak(NAME, state.desk, config, context, () => terms(state, config), inputs)
}

/** The decider `signal/vrp`. O(options of two weeks) a chain; a look at entry is O(hours of `maxDays`). */
export function createVolRiskPremium(
  config: Config,
  universe: readonly UniverseEntry[] = [],
  interval: Interval = '1h',
): Decider<VolRiskPremiumState, DeskInput, PackageChanged> {
  const keepMs = config.maxDays * DAY_MS
  const stepMs = hoursToMs(config.realisedStepHours)
  return {
    name: NAME,
    version: '1',
    dependencies: ['market/bars'],
    reads: [...DESK_READS, 'BarClosed', 'BarAggregated'],
    emits: ['PackageChanged'],
    intervals: ['1h', ...finerThanHours(universe, interval)],
    warmupMs: keepMs,
    onOrderPath: false,
    initial: () => ({
      desk: createDesk('vrp', 'straddle', config),
      ofCoin: ofCoin(config, universe),
      source: '',
      bars: createSeries(stepMs, keepMs),
      index: createSeries(stepMs, keepMs),
      premium: null,
      lookedAt: 0,
      lookedHour: 0,
      burnt: 0,
    }),
    evolve(state, event) {
      if (event.type === 'PackageChanged') hearOwn(state.desk, event)
      else {
        takeInput(state.desk, config, event)
        takePrice(state, config, event)
        if (event.type === 'InstantClosed') onInstant(state, config, event.ts)
      }
      return state
    },
    decide(state, event, context) {
      if (event.type !== 'InstantClosed' && event.type !== 'DataQualityChanged') return SILENCE
      return say(state, config, context)
    },
  }
}
