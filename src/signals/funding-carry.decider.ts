/**
 * Owns the carry of funding: perpetuals held against spot of the same coin, delta neutral (methods.md 4). Must never hold one leg
 * without the other, nor speak of a package that it never opened. The rules of one package: funding-carry-rules.ts.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { FundingCarryConfig } from '#core/config/signals-schema'
import { type DecideContext, type Decider, SILENCE } from '#core/decider'
import { parseInstrument } from '#core/ids'
import { HOUR_MS } from '#core/time'
import type {
  BarClosed,
  DataQualityChanged,
  FundingRateChanged,
  FundingSettled,
  InstantClosed,
  InstrumentDelisted,
  InstrumentListed,
} from '#events/market.events'
import type { PackageChanged } from '#events/package.events'
import {
  type CarryPackage,
  type CarryRules,
  carryRules,
  carryTerms,
  createCarryPackage,
  delistCarry,
  judgeCarry,
  STALE_INTERVALS,
  takePredicted,
  takeSettlement,
} from './funding-carry-rules.js'
import { createLegBook, isPerpetual, kindOfId, type LegBook, listLeg } from './legs.js'
import { createPrices, type Prices, takePrice } from './package-prices.js'
import {
  hearPackage,
  isPackageAboutHolding,
  judgePackageInput,
  type PackageDraft,
  packageDraft,
  packageSpeaks,
} from './package-voice.js'

const NAME = 'signal/carry'
/** Longest interval that venues settle by. */
const INTERVAL_HOURS = 8

/** Bounded by the universe: a window of settlements a perpetual, a price an instrument. */
export interface FundingCarryState {
  /** Packages of an instrument, by their place. */
  index: { [instrument: string]: number[] }
  packages: CarryPackage[]
  prices: Prices
  book: LegBook
}

type In =
  | BarClosed
  | FundingSettled
  | FundingRateChanged
  | InstantClosed
  | InstrumentListed
  | InstrumentDelisted
  | DataQualityChanged

/**
 * Each perpetual with the spot that hedges it: of the same coin, of its venue before others, in its quote before others, then the first
 * by id. Perpetuals without one are left out.
 */
export function carryPairs(universe: readonly UniverseEntry[]): { perpetual: string; spot: string }[] {
  const spots = universe.filter(({ instrument }) => kindOfId(instrument) === 'spot')
  return universe
    .filter(({ instrument }) => isPerpetual(kindOfId(instrument)))
    .flatMap((perpetual) => {
      const venue = parseInstrument(perpetual.instrument)?.venue
      const rank = (spot: UniverseEntry): number =>
        (parseInstrument(spot.instrument)?.venue === venue ? 0 : 2) + (spot.quote === perpetual.quote ? 0 : 1)
      const [best] = spots
        .filter(({ base }) => base === perpetual.base)
        .sort((a, b) => rank(a) - rank(b) || (a.instrument < b.instrument ? -1 : 1))
      return best === undefined ? [] : [{ perpetual: perpetual.instrument, spot: best.instrument }]
    })
}

function initial(universe: readonly UniverseEntry[]): FundingCarryState {
  const packages = carryPairs(universe).map(({ perpetual, spot }) => createCarryPackage('carry', perpetual, spot))
  const index: FundingCarryState['index'] = {}
  packages.forEach(({ perpetual, spot }, at) => {
    for (const instrument of [perpetual, spot]) index[instrument] = [...(index[instrument] ?? []), at]
  })
  const traded = universe.filter(({ instrument }) => index[instrument] !== undefined)
  return { index, packages, prices: createPrices(Object.keys(index)), book: createLegBook(traded) }
}

const NONE: readonly number[] = []
const placesOf = (state: FundingCarryState, instrument: string): readonly number[] => state.index[instrument] ?? NONE

/** The package whose perpetual this is. */
function ownOf(state: FundingCarryState, instrument: string): CarryPackage | undefined {
  const at = placesOf(state, instrument).find((place) => state.packages[place]!.perpetual === instrument)
  return at === undefined ? undefined : state.packages[at]
}

function evolve(rules: CarryRules, state: FundingCarryState, event: In | PackageChanged): FundingCarryState {
  switch (event.type) {
    case 'BarClosed':
      takePrice(state.prices, event.data)
      break
    case 'FundingSettled': {
      const { instrument, settledAt: at, rate, intervalHours: hours, proxy } = event.data
      const one = proxy ? undefined : ownOf(state, instrument)
      if (one !== undefined) takeSettlement(rules, one, { at, rate, hours, seq: event.seq })
      break
    }
    case 'FundingRateChanged': {
      const one = ownOf(state, event.data.instrument)
      if (one !== undefined) takePredicted(one, event.data.rate, Math.min(event.data.at, event.ts))
      break
    }
    case 'InstantClosed':
      for (const one of state.packages) judgeCarry(rules, one, state.book, state.prices, event.data.instant)
      break
    case 'InstrumentListed':
      if (state.index[event.data.instrument] !== undefined) listLeg(state.book, event.data)
      break
    case 'InstrumentDelisted':
      for (const at of placesOf(state, event.data.instrument)) delistCarry(state.packages[at]!)
      break
    case 'DataQualityChanged':
      for (const at of placesOf(state, event.data.subject))
        judgePackageInput(state.packages[at]!.voice, event.data.subject, event.data.check, event.data.isBad)
      break
    default: {
      const one = state.packages.find(({ voice }) => voice.package === event.data.package)
      if (one !== undefined) hearPackage(one.voice, event.data)
    }
  }
  return state
}

function say(rules: CarryRules, state: FundingCarryState, one: CarryPackage, now: number): PackageDraft {
  const { voice, settlements } = one
  const validMs = STALE_INTERVALS * (settlements.at(-1)?.hours ?? INTERVAL_HOURS) * HOUR_MS
  const inputs = settlements.slice(-rules.config.settlements).map(({ seq }) => seq)
  return packageDraft(NAME, voice, validMs, carryTerms(rules, one, state.prices, now), inputs)
}

function decide(
  rules: CarryRules,
  state: FundingCarryState,
  event: In,
  context: DecideContext,
): readonly PackageDraft[] {
  switch (event.type) {
    case 'InstantClosed':
    case 'InstrumentDelisted':
    case 'DataQualityChanged':
      return speak(rules, state, event, context)
    default:
      return SILENCE
  }
}

function speak(
  rules: CarryRules,
  state: FundingCarryState,
  event: InstantClosed | InstrumentDelisted | DataQualityChanged,
  context: DecideContext,
): readonly PackageDraft[] {
  const saying = (one: CarryPackage): boolean => packageSpeaks(one.voice, rules.config.band)
  const draft = (one: CarryPackage): PackageDraft => say(rules, state, one, context.ts)
  switch (event.type) {
    case 'InstantClosed':
      return state.packages.some(saying) ? state.packages.filter(saying).map(draft) : SILENCE
    case 'InstrumentDelisted':
      return placesOf(state, event.data.instrument)
        .map((at) => state.packages[at]!)
        .filter(saying)
        .map(draft)
    case 'DataQualityChanged':
      // A doubt that passed is no time to decide: only what was held because of it is said anew.
      return placesOf(state, event.data.subject)
        .map((at) => state.packages[at]!)
        .filter((one) => isPackageAboutHolding(one.voice) && saying(one))
        .map(draft)
  }
}

/**
 * The decider `signal/carry` (methods.md 4). Short perpetual and long spot where funding is positive, the reverse where it is negative
 * and the coin can be borrowed (`borrowApr`). Expected APR: mean of the last `settlements`, each by its own interval; it opens
 * when the last `unanimous` have the sign of that mean and what the side earns exceeds the hurdle. Size: cap · min(1, (gain −
 * hurdle) / (fullApr − hurdle)). Out when funding has gone against the side for `reversalHours`, by the rate of the running period
 * where a feed tells it, else by the last settled one; afterwards `unanimous` settlements since the reversal began must agree. An open
 * package does not grow while they disagree. Choices [D] beyond the method: nothing opens while the observable rate goes against it;
 * confidence is 1, for size carries the rate.
 *
 * Reasons: carry; below-hurdle, not-unanimous, no-borrow, reversing (not opened); reversed; missing-settlement (what is open stays), stale
 * (three intervals without a settlement, or a leg without a price for two bars), delisted, held-… (data of a leg in doubt).
 * Strength: size / cap with the sign of the perpetual. O(packages) an instant.
 */
export function createFundingCarry(
  config: FundingCarryConfig,
  universe: readonly UniverseEntry[],
): Decider<FundingCarryState, In, PackageChanged> {
  const rules = carryRules(config)
  return {
    name: NAME,
    version: '1',
    dependencies: [],
    reads: [
      'BarClosed',
      'FundingSettled',
      'FundingRateChanged',
      'InstantClosed',
      'InstrumentListed',
      'InstrumentDelisted',
      'DataQualityChanged',
    ],
    emits: ['PackageChanged'],
    warmupMs: (Math.max(config.settlements, config.unanimous) + STALE_INTERVALS) * INTERVAL_HOURS * HOUR_MS,
    onOrderPath: false,
    initial: () => initial(universe),
    evolve: (state, event) => evolve(rules, state, event),
    decide: (state, event, context) => decide(rules, state, event, context),
  }
}
