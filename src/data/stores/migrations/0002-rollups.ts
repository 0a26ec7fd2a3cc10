/**
 * Owns version 2 of the schema: bars_1h and bars_1d, kept by the server where TimescaleDB is there (hypertables, continuous
 * aggregates 1m → 1h → 1d, compression), views under the same names where it is not. Never changed once released.
 */
import type { Dialect } from '../dialect.js'
import type { Migration } from './migration.js'

const HOUR = 3_600_000
const DAY = 86_400_000

/** Table, its time, length of a chunk, columns that a compressed segment holds one value of. */
const HYPERTABLES = [
  ['bars', 'open_time', '7 days', 'world, instrument, bar_interval'],
  ['funding', 'settled_at', '90 days', 'world, instrument'],
  ['funding_rates', 'observed_at', '7 days', 'world, instrument'],
  ['marks', 'observed_at', '7 days', 'world, instrument'],
  ['open_interest', 'observed_at', '7 days', 'world, instrument'],
  ['volatility', 'observed_at', '30 days', 'world, venue, currency'],
  ['instruments', 'ts', '90 days', 'run'],
  ['signals', 'ts', '30 days', 'run'],
  ['order_events', 'ts', '30 days', 'run'],
  ['fills', 'ts', '30 days', 'run'],
  ['decisions', 'ts', '30 days', 'run'],
  ['equity', 'ts', '30 days', 'run'],
  ['halts', 'ts', '90 days', 'run'],
] as const

/** Rollup, what it is made from, which bars go into it, hours of its slots. */
const AGGREGATES = [
  ['bars_1h', 'bars', `span_ms < ${HOUR}`, 1],
  ['bars_1d', 'bars_1h', 'true', 24],
  ['bars_1d_from_hours', 'bars', `span_ms >= ${HOUR} AND span_ms < ${DAY}`, 24],
] as const

export const rollups: Migration = {
  version: 2,
  title: 'hypertables and rollups',
  statements: (dialect) => (dialect.flavour === 'timescale' ? timescale() : views(dialect)),
}

function timescale(): string[] {
  const tables = HYPERTABLES.flatMap(([table, time, chunk, segment]) => [
    `SELECT create_hypertable('quantbot.${table}', '${time}', chunk_time_interval => INTERVAL '${chunk}', create_default_indexes => false)`,
    `ALTER TABLE quantbot.${table} SET (timescaledb.compress, timescaledb.compress_segmentby = '${segment}', timescaledb.compress_orderby = '${time}')`,
    `SELECT add_compression_policy('quantbot.${table}', compress_after => INTERVAL '30 days')`,
  ])
  const aggregates = AGGREGATES.flatMap(([name, source, where, hours]) => {
    const time = source === 'bars' ? 'open_time' : 'bucket'
    const counts =
      source === 'bars'
        ? 'count(*) AS parts, sum(span_ms) AS covered_ms'
        : 'sum(parts) AS parts, sum(covered_ms) AS covered_ms'
    return [
      `CREATE MATERIALIZED VIEW quantbot.${name} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
        SELECT world, instrument, bar_interval, time_bucket(INTERVAL '${hours} hours', ${time}) AS bucket,
          first(open, ${time}) AS open, max(high) AS high, min(low) AS low, last(close, ${time}) AS close,
          sum(volume) AS volume, ${counts}
        FROM quantbot.${source} WHERE ${where} GROUP BY 1, 2, 3, 4 WITH NO DATA`,
      // From the first bar on: what was written late is renewed too, and nothing else costs anything.
      `SELECT add_continuous_aggregate_policy('quantbot.${name}', start_offset => NULL,
        end_offset => INTERVAL '${hours} hours', schedule_interval => INTERVAL '${hours === 1 ? 10 : 60} minutes')`,
    ]
  })
  return [...tables, ...aggregates]
}

function views({ slot, firstBy, lastBy }: Dialect): string[] {
  return AGGREGATES.map(([name, source, where, hours]) => {
    const time = source === 'bars' ? 'open_time' : 'bucket'
    const counts =
      source === 'bars'
        ? 'count(*) AS parts, sum(span_ms) AS covered_ms'
        : 'sum(parts) AS parts, sum(covered_ms) AS covered_ms'
    return `CREATE VIEW quantbot.${name} AS
      SELECT world, instrument, bar_interval, ${slot(time, hours)} AS bucket, ${firstBy('open', time)} AS open,
        max(high) AS high, min(low) AS low, ${lastBy('close', time)} AS close, sum(volume) AS volume, ${counts}
      FROM quantbot.${source} WHERE ${where} GROUP BY 1, 2, 3, 4`
  })
}
