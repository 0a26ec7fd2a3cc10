/**
 * Owns the signal CashCarry, which speaks as `basis`: sells a dated future against spot of the same base while what is left of the
 * basis pays after costs (methods.md 7). Must never take a perpetual for spot, nor a price for one of another time.
 *
 * It decides at the close of UTC days; delivery, delistings and stale prices end a package at any instant. Contracts come by listing and
 * leave by expiry. Contracts of dollars (inverse) are legs in coins too: risk turns them into dollars.
 */
import type { UniverseEntry } from '#core/config/schema'
import type { CashCarryConfig } from '#core/config/signals-schema'
import { type DecideContext, type Decider, SILENCE } from '#core/decider'
import { DAY_MS, HOUR_MS, isAligned } from '#core/time'
import type {
  DataQualityChanged,
  InstantClosed,
  InstrumentDelisted,
  InstrumentListed,
  MarkChanged,
} from '#events/market.events'
import type { PackageChanged } from '#events/package.events'
import {
  type CashCarryState,
  createCashCarryState,
  type DatedFuture,
  forget,
  takeDelisting,
  takeDoubt,
  takeListing,
  takeMark,
} from './cash-carry-book.js'
import { decideDay, heldMaxAgeHours, passTime } from './cash-carry-rules.js'
import {
  hearPackage,
  isPackageAboutHolding,
  type PackageDraft,
  type PackageTerm,
  packageDraft,
  packageSpeaks,
} from './package-voice.js'
import { VALID_INTERVALS } from './voice.js'

const NAME = 'signal/basis'
const VALID_MS = VALID_INTERVALS * DAY_MS

type In = InstrumentListed | InstrumentDelisted | MarkChanged | DataQualityChanged | InstantClosed

function takeInstant(config: CashCarryConfig, state: CashCarryState, { instant }: InstantClosed['data']): void {
  passTime(config, state, instant)
  if (isAligned(instant, DAY_MS)) decideDay(config, state, instant)
}

function evolve(config: CashCarryConfig, state: CashCarryState, event: In | PackageChanged): CashCarryState {
  switch (event.type) {
    case 'InstrumentListed':
      takeListing(state, event.data)
      break
    case 'InstrumentDelisted':
      takeDelisting(state, event)
      break
    case 'MarkChanged':
      takeMark(state, event)
      break
    case 'DataQualityChanged':
      takeDoubt(state, event.data)
      break
    case 'InstantClosed':
      takeInstant(config, state, event.data)
      break
    default: {
      const future = state.futures[event.data.package.slice('basis/'.length)]
      if (future === undefined) break
      hearPackage(future.voice, event.data)
      forget(state, future)
    }
  }
  return state
}

function terms(config: CashCarryConfig, future: DatedFuture, now: number): PackageTerm[] {
  const { numbers, voice, expiresAt, at } = future
  if (voice.reason === 'delisted') return []
  if (voice.reason === 'delivered')
    return [{ name: 'daysToExpiry', value: Math.min(0, (expiresAt - now) / DAY_MS) + 0, threshold: 0 }]
  if (voice.reason === 'stale' || numbers === null)
    return [{ name: 'ageHours', value: (now - at) / HOUR_MS, threshold: heldMaxAgeHours(config) }]
  const { netApr, simpleApr, basis, days, ageHours, rollApr } = numbers
  const isLeft = voice.target === 0
  const rolled =
    rollApr === null
      ? []
      : [
          { name: 'rollApr', value: rollApr, threshold: config.entryApr },
          { name: 'rollDistance', value: rollApr - config.entryApr },
        ]
  return [
    ...rolled,
    { name: 'netApr', value: netApr, threshold: config.entryApr },
    { name: 'simpleApr', value: simpleApr, threshold: config.exitApr },
    // What it was from deciding otherwise.
    { name: 'distance', value: isLeft ? simpleApr - config.exitApr : netApr - config.entryApr },
    { name: 'basis', value: basis },
    { name: 'daysToExpiry', value: days, threshold: rollApr === null ? config.minDays : config.rollDays },
    { name: 'costBps', value: config.costBps },
    { name: 'margin', value: config.marginFraction },
    { name: 'ageHours', value: ageHours, threshold: config.maxAgeHours },
  ]
}

function decide(
  config: CashCarryConfig,
  state: CashCarryState,
  event: In,
  context: DecideContext,
): readonly PackageDraft[] {
  if (event.type === 'InstrumentListed' || event.type === 'MarkChanged') return SILENCE
  const isDoubt = event.type === 'DataQualityChanged'
  const drafts: PackageDraft[] = []
  for (const future of Object.values(state.futures)) {
    const { voice } = future
    if (!packageSpeaks(voice, config.band) || (isDoubt && !isPackageAboutHolding(voice))) continue
    const inputs = [future.seq, ...(future.numbers?.rollApr == null ? [] : [future.rollSeq])]
    drafts.push(packageDraft(NAME, voice, VALID_MS, terms(config, future, context.ts), inputs))
  }
  if (drafts.length < 2) return drafts.length === 0 ? SILENCE : drafts
  // What is left frees the capital for what is opened.
  const left = drafts.filter(({ data }) => data.targetWeight === 0)
  return [...left, ...drafts.filter(({ data }) => data.targetWeight > 0)]
}

/** The decider `signal/basis`. O(1) a mark, O(contracts) an instant, O(contracts²) a day. */
export function createCashCarry(
  config: CashCarryConfig,
  universe: readonly UniverseEntry[],
): Decider<CashCarryState, In, PackageChanged> {
  return {
    name: NAME,
    version: '1',
    dependencies: [],
    reads: ['InstrumentListed', 'InstrumentDelisted', 'MarkChanged', 'DataQualityChanged', 'InstantClosed'],
    emits: ['PackageChanged'],
    warmupMs: config.maxAgeHours * HOUR_MS,
    onOrderPath: false,
    initial: () => createCashCarryState(universe),
    evolve: (state, event) => evolve(config, state, event),
    decide: (state, event, context) => decide(config, state, event, context),
  }
}
