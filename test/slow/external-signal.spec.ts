/** Signals of the user's own that are not as they must be: each is refused with file and reason, and leaves nothing behind. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { type TestHome, testHome } from './run-process.js'

const GOOD = `export default ({ barSignal }, place) => barSignal({
  version: '1', interval: '1d', warmupDays: 1, create: () => ({ n: 0 }),
  onBar(memory, bar) {
    memory.n++
    return { side: memory.n % 20 < 10 ? 'long' : 'short', reason: 'turn', targetWeight: 0.2, terms: { n: memory.n, close: bar.close } }
  },
}, place)
`

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

async function history(): Promise<void> {
  const rows = Array.from({ length: 200 }, (_, i) => {
    const price = 100 + (i % 17) + i / 10
    return `${Date.UTC(2024, 0, 1) + i * DAY_MS},${price},${price + 2},${price - 2},${price + 1},1000000`
  })
  const file = write('BTC-1d.csv', `ts,open,high,low,close,volume\n${rows.join('\n')}\n`)
  const { code, stderr } = await home.start('import', file, '--kind', 'bars', '--venue', 'a', '--market', 'spot').ended
  expect(code, stderr).toBe(0)
}

const configOf = (module: string, more = ''): string =>
  write(
    'c.yaml',
    `interval: 1d\nuniverse: [{ instrument: a.perp.BTC, barsOf: a.spot.BTC, base: BTC, tick: "0.1", lot: "0.001" }]\nsignals:\n  - module: ${module}\n${more}`,
  )

const backtest = (config: string, run: string) =>
  home.start('backtest', '--config', config, '--from', '2024-02-01', '--to', '2024-06-30', '--run', run, '--json').ended

describe('a signal of the user’s own', () => {
  it('decides, is told of in the manifest, explained by its terms and replayed from the copy', async () => {
    await history()
    const file = write('turns.mjs', GOOD)
    const { code, stdout, stderr } = await backtest(configOf('./turns.mjs'), 'a')
    expect(code, stderr).toBe(0)
    const report = JSON.parse(stdout) as { signals: Record<string, unknown>; fingerprint: string }
    expect(Object.keys(report.signals)).toContain('turns')
    writeFileSync(file, 'gone')
    expect(await home.json('replay', 'a')).toMatchObject({ identical: true, fingerprint: report.fingerprint })
    const trades = await home.start('audit', 'trades', 'a', '--json').ended
    expect(trades.code, trades.stderr).toBe(0)
  })

  it.each([
    ['absent.js', undefined, 'cannot be read (ENOENT)'],
    ['typed.ts', GOOD, 'must be JavaScript'],
    ['clock.js', `const t = Date.now()\n${GOOD}`, 'clock.js:1: uses "Date"'],
    ['imports.js', `// fine\nimport fs from 'node:fs'\n${GOOD}`, 'imports.js:2: uses "import f'],
    ['broken.js', 'export default (', 'does not load'],
    ['nothing.js', 'export const x = 1', 'no default export'],
    ['number.js', 'export default () => 7', 'is no decider'],
    ['throws.js', "export default () => { throw new Error('no idea') }", 'threw when it was made: no idea'],
    ['named.js', "export default () => ({ name: 'risk/engine', version: '1' })", 'has the name "risk/engine"'],
    ['tsmom.js', GOOD, 'has a signal tsmom already'],
  ])('that is wrong is refused: %s', async (name, text, why) => {
    await history()
    if (text !== undefined) write(name, text)
    const { code, stderr } = await backtest(configOf(`./${name}`), 'b')
    expect(code).toBe(2)
    expect(stderr).toContain('EXTERNAL_SIGNAL_INVALID')
    expect(stderr).toContain(why)
    expect(existsSync(join(home.path, 'runs', 'b'))).toBe(false)
  })

  it('that thinks nonsense ends a backtest with its name', async () => {
    await history()
    write('mad.js', GOOD.replace('targetWeight: 0.2', 'targetWeight: -1'))
    const { code, stderr } = await backtest(configOf('./mad.js'), 'c')
    expect(code).not.toBe(0)
    expect(stderr).toContain('EXTERNAL_SIGNAL_INVALID: ./mad.js: mad: targetWeight -1 must be a number of 0 or more')
  })
})
