/** One SELECT over the lake, and everything else that somebody may try. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { QuantbotError } from '#core/errors'
import { DAY_MS } from '#core/time'
import { KIND_NAMES } from '#data/columns'
import { compactLake } from '#data/compact'
import { importFiles } from '#data/import'
import { lockDatabase, queryLake, type SqlAnswer } from '#data/sql'
import { csv, DAY0, dailyCsv, importBars, lakeFiles, tempHome } from '../data/fixtures.js'

const after = (delayMs: number, fn: () => void): (() => void) => {
  const timer = setTimeout(fn, delayMs)
  return () => clearTimeout(timer)
}
const LIMITS = { rowsMax: 1000, timeoutMs: 20_000, after }

async function lake(): Promise<string> {
  const home = tempHome()
  await importBars(home, [dailyCsv(home, 5), dailyCsv(home, 3, 'ETHUSDT-1d.csv')])
  const oi = csv(home, 'BTCUSDT-1d.csv', ['ts,oi_base', `${DAY0},7`])
  await importFiles({ home, files: [oi], kind: 'oi', venue: 'binance', market: 'usdm' })
  const metric = csv(home, 'm.csv', ['ts,MVRV', `${DAY0},1.5`])
  await importFiles({ home, files: [metric], kind: 'onchain', venue: 'coinmetrics', market: 'btc' })
  return home
}

describe('a SELECT', () => {
  let home: string
  const ask = (sql: string, limits = LIMITS): Promise<SqlAnswer> => queryLake(home, sql, limits)

  it('has a view a kind with the partitions as columns, also of kinds that the lake does not hold', async () => {
    home = await lake()
    const { rows } = await ask(
      'SELECT venue, market, symbol, "interval", year, count(*), max(close) FROM bars GROUP BY ALL ORDER BY ALL',
    )
    expect(rows).toEqual([
      ['binance', 'spot', 'BTCUSDT', '1d', 2020, 2, 102],
      ['binance', 'spot', 'BTCUSDT', '1d', 2021, 3, 105],
      ['binance', 'spot', 'ETHUSDT', '1d', 2020, 2, 102],
      ['binance', 'spot', 'ETHUSDT', '1d', 2021, 1, 103],
    ])
    for (const kind of KIND_NAMES) {
      const { columns } = await ask(`SELECT * FROM ${kind}`)
      const names = columns.map(({ name }) => name)
      expect(names.slice(0, 5)).toEqual(['venue', 'market', 'symbol', 'interval', 'year'])
      expect(names).toEqual(expect.arrayContaining(['ts', 'available_at']))
    }
    expect((await ask('SELECT source, asset, metric, value FROM onchain')).rows).toEqual([
      ['coinmetrics', 'btc', 'MVRV', 1.5],
    ])
  })

  it('may join, nest, name tables of its own, window and unnest', async () => {
    home = await lake()
    const sql = `WITH last AS (SELECT symbol, max(ts) AS ts FROM bars GROUP BY 1)
      SELECT b.symbol, b.close, o.open_interest, row_number() OVER (ORDER BY b.symbol)
      FROM bars b JOIN last USING (symbol, ts) LEFT JOIN oi o ON o.symbol = b.symbol
      WHERE b.ts IN (SELECT ts FROM bars) ORDER BY 1`
    expect((await ask(sql)).rows).toEqual([
      ['BTCUSDT', 105, 7, 1],
      ['ETHUSDT', 103, null, 2],
    ])
    expect((await ask('FROM range(2)')).rows).toEqual([[0], [1]])
    expect((await ask('SELECT unnest([1, 2])')).rows).toEqual([[1], [2]])
  })

  it('is cut at its limit of rows, and stopped at its limit of time', async () => {
    home = await lake()
    expect(await ask('SELECT ts FROM bars', { ...LIMITS, rowsMax: 3 })).toMatchObject({
      isCut: true,
      rows: { length: 3 },
    })
    expect(await ask('SELECT ts FROM bars', { ...LIMITS, rowsMax: 8 })).toMatchObject({ isCut: false })
    const endless = 'SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE (a.range + b.range) % 7 = 3'
    await expect(ask(endless, { ...LIMITS, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'SQL_REFUSED',
      message: 'took longer than 0.3 s',
    })
  })

  it('sees each row once after compaction', async () => {
    home = tempHome()
    for (let day = 0; day < 4; day++) await importBars(home, [dailyCsv(home, 1, 'BTCUSDT-1d.csv', day)])
    await compactLake(home)
    expect((await ask('SELECT count(*), max(ts) FROM bars')).rows).toEqual([[4, DAY0 + 3 * DAY_MS]])
  })
})

describe('refused', () => {
  it('is everything else, and nothing is changed or read by it', async () => {
    const home = await lake()
    const secret = join(home, 'secret.csv')
    writeFileSync(secret, 'password\nhunter2\n')
    mkdirSync(join(home, 'out'))
    const file = lakeFiles(home)[0]!
    const inLake = join(home, 'lake', file)
    const before = lakeFiles(home)
    const attacks = [
      'DELETE FROM bars',
      'INSERT INTO bars VALUES (1)',
      'UPDATE bars SET close = 1',
      'CREATE TABLE t AS SELECT 1',
      'CREATE MACRO f() AS 1',
      'DROP VIEW bars',
      `COPY (SELECT 1) TO '${home}/out/x.csv'`,
      `COPY (SELECT 1) TO '${home}/lake/x.parquet'`,
      `COPY bars FROM '${secret}'`,
      `EXPORT DATABASE '${home}/out'`,
      `IMPORT DATABASE '${home}/out'`,
      `ATTACH '${home}/out/x.duckdb'`,
      'DETACH memory',
      'USE memory',
      'INSTALL httpfs',
      'LOAD httpfs',
      'PRAGMA database_list',
      'PRAGMA show_tables',
      "PRAGMA enable_profiling = 'json'",
      "SET memory_limit = '90GB'",
      'RESET lock_configuration',
      'SET lock_configuration = false',
      'SET enable_external_access = true',
      'SET VARIABLE x = 1',
      'CALL pragma_version()',
      'CALL enable_logging()',
      'EXPLAIN SELECT 1',
      'EXPLAIN ANALYZE SELECT 1',
      'PREPARE p AS SELECT 1',
      'EXECUTE p',
      'BEGIN',
      'CHECKPOINT',
      'VACUUM',
      'SHOW TABLES',
      'DESCRIBE bars',
      'SELECT 1; SELECT 2',
      'SELECT 1; DROP VIEW bars',
      '',
      ';',
      '-- nothing',
      'SELEC 1',
      'SELECT * FROM nothing',
      "SELECT * FROM read_csv('/etc/passwd')",
      "SELECT * FROM read_csv_auto('/etc/passwd', header = false)",
      "SELECT * FROM read_text('/etc/passwd')",
      "SELECT * FROM read_blob('/etc/passwd')",
      "SELECT * FROM READ_TEXT('/etc/passwd')",
      "SELECT * FROM main.read_text('/etc/passwd')",
      "SELECT * FROM system.main.read_text('/etc/passwd')",
      "SELECT * FROM read_json('/etc/passwd')",
      "SELECT * FROM glob('/etc/*')",
      "SELECT * FROM sniff_csv('/etc/passwd')",
      "SELECT * FROM '/etc/passwd'",
      `SELECT * FROM '${secret}'`,
      `SELECT * FROM '${inLake}'`,
      `SELECT * FROM read_parquet('${inLake}')`,
      `SELECT * FROM parquet_metadata('${inLake}')`,
      `SELECT * FROM read_text('${home}/lake/../secret.csv')`,
      `WITH x AS (SELECT * FROM read_text('${secret}')) SELECT * FROM x`,
      `SELECT (SELECT content FROM read_text('${secret}'))`,
      `SELECT * FROM bars WHERE symbol IN (SELECT content FROM read_text('${secret}'))`,
      `SELECT * FROM bars, LATERAL (SELECT * FROM read_text('${secret}'))`,
      `SELECT * FROM bars UNION ALL BY NAME SELECT * FROM read_text('${secret}')`,
      `SELECT 1 FROM (WITH "${secret}" AS (SELECT 1) SELECT 1), "${secret}"`,
      `SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')`,
      `SELECT * FROM query_table('bars')`,
      "SELECT getenv('HOME')",
      "SELECT current_setting('allowed_directories')",
      'SELECT * FROM duckdb_settings()',
      'SELECT * FROM duckdb_secrets()',
      'SELECT * FROM duckdb_views()',
      'SELECT * FROM information_schema.tables',
      'SELECT * FROM pg_catalog.pg_tables',
      'SELECT * FROM sqlite_master',
      "SELECT * FROM pragma_table_info('bars')",
      `SELECT * FROM enable_logging(storage = 'file', storage_path = '${home}/lake')`,
      "SELECT write_log('x')",
      'SELECT sleep_ms(10)',
      'SELECT * FROM arrow_scan(1, 2, 3)',
      'SELECT * FROM seq_scan(bars)',
      "SELECT * FROM postgres_scan('', '', '')",
      "SELECT * FROM 'https://example.com/x.parquet'",
      `SELECT ${'('.repeat(400)}1${')'.repeat(400)} FROM nothing`,
      `SELECT 1 ${' '.repeat(200_000)}`,
    ]
    const through: string[] = []
    for (const attack of attacks) {
      const seen = await queryLake(home, attack, LIMITS).then(
        (answer) => JSON.stringify(answer),
        (error: unknown) =>
          error instanceof QuantbotError && error.code === 'SQL_REFUSED' ? undefined : String(error),
      )
      if (seen !== undefined) through.push(`${attack.slice(0, 100)} → ${seen.slice(0, 200)}`)
    }
    expect(through).toEqual([])
    expect(lakeFiles(home)).toEqual(before)
    expect(readdirSync(join(home, 'out'))).toEqual([])
  })
})

describe('behind the rules the database itself is locked', () => {
  it('reads nothing but the lake, writes nothing and takes no setting', async () => {
    const home = await lake()
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await lockDatabase(connection, join(home, 'lake'))
    const inLake = join(home, 'lake', lakeFiles(home)[0]!)
    await expect(connection.run(`SELECT * FROM read_parquet('${inLake}')`)).resolves.toBeDefined()
    for (const sql of [
      "SELECT * FROM read_text('/etc/passwd')",
      `SELECT * FROM read_text('${home}/lake/../m.csv')`,
      "SELECT * FROM glob('/etc/*')",
      `COPY (SELECT 1) TO '${home}/x.csv'`,
      `ATTACH '${home}/x.duckdb'`,
      'INSTALL httpfs',
      'LOAD httpfs',
      'SET enable_external_access = true',
      'SET lock_configuration = false',
      "SET memory_limit = '90GB'",
      "SET allowed_directories = ['/']",
    ])
      await expect(connection.run(sql), sql).rejects.toThrow()
  })
})
