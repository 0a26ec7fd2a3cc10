/** Backfill: what is lacking is asked once, published whole, never overwritten; gaps, conflicts, failures and interruption. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { QuantbotError } from '#core/errors'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { BackfillReport, BackfillRequest } from '#data/backfill/backfill.port'
import { runBackfill } from '#data/backfill/run-backfill'
import { gridGaps, pieces, type Span, settlementGaps, subtract, union } from '#data/backfill/spans'
import { listSeries, loadBars, loadFunding } from '#data/lake'
import { loadOpenInterest } from '#data/load-points'
import { DAY0, lakeFiles, tempHome } from './fixtures.js'
import { type HistoryVenue, historyVenue } from './history-venue.js'

const NOW = DAY0 + 40 * DAY_MS + 30 * 60_000
const BTC = { venue: 'binance', market: 'usdm', symbol: 'BTCUSDT', interval: '1h' } as const
const ALL = [0, 1e15] as const

function fill(home: string, venue: HistoryVenue, more: Partial<BackfillRequest> = {}): Promise<BackfillReport> {
  return runBackfill({
    home,
    adapter: venue.adapter,
    ask: venue.ask,
    kinds: ['bars'],
    market: 'usdm',
    symbols: ['BTCUSDT'],
    interval: '1h',
    from: DAY0,
    to: Number.MAX_SAFE_INTEGER,
    time: { now: () => venue.now },
    ...more,
  })
}

const bytesOf = (home: string): Map<string, string> =>
  new Map(lakeFiles(home).map((path) => [path, readFileSync(join(home, 'lake', path), 'base64')]))

describe('spans', () => {
  it('of a grid without rows', () => {
    const ts = Float64Array.of(10, 20, 50)
    expect(gridGaps(ts, [0, 80], 10)).toEqual([
      [0, 10],
      [30, 50],
      [60, 80],
    ])
    expect(gridGaps(ts, [20, 60], 10)).toEqual([[30, 50]])
    expect(gridGaps(new Float64Array(0), [0, 10], 10)).toEqual([[0, 10]])
  })

  it('that no settlement is for, each with its own interval', () => {
    const hours = (...at: number[]) => Float64Array.from(at, (hour) => hour * HOUR_MS)
    const gaps = (at: Float64Array, of: number[], span: Span) =>
      settlementGaps(at, Float64Array.from(of), span).map(([a, b]) => [a / HOUR_MS, b / HOUR_MS].map(Math.round))
    expect(gaps(hours(8, 16, 20, 24), [8, 8, 4, 4], [HOUR_MS, 28 * HOUR_MS])).toEqual([])
    expect(gaps(hours(8, 32), [8, 8], [HOUR_MS, 48 * HOUR_MS])).toEqual([
      [8, 24],
      [32, 48],
    ])
    expect(gaps(hours(16), [8], [0, 20 * HOUR_MS])).toEqual([[0, 8]])
  })

  it('subtracted, united and cut at months', () => {
    expect(
      subtract(
        [[0, 10]],
        [
          [2, 4],
          [8, 20],
        ],
      ),
    ).toEqual([
      [0, 2],
      [4, 8],
    ])
    expect(
      union([
        [5, 6],
        [0, 3],
        [3, 5],
        [9, 9],
      ]),
    ).toEqual([[0, 6]])
    const cut = pieces([[DAY0, DAY0 + 40 * DAY_MS]], 365 * DAY_MS, 'month') // from 2020-12-30
    expect(cut.map(([from, to]) => (to - from) / DAY_MS)).toEqual([2, 31, 7])
    expect(pieces([[0, 25]], 10, 'year')).toEqual([
      [0, 10],
      [10, 20],
      [20, 25],
    ])
  })
})

describe('backfill', () => {
  it('brings every closed row of each kind, and none that is open', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    const report = await fill(home, venue, { kinds: ['bars', 'funding', 'oi'], symbols: ['BTCUSDT', 'ETHUSDT'] })
    expect(report).toMatchObject({ conflicts: [], failures: [], isInterrupted: false })
    const bars = await loadBars(home, BTC, ...ALL)
    expect(bars.ts).toHaveLength(40 * 24)
    expect(bars.ts.every((ts, i) => ts === DAY0 + i * HOUR_MS && bars.availableAt[i] === ts + HOUR_MS)).toBe(true)
    expect(bars.quoteVolume.every((value) => value === 1050.25)).toBe(true)
    const funding = await loadFunding(home, BTC, ...ALL)
    expect(funding.ts).toHaveLength(40 * 3)
    expect(new Set(funding.intervalHours)).toEqual(new Set([8]))
    expect((await loadOpenInterest(home, BTC, ...ALL)).ts).toHaveLength(40 * 24)
    expect(await listSeries(home)).toHaveLength(6)
    expect(report.rows).toBe((await listSeries(home)).reduce((sum, { rows }) => sum + rows, 0))
    expect(report.requests).toBe(venue.asked.length)
  })

  it('asks next to nothing the second time and changes no byte; later it asks for what is new alone', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    const kinds = { kinds: ['bars', 'funding', 'oi'] } as const
    await fill(home, venue, kinds)
    const before = bytesOf(home)
    venue.asked.length = 0
    expect(await fill(home, venue, kinds)).toMatchObject({ rows: 0, files: 0 })
    expect(venue.asked.length).toBeLessThanOrEqual(2)
    expect(bytesOf(home)).toEqual(before)
    venue.now += 5 * HOUR_MS
    venue.asked.length = 0
    expect(await fill(home, venue)).toMatchObject({ rows: 5 })
    expect(venue.asked).toEqual([
      '/instruments',
      `/bars/binance.usdm.BTCUSDT?from=${DAY0 + 960 * HOUR_MS}&to=${DAY0 + 965 * HOUR_MS}`,
    ])
  })

  it('fills a hole in the middle, and before what is there', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    for (const [from, to] of [
      [10, 12],
      [20, 22],
    ] as const)
      await fill(home, venue, { from: DAY0 + from * DAY_MS, to: DAY0 + to * DAY_MS })
    venue.asked.length = 0
    await fill(home, venue, { to: DAY0 + 25 * DAY_MS })
    const bars = await loadBars(home, BTC, ...ALL)
    expect(bars.ts).toHaveLength(25 * 24)
    expect(venue.asked.filter((path) => path.includes(`from=${DAY0 + 10 * DAY_MS}&`))).toEqual([])
  })

  it('remembers where the venue itself has nothing, and says so', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    const hole: Span = [DAY0 + 5 * DAY_MS, DAY0 + 6 * DAY_MS]
    venue.lacks = (ts) => ts >= hole[0] && ts < hole[1]
    const report = await fill(home, venue, { from: DAY0 - 100 * DAY_MS })
    expect(report.series[0]?.venueGaps).toEqual([hole])
    venue.asked.length = 0
    await fill(home, venue, { from: DAY0 - 100 * DAY_MS })
    expect(venue.asked).toEqual(['/instruments'])
    venue.lacks = () => false
    expect(await fill(home, venue, { verify: true })).toMatchObject({ rows: 24, conflicts: [] })
  })

  it('does not remember the latest hours as empty: a venue may be late', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    venue.lacks = (ts) => ts === DAY0 + 959 * HOUR_MS
    expect(await fill(home, venue)).toMatchObject({ rows: 959 })
    venue.lacks = () => false
    expect(await fill(home, venue)).toMatchObject({ rows: 1 })
  })

  it('tells where the venue contradicts the lake, and keeps what the lake has', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    await fill(home, venue, { to: DAY0 + DAY_MS })
    const before = bytesOf(home)
    venue.isRevised = true
    const report = await fill(home, venue, { to: DAY0 + DAY_MS, verify: true })
    expect(report.conflicts[0]?.reason).toMatch(/^close at \d+ .* is .* here and .* in the lake$/)
    expect(report.rows).toBe(0)
    expect(bytesOf(home)).toEqual(before)
  })

  it('stops in order when it is told to, and goes on from there', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW + 800 * DAY_MS)]
    const stop = new AbortController()
    venue.before = (_, count) => {
      if (count === 120) stop.abort(new Error('interrupted'))
    }
    const first = await fill(home, venue, { signal: stop.signal })
    expect(first).toMatchObject({ isInterrupted: true, failures: [] })
    expect(lakeFiles(home).filter((path) => path.startsWith('.staging/'))).toEqual([])
    venue.before = () => undefined
    const second = await fill(home, venue)
    expect(first.rows + second.rows).toBe(840 * 24)
    expect(first.rows).toBeGreaterThan(0)
    expect((await loadBars(home, BTC, ...ALL)).ts).toHaveLength(840 * 24)
  })

  it('goes on with the other series when one is refused, and stops when the venue is out of reach', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    venue.before = (path) => {
      if (path.startsWith('/bars/binance.usdm.BTC')) throw new QuantbotError('VENUE_REFUSED', 'binance: -1121')
    }
    const report = await fill(home, venue, { symbols: ['BTCUSDT', 'ETHUSDT'] })
    expect(report.failures).toMatchObject(
      [{ code: 'VENUE_REFUSED' }, { code: 'VENUE_REFUSED' }].slice(0, report.failures.length),
    )
    expect(report.rows).toBe(960)
    venue.before = (path) => {
      if (path.startsWith('/bars')) throw new QuantbotError('VENUE_UNREACHABLE', 'binance: ECONNREFUSED')
    }
    const out = await fill(home, venue, { parallel: 1 })
    expect(out.failures).toHaveLength(1)
    await expect(fill(home, venue, { symbols: ['NOPE'] })).rejects.toMatchObject({ code: 'VENUE_REFUSED' })
    await expect(fill(home, venue, { symbols: ['../x'] })).rejects.toMatchObject({ code: 'NAME_INVALID' })
  })

  it('refuses a piece with a row that cannot be, and nothing of it is kept', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    const { bars } = venue.adapter
    const adapter: typeof venue.adapter = {
      ...venue.adapter,
      bars: (...args) => {
        const call = bars(...args)
        return {
          ...call,
          read: (...got) => ({ rows: call.read(...got).rows.map((bar) => ({ ...bar, high: 1 })), next: undefined }),
        }
      },
    }
    const report = await fill(home, venue, { adapter })
    expect(report.failures[0]).toMatchObject({ code: 'PAYLOAD_REFUSED' })
    expect(report.rows).toBe(0)
    expect(await listSeries(home)).toEqual([])
  })

  it('tells how far it is', async () => {
    const [home, venue] = [tempHome(), historyVenue(NOW)]
    const seen: number[] = []
    await fill(home, venue, { onProgress: ({ doneMs, totalMs }) => seen.push(doneMs / totalMs) })
    expect(seen.at(-1)).toBe(1)
    expect([...seen].sort((a, b) => a - b)).toEqual(seen)
  })
})
