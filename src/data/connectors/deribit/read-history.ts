/** Owns reading what is asked for by span: chart bars, hourly funding, DVOL, and the chain of book summaries. */
import { DAY_MS, HOUR_MS, type Interval, MINUTE_MS } from '#core/time'
import type { Knowledge } from '../adapter.port.js'
import { type Fields, fieldsOf, listOf, numberOf, optionalNumber, positiveOf, textOf, timeOf } from '../fields.js'
import {
  type BarRecord,
  type Normal,
  PayloadRefused,
  type SettlementRecord,
  type VolatilityIndexRecord,
} from '../normal.js'
import { coinsOf, type DeribitName, decimalOf, indexDecimalOf, nameOf } from './names.js'
import { isUsdSized, priceOrNull } from './read-market.js'

const COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const

/** Columns of `get_tradingview_chart_data`: volume in coins, cost in quote. Nothing says which bar is final. */
export function readChart(result: unknown, name: DeribitName, interval: Interval): readonly BarRecord[] {
  const data = fieldsOf(result, 'result')
  if (data.status === 'no_data') return []
  if (data.status !== 'ok') throw new PayloadRefused('result.status', `is ${JSON.stringify(data.status) ?? 'absent'}`)
  const ticks = listOf(data.ticks, 'result.ticks')
  const columns = COLUMNS.map((key) => columnOf(data[key], `result.${key}`, ticks.length))
  const costs = data.cost === undefined ? undefined : columnOf(data.cost, 'result.cost', ticks.length)
  return ticks.map((tick, i) => {
    const row: Record<string, unknown> = { tick, cost: costs?.[i] }
    COLUMNS.forEach((key, k) => {
      row[key] = columns[k]![i]
    })
    return readBar(row, `result[${i}]`, name, interval, null)
  })
}

function columnOf(value: unknown, path: string, length: number): readonly unknown[] {
  const column = listOf(value, path)
  if (column.length !== length) throw new PayloadRefused(path, `has ${column.length} rows, the ticks have ${length}`)
  return column
}

/** One bar, of a chart page or of `chart.trades.*`. The cost of inverse options is left out: its currency is not documented. */
export function readBar(
  row: Fields,
  path: string,
  name: DeribitName,
  interval: Interval,
  isClosed: boolean | null,
): BarRecord {
  const openTime = timeOf(row.tick, `${path}.tick`)
  const open = positiveOf(row.open, `${path}.open`)
  const high = positiveOf(row.high, `${path}.high`)
  const low = positiveOf(row.low, `${path}.low`)
  const close = positiveOf(row.close, `${path}.close`)
  if (high < Math.max(open, close, low) || low > Math.min(open, close))
    throw new PayloadRefused(path, `high ${high} and low ${low} do not hold open ${open} and close ${close}`)
  return {
    kind: 'bar',
    instrument: name.id,
    interval,
    openTime,
    open,
    high,
    low,
    close,
    volume: numberOf(row.volume, `${path}.volume`),
    quoteVolume: name.market === 'option' ? null : optionalNumber(row.cost, `${path}.cost`),
    isClosed,
  }
}

/** Interval of a chart page from the distance of its rows, when nobody says. */
export function chartInterval(result: unknown): number | undefined {
  const ticks = listOf(fieldsOf(result, 'result').ticks, 'result.ticks')
  let least: number | undefined
  for (let i = 1; i < ticks.length; i++) {
    const step = numberOf(ticks[i], `result.ticks[${i}]`) - numberOf(ticks[i - 1], `result.ticks[${i - 1}]`)
    if (least === undefined || step < least) least = step
  }
  return least
}

/** `get_funding_rate_history`: what a long paid in the hour that ended then, fraction of its USD value. */
export function readFundingHistory(result: unknown, name: DeribitName): readonly SettlementRecord[] {
  const rows = listOf(result, 'result').map((value, i): SettlementRecord => {
    const path = `result[${i}]`
    const row = fieldsOf(value, path)
    return {
      kind: 'settlement',
      instrument: name.id,
      settledAt: Math.round(timeOf(row.timestamp, `${path}.timestamp`) / MINUTE_MS) * MINUTE_MS,
      rate: numberOf(row.interest_1h, `${path}.interest_1h`),
      intervalMs: HOUR_MS,
    }
  })
  return rows.sort((a, b) => a.settledAt - b.settledAt)
}

/** Rows `[open time, open, high, low, close]` and where the next page ends, null at the last one. */
export function readVolatility(
  result: unknown,
  currency: string,
  lengthMs: number,
): { readonly rows: readonly VolatilityIndexRecord[]; readonly continuation: number | null } {
  const data = fieldsOf(result, 'result')
  const rows = listOf(data.data, 'result.data').map((value, i): VolatilityIndexRecord => {
    const path = `result.data[${i}]`
    const row = listOf(value, path)
    return {
      kind: 'volatilityIndex',
      venue: 'deribit',
      currency,
      // The close of a bar is known when the bar ends, not when it opens.
      ts: timeOf(row[0], `${path}[0]`) + lengthMs,
      value: indexDecimalOf(positiveOf(row[4], `${path}[4]`)),
    }
  })
  rows.sort((a, b) => a.ts - b.ts)
  return { rows, continuation: optionalNumber(data.continuation, 'result.continuation') }
}

/** Length of the rows of a DVOL page, when nobody says. */
export function volatilityStep(result: unknown): number {
  const rows = listOf(fieldsOf(result, 'result').data, 'result.data')
  if (rows.length < 2) return DAY_MS
  const [first, second] = [rows[0], rows[1]].map((row, i) => numberOf(listOf(row, `result.data[${i}]`)[0], 'time'))
  return Math.abs(second! - first!)
}

/** `get_book_summary_by_*`: a chain in one answer. It has volatilities and open interest, but no Greeks. */
export function readSummaries(result: unknown, knowledge: Knowledge): readonly Normal[] {
  const records: Normal[] = []
  const rows = listOf(result, 'result')
  for (let i = 0; i < rows.length; i++) {
    const path = `result[${i}]`
    const row = fieldsOf(rows[i], path)
    const name = nameOf(textOf(row.instrument_name, `${path}.instrument_name`))
    if (!name || name.market === 'spot') continue
    if (name.market === 'option') records.push(optionOf(row, path, name))
    else records.push(...contractOf(row, path, name, knowledge))
  }
  return records
}

function optionOf(row: Fields, path: string, name: DeribitName): Normal {
  const markIv = optionalNumber(row.mark_iv, `${path}.mark_iv`)
  const underlyingPrice = priceOrNull(row.underlying_price, `${path}.underlying_price`)
  return {
    kind: 'option',
    instrument: name.id,
    ts: timeOf(row.creation_timestamp, `${path}.creation_timestamp`),
    bid: priceOrNull(row.bid_price, `${path}.bid_price`),
    ask: priceOrNull(row.ask_price, `${path}.ask_price`),
    mark: numberOf(row.mark_price, `${path}.mark_price`),
    bidIv: null,
    askIv: null,
    markIv: markIv === null || markIv === 0 ? null : decimalOf(markIv),
    delta: null,
    gamma: null,
    vega: null,
    theta: null,
    underlyingPrice,
    indexPrice: row.underlying_index === 'index_price' ? underlyingPrice : null,
    openInterest: numberOf(row.open_interest, `${path}.open_interest`),
  }
}

function contractOf(row: Fields, path: string, name: DeribitName, knowledge: Knowledge): readonly Normal[] {
  const ts = timeOf(row.creation_timestamp, `${path}.creation_timestamp`)
  const mark = positiveOf(row.mark_price, `${path}.mark_price`)
  const interest = numberOf(row.open_interest, `${path}.open_interest`)
  const inUsd = isUsdSized(name, knowledge)
  const records: Normal[] = [
    { kind: 'mark', instrument: name.id, ts, mark, index: null },
    {
      kind: 'openInterest',
      instrument: name.id,
      ts,
      openInterest: coinsOf(interest, mark, inUsd),
      value: inUsd ? interest : null,
    },
  ]
  const rate = name.market === 'perpetual' ? optionalNumber(row.funding_8h, `${path}.funding_8h`) : null
  if (rate !== null)
    records.push({ kind: 'funding', instrument: name.id, ts, rate, intervalMs: 8 * HOUR_MS, nextFundingAt: null })
  return records
}
