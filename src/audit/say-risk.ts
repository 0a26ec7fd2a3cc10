/** Owns the sentences of risk: each step of the pipeline with its limit, approvals, refusals, stops, halts, funding. */
import { symbolOf } from '#core/ids'
import { isOption, kindOfId } from '#events/instrument-kind'
import type {
  BalanceConverted,
  FundingAccrued,
  OrderApproved,
  OrderRefused,
  PositionSettled,
  RiskAssessed,
  StopTriggered,
  TradingHalted,
} from '#events/risk.events'
import type { RunFacts } from './run-facts.js'
import { sayAssessedPackage } from './say-packages.js'
import { exact, figure, lasting, money, percent, ratio, when } from './words.js'

type Step = RiskAssessed['data']['steps'][number]

const unknownOr = (value: number | null, write: (value: number) => string): string =>
  value === null ? 'unknown' : write(value)

/** What a step measured against its limit. */
function measured({ step, measured: seen, limit, factor }: Step): string {
  const most = unknownOr(limit, percent)
  switch (step) {
    case 'maxAbsWeight':
      return `largest weight ${unknownOr(seen, percent)} against a cap of ${most}`
    case 'volTarget':
      return seen === null
        ? `volatility target ${most}, ex-ante volatility unknown (no trend position or too little history)`
        : `volatility target ${most} a year against ${percent(seen)} ex ante`
    case 'kelly':
      return `Kelly ${seen === null ? 'fraction unknown (too little history)' : `optimum ${ratio(seen)}`}, leverage ${ratio(factor)}, at most ${unknownOr(limit, ratio)}`
    case 'sleeveCap':
      return `carry sleeve ${unknownOr(seen, percent)} against a cap of ${most}`
    case 'vegaLimit':
      return `ten points of volatility cost options ${unknownOr(seen, percent)} against a limit of ${most}`
    case 'margin':
      return `derivatives of ${unknownOr(seen, percent)} against ${most} that their collateral carries through the stress of margin`
    case 'venueCap':
      return `gross exposure at one venue ${unknownOr(seen, percent)} against a cap of ${most}`
    case 'coinCap':
      return `one side of a coin ${unknownOr(seen, percent)} against a cap of ${most}`
    case 'netCap':
      return `net exposure ${unknownOr(seen, percent)} against a cap of ${most}`
    case 'grossCap':
      return `gross exposure ${unknownOr(seen, percent)} against a cap of ${most}`
    case 'turnover':
      return limit === null
        ? `turnover ${unknownOr(seen, percent)} in 30 days, no limit set`
        : `turnover ${unknownOr(seen, percent)} in 30 days against a cap of ${most}, bands and orders at work included`
    case 'drawdown':
      if (factor > 0 && factor < 1) return `drawdown ${unknownOr(seen, percent)} on the rung of ${most} of the ladder`
      return `drawdown ${unknownOr(seen, percent)} against a halt at ${most}${factor === 0 ? ', trading is halted: only reductions pass' : ''}`
    case 'lotRounding':
      return 'rounded to whole lots'
  }
}

/** `volTarget: volatility target 10 % a year against 13.2 % ex ante → × 0.76; gross 40 % → 30.4 %, net -12 % → -9.1 %`. */
export function sayStep(step: Step): string {
  const { grossBefore, grossAfter, netBefore, netAfter, factor } = step
  const changed = percent(grossBefore) !== percent(grossAfter) || percent(netBefore) !== percent(netAfter)
  const scaled =
    factor !== 1 && (step.step !== 'drawdown' || factor > 0) && step.step !== 'kelly' ? ` → × ${ratio(factor)}` : ''
  const book = changed
    ? `gross ${percent(grossBefore)} → ${percent(grossAfter)}, net ${percent(netBefore)} → ${percent(netAfter)}`
    : `unchanged (gross ${percent(grossAfter)}, net ${percent(netAfter)})`
  return `${step.step}: ${measured(step)}${scaled}; ${book}`
}

/** `focus`: an instrument or a package that it is told about; the whole book otherwise. */
export function sayAssessment({ by, ts, data }: RiskAssessed, focus: string | undefined): string {
  const nav = `${by} assessed the book at ${when(ts)}, NAV ${money(data.nav)}`
  const rows = focus === undefined ? data.rows : data.rows.filter((row) => row.instrument === focus)
  const parts = rows.map(
    (row) =>
      `${symbolOf(row.instrument)} wanted ${percent(row.blended)}, held ${percent(row.held)}, allowed ${percent(row.approved)} of NAV at a mark of ${figure(row.mark)}`,
  )
  const packages = (data.packages ?? []).filter((row) => focus === undefined || row.package === focus)
  parts.push(...packages.map(sayAssessedPackage))
  return parts.length === 0 ? nav : `${nav}: ${parts.join('; ')}`
}

export const PURPOSES = {
  rebalance: 'to rebalance',
  stop: 'to close a stopped position',
  flatten: 'to flatten the book on command',
  derisk: 'to close the book after a drawdown',
  package: 'as a leg of a package',
  unwind: 'to take back a leg of a package',
} as const

export function sayApproval({ by, ts, data }: OrderApproved, facts: RunFacts): string {
  const { order, instrument, side, quantity, referencePrice, weightBefore, weightAfter, reduceOnly } = data
  const size = `${side} ${exact(quantity)} ${facts.base(instrument)}`
  const weights = `${percent(weightBefore)} → ${percent(weightAfter)} of NAV`
  const only = reduceOnly ? ', reduce-only' : ''
  return `${by} approved ${order} at ${when(ts)}: ${size} of ${symbolOf(instrument)}${sayTerms(data)} at ${exact(referencePrice)} ${purposeOf(data)}${only}: ${weights}`
}

/** `as a leg of carry/…`, where the package is known. */
const purposeOf = ({ purpose, package: id }: OrderApproved['data']): string =>
  id === undefined ? PURPOSES[purpose] : PURPOSES[purpose].replace('a package', id)

/** ` (inverse future, settles in BTC, ends 2022-03-25 08:00)`: of an instrument outside the universe. */
export function sayTerms({ terms }: Pick<OrderApproved['data'], 'terms'>): string {
  if (terms === undefined) return ''
  const kind = terms.kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  const end = terms.expiresAt === undefined ? '' : `, ends ${when(terms.expiresAt)}`
  return ` (${kind}, settles in ${terms.settle}${end})`
}

/** What was not allowed, with the number that stood against which limit. */
function refusal({ code, value, limit, instrument }: OrderRefused['data'], facts: RunFacts): string {
  switch (code) {
    case 'below-lot':
      return `${unknownOr(value, figure)} ${facts.base(instrument)} is less than one lot of ${unknownOr(limit, figure)}`
    case 'below-min-notional':
      return `worth ${unknownOr(value, money)} ${facts.quote(instrument)}, the venue takes no less than ${unknownOr(limit, money)}`
    case 'inside-band':
      return `${unknownOr(value, percent)} from the target, within the band of ${unknownOr(limit, percent)}`
    case 'trading-halted':
      return 'trading is halted, only reductions pass'
    case 'no-mark':
      return 'it has no price yet'
    case 'stale-mark':
      return `its price is ${unknownOr(value, figure)} h old, at most ${unknownOr(limit, figure)} h`
    case 'turnover-exhausted':
      return `turnover of ${unknownOr(value, percent)} in 30 days leaves too little of ${unknownOr(limit, percent)}`
    case 'stopped-out':
      return 'it was stopped out and stays flat until its target is 0 or changes sign'
    case 'in-flight':
      return 'an order of it is still at work'
    case 'not-listed':
      return 'it is not traded now'
  }
}

export function sayRefusal({ by, ts, data }: OrderRefused, facts: RunFacts): string {
  const { side, quantity, instrument, wanted, code } = data
  const size = `to ${side} ${exact(quantity)} ${facts.base(instrument)}`
  return `${by} refused ${size} of ${symbolOf(instrument)} (wanted ${percent(wanted)} of NAV) at ${when(ts)}: ${refusal(data, facts)} [${code}]`
}

export function sayStop({ by, ts, data }: StopTriggered): string {
  const { instrument, side, level, extreme, atr, multiple, price } = data
  const beyond = side === 'long' ? 'below' : 'above'
  const rule = `${ratio(multiple)} × ATR of ${figure(atr)} from the best price since entry, ${figure(extreme)}; never loosened`
  return `${by} saw ${symbolOf(instrument)} trade at ${figure(price)}, ${beyond} the stop of the ${side} at ${figure(level)} (${rule}), ${when(ts)}`
}

export function sayHalt({ by, ts, data }: TradingHalted): string {
  const { reason, detail, value, limit } = data
  const write =
    reason === 'drawdown' ? percent : reason === 'clock-stepped' || reason === 'log-stalled' ? lasting : figure
  const numbers = value === null ? '' : ` at ${write(value)}${limit === null ? '' : ` against ${write(limit)}`}`
  return `${by} halted trading at ${when(ts)}: ${reason} (${detail})${numbers}`
}

export function sayFunding({ by, ts, data }: FundingAccrued, facts: RunFacts): string {
  const rows = data.rows.map(({ instrument, cash, rate, quantity, mark, proxy, currency, package: id }) => {
    const how = Number(cash) < 0 ? 'paid' : 'received'
    const paid = `${how} ${money(cash.replace('-', ''))} ${currency ?? facts.quote(instrument)}`
    const leg = id === undefined ? '' : ` as a leg of ${id}`
    return `${symbolOf(instrument)} ${paid}${leg} (${exact(quantity)} at ${figure(mark)}, rate ${percent(rate)}${proxy ? ', a stand-in' : ''})`
  })
  return `${by} booked funding at ${when(ts)}: ${rows.join('; ')}`
}

/** Coins that were won or lost, into the own currency of the book. */
export function sayConversion({ by, ts, data }: BalanceConverted): string {
  const { currency, amount, into, price, costBps, cost, proceeds, reason } = data
  const sold = amount.startsWith('-') ? `bought ${exact(amount.slice(1))}` : `sold ${exact(amount)}`
  return `${by} ${sold} ${currency} at ${exact(price)}, cost ${exact(cost)} ${into} (${figure(costBps)} bp): ${exact(proceeds)} ${into}; ${reason}, ${when(ts)}`
}

/** How a position ended, at which price, and the cash flow in the currency that it settles in. */
export function saySettlement({ by, ts, data }: PositionSettled, facts: RunFacts): string {
  const { instrument, quantity, price, realised, cause, currency, deliveryPrice, package: id } = data
  const size = `${exact(quantity)} ${facts.base(instrument)} of ${symbolOf(instrument)}${id === undefined ? '' : `, a leg of ${id},`}`
  // In a coin every digit counts, and two decimals are too few.
  const flow =
    currency === undefined ? `${money(realised)} ${facts.quote(instrument)}` : `${exact(realised)} ${currency}`
  return `${by} settled ${size} ${endOf(data, instrument, price, deliveryPrice, cause)}, realised ${flow}, ${when(ts)}`
}

function endOf(
  { currency }: PositionSettled['data'],
  instrument: string,
  price: string,
  deliveryPrice: string | undefined,
  cause: PositionSettled['data']['cause'],
): string {
  if (cause === undefined || cause === 'delisted') return `at its last mark ${exact(price)}`
  const index = deliveryPrice === undefined ? '' : `, at an index of ${exact(deliveryPrice)}`
  if (cause === 'delivery') return `on delivery at ${exact(price)}${index}`
  const payoff = isOption(kindOfId(instrument))
    ? `a payoff of ${exact(price)} ${currency ?? 'quote'} a coin`
    : exact(price)
  return `at its expiry${index}: ${Number(price) === 0 ? 'it ended worthless' : payoff}`
}
