/** Owns how the oracle's cases of options and their skew call the shipped formulas. */
import { black76, black76Price, forwardDelta, type OptionSide, yearsTo } from '#quant/black76'
import { impliedVol } from '#quant/implied-vol'
import { constantMaturity, type SmilePoint, skewPoints, smileLegs } from '#quant/vol-surface'
import { coinDelta, dailyMove, hedgedStraddlePnl, straddleWings, variancePremium } from '#quant/volatility-premium'
import type { Json, JsonObject, OracleMethod } from './cases.js'
import { num, nums, rows, str } from './inputs.js'

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

const sideOf = (inputs: JsonObject): OptionSide => (str(inputs, 'cp') === 'C' ? 'call' : 'put')
const terms = (inputs: JsonObject) =>
  [sideOf(inputs), num(inputs, 'F'), num(inputs, 'K'), num(inputs, 'T'), num(inputs, 'sigma')] as const

/** `BTC-28MAR25-160000-P`; options expire at 08:00 UTC. */
function named(instrument: string): { side: OptionSide; strike: number; expiresAt: number } {
  const match = /-(\d{1,2})([A-Z]{3})(\d{2})-([\d.]+)-([CP])$/.exec(instrument)
  if (match === null) throw new Error(`no such option: ${instrument}`)
  const expiresAt = Date.UTC(2000 + Number(match[3]), MONTHS.indexOf(match[2]!), Number(match[1]), 8)
  return { side: match[5] === 'C' ? 'call' : 'put', strike: Number(match[4]), expiresAt }
}

function deribitMark(inputs: JsonObject): JsonObject {
  const { side, strike, expiresAt } = named(str(inputs, 'instrument'))
  const years = yearsTo(expiresAt, num(inputs, 'tsMs'))
  const greeks = black76(side, num(inputs, 'underlyingPrice'), strike, years, num(inputs, 'markIvPct') / 100)
  if (greeks === null) return { T: years }
  const { priceCoin, delta, vegaPerPoint, thetaPerDay } = greeks
  return { T: years, markCoin: priceCoin, delta, vegaPerVolPt: vegaPerPoint, thetaPerDay }
}

function black76Greeks(inputs: JsonObject): JsonObject {
  const greeks = black76(...terms(inputs))
  if (greeks === null) return {}
  const { price, priceCoin, d1, d2, delta, deltaPremiumAdjusted, gamma, vegaPerPoint, thetaPerDay } = greeks
  return {
    price,
    priceCoin,
    d1,
    d2,
    delta,
    deltaPA: deltaPremiumAdjusted,
    gamma,
    vegaPerVolPt: vegaPerPoint,
    thetaPerDay,
  }
}

function implied(inputs: JsonObject): JsonObject {
  const years = num(inputs, 'T')
  const price = num(inputs, 'price') * Math.exp(num(inputs, 'r', 0) * years)
  return { sigma: impliedVol(sideOf(inputs), price, num(inputs, 'F'), num(inputs, 'K'), years, num(inputs, 'tick', 0)) }
}

function skew25(inputs: JsonObject): JsonObject {
  const tau = num(inputs, 'tau')
  const expiries = rows(inputs, 'expiries').map((expiry) => {
    const points = rows(expiry, 'smile').flatMap((row): SmilePoint[] => {
      const quote = { strike: num(row, 'K'), iv: num(row, 'iv') }
      return [
        { side: 'call', ...quote },
        { side: 'put', ...quote },
      ]
    })
    return { years: num(expiry, 'T'), ...smileLegs(points, num(expiry, 'F'), num(expiry, 'T')) }
  })
  const [a, b] = expiries
  const at = (from: number | null | undefined, to: number | null | undefined): number | null =>
    from == null || to == null ? null : constantMaturity(from, a!.years, to, b!.years, tau)
  const put25 = at(a?.put25, b?.put25)
  const call25 = at(a?.call25, b?.call25)
  return {
    perExpiry: expiries.map((expiry): Json => {
      const skew =
        expiry.put25 === null || expiry.call25 === null ? null : skewPoints(expiry.put25, expiry.call25) / 100
      return {
        put25: expiry.put25,
        call25: expiry.call25,
        skewPutMinusCall: skew,
        rr25CallMinusPut: skew === null ? null : -skew,
        iv50dCall: expiry.atm,
      }
    }),
    constMaturity30d: {
      put25,
      call25,
      skewVolPts: put25 === null || call25 === null ? null : skewPoints(put25, call25),
    },
  }
}

function wings(inputs: JsonObject): JsonObject {
  const forward = num(inputs, 'F')
  const found = straddleWings(
    forward,
    num(inputs, 'T'),
    num(inputs, 'sigmaFlat'),
    num(inputs, 'wingDelta'),
    num(inputs, 'capFrac'),
  )
  if (found === null) return {}
  const { premium, callStrike, putStrike, wingCost, wingToPremium, wingQuantity } = found
  return {
    straddlePremium: premium,
    premiumCoin: premium / forward,
    Kcall25: callStrike,
    Kput25: putStrike,
    wingCost,
    wingToPremium,
    wingQtyRatioAtCap: wingQuantity,
  }
}

function deltaTotal(inputs: JsonObject): JsonObject {
  const options = rows(inputs, 'options').map((row) => ({
    quantity: num(row, 'qty'),
    delta: num(row, 'delta'),
    priceCoin: num(row, 'priceCoin'),
  }))
  const found = coinDelta(options, num(inputs, 'futuresDeltaCoin'), num(inputs, 'equityCoin'))
  return {
    netTransactionDelta: found.netTransactionDelta,
    deltaTotal: found.deltaTotal,
    usdNeutralFuturesTrade: found.usdFlatTrade,
    coinNeutralFuturesTrade: found.coinFlatTrade,
  }
}

export const optionMethods: Readonly<Record<string, OracleMethod>> = {
  deribitMark,
  black76Greeks,
  skew25,
  impliedVol: implied,
  straddleWings: wings,
  deribitDeltaTotal: deltaTotal,
  varianceRiskPremium: (inputs) => {
    const found = variancePremium(nums(inputs, 'hourlyLogReturns'), num(inputs, 'iv'))
    return found === null ? {} : { rvAnn: found.realisedVol, vrpVariance: found.variance, vrpVol: found.vol }
  },
  dvolDailyMove: (inputs) => ({ dailyPct: nums(inputs, 'dvol').map(dailyMove) }),
  deltaHedgedPnl: (inputs) => ({
    pnlUsd: hedgedStraddlePnl(
      nums(inputs, 'path'),
      num(inputs, 'K'),
      num(inputs, 'T'),
      num(inputs, 'sigma'),
      num(inputs, 'qty'),
      num(inputs, 'stepHours'),
    ),
  }),
  black76: (inputs) => ({ price: black76Price(...terms(inputs), num(inputs, 'r', 0)) }),
  forwardDelta: (inputs) => ({ delta: forwardDelta(...terms(inputs)) }),
  premiumAdjustedForwardDelta: (inputs) => ({ delta: black76(...terms(inputs))?.deltaPremiumAdjusted ?? null }),
  constantMaturityVol: (inputs) => ({
    iv: rows(inputs, 'rows').map((row) =>
      constantMaturity(num(row, 'iv1'), num(row, 'T1'), num(row, 'iv2'), num(row, 'T2'), num(row, 'tau')),
    ),
  }),
}
