/** Owns what rows of points must satisfy: open interest, marks, volatility, on-chain, dated futures, chains. Never repairs one. */
import { HOUR_MS, intervalMs, parseDay } from '#core/time'
import { checkTime } from './check-rows.js'
import type { BuildContext, Rows } from './rows.js'
import type { SourceTable } from './source-table.js'

type Check = (value: number) => string | undefined

const positive: Check = (value) => (value > 0 && value < Number.POSITIVE_INFINITY ? undefined : 'is not positive')
const notNegative: Check = (value) => (value >= 0 && value < Number.POSITIVE_INFINITY ? undefined : 'is negative')
const finite: Check = (value) => (Math.abs(value) < Number.POSITIVE_INFINITY ? undefined : 'is not finite')
/** Realised volatilities of coins stay far below 20 (2000 % a year); indices are told in percent by some sources. */
const volatility: Check = (value) => (value > 0 && value < 20 ? undefined : 'is no volatility: is it in percent?')
/** Venues quote a volatility of 0 or some hundreds where a contract has no market. */
const impliedVolatility: Check = (value) =>
  value >= 0 && value < 20 ? undefined : 'is no volatility: is it in percent?'

/** The first column of these names that the file has, times `scale`; NaN where the file has none of them. */
function take(table: SourceTable, names: readonly (readonly [name: string, scale: number])[]): Float64Array {
  for (const [name, scale] of names) {
    const values = table.columns.get(name)
    if (values !== undefined) return scale === 1 ? values : values.map((value) => value * scale)
  }
  return new Float64Array(table.rows).fill(Number.NaN)
}

/** Percent as a fraction: divided, so that 56.76 becomes the double nearest to 0.5676. */
function percent(table: SourceTable, name: string): Float64Array | undefined {
  return table.columns.get(name)?.map((value) => value / 100)
}

function checkColumn(name: string, values: Float64Array, check: Check, context: BuildContext, isRequired = true): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) {
      if (isRequired) context.problems.row(context.lineOf(i), `${name} is missing`)
      continue
    }
    const fault = check(value)
    if (fault !== undefined) context.problems.row(context.lineOf(i), `${name} ${value} ${fault}`)
  }
}

/** Strictly ascending stamps, on the grid of the interval where there is one. */
function times(table: SourceTable, context: BuildContext): Pick<Rows, 'ts' | 'availableAt'> {
  const { interval, lagMs, problems } = context
  const ts = table.columns.get('ts') ?? new Float64Array(table.rows)
  const step = interval === undefined ? 1 : intervalMs(interval)
  for (let i = 0; i < ts.length; i++) checkTime(ts, i, step, context.lineOf(i), problems)
  if (ts.length === 0) problems.unreadable('there are no rows')
  const delay = (interval === undefined ? 0 : step) + lagMs
  return { ts, availableAt: ts.map((t) => t + delay) }
}

function needsOneOf(table: SourceTable, names: readonly string[], { problems }: BuildContext): void {
  if (!names.some((name) => table.columns.has(name))) problems.unreadable(`the header has none of ${names.join(', ')}`)
}

/** Columns `open_interest` or `oi_base` in coins, `value` or `oi_usd` in quote; one of both at least. */
export function openInterestOf(table: SourceTable, context: BuildContext): Rows {
  needsOneOf(table, ['open_interest', 'oi_base', 'value', 'oi_usd'], context)
  const openInterest = take(table, [
    ['open_interest', 1],
    ['oi_base', 1],
  ])
  const value = take(table, [
    ['value', 1],
    ['oi_usd', 1],
  ])
  checkColumn('open interest', openInterest, notNegative, context, false)
  checkColumn('value', value, notNegative, context, false)
  for (let i = 0; i < table.rows; i++)
    if (Number.isNaN(openInterest[i]!) && Number.isNaN(value[i]!))
      context.problems.row(context.lineOf(i), 'has neither coins nor a value')
  return { ...times(table, context), openInterest, value }
}

/** Columns `mark` or `price`, and `index` or `index_price`. */
export function marksOf(table: SourceTable, context: BuildContext): Rows {
  needsOneOf(table, ['mark', 'price'], context)
  const mark = take(table, [
    ['mark', 1],
    ['price', 1],
  ])
  const index = take(table, [
    ['index', 1],
    ['index_price', 1],
  ])
  checkColumn('mark', mark, positive, context)
  checkColumn('index', index, positive, context, false)
  return { ...times(table, context), mark, index }
}

/** Column `value` as a decimal, or `dvol` in percent as Deribit tells it. */
export function volatilityOf(table: SourceTable, context: BuildContext): Rows {
  needsOneOf(table, ['value', 'dvol'], context)
  const value = percent(table, 'dvol') ?? take(table, [['value', 1]])
  checkColumn('value', value, volatility, context)
  return { ...times(table, context), value }
}

/** The one column beside `ts`; rows without a value are left out. The table has been reduced to them. */
export function metricOf(table: SourceTable, context: BuildContext): Rows {
  const name = [...table.columns.keys()].find((other) => other !== 'ts')
  const value = name === undefined ? new Float64Array(0) : table.columns.get(name)!
  checkColumn(name ?? 'value', value, finite, context)
  const revision = new Float64Array(table.rows)
  const fetchedAt = new Float64Array(table.rows).fill(context.fetchedAt ?? Number.NaN)
  return { ...times(table, context), value, revision, fetchedAt }
}

/** Bars (`open,high,low,close`) or snapshots (`price`) of one contract, with its `expiry`. */
export function datedOf(table: SourceTable, context: BuildContext): Rows {
  needsOneOf(table, ['price', 'close'], context)
  const price = take(table, [
    ['close', 1],
    ['price', 1],
  ])
  const [open, high, low] = (['open', 'high', 'low'] as const).map((name) => table.columns.get(name) ?? price)
  const expiry = take(table, [['expiry', 1]])
  const volume = take(table, [['volume', 1]])
  const indexPrice = take(table, [['index_price', 1]])
  for (const [name, prices] of Object.entries({ open: open!, high: high!, low: low!, close: price }))
    checkColumn(name, prices, positive, context)
  checkColumn('volume', volume, notNegative, context, false)
  checkColumn('index_price', indexPrice, positive, context, false)
  const { ts, availableAt } = times(table, context)
  for (let i = 0; i < table.rows; i++) {
    const line = context.lineOf(i)
    if (!(low![i]! <= price[i]! && price[i]! <= high![i]! && low![i]! <= open![i]! && open![i]! <= high![i]!))
      context.problems.row(line, 'open and close are not between low and high')
    if (!(expiry[i]! > ts[i]!)) context.problems.row(line, `expiry ${expiry[i]} is not after ts ${ts[i]}`)
    if (expiry[i] !== expiry[0]) context.problems.row(line, `expiry ${expiry[i]} differs from ${expiry[0]} before`)
  }
  const none = new Float64Array(table.rows).fill(Number.NaN)
  const [settle, openInterest] = [none, none]
  const revision = new Float64Array(table.rows)
  const fetchedAt = new Float64Array(table.rows).fill(context.fetchedAt ?? Number.NaN)
  const prices = { open: open!, high: high!, low: low!, close: price, settle, volume, openInterest, indexPrice }
  return { ts, availableAt, ...prices, expiry, revision, fetchedAt }
}

/** Snapshots of all options of a currency. Volatilities as decimals or, in columns `*_iv_pct`, in percent with 0 for none. */
export function chainOf(table: SourceTable, context: BuildContext): Rows {
  const { problems, lineOf } = context
  const instrument = table.texts.get('instrument') ?? []
  const named = instrument.map(deribitTerms)
  const terms = (column: string, told: (i: number) => number | undefined): Float64Array => {
    const values = table.columns.get(column)
    return Float64Array.from(instrument, (_, i) => values?.[i] ?? told(i) ?? Number.NaN)
  }
  const strike = terms('strike', (i) => named[i]?.strike)
  const expiry = terms('expiry', (i) => named[i]?.expiry)
  const cp = table.texts.get('cp') ?? named.map((term) => term?.cp ?? '')
  const iv = (side: string): Float64Array => {
    const told = percent(table, `${side}_iv_pct`)?.map((value) => (value === 0 ? Number.NaN : value))
    return told ?? take(table, [[`${side}_iv`, 1]])
  }
  const isOld = table.columns.has('mark_iv_pct')
  const quote = (side: string): Float64Array => {
    const values = take(table, [[side, 1]])
    return isOld ? values.map((value) => (value === 0 ? Number.NaN : value)) : values
  }
  const numbers: Record<string, Float64Array> = { strike, expiry }
  for (const side of ['bid', 'ask', 'mark']) {
    numbers[side] = quote(side)
    numbers[`${side}Iv`] = iv(side)
  }
  for (const name of ['delta', 'gamma', 'vega', 'theta', 'oi', 'volume']) numbers[name] = take(table, [[name, 1]])
  numbers.underlyingPrice = take(table, [['underlying_price', 1]])
  numbers.indexPrice = take(table, [['index_price', 1]])
  for (const [name, values] of Object.entries(numbers))
    checkColumn(name, values, CHAIN_CHECKS[name] ?? notNegative, context, name === 'strike' || name === 'expiry')
  const ts = table.columns.get('ts') ?? new Float64Array(0)
  for (let i = 0; i < table.rows; i++) {
    checkTime(Float64Array.of(ts[i]!), 0, 1, lineOf(i), problems)
    if (cp[i] !== 'C' && cp[i] !== 'P') problems.row(lineOf(i), `cp ${JSON.stringify(cp[i])} is neither C nor P`)
    if (instrument[i] === '') problems.row(lineOf(i), 'instrument is empty')
    if (i > 0 && ts[i] === ts[i - 1] && instrument[i] === instrument[i - 1])
      // sorted by both
      problems.row(lineOf(i), `${instrument[i]} stands twice at ts ${ts[i]}`)
  }
  if (table.rows === 0) problems.unreadable('there are no rows')
  const underlying = table.texts.get('underlying') ?? instrument.map(() => '')
  return { ts, availableAt: ts.map((t) => t + context.lagMs), instrument, cp, underlying, ...numbers }
}

const CHAIN_CHECKS: Readonly<Record<string, Check>> = {
  strike: positive,
  expiry: positive,
  bidIv: impliedVolatility,
  askIv: impliedVolatility,
  markIv: impliedVolatility,
  delta: finite,
  gamma: finite,
  vega: finite,
  theta: finite,
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

/** Terms in a name as Deribit writes it, `BTC-24SEP21-7000-P`: options expire at 08:00 UTC. Undefined for any other name. */
export function deribitTerms(name: string): { strike: number; expiry: number; cp: 'C' | 'P' } | undefined {
  const match = /^[A-Z_]+-(\d{1,2})([A-Z]{3})(\d{2})-(\d+(?:d\d+)?)-([CP])$/.exec(name)
  if (!match) return undefined
  const [, day, month, year, strike, cp] = match as unknown as [string, string, string, string, string, 'C' | 'P'] // five groups
  const at = MONTHS.indexOf(month) + 1
  const start = parseDay(`20${year}-${String(at).padStart(2, '0')}-${day.padStart(2, '0')}`)
  return start === undefined ? undefined : { strike: Number(strike.replace('d', '.')), expiry: start + 8 * HOUR_MS, cp }
}
