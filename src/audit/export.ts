/** Owns `audit export`: tables of a log into CSV or Parquet files, a pass each. Never overwrites, never changes the run. */
import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyEvent } from '#events/catalogue'
import { findStart } from '#events/log/log-start'
import {
  type BookReader,
  CASH_TABLE,
  cashFlowRows,
  EQUITY_TABLE,
  equityRows,
  PACKAGES_TABLE,
  POSITIONS_TABLE,
  packageRows,
  positionRows,
} from './book-tables.js'
import { CsvFile } from './csv-file.js'
import { typesOf } from './event-kinds.js'
import { EVENTS_TABLE, FILLS_TABLE, ORDERS_TABLE, SIGNALS_TABLE, signalRows, type Table } from './export-tables.js'
import { AuditLog } from './log-scan.js'
import { type OrderRow, OrderRows } from './order-rows.js'
import { RunFacts } from './run-facts.js'
import { LEDGER_TYPES } from './run-ledger.js'
import type { TableFile } from './table-file.js'
import { refuseExisting } from './target-file.js'
import { auditTrades } from './trades.js'

export const EXPORT_FORMATS = ['csv', 'parquet'] as const
export const EXPORT_TABLES = [
  'events',
  'signals',
  'packages',
  'orders',
  'fills',
  'positions',
  'cash',
  'equity',
] as const
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
  /** Seq behind which the table begins, because what lies before is archived; 0 for a whole one. */
  readonly missingUpTo: number
}

type OnProgress = ((lastSeq: number) => void) | undefined
/** Gives every row, and the seq behind which they begin. */
type Fill<T> = (give: (row: T) => void, onProgress: OnProgress) => number

/** Tables that are sums from the start of the run: without it they would be wrong, and are refused. */
const FROM_THE_START: ReadonlySet<ExportTable> = new Set(['fills', 'positions', 'cash', 'equity'])

/**
 * Writes the file. TARGET_EXISTS; LOG_CORRUPT for a log that cannot be trusted, or whose start is archived where the table is a sum
 * from there on. O(bytes).
 */
export async function auditExport(runDir: string, request: ExportRequest): Promise<ExportReport> {
  switch (request.what) {
    case 'events':
      return write(request, EVENTS_TABLE, (give, onProgress) => scanInto(runDir, request, undefined, give, onProgress))
    case 'signals':
      return write(request, SIGNALS_TABLE, rowsOf(runDir, request, OPINIONS, signalRows))
    case 'packages':
      return write(request, PACKAGES_TABLE, rowsOf(runDir, request, PACKAGE_WORDS, packageRows))
    case 'orders':
      return write<OrderRow>(request, ORDERS_TABLE, (give, onProgress) => {
        const rows = new OrderRows(give)
        const missing = scanInto(
          runDir,
          request,
          typesOf('order', 'OrderRefused'),
          (event) => rows.take(event),
          onProgress,
        )
        rows.finish()
        return missing
      })
    case 'fills':
      return write(request, FILLS_TABLE, (give, onProgress) => {
        auditTrades(runDir, { onTrade: give, onProgress })
        return 0
      })
    case 'positions':
      return write(request, POSITIONS_TABLE, bookRows(runDir, request, positionRows))
    case 'cash':
      return write(request, CASH_TABLE, bookRows(runDir, request, cashFlowRows))
    case 'equity':
      return write(request, EQUITY_TABLE, bookRows(runDir, request, equityRows))
  }
}

/** Writes every table into a new folder, `<table>.<format>` each. TARGET_EXISTS; what was written goes again where one fails. */
export async function auditExportAll(
  runDir: string,
  { format, out, onProgress }: Omit<ExportRequest, 'what'>,
): Promise<ExportReport[]> {
  refuseExisting(out)
  mkdirSync(out)
  const reports: ExportReport[] = []
  try {
    for (const what of EXPORT_TABLES)
      reports.push(await auditExport(runDir, { what, format, out: join(out, `${what}.${format}`), onProgress }))
  } catch (error) {
    for (const report of reports) rmSync(report.out)
    rmdirSync(out)
    throw error
  }
  return reports
}

const OPINIONS = typesOf('SignalChanged', 'PackageChanged', 'RegimeChanged', 'CascadeWarningChanged')
const PACKAGE_WORDS = typesOf('PortfolioBlended', 'RiskAssessed', 'PackageImbalanced')
const BOOK_WORDS: ReadonlySet<string> = new Set([...LEDGER_TYPES, ...typesOf('RiskAssessed', 'RiskMeasured')])

function rowsOf<T>(
  runDir: string,
  request: ExportRequest,
  types: ReadonlySet<string>,
  read: (event: AnyEvent) => readonly T[],
): Fill<T> {
  const each =
    (give: (row: T) => void) =>
    (event: AnyEvent): void => {
      for (const row of read(event)) give(row)
    }
  return (give, onProgress) => scanInto(runDir, request, types, each(give), onProgress)
}

function bookRows<T>(
  runDir: string,
  request: ExportRequest,
  create: (facts: RunFacts, give: (row: T) => void) => BookReader,
): Fill<T> {
  return (give, onProgress) => {
    const reader = create(new RunFacts(new AuditLog(runDir).read.manifest), give)
    const missing = scanInto(runDir, request, BOOK_WORDS, (event) => reader.take(event), onProgress)
    reader.finish()
    return missing
  }
}

function scanInto(
  runDir: string,
  { what }: ExportRequest,
  types: ReadonlySet<string> | undefined,
  take: (event: AnyEvent) => void,
  onProgress: OnProgress,
): number {
  const absent = FROM_THE_START.has(what) ? 'refuse' : 'skip'
  const log = new AuditLog(runDir)
  log.scan({ ...(types ? { types } : {}), ...(onProgress ? { onGroup: onProgress } : {}), absent }, take)
  const start = findStart(runDir, log.read)
  return start.absent.length === 0 ? 0 : start.point.seq
}

async function write<T>(request: ExportRequest, table: Table<T>, fill: Fill<T>): Promise<ExportReport> {
  const { what, format, out, onProgress } = request
  const file = await openTable(format, out, table)
  let rows = 0
  let missingUpTo = 0
  try {
    missingUpTo = fill((row) => {
      file.row(table.cells(row))
      rows++
    }, onProgress)
  } catch (error) {
    file.discard()
    throw error
  }
  await file.finish()
  return { what, format, out, rows, columns: file.names, missingUpTo }
}

async function openTable<T>(format: ExportFormat, out: string, { columns }: Table<T>): Promise<TableFile> {
  if (format === 'csv') return new CsvFile(out, columns)
  const { ParquetFile } = await import('./parquet-file.js') // DuckDB is loaded only where it is used
  return ParquetFile.create(out, columns)
}
