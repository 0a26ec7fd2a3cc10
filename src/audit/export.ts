/** Owns `audit export`: a table of a log into one CSV or Parquet file, in one pass. Never overwrites, never changes the run. */
import type { AnyEvent } from '#events/catalogue'
import type { ReadEnd } from '#events/log/reader'
import { CsvFile } from './csv-file.js'
import { typesOf } from './event-kinds.js'
import { EVENTS_TABLE, FILLS_TABLE, ORDERS_TABLE, SIGNALS_TABLE, type Table } from './export-tables.js'
import { AuditLog } from './log-scan.js'
import { type OrderRow, OrderRows } from './order-rows.js'
import type { TableFile } from './table-file.js'
import { auditTrades } from './trades.js'

export const EXPORT_FORMATS = ['csv', 'parquet'] as const
export const EXPORT_TABLES = ['events', 'fills', 'signals', 'orders'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]
export type ExportTable = (typeof EXPORT_TABLES)[number]

export interface ExportRequest {
  readonly what: ExportTable
  readonly format: ExportFormat
  /** Path of the new file. */
  readonly out: string
  readonly onProgress?: ((lastSeq: number) => void) | undefined
}

export interface ExportReport {
  readonly what: ExportTable
  readonly format: ExportFormat
  readonly out: string
  readonly rows: number
  /** Columns, as the file names them. */
  readonly columns: readonly string[]
}

type OnProgress = ((lastSeq: number) => void) | undefined
type Fill<T> = (give: (row: T) => void, onProgress: OnProgress) => void

/** Writes the file. TARGET_EXISTS; LOG_CORRUPT for a log that cannot be trusted or whose start is archived. O(bytes). */
export async function auditExport(runDir: string, request: ExportRequest): Promise<ExportReport> {
  const { what } = request
  switch (what) {
    case 'events':
      return write(request, EVENTS_TABLE, (give, onProgress) => scanInto(runDir, undefined, give, onProgress))
    case 'fills':
      return write(request, FILLS_TABLE, (give, onProgress) => auditTrades(runDir, { onTrade: give, onProgress }))
    case 'signals':
      return write(request, SIGNALS_TABLE, (give, onProgress) =>
        scanInto(
          runDir,
          typesOf('SignalChanged'),
          (event) => {
            if (event.type === 'SignalChanged') give(event)
          },
          onProgress,
        ),
      )
    case 'orders':
      return write<OrderRow>(request, ORDERS_TABLE, (give, onProgress) => {
        const rows = new OrderRows(give)
        scanInto(runDir, typesOf('order', 'OrderRefused'), (event) => rows.take(event), onProgress)
        rows.finish()
      })
  }
}

function scanInto(
  runDir: string,
  types: ReadonlySet<string> | undefined,
  take: (event: AnyEvent) => void,
  onProgress: OnProgress,
): ReadEnd {
  const scan = { ...(types ? { types } : {}), ...(onProgress ? { onGroup: onProgress } : {}) }
  return new AuditLog(runDir).scan(scan, take)
}

async function write<T>(request: ExportRequest, table: Table<T>, fill: Fill<T>): Promise<ExportReport> {
  const { what, format, out, onProgress } = request
  const file = await openTable(format, out, table)
  let rows = 0
  try {
    fill((row) => {
      file.row(table.cells(row))
      rows++
    }, onProgress)
  } catch (error) {
    file.discard()
    throw error
  }
  await file.finish()
  return { what, format, out, rows, columns: table.columns.map(({ name }) => name) }
}

async function openTable<T>(format: ExportFormat, out: string, { columns }: Table<T>): Promise<TableFile> {
  if (format === 'csv') return new CsvFile(out, columns)
  const { ParquetFile } = await import('./parquet-file.js') // DuckDB is loaded only where it is used
  return ParquetFile.create(out, columns)
}
