/** Owns the columns and rows of the exported tables events, signals, orders and fills. Never writes a file. */
import type { AnyEvent } from '#events/catalogue'
import type { PackageChanged, PackageLeg } from '#events/package.events'
import type { CascadeWarningChanged, RegimeChanged, SignalChanged } from '#events/signal.events'
import { orderOf } from './order-events.js'
import type { OrderRow } from './order-rows.js'
import type { Cell, Column, ColumnType } from './table-file.js'
import type { TradeRow } from './trades.js'

/** A table of rows made from `T`: each column with how it is read off. */
export interface Table<T> {
  readonly columns: readonly Column[]
  cells(row: T): readonly Cell[]
}

export type Fields<T> = Readonly<Record<string, readonly [ColumnType, (row: T) => Cell | undefined]>>

/** Columns in the order in which they are named. */
export function table<T>(fields: Fields<T>): Table<T> {
  const entries = Object.entries(fields)
  return {
    columns: entries.map(([name, [type]]) => ({ name, type })),
    cells: (row) => entries.map(([, [, read]]) => read(row) ?? null),
  }
}

export const EVENTS_TABLE = table<AnyEvent>({
  seq: ['integer', (event) => event.seq],
  ts: ['integer', (event) => event.ts],
  time: ['time', (event) => event.ts],
  type: ['text', (event) => event.type],
  v: ['integer', (event) => event.v],
  by: ['text', (event) => event.by],
  cause: ['integer', (event) => event.cause],
  instrument: ['text', (event) => ('instrument' in event.data ? event.data.instrument : null)],
  order_id: ['text', (event) => orderOf(event)],
  data: ['text', (event) => JSON.stringify(event.data)],
})

/** A word of a signal: of one instrument, of one leg of a package (a row each), of a regime or an early warning. */
export interface SignalRow {
  readonly event: Opinion
  /** Null for all but a leg; for a package without legs too. */
  readonly leg: PackageLeg | null
}
type Opinion = SignalChanged | PackageChanged | RegimeChanged | CascadeWarningChanged

/** A field of an opinion where its type has it. */
const said = <K extends string>(event: Opinion, key: K): Cell => {
  const value = (event.data as Readonly<Record<string, unknown>>)[key] // of four types, each with some of the fields
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null
}

export const SIGNALS_TABLE = table<SignalRow>({
  seq: ['integer', ({ event }) => event.seq],
  ts: ['integer', ({ event }) => event.ts],
  time: ['time', ({ event }) => event.ts],
  event: ['text', ({ event }) => event.type],
  signal: ['text', ({ event }) => event.data.signal],
  instrument: ['text', ({ event, leg }) => leg?.instrument ?? said(event, 'instrument')],
  side: ['text', ({ event, leg }) => sideOf(leg) ?? said(event, 'side')],
  reason: ['text', ({ event }) => said(event, 'reason') ?? said(event, 'regime')],
  strength: ['number', ({ event }) => said(event, 'strength')],
  confidence: ['number', ({ event }) => said(event, 'confidence')],
  target_weight: ['number', ({ event }) => said(event, 'targetWeight')],
  price: ['number', ({ event }) => said(event, 'price')],
  package: ['text', ({ event }) => said(event, 'package')],
  package_kind: ['text', ({ event }) => said(event, 'kind')],
  leg_role: ['text', ({ leg }) => leg?.role],
  leg_ratio: ['number', ({ leg }) => leg?.ratio],
  leg_delta: ['number', ({ leg }) => leg?.delta],
  leg_weight: ['number', ({ event, leg }) => (leg === null ? null : leg.ratio * Number(said(event, 'targetWeight')))],
  leg_terms: ['text', ({ leg }) => (leg === null ? null : JSON.stringify(leg.terms))],
  long_factor: ['number', ({ event }) => said(event, 'longFactor')],
  short_factor: ['number', ({ event }) => said(event, 'shortFactor')],
  blocks_new_longs: ['flag', ({ event }) => said(event, 'blocksNewLongs')],
  blocks_shorts: ['flag', ({ event }) => said(event, 'blocksShorts')],
  is_on: ['flag', ({ event }) => said(event, 'isOn')],
  is_confirmed: ['flag', ({ event }) => said(event, 'isConfirmed')],
  as_of: ['time', ({ event }) => said(event, 'asOf')],
  valid_until: ['time', ({ event }) => said(event, 'validUntil')],
  cause: ['integer', ({ event }) => event.cause],
  inputs: ['text', ({ event }) => JSON.stringify(event.data.inputs)],
  terms: ['text', ({ event }) => JSON.stringify(event.data.terms)],
})

const sideOf = (leg: PackageLeg | null): string | undefined =>
  leg === null ? undefined : leg.ratio < 0 ? 'short' : 'long'

/** Rows of an opinion: one a leg of a package, else one. */
export function signalRows(event: AnyEvent): SignalRow[] {
  switch (event.type) {
    case 'PackageChanged':
      return event.data.legs.length === 0 ? [{ event, leg: null }] : event.data.legs.map((leg) => ({ event, leg }))
    case 'SignalChanged':
    case 'RegimeChanged':
    case 'CascadeWarningChanged':
      return [{ event, leg: null }]
    default:
      return []
  }
}

export const FILLS_TABLE = table<TradeRow>({
  seq: ['integer', (row) => row.seq],
  ts: ['integer', (row) => row.ts],
  time: ['time', (row) => row.ts],
  kind: ['text', (row) => row.kind],
  order_id: ['text', (row) => row.order],
  trade_id: ['text', (row) => row.trade],
  instrument: ['text', (row) => row.instrument],
  package: ['text', (row) => row.package],
  side: ['text', (row) => row.side],
  quantity: ['decimal', (row) => row.quantity],
  price: ['decimal', (row) => row.price],
  fee: ['decimal', (row) => row.fee],
  fee_currency: ['text', (row) => row.feeCurrency],
  liquidity: ['text', (row) => row.liquidity],
  reference_price: ['decimal', (row) => row.referencePrice],
  slippage_bps: ['number', (row) => row.slippageBps],
  slippage: ['decimal', (row) => row.slippage],
  realised: ['decimal', (row) => row.realised],
  currency: ['text', (row) => row.currency],
  purpose: ['text', (row) => row.purpose],
  decision: ['text', (row) => row.decision],
  approved_seq: ['integer', (row) => row.approvedSeq],
})

export const ORDERS_TABLE = table<OrderRow>({
  seq: ['integer', (row) => row.seq],
  ts: ['integer', (row) => row.ts],
  time: ['time', (row) => row.ts],
  order_id: ['text', (row) => row.order],
  instrument: ['text', (row) => row.instrument],
  package: ['text', (row) => row.package],
  side: ['text', (row) => row.side],
  purpose: ['text', (row) => row.purpose],
  status: ['text', (row) => row.status],
  code: ['text', (row) => row.code],
  quantity: ['decimal', (row) => row.quantity],
  sent_quantity: ['decimal', (row) => row.sent],
  filled_quantity: ['decimal', (row) => row.filled],
  notional: ['decimal', (row) => row.notional],
  fees: ['decimal', (row) => row.fees],
  type: ['text', (row) => row.type],
  time_in_force: ['text', (row) => row.timeInForce],
  reduce_only: ['flag', (row) => row.reduceOnly],
  reference_price: ['decimal', (row) => row.referencePrice],
  limit_price: ['decimal', (row) => row.limitPrice],
  stop_price: ['decimal', (row) => row.stopPrice],
  weight_before: ['number', (row) => row.weightBefore],
  weight_after: ['number', (row) => row.weightAfter],
  refused_value: ['number', (row) => row.value],
  refused_limit: ['number', (row) => row.limit],
  wanted_weight: ['number', (row) => row.wanted],
  submitted: ['time', (row) => row.submittedAt],
  ended: ['time', (row) => row.endedAt],
})
