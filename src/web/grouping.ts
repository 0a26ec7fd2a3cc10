/** Owns how positions and orders are put together: by symbol, venue or package. Pure. */
import type { LegRow, OrderRow, PackageRow, PositionRow } from '#audit/view/view.port'

export type Grouping = 'none' | 'symbol' | 'venue' | 'package'

const QUOTES = /(?:[-_/]?(?:USDT|USDC|BUSD|FDUSD|USD|EUR))(?:[-_](?:SWAP|PERP|PERPETUAL))?$/

/** The coin: `binance.usdm.BTCUSDT`, `okx.swap.BTC-USDT-SWAP`, `deribit.option.BTC-28MAR25-160000-P` → `BTC`. */
export function symbolOf(instrument: string): string {
  const name = instrument.split('.').slice(2).join('.')
  if (name === '') return instrument
  const dashed = /^([A-Z0-9]+)[-_]/.exec(name)
  if (dashed !== null) return dashed[1]!
  return name.replace(QUOTES, '') || name
}

export const venueOf = (instrument: string): string => instrument.split('.')[0] || instrument

interface Grouped {
  readonly instrument: string
  readonly package: string | null
}

export function groupOf(grouping: Grouping): ((row: Grouped) => string) | undefined {
  if (grouping === 'symbol') return (row) => symbolOf(row.instrument)
  if (grouping === 'venue') return (row) => venueOf(row.instrument)
  if (grouping === 'package') return (row) => row.package ?? 'no package'
  return undefined
}

/** A position of the book or a leg of a package, as one line. */
export interface HoldingRow {
  readonly key: string
  readonly instrument: string
  readonly package: string | null
  readonly role: string
  readonly quantity: string
  readonly averagePrice: string
  readonly mark: number
  /** Fraction of NAV, signed. */
  readonly weight: number
  /** Null: legs are led by the aim of their package. */
  readonly target: number | null
  readonly unrealised: number
  readonly realised: string
  readonly fees: string
  readonly funding: string
  readonly currency: string
  readonly stopLevel: number | null
}

const ofPosition = (row: PositionRow, currency: string): HoldingRow => ({
  ...row,
  key: row.instrument,
  package: null,
  role: '',
  currency,
})

const ofLeg = (row: LegRow, { package: id }: PackageRow): HoldingRow => ({
  ...row,
  key: `${id} ${row.role}`,
  package: id,
  target: null,
  stopLevel: null,
})

const isOpen = (row: HoldingRow): boolean => Number(row.quantity) !== 0 || (row.target ?? 0) !== 0

/** What is held or wanted, the greatest first; with `all`, what was ever held. */
export function holdings(
  book: { readonly positions: readonly PositionRow[]; readonly packages?: readonly PackageRow[] },
  currency: string,
  all: boolean,
): HoldingRow[] {
  const positions = book.positions.map((row) => ofPosition(row, currency))
  const legs = (book.packages ?? []).flatMap((each) => each.legs.map((leg) => ofLeg(leg, each)))
  const rows = [...positions, ...legs]
  return (all ? rows : rows.filter(isOpen)).sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
}

export type OrderFilter = 'all' | 'filled' | 'refused' | 'rejected' | 'cancelled'

/** Risk refuses and the router withholds: neither left the process. */
const STATES: Readonly<Record<Exclude<OrderFilter, 'all'>, readonly OrderRow['state'][]>> = {
  filled: ['filled'],
  refused: ['refused', 'withheld'],
  rejected: ['rejected'],
  cancelled: ['cancelled'],
}

export const ordersOf = (rows: readonly OrderRow[], filter: OrderFilter): readonly OrderRow[] =>
  filter === 'all' ? rows : rows.filter(({ state }) => STATES[filter].includes(state))

export const countOf = (
  counts: Readonly<Record<OrderRow['state'], number>>,
  filter: Exclude<OrderFilter, 'all'>,
): number => STATES[filter].reduce((sum, state) => sum + counts[state], 0)
