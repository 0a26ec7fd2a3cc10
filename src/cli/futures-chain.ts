/** Owns which contracts of a chain there are, by the lake, by their symbols and, of CME, by rule; and what the lake tells of each. */
import { QuantbotError } from '#core/errors'
import { DAY_MS, type EpochMs } from '#core/time'
import { contractsBetween, expiryOf, isProduct, listedAt, parseContract } from '#data/cme/contracts'
import type { PointsKey } from '#data/columns'
import { datedSymbol } from '#data/dated-symbols'
import { listSeries, loadRows } from '#data/lake'
import { type FuturesColumns, loadFutures } from '#data/load-futures'
import { numberAt } from '#data/rows'
import type { PricePoint } from '#quant/continuous-future'
import type { Activity, DatedContract } from '#quant/roll-calendar'

export interface Chain {
  readonly contracts: readonly DatedContract[]
  /** Series of kind `futures` that the lake holds, by instrument. */
  readonly series: ReadonlyMap<string, PointsKey>
}

const ALL = [0, Number.MAX_SAFE_INTEGER - 1] as const
/** Contracts of CME are looked for so much earlier and later, so that the first front has its predecessor and the last its successor. */
const AROUND_MS = 200 * DAY_MS

/**
 * Contracts of `product` (BTC and MBT of CME; elsewhere what stands before the date, such as BTCUSDT), those of `[from, to]` and
 * others. An expiry of the lake outweighs that of a symbol or a rule. Throws LAKE_EMPTY when none trades then, USAGE for an unknown product.
 */
export async function chainOf(
  home: string,
  venue: string,
  product: string,
  from: EpochMs,
  to: EpochMs,
): Promise<Chain> {
  const contracts = new Map<string, DatedContract>()
  const series = new Map<string, PointsKey>()
  if (venue === 'cme') {
    if (!isProduct(product)) throw new QuantbotError('USAGE', `--product ${product} is neither BTC nor MBT`)
    const begin = from - AROUND_MS
    for (const one of contractsBetween(product, begin, to + AROUND_MS)) {
      const instrument = `cme.future.${one.symbol}`
      // Not before the calendar begins: a December is listed long before the months that precede it, which are not all here.
      contracts.set(instrument, { instrument, expiresAt: expiryOf(one), listedAt: Math.max(begin, listedAt(one)) })
    }
  }
  for (const { key, last } of await listSeries(home)) {
    const told = key.venue === venue ? termsOf(venue, key.symbol, product) : undefined
    if (told === undefined) continue
    const instrument = `${venue}.${key.market}.${key.symbol}`
    const known = contracts.get(instrument)
    if (key.kind === 'futures') {
      const { expiry } = await loadFutures(home, key, last, last + 1)
      series.set(instrument, key)
      contracts.set(instrument, { instrument, listedAt: known?.listedAt ?? null, expiresAt: expiry[0]! })
    } else if (known === undefined) contracts.set(instrument, { instrument, expiresAt: told })
  }
  const all = [...contracts.values()]
  if (!all.some((one) => one.expiresAt > from && (one.listedAt ?? to) <= to))
    throw new QuantbotError('LAKE_EMPTY', `no dated future of ${venue} ${product} trades in these days`)
  return { contracts: all, series }
}

/** Expiry by symbol, of a contract of the chain. */
function termsOf(venue: string, symbol: string, product: string): EpochMs | undefined {
  if (venue !== 'cme') {
    const dated = datedSymbol(symbol)
    return dated?.chain === product ? dated.expiresAt : undefined
  }
  const contract = parseContract(symbol, 0)
  return typeof contract === 'string' || contract.product !== product ? undefined : expiryOf(contract)
}

/**
 * Open interest or volume in coins, each from the time it could be read. A correction counts from its own time on, and not at
 * all when a later row was known before it.
 */
export async function activityOf(home: string, { series }: Chain, by: 'openInterest' | 'volume'): Promise<Activity[]> {
  const activity: Activity[] = []
  for (const [instrument, key] of series) {
    const rows = await loadRows(home, key, ...ALL)
    const order = [...rows.ts.keys()].sort((a, b) => rows.availableAt[a]! - rows.availableAt[b]! || a - b)
    let newest = 0
    for (const i of order) {
      const value = numberAt(rows[by], i)
      if (Number.isNaN(value) || rows.ts[i]! < newest) continue
      newest = rows.ts[i]!
      activity.push({ instrument, availableAt: rows.availableAt[i]!, value })
    }
  }
  return activity
}

/** Settlement prices where there are, else those of the last trade. */
export async function pricesOf(home: string, { series }: Chain): Promise<Map<string, PricePoint[]>> {
  const prices = new Map<string, PricePoint[]>()
  for (const [instrument, key] of series) prices.set(instrument, pointsOf(await loadFutures(home, key, ...ALL)))
  return prices
}

function pointsOf({ ts, settle, close }: FuturesColumns): PricePoint[] {
  return Array.from(ts, (t, i) => ({ ts: t, price: Number.isNaN(settle[i]) ? close[i]! : settle[i]! })).filter(
    ({ price }) => !Number.isNaN(price),
  )
}
