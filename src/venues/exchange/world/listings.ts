/**
 * Owns which instruments are listed when: spot, perpetuals, quarterly futures that follow each other, and a handful of
 * options. Everything dated expires at 08:00 UTC on a Friday, as on the four venues; new ones are listed at 08:00.
 */
import { civilDate, DAY_MS, type EpochMs, HOUR_MS } from '#core/time'
import type { WorldInstrument } from '../world.port.js'
import type { MarketCoin } from './market-source.js'

const EIGHT = 8 * HOUR_MS
const WEEK_MS = 7 * DAY_MS
/** Coins that have inverse perpetuals, futures; the first two have options as well. */
const INVERSE = ['BTC', 'ETH', 'SOL', 'XRP']
const DATED = ['BTC', 'ETH']
/** Strikes on either side of the money, and how far apart they are as a part of the price, by days to live. */
const STRIKES_ASIDE = 4

export interface ListingNeeds {
  readonly start: EpochMs
  readonly coins: readonly MarketCoin[]
  indexAt(base: string, at: EpochMs): number
}

/** Number of the 08:00 day: what is listed changes with it alone. */
export const listingDay = (at: EpochMs): number => Math.floor((at - EIGHT) / DAY_MS)

/** Everything listed on a listing day. */
export function listedOn(day: number, needs: ListingNeeds): WorldInstrument[] {
  const at = day * DAY_MS + EIGHT
  return needs.coins.flatMap((coin) => [
    ...undated(coin, coin.listedAt ?? needs.start),
    ...(DATED.includes(coin.base) ? [...futures(coin, at, needs), ...options(coin, at, needs)] : []),
  ])
}

function undated(coin: MarketCoin, listedAt: EpochMs): WorldInstrument[] {
  const { base, tick, lot } = coin
  const common = { base, tick, lot, listedAt, expiresAt: null, strike: null, option: null }
  const linear = { ...common, quote: 'USDT', settle: 'USDT' }
  return [
    { ...linear, id: `${base}/USDT`, kind: 'spot' as const },
    { ...linear, id: `${base}/USDT:USDT`, kind: 'linearPerpetual' as const },
    ...(INVERSE.includes(base)
      ? [{ ...common, id: `${base}/USD:${base}`, kind: 'inversePerpetual' as const, quote: 'USD', settle: base }]
      : []),
  ]
}

/** The two quarters that end next, linear and inverse. */
function futures({ base, tick, lot }: MarketCoin, at: EpochMs, { start }: ListingNeeds): WorldInstrument[] {
  return nextQuarters(at, 2).flatMap((expiresAt) => {
    // Listed when the quarter two before it has expired.
    const listedAt = Math.max(start, lastFriday(expiresAt - 240 * DAY_MS, 3))
    if (listedAt > at) return []
    const common = { base, tick, lot, listedAt, expiresAt, strike: null, option: null }
    const date = dateOf(expiresAt)
    return [
      { ...common, id: `${base}/USDT:USDT-${date}`, kind: 'linearFuture' as const, quote: 'USDT', settle: 'USDT' },
      { ...common, id: `${base}/USD:${base}-${date}`, kind: 'inverseFuture' as const, quote: 'USD', settle: base },
    ]
  })
}

/** Expiries with the time for which each is listed: two days, two Fridays, this month's and the quarter's last one. */
function optionExpiries(at: EpochMs): Map<EpochMs, number> {
  const friday = nextFriday(at)
  const expiries = new Map<EpochMs, number>([
    [at + DAY_MS, 2 * DAY_MS],
    [at + 2 * DAY_MS, 2 * DAY_MS],
  ])
  expiries.set(friday, 3 * WEEK_MS)
  expiries.set(friday + WEEK_MS, 3 * WEEK_MS)
  const month = lastFriday(at, 1)
  expiries.set(month > at ? month : lastFriday(at + 28 * DAY_MS, 1), 9 * WEEK_MS)
  for (const quarter of nextQuarters(at, 2)) expiries.set(quarter, 40 * WEEK_MS)
  return expiries
}

function options(coin: MarketCoin, at: EpochMs, { start, indexAt }: ListingNeeds): WorldInstrument[] {
  return [...optionExpiries(at)].flatMap(([expiresAt, livesMs]) => {
    // Strikes are those of the listing, so that what is listed does not change its name with the price.
    const listedAt = Math.max(start, expiresAt - livesMs)
    const price = indexAt(coin.base, listedAt)
    const step = niceStep(price * (livesMs > 10 * WEEK_MS ? 0.1 : livesMs > WEEK_MS ? 0.04 : 0.015))
    const middle = Math.round(price / step)
    const strikes = Array.from({ length: 2 * STRIKES_ASIDE + 1 }, (_, i) => (middle - STRIKES_ASIDE + i) * step)
    return strikes
      .filter((strike) => strike > 0)
      .flatMap((strike) =>
        (['call', 'put'] as const).map((option) => optionOf(coin, expiresAt, listedAt, strike, option)),
      )
  })
}

/** Priced in coins, as on Deribit. */
function optionOf(
  { base }: MarketCoin,
  expiresAt: EpochMs,
  listedAt: EpochMs,
  strike: number,
  option: 'call' | 'put',
): WorldInstrument {
  return {
    id: `${base}/USD:${base}-${dateOf(expiresAt)}-${strike}-${option === 'call' ? 'C' : 'P'}`,
    kind: 'inverseOption',
    base,
    quote: 'USD',
    settle: base,
    tick: '0.0001',
    lot: base === 'BTC' ? '0.1' : '1',
    listedAt,
    expiresAt,
    strike,
    option,
  }
}

/** 1, 2, 2.5 or 5 times a power of ten, whole. */
function niceStep(about: number): number {
  let power = 1
  while (power * 10 <= about) power *= 10
  const fits = [5, 2.5, 2, 1].find((n) => n * power <= about && Number.isInteger(n * power))
  return (fits ?? 1) * power
}

/** The first Friday 08:00 behind `at`; 1970-01-02 was one. */
function nextFriday(at: EpochMs): EpochMs {
  return Math.floor((at - DAY_MS - EIGHT) / WEEK_MS) * WEEK_MS + WEEK_MS + DAY_MS + EIGHT
}

/** The last Friday 08:00 of the month, or of the quarter (3), that holds `at`. */
function lastFriday(at: EpochMs, months: 1 | 3): EpochMs {
  const groupOf = (ts: EpochMs): number => {
    const { year, month } = civilDate(ts)
    return Math.floor((year * 12 + month - 1) / months)
  }
  const group = groupOf(at)
  let end = nextFriday(at - 4 * WEEK_MS * months - WEEK_MS)
  while (groupOf(end + WEEK_MS) <= group) end += WEEK_MS
  return end
}

/** The next `count` ends of quarters behind `at`, ascending. */
function nextQuarters(at: EpochMs, count: number): EpochMs[] {
  const ends: EpochMs[] = []
  for (let ts = at; ends.length < count; ts += 45 * DAY_MS) {
    const end = lastFriday(ts, 3)
    if (end > at && ends.at(-1) !== end) ends.push(end)
  }
  return ends
}

function dateOf(ts: EpochMs): string {
  const { year, month, day } = civilDate(ts)
  return [year % 100, month, day].map((part) => String(part).padStart(2, '0')).join('')
}
