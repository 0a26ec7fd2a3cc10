/**
 * Owns one unit of options that is held with its hedge: marks, coins, delta in US dollars, and when it is hedged (methods.md 9).
 * Must never open or close one. Everything is of one unit, one base coin of notional.
 *
 * The unit is an account kept in coin. `equityCoin` of methods.md 9 is what this account holds: the premiums at the prices traded
 * (sold at bid, bought at ask), profits of the hedge, and the options at mark; collateral is NAV's, not the unit's. A contract of
 * dollars is told in the coins that it cost, as risk holds it: D dollars bought at p are worth D/p − D/q coins at q and move with D/q,
 * together the D/p that they cost, whatever the price. So USD-flat, equity + DeltaTotal = 0, is cash + Σ ratio × delta = 0 over all
 * legs, the hedge among them, where cash is premiums and what closed hedges have made.
 */
import { type DurationMs, type EpochMs, floorTo, HOUR_MS } from '#core/time'
import { quantise } from '#events/line-buffer'
import type { LegRole, LegTerms, PackageLeg } from '#events/package.events'
import { black76, type OptionSide, yearsTo } from '#quant/black76'
import { shockPnl } from '#quant/option-package'
import { coinDelta } from '#quant/volatility-premium'
import type { Chain, TradeableOption } from './option-chain-book.js'

/** As the log says ratios. */
const RATIO_DIGITS = 8

export interface HeldOption {
  role: LegRole
  instrument: string
  option: OptionSide
  strike: number
  /** Signed coins a unit. */
  ratio: number
  /** Newest volatility that was heard of, decimal a year. */
  iv: number
  /** Plain, of the forward. */
  delta: number
  /** Coin. */
  mark: number
}

export interface Hedge {
  instrument: string
  terms: LegTerms
  /** Signed US dollars a unit: what a contract of dollars keeps while prices move. */
  usd: number
  /** Signed coins a unit that those dollars cost. */
  ratio: number
  /** At the last mark, quote: the index for a perpetual, the options' forward for a dated future. */
  price: number
}

/** Plain data. */
export interface HeldUnit {
  expiresAt: EpochMs
  options: HeldOption[]
  hedge: Hedge
  /** Coins: premiums, and profits of what was closed of the hedge. */
  cash: number
  forward: number
  /** Chain that it was last marked by. */
  chainAt: EpochMs
  chainSeq: number
  /** Chain and grid slot of the last hedge. */
  hedgedAt: EpochMs
  hedgedSlot: EpochMs
}

/** One option to trade: `ratio` signed coins a unit. */
export interface Wanted {
  readonly role: LegRole
  readonly ratio: number
  readonly option: TradeableOption
}

/** What the trades bring in coins at once: bids for what is sold, asks for what is bought. */
export function premiumCoin(wanted: readonly Wanted[]): number {
  return wanted.reduce((sum, { ratio, option: { bid, ask } }) => sum - ratio * (ratio < 0 ? bid : ask), 0)
}

const hedgePriceOf = ({ forward, index }: Chain, { expiresAt }: LegTerms): number =>
  expiresAt === undefined ? index : forward

/** Trades `wanted` on the chain and hedges at once. `hedge`: instrument and terms of what hedges. */
export function openUnit(
  chain: Chain,
  wanted: readonly Wanted[],
  hedge: { readonly instrument: string; readonly terms: LegTerms },
  now: EpochMs,
  hedgeMs: DurationMs,
): HeldUnit {
  const options = wanted.map(({ role, ratio, option: row }): HeldOption => {
    const { instrument, option, strike, iv, delta, bid, ask } = row
    return { role, instrument, option, strike, ratio, iv, delta, mark: row.mark ?? (bid + ask) / 2 }
  })
  const price = hedgePriceOf(chain, hedge.terms)
  const unit: HeldUnit = {
    expiresAt: chain.expiresAt,
    options,
    hedge: { ...hedge, usd: 0, ratio: 0, price },
    cash: premiumCoin(wanted),
    forward: chain.forward,
    chainAt: chain.at,
    chainSeq: chain.seq,
    hedgedAt: 0,
    hedgedSlot: 0,
  }
  hedgeUnit(unit, now, hedgeMs)
  return unit
}

/**
 * Takes the marks of a newer chain. An option that the chain does not hold, or without a volatility, is worth what its last volatility
 * says at the new forward: venues' snapshots leave out what is far from the money.
 */
export function markUnit(unit: HeldUnit, chain: Chain): void {
  unit.hedge.price = hedgePriceOf(chain, unit.hedge.terms)
  const years = yearsTo(chain.expiresAt, chain.at)
  for (const held of unit.options) {
    const row = chain.rows.find(({ instrument }) => instrument === held.instrument)
    held.iv = row?.iv ?? held.iv
    const greeks = black76(held.option, chain.forward, held.strike, years, held.iv)
    held.delta = greeks?.delta ?? held.delta
    held.mark = row?.mark ?? greeks?.priceCoin ?? held.mark
  }
  unit.forward = chain.forward
  unit.chainAt = chain.at
  unit.chainSeq = chain.seq
}

/** Coins that the open hedge has made. */
const openProfit = ({ usd, ratio, price }: Hedge): number => ratio - usd / price

/** Coins of the unit's account: cash, options at mark, profit of the hedge. */
export function equityCoin({ cash, options, hedge }: HeldUnit): number {
  return options.reduce((sum, { ratio, mark }) => sum + ratio * mark, cash + openProfit(hedge))
}

/** Quote: what the account is worth, which began with nothing. */
export const unitPnl = (unit: HeldUnit): number => equityCoin(unit) * unit.forward

/** Coins: how much the unit gains in US dollars for a rise of its coin, by methods.md 9; 0 after a hedge. */
export function residualDelta(unit: HeldUnit): number {
  const options = unit.options.map(({ ratio, delta, mark }) => ({ quantity: ratio, delta, priceCoin: mark }))
  const { usd, price } = unit.hedge
  return -coinDelta(options, usd / price, equityCoin(unit)).usdFlatTrade + 0
}

/**
 * Why it is hedged now: a fixed hour of the grid has passed since the last hedge, or delta is beyond `trigger` (0: never). Undefined
 * without a chain newer than that of the last hedge: between snapshots nothing new is known of deltas.
 */
export function hedgeDue(
  unit: HeldUnit,
  now: EpochMs,
  hedgeMs: DurationMs,
  trigger: number,
): 'schedule' | 'event' | undefined {
  if (unit.chainAt <= unit.hedgedAt) return undefined
  if (floorTo(now, hedgeMs) > unit.hedgedSlot) return 'schedule'
  return trigger > 0 && Math.abs(residualDelta(unit)) > trigger ? 'event' : undefined
}

/** Makes it flat in US dollars, to the precision of the log: the hedge grows, shrinks in proportion, or turns at the price of now. */
export function hedgeUnit(unit: HeldUnit, now: EpochMs, hedgeMs: DurationMs): void {
  const { hedge } = unit
  const excess = residualDelta(unit)
  const held = hedge.usd / hedge.price
  if (excess * held > 0 && Math.abs(excess) < Math.abs(held)) {
    const kept = quantise(hedge.ratio * (1 - excess / held), RATIO_DIGITS)
    const share = kept / hedge.ratio
    unit.cash += (1 - share) * openProfit(hedge)
    hedge.usd *= share
    hedge.ratio = kept
  } else {
    if (excess * held > 0) closeHedge(unit)
    const ratio = quantise(hedge.ratio - residualDelta(unit), RATIO_DIGITS)
    hedge.usd += (ratio - hedge.ratio) * hedge.price
    hedge.ratio = ratio
  }
  unit.hedgedAt = unit.chainAt
  unit.hedgedSlot = floorTo(now, hedgeMs)
}

/** At the last mark, also where the venue closed it. */
export function closeHedge(unit: HeldUnit): void {
  unit.cash += openProfit(unit.hedge)
  unit.hedge.usd = 0
  unit.hedge.ratio = 0
}

/** Options first, in their order, the hedge last. */
export function unitLegs(unit: HeldUnit, option: Omit<LegTerms, 'expiresAt' | 'strike' | 'option'>): PackageLeg[] {
  const legs = unit.options.map((held): PackageLeg => {
    const { role, instrument, ratio, delta, strike } = held
    return {
      role,
      instrument,
      ratio,
      delta,
      terms: { ...option, expiresAt: unit.expiresAt, strike, option: held.option },
    }
  })
  const { instrument, ratio, terms } = unit.hedge
  return [...legs, { role: 'hedge', instrument, ratio, delta: 1, terms }]
}

/** Quote of one volatility point of all its options; negative: sold. `gross`: without netting. */
export function unitVega(unit: HeldUnit, gross = false): number {
  const years = yearsTo(unit.expiresAt, unit.chainAt)
  return unit.options.reduce((sum, { option, strike, ratio, iv }) => {
    const vega = black76(option, unit.forward, strike, years, iv)?.vegaPerPoint ?? 0
    return sum + (gross ? Math.abs(ratio) : ratio) * vega
  }, 0)
}

/** Profit in quote of the unit, hedge and cash included, when the coin jumps by `shock` at once. */
export function unitShock(unit: HeldUnit, shock: number): number {
  const options = unit.options.map(({ option, strike, ratio, iv }) => ({
    side: option,
    strike,
    quantity: ratio,
    vol: iv,
  }))
  const coins = unit.cash + unit.hedge.ratio
  return shockPnl(options, coins, unit.forward, yearsTo(unit.expiresAt, unit.chainAt), shock)
}

export const hoursToMs = (hours: number): DurationMs => hours * HOUR_MS
