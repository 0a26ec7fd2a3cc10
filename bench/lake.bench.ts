/** Bars imported into the lake and read back into typed arrays, beside DuckDB alone moving the same columns. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { invariant } from '#core/invariant'
import { MINUTE_MS, parseDay } from '#core/time'
import { sqlPaths, sqlText, withDuck } from '#data/duck'
import { importFiles } from '#data/import'
import { loadBars } from '#data/lake'
import { lakeDir, listFiles } from '#data/layout'
import { type Bench, type Figure, median, medianRatio, type Scale, timed } from './figures.js'
import { inScratch } from './scratch.js'

const START = parseDay('2023-12-15')!
const key = (symbol: string) => ({ kind: 'bars', venue: 'sim', market: 'perp', symbol, interval: '1m' }) as const

/** Minute bars over new year, all columns different, as Parquet with the columns of an exchange's file. */
async function makeSources(home: string, symbols: readonly string[], bars: number): Promise<string[]> {
  const folder = join(home, 'source')
  mkdirSync(folder)
  return withDuck(async (connection) => {
    const files: string[] = []
    for (const [i, symbol] of symbols.entries()) {
      const file = join(folder, `${symbol}-1m.parquet`)
      const open = `round(100 + ${i} + 20 * sin(n / 1000.0), 4)`
      const select = `SELECT ${START} + n * ${MINUTE_MS} AS ts, ${open} AS open, ${open} + 1.25 AS high, ${open} - 1.5 AS low,
        ${open} + 0.125 AS close, round(10 + n % 977 * 0.37, 3) AS volume, round(1000 + n % 991 * 37.1, 2) AS quote_volume
        FROM range(${bars}) AS r(n) ORDER BY n`
      await connection.run(`COPY (${select}) TO ${sqlText(file)} (FORMAT parquet, COMPRESSION zstd)`)
      files.push(file)
    }
    return files
  })
}

/** What the import does to the files, by one statement of DuckDB each: available_at added, one folder a year, ZSTD. */
async function plainImport(connection: DuckDBConnection, files: readonly string[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const [i, file] of files.entries()) {
    const select = `SELECT ts, ts + ${MINUTE_MS} AS available_at, * EXCLUDE ts, year(make_timestamp(ts * 1000)) AS year FROM read_parquet(${sqlPaths([file])})`
    const target = sqlText(join(folder, `symbol=${i}`))
    await connection.run(`COPY (${select}) TO ${target} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (year))`)
  }
}

/** All columns of the same files in one typed array each, through the values that DuckDB's client hands out. */
async function plainRead(connection: DuckDBConnection, files: readonly string[]): Promise<number> {
  const select = 'ts::DOUBLE, available_at::DOUBLE, open, high, low, close, volume, quote_volume'
  const read = await connection.runAndReadAll(`SELECT ${select} FROM read_parquet(${sqlPaths(files)})`)
  const columns = read.getColumns().map((column) => Float64Array.from(column as number[])) // DOUBLE columns without NULL
  return checksum(columns[0]!, columns[5]!)
}

function checksum(ts: Float64Array, close: Float64Array): number {
  let sum = ts.length
  for (const value of close) sum += value
  return sum
}

async function measure(home: string, scale: Scale): Promise<readonly Figure[]> {
  const [symbolCount, bars, runs] = scale === 'full' ? [10, 500_000, 3] : [2, 3000, 1]
  const symbols = Array.from({ length: symbolCount }, (_, i) => `S${i}`)
  const files = await makeSources(home, symbols, bars)
  const total = symbols.length * bars
  const importing: number[][] = [[], []]
  const reading: number[][] = [[], []]
  for (let run = 0; run <= runs; run++) {
    const lake = join(home, `lake-${run}`)
    const ours = await timed(async () => {
      const report = await importFiles({ home: lake, files, kind: 'bars', venue: 'sim', market: 'perp' })
      invariant(report.written === total, () => `import: ${JSON.stringify(report.problems[0])}`)
    })
    const plain = await timed(() =>
      withDuck((connection) => plainImport(connection, files, join(home, `plain-${run}`))),
    )
    const [sums, plainSums]: [number[], number[]] = [[], []]
    const read = await timed(async () => {
      for (const symbol of symbols) {
        const rows = await loadBars(lake, key(symbol), 0, Number.MAX_SAFE_INTEGER)
        sums.push(checksum(rows.ts, rows.close))
      }
    })
    const readPlain = await timed(async () => {
      for (const symbol of symbols) {
        const paths = listFiles(lake, key(symbol)).map(({ path }) => join(lakeDir(lake), path))
        plainSums.push(await withDuck((connection) => plainRead(connection, paths)))
      }
    })
    invariant(String(sums) === String(plainSums), 'the two ways read different rows')
    if (run === 0) continue
    importing[0]!.push(ours)
    importing[1]!.push(plain)
    reading[0]!.push(read)
    reading[1]!.push(readPlain)
  }
  const rate = (ms: readonly number[]): number => total / (median(ms) / 1000)
  const what = `${total.toLocaleString('en-US')} bars`
  const [imported, plainImported] = importing as [number[], number[]] // two lists, made above
  const [got, plainGot] = reading as [number[], number[]] // as above
  return [
    {
      what: `${what} imported`,
      value: rate(imported),
      unit: 'bars/s',
      note: `${symbols.length} Parquet files; every row checked, compared with the lake, published atomically, quality report`,
    },
    {
      what: 'imported by plain DuckDB',
      value: rate(plainImported),
      unit: 'bars/s',
      note: 'COPY with a partition a year; no check, no comparison, no atomicity, no report',
    },
    { what: 'import : plain DuckDB, time', value: medianRatio(imported, plainImported), unit: '×' },
    { what: `${what} read into typed arrays`, value: rate(got), unit: 'bars/s', note: 'eight columns' },
    {
      what: 'read by plain DuckDB',
      value: rate(plainGot),
      unit: 'bars/s',
      note: 'runAndReadAll, getColumns, Float64Array.from',
    },
    { what: 'read : plain DuckDB, time', value: medianRatio(got, plainGot), unit: '×' },
  ]
}

export const lakeBench: Bench = { name: 'lake', run: (scale) => inScratch((home) => measure(home, scale)) }
