/**
 * Owns the market-neutral bucket: the packages of its signals, their shares, and the weight of each package (methods, section 13;
 * docs/adr/0017-market-neutral-bucket.md). Must never let a package be larger than its signal asked for.
 */
import type { BlenderConfig } from '#core/config/schema'
import { quantise } from '#events/line-buffer'
import type { PackageChanged } from '#events/package.events'
import type { PortfolioBlended } from '#events/portfolio.events'
import { betaGateScale } from './beta-gate.js'
import { type Holding, hold, type LegQuotes, quoteOf, settle } from './package-returns.js'
import { bookDay, LEAST_PERFORMANCE_DAYS, type ReturnBook } from './return-book.js'
import { betaOf, riskShares, type SleeveRisk } from './sleeve-risk.js'

/** Reasons with which a signal withdraws: it then has no share. */
export const WITHDRAWN: ReadonlySet<string> = new Set(['stale', 'delisted', 'warming-up'])

export interface PackageSleeve extends ReturnBook {
  /** Whether it has spoken of a package and not withdrawn since: a signal that is flat keeps its share. */
  hasOpinion: boolean
  /** Of its budget, by performance. */
  multiplier: number
}

export interface PackageBook {
  package: string
  /** Index of its signal among the sleeves. */
  sleeve: number
  /** As last asked for, fraction of NAV. */
  target: number
  confidence: number
  /** Of the coin when it was sized. */
  price: number
  legs: { instrument: string; ratio: number }[]
  /** Seq of the PackageChanged. */
  seq: number
  /** Whether the signal spoke since the blender did. */
  isHeard: boolean
  /** What the blender said last, fraction of NAV. */
  weight: number
  /** Must be said at this instant. */
  isNews: boolean
  held: Holding | null
}

/** Plain data, bounded by the packages that are open. */
export interface Bucket {
  sleeveOf: Record<string, number>
  sleeves: PackageSleeve[]
  packages: PackageBook[]
  quotes: LegQuotes
  /** Of the bucket to BTC; null without enough days. */
  beta: number | null
  betaDays: number
  betaScale: number
  /** Shares must be worked out again. */
  isMoved: boolean
}

type Options = Pick<BlenderConfig, 'norm' | 'band' | 'bucketMethod' | 'betaLimit' | 'betaDays' | 'performanceDays'>
type Row = NonNullable<PortfolioBlended['data']['packages']>[number]

export function createBucket(
  signals: readonly (readonly [name: string, options: { readonly budget: number; readonly maxAbsWeight: number }])[],
): Bucket {
  return {
    sleeveOf: Object.fromEntries(signals.map(([name], k) => [name, k])),
    sleeves: signals.map(([name, { budget, maxAbsWeight }]) => ({
      name,
      base: budget,
      maxAbs: maxAbsWeight,
      budget: 0,
      live: false,
      dayReturn: 0,
      returns: [],
      hasOpinion: false,
      multiplier: 1,
    })),
    packages: [],
    quotes: {},
    beta: null,
    betaDays: 0,
    betaScale: 1,
    isMoved: false,
  }
}

/** Takes a PackageChanged; words of unknown signals, and of packages that were never open, are nobody's. */
export function hearPackage(bucket: Bucket, said: PackageChanged['data'], seq: number): void {
  const k = bucket.sleeveOf[said.signal]
  if (k === undefined) return
  let book = bucket.packages.find((each) => each.package === said.package)
  if (book === undefined && said.targetWeight > 0) {
    book = { ...CLOSED, package: said.package, sleeve: k, legs: [] }
    bucket.packages.push(book)
  }
  if (book !== undefined) {
    book.target = said.targetWeight
    book.confidence = said.confidence
    book.price = said.price
    book.seq = seq
    book.isHeard = true
    if (said.legs.length > 0) book.legs = said.legs.map(({ instrument, ratio }) => ({ instrument, ratio }))
    if (said.targetWeight > 0)
      for (const { instrument, terms } of said.legs) bucket.quotes[instrument] ??= quoteOf(terms)
  }
  const isOpen = bucket.packages.some(({ sleeve, target }) => sleeve === k && target > 0)
  bucket.sleeves[k]!.hasOpinion = isOpen || !WITHDRAWN.has(said.reason)
  bucket.isMoved = true
}

const CLOSED: Omit<PackageBook, 'package' | 'sleeve' | 'legs'> = {
  target: 0,
  confidence: 0,
  price: 0,
  seq: 0,
  isHeard: false,
  weight: 0,
  isNews: false,
  held: null,
}

/** Factor that brings all packages of a signal together within its maxAbsWeight: the cap is a signal's, not a package's. */
function capOf(bucket: Bucket, k: number): number {
  const { maxAbs } = bucket.sleeves[k]!
  let sum = 0
  for (const { sleeve, target } of bucket.packages) if (sleeve === k) sum += Math.min(target, maxAbs)
  return sum > maxAbs ? maxAbs / sum : 1
}

/** What a package's signal asks for, clipped, fraction of NAV. */
function wantedOf(bucket: Bucket, book: PackageBook): number {
  return Math.min(book.target, bucket.sleeves[book.sleeve]!.maxAbs) * capOf(bucket, book.sleeve)
}

/** Size of each signal as a multiple of its own weights: its share against the largest, so that none exceeds what it asked for. */
export function sizesOf(bucket: Bucket): number[] {
  const largest = Math.max(0, ...bucket.sleeves.map(({ budget }) => budget))
  return bucket.sleeves.map(({ budget }) => (largest > 0 ? budget / largest : 0))
}

/**
 * Shares and beta gate, from the risk and the history that ended the day before. `offset`: place of the bucket's first signal among the
 * sleeves of both; `history`: their returns and the benchmark's, a row a day, oldest first.
 */
export function weighBucket(
  bucket: Bucket,
  risk: SleeveRisk,
  history: readonly { readonly values: readonly (number | null)[]; readonly benchmark: number | null }[],
  offset: number,
  options: Options,
): void {
  const budgets = bucket.sleeves.map(({ hasOpinion, base, multiplier }) => {
    if (!hasOpinion || !(base > 0)) return 0
    return (options.bucketMethod === 'erc' ? 1 : base) * multiplier
  })
  const total = budgets.reduce((sum, budget) => sum + budget, 0)
  const places = budgets.map((_, k) => offset + k)
  const shares =
    options.bucketMethod === 'equal'
      ? budgets.map((budget) => (total > 0 ? budget / total : 0))
      : riskShares(risk, places, budgets)
  bucket.sleeves.forEach((sleeve, k) => {
    sleeve.budget = shares[k]!
  })
  const sizes = sizesOf(bucket)
  const returns: number[] = []
  const benchmark: number[] = []
  for (let day = Math.max(0, history.length - options.betaDays); day < history.length; day++) {
    const row = history[day]!
    if (row.benchmark === null) continue
    let sum = 0
    let isHeld = false
    for (let k = 0; k < sizes.length; k++) {
      const value = row.values[offset + k] ?? null
      if (value !== null) isHeld = true
      sum += sizes[k]! * (value ?? 0)
    }
    if (!isHeld) continue
    returns.push(sum)
    benchmark.push(row.benchmark)
  }
  const beta = betaOf(returns, benchmark, Math.min(LEAST_PERFORMANCE_DAYS, options.betaDays))
  bucket.beta = beta === null ? null : quantise(beta, 6)
  bucket.betaDays = returns.length
  bucket.betaScale = beta === null ? 1 : quantise(betaGateScale(beta, options.betaLimit), 6)
}

/** Row of a package at the bucket's share of the book. weight = wanted × confidence × (budget / largest budget) × bucket × betaScale. */
export function packageRow(bucket: Bucket, book: PackageBook, share: number, norm: Options['norm']): Row {
  const sleeve = bucket.sleeves[book.sleeve]!
  const wanted = quantise(wantedOf(bucket, book), 8)
  const size = sizesOf(bucket)[book.sleeve]!
  // `active` divides by the confident budgets, as in a blend: a package has one voice, whose confidence cancels.
  const conviction = norm === 'budget' ? book.confidence : book.confidence > 0 ? 1 : 0
  return {
    package: book.package,
    signal: sleeve.name,
    weight: quantise(wanted * conviction * size * share * bucket.betaScale, 8),
    wanted,
    confidence: book.confidence,
    budget: quantise(sleeve.budget, 6),
    size: quantise(size, 6),
    bucket: quantise(share, 6),
    betaScale: bucket.betaScale,
    seq: book.seq,
  }
}

/** Marks the packages that are news: opened or closed, moved beyond the band, or spoken of while open (risk may have to hedge). */
export function findNews(bucket: Bucket, share: number, options: Options): void {
  for (const book of bucket.packages) {
    const { weight } = packageRow(bucket, book, share, options.norm)
    const isOpen = weight > 0 || book.weight > 0
    const isFar = Math.abs(weight - book.weight) > options.band * book.weight
    book.isNews = isOpen && (book.isHeard || isFar || (weight === 0) !== (book.weight === 0))
    if (!isOpen) book.isHeard = false
  }
}

/** Takes what was said. */
export function rememberPackages(bucket: Bucket, rows: readonly Row[]): void {
  for (const row of rows) {
    const book = bucket.packages.find((each) => each.package === row.package)
    if (book === undefined) continue
    book.weight = row.weight
    book.isHeard = false
    book.isNews = false
  }
}

/**
 * Close of a UTC day: what is held earns, then the weights of the next day are fixed; what is closed is forgotten.
 * Returns what each signal earned, null where it held nothing.
 */
export function closeBucketDay(bucket: Bucket, instant: number, performanceDays: number): (number | null)[] {
  const { sleeves, quotes } = bucket
  for (const book of bucket.packages) {
    if (book.held === null) continue
    const earned = settle(book.held, quotes, instant)
    if (earned === null) continue
    sleeves[book.sleeve]!.dayReturn += earned
    book.held = null
  }
  const values = sleeves.map((sleeve) => bookDay(sleeve, performanceDays, true))
  for (const sleeve of sleeves) sleeve.live = false
  for (const book of bucket.packages) {
    book.held ??= hold(quotes, book.legs, wantedOf(bucket, book), book.price, instant)
    if (book.held !== null) sleeves[book.sleeve]!.live = true
  }
  bucket.packages = bucket.packages.filter((book) => book.target > 0 || book.weight > 0 || book.held !== null)
  const used = new Set(
    bucket.packages.flatMap(({ legs, held }) => [...legs, ...(held?.legs ?? [])]).map((leg) => leg.instrument),
  )
  for (const instrument of Object.keys(quotes)) if (!used.has(instrument)) delete quotes[instrument]
  return values
}
