/** Owns what the numbers behind an opinion are called and how they are written; a term that is not known here goes by its own name. */
import { basisPoints, figure, percent, ratio, when } from './words.js'

type Write = (value: number) => string

const aYear: Write = (value) => `${percent(value)} a year`
const hours: Write = (value) => `${figure(value)} h`
const points: Write = (value) => `${ratio(value)} points`

/** The name of a term in a sentence, and its number. */
const TERMS: Readonly<Record<string, readonly [words: string, write: Write]>> = {
  // Price signals.
  momentum: ['momentum', percent],
  skipClose: ['close at the end of the window', figure],
  lookbackClose: ['close at its start', figure],
  annualVol: ['volatility', aYear],
  z: ['z', ratio],
  parts: ['finer bars in the day', figure],
  upper: ['entry channel above', figure],
  lower: ['entry channel below', figure],
  adx: ['ADX', ratio],
  atr: ['ATR', figure],
  strength: ['strength', ratio],
  stop: ['stop', figure],
  testedStop: ['stop that the bar was tested against', figure],
  missingBars: ['missing bars', figure],
  exitUpper: ['exit channel above', figure],
  exitLower: ['exit channel below', figure],
  vwap: ['VWAP', figure],
  medianQuoteVolume: ['median daily volume', figure],
  funding8hBps: ['funding in 8 h', (value) => `${figure(value)} bp`],
  cascade: ['cascade', figure],
  volumeZ: ['z of volume', ratio],
  returnSigmas: ['return in deviations', ratio],
  heldHours: ['hours held', figure],
  cascadeConfidence: ['confidence of fading a cascade ×', ratio],
  ageHours: ['hours since its last bar', figure],
  // Open interest and cross-section.
  priceChange: ['price', percent],
  openInterestChange: ['open interest', percent],
  divergence: ['divergence', figure],
  openInterest: ['coins of open interest', figure],
  weightedOpenInterest: ['weighted by volume', figure],
  weightedStepChange: ['change of a step, weighted', percent],
  reporting: ['instruments that report', figure],
  openInterestAgeHours: ['age of the open interest in hours', figure],
  stepHours: ['hours of a step', figure],
  buildZ: ['z of its build-up', ratio],
  absFundingApr: ['size of funding', aYear],
  openInterestToVolume: ['open interest a volume of a day', ratio],
  rank: ['rank', figure],
  assets: ['coins ranked', figure],
  trancheWeight: ["weight in today's tranche", percent],
  bookWeight: ['weight in the book of tranches', percent],
  tranches: ['tranches', figure],
  beta: ['beta', ratio],
  bookBeta: ['beta of the book', ratio],
  // Overlays.
  mvrvZ: ['z of the market value', ratio],
  mvrvRatioZ1460: ['z of the ratio', ratio],
  mvrv: ['market to realised value', ratio],
  mvrvSd: ['deviation of the ratio', ratio],
  marketCapSd: ['deviation of the market value', figure],
  marketCap: ['market value', figure],
  realisedCap: ['realised value', figure],
  observationsBefore: ['days before it', figure],
  firstDay: ['first day', when],
  distance: ['distance', ratio],
  ssr: ['supply ratio', ratio],
  ssrMean: ['its mean', ratio],
  ssrSd: ['its deviation', figure],
  ssrZ: ['its z', ratio],
  longFactor: ['factor on longs', ratio],
  supplies: ['supplies counted', figure],
  knownDays: ['days known', figure],
  ageDays: ['age in days', ratio],
  // Packages.
  feed: ['rates', (value) => (value === 1 ? 'predicted' : 'settled')],
  apr: ['funding', aYear],
  hurdle: ['hurdle', aYear],
  borrowApr: ['borrowing costs', aYear],
  settlements: ['settlements', figure],
  unanimous: ['last settlements of one sign', figure],
  rateLast: ['last rate', percent],
  intervalHours: ['hours it is for', figure],
  ratePredicted: ['predicted rate', percent],
  reversedHours: ['hours of the other sign', figure],
  size: ['size', percent],
  priceAgeHours: ['age of the older price', hours],
  spreadApr: ['funding spread', aYear],
  shortApr: ['received on the short', aYear],
  longApr: ['paid on the long', aYear],
  sdApr: ['deviation of the spread', aYear],
  venues: ['venues compared', figure],
  holdDays: ['days it is expected to last', ratio],
  roundTripBps: ['round trip', basisPoints],
  netBps: ['left after costs', basisPoints],
  netApr: ['net', aYear],
  simpleApr: ['simple', aYear],
  rollApr: ['the next one', aYear],
  basis: ['basis', percent],
  daysToExpiry: ['days to its end', ratio],
  costBps: ['costs', basisPoints],
  margin: ['margin', percent],
  vrpPoints: ['premium', points],
  vrpVariance: ['premium of variance', figure],
  iv: ['implied volatility', percent],
  rv: ['realised', percent],
  rvStepHours: ['hours between its prices', figure],
  premium: ['premium of a unit', figure],
  wingCost: ['cost of the wings', figure],
  wings: ['wings a unit', ratio],
  pnl: ['profit of a unit', figure],
  forward: ['forward', figure],
  cashCoin: ['coins in cash a unit', figure],
  delta: ['delta left open', figure],
  hedgeRatio: ['hedge a unit', figure],
  vegaPerPoint: ['vega a point', figure],
  vegaOfNav: ['ten points of vega', percent],
  worstDown30: ['a unit at -30 %', figure],
  worstUp30: ['a unit at +30 %', figure],
  worstOfNav: ['the worse of the two', percent],
  skew30: ['skew', points],
  entrySkew: ['skew at entry', points],
  exitSkew: ['skew to leave at', points],
  medianSkew: ['median skew', points],
  stopSkew: ['skew to stop at', points],
  premiumCoin: ['premium in coins', figure],
  failingChecks: ['checks of its data that fail', figure],
}

export interface Term {
  readonly name: string
  readonly value: number | null
  readonly threshold?: number | undefined
}

/** `momentum -12.34 % against 0 %`. */
export function sayTerm({ name, value, threshold }: Term): string {
  const [words, write] = TERMS[name] ?? [name, figure]
  const number = value === null ? 'unknown' : write(value)
  return `${words} ${number}${threshold === undefined ? '' : ` against ${write(threshold)}`}`
}

/** The numbers of an event by name. */
export class Terms {
  readonly #terms: readonly Term[]
  readonly #told = new Set<string>()

  constructor(terms: readonly Term[]) {
    this.#terms = terms
  }

  /** The term, told from now on; undefined where the event names none. */
  take(name: string): Term | undefined {
    this.#told.add(name)
    return this.#terms.find((term) => term.name === name)
  }

  /** What was not taken. */
  rest(): Term[] {
    return this.#terms.filter(({ name }) => !this.#told.has(name))
  }
}

/** A number that is known, written; `unknown` where it is not. */
export const written = (term: Term | undefined, write: Write): string =>
  term === undefined || term.value === null ? 'unknown' : write(term.value)

/** ` (5.95 % above it)`: how far a number is from its threshold; nothing where either is not known. */
export function distanceTo(value: number | null | undefined, threshold: number | undefined, write: Write): string {
  if (value === null || value === undefined || threshold === undefined) return ''
  const distance = value - threshold
  return ` (${write(Math.abs(distance))} ${distance < 0 ? 'below' : 'above'} it)`
}
