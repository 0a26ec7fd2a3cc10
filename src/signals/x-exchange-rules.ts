/**
 * Owns the rules of dispersion of one coin between its perpetuals (methods.md 8): which pair, how large, how long it is expected to last,
 * when it is out. Must never compare rates unscaled, nor let a rate that is old, missing or in doubt choose a pair.
 */
import type { XExchangeFundingConfig } from '#core/config/signals-schema'
import { DAY_MS, type EpochMs, floorTo, HOUR_MS } from '#core/time'
import { createSignRun, isReversed, pushSign, reversedFor, type SignRun } from '#indicators/reversal'
import {
  aprOver,
  keepSpan,
  pushSettlement,
  type Settlement,
  type Settlements,
  snapSettlement,
} from '#indicators/settlements'
import { carrySize, fundingApr, fundingSpread, halfLife, hurdleApr, netSpreadBps, roundTripBps } from '#quant/funding'
import { type LegBook, makeLeg } from './legs.js'
import { isFresh, type Prices } from './package-prices.js'
import { createPackageVoice, leavePackage, type PackageVoice, wantPackage } from './package-voice.js'

/** Least share of `halfLifeDays` that must have been recorded before a holding time is expected of them [D]. */
const LEAST_SHARE = 1 / 3
/** The way in is spent: what is held pays while it earns the way out [D]. */
const EXIT_SHARE = 1 / 2
/** Size carries the strength of the spread already [D]. */
const CONFIDENCE = 1

export interface DispersionRules {
  readonly config: XExchangeFundingConfig
  readonly costBps: number
  readonly spanMs: number
  readonly reversalMs: number
  readonly maxAgeMs: number
  readonly leastDays: number
}

export function dispersionRules(config: XExchangeFundingConfig): DispersionRules {
  return {
    config,
    costBps: roundTripBps(config.feePerpBps, config.feePerpBps, config.spreadBps),
    spanMs: config.settlementDays * DAY_MS,
    reversalMs: config.reversalHours * HOUR_MS,
    maxAgeMs: config.maxAgeHours * HOUR_MS,
    leastDays: Math.max(4, Math.ceil(config.halfLifeDays * LEAST_SHARE)),
  }
}

/** One perpetual. */
export interface Venue {
  instrument: string
  settlements: Settlements
  /** Rate that could be seen last, a year: of the running period where a feed tells it, else the last settled one. */
  observed: { apr: number; at: EpochMs; feed: 0 | 1 } | null
  /** Checks of its data that fail now. */
  badChecks: string[]
  isDelisted: boolean
}

/** Short the first, long the second: instruments. */
export type Pair = readonly [string, string]

/** The numbers of the last review. */
export interface Reviewed {
  shortApr: number
  longApr: number
  spreadApr: number
  sdApr: number
  venues: number
  hurdle: number
  holdDays: number
}

/** Plain data, bounded by the perpetuals of the coin, `settlementDays` and `halfLifeDays`. */
export interface Coin {
  voice: PackageVoice
  venues: Venue[]
  /** Spread of each recorded day, oldest first. */
  days: { day: number; spread: number }[]
  /** Day that was recorded, or could not be, last. */
  recordedDay: number
  /** Half-life of the spread, days, between the bounds; 0: not known yet. */
  holdDays: number
  /** In opinion. */
  pair: Pair | null
  /** Sign of what the held pair pays, and since when. */
  run: SignRun
  /** The pair that a reversal ended, and until when the mean that chose it still knows of the time before. */
  barred: { pair: Pair; until: EpochMs } | null
  /** A settlement came since the last review. */
  isDue: boolean
  reviewed: Reviewed | null
  reversedMs: number
}

export function createCoin(signal: string, base: string, instruments: readonly string[]): Coin {
  return {
    voice: createPackageVoice(`${signal}/${base}`, 'dispersion'),
    venues: instruments.map((instrument) => ({
      instrument,
      settlements: [],
      observed: null,
      badChecks: [],
      isDelisted: false,
    })),
    days: [],
    recordedDay: -1,
    holdDays: 0,
    pair: null,
    run: createSignRun(),
    barred: null,
    isDue: false,
    reviewed: null,
    reversedMs: 0,
  }
}

export function takeVenueSettlement(rules: DispersionRules, coin: Coin, venue: Venue, row: Settlement): void {
  if (!pushSettlement(venue.settlements, row)) return
  keepSpan(venue.settlements, Math.max(rules.spanMs, DAY_MS))
  coin.isDue = true
  observeVenue(venue, fundingApr(row.rate, row.hours), snapSettlement(row.at), 0)
}

export function observeVenue(venue: Venue, apr: number, at: EpochMs, feed: 0 | 1): void {
  if (at < (venue.observed?.at ?? 0)) return
  venue.observed = { apr: apr + 0, at, feed }
}

const venueOf = (coin: Coin, instrument: string): Venue => coin.venues.find((one) => one.instrument === instrument)!
const isSame = (a: Pair, b: Pair): boolean => a[0] === b[0] && a[1] === b[1]

const isCurrent = (rules: DispersionRules, venue: Venue, prices: Prices, now: EpochMs): boolean =>
  !venue.isDelisted &&
  now - (venue.settlements.at(-1)?.at ?? 0) <= rules.maxAgeMs &&
  isFresh(prices[venue.instrument], now)

const isUsable = (rules: DispersionRules, venue: Venue, prices: Prices, now: EpochMs): boolean =>
  venue.badChecks.length === 0 && isCurrent(rules, venue, prices, now)

function aprsOver(venues: readonly Venue[], span: number): { name: string; apr: number }[] {
  return venues.flatMap(({ instrument, settlements }) => {
    const apr = aprOver(settlements, span)
    return apr === null ? [] : [{ name: instrument, apr }]
  })
}

/** Spreads of days that follow one another. */
function pairsOf(days: Coin['days']): [number, number][] {
  const pairs: [number, number][] = []
  for (let i = 1; i < days.length; i++) {
    const [before, after] = [days[i - 1]!, days[i]!]
    if (before.day === after.day - 1) pairs.push([before.spread, after.spread])
  }
  return pairs
}

/** Records the spread of the last 24 hours, once a UTC day, and what half-life the recorded days have. */
function recordDay(rules: DispersionRules, coin: Coin, prices: Prices, now: EpochMs): void {
  const day = floorTo(now, DAY_MS) / DAY_MS
  if (day === coin.recordedDay) return
  coin.recordedDay = day
  const { halfLifeDays, minHoldDays, maxHoldDays } = rules.config
  const usable = coin.venues.filter((venue) => isUsable(rules, venue, prices, now))
  const spread = fundingSpread(aprsOver(usable, DAY_MS))
  if (spread !== null) coin.days.push({ day, spread: spread.spreadApr })
  while (coin.days.length > 0 && coin.days[0]!.day <= day - halfLifeDays) coin.days.shift()
  const pairs = pairsOf(coin.days)
  const found = pairs.length + 1 >= rules.leastDays ? halfLife(pairs) : null
  coin.holdDays = found === null ? 0 : Math.min(maxHoldDays, Math.max(minHoldDays, found))
}

/** What the held pair pays, by the rates that can be seen; null where one is unknown. `at`: of the newer of the two. */
function observedSpread(coin: Coin, pair: Pair): { apr: number; at: EpochMs; feed: 0 | 1 } | null {
  const [short, long] = [venueOf(coin, pair[0]).observed, venueOf(coin, pair[1]).observed]
  if (short === null || long === null) return null
  const feed = short.feed === 1 && long.feed === 1 ? 1 : 0
  return { apr: short.apr - long.apr, at: Math.max(short.at, long.at), feed }
}

/** 1: both legs are watched by the rate of the running period. */
export const pairFeed = (coin: Coin): 0 | 1 => {
  const [short, long] = coin.voice.legs
  return short === undefined || long === undefined
    ? 0
    : (observedSpread(coin, [short.instrument, long.instrument])?.feed ?? 0)
}

function end(coin: Coin, reason: string): void {
  coin.pair = null
  coin.run = createSignRun()
  leavePackage(coin.voice, reason)
}

function hold(coin: Coin, reason: string): void {
  if (coin.pair === null) leavePackage(coin.voice, reason)
  else coin.voice.reason = reason
}

export function delistVenue(coin: Coin, instrument: string): void {
  venueOf(coin, instrument).isDelisted = true
  if (coin.pair?.includes(instrument)) end(coin, 'delisted')
}

/** Doubts about the legs that were said last hold the last word; about any other perpetual they only keep it out. */
export function judgeVenues(coin: Coin): void {
  const said = coin.voice.saidTarget > 0 ? coin.voice.saidLegs.map(({ instrument }) => instrument) : []
  coin.voice.badChecks = coin.venues
    .filter(({ instrument }) => said.includes(instrument))
    .flatMap(({ instrument, badChecks }) => badChecks.map((check) => `${instrument} ${check}`))
}

/** Why a pair is not taken now; undefined: it may be. */
function refusal(coin: Coin, pair: Pair, now: EpochMs): string | undefined {
  if (coin.barred !== null && now < coin.barred.until && isSame(coin.barred.pair, pair)) return 'reversed'
  return (observedSpread(coin, pair)?.apr ?? 0) > 0 ? undefined : 'reversing'
}

/** The widest pair, unless it does not beat the held one by a round trip. */
function choose(rules: DispersionRules, coin: Coin, best: Pair, aprs: ReadonlyMap<string, number>, now: EpochMs): Pair {
  const held = coin.pair
  if (held === null || isSame(held, best) || refusal(coin, best, now) !== undefined) return held ?? best
  const gain = aprs.get(best[0])! - aprs.get(best[1])! - (aprs.get(held[0])! - aprs.get(held[1])!)
  return netSpreadBps(gain, coin.holdDays, rules.costBps) > 0 ? best : held
}

/** Pair and size, after a settlement of any perpetual of the coin. */
function review(rules: DispersionRules, coin: Coin, book: LegBook, prices: Prices, now: EpochMs): void {
  const rows = aprsOver(
    coin.venues.filter((venue) => isUsable(rules, venue, prices, now)),
    rules.spanMs,
  )
  const aprs = new Map(rows.map(({ name, apr }) => [name, apr]))
  const spread = fundingSpread(rows)
  if (coin.pair?.some((leg) => !aprs.has(leg))) {
    hold(coin, 'missing-settlement')
    return
  }
  if (spread === null || coin.holdDays === 0) {
    hold(coin, coin.holdDays === 0 ? 'warming-up' : 'missing-settlement')
    return
  }
  const pair = choose(rules, coin, [spread.highest.name, spread.lowest.name], aprs, now)
  const [shortApr, longApr] = [aprs.get(pair[0])!, aprs.get(pair[1])!]
  const { holdDays } = coin
  const hurdle = hurdleApr(rules.costBps, holdDays)
  const spreadApr = shortApr - longApr
  coin.reviewed = { shortApr, longApr, spreadApr, sdApr: spread.sdApr, venues: rows.length, hurdle, holdDays }
  const size = carrySize(spreadApr, hurdle, rules.config.fullApr, rules.config.cap)
  const isHeld = coin.pair !== null && isSame(coin.pair, pair)
  const pays = isHeld && netSpreadBps(spreadApr, holdDays, rules.costBps * EXIT_SHARE) > 0
  take(rules, coin, book, pair, pays ? Math.max(size, coin.voice.target) : size, now)
}

function take(rules: DispersionRules, coin: Coin, book: LegBook, pair: Pair, size: number, now: EpochMs): void {
  const refused = coin.pair === null ? refusal(coin, pair, now) : undefined
  if (size === 0) end(coin, 'below-hurdle')
  else if (refused !== undefined) leavePackage(coin.voice, refused)
  else {
    if (coin.pair === null || !isSame(coin.pair, pair)) coin.run = createSignRun()
    coin.pair = pair
    const legs = [makeLeg(book, 'perpetual', pair[0], -1), makeLeg(book, 'otherPerpetual', pair[1], 1)] as const
    wantPackage(coin.voice, 'dispersion', -size / rules.config.cap, CONFIDENCE, size, legs)
  }
}

/** What an instant makes of a held pair before anything new is decided: the reason why it ends, or undefined. */
function ending(rules: DispersionRules, coin: Coin, pair: Pair, prices: Prices, now: EpochMs): string | undefined {
  if (pair.some((leg) => !isCurrent(rules, venueOf(coin, leg), prices, now))) return 'stale'
  const observed = observedSpread(coin, pair)
  if (observed !== null) pushSign(coin.run, observed.apr, observed.at)
  // The run is of what a short of the spread receives: it goes against the pair while it is negative.
  coin.reversedMs = reversedFor(coin.run, -1, now) ?? 0
  return isReversed(coin.run, -1, now, rules.reversalMs) ? 'reversed' : undefined
}

/** What an instant makes of the coin: the record of its spread daily, staleness and the stop always, pair and size after settlements. */
export function judgeCoin(rules: DispersionRules, coin: Coin, book: LegBook, prices: Prices, now: EpochMs): void {
  const { voice, pair } = coin
  recordDay(rules, coin, prices, now)
  if (pair !== null) {
    voice.price = prices[pair[0]]!.value
    voice.asOf = Math.max(...pair.map((leg) => venueOf(coin, leg).settlements.at(-1)?.at ?? 0))
    const reason = ending(rules, coin, pair, prices, now)
    if (reason === 'reversed') coin.barred = { pair, until: coin.run.since + rules.spanMs }
    if (reason !== undefined) {
      end(coin, reason)
      return
    }
    if (pair.some((leg) => venueOf(coin, leg).badChecks.length > 0)) return
  }
  if (!coin.isDue) return
  coin.isDue = false
  review(rules, coin, book, prices, now)
  const held = coin.pair
  if (held !== null) {
    voice.price = prices[held[0]]!.value
    voice.asOf = Math.max(...held.map((leg) => venueOf(coin, leg).settlements.at(-1)!.at))
  }
}
