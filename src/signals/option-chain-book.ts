/**
 * Owns the newest option chains of one currency at one venue: rows of the expiries that may be traded, a slice of the others, and
 * which options are fit to trade. Bounded: expired chains leave, far ones never enter. Must never know a rule of a signal.
 */
import { DAY_MS, type DurationMs, type EpochMs } from '#core/time'
import type { OptionChainObserved } from '#events/market.events'
import { forwardDelta, type OptionSide, yearsTo } from '#quant/black76'
import { usableVol } from '#quant/vol-surface'
import { type Slice, sliceOf } from './vol-slices.js'

/** Options of one expiry that are kept, those nearest the forward first: venues list some eighty (ours). */
const ROWS_MAX = 300
/** Expiries beyond it take no part in anything at 30 days (ours). */
const SLICES_DAYS = 130

/** Prices in coin, volatility a decimal a year. */
export interface OptionRow {
  readonly instrument: string
  readonly strike: number
  readonly option: OptionSide
  readonly bid: number | null
  readonly ask: number | null
  readonly mark: number | null
  readonly iv: number | null
}

export interface Chain {
  readonly expiresAt: EpochMs
  readonly at: EpochMs
  /** Of the event that told it; 0 in history. */
  readonly seq: number
  /** Forward of that expiry, quote. */
  readonly forward: number
  /** Index of the venue; the forward where it told none. */
  readonly index: number
  /** Null where nobody asks for slices. */
  readonly slice: Slice | null
  /** Empty beyond the expiries that may be traded. */
  readonly rows: readonly OptionRow[]
}

/** Plain data. */
export interface ChainBook {
  venue: string
  currency: string
  /** Rows are kept of expiries so near, slices of expiries so near; 0: none. */
  rowsMs: DurationMs
  slicesMs: DurationMs
  /** Nearest expiry first. */
  chains: Chain[]
}

/** `maxDays`: of expiries further out no options are kept, only their slice, where slices are wanted. */
export function createChainBook(venue: string, currency: string, maxDays: number, withSlices: boolean): ChainBook {
  const slicesMs = withSlices ? SLICES_DAYS * DAY_MS : 0
  return { venue, currency, rowsMs: maxDays * DAY_MS, slicesMs, chains: [] }
}

/** Whether the chain entered: it is of this book, not older than the one that is known, and not over. O(options). */
export function takeChain(book: ChainBook, { seq, ts, data }: OptionChainObserved): boolean {
  const { venue, currency, expiresAt, at } = data
  if (venue !== book.venue || currency !== book.currency) return false
  dropExpired(book, ts)
  const known = chainOf(book, expiresAt)
  if (
    (known !== undefined && known.at > at) ||
    expiresAt <= ts ||
    expiresAt - ts > Math.max(book.rowsMs, book.slicesMs)
  )
    return false
  const { underlyingPrice: forward, indexPrice } = data
  if (!(forward > 0)) return false
  const rows = expiresAt - ts <= book.rowsMs ? rowsOf(data) : []
  const slice = expiresAt - ts <= book.slicesMs ? sliceOf(data) : null
  const chain = { expiresAt, at, seq, forward, index: indexPrice ?? forward, slice, rows }
  book.chains = [...book.chains.filter((one) => one !== known), chain].sort((a, b) => a.expiresAt - b.expiresAt)
  return true
}

/** Options paid in dollar coins (`BTC_USDC-…`) are another market. */
function rowsOf({ options, underlyingPrice }: OptionChainObserved['data']): OptionRow[] {
  const own = options.filter(({ instrument }) => !instrument.includes('_'))
  const distance = ({ strike }: { readonly strike: number }): number => Math.abs(Math.log(strike / underlyingPrice))
  const kept = own.length > ROWS_MAX ? [...own].sort((a, b) => distance(a) - distance(b)).slice(0, ROWS_MAX) : own
  return kept.map(({ instrument, strike, option, bid, ask, mark, markIv }) => {
    return { instrument, strike, option, bid, ask, mark, iv: markIv }
  })
}

export function dropExpired(book: ChainBook, now: EpochMs): void {
  if ((book.chains[0]?.expiresAt ?? Number.POSITIVE_INFINITY) > now) return
  book.chains = book.chains.filter(({ expiresAt }) => expiresAt > now)
}

export function chainOf(book: ChainBook, expiresAt: EpochMs): Chain | undefined {
  return book.chains.find((chain) => chain.expiresAt === expiresAt)
}

/** Chains not older than `maxAgeMs`, of expiries not over, nearest first. */
export function freshChains(book: ChainBook, now: EpochMs, maxAgeMs: DurationMs): Chain[] {
  return book.chains.filter(({ at, expiresAt }) => now - at <= maxAgeMs && expiresAt > now)
}

/** An option that may be traded: both sides quoted, not crossed, at most ten volatility points apart. */
export interface TradeableOption extends OptionRow {
  readonly bid: number
  readonly ask: number
  readonly iv: number
  /** Plain, of the forward. */
  readonly delta: number
}

/** Undefined for one that may not be traded. */
export function tradeable({ forward, expiresAt, at }: Chain, row: OptionRow): TradeableOption | undefined {
  const { bid, ask, iv, strike, option } = row
  if (bid === null || ask === null || !(bid > 0)) return undefined
  const years = yearsTo(expiresAt, at)
  const usable = usableVol({ side: option, strike, bid: bid * forward, ask: ask * forward, iv }, forward, years)
  const delta = usable === null ? null : forwardDelta(option, forward, strike, years, usable)
  return usable === null || delta === null ? undefined : { ...row, bid, ask, iv: usable, delta }
}

/** Call and put at the listed strike nearest the forward, the lower of two; undefined unless both may be traded. */
export function straddleAt(chain: Chain): { call: TradeableOption; put: TradeableOption } | undefined {
  const strike = chain.rows.reduce<number | undefined>((best, { strike }) => {
    if (best === undefined) return strike
    const [distance, least] = [Math.abs(strike - chain.forward), Math.abs(best - chain.forward)]
    return distance < least || (distance === least && strike < best) ? strike : best
  }, undefined)
  const side = (option: OptionSide): TradeableOption | undefined => {
    const row = chain.rows.find((one) => one.strike === strike && one.option === option)
    return row && tradeable(chain, row)
  }
  const [call, put] = [side('call'), side('put')]
  return call === undefined || put === undefined ? undefined : { call, put }
}

/** Further from the delta that is asked for, an option is another trade (ours). */
const DELTA_TOLERANCE = 0.1

/**
 * The option of a side out of the money beyond `beyond` whose |delta| is nearest `absDelta`, the lower strike of two equal ones;
 * undefined without one within 0.1 of it that may be traded.
 */
export function nearestDelta(
  chain: Chain,
  side: OptionSide,
  absDelta: number,
  beyond = chain.forward,
): TradeableOption | undefined {
  let best: TradeableOption | undefined
  let least = DELTA_TOLERANCE
  for (const row of chain.rows) {
    if (row.option !== side || (side === 'call' ? row.strike <= beyond : row.strike >= beyond)) continue
    const option = tradeable(chain, row)
    const distance = option === undefined ? Number.POSITIVE_INFINITY : Math.abs(Math.abs(option.delta) - absDelta)
    if (distance < least || (distance === least && best !== undefined && row.strike < best.strike)) {
      best = option
      least = distance
    }
  }
  return best
}
