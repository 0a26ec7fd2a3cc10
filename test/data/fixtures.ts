/** Small CSV files and homes for the specs of the lake. Everything is crafted; no market data is copied here. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { onTestFinished } from 'vitest'
import { DAY_MS, parseDay } from '#core/time'
import { type ImportReport, type ImportRequest, importFiles } from '#data/import'

export const DAY0 = parseDay('2020-12-30')!

/** A folder that is gone after the test. */
export function tempHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'quantbot-lake-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

/** Row of a daily bar: a sane one, unless a field is given. */
export function barRow(
  day: number,
  fields: Partial<Record<'ts' | 'open' | 'high' | 'low' | 'close' | 'volume', unknown>> = {},
): string {
  const price = 100 + day
  const row = {
    ts: DAY0 + day * DAY_MS,
    open: price,
    high: price + 2,
    low: price - 2,
    close: price + 1,
    volume: 10,
    ...fields,
  }
  return [row.ts, row.open, row.high, row.low, row.close, row.volume].join(',')
}

export const HEADER = 'ts,open,high,low,close,volume'

/** Writes lines, each ended, and returns the path. */
export function csv(home: string, name: string, lines: readonly string[]): string {
  const path = join(home, name)
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

/** Daily bars of `count` days as a CSV file. */
export function dailyCsv(home: string, count: number, name = 'BTCUSDT-1d.csv', from = 0): string {
  return csv(home, name, [HEADER, ...Array.from({ length: count }, (_, i) => barRow(from + i))])
}

export function importBars(
  home: string,
  files: readonly string[],
  more: Partial<ImportRequest> = {},
): Promise<ImportReport> {
  return importFiles({ home, files, kind: 'bars', venue: 'binance', market: 'spot', ...more })
}

/** Files under the lake, relative, ascending; without the writer's lock. */
export function lakeFiles(home: string): string[] {
  const root = join(home, 'lake')
  if (!existsSync(root)) return []
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split('\\').join('/'))
    .filter((path) => path !== '.staging/lock.duckdb')
    .sort()
}
