/** `quantbot sim-exchange` as a process: its first line, its answers, its end, and its errors. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { MINUTE_MS } from '#core/time'
import { Running } from './run-process.js'

const home = mkdtempSync(join(tmpdir(), 'sim-exchange-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

let running: Running[] = []
afterEach(async () => {
  for (const one of running) one.kill('SIGKILL')
  await Promise.all(running.map(({ ended }) => ended))
  running = []
})

function start(...args: string[]): Running {
  const one = new Running(['--home', home, 'sim-exchange', ...args])
  running.push(one)
  return one
}

const klines = (rest: unknown): Promise<unknown[][]> =>
  fetch(`${String(rest)}/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=500`).then(
    (reply) => reply.json() as Promise<unknown[][]>, // rows of klines, as the venue writes them
  )

describe('quantbot sim-exchange', () => {
  it.each(['binance', 'bybit', 'okx', 'deribit'])('plays %s until it is stopped', async (venue) => {
    const one = start('--venue', venue, '--port', '0', '--json')
    const line = await one.firstLine()
    expect(line).toEqual({
      venue,
      rest: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      ws: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/),
    })
    const state = (await (await fetch(`${String(line.rest)}/sim/state`)).json()) as {
      venue: string
      instruments: number
    }
    expect(state.venue).toBe(venue)
    expect(state.instruments).toBeGreaterThan(40)
    one.kill('SIGTERM')
    expect(await one.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('plays the same market for the same seed and start, at any speed', async () => {
    const from = ['--venue', 'binance', '--json', '--seed', '4', '--start', '2026-02-01T10:00:30Z']
    const [slow, fast] = await Promise.all(
      [start(...from), start(...from, '--speed', '50')].map((one) => one.firstLine()),
    )
    const [a, b] = await Promise.all([klines(slow!.rest), klines(fast!.rest)])
    const closedBy = Date.parse('2026-02-01T10:00:00Z')
    const closed = (rows: unknown[][]) => rows.filter((row) => Number(row[0]) + MINUTE_MS <= closedBy).slice(-400)
    expect(closed(b).slice(-300)).toEqual(closed(a).slice(-300))
  })

  it('plays the bars of the lake', async () => {
    const rows = Array.from({ length: 48 }, (_, i) => {
      const price = 100 + (i % 7)
      return `${Date.parse('2025-05-01') + i * 3_600_000},${price},${price + 2},${price - 1},${price + 1},${10 + i}`
    })
    const file = join(home, 'BTCUSDT-1h.csv')
    writeFileSync(file, ['ts,open,high,low,close,volume', ...rows, ''].join('\n'))
    const imported = new Running([
      '--home',
      home,
      'import',
      file,
      '--kind',
      'bars',
      '--venue',
      'binance',
      '--market',
      'usdm',
    ])
    expect(await imported.ended).toMatchObject({ code: 0 })
    const { rest } = await start('--venue', 'bybit', '--market', 'lake', '--json').firstLine()
    const truth = await fetch(
      `${String(rest)}/sim/truth/bars?instrument=BTC/USDT:USDT&interval=1h&from=${Date.parse('2025-05-01')}&to=${Date.parse('2025-05-01T10:00:00Z')}`,
    )
    const bars = (await truth.json()) as { open: number; high: number; low: number; close: number; volume: number }[]
    expect(bars.map(({ open, high, low, close, volume }) => `${open},${high},${low},${close},${volume}`)).toEqual(
      rows.slice(0, 10).map((row) => row.slice(row.indexOf(',') + 1)),
    )
  })

  it('does the faults of a file', async () => {
    const file = join(home, 'faults.yaml')
    writeFileSync(file, '- kind: serverError\n  status: 502\n  forMs: 100000000\n')
    const { rest } = await start('--venue', 'binance', '--faults', file, '--json').firstLine()
    expect((await fetch(`${String(rest)}/api/v3/time`)).status).toBe(502)
  })

  it.each([
    [['--venue', 'mtgox'], 'mtgox'],
    [['--venue', 'okx', '--port', '70000'], '--port'],
    [['--venue', 'okx', '--speed', '0'], '--speed'],
    [['--venue', 'okx', '--market', 'moon'], '--market'],
    [['--venue', 'okx', '--start', 'noon'], '--start'],
    [['--venue', 'okx', '--faults', 'nowhere.yaml'], 'nowhere.yaml'],
  ])('refuses %j', async (args, what) => {
    const { code, stderr } = await start(...args).ended
    expect(code).toBe(2)
    expect(stderr).toContain('USAGE')
    expect(stderr).toContain(what)
  })
})
