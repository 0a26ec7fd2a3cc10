/** Importing and loading funding: each settlement's own interval, snapped stamps, and the half-open span. */
import { describe, expect, it } from 'vitest'
import { HOUR_MS } from '#core/time'
import { settlementHours } from '#data/check-rows'
import { type ImportReport, importFiles } from '#data/import'
import { describeProblem } from '#data/import-problem'
import { loadFunding } from '#data/lake'
import { csv, DAY0, lakeFiles, tempHome } from './fixtures.js'

const KEY = { venue: 'binance', market: 'usdm', symbol: 'BTCUSDT' } as const

function importFunding(home: string, file: string, interval?: string): Promise<ImportReport> {
  return importFiles({ home, files: [file], kind: 'funding', venue: 'binance', market: 'usdm', interval })
}

const fundingCsv = (home: string, hours: readonly number[], name = 'BTCUSDT.csv'): string =>
  csv(home, name, ['ts,rate', ...hours.map((hour, i) => `${DAY0 + hour * HOUR_MS},${(i + 1) / 1e4}`)])

describe('settlementHours', () => {
  const hours = (at: readonly number[]) => [...settlementHours(at.map((hour) => DAY0 + hour * HOUR_MS)).hours]

  it('follows a venue that changes its interval', () => {
    expect(hours([0, 8, 16, 24, 25, 26, 27, 31, 35])).toEqual([8, 8, 8, 8, 1, 1, 1, 4, 4])
  })

  it('takes the interval before for what comes after a hole or late', () => {
    expect(hours([0, 8, 16, 80, 88, 96])).toEqual([8, 8, 8, 8, 8, 8])
    expect(hours([0, 4, 8, 16, 20, 24])).toEqual([4, 4, 4, 4, 4, 4])
    expect(hours([0, 8, 16, 22, 32, 40, 48])).toEqual([8, 8, 8, 8, 8, 8, 8])
    expect(settlementHours([0, 8, 16, 22, 32, 40, 48].map((hour) => DAY0 + hour * HOUR_MS)).odd).toBe(2)
  })

  it('is what the caller says where he says it', () => {
    expect([...settlementHours([DAY0], 4).hours]).toEqual([4])
  })
})

describe('importing funding', () => {
  it('keeps rate, settlement time and interval; a second time writes nothing', async () => {
    const home = tempHome()
    const file = fundingCsv(home, [0, 8, 16, 24, 28, 32])
    expect(await importFunding(home, file)).toMatchObject({ rows: 6, written: 6, problems: [] })
    expect(await importFunding(home, file)).toMatchObject({ rows: 6, written: 0, skipped: 6, problems: [] })
    expect(lakeFiles(home)[0]).toContain(
      'kind=funding/venue=binance/market=usdm/symbol=BTCUSDT/interval=own/year=2020/',
    )
    const rows = await loadFunding(home, KEY, 0, 1e15)
    expect([...rows.ts]).toEqual([0, 8, 16, 24, 28, 32].map((hour) => DAY0 + hour * HOUR_MS))
    expect([...rows.availableAt]).toEqual([...rows.ts])
    expect([...rows.rate]).toEqual([1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4])
    expect([...rows.intervalHours]).toEqual([8, 8, 8, 8, 4, 4])
  })

  it('gives the settlements of (from, to]', async () => {
    const home = tempHome()
    await importFunding(home, fundingCsv(home, [0, 8, 16, 24]))
    const rows = await loadFunding(home, KEY, DAY0, DAY0 + 16 * HOUR_MS)
    expect([...rows.ts]).toEqual([8, 16].map((hour) => DAY0 + hour * HOUR_MS))
  })

  it('snaps milliseconds of jitter and says how many', async () => {
    const home = tempHome()
    const file = csv(home, 'BTCUSDT.csv', [
      'ts,rate',
      `${DAY0 + 3},0.0001`,
      `${DAY0 + 8 * HOUR_MS - 2},0.0001`,
      `${DAY0 + 16 * HOUR_MS},0`,
    ])
    const report = await importFunding(home, file)
    expect(report.files[0]?.notes).toContain('2 settlement times were up to 1 s off the minute and were snapped to it')
    const rows = await loadFunding(home, KEY, 0, 1e15)
    expect([...rows.ts]).toEqual([0, 8, 16].map((hour) => DAY0 + hour * HOUR_MS))
  })

  it('refuses a percentage, a stamp off the minute, a lone settlement and a changed rate', async () => {
    const home = tempHome()
    const reasons = async (lines: readonly string[]): Promise<string> => {
      const report = await importFunding(home, csv(home, 'BTCUSDT.csv', ['ts,rate', ...lines]))
      return report.problems.map(describeProblem).join('\n')
    }
    expect(await reasons([`${DAY0},0.0001`, `${DAY0 + HOUR_MS},1.5`])).toContain('line 3: rate 1.5 is no fraction')
    expect(await reasons([`${DAY0 + 30_000},0.0001`, `${DAY0 + HOUR_MS},0`])).toContain('line 2: ts')
    expect(await reasons([`${DAY0},0.0001`])).toContain('one settlement does not show its interval')
    expect(lakeFiles(home)).toEqual([])
    await importFunding(home, fundingCsv(home, [0, 8]))
    expect(await reasons([`${DAY0},0.0001`, `${DAY0 + 8 * HOUR_MS},0.0003`])).toContain(
      'is 0.0003 here and 0.0002 in the lake',
    )
  })
})
