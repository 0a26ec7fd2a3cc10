/**
 * Owns how risk remembers packages: what signals and the blender say of them, marks, fills, ends, imbalances. Must never decide.
 * What risk itself decided comes back as its own events; the aims are computed anew by the function that decided them.
 */
import { formatUnits, parseUnits, type Units } from '#core/decimal'
import type { EpochMs } from '#core/time'
import { isInDollars, isPerpetual } from '#events/instrument-kind'
import { quantise } from '#events/line-buffer'
import type { FundingSettled } from '#events/market.events'
import type { OrderFilled } from '#events/order.events'
import type { LegTerms, PackageChanged, PackageImbalanced } from '#events/package.events'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { PositionSettled, RiskAssessed } from '#events/risk.events'
import { learnPrice, ledgerOf } from '../instruments/accounts.js'
import { applyFill, applySettlement, fundingCash } from '../ledger.js'
import type { FundingRow, RiskState } from '../risk-state.js'
import { isBalanced } from './balance.js'
import { eachLeg, freezeEnds, markLeg, noteNextEnd } from './marks.js'
import {
  createLeg,
  findLeg,
  findPackage,
  isFlat,
  isInFlight,
  type LegState,
  markOf,
  notePremium,
  type PackageState,
} from './package-state.js'
import { aimsFor, coinsOfAim, isOver, supportedUnits } from './sizing.js'

/** A signal said what a package is. Nothing is traded before an assessment. */
export function onPackageChanged(state: RiskState, event: PackageChanged): void {
  const said = event.data
  const base = said.legs[0]?.terms.base
  let pkg = findPackage(state, said.package)
  if (pkg === undefined) {
    if (base === undefined || said.targetWeight === 0) return
    pkg = {
      package: said.package,
      signal: said.signal,
      kind: said.kind,
      base,
      price: said.price,
      target: 0,
      carriedAt: 0,
      weight: 0,
      wanted: 0,
      units: '0',
      legs: [],
      status: 'open',
      attempts: 0,
      isBroken: false,
      isBarred: false,
      refusal: '',
    }
    state.packages.push(pkg)
  }
  pkg.price = said.price
  pkg.target = said.targetWeight
  pkg.carriedAt = 0
  pkg.isBarred = false
  if (base !== undefined) {
    pkg.base = base
    learnPrice(state, base, said.price, said.asOf)
    takeLegs(state, pkg, said.legs)
  }
  noteNextEnd(state)
}

/** Place of an instrument in the universe; −1 of one that is known by a fill or a parent alone. */
export function slotOfLeg(state: RiskState, instrument: string): number {
  const index = state.indexOf[instrument] ?? -1
  return index < state.virtual.series.length ? index : -1
}

function takeLegs(state: RiskState, pkg: PackageState, said: PackageChanged['data']['legs']): void {
  for (const leg of pkg.legs) leg.ratio = 0
  for (const one of said) {
    const known = findLeg(pkg, one.instrument)
    if (known === undefined) {
      const leg = createLeg(one, slotOfLeg(state, one.instrument))
      leg.terms = asListed(state, leg)
      pkg.legs.push(markLeg(state, leg))
    } else {
      known.role = one.role
      known.ratio = one.ratio
      known.delta = one.delta
      known.terms = asListed(state, { ...known, terms: one.terms })
    }
  }
  pkg.legs = pkg.legs.filter(
    ({ ratio, position, instrument }) =>
      ratio !== 0 || position.quantity !== '0' || isInFlight(state, pkg.package, instrument),
  )
}

/** A signal may have spoken before the venue said, or long ago: what is traded in coins has the steps of the newest listing. */
function asListed(state: RiskState, { slot, terms }: Pick<LegState, 'slot' | 'terms'>): LegTerms {
  if (slot < 0 || isInDollars(terms.kind)) return { ...terms }
  const { tick, lot } = state.slots[slot]!
  return { ...terms, tick, lot }
}

/** What the blender lets packages be. A new word lifts the bar on one that had to be taken back. */
export function onPackagesBlended(state: RiskState, rows: NonNullable<PortfolioBlended['data']['packages']>): void {
  for (const row of rows) {
    const pkg = findPackage(state, row.package)
    if (pkg === undefined) continue
    pkg.weight = row.weight
    pkg.wanted = row.wanted
    pkg.isBarred = false
  }
}

/** What the assessment decided: units, and by the function that it used the aims of the legs. */
export function onPackagesAssessed(
  state: RiskState,
  rows: NonNullable<RiskAssessed['data']['packages']>,
  now: EpochMs,
): void {
  for (const row of rows) {
    const pkg = findPackage(state, row.package)
    if (pkg === undefined) continue
    pkg.refusal = row.refusal ?? ''
    if (row.refusal !== undefined) continue
    const units = parseUnits(row.units)
    const aims = aimsFor(state, pkg, units, aimingOf(state, now))
    pkg.legs.forEach((leg, i) => {
      if (row.units !== pkg.units || formatUnits(aims[i]!) !== leg.aim) setAim(leg, aims[i]!, units)
    })
    // One that is stuck at the same units was tried again; it is told anew only after it came into balance.
    if (pkg.status === 'stuck' && row.units === pkg.units) continue
    pkg.units = row.units
    pkg.attempts = 0
    pkg.status = 'open'
    pkg.isBroken = false
  }
}

function setAim(leg: LegState, aim: Units, units: Units): void {
  leg.aim = formatUnits(aim)
  leg.aimCoins = coinsOfAim(leg, aim, units)
}

export const aimingOf = (state: RiskState, now: EpochMs) => ({
  minNotionalOf: (leg: LegState): number => (leg.slot < 0 ? 0 : Number(state.slots[leg.slot]!.minNotional)),
  isHalted: state.halted,
  now,
})

/** Books a fill of a leg, in its currency; the fee in its own. False when the package is not there: the caller keeps it. */
export function onLegFill(state: RiskState, event: OrderFilled, id: string): boolean {
  const fill = event.data
  const pkg = findPackage(state, id)
  const leg = pkg === undefined ? undefined : findLeg(pkg, fill.instrument)
  if (leg === undefined) return false
  const ledger = ledgerOf(state, leg.terms.settle)
  const payer = parseUnits(fill.fee) === 0n ? ledger : ledgerOf(state, fill.feeCurrency)
  applyFill(ledger, leg.position, fill, event.ts, leg.terms.kind, payer)
  if (leg.mark === 0) leg.mark = Number(fill.price)
  return true
}

/** Funding of the legs that were open when it was settled. */
export function legFunding(state: RiskState, event: FundingSettled, rows: FundingRow[]): void {
  const { instrument, settledAt, rate, proxy } = event.data
  eachLeg(state, instrument, (leg, pkg) => {
    const { position, terms } = leg
    const mark = markOf(state, leg)
    if (position.quantityNumber === 0 || position.openedAt >= settledAt || !(mark > 0) || !isPerpetual(terms.kind))
      return
    rows.push({
      instrument,
      quantity: position.quantity,
      mark: quantise(mark, 8),
      rate: quantise(rate, 10),
      proxy,
      cash: fundingCash(position.quantity, mark, rate, proxy, terms.kind),
      package: pkg.package,
      ...(terms.settle === state.quote ? {} : { currency: terms.settle }),
    })
  })
}

export function onLegSettled(state: RiskState, event: PositionSettled, id: string): void {
  const pkg = findPackage(state, id)!
  const leg = findLeg(pkg, event.data.instrument)!
  applySettlement(ledgerOf(state, leg.terms.settle), leg.position, event.data.realised)
  setAim(leg, 0n, 0n)
  pkg.isBroken = true
}

export function onLegDelisted(state: RiskState, instrument: string): void {
  eachLeg(state, instrument, (leg) => {
    leg.isListed = false
  })
}

/** After its slot has taken the listing. */
export function onLegListed(state: RiskState, instrument: string): void {
  eachLeg(state, instrument, (leg) => {
    leg.isListed = true
    leg.terms = asListed(state, leg)
  })
}

export function onImbalanced(state: RiskState, event: PackageImbalanced): void {
  const { action, legs } = event.data
  const pkg = findPackage(state, event.data.package)!
  if (action === 'stuck') {
    pkg.status = 'stuck'
    return
  }
  pkg.attempts++
  pkg.status = action === 'completes' ? 'mending' : 'unwinding'
  if (action === 'completes') {
    // The dollars of now for the coins that were aimed at.
    for (const { instrument, wanted } of legs) findLeg(pkg, instrument)!.aim = wanted
    return
  }
  const units = pkg.isBroken ? 0n : supportedUnits(state, pkg, event.ts)
  pkg.units = formatUnits(units)
  pkg.isBarred = true
  for (const { instrument, wanted } of legs) setAim(findLeg(pkg, instrument)!, parseUnits(wanted), units)
}

/** The book is being closed: nothing of any package is wanted. */
export function abandonPackages(state: RiskState): void {
  for (const pkg of state.packages) {
    pkg.units = '0'
    pkg.isBarred = true
    for (const leg of pkg.legs) setAim(leg, 0n, 0n)
  }
}

export function resumePackages(state: RiskState): void {
  for (const pkg of state.packages) {
    pkg.isBarred = false
    if (pkg.refusal === 'trading-halted') pkg.refusal = ''
  }
}

const isUnwanted = ({ target, weight, units }: PackageState): boolean => target === 0 && weight === 0 && units === '0'

/** After an instant: what came into balance is open again, what ended is aimed at no more, what is flat and unwanted is forgotten. */
export function onPackagesInstant(state: RiskState, now: EpochMs): void {
  if (state.packages.length === 0) return
  freezeEnds(state, now)
  let forgets = false
  for (const pkg of state.packages) {
    for (const leg of pkg.legs) notePremium(state, leg)
    if (isInFlight(state, pkg.package)) continue
    for (const leg of pkg.legs)
      if (leg.aim !== '0' && leg.position.quantity === '0' && isOver(leg, now)) {
        setAim(leg, 0n, 0n)
        pkg.isBroken = true
      }
    if (isFlat(pkg)) {
      if (isUnwanted(pkg)) forgets = true
      if (pkg.isBroken) pkg.units = '0'
      pkg.isBroken = false
    }
    if (!isBalanced(state, pkg)) continue
    pkg.status = 'open'
    pkg.attempts = 0
    pkg.isBroken = pkg.isBroken && !isFlat(pkg)
  }
  if (!forgets) return
  state.packages = state.packages.filter((pkg) => !isUnwanted(pkg) || !isFlat(pkg) || isInFlight(state, pkg.package))
  noteNextEnd(state)
}
