/** Owns turning a row of a feed into the input that a live run would have seen. Pure. */
import type { Input } from '#engine/dispatcher'
import type { OptionChainObserved } from '#events/market.events'
import type { FeedSeries, OptionSeries } from './series.js'

/** O(1) but for chains: O(options). */
export function feedInput(series: FeedSeries, row: number, by: string): Input {
  const ts = series.rows.availableAt[row]!
  switch (series.kind) {
    case 'recorded':
      return series.inputs[row]!
    case 'mark': {
      const { mark, index, ts: at } = series.rows
      const data = { instrument: series.instrument, mark: mark[row]!, index: known(index[row]!), at: at[row]! }
      return { type: 'MarkChanged', by, ts, data }
    }
    case 'oi': {
      const { openInterest, ts: at } = series.rows
      const data = { instrument: series.instrument, openInterest: openInterest[row]!, at: at[row]! }
      return { type: 'OpenInterestChanged', by, ts, data }
    }
    case 'volatility': {
      const { venue, currency, rows } = series
      const data = { venue, currency, value: rows.value[row]!, at: rows.ts[row]! }
      return { type: 'VolatilityIndexChanged', by, ts, data }
    }
    case 'onchain': {
      const { source, metric, asset, periodMs, rows } = series
      const period = { periodStart: rows.ts[row]!, periodMs, availableAt: ts }
      const data = { source, metric, asset, ...period, value: rows.value[row]!, revision: rows.revision[row]! }
      return { type: 'OnChainPublished', by, ts, data }
    }
    case 'options':
      return { type: 'OptionChainObserved', by, ts, data: chainAt(series, row) }
  }
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value)
/** A price of 0 is how some sources write that nobody quotes. */
const quoted = (value: number): number | null => (value > 0 ? value : null)

function chainAt({ venue, currency, rows }: OptionSeries, row: number): OptionChainObserved['data'] {
  const { names, strike, isPut, bid, ask, mark, markIv, delta, vega, openInterest } = rows.options
  const market = `${venue}.option.`
  const first = rows.first[row]!
  const options = Array.from({ length: rows.count[row]! }, (_, n) => {
    const i = first + n
    return {
      instrument: market + names[i]!,
      strike: strike[i]!,
      option: isPut[i] === 1 ? ('put' as const) : ('call' as const),
      bid: quoted(bid[i]!),
      ask: quoted(ask[i]!),
      mark: known(mark[i]!),
      markIv: known(markIv[i]!),
      delta: known(delta[i]!),
      vega: known(vega[i]!),
      openInterest: known(openInterest[i]!),
    }
  })
  return {
    venue,
    currency,
    expiresAt: rows.expiresAt[row]!,
    at: rows.ts[row]!,
    underlyingPrice: rows.underlyingPrice[row]!,
    indexPrice: known(rows.indexPrice[row]!),
    options,
  }
}
