/** Backfill that is killed at any request: what was published stays, the next run ends with every row once. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DAY_MS } from '#core/time'
import { compactLake } from '#data/compact'
import { listSeries, loadRows } from '#data/lake'
import { DAY0, tempHome } from '../data/fixtures.js'

const entry = fileURLToPath(new URL('./backfill-process.ts', import.meta.url))
const loader =
  "import { runnerImport } from 'vite'; const conditions = ['quantbot-source', 'node', 'module'];" +
  "await runnerImport(process.argv[1], { configFile: false, logLevel: 'error', environments: { inline: { resolve: { conditions } } } })"
const NOW = DAY0 + 800 * DAY_MS

async function run(home: string, dieAtRequest: number): Promise<string> {
  const env = { ...process.env, QUANTBOT_TEST_IMPORT: JSON.stringify({ home, dieAtRequest, now: NOW }) }
  const child = spawn(process.execPath, ['--input-type=module', '-e', loader, entry], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  child.stdout.on('data', (part) => {
    out += String(part)
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null] // as node:child_process documents it
  return signal ?? out.trim()
}

describe('a backfill that is killed', () => {
  it('again and again ends with every row once, and the lake compacts to the same rows', async () => {
    const home = tempHome()
    let rows = 0
    for (const request of [2, 60, 150, 250]) {
      expect(await run(home, request)).toBe('SIGKILL')
      const held = (await listSeries(home)).reduce((sum, series) => sum + series.rows, 0)
      expect(held).toBeGreaterThanOrEqual(rows)
      rows = held
    }
    expect(rows).toBeGreaterThan(0)
    expect(await run(home, 0)).toMatch(/^rows \d+$/)
    expect(await run(home, 0)).toBe('rows 0')
    const series = await listSeries(home)
    expect(series.map(({ key, rows: count }) => [key.kind, key.symbol, count])).toEqual([
      ['bars', 'BTCUSDT', 800 * 24],
      ['bars', 'ETHUSDT', 800 * 24],
      ['funding', 'BTCUSDT', 800 * 3],
      ['funding', 'ETHUSDT', 800 * 3],
    ])
    const before = await Promise.all(series.map(({ key }) => loadRows(home, key, 0, 1e15)))
    await compactLake(home)
    expect(await Promise.all(series.map(({ key }) => loadRows(home, key, 0, 1e15)))).toEqual(before)
  })
})
