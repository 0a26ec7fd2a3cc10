/**
 * Owns when a dated future is carried against spot, how large, rolled and left (methods.md 7). Must never read an event.
 *
 * One contract of a base is held at a time [D]: capital is one, and contracts of one base pay for the same risk. What is held is not
 * exchanged for a better one: the costs of that are not in the basis. It grows while new money would still enter, and never shrinks,
 * because what it earns by delivery was fixed when it was opened [D].
 */
import type { CashCarryConfig } from '#core/config/signals-schema'
import { DAY_MS, type EpochMs, HOUR_MS } from '#core/time'
import { rollYield } from '#quant/basis'
import { carrySize } from '#quant/funding'
import { type CashCarryState, type DatedFuture, measure, retire, spotOf } from './cash-carry-book.js'
import { makeLeg } from './legs.js'
import { leavePackage, wantPackage } from './package-voice.js'

/** Basis at delivery is not a forecast: the size tells how much it pays [D]. */
const CONFIDENCE = 1

/** Contracts that expired by `now` are left as delivered, those whose prices are too old as stale. */
export function passTime(config: CashCarryConfig, state: CashCarryState, now: EpochMs): void {
  for (const future of Object.values(state.futures)) {
    if (now >= future.expiresAt) retire(state, future, 'delivered')
    else if (future.voice.target > 0 && ageHours(future, now) > heldMaxAgeHours(config))
      leavePackage(future.voice, 'stale')
  }
}

const ageHours = ({ at }: DatedFuture, now: EpochMs): number => (now - at) / HOUR_MS

export function heldMaxAgeHours(config: CashCarryConfig): number {
  return config.heldMaxAgeHours ?? config.maxAgeHours
}

/** Decides on every base. O(contracts²) a day. */
export function decideDay(config: CashCarryConfig, state: CashCarryState, now: EpochMs): void {
  const live = Object.values(state.futures).filter(({ isGone }) => !isGone)
  for (const base of new Set(live.map((future) => future.base))) {
    const contracts = live.filter((future) => future.base === base)
    // Decided on in history, but never said: too late to open at the price of then.
    for (const { voice } of contracts) if (voice.target > 0 && voice.saidTarget === 0) leavePackage(voice, 'unopened')
    const held = contracts.find(({ voice }) => voice.target > 0)
    if (held !== undefined && !goOn(config, state, held, contracts, now)) continue
    enterBest(config, state, contracts, now)
  }
}

/** What becomes of a package that is held; true when the base is free again. */
function goOn(
  config: CashCarryConfig,
  state: CashCarryState,
  held: DatedFuture,
  contracts: readonly DatedFuture[],
  now: EpochMs,
): boolean {
  // On doubtful or old prices what is held stands as it is.
  if (held.voice.badChecks.length > 0 || ageHours(held, now) > config.maxAgeHours) return false
  const numbers = measure(config, held, now)
  if (numbers === null) return false
  held.numbers = numbers
  refresh(held)
  if (numbers.simpleApr < config.exitApr || numbers.basis < 0) {
    leavePackage(held.voice, numbers.basis < 0 ? 'inverted' : 'converged')
    return true
  }
  if (numbers.days <= config.rollDays) roll(config, state, held, contracts, now)
  else if (numbers.days >= config.minDays && sizeOf(config, numbers.netApr) > held.voice.target)
    open(config, state, held, held.voice.reason, sizeOf(config, numbers.netApr))
  return false
}

const sizeOf = (config: CashCarryConfig, netApr: number): number =>
  carrySize(netApr, config.entryApr, config.fullApr, config.cap)

/** Leaves the contract for the later one of its chain that pays most over it, if one pays enough; else it goes on to delivery. */
function roll(
  config: CashCarryConfig,
  state: CashCarryState,
  held: DatedFuture,
  contracts: readonly DatedFuture[],
  now: EpochMs,
): void {
  let best: { readonly future: DatedFuture; readonly rollApr: number } | undefined
  for (const future of contracts) {
    if (future.chain !== held.chain || future.expiresAt <= held.expiresAt) continue
    if (refusal(config, state, future, now) !== null) continue
    // Each over its own index: where the marks are not of one moment, the move of spot between them is no yield.
    const [near, far] = [held.mark / held.index, future.mark / future.index]
    const rollApr = rollYield(near, far, daysTo(held, now), daysTo(future, now))
    if (rollApr === null || rollApr <= config.entryApr) continue
    const isBetter = best === undefined || rollApr > best.rollApr
    const isNearer = rollApr === best?.rollApr && future.expiresAt < best.future.expiresAt
    if (isBetter || isNearer) best = { future, rollApr }
  }
  const numbers = best === undefined ? null : measure(config, best.future, now)
  if (best === undefined || numbers === null || held.numbers === null) return
  const { future, rollApr } = best
  held.numbers = { ...held.numbers, rollApr }
  held.rollSeq = future.seq
  future.numbers = { ...numbers, rollApr }
  future.rollSeq = held.seq
  open(config, state, future, 'roll', Math.max(held.voice.target, sizeOf(config, numbers.netApr)))
  leavePackage(held.voice, 'rolled')
}

const daysTo = ({ expiresAt }: DatedFuture, now: EpochMs): number => (expiresAt - now) / DAY_MS

/** Why a contract cannot be opened, whatever it pays; null when it can. */
function refusal(config: CashCarryConfig, state: CashCarryState, future: DatedFuture, now: EpochMs): string | null {
  if (ageHours(future, now) > config.maxAgeHours) return 'stale'
  if (future.voice.badChecks.length > 0) return 'doubtful'
  const numbers = measure(config, future, now)
  if (numbers === null || numbers.days < config.minDays) return 'too-short'
  return spotOf(state, future) === undefined ? 'no-spot' : null
}

function enterBest(
  config: CashCarryConfig,
  state: CashCarryState,
  contracts: readonly DatedFuture[],
  now: EpochMs,
): void {
  let best: DatedFuture | undefined
  for (const future of contracts) {
    const wasLeft = future.voice.saidTarget > 0
    if (wasLeft) continue
    future.numbers = measure(config, future, now)
    const why = refusal(config, state, future, now)
    const netApr = future.numbers?.netApr ?? Number.NEGATIVE_INFINITY
    leavePackage(future.voice, why ?? (netApr > config.entryApr ? 'not-best' : 'below-threshold'))
    if (why !== null || netApr <= config.entryApr) continue
    const bestApr = best?.numbers?.netApr ?? Number.NEGATIVE_INFINITY
    if (netApr > bestApr || (netApr === bestApr && best !== undefined && future.instrument < best.instrument))
      best = future
  }
  if (best?.numbers == null) return
  best.rollSeq = 0
  open(config, state, best, 'basis', sizeOf(config, best.numbers.netApr))
}

function open(
  config: CashCarryConfig,
  state: CashCarryState,
  future: DatedFuture,
  reason: string,
  target: number,
): void {
  const spot = spotOf(state, future)
  if (spot === undefined) return
  refresh(future)
  // The sign of the strength is that of the first leg: the future is sold.
  const strength = config.cap > 0 ? -Math.min(1, target / config.cap) : 0
  wantPackage(future.voice, reason, strength, CONFIDENCE, target, [
    makeLeg(state.legs, 'future', future.instrument, -1),
    makeLeg(state.legs, 'spot', spot, 1),
  ])
}

function refresh({ voice, at, index }: DatedFuture): void {
  voice.asOf = at
  voice.price = index
}
