/** Every benchmark in its tiny scale, in process: figures come out and the work that is measured is the right work. No timing is judged. */
import { describe, expect, it } from 'vitest'
import { ALL } from '../../bench/all.js'
import { agreed, type Figure, format, isMet, marginalUs, median, medianRatio } from '../../bench/figures.js'

const results = new Map<string, Promise<readonly Figure[]>>()

/** Each benchmark runs once, whichever test asks first. */
function resultOf(name: string): Promise<readonly Figure[]> {
  const found = results.get(name) ?? ALL.find((bench) => bench.name === name)!.run('tiny')
  results.set(name, found)
  return found
}

async function figure(name: string, what: string): Promise<Figure> {
  const figures = await resultOf(name)
  const found = figures.find((each) => each.what.startsWith(what))
  expect(found, `${name}: ${what} among ${figures.map((each) => each.what).join('; ')}`).toBeDefined()
  return found!
}

describe('benchmarks', () => {
  it.each(ALL.map(({ name }) => name))(
    '%s gives finite figures under names of their own',
    async (name) => {
      const figures = await resultOf(name)
      expect(figures.filter(({ value }) => !Number.isFinite(value))).toEqual([])
      expect(new Set(figures.map(({ what }) => what)).size).toBe(figures.length)
      expect(figures.some(({ target, unit }) => target !== undefined || unit === '×')).toBe(true)
      for (const { fingerprint } of figures)
        if (fingerprint !== undefined) expect(fingerprint).toMatch(/^[0-9a-f]{64}$/)
    },
    60_000,
  )

  it('decide the same: with a log, without one, and again from the log', async () => {
    const { fingerprint } = await figure('backtest', 'bars a second')
    expect((await figure('backtest', 'without the log')).fingerprint).toBe(fingerprint)
    expect((await figure('replay', 'backtest with its log')).fingerprint).toBe(fingerprint)
    expect((await figure('replay', 'redecide, every byte')).fingerprint).toBe(fingerprint)
  }, 60_000)

  it('decide something, and other tapes otherwise', async () => {
    expect((await figure('backtest', 'derived events a bar')).value).toBeGreaterThan(0)
    const figures = await resultOf('backtest')
    const tapes = figures.filter(({ what }) => /^cost (?:a|of an added) bar, /.test(what) && !what.includes(' : '))
    expect(new Set(tapes.map(({ fingerprint }) => fingerprint)).size).toBe(tapes.length)
  }, 60_000)

  it('restart a run where it ended', async () => {
    expect((await figure('restart', 'events of the run')).value).toBeGreaterThanOrEqual(8_000)
    expect((await figure('restart', 'of it until all states')).value).toBeGreaterThan(0)
  }, 60_000)
})

describe('figures', () => {
  it('are compared side by side', () => {
    expect(medianRatio([2, 9, 4], [1, 3, 4])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(agreed(['a', 'a'])).toBe('a')
    expect(() => agreed(['a', 'b'])).toThrow('runs differ: a, b')
    expect(() => agreed([])).toThrow()
    expect(marginalUs([5, 7, 11], [10, 20, 30])).toEqual([200, 400])
  })

  it('are held against their target', () => {
    const at = (value: number, target?: Figure['target']): boolean | undefined =>
      isMet({ what: 'x', unit: '×', value, ...(target && { target }) })
    expect([at(2, { min: 2 }), at(1.9, { min: 2 }), at(2, { max: 2 }), at(2.1, { max: 2 }), at(1)]).toEqual([
      true,
      false,
      true,
      false,
      undefined,
    ])
  })

  it.each([
    [1234.5, '1,235'],
    [123.45, '123'],
    [12.345, '12.3'],
    [1.2345, '1.23'],
    [0.01234, '0.012'],
    [0, '0.000'],
  ])('%s is told as %s', (value, text) => {
    expect(format(value)).toBe(text)
  })
})
