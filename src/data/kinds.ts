/**
 * Owns the table of kinds: which columns a kind of series has, what tells its rows apart, how its files are read and checked.
 * Layout, import, publication, quality and the views of SQL follow from it. Never touches a disk.
 */
import { HOUR_MS, type Interval } from '#core/time'
import { chainOf, datedOf, marksOf, metricOf, openInterestOf, volatilityOf } from './check-points.js'
import { BARS_WANTED, barsOf, FUNDING_WANTED, fundingOf } from './check-rows.js'
import type { Kind } from './columns.js'
import type { BuildContext, Rows } from './rows.js'
import type { SourceTable, Wanted } from './source-table.js'

export interface ColumnSpec {
  /** In memory, `availableAt`; in files and SQL it is {@link fileColumn} of it. */
  readonly name: string
  readonly type: 'BIGINT' | 'DOUBLE' | 'VARCHAR'
  readonly nullable: boolean
  /** Comes from the source, so an import that says otherwise is a conflict (or a revision). */
  readonly compared: boolean
}

export interface KindSpec {
  readonly columns: readonly ColumnSpec[]
  /** Columns that tell rows apart; `ts` first. */
  readonly rowKey: readonly string[]
  /** `fixed`: the series has an interval; `own`: it has none; `either`: points may come on a grid or not. */
  readonly interval: 'fixed' | 'own' | 'either'
  /** For files whose name and flags tell none. */
  readonly intervalDefault?: Interval
  readonly wanted: Wanted
  /** What one file holds: one series, one an instrument (column `instrument`), or one a column beside `ts`. */
  readonly fileHolds: 'one' | 'instruments' | 'metrics'
  /** A changed value is kept as a further revision instead of being refused. */
  readonly hasRevisions: boolean
  /** Publication lag where the import names none. */
  readonly lagMs: number
  /** What outliers are looked for in, and whether by its change (log return) or its level. */
  readonly judged: { readonly column: string; readonly by: 'change' | 'level' }
  /** What the partitions are called in SQL beside venue, market, symbol. */
  readonly aliases: Readonly<Record<string, string>>
  /** Rows of a table that are all sane; else the problems of the context name every line that is not. */
  readonly rowsOf: (table: SourceTable, context: BuildContext) => Rows
}

const column = (name: string, type: ColumnSpec['type'], flags = ''): ColumnSpec => ({
  name,
  type,
  nullable: flags.includes('?'),
  compared: flags.includes('='),
})
const TIMES = [column('ts', 'BIGINT'), column('availableAt', 'BIGINT')]
/** Columns of the source; `?` behind a name: may be absent. */
const values = (...names: readonly string[]): ColumnSpec[] =>
  names.map((name) => column(name.replace('?', ''), 'DOUBLE', name.endsWith('?') ? '?=' : '='))
const texts = (...names: readonly string[]): ColumnSpec[] => names.map((name) => column(name, 'VARCHAR'))

const COMMON = { rowKey: ['ts'], fileHolds: 'one', hasRevisions: false, lagMs: 0, aliases: {} } as const
const NUMBERS = { required: ['ts'], optional: [] } as const

export const KINDS: Readonly<Record<Kind, KindSpec>> = {
  bars: {
    ...COMMON,
    columns: [...TIMES, ...values('open', 'high', 'low', 'close', 'volume', 'quoteVolume?')],
    interval: 'fixed',
    wanted: BARS_WANTED,
    judged: { column: 'close', by: 'change' },
    rowsOf: (table, { interval, problems, lagMs }) => {
      const bars = barsOf(table, interval!, problems) // import asks for the interval of a fixed kind
      return { ...bars, availableAt: lagMs === 0 ? bars.availableAt : bars.availableAt.map((t) => t + lagMs) }
    },
  },
  funding: {
    ...COMMON,
    columns: [...TIMES, ...values('rate'), column('intervalHours', 'DOUBLE')],
    interval: 'own',
    wanted: FUNDING_WANTED,
    judged: { column: 'rate', by: 'level' },
    rowsOf: (table, { interval, problems, notes, lagMs }) => {
      const rows = fundingOf(table, interval, problems, notes)
      return { ...rows, availableAt: lagMs === 0 ? rows.availableAt : rows.availableAt.map((t) => t + lagMs) }
    },
  },
  oi: {
    ...COMMON,
    columns: [...TIMES, ...values('openInterest?', 'value?')],
    interval: 'either',
    wanted: { ...NUMBERS, optional: ['open_interest', 'oi_base', 'value', 'oi_usd'] },
    judged: { column: 'openInterest', by: 'change' },
    rowsOf: openInterestOf,
  },
  mark: {
    ...COMMON,
    columns: [...TIMES, ...values('mark', 'index?')],
    interval: 'either',
    wanted: { ...NUMBERS, optional: ['mark', 'price', 'index', 'index_price'] },
    judged: { column: 'mark', by: 'change' },
    rowsOf: marksOf,
  },
  volatility: {
    ...COMMON,
    columns: [...TIMES, ...values('value')],
    interval: 'either',
    wanted: { ...NUMBERS, optional: ['value', 'dvol'] },
    judged: { column: 'value', by: 'change' },
    rowsOf: volatilityOf,
  },
  onchain: {
    ...COMMON,
    columns: [...TIMES, ...values('value'), column('revision', 'DOUBLE'), column('fetchedAt', 'BIGINT', '?')],
    rowKey: ['ts', 'revision'],
    interval: 'either',
    intervalDefault: '1d',
    wanted: { ...NUMBERS, anyOther: true },
    fileHolds: 'metrics',
    hasRevisions: true,
    lagMs: 2 * HOUR_MS, // as marketData.onChain.lagMinutes of the configuration
    judged: { column: 'value', by: 'change' },
    aliases: { source: 'venue', asset: 'market', metric: 'symbol' },
    rowsOf: metricOf,
  },
  futures: {
    ...COMMON,
    columns: [
      ...TIMES,
      ...values('open?', 'high?', 'low?', 'close?', 'settle?', 'volume?', 'openInterest?', 'indexPrice?'),
      column('expiry', 'BIGINT', '='),
      column('revision', 'DOUBLE'),
      column('fetchedAt', 'BIGINT', '?'),
    ],
    rowKey: ['ts', 'revision'],
    hasRevisions: true,
    interval: 'either',
    wanted: {
      required: ['ts', 'expiry'],
      optional: ['price', 'open', 'high', 'low', 'close', 'volume', 'index_price'],
      text: ['instrument'],
    },
    fileHolds: 'instruments',
    judged: { column: 'close', by: 'change' },
    rowsOf: datedOf,
  },
  options: {
    ...COMMON,
    columns: [
      ...TIMES,
      ...texts('instrument', 'cp'),
      ...values('strike'),
      column('expiry', 'BIGINT', '='),
      ...values('bid?', 'ask?', 'mark?', 'bidIv?', 'askIv?', 'markIv?', 'delta?', 'gamma?', 'vega?', 'theta?'),
      ...values('oi?', 'volume?', 'underlyingPrice?', 'indexPrice?'),
      ...texts('underlying'),
    ],
    rowKey: ['ts', 'instrument'],
    interval: 'own',
    wanted: {
      required: ['ts'],
      optional: [
        ...['strike', 'expiry', 'bid', 'ask', 'mark', 'bid_iv', 'ask_iv', 'mark_iv'],
        ...['bid_iv_pct', 'ask_iv_pct', 'mark_iv_pct', 'delta', 'gamma', 'vega', 'theta', 'oi', 'volume'],
        ...['underlying_price', 'index_price'],
      ],
      text: ['instrument'],
      optionalText: ['cp', 'underlying'],
    },
    judged: { column: 'indexPrice', by: 'change' },
    aliases: { currency: 'symbol' },
    rowsOf: chainOf,
  },
}

export function isKind(text: string): text is Kind {
  return Object.hasOwn(KINDS, text)
}

/** `availableAt` → `available_at`. */
export function fileColumn(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
