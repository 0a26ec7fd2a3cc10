/**
 * Owns what is known of the prices of legs that no bar of the universe prices: marks, chains, and the index at which a leg ends. Must
 * never let a price after the end of a leg change what it is settled at.
 */
import { DAY_MS, type EpochMs } from '#core/time'
import type { MarkChanged, OptionChainObserved, QuoteChanged } from '#events/market.events'
import { learnPrice, pricedAt, priceOf } from '../instruments/accounts.js'
import type { RiskState } from '../risk-state.js'
import { type LegState, notePremium, type PackageState } from './package-state.js'

/** Marks of instruments that were silent for so long are forgotten. */
const MARK_KEPT_MS = 30 * DAY_MS

/** What was known of the price of an instrument before a package named it. */
export function markLeg(state: RiskState, leg: LegState): LegState {
  leg.isListed = leg.slot < 0 || state.slots[leg.slot]!.listed
  const mark = state.marks[leg.instrument]
  if (mark !== undefined) {
    leg.mark = mark.mark
    leg.markedAt = mark.at
    if (mark.index > 0) {
      leg.overCoin = mark.mark / mark.index
      leg.overCoinAt = mark.at
    }
  }
  for (const key of Object.keys(state.chains)) {
    const chain = state.chains[key]!
    const at = chain.expiresAt === leg.terms.expiresAt ? chain.instruments.indexOf(leg.instrument) : -1
    if (at < 0 || !(chain.marks[at]! > 0) || chain.at < leg.markedAt) continue
    leg.mark = chain.marks[at]!
    leg.markedAt = chain.at
  }
  notePremium(state, leg)
  return leg
}

/** Visits the legs of an instrument, in the order of the packages. */
export function eachLeg(state: RiskState, instrument: string, visit: (leg: LegState, pkg: PackageState) => void): void {
  for (const pkg of state.packages) for (const leg of pkg.legs) if (leg.instrument === instrument) visit(leg, pkg)
}

/** Mark of an instrument that no bar prices. Bars and quotes of the universe go before it. O(1) without packages. */
export function onMark(state: RiskState, event: MarkChanged): void {
  const { instrument, mark, index } = event.data
  const slot = state.indexOf[instrument]
  if ((slot !== undefined && state.slots[slot]!.markedAt > 0) || !(mark > 0)) return
  freezeEnds(state, event.ts)
  const known = state.marks[instrument]
  if (known === undefined) {
    for (const name of Object.keys(state.marks))
      if (event.ts - state.marks[name]!.at > MARK_KEPT_MS) delete state.marks[name]
    state.marks[instrument] = { mark, index: index ?? 0, at: event.ts }
  } else {
    known.mark = mark
    if (index !== null) known.index = index
    known.at = event.ts
  }
  if (state.packages.length === 0) return
  eachLeg(state, instrument, (leg) => {
    leg.mark = mark
    leg.markedAt = event.ts
    if (index === null) return
    learnPrice(state, leg.terms.base, index, event.ts)
    leg.overCoin = mark / index
    leg.overCoinAt = event.ts
  })
}

/** Best bid and ask of a leg: its middle is the mark, in the unit of the venue. Slots of the universe have marks of their own. */
export function onLegQuote(state: RiskState, event: QuoteChanged): void {
  const { instrument, bid, ask } = event.data
  const mid = (bid + ask) / 2
  if (!(mid > 0)) return
  freezeEnds(state, event.ts)
  eachLeg(state, instrument, (leg) => {
    leg.mark = mid
    leg.markedAt = event.ts
  })
}

/** A chain: remembers the quotes, for packages may name one of them next; marks the legs that are held or wanted. */
export function onChain(state: RiskState, event: OptionChainObserved): void {
  const { venue, currency, expiresAt, indexPrice, options } = event.data
  freezeEnds(state, event.ts)
  for (const key of Object.keys(state.chains)) if (state.chains[key]!.expiresAt < event.ts) delete state.chains[key]
  const instruments: string[] = []
  const marks: number[] = []
  for (const { instrument, bid, ask, mark } of options) {
    instruments.push(instrument)
    marks.push(mark ?? (bid === null || ask === null ? 0 : (bid + ask) / 2))
  }
  state.chains[`${venue} ${currency} ${expiresAt}`] = { expiresAt, at: event.ts, instruments, marks }
  if (indexPrice !== null) learnPrice(state, currency, indexPrice, event.ts)
  for (const pkg of state.packages)
    for (const leg of pkg.legs) {
      if (leg.terms.expiresAt !== expiresAt || leg.terms.option === undefined) continue
      const at = instruments.indexOf(leg.instrument)
      if (at < 0 || !(marks[at]! > 0)) continue
      leg.mark = marks[at]!
      leg.markedAt = event.ts
    }
}

/** Finds the next end of a leg anew. */
export function noteNextEnd(state: RiskState): void {
  let next = 0
  for (const pkg of state.packages)
    for (const { terms, endIndex } of pkg.legs)
      if (terms.expiresAt !== undefined && endIndex === 0 && (next === 0 || terms.expiresAt < next))
        next = terms.expiresAt
  state.nextEnd = next
}

/**
 * Index that an instrument ends at: the newest of its venue and of its coin. Venues settle at the average of their last 30 minutes;
 * where no feed holds those minutes the last value at or before the end stands in.
 */
export function indexOfEnd(state: RiskState, leg: LegState): number {
  const own = state.marks[leg.instrument]
  if (own !== undefined && own.index > 0 && own.at >= pricedAt(state, leg.terms.base)) return own.index
  return priceOf(state, leg.terms.base)
}

/** Before the first price after the end of a leg: the index of that moment is the one it is settled at. O(1) but for that event. */
export function freezeEnds(state: RiskState, now: EpochMs): void {
  if (state.nextEnd === 0 || now <= state.nextEnd) return
  for (const pkg of state.packages)
    for (const leg of pkg.legs)
      if (leg.endIndex === 0 && leg.terms.expiresAt !== undefined && leg.terms.expiresAt < now)
        leg.endIndex = indexOfEnd(state, leg)
  noteNextEnd(state)
}
