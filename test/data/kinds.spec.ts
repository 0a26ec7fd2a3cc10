/** Kinds beside bars and funding: imported, read back and judged; what is refused; revisions; the shared files as they are. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, parseDay } from '#core/time'
import { deribitTerms } from '#data/check-points'
import { KIND_NAMES, type Kind } from '#data/columns'
import { type ImportReport, type ImportRequest, importFiles } from '#data/import'
import { describeProblem } from '#data/import-problem'
import { fileColumn, KINDS } from '#data/kinds'
import { listSeries, loadRows } from '#data/lake'
import { keyOf, listKeys, seriesPath } from '#data/layout'
import { loadOnChain, loadOpenInterest, loadVolatility } from '#data/load-points'
import { qualityReport } from '#data/quality'
import { sharedPath } from '../shared.js'
import { csv, DAY0, lakeFiles, tempHome } from './fixtures.js'

const ALL = [0, 1e15] as const

function importOf(
  home: string,
  kind: Kind,
  files: readonly string[],
  more: Partial<ImportRequest> = {},
): Promise<ImportReport> {
  return importFiles({ home, files, kind, venue: 'deribit', market: 'all', ...more })
}

const reasons = ({ problems }: ImportReport): string => problems.map(describeProblem).join('\n')

describe('the table of kinds', () => {
  it.each(KIND_NAMES)('%s: times first, a key of its own columns, a folder that a listing finds', (kind) => {
    const { columns, rowKey, judged } = KINDS[kind]
    const names = columns.map(({ name }) => name)
    expect(names.slice(0, 2)).toEqual(['ts', 'availableAt'])
    expect(names).toEqual(expect.arrayContaining([...rowKey, judged.column]))
    expect(new Set(names.map(fileColumn)).size).toBe(names.length)
    const interval = KINDS[kind].interval === 'own' ? undefined : '1h'
    const key = keyOf(kind, { venue: 'v', market: 'm', symbol: 'S' }, interval)!
    expect(seriesPath(key)).toBe(`kind=${kind}/venue=v/market=m/symbol=S/interval=${interval ?? 'own'}`)
  })
})

describe('open interest', () => {
  const file = (home: string) =>
    csv(home, 'BTCUSDT-4h.csv', [
      'ts,oi_base,oi_usd',
      ...[0, 4, 8].map((hour) => `${DAY0 + hour * HOUR_MS},${100 + hour},${(100 + hour) * 3e4}`),
    ])

  it('comes back as coins and value, available when its interval has ended', async () => {
    const home = tempHome()
    expect(await importOf(home, 'oi', [file(home)])).toMatchObject({ written: 3, problems: [] })
    expect(await importOf(home, 'oi', [file(home)])).toMatchObject({ written: 0, skipped: 3, problems: [] })
    const names = { venue: 'deribit', market: 'all', symbol: 'BTCUSDT', interval: '4h' } as const
    const rows = await loadOpenInterest(home, names, DAY0, DAY0 + 8 * HOUR_MS)
    expect([...rows.openInterest]).toEqual([100, 104])
    expect([...rows.value]).toEqual([3e6, 3.12e6])
    expect([...rows.availableAt]).toEqual([4, 8].map((hour) => DAY0 + hour * HOUR_MS))
    expect(listKeys(home)).toEqual([{ kind: 'oi', ...names }])
  })

  it('keeps a lag, and points without a grid as known at once', async () => {
    const home = tempHome()
    const points = csv(home, 'ETH.csv', ['ts,open_interest', `${DAY0 + 17},5`, `${DAY0 + 99_001},6`])
    await importOf(home, 'oi', [points], { lagMs: 1000 })
    const rows = await loadOpenInterest(home, { venue: 'deribit', market: 'all', symbol: 'ETH' }, ...ALL)
    expect([...rows.availableAt]).toEqual([DAY0 + 1017, DAY0 + 100_001])
    expect(rows.value.every(Number.isNaN)).toBe(true)
  })

  it.each([
    ['negative', ['ts,oi_base', `${DAY0},-1`], 'line 2: open interest -1 is negative'],
    ['without either column', ['ts,x', `${DAY0},1`], 'the header has none of open_interest, oi_base, value, oi_usd'],
    ['with nothing in a row', ['ts,oi_base,oi_usd', `${DAY0},,`], 'line 2: has neither coins nor a value'],
    ['off the grid', ['ts,oi_base', `${DAY0 + 1},1`], 'is not aligned to 4h'],
    ['in conflict with the lake', ['ts,oi_base', `${DAY0},101`], 'is 101 here and 100 in the lake'],
  ])('%s is refused whole', async (_, lines, expected) => {
    const home = tempHome()
    await importOf(home, 'oi', [file(home)])
    const before = lakeFiles(home)
    const report = await importOf(home, 'oi', [csv(home, 'other.csv', lines)], { symbol: 'BTCUSDT', interval: '4h' })
    expect(reasons(report)).toContain(expected)
    expect(report.written).toBe(0)
    expect(lakeFiles(home)).toEqual(before)
  })
})

describe('a volatility index', () => {
  it('is told in percent by dvol and as a decimal by value', async () => {
    const home = tempHome()
    await importOf(home, 'volatility', [csv(home, 'BTC-1d.csv', ['ts,dvol', `${DAY0},56.76`])])
    const same = csv(home, 'b.csv', ['ts,value', `${DAY0},0.5676`, `${DAY0 + DAY_MS},0.6`])
    const flags = { symbol: 'BTC', interval: '1d' }
    expect(await importOf(home, 'volatility', [same], flags)).toMatchObject({ written: 1, skipped: 1, problems: [] })
    const rows = await loadVolatility(home, { venue: 'deribit', market: 'all', symbol: 'BTC', interval: '1d' }, ...ALL)
    expect([...rows.value]).toEqual([0.5676, 0.6])
    const wrong = csv(home, 'c.csv', ['ts,value', `${DAY0 + 2 * DAY_MS},56.76`])
    expect(reasons(await importOf(home, 'volatility', [wrong], flags))).toContain('is it in percent?')
  })
})

describe('on-chain metrics', () => {
  const wide = (home: string, second: string, name = 'btc.csv') =>
    csv(home, name, ['ts,MVRV,Supply', `${DAY0},1.5,`, `${DAY0 + DAY_MS},${second}`])
  const request = { venue: 'coinmetrics', market: 'btc' } as const
  const names = { venue: 'coinmetrics', market: 'btc', symbol: 'MVRV', interval: '1d' } as const

  it('of a wide file are one series each, without the empty values, two hours after the day', async () => {
    const home = tempHome()
    const report = await importOf(home, 'onchain', [wide(home, '1.6,19000000')], request)
    expect(report).toMatchObject({ written: 3, problems: [] })
    expect((await listSeries(home)).map(({ key, rows }) => [key.symbol, rows])).toEqual([
      ['MVRV', 2],
      ['Supply', 1],
    ])
    const rows = await loadOnChain(home, names, ...ALL)
    expect([...rows.value]).toEqual([1.5, 1.6])
    expect([...rows.availableAt]).toEqual([1, 2].map((day) => DAY0 + day * DAY_MS + 2 * HOUR_MS))
    expect(rows.fetchedAt.every(Number.isNaN)).toBe(true)
  })

  it('keep the older value beside a revision, which is known only from its fetch on', async () => {
    const home = tempHome()
    await importOf(home, 'onchain', [wide(home, '1.6,1')], request)
    const later = wide(home, '1.7,1', 'later.csv')
    expect(reasons(await importOf(home, 'onchain', [later], request))).toContain('with --fetched-at it is kept')
    const fetchedAt = DAY0 + 30 * DAY_MS
    expect(await importOf(home, 'onchain', [later], { ...request, fetchedAt })).toMatchObject({ written: 1 })
    expect(await importOf(home, 'onchain', [later], { ...request, fetchedAt })).toMatchObject({ written: 0 })
    const again = wide(home, '1.8,1', 'again.csv')
    await importOf(home, 'onchain', [again], { ...request, fetchedAt: fetchedAt + 1 })
    const rows = await loadOnChain(home, names, ...ALL)
    expect([...rows.value]).toEqual([1.5, 1.6, 1.7, 1.8])
    expect([...rows.revision]).toEqual([0, 0, 1, 2])
    expect([...rows.availableAt.subarray(2)]).toEqual([fetchedAt, fetchedAt + 1])
    const before = await loadOnChain(home, names, ...ALL, { asOf: fetchedAt - 1 })
    expect([...before.value]).toEqual([1.5, 1.6])
    expect([...(await loadOnChain(home, names, ...ALL, { asOf: fetchedAt })).value]).toEqual([1.5, 1.7])
    expect((await qualityReport(home)).map(({ duplicates }) => duplicates)).toEqual([0, 0])
  })
})

describe('dated futures', () => {
  it('of one file are one series a contract, with its expiry', async () => {
    const home = tempHome()
    const file = csv(home, 'BTC-dated.csv', [
      'ts,instrument,expiry,price,index_price',
      `${DAY0 + 7},BTC-1JAN21,${DAY0 + 3 * DAY_MS},100,99`,
      `${DAY0 + 7},BTC-8JAN21,${DAY0 + 9 * DAY_MS},101,99`,
      `${DAY0 + 8},BTC-1JAN21,${DAY0 + 3 * DAY_MS},102,`,
    ])
    expect(await importOf(home, 'futures', [file], { market: 'future' })).toMatchObject({ written: 3, problems: [] })
    const key = { kind: 'futures', venue: 'deribit', market: 'future', symbol: 'BTC-1JAN21' } as const
    const rows = await loadRows(home, key, ...ALL)
    expect([...(rows.close as Float64Array)]).toEqual([100, 102])
    expect([...(rows.expiry as Float64Array)]).toEqual([DAY0 + 3 * DAY_MS, DAY0 + 3 * DAY_MS])
    expect([...rows.availableAt]).toEqual([DAY0 + 7, DAY0 + 8])
    const wrong = csv(home, 'x.csv', ['ts,instrument,expiry,price', `${DAY0},A,${DAY0 - 1},1`])
    expect(reasons(await importOf(home, 'futures', [wrong], { market: 'future' }))).toContain('line 2: expiry')
  })
})

describe('option chains', () => {
  it('keep every option of an instant; old files in percent take 0 for no quote', async () => {
    const home = tempHome()
    const file = csv(home, 'BTC-chain.csv', [
      'ts,instrument,underlying,underlying_price,index_price,mark,mark_iv_pct,bid_iv_pct,bid,delta',
      `${DAY0 + 5},BTC-24SEP21-7000-P,BTC-24SEP21,50000,47000,0.01,161.5,0.0,0.0,-0.01`,
      `${DAY0},BTC-24SEP21-7000-P,BTC-24SEP21,50000,47000,0.01,161.5,0.0,0.0,-0.01`,
      `${DAY0 + 5},BTC-24SEP21-7000-C,BTC-24SEP21,50000,47000,0.9,161.5,10.0,0.8,0.99`,
    ])
    expect(reasons(await importOf(home, 'options', [file], { symbol: 'BTC' }))).toBe('')
    expect(await importOf(home, 'options', [file], { symbol: 'BTC' })).toMatchObject({ written: 0, skipped: 3 })
    const rows = await loadRows(home, { kind: 'options', venue: 'deribit', market: 'all', symbol: 'BTC' }, ...ALL)
    expect(rows.instrument).toEqual(['BTC-24SEP21-7000-P', 'BTC-24SEP21-7000-C', 'BTC-24SEP21-7000-P'])
    expect([...(rows.bid as Float64Array)]).toEqual([Number.NaN, 0.8, Number.NaN])
    expect(rows.markIv?.[0]).toBe(1.615)
    expect(rows.expiry?.[0]).toBe(parseDay('2021-09-24')! + 8 * HOUR_MS)
    const twice = csv(home, 't.csv', ['ts,instrument', ...[1, 2].map(() => `${DAY0 + 6},BTC-24SEP21-7000-P`)])
    expect(reasons(await importOf(home, 'options', [twice], { symbol: 'BTC' }))).toContain('stands twice')
  })

  it('read the terms in a name as Deribit writes it', () => {
    expect(deribitTerms('BTC-5JAN26-1d5-C')).toEqual({
      strike: 1.5,
      expiry: parseDay('2026-01-05')! + 8 * HOUR_MS,
      cp: 'C',
    })
    for (const name of ['BTC-31FEB26-1-C', 'BTC-PERPETUAL', 'BTC-5JAN26-1-X'])
      expect(deribitTerms(name)).toBeUndefined()
  })
})

const shared = sharedPath('data')
describe.skipIf(shared === undefined)('the shared files (need the shared data folder)', () => {
  const below = (folder: string, wanted: RegExp): string[] =>
    readdirSync(join(shared!, folder))
      .filter((name) => wanted.test(name))
      .map((name) => join(shared!, folder, name))

  it.each([
    ['oi/cryptoquant', /csv$/, 'oi', {}, 2063],
    ['options/deribit', /dvol/, 'volatility', { symbol: 'BTC' }, 1102],
    ['options/deribit', /ETH-chain-2021/, 'options', { symbol: 'ETH' }, 996],
    ['options/deribit', /BTC-chain-2021/, 'options', { symbol: 'BTC' }, 976],
    ['futures/deribit', /BTC-dated/, 'futures', { market: 'future' }, 7390],
    ['futures/binance', /quarterly/, 'futures', { market: 'coinm' }, 161],
    ['futures/deribit', /PERPETUAL/, 'mark', { market: 'perpetual' }, 838],
    ['onchain', /btc-mvrv/, 'onchain', { market: 'btc' }, 5071],
  ] as const)('of %s %s import as %s', async (folder, wanted, kind, more, rows) => {
    const home = tempHome()
    const report = await importOf(home, kind, below(folder, wanted), more)
    expect(reasons(report)).toBe('')
    expect(report).toMatchObject({ written: rows, skipped: 0 })
    expect((await listSeries(home)).reduce((sum, series) => sum + series.rows, 0)).toBe(rows)
  })

  it('of on-chain vintages agree on what both hold', async () => {
    const home = tempHome()
    const request = { venue: 'coinmetrics', market: 'btc', symbol: 'CapMVRVCur' }
    for (const vintage of ['btc-coinmetrics-2019vintage.csv', 'btc-coinmetrics.csv'])
      expect(reasons(await importOf(home, 'onchain', [join(shared!, 'onchain', vintage)], request))).toBe('')
    const [quality] = await qualityReport(home)
    expect(quality).toMatchObject({ duplicates: 0, gaps: { count: 0 } })
  })
})
