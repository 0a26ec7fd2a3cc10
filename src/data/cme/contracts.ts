/**
 * Owns CME's bitcoin futures BTC and MBT: codes, sizes, expiries, listed months (cme.md 1). Knows the rule, not the exchange's
 * calendar: an expiry that a file tells outweighs it.
 */
import { civilDate, type EpochMs, isoDay } from '#core/time'
import { businessDayUpTo, lastFriday } from './holidays.js'
import { instantAt } from './zoned-time.js'

export type Product = 'BTC' | 'MBT'

/** `coins[0] / coins[1]` coins a contract, so that amounts divide exactly; tick in USD a coin. */
export const PRODUCTS: Readonly<
  Record<Product, { readonly coins: readonly [number, number]; readonly tickUsd: number }>
> = {
  BTC: { coins: [5, 1], tickUsd: 5 },
  MBT: { coins: [1, 10], tickUsd: 5 },
}

/** January to December. */
export const MONTH_CODES = 'FGHJKMNQUVXZ'

export interface Contract {
  /** With a two-digit year: `BTCH26`. */
  readonly symbol: string
  readonly product: Product
  readonly year: number
  /** 1 to 12. */
  readonly month: number
}

export function isProduct(text: string): text is Product {
  return Object.hasOwn(PRODUCTS, text)
}

/** Coins of so many contracts. */
export function coinsOf(product: Product, contracts: number): number {
  const [times, over] = PRODUCTS[product].coins
  return (contracts * times) / over
}

export function contractOf(product: Product, year: number, month: number): Contract {
  return { symbol: `${product}${MONTH_CODES[month - 1]}${String(year % 100).padStart(2, '0')}`, product, year, month }
}

/** UTC midnight of the last trading day: the last Friday, or the business day of both London and the US before it. */
export function lastTradeDay(year: number, month: number): EpochMs {
  return businessDayUpTo(lastFriday(year, month))
}

/** When a contract that trades last on `day` expires: 16:00 in London. */
export function expiryOn(day: EpochMs): EpochMs {
  return instantAt('Europe/London', day, 16)
}

/** By rule. */
export function expiryOf({ year, month }: Pick<Contract, 'year' | 'month'>): EpochMs {
  return expiryOn(lastTradeDay(year, month))
}

/**
 * A contract from its code, or what is wrong with it. A year of one digit is that of `lastDay`, the last trading day that a
 * file tells, else of the nearest expiry by rule that is not before `tradeDay`.
 */
export function parseContract(code: string, tradeDay: EpochMs, lastDay?: EpochMs): Contract | string {
  const match = /^(BTC|MBT)([A-Z])(\d{1,2})$/.exec(code)
  if (!match) return `contract ${JSON.stringify(code)} is no code of BTC or MBT, such as BTCH6 or BTCH26`
  const product = match[1] as Product // by the expression
  const month = MONTH_CODES.indexOf(match[2]!) + 1
  if (month === 0) return `contract ${code}: ${match[2]} is no month; there are ${MONTH_CODES}`
  const digits = match[3]!
  const year = digits.length === 2 ? 2000 + Number(digits) : nearestYear(Number(digits), month, tradeDay, lastDay)
  const contract = contractOf(product, year, month)
  if (lastDay === undefined) return contract
  const told = civilDate(lastDay)
  if (told.year !== year || told.month !== month)
    return `expiry ${isoDay(lastDay)} is not in the month of ${contract.symbol}`
  return contract
}

function nearestYear(digit: number, month: number, tradeDay: EpochMs, lastDay: EpochMs | undefined): number {
  const from = civilDate(lastDay ?? tradeDay).year
  const first = from + ((((digit - from) % 10) + 10) % 10)
  return lastDay === undefined && lastTradeDay(first, month) < tradeDay ? first + 10 : first
}

/** The month so many months later. */
const monthLater = (year: number, month: number, months: number): { year: number; month: number } => {
  const index = year * 12 + month - 1 + months
  return { year: Math.floor(index / 12), month: (index % 12) + 1 }
}

/**
 * When a contract is listed: with the expiry that makes it one of six consecutive months, Decembers when they become the
 * second one ahead (cme.md 1; of MBT unverified).
 */
export function listedAt({ year, month }: Pick<Contract, 'year' | 'month'>): EpochMs {
  return expiryOf(month === 12 ? { year: year - 2, month } : monthLater(year, month, -6))
}

/** Contracts that trade at an instant, nearest first: six consecutive months and the two nearest Decembers. */
export function listedContracts(product: Product, at: EpochMs): Contract[] {
  const { year, month } = civilDate(at)
  return Array.from({ length: 30 }, (_, months) => monthLater(year, month, months))
    .filter((one) => listedAt(one) <= at && at < expiryOf(one))
    .map((one) => contractOf(product, one.year, one.month))
}

/** Contracts that trade at some time in `[from, to]`, by expiry. */
export function contractsBetween(product: Product, from: EpochMs, to: EpochMs): Contract[] {
  const start = civilDate(from)
  const end = civilDate(to)
  const months = (end.year - start.year) * 12 + end.month - start.month + 30
  return Array.from({ length: months }, (_, i) => monthLater(start.year, start.month, i))
    .filter((one) => listedAt(one) <= to && expiryOf(one) > from)
    .map((one) => contractOf(product, one.year, one.month))
}
