/**
 * Owns what packages would have earned: prices of their legs, the packages held (virtually) since a close of a day, their funding and their P&L.
 * Must never know sizes in coins or fills: all of it is a fraction of NAV.
 *
 * Legs are compared at one time: a leg priced by daily bars beside one whose quote brings its own index (options, dated futures) moves with
 * that index. Two prices six hours apart would make a hedged package look like an outright position.
 */
import { DAY_MS, HOUR_MS } from '#core/time'
import { isInverse } from '#events/instrument-kind'
import type { FundingSettled, MarkChanged, OptionChainObserved } from '#events/market.events'
import type { PackageLeg } from '#events/package.events'

/** An older quote is no price of the close [D: chains and dated futures come every six hours]. */
const MAX_QUOTE_AGE_MS = 12 * HOUR_MS
/** A package whose legs find no price for so long is let go: its move is lost, its funding is not [D]. */
const MAX_WAIT_MS = 3 * DAY_MS

/** Last price of a leg. Plain data. */
export interface LegQuote {
  base: string
  isOption: boolean
  isInverseOption: boolean
  expiresAt: number | null
  /** In the unit of the venue: coins for inverse options, else quote; null: none yet. */
  price: number | null
  /** Quote a unit of `price`: the index for inverse options, else 1. */
  scale: number
  /** Price of the coin when it was quoted; null where the quote brings none. */
  index: number | null
  at: number
  /** Daily bars are preferred to marks, once there are some. */
  isFromBars: boolean
  /** The instrument trades no more. */
  isFinal: boolean
}

/** By instrument; only legs of packages that are open or held. */
export type LegQuotes = { [instrument: string]: LegQuote }

export interface HeldLeg {
  instrument: string
  /** Signed base coins a unit. */
  ratio: number
  /** At the close since which it is held. */
  price: number
}

export interface Holding {
  /** Units a NAV: weight / price of the coin. */
  units: number
  since: number
  /** Whether bar-priced legs move with the index of another leg. */
  byIndex: boolean
  legs: HeldLeg[]
  /** Received (+) or paid (−) since, fraction of NAV. */
  funding: number
}

export function quoteOf(terms: PackageLeg['terms']): LegQuote {
  const isOption = terms.kind === 'linearOption' || terms.kind === 'inverseOption'
  return {
    base: terms.base,
    isOption,
    isInverseOption: isOption && isInverse(terms.kind),
    expiresAt: terms.expiresAt ?? null,
    price: null,
    scale: 1,
    index: null,
    at: 0,
    isFromBars: false,
    isFinal: false,
  }
}

/** A daily bar of a leg. */
export function quoteBar(quotes: LegQuotes, instrument: string, close: number, at: number): void {
  const quote = quotes[instrument]
  if (quote === undefined || at < quote.at) return
  quote.price = close
  quote.at = at
  quote.index = null
  quote.isFromBars = true
  quote.isFinal = false
}

export function quoteMark(quotes: LegQuotes, { instrument, mark, index, at }: MarkChanged['data']): void {
  const quote = quotes[instrument]
  if (quote === undefined || quote.isFromBars || quote.isOption || at < quote.at) return
  quote.price = mark
  quote.at = at
  quote.index = index
  quote.isFinal = false
}

export function quoteChain(quotes: LegQuotes, chain: OptionChainObserved['data']): void {
  let isHeld = false
  for (const quote of Object.values(quotes)) if (quote.expiresAt === chain.expiresAt && quote.isOption) isHeld = true
  if (!isHeld) return
  const index = chain.indexPrice ?? chain.underlyingPrice
  for (const { instrument, mark, bid, ask } of chain.options) {
    const quote = quotes[instrument]
    const price = mark ?? (bid !== null && ask !== null ? (bid + ask) / 2 : null)
    if (quote === undefined || price === null || chain.at < quote.at) continue
    quote.price = price
    quote.at = chain.at
    quote.index = index
    quote.scale = quote.isInverseOption ? index : 1
    quote.isFinal = false
  }
}

/** The last price stands for ever. */
export function quoteEnd(quotes: LegQuotes, instrument: string): void {
  const quote = quotes[instrument]
  if (quote !== undefined) quote.isFinal = true
}

/** Funding of a perpetual among the legs: −notional × rate (methods, section 4); a proxy pays shorts nothing. */
export function fund(holding: Holding, quotes: LegQuotes, { instrument, rate, proxy }: FundingSettled['data']): void {
  for (const leg of holding.legs) {
    if (leg.instrument !== instrument) continue
    const paid = holding.units * leg.ratio * (quotes[instrument]?.price ?? leg.price) * rate
    if (proxy && paid < 0) continue
    holding.funding = holding.funding - paid + 0
  }
}

/** Newest price of a coin that a leg's quote brought along; null without one. */
export function indexOf(quotes: LegQuotes, base: string): { readonly price: number; readonly at: number } | null {
  let newest: { price: number; at: number } | null = null
  for (const { base: coin, index, at } of Object.values(quotes)) {
    if (index !== null && coin === base && (newest === null || at > newest.at)) newest = { price: index, at }
  }
  return newest
}

interface Valued {
  readonly prices: readonly number[]
  readonly scales: readonly number[]
  readonly byIndex: boolean
}

/** Prices of all legs at this close; null while one of them has none that is young enough, or none newer than `since`. */
function value(
  quotes: LegQuotes,
  legs: readonly { readonly instrument: string }[],
  instant: number,
  since: number,
): Valued | null {
  const found = legs.map(({ instrument }) => quotes[instrument])
  const clock = found.find((quote) => quote !== undefined && quote.index !== null)
  const prices: number[] = []
  const scales: number[] = []
  for (const quote of found) {
    if (quote === undefined) return null
    const follows = clock !== undefined && quote.isFromBars && quote.base === clock.base
    const price = follows ? clock.index : quote.price
    const at = follows ? clock.at : quote.at
    const isOver = quote.isFinal || (quote.expiresAt !== null && quote.expiresAt <= instant)
    if (price === null || (!isOver && (at <= since || instant - at > MAX_QUOTE_AGE_MS))) return null
    prices.push(price)
    scales.push(quote.scale)
  }
  return { prices, scales, byIndex: clock !== undefined }
}

/** Holds `weight` (fraction of NAV) of a package from this close on; null while a leg has no price. */
export function hold(
  quotes: LegQuotes,
  legs: readonly { readonly instrument: string; readonly ratio: number }[],
  weight: number,
  price: number,
  instant: number,
): Holding | null {
  if (!(weight > 0) || !(price > 0) || legs.length === 0) return null
  const valued = value(quotes, legs, instant, 0)
  if (valued === null) return null
  return {
    units: weight / price,
    since: instant,
    byIndex: valued.byIndex,
    legs: legs.map(({ instrument, ratio }, i) => ({ instrument, ratio, price: valued.prices[i]! })),
    funding: 0,
  }
}

/**
 * What a holding earned up to this close, fraction of NAV; null: it waits for prices. An inverse contract of N dollars earns N (1/entry − 1/exit)
 * coins, which at the exit price is its coins at entry × the move: as a linear one. An inverse option earns coins, valued at the index.
 */
export function settle(holding: Holding, quotes: LegQuotes, instant: number): number | null {
  const valued = value(quotes, holding.legs, instant, holding.since)
  if (valued === null || valued.byIndex !== holding.byIndex)
    return instant - holding.since >= MAX_WAIT_MS ? holding.funding : null
  let move = 0
  holding.legs.forEach((leg, i) => {
    move += leg.ratio * (valued.prices[i]! - leg.price) * valued.scales[i]!
  })
  return holding.units * move + holding.funding + 0
}
