/** Owns version 1 of the schema: the runs with their positions, market tables, tables of runs. Never changed once released. */
import type { Migration } from './migration.js'

const MARKET = {
  bars: [
    'open_time',
    'instrument, bar_interval, open_time',
    `instrument {text} NOT NULL, bar_interval {text} NOT NULL, open_time {time} NOT NULL, span_ms {integer},
    open {double} NOT NULL, high {double} NOT NULL, low {double} NOT NULL, close {double} NOT NULL, volume {double} NOT NULL`,
  ],
  funding: [
    'settled_at',
    'instrument, settled_at',
    `instrument {text} NOT NULL, settled_at {time} NOT NULL, rate {double} NOT NULL, interval_hours {double} NOT NULL,
    proxy {flag} NOT NULL`,
  ],
  funding_rates: [
    'observed_at',
    'instrument, observed_at',
    `instrument {text} NOT NULL, observed_at {time} NOT NULL, rate {double} NOT NULL, interval_hours {double} NOT NULL,
    next_funding_at {time}`,
  ],
  marks: [
    'observed_at',
    'instrument, observed_at',
    'instrument {text} NOT NULL, observed_at {time} NOT NULL, mark {double} NOT NULL, index_price {double}',
  ],
  open_interest: [
    'observed_at',
    'instrument, observed_at',
    'instrument {text} NOT NULL, observed_at {time} NOT NULL, open_interest {double} NOT NULL',
  ],
  volatility: [
    'observed_at',
    'venue, currency, observed_at',
    'venue {text} NOT NULL, currency {text} NOT NULL, observed_at {time} NOT NULL, value {double} NOT NULL',
  ],
} as const

const OF_RUN = {
  instruments: `instrument {text} NOT NULL, listed {flag} NOT NULL, kind {text}, base {text}, quote {text}, tick {decimal},
    lot {decimal}, min_notional {decimal}, maker_fee_bps {double}, taker_fee_bps {double}`,
  signals: `signal {text} NOT NULL, instrument {text} NOT NULL, side {text} NOT NULL, reason {text} NOT NULL,
    strength {double} NOT NULL, confidence {double} NOT NULL, target_weight {double} NOT NULL, price {double} NOT NULL,
    as_of {time} NOT NULL, valid_until {time} NOT NULL, terms {json}`,
  order_events: `order_id {text} NOT NULL, instrument {text} NOT NULL, state {text} NOT NULL, side {text}, purpose {text},
    quantity {decimal}, remaining {decimal}, limit_price {decimal}, reference_price {decimal}, code {text}`,
  fills: `order_id {text} NOT NULL, trade_id {text} NOT NULL, instrument {text} NOT NULL, side {text} NOT NULL,
    price {decimal} NOT NULL, quantity {decimal} NOT NULL, fee {decimal} NOT NULL, fee_currency {text} NOT NULL,
    liquidity {text} NOT NULL, reference_price {decimal} NOT NULL, slippage_bps {double} NOT NULL`,
  decisions: `ordinal {integer} NOT NULL, kind {text} NOT NULL, instrument {text} NOT NULL, weight {double}, outcome {text},
    detail {json}`,
  equity: `nav {double} NOT NULL, gross {double} NOT NULL, net {double} NOT NULL, drawdown {double}, annual_vol {double}`,
  halts: 'halted {flag} NOT NULL, reason {text} NOT NULL, detail {text}, value {double}, limit_value {double}',
} as const

export const tables: Migration = {
  version: 1,
  title: 'runs, market tables, tables of runs',
  statements: ({ flavour, types }) => {
    const typed = (sql: string): string => sql.replace(/\{(\w+)\}/g, (_, name: keyof typeof types) => types[name])
    const cut = (column: string): string => (flavour === 'native' ? ` PARTITION BY RANGE (${column})` : '')
    const isDuck = flavour === 'duckdb'
    const statements = [
      `CREATE TABLE quantbot.runs (run {text} PRIMARY KEY, world {text} NOT NULL, mode {text} NOT NULL,
        code_version {text} NOT NULL, configuration_hash {text} NOT NULL, created_at {time} NOT NULL, parent {text},
        position {integer} NOT NULL, position_ts {time} NOT NULL)`,
    ]
    for (const [name, [time, key, columns]] of Object.entries(MARKET))
      statements.push(
        `CREATE TABLE quantbot.${name} (world {text} NOT NULL, run {text} NOT NULL, seq {integer} NOT NULL, ${columns},
          PRIMARY KEY (world, ${key}))${cut(time)}`,
      )
    for (const [name, columns] of Object.entries(OF_RUN)) {
      // DuckDB keeps an index in memory; the position alone guards these there.
      const key = name === 'decisions' ? 'run, seq, ordinal, ts' : 'run, seq, ts'
      statements.push(
        `CREATE TABLE quantbot.${name} (world {text} NOT NULL, run {text} NOT NULL, seq {integer} NOT NULL,
          ts {time} NOT NULL, ${columns}${isDuck ? '' : `, PRIMARY KEY (${key})`})${cut('ts')}`,
      )
      if (!isDuck && !['equity', 'halts'].includes(name))
        statements.push(`CREATE INDEX ${name}_instrument ON quantbot.${name} (instrument, ts)`)
    }
    if (!isDuck) statements.push('CREATE INDEX order_events_order ON quantbot.order_events (run, order_id)')
    return statements.map(typed)
  },
}
