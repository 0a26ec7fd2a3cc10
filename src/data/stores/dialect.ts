/** Owns how the backends say the same thing in SQL. Every result is made of doubles, texts and flags, so that all read alike. */
import { DAY_MS, HOUR_MS } from '#core/time'
import type { ColumnType } from './tables.js'

/** What the tables of a store are cut by, and in which SQL they are asked. */
export type Flavour = 'timescale' | 'native' | 'duckdb'

export interface Dialect {
  readonly flavour: Flavour
  /** SQL type of a column. */
  readonly types: Readonly<Record<ColumnType, string>>
  /** A column as a double, text or flag, by its type. */
  read(column: string, type: ColumnType): string
  /** A parameter (`$3`) of epoch ms as an instant. */
  instant(parameter: string): string
  /** Start of the UTC-aligned slot of `hours` that holds an instant. */
  slot(instant: string, hours: number): string
  /** Value of the row that comes first or last in time. */
  firstBy(value: string, time: string): string
  lastBy(value: string, time: string): string
}

/** Schema of all tables: nothing of theirs meets what else is in the database. */
export const SCHEMA = 'quantbot'

function reading(time: (column: string) => string): Dialect['read'] {
  return (column, type) => {
    switch (type) {
      case 'time':
        return time(column)
      case 'integer':
        return `${column}::float8`
      case 'decimal':
      case 'json':
        return `${column}::text`
      default:
        return column
    }
  }
}

const POSTGRES = {
  types: {
    text: 'text',
    double: 'float8',
    decimal: 'numeric',
    integer: 'bigint',
    flag: 'boolean',
    time: 'timestamptz',
    json: 'jsonb',
  },
  read: reading((column) => `(extract(epoch FROM ${column}) * 1000)::float8`),
  instant: (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`,
  slot: (instant: string, hours: number) =>
    `date_bin('${hours} hours', ${instant}, TIMESTAMPTZ '1970-01-01 00:00:00+00')`,
  firstBy: (value: string, time: string) => `(array_agg(${value} ORDER BY ${time}))[1]`,
  lastBy: (value: string, time: string) => `(array_agg(${value} ORDER BY ${time} DESC))[1]`,
} as const

export const DIALECTS: Readonly<Record<Flavour, Dialect>> = {
  native: { ...POSTGRES, flavour: 'native' },
  timescale: { ...POSTGRES, flavour: 'timescale' },
  duckdb: {
    flavour: 'duckdb',
    types: {
      text: 'VARCHAR',
      double: 'DOUBLE',
      decimal: 'DECIMAL(38,18)',
      integer: 'BIGINT',
      flag: 'BOOLEAN',
      time: 'TIMESTAMP',
      json: 'VARCHAR',
    },
    read: reading((column) => `epoch_ms(${column})::DOUBLE`),
    instant: (parameter) => `epoch_ms(${parameter}::BIGINT)`,
    slot: (instant, hours) => `time_bucket(INTERVAL '${hours} hours', ${instant}, TIMESTAMP '1970-01-01')`,
    firstBy: (value, time) => `arg_min(${value}, ${time})`,
    lastBy: (value, time) => `arg_max(${value}, ${time})`,
  },
}

/** Intervals that are rolled up from finer bars. */
export const ROLLUPS: Readonly<Record<string, { readonly hours: number; readonly spanMs: number }>> = {
  '1h': { hours: 1, spanMs: HOUR_MS },
  '1d': { hours: 24, spanMs: DAY_MS },
}
