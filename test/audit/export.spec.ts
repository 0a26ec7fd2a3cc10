/** Exported tables hold what the log holds: CSV and Parquet are read back and compared; nothing is ever overwritten. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditExport, EXPORT_FORMATS, EXPORT_TABLES, type ExportFormat, type ExportTable } from '#audit/export'
import { auditTrades, type TradeRow } from '#audit/trades'
import { formatUnits, parseUnits } from '#core/decimal'
import type { EventEnvelope } from '#core/envelope'
import { isoTime } from '#core/time'
import { readEvents } from '#events/log/reader'
import { type AuditRun, copied, FROM, givenRun, pipelineRun, removeFolders, tempFolder } from './runs.js'

let run: AuditRun
let logged: EventEnvelope[]

beforeAll(async () => {
  run = await pipelineRun('derived', 60)
  logged = []
  readEvents(run.runDir, (event) => logged.push(event as unknown as EventEnvelope)) // committed lines of our encoder
}, 60_000)
afterAll(removeFolders)

async function exported(runDir: string, what: ExportTable, format: ExportFormat): Promise<Record<string, unknown>[]> {
  const out = join(tempFolder(), `it's a table.${format}`)
  const report = await auditExport(runDir, { what, format, out })
  const rows = await readTable(out, format)
  expect(report).toMatchObject({ what, format, out, rows: rows.length })
  if (rows[0]) expect(Object.keys(rows[0])).toEqual(report.columns)
  expect(readdirSync(join(out, '..'))).toEqual([`it's a table.${format}`])
  return rows
}

async function readTable(path: string, format: ExportFormat): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const file = `'${path.replaceAll("'", "''")}'`
  const source = format === 'csv' ? `read_csv(${file}, all_varchar = true, allow_quoted_nulls = false)` : file
  const rows = (await connection.runAndReadAll(`SELECT * FROM ${source}`)).getRowObjectsJson()
  connection.closeSync()
  instance.closeSync()
  return rows
}

describe('export', () => {
  it.each(EXPORT_FORMATS)('of events as %s gives back every event', async (format) => {
    const rows = await exported(copied(run.runDir), 'events', format)
    const back = rows.map((row) => ({
      seq: Number(row.seq),
      ts: Number(row.ts),
      type: row.type,
      v: Number(row.v),
      by: row.by,
      cause: Number(row.cause),
      data: JSON.parse(String(row.data)),
    }))
    expect(back).toEqual(logged)
    const time = String(rows[0]?.time)
    expect(format === 'csv' ? time : `${time.replace(' ', 'T')}.000Z`).toBe(isoTime(logged[0]!.ts))
  })

  it.each(EXPORT_FORMATS)('of fills as %s is the list of trades, digits kept', async (format) => {
    const trades: TradeRow[] = []
    auditTrades(run.runDir, { onTrade: (row) => trades.push(row) })
    const rows = await exported(run.runDir, 'fills', format)
    expect(rows.length).toBeGreaterThan(5)
    const exact = (value: unknown): string => formatUnits(parseUnits(String(value)))
    expect(
      rows.map((row) => [Number(row.seq), row.order_id, row.decision, exact(row.price), exact(row.realised)]),
    ).toEqual(trades.map((row) => [row.seq, row.order, row.decision, exact(row.price), exact(row.realised)]))
  })

  it.each(EXPORT_FORMATS)('of signals and orders as %s has a row for each', async (format) => {
    const count = (...types: string[]): number => logged.filter(({ type }) => types.includes(type)).length
    const signals = await exported(run.runDir, 'signals', format)
    expect(signals.length).toBe(count('SignalChanged'))
    expect(JSON.parse(String(signals[0]?.terms))).toEqual(
      (logged.find(({ type }) => type === 'SignalChanged')!.data as { terms: unknown }).terms,
    )
    const orders = await exported(run.runDir, 'orders', format)
    expect(orders.length).toBe(count('OrderApproved', 'OrderRefused'))
    expect(orders.filter(({ status }) => status === 'filled').length).toBeGreaterThan(0)
    const seqs = orders.map(({ seq }) => Number(seq))
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
  })

  it('quotes commas, quotes and line breaks', async () => {
    const reason = 'stop, he said "now"\r\nand left'
    const { runDir } = await givenRun([
      { ts: FROM, type: 'OperatorCommanded', by: 'operator', cause: 0, data: { command: 'halt', reason } },
    ])
    for (const format of EXPORT_FORMATS) {
      const [row] = await exported(runDir, 'events', format)
      expect(JSON.parse(String(row?.data))).toEqual({ command: 'halt', reason })
      expect(row?.order_id).toBeNull()
    }
  })

  it('of a run without trades is a table without rows', async () => {
    const { runDir } = await givenRun([{ ts: FROM, type: 'ClockStepped', by: 'host', cause: 0, data: { backMs: 5 } }])
    for (const format of EXPORT_FORMATS)
      for (const what of EXPORT_TABLES.filter((table) => table !== 'events'))
        expect(await exported(runDir, what, format)).toEqual([])
  })

  it.each(EXPORT_FORMATS)('as %s never overwrites', async (format) => {
    const out = join(tempFolder(), 'there')
    writeFileSync(out, 'mine')
    await expect(auditExport(run.runDir, { what: 'fills', format, out })).rejects.toMatchObject({
      code: 'TARGET_EXISTS',
    })
    expect(readFileSync(out, 'utf8')).toBe('mine')
    expect(readdirSync(join(out, '..'))).toEqual(['there'])
  })

  it.each(EXPORT_FORMATS)('as %s leaves nothing behind when the log is damaged', async (format) => {
    const runDir = copied(run.runDir)
    const segment = readdirSync(join(runDir, 'log')).filter((name) => name.includes('ndjson'))[0]!
    const path = join(runDir, 'log', segment)
    const bytes = readFileSync(path)
    bytes[Math.floor(bytes.length / 2)]! ^= 1
    writeFileSync(path, bytes)
    const out = join(tempFolder(), 'table')
    await expect(auditExport(runDir, { what: 'events', format, out })).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
    expect(existsSync(out)).toBe(false)
    expect(readdirSync(join(out, '..'))).toEqual([])
  })
})
