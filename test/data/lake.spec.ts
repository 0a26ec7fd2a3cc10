/** Reading the lake: extents, spans, tape files and their hashes; what a dead writer leaves behind. */
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { checkTape, listSeries, loadBars, seriesFiles, tapeEntries } from '#data/lake'
import { asWriter } from '#data/publish'
import { DAY0, dailyCsv, importBars, lakeFiles, tempHome } from './fixtures.js'

const KEY = { kind: 'bars', venue: 'binance', market: 'spot', symbol: 'BTCUSDT', interval: '1d' } as const
const FOLDER = 'kind=bars/venue=binance/market=spot/symbol=BTCUSDT/interval=1d'

async function lakeOf(days: number): Promise<string> {
  const home = tempHome()
  await importBars(home, [dailyCsv(home, days)])
  return home
}

describe('listSeries', () => {
  it('tells rows and extent of each series', async () => {
    const home = await lakeOf(5)
    expect(await listSeries(home)).toEqual([{ key: KEY, rows: 5, first: DAY0, last: DAY0 + 4 * DAY_MS, files: 2 }])
  })

  it('of a home without a lake is empty', async () => {
    expect(await listSeries(tempHome())).toEqual([])
  })
})

describe('loadBars', () => {
  it('gives open times in [from, to), across years', async () => {
    const home = await lakeOf(6)
    const bars = await loadBars(home, KEY, DAY0 + DAY_MS, DAY0 + 4 * DAY_MS)
    expect([...bars.ts]).toEqual([1, 2, 3].map((day) => DAY0 + day * DAY_MS))
    expect([...bars.open]).toEqual([101, 102, 103])
    expect([...bars.high]).toEqual([103, 104, 105])
    expect([...bars.low]).toEqual([99, 100, 101])
    expect([...bars.volume]).toEqual([10, 10, 10])
  })

  it('gives no rows outside what the series has, and LAKE_EMPTY where there is no such series', async () => {
    const home = await lakeOf(2)
    expect((await loadBars(home, KEY, 0, DAY0)).ts).toHaveLength(0)
    await expect(loadBars(home, { ...KEY, interval: '1h' }, 0, DAY0)).rejects.toMatchObject({ code: 'LAKE_EMPTY' })
  })

  it('never sees the middle of a chunk as its end: 10,000 rows come back as they went in', async () => {
    const home = await lakeOf(10_000)
    const bars = await loadBars(home, KEY, 0, 1e15)
    expect(bars.ts).toHaveLength(10_000)
    expect(bars.close.every((close, day) => close === 101 + day && bars.ts[day] === DAY0 + day * DAY_MS)).toBe(true)
  })
})

describe('checkTape', () => {
  it('passes what is unchanged, also after a later import added files', async () => {
    const home = await lakeOf(5)
    const entries = await tapeEntries(home, await seriesFiles(home, KEY, 0, 1e15))
    expect(entries.map(({ path, rows }) => [path.startsWith(`${FOLDER}/year=`), rows])).toEqual([
      [true, 2],
      [true, 3],
    ])
    await importBars(home, [dailyCsv(home, 9)])
    await expect(checkTape(home, entries)).resolves.toBeUndefined()
  })

  it('throws TAPE_CHANGED for one byte more and for a file that is gone', async () => {
    const home = await lakeOf(5)
    const entries = await tapeEntries(home, await seriesFiles(home, KEY, 0, 1e15))
    const path = join(home, 'lake', entries[1]!.path)
    appendFileSync(path, 'x')
    await expect(checkTape(home, entries)).rejects.toMatchObject({ code: 'TAPE_CHANGED' })
    rmSync(path)
    await expect(checkTape(home, entries)).rejects.toMatchObject({ code: 'TAPE_CHANGED' })
  })
})

describe('a writer that died', () => {
  /** Moves the published files of a home back aside, as they stood before their renames. */
  function unpublish(home: string): { staging: string; names: string[] } {
    const names = lakeFiles(home)
    const staging = join(home, 'lake', '.staging', 'set-1')
    mkdirSync(staging, { recursive: true })
    for (const [i, name] of names.entries()) renameSync(join(home, 'lake', name), join(staging, String(i)))
    rmSync(join(home, 'lake', 'kind=bars'), { recursive: true })
    return { staging, names }
  }

  it('before it decided leaves nothing that is read, and the next writer clears it away', async () => {
    const home = await lakeOf(5)
    const { staging } = unpublish(home)
    expect(await listSeries(home)).toEqual([])
    await asWriter(home, async () => undefined)
    expect(existsSync(staging)).toBe(false)
    expect(lakeFiles(home)).toEqual([])
    expect(await importBars(home, [join(home, 'BTCUSDT-1d.csv')])).toMatchObject({ written: 5 })
  })

  it('between two renames is finished by the next reader', async () => {
    const home = await lakeOf(5)
    const { staging, names } = unpublish(home)
    writeFileSync(join(staging, 'intent.json'), JSON.stringify(names))
    const first = join(home, 'lake', names[0]!)
    mkdirSync(dirname(first), { recursive: true })
    cpSync(join(staging, '0'), first)
    rmSync(join(staging, '0'))
    expect((await loadBars(home, KEY, 0, 1e15)).ts).toHaveLength(5)
    expect(lakeFiles(home)).toEqual(names)
    expect(readdirSync(join(home, 'lake', '.staging'))).toEqual(['lock.duckdb'])
  })

  it('by a throw leaves nothing aside either', async () => {
    const home = tempHome()
    const onProgress = ({ phase }: { phase: string }): void => {
      if (phase === 'deciding') throw new Error('stop')
    }
    await expect(importBars(home, [dailyCsv(home, 5)], { onProgress })).rejects.toThrow('stop')
    expect(lakeFiles(home)).toEqual([])
  })
})

describe('two writers of one process', () => {
  it('take turns: each row is written once', async () => {
    const home = tempHome()
    const file = dailyCsv(home, 50)
    const reports = await Promise.all([1, 2, 3].map(() => importBars(home, [file])))
    expect(reports.map(({ written }) => written)).toEqual([50, 0, 0])
    expect((await loadBars(home, KEY, 0, 1e15)).ts).toHaveLength(50)
  })
})
