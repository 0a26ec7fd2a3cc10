/**
 * Owns feeds with another future, for checks of look-ahead (methods.md 16): cut off behind an instant, or telling another story from
 * there on. Pure: chance is given.
 */
import type { Random } from '#core/random'
import type { EpochMs } from '#core/time'
import { upperBound } from '#data/columns'
import { type FeedSeries, type OptionSeries, sliceFeed } from './series.js'

/** The rows that could be read at `t`. */
export function feedsUntil(feeds: readonly FeedSeries[], t: EpochMs): FeedSeries[] {
  return feeds.map((feed) => sliceFeed(feed, 0, upperBound(feed.rows.availableAt, t)))
}

/** Copies whose values that could not be read at `t` are others: multiplied, each by its own factor between a half and two. */
export function feedsRewritten(feeds: readonly FeedSeries[], t: EpochMs, random: Random): FeedSeries[] {
  return feeds.map((feed) => rewrittenFrom(feed, upperBound(feed.rows.availableAt, t), random))
}

function rewrittenFrom(feed: FeedSeries, from: number, random: Random): FeedSeries {
  const other = (values: Float64Array, first = from): Float64Array =>
    values.map((value, i) => (i < first ? value : value * (0.5 + 1.5 * random.next())))
  switch (feed.kind) {
    case 'mark':
      return { ...feed, rows: { ...feed.rows, mark: other(feed.rows.mark), index: other(feed.rows.index) } }
    case 'oi':
      return { ...feed, rows: { ...feed.rows, openInterest: other(feed.rows.openInterest) } }
    case 'volatility':
      return { ...feed, rows: { ...feed.rows, value: other(feed.rows.value) } }
    case 'onchain':
      return { ...feed, rows: { ...feed.rows, value: other(feed.rows.value) } }
    case 'options':
      return optionsRewritten(feed, from, other)
    case 'recorded':
      return sliceFeed(feed, 0, from)
  }
}

function optionsRewritten(
  feed: OptionSeries,
  from: number,
  other: (values: Float64Array, first?: number) => Float64Array,
): OptionSeries {
  const { rows } = feed
  const first = rows.first[from] ?? rows.options.names.length
  const { bid, ask, mark, markIv, delta, ...rest } = rows.options
  const prices = { bid: other(bid, first), ask: other(ask, first), mark: other(mark, first) }
  const options = { ...rest, ...prices, markIv: other(markIv, first), delta: other(delta, first) }
  return { ...feed, rows: { ...rows, underlyingPrice: other(rows.underlyingPrice), options } }
}
