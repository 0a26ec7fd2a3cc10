/**
 * Owns the dispersion of funding between the perpetuals of one coin: short where longs pay most, long where they pay least, in equal
 * coins (methods.md 8). Must never net two venues, nor hold one leg without the other. The rules of one coin: x-exchange-rules.ts.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { XExchangeFundingConfig } from '#core/config/signals-schema'
import { type Decider, SILENCE } from '#core/decider'
import { DAY_MS, HOUR_MS } from '#core/time'
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
import { fundingApr, netSpreadBps } from '#quant/funding'
import { createLegBook, isPerpetual, kindOfId, type LegBook, listLeg } from './legs.js'
import { createPrices, type Prices, takePrice } from './package-prices.js'
import {
  hearPackage,
  isPackageAboutHolding,
  type PackageDraft,
  type PackageTerm,
  packageDraft,
  packageSpeaks,
} from './package-voice.js'
import {
  type Coin,
  createCoin,
  type DispersionRules,
  delistVenue,
  dispersionRules,
  judgeCoin,
  judgeVenues,
  observeVenue,
  pairFeed,
  takeVenueSettlement,
  type Venue,
} from './x-exchange-rules.js'

const NAME = 'signal/dispersion'

/** Bounded by the universe. */
export interface XExchangeFundingState {
  /** Coin and venue of a perpetual, by their places. */
  index: { [instrument: string]: { coin: number; venue: number } }
  coins: Coin[]
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

/** Coins with two perpetuals or more, in the order of the universe. */
function initial(universe: readonly UniverseEntry[]): XExchangeFundingState {
  const perpetuals = universe.filter(({ instrument }) => isPerpetual(kindOfId(instrument)))
  const bases = [...new Set(perpetuals.map(({ base }) => base))]
  const coins = bases
    .map((base) => ({ base, own: perpetuals.filter((one) => one.base === base).map(({ instrument }) => instrument) }))
    .filter(({ own }) => own.length >= 2)
    .map(({ base, own }) => createCoin('dispersion', base, own))
  const index: XExchangeFundingState['index'] = {}
  coins.forEach(({ venues }, coin) => {
    venues.forEach(({ instrument }, venue) => {
      index[instrument] = { coin, venue }
    })
  })
  const traded = perpetuals.filter(({ instrument }) => index[instrument] !== undefined)
  return { index, coins, prices: createPrices(Object.keys(index)), book: createLegBook(traded) }
}

interface Place {
  readonly coin: Coin
  readonly venue: Venue
}

function placeOf(state: XExchangeFundingState, instrument: string): Place | undefined {
  const at = state.index[instrument]
  if (at === undefined) return undefined
  const coin = state.coins[at.coin]!
  return { coin, venue: coin.venues[at.venue]! }
}

function doubt({ coin, venue }: Place, check: string, isBad: boolean): void {
  const others = venue.badChecks.filter((bad) => bad !== check)
  venue.badChecks = isBad ? [...others, check].sort() : others
  judgeVenues(coin)
}

/** What concerns one perpetual. */
function takeRow(
  rules: DispersionRules,
  place: Place,
  event: FundingSettled | FundingRateChanged | InstrumentDelisted | DataQualityChanged,
): void {
  const { coin, venue } = place
  switch (event.type) {
    case 'FundingSettled': {
      const { settledAt: at, rate, intervalHours: hours, proxy } = event.data
      if (!proxy) takeVenueSettlement(rules, coin, venue, { at, rate, hours, seq: event.seq })
      break
    }
    case 'FundingRateChanged': {
      const { rate, intervalHours, at } = event.data
      if (intervalHours > 0) observeVenue(venue, fundingApr(rate, intervalHours), Math.min(at, event.ts), 1)
      break
    }
    case 'InstrumentDelisted':
      delistVenue(coin, venue.instrument)
      break
    default:
      doubt(place, event.data.check, event.data.isBad)
  }
}

function evolve(
  rules: DispersionRules,
  state: XExchangeFundingState,
  event: In | PackageChanged,
): XExchangeFundingState {
  switch (event.type) {
    case 'BarClosed':
      takePrice(state.prices, event.data)
      break
    case 'InstantClosed':
      for (const coin of state.coins) judgeCoin(rules, coin, state.book, state.prices, event.data.instant)
      break
    case 'InstrumentListed':
      if (state.index[event.data.instrument] !== undefined) listLeg(state.book, event.data)
      break
    case 'PackageChanged': {
      const coin = state.coins.find(({ voice }) => voice.package === event.data.package)
      if (coin === undefined) break
      hearPackage(coin.voice, event.data)
      judgeVenues(coin)
      break
    }
    default: {
      const place = placeOf(state, event.type === 'DataQualityChanged' ? event.data.subject : event.data.instrument)
      if (place !== undefined) takeRow(rules, place, event)
    }
  }
  return state
}

/** The numbers that decided: the spread against what its costs ask for within the time that it is expected to last. */
function terms({ config, costBps }: DispersionRules, coin: Coin): PackageTerm[] {
  const { reviewed, voice, reversedMs } = coin
  if (reviewed === null || voice.reason === 'delisted') return []
  const { spreadApr, shortApr, longApr, sdApr, venues, hurdle, holdDays } = reviewed
  return [
    { name: 'spreadApr', value: spreadApr, threshold: hurdle },
    { name: 'distance', value: spreadApr - hurdle },
    { name: 'shortApr', value: shortApr },
    { name: 'longApr', value: longApr },
    { name: 'sdApr', value: sdApr },
    { name: 'venues', value: venues },
    { name: 'holdDays', value: holdDays },
    { name: 'roundTripBps', value: costBps },
    { name: 'netBps', value: netSpreadBps(spreadApr, holdDays, costBps), threshold: 0 },
    { name: 'reversedHours', value: reversedMs / HOUR_MS, threshold: config.reversalHours },
    { name: 'feed', value: pairFeed(coin) },
    { name: 'size', value: voice.target, threshold: config.cap },
  ]
}

function say(rules: DispersionRules, coin: Coin): PackageDraft {
  const legs = coin.voice.legs.map(({ instrument }) => instrument)
  const inputs = coin.venues
    .filter(({ instrument }) => legs.includes(instrument))
    .flatMap(({ settlements }) => {
      const from = (settlements.at(-1)?.at ?? 0) - rules.spanMs
      return settlements.filter(({ at }) => at > from).map(({ seq }) => seq)
    })
    .sort((a, b) => a - b)
  return packageDraft(NAME, coin.voice, rules.maxAgeMs, terms(rules, coin), inputs)
}

function decide(rules: DispersionRules, state: XExchangeFundingState, event: In): readonly PackageDraft[] {
  switch (event.type) {
    case 'InstantClosed':
    case 'InstrumentDelisted':
    case 'DataQualityChanged':
      return speak(rules, state, event)
    default:
      return SILENCE
  }
}

function speak(
  rules: DispersionRules,
  state: XExchangeFundingState,
  event: InstantClosed | InstrumentDelisted | DataQualityChanged,
): readonly PackageDraft[] {
  const saying = ({ voice }: Coin): boolean => packageSpeaks(voice, rules.config.band)
  const draft = (coin: Coin): PackageDraft => say(rules, coin)
  switch (event.type) {
    case 'InstantClosed':
      return state.coins.some(saying) ? state.coins.filter(saying).map(draft) : SILENCE
    case 'InstrumentDelisted': {
      const coin = placeOf(state, event.data.instrument)?.coin
      return coin !== undefined && coin.voice.reason === 'delisted' && saying(coin) ? [draft(coin)] : SILENCE
    }
    case 'DataQualityChanged': {
      // A doubt that passed is no time to decide: only what was held because of it is said anew.
      const coin = placeOf(state, event.data.subject)?.coin
      return coin !== undefined && isPackageAboutHolding(coin.voice) && saying(coin) ? [draft(coin)] : SILENCE
    }
  }
}

/**
 * The decider `signal/dispersion` (methods.md 8). Rates are APRs, each by its own interval, over `settlementDays`; a perpetual takes part
 * while nine tenths of that time is covered, its last settlement is not older than `maxAgeHours`, its price is fresh and its data is
 * not in doubt. Short the highest, long the lowest, equal coins. Enters iff spread · holdDays / 365 exceeds the round trip; size: cap ·
 * min(1, (spread − h) / (fullApr − h)), h the spread at which that is nothing.
 *
 * holdDays: half-life ln ½ / ln φ of the spread, φ by least squares of a day's spread on that of the day before. A day's spread is made of
 * the settlements of its own 24 hours alone, so that no two share one (overlapping means would look persistent by construction), over
 * the last `halfLifeDays`; it speaks from a third of them on [D]. Clipped to `minHoldDays` and `maxHoldDays`; never returning: the latter.
 *
 * What is held is not made smaller while it earns the way out, half a round trip, within holdDays: the way in is spent [D]. Out when it
 * no longer does, or when the pair has paid for `reversalHours` by the rates that can be seen (looked at when instants close); that
 * pair then waits until its mean knows nothing of the time before. Another pair is taken only where it beats the held one by a round trip. Reasons: dispersion; below-hurdle, reversing, reversed, warming-up; missing-settlement (what is open
 * stays), stale, delisted, held-…. Strength: size / cap, negative: the first leg is short. O(perpetuals) an instant.
 */
export function createXExchangeFunding(
  config: XExchangeFundingConfig,
  universe: readonly UniverseEntry[],
): Decider<XExchangeFundingState, In, PackageChanged> {
  const rules = dispersionRules(config)
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
    warmupMs: Math.ceil(config.halfLifeDays + config.settlementDays + 1) * DAY_MS,
    onOrderPath: false,
    initial: () => initial(universe),
    evolve: (state, event) => evolve(rules, state, event),
    decide: (state, event) => decide(rules, state, event),
  }
}
