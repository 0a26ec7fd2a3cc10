/** Owns turning records of a venue's history into rows of the lake, by the same checks as an import. Never keeps an open bar. */
import { type EpochMs, HOUR_MS, INTERVAL_MS, SECOND_MS } from '#core/time'
import { settlementHours } from '../check-rows.js'
import type { LakeKey } from '../columns.js'
import type {
  BarRecord,
  InstrumentFacts,
  MarkRecord,
  OpenInterestRecord,
  SettlementRecord,
  VolatilityIndexRecord,
} from '../connectors/normal.js'
import type { Problems } from '../import-problem.js'
import { KINDS } from '../kinds.js'
import { intervalOf } from '../layout.js'
import type { BuildContext, Rows } from '../rows.js'

export type HistoryRecord = BarRecord | SettlementRecord | OpenInterestRecord | MarkRecord | VolatilityIndexRecord

/** Open time of a bar, instant of anything else. */
export function recordTs(record: HistoryRecord): EpochMs {
  if (record.kind === 'bar') return record.openTime
  return record.kind === 'settlement' ? record.settledAt : record.ts
}

/** Columns of the source file that the record would be a line of. */
function fields(record: HistoryRecord): Record<string, number> {
  const orNone = (value: number | null): number => value ?? Number.NaN
  switch (record.kind) {
    case 'bar': {
      const { open, high, low, close, volume, quoteVolume } = record
      return { open, high, low, close, volume, quote_volume: orNone(quoteVolume) }
    }
    case 'settlement':
      return { rate: record.rate }
    case 'openInterest':
      return { open_interest: record.openInterest, value: orNone(record.value) }
    case 'mark':
      return { mark: record.mark, index: orNone(record.index) }
    case 'volatilityIndex':
      return { value: record.value }
  }
}

/** Behind its end, before our clock alone, which may be wrong, says that the newest bar has ended (ours). */
const UNPROVED_MS = 20 * SECOND_MS

export interface RowsContext {
  readonly key: LakeKey
  readonly facts: InstrumentFacts | undefined
  readonly lagMs: number
  /** Bars that close later are open still. */
  readonly now: EpochMs
  readonly problems: Problems
}

/** Rows in `[from, to)` of the records, ascending, each once; undefined when there are none. Faults are told to `problems`. */
export function rowsOfRecords(
  records: readonly HistoryRecord[],
  [from, to]: readonly [EpochMs, EpochMs],
  { key, facts, lagMs, now, problems }: RowsContext,
): Rows | undefined {
  const interval = intervalOf(key)
  const step = interval === undefined ? 0 : INTERVAL_MS[interval]
  const byTs = new Map<EpochMs, HistoryRecord>()
  const newest = records.reduce((latest, record) => Math.max(latest, recordTs(record)), 0)
  for (const record of records) {
    const ts = recordTs(record)
    const isProved = record.kind !== 'bar' || record.isClosed === true || ts < newest
    const isOpen =
      record.kind === 'bar' && (record.isClosed === false || ts + step > now - (isProved ? 0 : UNPROVED_MS))
    if (ts >= from && ts < to && !isOpen && (step === 0 || ts % step === 0)) byTs.set(ts, record)
  }
  const kept = [...byTs.entries()].sort((a, b) => a[0] - b[0])
  if (kept.length === 0) return undefined
  const columns = new Map<string, Float64Array>([['ts', Float64Array.from(kept, ([ts]) => ts)]])
  kept.forEach(([, record], i) => {
    for (const [name, value] of Object.entries(fields(record))) {
      const column = columns.get(name) ?? new Float64Array(kept.length).fill(Number.NaN)
      column[i] = value + 0 // −0 becomes 0
      columns.set(name, column)
    }
  })
  const table = { rows: kept.length, columns, texts: new Map<string, string[]>(), ignored: [], firstLine: 1 }
  const spacing = key.kind === 'funding' ? '8h' : interval // of funding only to be let through: replaced below
  const context: BuildContext = { interval: spacing, lagMs, fetchedAt: now, problems, notes: [], lineOf: (i) => i + 1 }
  const spacingTold = problems.list.length
  const rows = KINDS[key.kind].rowsOf(table, context)
  if (problems.list.length > spacingTold || key.kind !== 'funding') return rows
  return {
    ...rows,
    intervalHours: hoursOf(
      kept.map(([, record]) => record),
      rows.ts,
      facts,
    ),
  }
}

/** As the venue said of each settlement; else from the spacing, of a lone one from the instrument's terms. */
function hoursOf(
  records: readonly HistoryRecord[],
  ts: Float64Array,
  facts: InstrumentFacts | undefined,
): Float64Array {
  const usual = (facts?.fundingIntervalMs ?? 8 * HOUR_MS) / HOUR_MS
  const { hours } = settlementHours(ts, ts.length < 3 ? usual : undefined)
  return Float64Array.from(records, (record, i) => {
    const told = record.kind === 'settlement' ? record.intervalMs : null
    return told === null ? hours[i]! : told / HOUR_MS
  })
}
