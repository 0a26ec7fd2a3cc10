/**
 * Owns how balances in other currencies and packages go from a run to its child: exactly, cost for cost. Orders in flight do not
 * go along; what they left open is mended by the child. Must never carry a twin that can be derived.
 */
import { type DecimalString, formatUnits } from '#core/decimal'
import type { StateCarried } from '#events/lifecycle.events'
import { quantise } from '#events/line-buffer'
import { type Account, learnPrice, ledgerOf, priceOf } from '../instruments/accounts.js'
import { collateralOf } from '../instruments/conversion.js'
import { carryCost } from '../ledger.js'
import type { RiskState } from '../risk-state.js'
import { noteNextEnd } from './marks.js'
import { slotOfLeg } from './package-fold.js'
import { createLeg, markOf, type PackageState } from './package-state.js'

type Carried = Pick<StateCarried['data'], 'balances' | 'packages'>
type CarriedPackage = NonNullable<Carried['packages']>[number]

/** Balances and packages for {@link StateCarried}; nothing for a book that has none. */
export function carriedPackages(state: RiskState): Carried {
  const { accounts, packages } = state
  return {
    ...(accounts.length === 0
      ? {}
      : {
          balances: accounts.map((account) => ({
            currency: account.currency,
            balance: account.balance,
            price: quantise(priceOf(state, account.currency), 8),
            ...paidIn(account),
          })),
        }),
    ...(packages.length === 0 ? {} : { packages: packages.map((pkg) => carriedPackage(state, pkg)) }),
  }
}

/** Coins that the operator paid in stay theirs in a child run. */
function paidIn(account: Account): { paidIn?: DecimalString } {
  const units = collateralOf(account)
  return units > 0n ? { paidIn: formatUnits(units) } : {}
}

function carriedPackage(state: RiskState, pkg: PackageState): CarriedPackage {
  const { kind, signal, base, price, weight, wanted, units, isBarred } = pkg
  return {
    package: pkg.package,
    signal,
    kind,
    base,
    price,
    targetWeight: pkg.target,
    weight,
    wanted,
    units,
    isBarred,
    legs: pkg.legs.map((leg) => ({
      role: leg.role,
      instrument: leg.instrument,
      ratio: leg.ratio,
      delta: leg.delta,
      terms: { ...leg.terms },
      quantity: leg.position.quantity,
      cost: leg.position.cost,
      aim: leg.aim,
      aimCoins: quantise(leg.aimCoins, 8),
      mark: quantise(markOf(state, leg), 8),
    })),
  }
}

/** Takes over a parent's balances and packages. Marks are old until the market speaks: nothing is traded on them. */
export function carryPackages(state: RiskState, event: StateCarried): void {
  for (const { currency, balance, price, paidIn } of event.data.balances ?? []) {
    learnPrice(state, currency, price, 0)
    ledgerOf(state, currency, balance)
    const account = state.accounts.find((one) => one.currency === currency)
    if (account !== undefined && paidIn !== undefined) account.paidIn = paidIn
  }
  for (const row of event.data.packages ?? []) {
    const legs = row.legs.map((one) => {
      const leg = createLeg(one, slotOfLeg(state, one.instrument))
      carryCost(leg.position, one.quantity, one.cost, event.ts)
      leg.aim = one.aim
      leg.aimCoins = one.aimCoins
      leg.mark = one.mark
      return leg
    })
    state.packages.push({
      package: row.package,
      signal: row.signal,
      kind: row.kind,
      base: row.base,
      price: row.price,
      target: row.targetWeight,
      carriedAt: event.ts,
      weight: row.weight,
      wanted: row.wanted,
      units: row.units,
      legs,
      status: 'open',
      attempts: 0,
      isBroken: false,
      isBarred: row.isBarred,
      refusal: '',
    })
    learnPrice(state, row.base, row.price, 0)
  }
  noteNextEnd(state)
}
