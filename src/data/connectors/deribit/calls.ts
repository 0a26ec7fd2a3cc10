/** Owns REST calls of Deribit and the paging of its histories. Every page is ascending, and so are the pages. */
import { DAY_MS, type EpochMs, floorTo, HOUR_MS, type Interval, intervalMs, MINUTE_MS } from '#core/time'
import type { Call, Cost, Knowledge, Page } from '../adapter.port.js'
import { timeOf } from '../fields.js'
import type { BarRecord, InstrumentFacts, Normal, SettlementRecord, VolatilityIndexRecord } from '../normal.js'
import { foldBars } from './bars.js'
import { resultOf } from './envelope.js'
import { resolutionOf } from './names.js'
import { readInstruments } from './read-facts.js'
import { readChart, readFundingHistory, readSummaries, readVolatility } from './read-history.js'
import { instrumentOf } from './read-market.js'

/** Credits of any request that is not about orders. */
const CREDITS: Cost = { pool: 'credits', weight: 500 }
/** `get_instruments` has a limit of its own, beside. */
const LISTING: Cost = { pool: 'instruments', weight: 1 }
const CHART_ROWS = 1000
const FUNDING_ROWS = 720
const VOLATILITY_ROWS = 1000

function get<T>(
  method: string,
  params: Readonly<Record<string, string | number | boolean>>,
  read: Call<T>['read'],
  costs: readonly Cost[] = [CREDITS],
): Call<T> {
  const query = new URLSearchParams(
    Object.entries(params).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString()
  const path = `/public/${method}${query === '' ? '' : `?${query}`}`
  return { endpoint: 'rest', method: 'GET', path, costs, read }
}

export function serverTimeCall(): Call<EpochMs> {
  return get('get_time', {}, (payload) => timeOf(resultOf(payload), 'result'))
}

const KIND: Readonly<Record<string, string>> = { spot: 'spot', perpetual: 'future', future: 'future', option: 'option' }

/** All currencies in one answer; perpetuals are futures there. */
export function instrumentsCall(market: string): Call<Page<InstrumentFacts>> {
  const read = (payload: unknown): Page<InstrumentFacts> => ({
    rows: readInstruments(resultOf(payload)).filter((facts) => facts.instrument.startsWith(`deribit.${market}.`)),
    next: undefined,
  })
  const params = { currency: 'any', kind: KIND[market] ?? market, expired: false }
  return get('get_instruments', params, read, [CREDITS, LISTING])
}

/** Bars that open in `[from, to)`; 4h and 8h are put together of whole sets of 2h bars. */
export function barsCall(
  facts: InstrumentFacts,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
): Call<Page<BarRecord>> {
  const { code, of, parts } = resolutionOf(interval)
  const step = intervalMs(interval)
  const name = instrumentOf(symbolIn(facts), 'instrument_name')
  const start = Math.max(from, facts.listedAt === null ? from : floorTo(facts.listedAt, step))
  const end = Math.min(to, start + Math.floor(CHART_ROWS / parts) * step)
  const params = {
    instrument_name: symbolIn(facts),
    start_timestamp: start,
    end_timestamp: Math.max(start, end - 1),
    resolution: code,
  }
  return get('get_tradingview_chart_data', params, (payload) => {
    const rows = foldBars(readChart(resultOf(payload), name, of), interval, parts)
    return {
      rows: rows.filter((bar) => bar.openTime >= from && bar.openTime < end),
      next: end < to ? barsCall(facts, interval, end, to) : undefined,
    }
  })
}

/** Hourly settlements in `(from, to]`. */
export function settlementsCall(facts: InstrumentFacts, from: EpochMs, to: EpochMs): Call<Page<SettlementRecord>> {
  const name = instrumentOf(symbolIn(facts), 'instrument_name')
  const start = Math.max(from, facts.listedAt === null ? from : floorTo(facts.listedAt, HOUR_MS) - HOUR_MS)
  const end = Math.min(to, start + FUNDING_ROWS * HOUR_MS)
  // Venues stamp settlements a few ms late: a minute is asked for beside, and cut off again by the rounded time.
  const params = {
    instrument_name: symbolIn(facts),
    start_timestamp: start,
    end_timestamp: Math.max(start, end + MINUTE_MS - 1),
  }
  return get('get_funding_rate_history', params, (payload) => ({
    rows: readFundingHistory(resultOf(payload), name).filter((row) => row.settledAt > from && row.settledAt <= end),
    next: end < to ? settlementsCall(facts, end, to) : undefined,
  }))
}

const VOLATILITY_STEPS = [
  { code: '1D', lengthMs: DAY_MS },
  { code: '43200', lengthMs: 12 * HOUR_MS },
  { code: '3600', lengthMs: HOUR_MS },
  { code: '60', lengthMs: MINUTE_MS },
] as const

/**
 * DVOL at the ends of `interval` in `[from, to)`. The venue answers the newest rows of a span and where older ones end: a
 * window is walked backwards until it is whole, windows go forwards.
 */
export function volatilityCall(
  currency: string,
  interval: Interval,
  from: EpochMs,
  to: EpochMs,
): Call<Page<VolatilityIndexRecord>> {
  const length = intervalMs(interval)
  const { code, lengthMs } = VOLATILITY_STEPS.find((step) => length % step.lengthMs === 0)!
  const end = Math.min(to, from + VOLATILITY_ROWS * lengthMs)
  const ask = (until: EpochMs, newer: readonly VolatilityIndexRecord[]): Call<Page<VolatilityIndexRecord>> => {
    const start = from - lengthMs
    const params = { currency, start_timestamp: start, end_timestamp: Math.max(start, until), resolution: code }
    return get('get_volatility_index_data', params, (payload, receivedAt) => {
      const page = readVolatility(resultOf(payload), currency, lengthMs)
      const oldest = newer[0]?.ts ?? Number.POSITIVE_INFINITY
      const whole = [...page.rows.filter((row) => row.ts < oldest), ...newer]
      if (page.continuation !== null && page.continuation >= start && page.continuation < until)
        return { rows: [], next: ask(page.continuation, whole) }
      const isIn = (row: VolatilityIndexRecord): boolean =>
        row.ts >= from && row.ts < end && row.ts <= receivedAt && row.ts % length === 0
      return { rows: whole.filter(isIn), next: end < to ? volatilityCall(currency, interval, end, to) : undefined }
    })
  }
  return ask(end - lengthMs, [])
}

/** The chain of a currency in one answer. */
export function chainCall(currency: string, knowledge: Knowledge): Call<readonly Normal[]> {
  return get('get_book_summary_by_currency', { currency, kind: 'option' }, (payload) =>
    readSummaries(resultOf(payload), knowledge),
  )
}

/** Symbol as the venue writes it. */
export const symbolIn = (facts: InstrumentFacts): string => facts.instrument.split('.').slice(2).join('.')
