/**
 * Owns reading end-of-day rows of CME futures (cme.md 4) from a table: what each says, or the line and reason of every fault.
 * Never repairs a row; never compares with the lake. Amounts leave here in coins, as those of other venues are.
 */
import { DAY_MS, type EpochMs, isoDay, parseDay } from '#core/time'
import type { Problems } from '../import-problem.js'
import type { SourceTable, Wanted } from '../source-table.js'
import { type Contract, coinsOf, expiryOf, expiryOn, isProduct, PRODUCTS, parseContract } from './contracts.js'
import { instantAt } from './zoned-time.js'

export const EOD_WANTED: Wanted = {
  required: ['settle'],
  optional: ['open', 'high', 'low', 'last', 'volume', 'open_interest'],
  text: ['trade_date', 'product', 'contract'],
  optionalText: ['expiry', 'source'],
}

/** What rows of one key are compared by; NaN: the row does not say. Prices in USD a coin, amounts in coins. */
export interface EodValues {
  readonly open: number
  readonly high: number
  readonly low: number
  /** Of the last trade. */
  readonly close: number
  readonly settle: number
  readonly volume: number
  /** One side. */
  readonly openInterest: number
  readonly expiry: EpochMs
}

export interface EodRow {
  /** Line (CSV) or row (Parquet). */
  readonly line: number
  readonly contract: Contract
  /** UTC midnight of the exchange's trade date. */
  readonly tradeDay: EpochMs
  /** About when it was settled: 15:00 in Chicago, on the last trading day the expiry. Same UTC day as the trade date. */
  readonly ts: EpochMs
  /** Open interest is final after the midnight of Chicago that ends the trade date. */
  readonly availableAt: EpochMs
  readonly values: EodValues
  /** From a time in the column `source`; undefined without one. */
  readonly sourceTime: EpochMs | undefined
}

const PRICES = ['open', 'high', 'low', 'close', 'settle'] as const
/** By what its column is called in a file. */
const COLUMN: Readonly<Record<string, string>> = { close: 'last', openInterest: 'open_interest' }

/**
 * Rows in the order of the file, those of one key once: the same again is passed over, a newer source time replaces.
 * Faulty ones are told to `problems`. `now`: trade dates whose settlement lies behind it are refused.
 */
export function readEod(table: SourceTable, now: EpochMs, problems: Problems, notes: string[]): EodRow[] {
  const rows = Array.from({ length: table.rows }, (_, i) => rowOf(table, i, now, problems)).filter(
    (row) => row !== undefined,
  )
  noteExpiries(rows, problems, notes)
  noteTicks(rows, notes)
  return once(rows, problems, notes)
}

function rowOf(table: SourceTable, i: number, now: EpochMs, problems: Problems): EodRow | undefined {
  const line = table.firstLine + i
  const refuse = (reason: string): undefined => void problems.row(line, reason)
  const text = (name: string): string => table.texts.get(name)?.[i] ?? ''
  const tradeDay = parseDay(text('trade_date'))
  if (tradeDay === undefined) return refuse(`trade_date ${JSON.stringify(text('trade_date'))} is no date YYYY-MM-DD`)
  const lastDay = text('expiry') === '' ? undefined : parseDay(text('expiry'))
  if (lastDay === undefined && text('expiry') !== '')
    return refuse(`expiry ${JSON.stringify(text('expiry'))} is no date YYYY-MM-DD`)
  const product = text('product')
  if (!isProduct(product)) return refuse(`product ${JSON.stringify(product)} is neither BTC nor MBT`)
  const contract = parseContract(text('contract'), tradeDay, lastDay)
  if (typeof contract === 'string') return refuse(contract)
  if (contract.product !== product) return refuse(`contract ${text('contract')} is none of the product ${product}`)
  const expiry = lastDay === undefined ? expiryOf(contract) : expiryOn(lastDay)
  if (expiry < tradeDay) return refuse(`expiry ${isoDay(expiry)} is before the trade date ${isoDay(tradeDay)}`)
  const number = (name: string): number => table.columns.get(name)?.[i] ?? Number.NaN
  const values: EodValues = {
    open: number('open'),
    high: number('high'),
    low: number('low'),
    close: number('last'),
    settle: number('settle'),
    volume: coinsOf(product, number('volume')),
    openInterest: coinsOf(product, number('open_interest')),
    expiry,
  }
  const ts = Math.min(instantAt('America/Chicago', tradeDay, 15), expiry)
  if (ts > now) problems.row(line, `trade_date ${isoDay(tradeDay)} is in the future`)
  for (const name of ['volume', 'open_interest'])
    if (number(name) < 0 || number(name) % 1 > 0)
      problems.row(line, `${name} ${number(name)} is no number of contracts`)
  checkPrices(values, line, problems)
  const availableAt = instantAt('America/Chicago', tradeDay + DAY_MS, 0)
  return { line, contract, tradeDay, ts, availableAt, values, sourceTime: timeIn(text('source')) }
}

function checkPrices(values: EodValues, line: number, problems: Problems): void {
  for (const name of PRICES)
    if (values[name] <= 0) problems.row(line, `${COLUMN[name] ?? name} ${values[name]} is not positive`)
  const { high, low } = values
  if (high < low) {
    problems.row(line, `high ${high} is below low ${low}`)
    return
  }
  // Not settle: it may be made of bids and asks, or of another contract and a spread.
  for (const name of ['open', 'close'] as const)
    if (values[name] < low || values[name] > high)
      problems.row(line, `${COLUMN[name] ?? name} ${values[name]} is outside ${low} to ${high}`)
}

/** A time as ISO 8601 writes it with Z, anywhere in the text. */
function timeIn(source: string): EpochMs | undefined {
  const match = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z/.exec(source)
  const ts = match === null ? Number.NaN : Date.parse(match[0])
  return Number.isNaN(ts) ? undefined : ts
}

/** One expiry a contract; another than the rule's is told, and stands. */
function noteExpiries(rows: readonly EodRow[], problems: Problems, notes: string[]): void {
  const first = new Map<string, EpochMs>()
  for (const { contract, values, line } of rows) {
    const known = first.get(contract.symbol)
    if (known === undefined) first.set(contract.symbol, values.expiry)
    else if (known !== values.expiry)
      problems.row(line, `expiry ${isoDay(values.expiry)} of ${contract.symbol} differs from ${isoDay(known)} before`)
    if (known !== undefined) continue
    const byRule = expiryOf(contract)
    if (byRule !== values.expiry)
      notes.push(`${contract.symbol} expires ${isoDay(values.expiry)} by the file, ${isoDay(byRule)} by the rule`)
  }
}

function noteTicks(rows: readonly EodRow[], notes: string[]): void {
  const off = rows.filter(({ contract, values }) => values.settle % PRODUCTS[contract.product].tickUsd !== 0)
  if (off.length > 0) notes.push(`settle is finer than the tick in ${off.length} rows, first at ${off[0]!.line}`)
}

/** The first difference of `mine` to `theirs`: a value that mine does not say is none, one that theirs lacks is. */
export function difference(mine: EodValues, theirs: EodValues): string | undefined {
  for (const [name, value] of Object.entries(mine) as [keyof EodValues, number][]) {
    const other = theirs[name]
    if (Number.isNaN(value) || value === other) continue
    const shown = (n: number): string => (Number.isNaN(n) ? 'none' : name === 'expiry' ? isoDay(n) : String(n))
    return `${COLUMN[name] ?? name} ${shown(other)} → ${shown(value)}`
  }
  return undefined
}

function once(rows: readonly EodRow[], problems: Problems, notes: string[]): EodRow[] {
  const kept = new Map<string, EodRow>()
  let [same, replaced] = [0, 0]
  for (const row of rows) {
    const key = `${row.contract.symbol} ${isoDay(row.tradeDay)}`
    const before = kept.get(key)
    if (before === undefined) kept.set(key, row)
    else if (difference(row.values, before.values) === undefined) same++
    else {
      const order = (row.sourceTime ?? Number.NaN) - (before.sourceTime ?? Number.NaN)
      if (order > 0 || order < 0) replaced++
      else
        problems.row(
          row.line,
          `${key} stands at ${before.line} too (${difference(row.values, before.values)}), and source does not tell which is newer`,
        )
      if (order > 0) kept.set(key, row)
    }
  }
  if (same > 0) notes.push(`${same} rows say again what stands before`)
  if (replaced > 0) notes.push(`of ${replaced} rows that stand twice the newer by source was taken`)
  return [...kept.values()]
}
