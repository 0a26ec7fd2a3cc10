/** The bulk archive of Binance: headers or none, micro- or milliseconds, damage refused, the same values as by REST. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, isoDay, parseDay } from '#core/time'
import { BinanceArchive } from '#data/archives/binance'
import type { BackfillReport } from '#data/backfill/backfill.port'
import { recordTs } from '#data/backfill/records'
import { runBackfill } from '#data/backfill/run-backfill'
import { loadRows } from '#data/lake'
import { type ArchiveServer, archiveServer, zipOf } from './archive-server.js'
import { lakeFiles, tempHome } from './fixtures.js'
import { barAt, factsOf, historyVenue } from './history-venue.js'

const JAN = parseDay('2021-01-01')!
const HEADER =
  'open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore'
const NAME = 'BTCUSDT-1h-2021-01'
const PATH = `data/futures/um/monthly/klines/BTCUSDT/1h/${NAME}.zip`
const FACTS = factsOf('BTCUSDT')

/** Lines of hourly klines of a month, as the archive writes them. */
function klines(from: number, hours: number, unit = 1): string {
  return Array.from({ length: hours }, (_, i) => {
    const { openTime, open, high, low, close, volume, quoteVolume } = barAt('x', '1h', from + i * HOUR_MS, 1e15)
    const end = (openTime + HOUR_MS) * unit - 1
    return `${[openTime * unit, open, high, low, close, volume, end, quoteVolume, 7, 1, 1, 0].join()}\n`
  }).join('')
}

async function serve(path: string, text: string): Promise<{ server: ArchiveServer; archive: BinanceArchive }> {
  const server = await archiveServer()
  server.files.set(path, zipOf(`${path.split('/').at(-1)!.replace('.zip', '.csv')}`, text))
  return { server, archive: new BinanceArchive(server.url) }
}

describe('monthly bars', () => {
  it.each([
    ['with a header', `${HEADER}\n`],
    ['without one', ''],
  ])('are read %s', async (_, header) => {
    const { archive, server } = await serve(PATH, header + klines(JAN, 744))
    const records = await archive.month('bars', FACTS, '1h', JAN)
    expect(records).toEqual(
      Array.from({ length: 744 }, (_, i) => barAt(FACTS.instrument, '1h', JAN + i * HOUR_MS, 1e15)),
    )
    expect(server.asked).toEqual([PATH, `${PATH}.CHECKSUM`])
    expect(archive.requests).toBe(1)
  })

  it('of spot are in microseconds since 2025', async () => {
    const from = parseDay('2025-02-01')!
    const path = 'data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2025-02.zip'
    const { archive } = await serve(path, klines(from, 3, 1000))
    const records = await archive.month('bars', factsOf('BTCUSDT', 'spot'), '1h', from)
    expect(records?.map(recordTs)).toEqual([0, 1, 2].map((hour) => from + hour * HOUR_MS))
  })

  it('that are not there are undefined', async () => {
    const { archive } = await serve(PATH, klines(JAN, 1))
    expect(await archive.month('bars', FACTS, '4h', JAN)).toBeUndefined()
    expect(await archive.month('bars', factsOf('BTCUSD_PERP', 'coinm'), '1h', JAN)).toBeUndefined()
  })

  it.each([
    [
      'another check sum',
      (s: ArchiveServer) => s.files.set(`${PATH}.CHECKSUM`, Buffer.from('0'.repeat(64))),
      /SHA-256/,
    ],
    ['a flipped bit', (s: ArchiveServer) => s.files.get(PATH)!.writeUInt8(0, 60), /damaged zip/],
    ['a cut end', (s: ArchiveServer) => s.files.set(PATH, s.files.get(PATH)!.subarray(0, -9)), /damaged zip/],
    ['no zip at all', (s: ArchiveServer) => s.files.set(PATH, Buffer.from('<html>')), /damaged zip/],
    ['a cut line', (s: ArchiveServer) => s.files.set(PATH, zipOf('a.csv', '1609459200000,1,2')), /cut off/],
    ['a line too short', (s: ArchiveServer) => s.files.set(PATH, zipOf('a.csv', '1609459200000,1,2\n')), /3 fields/],
    [
      'a word',
      (s: ArchiveServer) => s.files.set(PATH, zipOf('a.csv', '1609459200000,x,2,2,2,2,2,2\n')),
      /is no number/,
    ],
  ])('with %s are refused', async (_, damage, reason) => {
    const { archive, server } = await serve(PATH, klines(JAN, 24))
    damage(server)
    const error = await archive.month('bars', FACTS, '1h', JAN).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'IMPORT_UNREADABLE' })
    expect(String(error)).toMatch(reason)
  })
})

describe('settlements and open interest', () => {
  it('carry their own interval, rounded to the minute', async () => {
    const path = 'data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2021-01.zip'
    const { archive } = await serve(
      path,
      `calc_time,funding_interval_hours,last_funding_rate\n${JAN + 3},8,0.0001\n${JAN + 8 * HOUR_MS},4,-2.5e-05\n`,
    )
    expect(await archive.month('funding', FACTS, undefined, JAN)).toEqual([
      { kind: 'settlement', instrument: FACTS.instrument, settledAt: JAN, intervalMs: 8 * HOUR_MS, rate: 0.0001 },
      {
        kind: 'settlement',
        instrument: FACTS.instrument,
        settledAt: JAN + 8 * HOUR_MS,
        intervalMs: 4 * HOUR_MS,
        rate: -0.000025,
      },
    ])
  })

  it('of days are put together, on the grid that is asked for', async () => {
    const server = await archiveServer()
    for (const day of [JAN, JAN + DAY_MS]) {
      const name = `BTCUSDT-metrics-${isoDay(day)}`
      const lines = ['00:00:00', '00:05:00', '01:00:00'].map((time) => `${isoDay(day)} ${time},BTCUSDT,10.5,315000\n`)
      const text = `create_time,symbol,sum_open_interest,sum_open_interest_value\n${lines.join('')}`
      server.files.set(`data/futures/um/daily/metrics/BTCUSDT/${name}.zip`, zipOf(`${name}.csv`, text))
    }
    const records = await new BinanceArchive(server.url).month('oi', FACTS, '1h', JAN)
    expect(records?.map(recordTs)).toEqual([0, 1, 24, 25].map((hour) => JAN + hour * HOUR_MS))
    expect(records?.[0]).toMatchObject({ openInterest: 10.5, value: 315_000 })
  })
})

describe('backfill from the archive', () => {
  const NOW = parseDay('2021-02-20')!

  function fill(home: string, archives: BinanceArchive | undefined): Promise<BackfillReport> & { asked: string[] } {
    const venue = historyVenue(NOW)
    const report = runBackfill({
      home,
      adapter: venue.adapter,
      ask: venue.ask,
      kinds: ['bars'],
      market: 'usdm',
      symbols: ['BTCUSDT'],
      interval: '1h',
      from: JAN,
      to: Number.MAX_SAFE_INTEGER,
      time: { now: () => NOW },
      ...(archives ? { archives } : {}),
    })
    return Object.assign(report, { asked: venue.asked })
  }

  it('gives the very values that REST gives, months from there and the rest by REST', async () => {
    const { archive, server } = await serve(PATH, `${HEADER}\n${klines(JAN, 744)}`)
    const [mixed, plain] = [tempHome(), tempHome()]
    const run = fill(mixed, archive)
    expect(await run).toMatchObject({ rows: 50 * 24, failures: [], conflicts: [] })
    const asked = run.asked.flatMap((path) => /from=(\d+)/.exec(path)?.[1] ?? []).map(Number)
    expect(Math.min(...asked)).toBe(parseDay('2021-02-01'))
    expect(server.asked).toEqual([PATH, `${PATH}.CHECKSUM`])
    await fill(plain, undefined)
    const key = { kind: 'bars', venue: 'binance', market: 'usdm', symbol: 'BTCUSDT', interval: '1h' } as const
    expect(await loadRows(mixed, key, 0, 1e15)).toEqual(await loadRows(plain, key, 0, 1e15))
    const again = fill(mixed, archive)
    expect(await again).toMatchObject({ rows: 0 })
    expect(server.asked).toHaveLength(2)
  })

  it('keeps nothing of a damaged month, and says so', async () => {
    const { archive, server } = await serve(PATH, klines(JAN, 744))
    server.files.get(PATH)!.writeUInt8(0, 60)
    const home = tempHome()
    const report = await fill(home, archive)
    expect(report.failures).toMatchObject([{ code: 'IMPORT_UNREADABLE' }])
    expect(report.rows).toBe(19 * 24)
    expect(lakeFiles(home).some((path) => readFileSync(join(home, 'lake', path)).length === 0)).toBe(false)
  })
})
