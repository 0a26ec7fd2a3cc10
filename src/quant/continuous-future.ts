/**
 * Owns one series made of many contracts, by a roll calendar. Prices stay what was paid; adjusted ones are made on request and
 * are for indicators alone: nothing was ever traded at them.
 */
import type { EpochMs } from '#core/time'
import { type FrontSpan, frontAt } from './roll-calendar.js'

export interface PricePoint {
  readonly ts: EpochMs
  /** Quote per coin. */
  readonly price: number
}

/** A price of the contract that was the front then. */
export interface ContinuousPoint extends PricePoint {
  readonly instrument: string
}

/** What rolling meant for the price. */
export interface RollRatio {
  readonly from: string
  readonly to: string
  readonly at: EpochMs
  /** Price of the new contract over that of the old one when both had one last, before the roll. Null: they never had. */
  readonly ratio: number | null
}

/** The front's own prices, ascending; `prices` ascend too, by instrument. O(points × log spans). */
export function continuousSeries(
  spans: readonly FrontSpan[],
  prices: ReadonlyMap<string, readonly PricePoint[]>,
): ContinuousPoint[] {
  return [...prices]
    .flatMap(([instrument, points]) =>
      points
        .filter(({ ts }) => frontAt(spans, ts)?.instrument === instrument)
        .map((point) => ({ ...point, instrument })),
    )
    .sort((a, b) => a.ts - b.ts)
}

/** Each roll of a calendar with its ratio, from the newest instant before it at which both contracts had a price. */
export function rollRatios(
  spans: readonly FrontSpan[],
  prices: ReadonlyMap<string, readonly PricePoint[]>,
): RollRatio[] {
  return spans.slice(1).map((span, i) => {
    const from = spans[i]!.instrument
    const at = span.from ?? spans[i]!.until // a later span has a beginning
    const old = new Map(prices.get(from)?.map(({ ts, price }) => [ts, price]))
    const common = (prices.get(span.instrument) ?? []).filter(({ ts }) => ts < at && old.has(ts)).at(-1)
    return { from, to: span.instrument, at, ratio: common === undefined ? null : common.price / old.get(common.ts)! }
  })
}

/**
 * Earlier prices times the ratios of all later rolls, so that no roll shows as a return; the newest contract keeps its own.
 * Null when a roll between the points has no ratio. A later roll changes every earlier value: never store it.
 */
export function ratioAdjusted(
  series: readonly ContinuousPoint[],
  rolls: readonly RollRatio[],
): ContinuousPoint[] | null {
  const adjusted: ContinuousPoint[] = []
  const last = series.at(-1)?.ts ?? 0
  const pending = rolls.filter(({ at }) => at <= last).sort((a, b) => a.at - b.at)
  let factor = 1
  for (const point of [...series].reverse()) {
    for (let roll = pending.at(-1); roll !== undefined && roll.at > point.ts; roll = pending.at(-1)) {
      if (roll.ratio === null) return null
      factor *= roll.ratio
      pending.pop()
    }
    adjusted.push({ ...point, price: point.price * factor })
  }
  return adjusted.reverse()
}
