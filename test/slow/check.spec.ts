/** `quantbot check` as people use it: their own modules, made-up prices; and the twelve signals on real history. Needs `npm run build`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AnyDecider } from '#actors/catalogue'
import { checkLookahead, type SignalLookahead } from '#backtest/check-lookahead'
import { tapeSource } from '#backtest/check-tape'
import { checkWarmup, type SignalWarmup } from '#backtest/check-warmup'
import { signalNames, speakers } from '#backtest/check-words'
import { readConfig } from '#cli/config-file'
import { Sfc32 } from '#core/random'
import { DAY_MS, parseDay } from '#core/time'
import { importHistory } from '../../scripts/history-import.js'
import { sharedPath } from '../shared.js'
import { type TestHome, testHome } from './run-process.js'

const EXAMPLE = fileURLToPath(new URL('../../examples/all-signals.yaml', import.meta.url))

let home: TestHome
beforeEach(() => {
  home = testHome('home')
  mkdirSync(home.path, { recursive: true })
})
afterEach(() => home.remove())

function write(name: string, text: string): string {
  const path = join(home.path, name)
  writeFileSync(path, text)
  return path
}

/** An exponential mean of 200 days that declares ten. */
const HASTY = `export default ({ barSignal }, place) => barSignal({
  version: '1', interval: '1d', warmupDays: place.options.warmupDays, create: () => ({ mean: 0 }),
  onBar(memory, bar) {
    memory.mean = memory.mean === 0 ? bar.close : memory.mean + (bar.close - memory.mean) * 2 / 201
    return { side: bar.close > memory.mean ? 'long' : 'flat', reason: 'trend', targetWeight: Math.min(1, Math.abs(bar.close / memory.mean - 1)) }
  },
}, place)
`

/** Counts bars over all runs of a process: what one run saw leaks into the next. */
const REMEMBERS = `let seen = 0
export default ({ barSignal }, place) => barSignal({
  version: '1', interval: '1d', warmupDays: 1, create: () => ({}),
  onBar() {
    seen++
    return { side: seen % 7 < 3 ? 'long' : 'flat', reason: 'count', targetWeight: 0.1 }
  },
}, place)
`

async function history(): Promise<void> {
  const random = Sfc32.seeded(3, 1)
  let price = 100
  const rows = Array.from({ length: 2600 }, (_, i) => {
    const open = price
    price = Math.max(1, price * (1 + 0.03 * random.normal()))
    const [high, low] = [Math.max(open, price) * 1.01, Math.min(open, price) * 0.99]
    return `${Date.UTC(2016, 0, 1) + i * DAY_MS},${open},${high},${low},${price},1000000`
  })
  const file = write('BTC-1d.csv', `ts,open,high,low,close,volume\n${rows.join('\n')}\n`)
  const { code, stderr } = await home.quantbot('import', file, '--kind', 'bars', '--venue', 'a', '--market', 'spot')
  expect(code, stderr).toBe(0)
}

const configOf = (module: string, options = ''): string =>
  write(
    'c.yaml',
    `interval: 1d\nuniverse: [{ instrument: a.perp.BTC, barsOf: a.spot.BTC, base: BTC, tick: "0.1", lot: "0.001" }]\nsignals:\n  - { module: ${module}${options} }\n`,
  )

const SPAN = ['--from', '2022-01-01', '--to', '2022-12-31'] as const
const check = (what: string, config: string, ...more: readonly string[]) =>
  home.quantbot('check', what, '--config', config, ...SPAN, ...more)

describe('quantbot check', () => {
  it('passes the built-in signals beside a module, and blames the module that remembers', async () => {
    await history()
    write('remembers.js', REMEMBERS)
    const { code, stdout } = await check('lookahead', configOf('./remembers.js'), '--samples', '6')
    expect(code).toBe(1)
    expect(stdout).toMatch(/signal\/tsmom +6 +\d+ +\d+ +none/)
    expect(stdout).toMatch(/signal\/remembers looks ahead: up to 2022-/)
    const tsmom = await check('lookahead', configOf('./remembers.js'), '--samples', '4', '--signal', 'tsmom')
    expect(tsmom.code).toBe(0)
  })

  it('tells that a warm-up is too short, and passes it when it is long enough', async () => {
    await history()
    write('hasty.js', HASTY)
    const short = await check('warmup', configOf('./hasty.js', ', options: { warmupDays: 10 }'), '--signal', 'hasty')
    expect(short.code).toBe(1)
    expect(short.stdout).toContain('signal/hasty: raise warmup beyond 20 d')
    const long = await check('warmup', configOf('./hasty.js', ', options: { warmupDays: 1000 }'), '--signal', 'hasty')
    expect(long.stdout).toMatch(/signal\/hasty +1000 d +20 \(0\) +20 \(\d+\) +0 +none/)
    expect(long.code).toBe(0)
  })

  it('refuses what it does not understand', async () => {
    await history()
    write('hasty.js', HASTY)
    const config = configOf('./hasty.js', ', options: { warmupDays: 10 }')
    for (const [more, why] of [
      [['--samples', '0'], '--samples'],
      [['--samples', 'many'], '--samples'],
      [['--seed', '-1'], '--seed'],
      [['--signal', 'nobody'], 'enables tsmom, donchian, meanrev, hasty'],
    ] as const) {
      const { code, stderr } = await check('lookahead', config, ...more)
      expect([code, stderr.includes(why)], why).toEqual([2, true])
    }
    const { code, stderr } = await home.quantbot(
      'check',
      'warmup',
      '--config',
      config,
      '--from',
      '2022-02-01',
      '--to',
      '2022-01-01',
    )
    expect([code, stderr.split(':')[0]]).toEqual([2, 'USAGE'])
  })
})

const shared = sharedPath('data')
if (shared === undefined) process.stderr.write('check.spec: the shared data is NOT here, real history is skipped\n')

describe.skipIf(shared === undefined)('the twelve signals on real history', () => {
  it('do not look ahead, and declare warm-ups that are long enough', { timeout: 900_000 }, async () => {
    await importHistory(dirname(shared!), home.path)
    const config = readConfig(EXAMPLE)
    const deciders = (): readonly AnyDecider[] => speakers(config)
    const compared = new Map<string, number>()
    // All but options; options.
    for (const [from, to, samples] of [
      ['2021-03-01', '2022-03-31', 5],
      ['2026-02-01', '2026-03-15', 4],
    ] as const) {
      const span = { fromDay: parseDay(from)!, toDay: parseDay(to)! }
      const tape = tapeSource(home.path, config, span)
      const results: SignalLookahead[] = await checkLookahead({ config, deciders, tape, samples, seed: 1 })
      expect(results.filter(({ leaking }) => leaking > 0)).toEqual([])
      for (const { signal, compared: words } of results) compared.set(signal, (compared.get(signal) ?? 0) + words)
    }
    expect([...compared].filter(([, words]) => words === 0)).toEqual([])
    expect(compared.size).toBe(12)

    const [fromDay, toDay] = [parseDay('2022-05-01')!, parseDay('2022-07-31')!]
    const { plan } = await tapeSource(home.path, config, { fromDay: parseDay('2015-01-01')!, toDay })()
    const signals = signalNames(deciders())
    const warm: SignalWarmup[] = checkWarmup({
      config,
      deciders: (signal) => speakers(config, new Set([signal])),
      signals,
      long: plan,
      fromDay,
      toDay,
      samples: 3,
      seed: 1,
    })
    expect(warm.filter(({ failing }) => failing > 0)).toEqual([])
    // The overlay on market value sees all of its years, however many there are.
    expect(warm.filter(({ samples }) => samples === 0).map(({ signal }) => signal)).toEqual(['signal/mvrv'])
  })
})
