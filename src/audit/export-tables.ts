/** Owns the columns and rows of the exported tables: events, signals, orders, fills. Never writes a file. */
import type { AnyEvent } from '#events/catalogue'
import type { SignalChanged } from '#events/signal.events'
import { orderOf } from './order-events.js'
import type { OrderRow } from './order-rows.js'
import type { Cell, Column, ColumnType } from './table-file.js'
import type { TradeRow } from './trades.js'

/** A table of rows made from `T`: each column with how it is read off. */
export interface Table<T> {
  readonly columns: readonly Column[]
  cells(row: T): readonly Cell[]
}

type Fields<T> = Readonly<Record<string, readonly [ColumnType, (row: T) => Cell | undefined]>>

function table<T>(fields: Fields<T>): Table<T> {
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

export const SIGNALS_TABLE = table<SignalChanged>({
  seq: ['integer', (event) => event.seq],
  ts: ['integer', (event) => event.ts],
  time: ['time', (event) => event.ts],
  signal: ['text', ({ data }) => data.signal],
  instrument: ['text', ({ data }) => data.instrument],
  side: ['text', ({ data }) => data.side],
  reason: ['text', ({ data }) => data.reason],
  strength: ['number', ({ data }) => data.strength],
  confidence: ['number', ({ data }) => data.confidence],
  target_weight: ['number', ({ data }) => data.targetWeight],
  price: ['number', ({ data }) => data.price],
  as_of: ['time', ({ data }) => data.asOf],
  valid_until: ['time', ({ data }) => data.validUntil],
  cause: ['integer', (event) => event.cause],
  inputs: ['text', ({ data }) => JSON.stringify(data.inputs)],
  terms: ['text', ({ data }) => JSON.stringify(data.terms)],
})

export const FILLS_TABLE = table<TradeRow>({
  seq: ['integer', (row) => row.seq],
  ts: ['integer', (row) => row.ts],
  time: ['time', (row) => row.ts],
  kind: ['text', (row) => row.kind],
  order_id: ['text', (row) => row.order],
  trade_id: ['text', (row) => row.trade],
  instrument: ['text', (row) => row.instrument],
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
