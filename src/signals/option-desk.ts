/**
 * Owns what both option signals do alike: keep chains and what may hedge, follow a unit that is held (stale chains, marks, hedges,
 * expiry, doubts about data), open and leave it. Must never know when an opinion begins or ends.
 *
 * A stale chain cannot be traded: what is held stays held, with the reason `stale`, until quotes come back or the options expire. A
 * word about a held unit is good until their expiry for the same reason.
 */
import type { EpochMs } from '#core/time'
import type {
  BarAggregated,
  BarClosed,
  DataQualityChanged,
  InstantClosed,
  InstrumentDelisted,
  InstrumentListed,
  OptionChainObserved,
} from '#events/market.events'
import type { PackageKind } from '#events/package.events'
import { vegaWeight } from '#quant/option-package'
import {
  closeHedge,
  type HeldUnit,
  hedgeDue,
  hedgeUnit,
  hoursToMs,
  markUnit,
  openUnit,
  unitLegs,
  unitPnl,
  unitVega,
  type Wanted,
} from './delta-hedge.js'
import { type LegBook, listLeg, unlistLeg } from './legs.js'
import { type Chain, type ChainBook, chainOf, createChainBook, dropExpired, takeChain } from './option-chain-book.js'
import { createPackageVoice, judgePackageInput, leavePackage, type PackageVoice, wantPackage } from './package-voice.js'

/** methods.md 9: weights beyond it are no part of an options book. */
const WEIGHT_MAX = 0.2

/** The keys that both signals have; see signals-schema.ts. */
export interface DeskConfig {
  readonly venue: string
  readonly currency: string
  readonly hedge: 'future' | 'perpetual'
  readonly hedgeHours: number
  readonly hedgeDelta: number
  readonly vegaLimit: number
  readonly optionTick: string
  readonly optionLot: string
  readonly maxAgeHours: number
  readonly maxAbsWeight: number
  readonly maxDays: number
  readonly band: number
}

export type DeskInput =
  | OptionChainObserved
  | InstrumentListed
  | InstrumentDelisted
  | DataQualityChanged
  | InstantClosed
  | BarClosed
  | BarAggregated

/** Plain data, bounded by the listed expiries of one currency. */
export interface Desk {
  book: ChainBook
  /** What may hedge. */
  hedges: LegBook
  voice: PackageVoice
  unit: HeldUnit | null
  /** Reason to go back to when a hold is over. */
  word: string
  /** Quote a unit, of the one that is held or was held last, at its last mark. */
  pnl: number
}

export const DESK_READS = [
  'OptionChainObserved',
  'InstrumentListed',
  'InstrumentDelisted',
  'DataQualityChanged',
  'InstantClosed',
] as const

export function createDesk(name: string, kind: PackageKind, config: DeskConfig): Desk {
  const { venue, currency, maxDays } = config
  const perpetual = `${venue}.perpetual.${currency}-PERPETUAL`
  // Deribit's contracts (docs.deribit.com, get_instruments, 2026): ten dollars of bitcoin, one of ether. A listing overrules them.
  const [tick, lot] = currency === 'BTC' ? ['0.5', '10'] : ['0.05', '1']
  const terms = { kind: 'inversePerpetual', base: currency, quote: 'USD', settle: currency, tick, lot } as const
  return {
    book: createChainBook(venue, currency, maxDays, kind === 'riskReversal'),
    hedges: { terms: config.hedge === 'perpetual' ? { [perpetual]: terms } : {} },
    voice: createPackageVoice(`${name}/${currency}`, kind),
    unit: null,
    word: '',
    pnl: 0,
  }
}

/** Chains, listings and doubts; an event of something else changes nothing. True for a chain that entered. */
export function takeInput(desk: Desk, config: DeskConfig, event: DeskInput): boolean {
  switch (event.type) {
    case 'OptionChainObserved':
      return takeChain(desk.book, event)
    case 'InstrumentListed': {
      const { instrument, kind, base } = event.data
      const wanted = config.hedge === 'perpetual' ? 'inversePerpetual' : 'inverseFuture'
      if (kind === wanted && base === config.currency && instrument.startsWith(`${config.venue}.`))
        listLeg(desk.hedges, event.data)
      break
    }
    case 'InstrumentDelisted':
      unlistLeg(desk.hedges, event.data.instrument)
      break
    case 'DataQualityChanged': {
      const { subject, check, isBad } = event.data
      if (isOurs(desk, subject)) judgePackageInput(desk.voice, subject, check, isBad)
      break
    }
    default:
  }
  return false
}

function isOurs({ hedges, unit }: Desk, instrument: string): boolean {
  if (hedges.terms[instrument] !== undefined || unit?.hedge.instrument === instrument) return true
  return unit?.options.some((held) => held.instrument === instrument) ?? false
}

/** The perpetual, or the dated future that expires with the options or next behind them. */
function hedgeFor(
  { hedges }: Desk,
  expiresAt: EpochMs,
): { instrument: string; terms: HeldUnit['hedge']['terms'] } | undefined {
  return Object.entries(hedges.terms)
    .filter(([, { expiresAt: end }]) => end === undefined || end >= expiresAt)
    .map(([instrument, terms]) => ({ instrument, terms }))
    .sort((a, b) => (a.terms.expiresAt ?? 0) - (b.terms.expiresAt ?? 0) || (a.instrument < b.instrument ? -1 : 1))[0]
}

function dropExpiredHedges({ hedges }: Desk, now: EpochMs): void {
  for (const instrument of Object.keys(hedges.terms)) {
    const { expiresAt } = hedges.terms[instrument]!
    if (expiresAt !== undefined && expiresAt <= now) unlistLeg(hedges, instrument)
  }
}

const optionTerms = ({ currency, optionTick, optionLot }: DeskConfig) =>
  ({
    kind: 'inverseOption',
    base: currency,
    quote: 'USD',
    settle: currency,
    tick: optionTick,
    lot: optionLot,
  }) as const

/**
 * What is held, after the newest chain: `flat`: nothing; `left`: it is over by this very instant; `held`: nothing may be done now; `followed`: marked by a fresh
 * chain, so that rules of leaving may look; hedge it afterwards.
 */
export function follow(desk: Desk, config: DeskConfig, now: EpochMs): 'flat' | 'left' | 'held' | 'followed' {
  const { book, unit, voice } = desk
  dropExpired(book, now)
  dropExpiredHedges(desk, now)
  if (unit === null) return 'flat'
  if (now >= unit.expiresAt) {
    leave(desk, 'expiry')
    return 'left'
  }
  if (voice.badChecks.length > 0) return 'held'
  const chain = chainOf(book, unit.expiresAt)
  if (chain === undefined || now - chain.at > hoursToMs(config.maxAgeHours)) {
    voice.reason = 'stale'
    return 'held'
  }
  voice.reason = desk.word
  if (chain.at > unit.chainAt) {
    markUnit(unit, chain)
    desk.pnl = unitPnl(unit)
    voice.asOf = chain.at
  }
  return 'followed'
}

/** Leaves by a rule; holds with `no-quotes` while an option that was sold cannot be bought back. */
export function leaveByRule(desk: Desk, reason: string): boolean {
  const { unit, book, voice } = desk
  const rows = unit === null ? [] : (chainOf(book, unit.expiresAt)?.rows ?? [])
  const short = unit?.options.filter(({ ratio }) => ratio < 0) ?? []
  const isQuoted = short.every(
    ({ instrument }) => (rows.find((row) => row.instrument === instrument)?.ask ?? null) !== null,
  )
  if (!isQuoted) {
    voice.reason = 'no-quotes'
    return false
  }
  leave(desk, reason)
  return true
}

function leave(desk: Desk, reason: string): void {
  leavePackage(desk.voice, reason)
  desk.unit = null
  desk.word = ''
  desk.voice.badChecks = desk.voice.badChecks.filter((bad) => isOurs(desk, bad.slice(0, bad.indexOf(' '))))
}

/** Hedges what is held when it is due. What hedged may be gone: then the next one takes over, or it leaves. */
export function hedgeIfDue(desk: Desk, config: DeskConfig, now: EpochMs): void {
  const { unit, hedges } = desk
  if (unit === null) return
  const hedgeMs = hoursToMs(config.hedgeHours)
  const isGone = hedges.terms[unit.hedge.instrument] === undefined
  if (isGone) {
    const next = hedgeFor(desk, unit.expiresAt)
    if (next === undefined) {
      leaveByRule(desk, 'no-hedge')
      return
    }
    closeHedge(unit)
    unit.hedge = { ...unit.hedge, ...next }
  } else if (hedgeDue(unit, now, hedgeMs, config.hedgeDelta) === undefined) return
  hedgeUnit(unit, now, hedgeMs)
  // What holds it (`no-quotes`, `no-skew`) stays the reason, also of a word about the hedge.
  if (desk.voice.reason === desk.word) desk.voice.reason = 'hedge'
  desk.word = 'hedge'
  desk.voice.legs = unitLegs(unit, optionTerms(config))
}

/** Says why there is nothing: not heard while it never held anything. */
export function stayFlat(desk: Desk, reason: string): void {
  leavePackage(desk.voice, reason)
}

/** Opens a unit at the size that the vega limit and the caps leave; false, with the reason, where nothing may hedge it. */
export function open(
  desk: Desk,
  config: DeskConfig,
  now: EpochMs,
  chain: Chain,
  wanted: readonly Wanted[],
  word: { readonly reason: string; readonly strength: number; readonly grossVega: boolean },
): boolean {
  const { voice } = desk
  const hedge = hedgeFor(desk, chain.expiresAt)
  if (hedge === undefined) {
    stayFlat(desk, 'no-hedge')
    return false
  }
  const unit = openUnit(chain, wanted, hedge, now, hoursToMs(config.hedgeHours))
  const byVega = vegaWeight(unitVega(unit, word.grossVega), chain.forward, config.vegaLimit)
  const cap = Math.min(config.maxAbsWeight, WEIGHT_MAX)
  desk.unit = unit
  desk.pnl = unitPnl(unit)
  desk.word = byVega < cap ? 'vega-limit' : word.reason
  wantPackage(voice, desk.word, word.strength, 1, Math.min(byVega, cap), unitLegs(unit, optionTerms(config)))
  voice.asOf = chain.at
  voice.price = chain.forward
  return true
}
