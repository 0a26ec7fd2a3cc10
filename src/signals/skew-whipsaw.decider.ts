/**
 * Owns the signal `skew` (methods.md 10): fades the 25-delta skew at 30 days beyond ±15 points by a risk reversal that is kept flat in
 * US dollars. Must never extrapolate a skew, nor trade an option without two sides.
 *
 * Skew is put − call: fear is positive. Opinions begin and end once a day, on the first instant of a UTC day; stops and hedges are
 * looked after at every instant. The risk reversal has no wings: its size is by gross vega, and what ±30 % would do is said.
 */
import type { SkewWhipsawConfig } from '#core/config/signals-schema'
import { type Decider, SILENCE } from '#core/decider'
import { DAY_MS, type EpochMs, floorTo } from '#core/time'
import type { PackageChanged } from '#events/package.events'
import { hoursToMs, premiumCoin, type Wanted } from './delta-hedge.js'
import { type Chain, freshChains, nearestDelta } from './option-chain-book.js'
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
import type { PackageTerm } from './package-voice.js'
import { addSkew, medianSkew, type SkewHistory } from './skew-history.js'
import { surfaceAt30 } from './vol-slices.js'

const NAME = 'signal/skew'
const LEG_DELTA = 0.25
/** methods.md 10: constant maturity, and the options that are traded are those nearest to it. */
const MATURITY_MS = 30 * DAY_MS
/** Options are not carried into their last day (ours, as methods.md 9). */
const EXIT_DAYS = 1

/** Bounded: chains and slices of one currency, a skew a day. */
export interface SkewWhipsawState {
  desk: Desk
  history: SkewHistory
  /** Volatility points; null: none now. */
  skew: number | null
  /** Seqs of the chains that it lies between. */
  seqs: number[]
  median: number | null
  /** First instant of this day has been decided on. */
  day: EpochMs
  /** At entry; meaningful while something is held. */
  entrySkew: number
  /** Coins a unit at entry, positive: received. */
  premiumCoin: number
  /** After a stop: nothing until |skew| has been within the entry threshold again. */
  mustCalm: boolean
}

type Config = SkewWhipsawConfig

function lookAtSkew(state: SkewWhipsawState, config: Config, now: EpochMs): void {
  const fresh = freshChains(state.desk.book, now, hoursToMs(config.maxAgeHours))
  const slices = fresh.flatMap(({ slice }) => (slice === null ? [] : [slice]))
  const surface = surfaceAt30(slices, now)
  state.skew = surface.skew
  state.seqs = fresh.filter(({ expiresAt }) => surface.expiries.includes(expiresAt)).map(({ seq }) => seq)
}

/** The expiry nearest to 30 days within the bounds, the earlier of two; undefined without one. */
function expiryFor({ desk }: SkewWhipsawState, config: Config, now: EpochMs): Chain | undefined {
  const { minDays, maxDays } = config
  const distance = ({ expiresAt }: Chain): number => Math.abs(expiresAt - now - MATURITY_MS)
  return freshChains(desk.book, now, hoursToMs(config.maxAgeHours))
    .filter(({ expiresAt }) => expiresAt - now >= minDays * DAY_MS && expiresAt - now <= maxDays * DAY_MS)
    .sort((a, b) => distance(a) - distance(b))[0]
}

/** Why nothing is traded; undefined when something was. */
function enter(state: SkewWhipsawState, config: Config, now: EpochMs): string | undefined {
  const { desk, skew, median } = state
  if (skew === null) return 'no-skew'
  if (Math.abs(skew) <= config.entryPoints) {
    state.mustCalm = false
    return 'within'
  }
  if (state.mustCalm) return 'stop'
  const sign = skew > 0 ? 1 : -1
  if (median !== null && sign * (skew - median) <= 0) return 'median'
  const chain = expiryFor(state, config, now)
  if (chain === undefined) return 'no-chain'
  const [put, call] = [nearestDelta(chain, 'put', LEG_DELTA), nearestDelta(chain, 'call', LEG_DELTA)]
  if (put === undefined || call === undefined) return 'no-quotes'
  const wanted: Wanted[] = [
    { role: 'put', ratio: -sign, option: put },
    { role: 'call', ratio: sign, option: call },
  ]
  const strength = -sign * Math.min(1, Math.abs(skew) / (2 * config.entryPoints))
  const reason = sign > 0 ? 'rich-puts' : 'rich-calls'
  if (!open(desk, config, now, chain, wanted, { reason, strength, grossVega: true })) return 'no-hedge'
  state.entrySkew = skew
  state.premiumCoin = premiumCoin(wanted)
  return undefined
}

/** Rules of leaving; true while it is held on. Null skew: it holds, but for expiry. */
function holdsOn(state: SkewWhipsawState, config: Config, now: EpochMs, isNewDay: boolean): boolean {
  const { desk, skew, median, entrySkew } = state
  const { unit } = desk
  if (unit === null) return false
  if (unit.expiresAt - now <= EXIT_DAYS * DAY_MS) return !leaveByRule(desk, 'expiry')
  if (skew === null) {
    desk.voice.reason = 'no-skew'
    return true
  }
  const sign = entrySkew > 0 ? 1 : -1
  if (sign * (skew - entrySkew) >= config.stopPoints) {
    const hasLeft = leaveByRule(desk, 'stop')
    if (hasLeft) state.mustCalm = true
    return !hasLeft
  }
  if (!isNewDay) return true
  // Beyond zero on the other side it is gone as well.
  if (sign * skew < config.exitPoints) return !leaveByRule(desk, 'normal')
  return median === null || sign * (skew - median) > 0 ? true : !leaveByRule(desk, 'median')
}

function onInstant(state: SkewWhipsawState, config: Config, now: EpochMs): void {
  const { desk } = state
  const found = follow(desk, config, now)
  const day = floorTo(now, DAY_MS)
  const isNewDay = day > state.day
  // Nobody looks at the skew of an instant that decides nothing.
  if (!isNewDay && found !== 'followed') return
  lookAtSkew(state, config, now)
  if (isNewDay) {
    state.day = day
    if (state.skew !== null) addSkew(state.history, day, state.skew, config.medianDays)
    state.median = medianSkew(state.history, day, config.medianDays)
  }
  if (found === 'followed' && holdsOn(state, config, now, isNewDay)) hedgeIfDue(desk, config, now)
  if (found !== 'flat' || !isNewDay || desk.voice.badChecks.length > 0) return
  const reason = enter(state, config, now)
  if (reason !== undefined) stayFlat(desk, reason)
}

function terms(state: SkewWhipsawState, config: Config): PackageTerm[] {
  const { desk, skew, median, entrySkew, premiumCoin: coins } = state
  const sign = entrySkew > 0 ? 1 : -1
  return [
    { name: 'skew30', value: skew, threshold: sign * config.entryPoints },
    { name: 'entrySkew', value: entrySkew },
    { name: 'exitSkew', value: skew, threshold: sign * config.exitPoints },
    { name: 'medianSkew', value: median },
    { name: 'stopSkew', value: skew, threshold: entrySkew + sign * config.stopPoints },
    { name: 'premiumCoin', value: coins },
    { name: 'pnl', value: desk.pnl },
    ...unitTerms(desk, config, true),
  ]
}

/** The decider `signal/skew`. O(options) a chain; a day is O(`medianDays` log `medianDays`). */
export function createSkewWhipsaw(config: Config): Decider<SkewWhipsawState, DeskInput, PackageChanged> {
  return {
    name: NAME,
    version: '1',
    dependencies: [],
    reads: DESK_READS,
    emits: ['PackageChanged'],
    warmupMs: config.medianDays * DAY_MS,
    onOrderPath: false,
    initial: () => ({
      desk: createDesk('skew', 'riskReversal', config),
      history: { days: [], points: [] },
      skew: null,
      seqs: [],
      median: null,
      day: 0,
      entrySkew: 0,
      premiumCoin: 0,
      mustCalm: false,
    }),
    evolve(state, event) {
      if (event.type === 'PackageChanged') hearOwn(state.desk, event)
      else {
        takeInput(state.desk, config, event)
        if (event.type === 'InstantClosed') onInstant(state, config, event.ts)
      }
      return state
    },
    decide(state, event, context) {
      if (event.type !== 'InstantClosed' && event.type !== 'DataQualityChanged') return SILENCE
      return speak(NAME, state.desk, config, context, () => terms(state, config), state.seqs)
    },
  }
}
