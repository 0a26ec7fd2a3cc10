/**
 * Owns reading option chains of the lake: rows of one look at a market grouped into snapshots, snapshots into expiries.
 * Must never make up a quote or a volatility.
 */
import { type EpochMs, MINUTE_MS } from '#core/time'
import type { PointsKey } from './columns.js'
import { type LoadOptions, loadRows } from './lake.js'
import type { Rows } from './rows.js'

/** Options, grouped by chain. All arrays have the same length; NaN: the venue showed none. */
export interface OptionColumns {
  /** As the venue writes it: `BTC-27MAR26-90000-C`. */
  readonly names: readonly string[]
  readonly strike: Float64Array
  /** 1: a put. */
  readonly isPut: Uint8Array
  /** Prices in the unit of the venue: coin at Deribit. */
  readonly bid: Float64Array
  readonly ask: Float64Array
  readonly mark: Float64Array
  /** Decimal a year. */
  readonly markIv: Float64Array
  /** Of the venue; puts negative. */
  readonly delta: Float64Array
  /** Quote a volatility point. */
  readonly vega: Float64Array
  /** Base coins. */
  readonly openInterest: Float64Array
}

/** Chains: the options of one expiry in one snapshot. Ascending in `availableAt`, then in `expiresAt`. */
export interface ChainColumns {
  /** Time of the snapshot: of its last row. */
  readonly ts: Float64Array
  readonly availableAt: Float64Array
  readonly expiresAt: Float64Array
  /** Forward of the expiry, quote. */
  readonly underlyingPrice: Float64Array
  /** Quote; NaN: the source does not say. */
  readonly indexPrice: Float64Array
  /** The options of chain i are those from `first[i]` on, `count[i]` of them, by strike, calls before puts. */
  readonly first: Float64Array
  readonly count: Float64Array
  readonly options: OptionColumns
}

/** Rows of one look at a market come at most so far apart (ours: collectors ask expiry by expiry, within seconds). */
const LOOK_MS = MINUTE_MS
const NUMBERS = ['strike', 'bid', 'ask', 'mark', 'markIv', 'delta', 'vega', 'openInterest'] as const
const SOURCES: Readonly<Record<(typeof NUMBERS)[number], string>> = {
  strike: 'strike',
  bid: 'bid',
  ask: 'ask',
  mark: 'mark',
  markIv: 'markIv',
  delta: 'delta',
  vega: 'vega',
  openInterest: 'oi',
}

/**
 * Chains of a currency whose rows have `ts` in `[fromTs, toTs)`. An option that stands twice begins another snapshot, as does a
 * pause of a minute. Chains for which no row tells a forward are left out; of several forwards the median counts.
 * Throws LAKE_EMPTY when the lake has nothing of the series. O(rows · log rows).
 */
export async function loadOptionChains(
  home: string,
  key: Omit<PointsKey, 'kind'>,
  fromTs: EpochMs,
  toTs: EpochMs,
  options: LoadOptions = {},
): Promise<ChainColumns> {
  return chainsOf(await loadRows(home, { ...key, kind: 'options' }, fromTs, toTs - 1, options))
}

interface Chain {
  readonly ts: EpochMs
  readonly availableAt: EpochMs
  readonly expiresAt: EpochMs
  readonly rows: readonly number[]
}

/** As {@link loadOptionChains}, of rows ascending in `ts`. */
export function chainsOf(rows: Rows): ChainColumns {
  const names = rows.instrument as readonly string[] // a text column of this kind
  const underlying = numbersOf(rows, 'underlyingPrice')
  const index = numbersOf(rows, 'indexPrice')
  const found = snapshots(rows.ts, names).flatMap(([from, to]) => expiries(rows, from, to))
  const chains = found
    .map((chain) => ({ ...chain, forward: median(chain.rows, underlying) }))
    .filter(({ forward }) => forward > 0)
  const column = (of: (chain: (typeof chains)[number]) => number): Float64Array => Float64Array.from(chains, of)
  const order = chains.flatMap((chain) => chain.rows)
  const first = new Float64Array(chains.length)
  for (let i = 1; i < chains.length; i++) first[i] = first[i - 1]! + chains[i - 1]!.rows.length
  return {
    ts: column(({ ts }) => ts),
    availableAt: column(({ availableAt }) => availableAt),
    expiresAt: column(({ expiresAt }) => expiresAt),
    underlyingPrice: column(({ forward }) => forward),
    indexPrice: column((chain) => median(chain.rows, index)),
    first,
    count: column((chain) => chain.rows.length),
    options: optionsOf(rows, names, order),
  }
}

const numbersOf = (rows: Rows, name: string): Float64Array => rows[name] as Float64Array // a number column of this kind

function optionsOf(rows: Rows, names: readonly string[], order: readonly number[]): OptionColumns {
  const cp = rows.cp as readonly string[] // a text column of this kind
  const numbers = NUMBERS.map((name) => {
    const values = numbersOf(rows, SOURCES[name])
    return [name, Float64Array.from(order, (i) => meant(values[i]!))] as const
  })
  return {
    names: order.map((i) => names[i]!),
    isPut: Uint8Array.from(order, (i) => (cp[i] === 'P' ? 1 : 0)),
    ...(Object.fromEntries(numbers) as Record<(typeof NUMBERS)[number], Float64Array>), // just these names
  }
}

/** Ranges of rows that make one look at the market. */
function snapshots(ts: Float64Array, names: readonly string[]): [from: number, to: number][] {
  const ranges: [number, number][] = []
  const seen = new Set<string>()
  let from = 0
  for (let i = 0; i < ts.length; i++) {
    if (i > from && (ts[i]! - ts[i - 1]! > LOOK_MS || seen.has(names[i]!))) {
      ranges.push([from, i])
      seen.clear()
      from = i
    }
    seen.add(names[i]!)
  }
  if (from < ts.length) ranges.push([from, ts.length])
  return ranges
}

/** Chains of a snapshot, nearest expiry first; what has expired by then is none. */
function expiries(rows: Rows, from: number, to: number): Chain[] {
  const [expiry, strike] = [numbersOf(rows, 'expiry'), numbersOf(rows, 'strike')]
  const cp = rows.cp as readonly string[] // a text column of this kind
  const byExpiry = new Map<EpochMs, number[]>()
  let availableAt = 0
  for (let i = from; i < to; i++) {
    availableAt = Math.max(availableAt, rows.availableAt[i]!)
    const there = byExpiry.get(expiry[i]!)
    if (there) there.push(i)
    else byExpiry.set(expiry[i]!, [i])
  }
  const ts = rows.ts[to - 1]!
  return [...byExpiry]
    .filter(([expiresAt]) => expiresAt > ts)
    .sort(([a], [b]) => a - b)
    .map(([expiresAt, members]) => ({
      ts,
      availableAt,
      expiresAt,
      rows: members.sort((a, b) => strike[a]! - strike[b]! || (cp[a]! < cp[b]! ? -1 : 1)),
    }))
}

/** The middle one of the values that are there, the lower of two; NaN of none. */
function median(rows: readonly number[], values: Float64Array): number {
  const known = Float64Array.from(
    rows.filter((i) => values[i]! > 0),
    (i) => values[i]!,
  ).sort()
  return known[(known.length - 1) >> 1] ?? Number.NaN
}

const SCALES = [1e4, 1e5, 1e6] as const

/**
 * Some sources keep 32-bit floats: 0.0029 comes as 0.00289999996, which would round down to the tick below. The decimal of at most
 * six places that such a float stands for is what was meant; any other double stays as it is.
 */
function meant(value: number): number {
  if (Math.fround(value) !== value || Number.isInteger(value)) return value
  for (const scale of SCALES) {
    const rounded = Math.round(value * scale) / scale
    if (Math.fround(rounded) === value) return rounded
  }
  return value
}
