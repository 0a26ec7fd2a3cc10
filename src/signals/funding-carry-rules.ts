/**
 * Owns the rules of a carry of one perpetual against its spot (methods.md 4): when it opens, how large, when it is out. Must never open
 * on a rate that stands in for a datum, nor look at any perpetual but its own.
 */
import type { FundingCarryConfig } from '#core/config/signals-schema'
import { type EpochMs, HOUR_MS } from '#core/time'
import { createSignRun, isReversed, pushSign, reversedFor, type SignRun } from '#indicators/reversal'
import {
  ageInIntervals,
  hasGap,
  isOverdue,
  keepLast,
  meanApr,
  pushSettlement,
  type Settlement,
  type Settlements,
  snapSettlement,
  streak,
} from '#indicators/settlements'
import { carrySize, hurdleApr, roundTripBps } from '#quant/funding'
import { type LegBook, makeLeg } from './legs.js'
import { hasPrice, isFresh, type Prices } from './package-prices.js'
import { createPackageVoice, leavePackage, type PackageTerm, type PackageVoice, wantPackage } from './package-voice.js'
import type { Side } from './voice.js'

/** Age of the last settlement, in its intervals, at which what it said counts no more: two were missed [D]. */
export const STALE_INTERVALS = 3
/** Size carries the strength of the rate already; a second factor on the same number would count it twice [D]. */
const CONFIDENCE = 1

export interface CarryRules {
  readonly config: FundingCarryConfig
  /** Least gain a year. */
  readonly hurdle: number
  readonly reversalMs: number
}

export function carryRules(config: FundingCarryConfig): CarryRules {
  const costBps = roundTripBps(config.feeSpotBps, config.feePerpBps, config.spreadBps)
  return {
    config,
    hurdle: config.hurdleApr ?? hurdleApr(costBps, config.holdDays),
    reversalMs: config.reversalHours * HOUR_MS,
  }
}

/** Plain data, bounded by the window of settlements. Numbers of the last judgement are kept to explain it. */
export interface CarryPackage {
  voice: PackageVoice
  perpetual: string
  spot: string
  settlements: Settlements
  /** Rate of the running period; null where no feed of it was seen. */
  predicted: { rate: number; at: EpochMs } | null
  /** Newest time of a rate that the run has seen. */
  observedAt: EpochMs
  run: SignRun
  /** Of the perpetual, in opinion. */
  side: Side
  /** After a reversal: settlements before it do not count for unanimity. */
  barredFrom: EpochMs
  /** Settlement that size and side were decided on last. */
  reviewed: EpochMs
  apr: number | null
  reversedMs: number
}

export function createCarryPackage(signal: string, perpetual: string, spot: string): CarryPackage {
  return {
    voice: createPackageVoice(`${signal}/${perpetual}`, 'carry'),
    perpetual,
    spot,
    settlements: [],
    predicted: null,
    observedAt: 0,
    run: createSignRun(),
    side: 0,
    barredFrom: 0,
    reviewed: 0,
    apr: null,
    reversedMs: 0,
  }
}

function observe(one: CarryPackage, rate: number, at: EpochMs): void {
  if (at < one.observedAt) return
  one.observedAt = at
  pushSign(one.run, rate, at)
}

export function takeSettlement({ config }: CarryRules, one: CarryPackage, row: Settlement): void {
  if (!pushSettlement(one.settlements, row)) return
  keepLast(one.settlements, Math.max(config.settlements, config.unanimous))
  observe(one, row.rate, snapSettlement(row.at))
}

export function takePredicted(one: CarryPackage, rate: number, at: EpochMs): void {
  if (at < (one.predicted?.at ?? 0)) return
  one.predicted = { rate, at }
  observe(one, rate, at)
}

/** 1: the stop looks at the rate of the running period; 0: at the last settled one, which stands until the next. */
export function feedOf({ predicted, settlements }: CarryPackage): 0 | 1 {
  return predicted !== null && predicted.at >= (settlements.at(-1)?.at ?? 0) ? 1 : 0
}

function end(one: CarryPackage, reason: string): void {
  one.side = 0
  leavePackage(one.voice, reason)
}

/** What cannot be decided stays as it is. */
function hold(one: CarryPackage, reason: string): void {
  if (one.side === 0) leavePackage(one.voice, reason)
  else one.voice.reason = reason
}

export function delistCarry(one: CarryPackage): void {
  end(one, 'delisted')
}

/** What the side earns a year: a long perpetual is hedged by borrowed coins. */
function gain({ config }: CarryRules, side: Side, apr: number): number {
  return -side * apr - (side > 0 ? (config.borrowApr ?? 0) : 0)
}

function want(rules: CarryRules, one: CarryPackage, book: LegBook, size: number): void {
  const legs = [
    makeLeg(book, 'perpetual', one.perpetual, one.side),
    makeLeg(book, 'spot', one.spot, -one.side),
  ] as const
  wantPackage(one.voice, 'carry', (one.side * size) / rules.config.cap, CONFIDENCE, size, legs)
}

const sizeOf = (rules: CarryRules, side: Side, apr: number): number =>
  carrySize(gain(rules, side, apr), rules.hurdle, rules.config.fullApr, rules.config.cap)

/** Resizes what is open; it does not grow while the last settlements disagree. */
function resize(rules: CarryRules, one: CarryPackage, book: LegBook, apr: number): void {
  const size = sizeOf(rules, one.side, apr)
  const agrees = isUnanimous(rules, one) && Math.sign(one.settlements.at(-1)!.rate) === -one.side
  if (size === 0) end(one, 'below-hurdle')
  else want(rules, one, book, agrees ? size : Math.min(size, one.voice.target))
}

const isUnanimous = ({ config }: CarryRules, { settlements }: CarryPackage): boolean =>
  streak(settlements) >= config.unanimous

/** Why the side is not taken; undefined: it is. */
function refusal(rules: CarryRules, one: CarryPackage, side: Side, size: number): string | undefined {
  const { config } = rules
  if (!isUnanimous(rules, one) || Math.sign(one.settlements.at(-1)!.rate) !== -side) return 'not-unanimous'
  if (one.settlements.at(-config.unanimous)!.at < one.barredFrom) return 'not-unanimous'
  if (side > 0 && config.borrowApr === null) return 'no-borrow'
  if (size === 0) return 'below-hurdle'
  return reversedFor(one.run, side, 0) === null ? undefined : 'reversing'
}

function open(rules: CarryRules, one: CarryPackage, book: LegBook, apr: number): void {
  const side: Side = apr > 0 ? -1 : 1
  const size = sizeOf(rules, side, apr)
  const refused = refusal(rules, one, side, size)
  if (refused !== undefined) leavePackage(one.voice, refused)
  else {
    one.side = side
    one.barredFrom = 0
    want(rules, one, book, size)
  }
}

/** Side and size, once a settlement. */
function review(rules: CarryRules, one: CarryPackage, book: LegBook): void {
  const rows = one.settlements.slice(-rules.config.settlements)
  const apr = meanApr(rows)
  if (apr === null || rows.length < rules.config.settlements) leavePackage(one.voice, 'warming-up')
  else if (hasGap(rows)) hold(one, 'missing-settlement')
  else {
    one.apr = apr
    if (one.side === 0) open(rules, one, book, apr)
    else resize(rules, one, book, apr)
  }
}

/** What an instant makes of it: staleness and the stop always, side and size after a settlement. */
export function judgeCarry(rules: CarryRules, one: CarryPackage, book: LegBook, prices: Prices, now: EpochMs): void {
  const { voice, settlements } = one
  const newest = settlements.at(-1)
  const [perpetual, spot] = [prices[one.perpetual], prices[one.spot]]
  if (voice.reason === 'delisted') return
  if (newest === undefined || !hasPrice(perpetual) || !hasPrice(spot)) {
    leavePackage(voice, 'warming-up')
    return
  }
  voice.asOf = newest.at
  voice.price = spot.value
  one.reversedMs = reversedFor(one.run, one.side, now) ?? 0
  const isOld = ageInIntervals(settlements, now) > STALE_INTERVALS
  if (isOld || !isFresh(perpetual, now) || !isFresh(spot, now)) end(one, 'stale')
  else if (isReversed(one.run, one.side, now, rules.reversalMs)) {
    one.barredFrom = one.run.since
    end(one, 'reversed')
  } else if (isOverdue(settlements, now)) hold(one, 'missing-settlement')
  else if (newest.at !== one.reviewed) {
    one.reviewed = newest.at
    review(rules, one, book)
  }
}

/** The numbers that decided. `apr` and its threshold carry the sign of funding; `distance` is what is left above the hurdle. */
export function carryTerms(rules: CarryRules, one: CarryPackage, prices: Prices, now: EpochMs): PackageTerm[] {
  const { config, hurdle } = rules
  const { voice, settlements, apr, predicted } = one
  const newest = settlements.at(-1)
  if (voice.reason === 'delisted' || newest === undefined) return []
  if (voice.reason === 'stale') {
    const priceAt = Math.min(prices[one.perpetual]!.at, prices[one.spot]!.at)
    return [
      { name: 'ageHours', value: (now - newest.at) / HOUR_MS, threshold: STALE_INTERVALS * newest.hours },
      { name: 'priceAgeHours', value: (now - priceAt) / HOUR_MS },
    ]
  }
  // The legs of the last word stay when a package is left: the numbers are about the side that was held.
  const side = voice.legs[0]?.ratio ?? 0
  const asked = hurdle + (side > 0 ? (config.borrowApr ?? 0) : 0)
  const feed = feedOf(one)
  return [
    { name: 'apr', value: apr, threshold: -side * asked + 0 },
    { name: 'distance', value: apr === null ? null : -side * apr - asked },
    { name: 'hurdle', value: hurdle },
    ...(side > 0 ? [{ name: 'borrowApr', value: config.borrowApr }] : []),
    { name: 'settlements', value: Math.min(settlements.length, config.settlements), threshold: config.settlements },
    { name: 'unanimous', value: streak(settlements), threshold: config.unanimous },
    { name: 'rateLast', value: newest.rate },
    { name: 'intervalHours', value: newest.hours },
    ...(feed === 1 && predicted !== null ? [{ name: 'ratePredicted', value: predicted.rate }] : []),
    { name: 'reversedHours', value: one.reversedMs / HOUR_MS, threshold: config.reversalHours },
    { name: 'feed', value: feed },
    { name: 'size', value: voice.target, threshold: config.cap },
  ]
}
