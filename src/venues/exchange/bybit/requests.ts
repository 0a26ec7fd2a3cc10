/** Owns reading the parameters of a request of the simulated Bybit and its error answers: a `retCode` inside HTTP 200. */
import { DAY_MS, type DurationMs, type EpochMs, HOUR_MS, MINUTE_MS } from '#core/time'
import type { SimReply } from '../protocol.port.js'
import { type Category, isCategory, type Listed, type SymbolTable } from './symbols.js'

/** A refusal in the venue's words. */
export class BybitRefusal extends Error {
  constructor(
    readonly code: number,
    override readonly message: string,
  ) {
    super(message)
  }
}

export const envelope = (result: unknown, at: EpochMs, retMsg = 'OK'): SimReply => ({
  status: 200,
  body: { retCode: 0, retMsg, result, retExtInfo: {}, time: at },
})

export const refusal = (code: number, retMsg: string, at: EpochMs, headers: Record<string, string> = {}): SimReply => ({
  status: 200,
  headers,
  body: { retCode: code, retMsg, result: {}, retExtInfo: {}, time: at },
})

const bad = (what: string): BybitRefusal => new BybitRefusal(10001, `params error: ${what}`)

export class Parameters {
  constructor(
    readonly query: URLSearchParams,
    readonly now: EpochMs,
    private readonly table: SymbolTable,
  ) {}

  text(name: string): string | undefined {
    const value = this.query.get(name)
    return value === null || value === '' ? undefined : value
  }

  category(...allowed: readonly Category[]): Category {
    const value = this.query.get('category')
    if (isCategory(value) && (allowed.length === 0 || allowed.includes(value))) return value
    throw bad('category invalid')
  }

  symbol(category: Category): Listed {
    const listed = this.table.find(category, this.text('symbol'), this.now)
    if (listed !== undefined) return listed
    throw bad('symbol invalid')
  }

  all(category: Category): readonly Listed[] {
    return this.table.all(category, this.now)
  }

  /** `[1, max]`; beyond it is refused. */
  limit(fallback: number, max: number): number {
    const value = this.whole('limit') ?? fallback
    if (value >= 1 && value <= max) return value
    throw bad(`limit must be between 1 and ${max}`)
  }

  whole(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (/^\d{1,15}$/.test(text)) return Number(text)
    throw bad(`${name} invalid`)
  }

  /** Start before end, where both are given. */
  span(start: string, end: string): { readonly from: EpochMs | undefined; readonly to: EpochMs | undefined } {
    const [from, to] = [this.whole(start), this.whole(end)]
    if (from !== undefined && to !== undefined && from > to) throw bad(`${start} is behind ${end}`)
    return { from, to }
  }

  choice<T>(name: string, among: ReadonlyMap<string, T>): T {
    const value = among.get(this.text(name) ?? '')
    if (value !== undefined) return value
    throw bad(`${name} invalid`)
  }
}

/** Weeks and months are not played. */
export const KLINE_MS: ReadonlyMap<string, DurationMs> = new Map([
  ['1', MINUTE_MS],
  ['3', 3 * MINUTE_MS],
  ['5', 5 * MINUTE_MS],
  ['15', 15 * MINUTE_MS],
  ['30', 30 * MINUTE_MS],
  ['60', HOUR_MS],
  ['120', 2 * HOUR_MS],
  ['240', 4 * HOUR_MS],
  ['360', 6 * HOUR_MS],
  ['720', 12 * HOUR_MS],
  ['D', DAY_MS],
])

export const OPEN_INTEREST_MS: ReadonlyMap<string, DurationMs> = new Map([
  ['5min', 5 * MINUTE_MS],
  ['15min', 15 * MINUTE_MS],
  ['30min', 30 * MINUTE_MS],
  ['1h', HOUR_MS],
  ['4h', 4 * HOUR_MS],
  ['1d', DAY_MS],
])
