/**
 * Owns how an approved order is put to a venue: type, limit price, size within what the market bears, expected costs.
 * Pure; never decides whether it is sent.
 */
import type { ExecutionConfig } from '#core/config/schema'
import { boundToStep, divideHalfEven, formatUnits, ONE, parseUnits, type Units, unitsFromNumber } from '#core/decimal'
import { MINUTE_MS } from '#core/time'
import { isInDollars, isOption } from '#events/instrument-kind'
import type { OrderSubmitted } from '#events/order.events'
import type { OrderApproved } from '#events/risk.events'
import { larger, orderValueOf, passivePrice, sizeWithin, smaller } from './exact-fill.js'
import { squareRootCostBps } from './impact.js'
import type { RouterSlot } from './router-state.js'
import { averageDailyVolume, dailyVol, inCascade } from './trading-conditions.js'

/** A quote older than this says nothing about the spread; chosen here. */
const QUOTE_FRESH_MS = MINUTE_MS
/** Assumed without daily bars, chosen here to be dear: an unknown cost is not 0. Daily volatility, share of a day's volume. */
const UNKNOWN_DAILY_VOL = 0.04
const UNKNOWN_SHARE = 0.1
/** Slippage in a cascade (methods, section 3). */
const CASCADE_FACTOR = 2

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The payload of OrderSubmitted for an approval, decided at `ts`. */
export function orderTerms(
  config: ExecutionConfig,
  slot: RouterSlot,
  approved: OrderApproved['data'],
  ts: number,
): OrderSubmitted['data'] {
  const reference = parseUnits(approved.referencePrice)
  const quantity = bearableQuantity(config, slot, approved, reference)
  const cascade = inCascade(slot.market) ? CASCADE_FACTOR : 1
  const type = typeOf(config, approved)
  const resting = type === 'limit' || type === 'postOnly'
  const terms: Mutable<OrderSubmitted['data']> = {
    order: approved.order,
    instrument: approved.instrument,
    side: approved.side,
    quantity: formatUnits(quantity),
    type,
    timeInForce: resting ? 'gtc' : 'ioc',
    reduceOnly: approved.reduceOnly,
    purpose: approved.purpose,
    referencePrice: approved.referencePrice,
    expectedSpreadBps: halfSpreadBps(config, slot, reference, ts) * cascade,
    expectedImpactBps: impactBps(config, slot, orderValueOf(slot.kind, reference, quantity)) * cascade,
  }
  if (resting) terms.limitPrice = formatUnits(limitPrice(config, slot, approved, reference, ts))
  if (approved.package !== undefined) terms.package = approved.package
  if (approved.terms !== undefined) terms.terms = approved.terms
  if (approved.stopPrice !== undefined) terms.stopPrice = approved.stopPrice
  if (approved.triggerOpen !== undefined) terms.triggerOpen = approved.triggerOpen
  return terms
}

/** Only rebalancing may wait for a better price; whatever protects takes. */
function typeOf(config: ExecutionConfig, { purpose }: OrderApproved['data']): OrderSubmitted['data']['type'] {
  if (purpose === 'stop') return 'stop'
  if (purpose !== 'rebalance' || config.orderType === 'ioc') return 'market'
  return config.orderType
}

/**
 * Rebalancing takes at most `maxParticipation` of the prior finest bar, whole lots; what is left waits for the next assessment
 * of risk. It never sinks below the smallest order the venue takes. What protects is not made smaller: there the venue alone
 * limits what is filled. Nor are the legs of a package: they must match.
 */
function bearableQuantity(
  config: ExecutionConfig,
  slot: RouterSlot,
  { purpose, quantity }: OrderApproved['data'],
  reference: Units,
): Units {
  const wanted = parseUnits(quantity)
  if (purpose !== 'rebalance' || slot.market.lastBarVolume < 0) return wanted
  const lot = parseUnits(slot.lot)
  const bearable = sizeWithin(
    slot.kind,
    slot.market.lastBarVolume * config.maxParticipation,
    Number(reference) / 1e8,
    lot,
  )
  const minValue = parseUnits(slot.minNotional)
  const leastSize = isInDollars(slot.kind) ? minValue : divideHalfEven(minValue * ONE, reference) + 1n
  const least = boundToStep(leastSize, lot, 'up')
  return smaller(wanted, larger(bearable, least))
}

/** All that an option is worth, at most: one that is worth nothing has no price to hold half a tick against. */
const WHOLE_PRICE_BPS = 10_000
const halfTickBps = (tick: string, reference: Units): number =>
  Math.min(WHOLE_PRICE_BPS, (Number(tick) * 1e8 * 0.5e4) / Number(reference))

/** Half the quoted spread, or else the configured one; an option that is not quoted costs half a tick at least. */
function halfSpreadBps(config: ExecutionConfig, slot: RouterSlot, reference: Units, ts: number): number {
  if (quoteIsFresh(slot, ts)) return ((slot.ask - slot.bid) / (slot.ask + slot.bid)) * 1e4
  const least = isOption(slot.kind) ? halfTickBps(slot.tick, reference) : 0
  return Math.max(0, config.halfSpreadBps, least)
}

/** Y sigma_d sqrt(Q/ADV) in bp (methods, section 15). Without bars there is no volume to measure against: legs pay the spread. */
function impactBps(config: ExecutionConfig, slot: RouterSlot, notional: Units): number {
  if (slot.isLeg) return 0
  const vol = dailyVol(slot.market)
  const volume = averageDailyVolume(slot.market)
  const known =
    vol === null || volume === null ? null : squareRootCostBps(0, vol, Number(notional) / 1e8, volume, config.impactY)
  return known ?? squareRootCostBps(0, UNKNOWN_DAILY_VOL, UNKNOWN_SHARE, 1, config.impactY) ?? 0
}

/** Away from the fresh quote's own side, or else from the mark; a post-only price never reaches the other side. */
function limitPrice(
  config: ExecutionConfig,
  slot: RouterSlot,
  { side }: OrderApproved['data'],
  mark: Units,
  ts: number,
): Units {
  const tick = parseUnits(slot.tick)
  if (!quoteIsFresh(slot, ts)) return passivePrice(side, mark, config.limitOffsetBps, tick)
  const own = unitsFromNumber(side === 'buy' ? slot.bid : slot.ask)
  const price = passivePrice(side, own, config.limitOffsetBps, tick)
  if (config.orderType !== 'postOnly') return price
  const other = unitsFromNumber(side === 'buy' ? slot.ask - Number(slot.tick) : slot.bid + Number(slot.tick))
  const bound = boundToStep(other, tick, side === 'buy' ? 'down' : 'up')
  return side === 'buy' ? smaller(price, bound) : larger(price, bound)
}

function quoteIsFresh(slot: RouterSlot, ts: number): boolean {
  return slot.quotedAt >= 0 && ts - slot.quotedAt <= QUOTE_FRESH_MS && slot.bid > 0 && slot.ask >= slot.bid
}
