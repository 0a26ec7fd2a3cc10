/**
 * Owns the tables that the log is projected to: columns in their order, keys, and the time that they are cut by.
 * Every backend makes its statements from this; the migrations hold the same columns, and a test keeps the two equal.
 */

/** `time`: epoch ms here, a timestamp in the store; `decimal`: exact, as text; `json`: text of JSON. */
export type ColumnType = 'text' | 'double' | 'decimal' | 'integer' | 'flag' | 'time' | 'json'

/** A value of a row: times are epoch ms, decimals text. */
export type Cell = string | number | boolean | null

export interface TableShape {
  readonly columns: Readonly<Record<string, ColumnType>>
  /** Columns that name a row once. Those of the batch (`world`, `run`) come first. */
  readonly key: readonly string[]
  /** The time by which the table is cut into chunks or partitions. */
  readonly time: string
  /**
   * `market`: what a venue said, kept once a world whoever saw it (the first one stays); `run`: what a run decided and
   * did, kept once a (run, seq).
   */
  readonly kind: 'market' | 'run'
}

function market(time: string, key: readonly string[], columns: Readonly<Record<string, ColumnType>>): TableShape {
  return {
    columns: { world: 'text', run: 'text', seq: 'integer', ...columns },
    key: ['world', ...key],
    time,
    kind: 'market',
  }
}

function ofRun(columns: Readonly<Record<string, ColumnType>>, key: readonly string[] = []): TableShape {
  return {
    columns: { world: 'text', run: 'text', seq: 'integer', ts: 'time', ...columns },
    key: ['run', 'seq', ...key, 'ts'],
    time: 'ts',
    kind: 'run',
  }
}

export const TABLES = {
  bars: market('open_time', ['instrument', 'bar_interval', 'open_time'], {
    instrument: 'text',
    bar_interval: 'text',
    open_time: 'time',
    span_ms: 'integer',
    open: 'double',
    high: 'double',
    low: 'double',
    close: 'double',
    volume: 'double',
  }),
  funding: market('settled_at', ['instrument', 'settled_at'], {
    instrument: 'text',
    settled_at: 'time',
    rate: 'double',
    interval_hours: 'double',
    proxy: 'flag',
  }),
  funding_rates: market('observed_at', ['instrument', 'observed_at'], {
    instrument: 'text',
    observed_at: 'time',
    rate: 'double',
    interval_hours: 'double',
    next_funding_at: 'time',
  }),
  marks: market('observed_at', ['instrument', 'observed_at'], {
    instrument: 'text',
    observed_at: 'time',
    mark: 'double',
    index_price: 'double',
  }),
  open_interest: market('observed_at', ['instrument', 'observed_at'], {
    instrument: 'text',
    observed_at: 'time',
    open_interest: 'double',
  }),
  volatility: market('observed_at', ['venue', 'currency', 'observed_at'], {
    venue: 'text',
    currency: 'text',
    observed_at: 'time',
    value: 'double',
  }),
  instruments: ofRun({
    instrument: 'text',
    listed: 'flag',
    kind: 'text',
    base: 'text',
    quote: 'text',
    tick: 'decimal',
    lot: 'decimal',
    min_notional: 'decimal',
    maker_fee_bps: 'double',
    taker_fee_bps: 'double',
  }),
  signals: ofRun({
    signal: 'text',
    instrument: 'text',
    side: 'text',
    reason: 'text',
    strength: 'double',
    confidence: 'double',
    target_weight: 'double',
    price: 'double',
    as_of: 'time',
    valid_until: 'time',
    terms: 'json',
  }),
  order_events: ofRun({
    order_id: 'text',
    instrument: 'text',
    state: 'text',
    side: 'text',
    purpose: 'text',
    quantity: 'decimal',
    remaining: 'decimal',
    limit_price: 'decimal',
    reference_price: 'decimal',
    code: 'text',
  }),
  fills: ofRun({
    order_id: 'text',
    trade_id: 'text',
    instrument: 'text',
    side: 'text',
    price: 'decimal',
    quantity: 'decimal',
    fee: 'decimal',
    fee_currency: 'text',
    liquidity: 'text',
    reference_price: 'decimal',
    slippage_bps: 'double',
  }),
  decisions: ofRun(
    {
      ordinal: 'integer',
      kind: 'text',
      instrument: 'text',
      weight: 'double',
      outcome: 'text',
      detail: 'json',
    },
    ['ordinal'],
  ),
  equity: ofRun({
    nav: 'double',
    gross: 'double',
    net: 'double',
    drawdown: 'double',
    annual_vol: 'double',
  }),
  halts: ofRun({ halted: 'flag', reason: 'text', detail: 'text', value: 'double', limit_value: 'double' }),
} as const satisfies Readonly<Record<string, TableShape>>

export type TableName = keyof typeof TABLES

export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[] // keys of the literal above

/** A table by name, as its general shape. */
export const tableOf = (name: TableName): TableShape => TABLES[name]

/** Cells of a row in the table's order of columns, without `world`, `run` and `seq`, which the store adds. */
export interface Row {
  readonly table: TableName
  readonly seq: number
  readonly cells: readonly Cell[]
}

/** Columns that a {@link Row} does not carry: `world`, `run`, `seq`, before all others. */
export const OWN_COLUMNS = 3

/** Rows with a seq above `after`, by table. */
export function rowsByTable(rows: readonly Row[], after: number): Map<TableName, Row[]> {
  const found = new Map<TableName, Row[]>()
  for (const row of rows) {
    if (row.seq <= after) continue
    const same = found.get(row.table)
    if (same === undefined) found.set(row.table, [row])
    else same.push(row)
  }
  return found
}
