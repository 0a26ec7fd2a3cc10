/** Owns how the oracle's cases of funding call the shipped formulas. */
import { createSignRun, isReversed, pushSign } from '#indicators/reversal'
import {
  carrySize,
  fundingApr,
  fundingApy,
  fundingCash,
  fundingCashInverse,
  fundingOver,
  fundingSpread,
  hurdleApr,
  netSpreadBps,
  roundTripBps,
} from '#quant/funding'
import { isObject, type OracleMethod } from './cases.js'
import { num, nums, rows } from './inputs.js'

export const fundingMethods: Readonly<Record<string, OracleMethod>> = {
  fundingApr: (inputs) => ({
    apr: nums(inputs, 'rate8h').map((rate) => fundingApr(rate, 8)),
    apy: nums(inputs, 'rate8h').map((rate) => fundingApy(rate, 8)),
  }),
  fundingNormalise: (inputs) => {
    const observations = rows(inputs, 'obs').map((row) => [num(row, 'rate'), num(row, 'intervalH')] as const)
    return {
      rate8h: observations.map(([rate, hours]) => fundingOver(rate, hours, 8)),
      apr: observations.map(([rate, hours]) => fundingApr(rate, hours)),
    }
  },
  fundingCash: (inputs) => {
    const marks = nums(inputs, 'mark')
    const cash = nums(inputs, 'rate').map((rate, i) => fundingCash(num(inputs, 'qty'), marks[i]!, rate))
    return { cash, total: cash.reduce((a, b) => a + b, 0) }
  },
  fundingCashInverse: (inputs) => {
    const marks = nums(inputs, 'mark')
    const usd = num(inputs, 'contractsUsd')
    return { cashCoin: nums(inputs, 'rate').map((rate, i) => fundingCashInverse(usd, marks[i]!, rate)) }
  },
  carrySize: (inputs) => {
    const [hurdle, full, cap] = [num(inputs, 'hurdle'), num(inputs, 'full'), num(inputs, 'cap')]
    return {
      perpWeight: nums(inputs, 'apr').map((apr) => -Math.sign(apr) * carrySize(Math.abs(apr), hurdle, full, cap)),
    }
  },
  carryHurdle: (inputs) => {
    const costBps = roundTripBps(num(inputs, 'spotFeeBp'), num(inputs, 'perpFeeBp'), num(inputs, 'spreadBpPerRoundLeg'))
    return { roundTripBp: costBps, aprHurdle: hurdleApr(costBps, num(inputs, 'holdDays')) }
  },
  reversalStop6h: (inputs) => {
    const rates = nums(inputs, 'rate')
    const run = createSignRun()
    return {
      stop: nums(inputs, 'tsMs').map((ts, i) => {
        pushSign(run, rates[i]!, ts)
        return isReversed(run, num(inputs, 'perpSide'), ts, num(inputs, 'limitMs'))
      }),
    }
  },
  crossVenueFunding: (inputs) => {
    const venues = isObject(inputs.venues) ? Object.entries(inputs.venues) : []
    const aprs = venues.flatMap(([name, row]) =>
      isObject(row) ? [{ name, apr: fundingApr(num(row, 'rate'), num(row, 'intervalH')) }] : [],
    )
    const spread = fundingSpread(aprs)
    if (spread === null) return {}
    return {
      apr: Object.fromEntries(aprs.map(({ name, apr }) => [name, apr])),
      shortVenue: spread.highest.name,
      longVenue: spread.lowest.name,
      spreadApr: spread.spreadApr,
      stdApr: spread.sdApr,
      netBp: netSpreadBps(spread.spreadApr, num(inputs, 'holdDays'), num(inputs, 'costBpRoundTrip')),
    }
  },
}
