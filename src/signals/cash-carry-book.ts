/**
 * Owns what is known of the dated futures that may be carried, and of the spot they are carried against: listings, prices of one time,
 * doubts. Must never weigh a rule: that is cash-carry-rules.ts.
 */

import type { UniverseEntry } from '#core/config/schema'
import type { CashCarryConfig } from '#core/config/signals-schema'
import { type InstrumentId, parseInstrument } from '#core/ids'
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from '#core/time'
import type { DataQualityChanged, InstrumentDelisted, InstrumentListed, MarkChanged } from '#events/market.events'
import { annualisedBasis, netCarryApr } from '#quant/basis'
import { createLegBook, type LegBook, listLeg, unlistLeg } from './legs.js'
import { createPackageVoice, judgePackageInput, leavePackage, type PackageVoice } from './package-voice.js'

/**
 * Where a mark comes without an index (OKX), that of another instrument of the same base and quote stands in, not older than this
 * (ours, as in data/futures).
 */
const INDEX_AGE_MS = MINUTE_MS

/** What decided last. */
export interface CarryNumbers {
  /** After costs, on the capital, a year. */
  readonly netApr: number
  /** Of spot, before costs, a year. */
  readonly simpleApr: number
  readonly basis: number
  /** From the decision on. */
  readonly days: number
  /** Of the prices, at the decision. */
  readonly ageHours: number
  /** What the later contract pays over the nearer one, a year, when that was asked; else null. */
  readonly rollApr: number | null
}

export interface DatedFuture {
  readonly instrument: InstrumentId
  readonly base: string
  /** Venue, base and quote: contracts that are rolled into each other. */
  readonly chain: string
  expiresAt: EpochMs
  /** Mark and index of one time, quote a coin; `at` 0: none yet. */
  mark: number
  index: number
  at: EpochMs
  seq: number
  /** Expired or delisted: forgotten once its package is flat in the log. */
  isGone: boolean
  numbers: CarryNumbers | null
  /** Further seqs that decided: the mark that it is rolled against. */
  rollSeq: number
  voice: PackageVoice
}

/** Bounded by the instruments that are listed, and futures whose last word is due. */
export interface CashCarryState {
  legs: LegBook
  /** Spot of the universe that is still listed, in its order. */
  spots: { readonly instrument: InstrumentId; readonly base: string; readonly venue: string }[]
  futures: { [instrument: InstrumentId]: DatedFuture }
  /** Base and quote of every derivative but options: their marks tell the index. */
  pairOf: { [instrument: InstrumentId]: string }
  indices: { [pair: string]: { index: number; at: EpochMs } }
}

export function createCashCarryState(universe: readonly UniverseEntry[]): CashCarryState {
  const entries = universe.filter(({ instrument }) => parseInstrument(instrument)?.market === 'spot')
  return {
    legs: createLegBook(entries),
    spots: entries.map(({ instrument, base }) => ({
      instrument,
      base,
      venue: parseInstrument(instrument)?.venue ?? '',
    })),
    futures: {},
    pairOf: {},
    indices: {},
  }
}

/** Spot that a future is carried against: of its own venue, else the first of the universe [D]; undefined without one. */
export function spotOf(state: CashCarryState, future: DatedFuture): InstrumentId | undefined {
  const own = state.spots.filter(({ base }) => base === future.base)
  const venue = parseInstrument(future.instrument)?.venue
  return (own.find((spot) => spot.venue === venue) ?? own[0])?.instrument
}

export function takeListing(state: CashCarryState, listing: InstrumentListed['data']): void {
  const { instrument, kind, base, quote, expiresAt } = listing
  if (kind === 'spot') {
    if (state.spots.some((spot) => spot.instrument === instrument)) listLeg(state.legs, listing)
    return
  }
  if (kind.endsWith('Option')) return
  state.pairOf[instrument] = `${base} ${quote}`
  if (!kind.endsWith('Future') || expiresAt === undefined) return
  listLeg(state.legs, listing)
  const known = state.futures[instrument]
  if (known !== undefined) {
    known.expiresAt = expiresAt
    return
  }
  const chain = `${parseInstrument(instrument)?.venue ?? ''} ${base} ${quote}`
  const future: DatedFuture = {
    ...{ instrument, base, chain, expiresAt, voice: createPackageVoice(`basis/${instrument}`, 'basis') },
    ...{ mark: 0, index: 0, at: 0, seq: 0, isGone: false, numbers: null, rollSeq: 0 },
  }
  future.voice.badChecks = doubtsOfSpot(state, future)
  state.futures[instrument] = future
}

/** Doubts about its spot that other futures hold already. */
function doubtsOfSpot(state: CashCarryState, future: DatedFuture): string[] {
  const spot = spotOf(state, future)
  if (spot === undefined) return []
  const other = Object.values(state.futures).find((one) => spotOf(state, one) === spot)
  return (other?.voice.badChecks ?? []).filter((bad) => bad.startsWith(`${spot} `))
}

export function takeDelisting(state: CashCarryState, { data, ts }: InstrumentDelisted): void {
  const { instrument } = data
  delete state.pairOf[instrument]
  const future = state.futures[instrument]
  if (future !== undefined) retire(state, future, ts >= future.expiresAt ? 'delivered' : 'delisted')
  if (!state.spots.some((spot) => spot.instrument === instrument)) return
  const onIt = Object.values(state.futures).filter((one) => one.voice.legs.some((leg) => leg.instrument === instrument))
  state.spots = state.spots.filter((spot) => spot.instrument !== instrument)
  unlistLeg(state.legs, instrument)
  for (const one of onIt) if (one.voice.target > 0) leavePackage(one.voice, 'delisted')
}

/** It trades no more. */
export function retire(state: CashCarryState, future: DatedFuture, reason: 'delivered' | 'delisted'): void {
  future.isGone = true
  if (future.voice.target > 0 || future.voice.saidTarget > 0) leavePackage(future.voice, reason)
  forget(state, future)
}

/** A contract that is gone is forgotten when nothing of it is open in the log. */
export function forget(state: CashCarryState, future: DatedFuture): void {
  if (!future.isGone || future.voice.saidTarget > 0) return
  delete state.futures[future.instrument]
  unlistLeg(state.legs, future.instrument)
}

export function takeMark(state: CashCarryState, { data, seq }: MarkChanged): void {
  const { instrument, mark, index, at } = data
  const pair = state.pairOf[instrument]
  if (pair === undefined) return
  const known = state.indices[pair]
  if (index !== null && at >= (known?.at ?? 0)) state.indices[pair] = { index, at }
  const future = state.futures[instrument]
  if (future === undefined || at < future.at) return
  const standIn = known !== undefined && Math.abs(at - known.at) <= INDEX_AGE_MS ? known.index : null
  const found = index ?? standIn
  if (found === null || !(found > 0) || !(mark > 0)) return
  future.mark = mark
  future.index = found
  future.at = at
  future.seq = seq
}

export function takeDoubt(state: CashCarryState, { subject, check, isBad }: DataQualityChanged['data']): void {
  for (const future of Object.values(state.futures))
    if (future.instrument === subject || spotOf(state, future) === subject)
      judgePackageInput(future.voice, subject, check, isBad)
}

/** Null without prices, and at expiry. Annualised from the time of the prices: basis and days must be of one time. */
export function measure(config: CashCarryConfig, future: DatedFuture, now: EpochMs): CarryNumbers | null {
  const { mark, index, at, expiresAt } = future
  const daysOfPrices = (expiresAt - at) / DAY_MS
  const found = at === 0 ? null : annualisedBasis(index, mark, daysOfPrices)
  if (found === null) return null
  return {
    // Not null where the basis is not: same prices, same days.
    netApr: netCarryApr(index, mark, daysOfPrices, config.costBps, config.marginFraction) ?? 0,
    simpleApr: found.simple,
    basis: found.basis,
    days: (expiresAt - now) / DAY_MS,
    ageHours: (now - at) / HOUR_MS,
    rollApr: null,
  }
}
