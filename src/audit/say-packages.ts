/** Owns the sentences of packages: what a signal wants held against what, for which number against which threshold; legging risk. */
import { symbolOf } from '#core/ids'
import { isInDollars, isPerpetual } from '#events/instrument-kind'
import type { PackageChanged, PackageImbalanced, PackageKind, PackageLeg } from '#events/package.events'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { RiskAssessed } from '#events/risk.events'
import { unitOf } from './run-facts.js'
import { distanceTo, sayTerm, Terms, written } from './say-terms.js'
import { exact, figure, percent, ratio, when } from './words.js'

type Said = PackageChanged['data']

const aYear = (value: number): string => `${percent(value)} a year`
const points = (value: number): string => `${ratio(value)} points`

/** Why a package is left, refused or kept; the reasons with which one is opened are in its numbers. */
const REASONS: Readonly<Record<string, string>> = {
  'below-hurdle': 'it no longer pays',
  reversed: 'funding turned round for too long',
  reversing: 'funding is turning round',
  'not-unanimous': 'the last settlements disagree',
  'no-borrow': 'nothing is known of what borrowing costs',
  'missing-settlement': 'a settlement is missing, so it is held as it is',
  'warming-up': 'too little is known yet',
  stale: 'its data is too old',
  delisted: 'a leg trades no more',
  delivered: 'the future was delivered',
  converged: 'the basis is gone',
  inverted: 'the basis turned round',
  roll: 'in place of the one before',
  rolled: 'another future takes its place',
  unopened: 'it was never opened',
  'not-best': 'another future pays more',
  'below-threshold': 'it pays too little',
  doubtful: 'its data is in doubt',
  'too-short': 'too few days are left',
  'no-spot': 'there is no spot to hold against it',
  hedge: 'the hedge follows the delta',
  'vega-limit': 'its size is bound by the limit on vega',
  expiry: 'its options end soon',
  loss: 'its loss reached the stop',
  stop: 'the skew reached the stop',
  normal: 'the skew is back to normal',
  median: 'the skew is back at its median',
  'no-skew': 'the skew is not known, so it is held as it is',
  'no-quotes': 'quotes are missing, so it is held as it is',
  'no-hedge': 'there is nothing to hedge with',
  'no-chain': 'there is no chain',
  'no-premium': 'there is no premium to earn',
}
/** Reasons that the numbers themselves tell. */
const TOLD: ReadonlySet<string> = new Set(['carry', 'basis', 'dispersion', 'premium', 'rich-puts', 'rich-calls'])

function whyOf(reason: string): string {
  if (TOLD.has(reason)) return ''
  if (reason.startsWith('held-')) return `, its last word stands while the check "${reason.slice(5)}" of its data fails`
  return `, ${REASONS[reason] ?? reason}`
}

const legOf = (legs: readonly PackageLeg[], role: PackageLeg['role']): PackageLeg | undefined =>
  legs.find((leg) => leg.role === role)

const venueOf = ({ instrument }: PackageLeg): string => instrument.split('.')[0] ?? instrument

/** `BTCUSDT perp`, `BTCUSD_210625`. */
function nameOf({ instrument, terms }: PackageLeg): string {
  return isPerpetual(terms.kind) ? `${symbolOf(instrument)} perp` : symbolOf(instrument)
}

/** `short 4.8 % NAV of `, or what was held, where nothing is wanted. */
function sized({ targetWeight }: Said, leg: PackageLeg | undefined): string {
  if (targetWeight === 0) return 'none of '
  const weight = targetWeight * Math.abs(leg?.ratio ?? 1)
  return `${leg !== undefined && leg.ratio < 0 ? 'short' : 'long'} ${percent(weight)} NAV of `
}

function sayPosition(said: Said): string {
  const { kind, legs } = said
  const first = legs[0]
  if (first === undefined) return `none of ${said.package}`
  switch (kind) {
    case 'carry':
    case 'basis': {
      const held = legOf(legs, kind === 'carry' ? 'perpetual' : 'future') ?? first
      return `${sized(said, held)}${nameOf(held)} against spot`
    }
    case 'dispersion': {
      const [short, long] = [legOf(legs, 'perpetual') ?? first, legOf(legs, 'otherPerpetual')]
      const against = long === undefined ? '' : ` against ${nameOf(long)} on ${venueOf(long)}`
      return `${sized(said, short)}${nameOf(short)} on ${venueOf(short)}${against}`
    }
    case 'straddle': {
      const [call, put] = [legOf(legs, 'call') ?? first, legOf(legs, 'put')]
      const strikes = [call, put].map((leg) => (leg?.terms.strike === undefined ? '?' : figure(leg.terms.strike)))
      const strike = strikes[0] === strikes[1] || put === undefined ? strikes[0] : strikes.join('/')
      const wings = legOf(legs, 'wingCall') === undefined ? 'without wings' : 'with wings'
      return `${sized(said, call)}the ${call.terms.base} straddle at ${strike}${endOf(call)} ${wings}`
    }
    case 'riskReversal': {
      const [put, call] = [legOf(legs, 'put') ?? first, legOf(legs, 'call')]
      return `${sized(said, put)}${nameOf(put)}${call === undefined ? '' : ` against ${nameOf(call)}`}`
    }
  }
}

const endOf = ({ terms }: PackageLeg): string => (terms.expiresAt === undefined ? '' : ` to ${when(terms.expiresAt)}`)

/** The number that decided, its threshold and the way between them; what is not in the event is not spoken of. */
const NUMBERS: Readonly<Record<PackageKind, (terms: Terms) => string>> = {
  carry(terms) {
    const apr = terms.take('apr')
    if (apr === undefined) return ''
    const [settlements, unanimous] = [terms.take('settlements'), terms.take('unanimous')]
    const over = settlements?.value == null ? '' : ` over ${figure(settlements.value)} settlements`
    const [hurdle, distance] = [terms.take('hurdle'), terms.take('distance')]
    const against =
      hurdle?.value == null
        ? ''
        : `, against a hurdle of ${percent(hurdle.value)}${besides(terms)}${left(distance?.value)}`
    return `funding ${written(apr, aYear)}${over}${agreed(unanimous?.value, unanimous?.threshold, settlements?.value)}${against}`
  },
  basis(terms) {
    const [net, distance] = [terms.take('netApr'), terms.take('distance')]
    if (net === undefined) return ''
    const [simple, basis, days] = [terms.take('simpleApr'), terms.take('basis'), terms.take('daysToExpiry')]
    const entry = net.threshold === undefined ? '' : ` against ${percent(net.threshold)} to enter`
    const exit = simple?.threshold === undefined ? '' : ` against ${percent(simple.threshold)} to leave`
    const away = distance?.value == null ? '' : `, ${percent(Math.abs(distance.value))} from deciding otherwise`
    return `${written(net, aYear)} after costs${entry}, ${written(simple, percent)} simple${exit}${away}; basis ${written(basis, percent)} with ${written(days, ratio)} days to delivery`
  },
  dispersion(terms) {
    const [spread, distance] = [terms.take('spreadApr'), terms.take('distance')]
    if (spread === undefined) return ''
    const [short, long, days] = [terms.take('shortApr'), terms.take('longApr'), terms.take('holdDays')]
    const rates = `${written(short, percent)} against ${written(long, percent)}`
    const hurdle = spread.threshold === undefined ? '' : `, against ${percent(spread.threshold)} that costs ask for`
    return `funding spread ${written(spread, aYear)} (${rates})${hurdle} in ${written(days, ratio)} days${left(distance?.value)}`
  },
  straddle(terms) {
    const [iv, rv] = [terms.take('iv'), terms.take('rv')]
    if (iv === undefined) return ''
    const edge = terms.take('vrpPoints')
    const variance = edge === undefined ? terms.take('vrpVariance') : undefined
    const found = edge ?? variance
    const write = edge === undefined ? figure : points
    const asked = found?.threshold === undefined ? '' : ` against ${write(found.threshold)}`
    const premium = `a premium of ${written(found, write)}${variance === undefined ? '' : ' of variance'}`
    return `implied volatility ${written(iv, percent)} against ${written(rv, percent)} realised, ${premium}${asked}${distanceTo(found?.value, found?.threshold, write)}`
  },
  riskReversal(terms) {
    const skew = terms.take('skew30')
    if (skew === undefined) return ''
    const entry = skew.threshold === undefined ? '' : ` against ${points(skew.threshold)} to enter`
    const [from, out, stop, median] = ['entrySkew', 'exitSkew', 'stopSkew', 'medianSkew'].map((name) =>
      terms.take(name),
    )
    const limits = [
      from?.value == null ? [] : [`entered at ${points(from.value)}`],
      out?.threshold === undefined ? [] : [`left at ${points(out.threshold)}`],
      median?.value == null ? [] : [`or the median of ${points(median.value)}`],
      stop?.threshold === undefined ? [] : [`stopped at ${points(stop.threshold)}`],
    ].flat()
    return `skew ${written(skew, points)}${entry}${distanceTo(skew.value, skew.threshold, points)}${limits.length === 0 ? '' : `; ${limits.join(', ')}`}`
  },
}

const besides = (terms: Terms): string => {
  const borrow = terms.take('borrowApr')
  return borrow?.value == null ? '' : ` and ${percent(borrow.value)} for borrowing`
}

/** ` (5.95 % beyond it)`, ` (1.8 % short of it)`. */
const left = (distance: number | null | undefined): string =>
  distance == null ? '' : ` (${percent(Math.abs(distance))} ${distance < 0 ? 'short of' : 'beyond'} it)`

/** The last settlements are of one sign: all of them, enough of them, or too few. */
function agreed(streak: number | null | undefined, asked: number | undefined, of: number | null | undefined): string {
  if (streak == null) return ''
  if (of != null && streak >= of) return ', unanimous'
  if (asked !== undefined && streak < asked)
    return `, the last ${figure(streak)} of one sign against ${figure(asked)} asked for`
  return `, the last ${figure(streak)} of one sign`
}

/** `signal/carry at 2022-03-01: short 4.8 % NAV of BTCUSDT perp against spot: funding 10.95 % a year …`. */
export function sayPackage({ by, ts, data }: PackageChanged): { says: string; details: string[] } {
  const terms = new Terms(data.terms)
  const numbers = NUMBERS[data.kind](terms)
  const rest = terms.rest()
  const says = `${by} at ${when(ts)}: ${sayPosition(data)}${whyOf(data.reason)}${numbers === '' ? '' : `: ${numbers}`}`
  const confidence = `confidence ${ratio(data.confidence)}, ${percent(data.targetWeight)} of NAV a unit of one coin at ${figure(data.price)}`
  const details =
    data.targetWeight === 0 ? [] : [`${data.package}: ${confidence}`, ...data.legs.map((leg) => sayLeg(leg, data))]
  return { says, details: rest.length === 0 ? details : [...details, rest.map(sayTerm).join(', ')] }
}

function sayLeg({ role, instrument, ratio: coins, delta, terms }: PackageLeg, { targetWeight }: Said): string {
  const worth = `${figure(coins)} ${terms.base} a unit, ${percent(coins * targetWeight)} of NAV`
  const moves = terms.option === undefined ? '' : `, delta ${figure(delta)}`
  const dollars = isInDollars(terms.kind) ? ', in contracts of dollars' : ''
  return `${role} ${instrument}: ${worth}${moves}; settles in ${terms.settle}${dollars}`
}

const ACTIONS = {
  completes: 'completes it',
  unwinds: 'takes it back',
  stuck: 'waits: it cannot be mended now',
} as const

/** Legging risk: what is held beyond what belongs together, and what is done about it. */
export function sayImbalance({ by, ts, data }: PackageImbalanced): { says: string; details: string[] } {
  const { excessDelta, excessWeight, tolerance, attempts, action, isHalted } = data
  const excess = `${figure(excessDelta)} coins of delta too ${excessDelta < 0 ? 'few' : 'many'}, ${percent(excessWeight)} of NAV`
  const tried = `${attempts} attempt${attempts === 1 ? '' : 's'} so far${isHalted ? ', trading is halted' : ''}`
  return {
    says: `${by} at ${when(ts)}: legs of ${data.package} do not match: ${excess}, beyond ${percent(tolerance)} of its largest leg; ${tried}; risk ${ACTIONS[action]}`,
    details: data.legs.map(
      ({ instrument, wanted, held }) =>
        `${instrument}: held ${exact(held)}, wanted ${exact(wanted)} ${unitOf(instrument)}`,
    ),
  }
}

type BlendedPackage = NonNullable<PortfolioBlended['data']['packages']>[number]
type AssessedPackage = NonNullable<RiskAssessed['data']['packages']>[number]

/** `carry/… wanted 4.8 % of NAV, × confidence 1 × size 1 of its share 40 % × bucket 50 % × beta gate 1 → 2.4 %`. */
export function sayBlendedPackage(row: BlendedPackage): string {
  const { wanted, confidence, budget, size, bucket, betaScale, weight } = row
  const share =
    size === undefined ? `its share ${percent(budget)}` : `${ratio(size)} for its share of ${percent(budget)}`
  return `${row.package}: wanted ${percent(wanted)} of NAV, × confidence ${ratio(confidence)} × ${share} × bucket ${percent(bucket)} × beta gate ${ratio(betaScale)} → ${percent(weight)} of NAV`
}

const REFUSALS: Readonly<Record<string, string>> = {
  'no-mark': 'a leg has no price yet',
  'stale-mark': 'the price of a leg is too old',
  'not-listed': 'a leg is not traded now',
  'below-lot': 'it is less than one lot of a leg',
  'below-min-notional': 'a leg is worth less than the venue takes',
  'trading-halted': 'trading is halted, only reductions pass',
  imbalanced: 'its legs do not match',
}

export function sayAssessedPackage(row: AssessedPackage): string {
  const { wanted, approved, units, unitsBefore, residualDelta, refusal } = row
  const sizes = `wanted ${percent(wanted)}, approved ${percent(approved)} of NAV, ${exact(unitsBefore)} → ${exact(units)} units of one coin`
  const open = `delta left open ${percent(residualDelta)} of NAV`
  const refused = refusal === undefined ? '' : `; nothing is traded: ${REFUSALS[refusal] ?? refusal} [${refusal}]`
  return `${row.package}: ${sizes}, ${open}${refused}`
}
