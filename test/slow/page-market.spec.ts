/** The market view in a browser: candles and what we did on them are those of the API, and nothing of them is later than the seq looked at. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BarsDoc, MarksDoc, RunFacts, ViewState } from '#audit/view/view.port'
import { DAY_MS, isoDay } from '#core/time'
import { fillLake, quantbot } from '../pipeline/cli.js'
import { configOf, TAPE_START, type TapeSpec } from '../pipeline/tape.js'
import {
  apiOf,
  go,
  hasBrowser,
  hashOf,
  isRequired,
  launch,
  lookAt,
  openRun,
  overflow,
  painted,
  screenshot,
  until,
  wholeLog,
} from './page-browser.js'
import { type TestHome, testHome } from './run-process.js'

const HOUR = 3_600_000

describe('the market view', () => {
  it.runIf(isRequired)('has a browser to be looked at with', () => {
    expect(hasBrowser).toBe(true)
  })
})

interface Drawn {
  readonly candles: number
  readonly fills: number
  readonly marks: number
  readonly panes: number
  /** Epoch ms. */
  readonly lastTime: number
}

async function drawn(page: Page, subject: string): Promise<Drawn> {
  const chart = page.locator(`[data-test="candles"][data-subject^="${subject}"]`)
  const of = async (name: string): Promise<number> => Number(await chart.getAttribute(`data-${name}`))
  return {
    candles: await of('candles'),
    fills: await of('fills'),
    marks: await of('marks'),
    panes: await of('panes'),
    lastTime: (await of('last-time')) * 1000,
  }
}

/** Waits until the header shows the seq, and the chart a bar that is no later than its time. */
async function settled(page: Page, { seq, ts }: ViewState): Promise<void> {
  await until(
    page,
    `(() => {
    const last = Number(document.querySelector('[data-test="candles"]')?.dataset.lastTime) * 1000
    const seq = document.querySelector('[data-test="seq"]')?.textContent
    return seq === '${seq.toLocaleString('en-US')}' && last <= ${ts} && last > ${ts - 2 * HOUR - 1}
  })()`,
  )
}

describe.skipIf(!hasBrowser)('the market view of a run with a full log', () => {
  let home: TestHome
  let browser: Browser
  let url = ''
  let instrument = ''
  let api: ReturnType<typeof apiOf>
  let head: ViewState

  beforeAll(async () => {
    home = testHome()
    await home.quantbot('run', '--run', 'full', '--speed', 'max', '--days', '120', '--json')
    url = await openRun(home, 'full')
    api = apiOf(url)
    browser = await launch()
    const facts = await api<RunFacts>('facts')
    await wholeLog(api)
    head = await api('state')
    const counts = await Promise.all(
      facts.instruments.map(async (each) => ({
        id: each.instrument,
        fills: (await marksOf(each.instrument)).filter(({ kind }) => kind === 'fill').length,
      })),
    )
    instrument = counts.sort((a, b) => b.fills - a.fills)[0]!.id
  })

  afterAll(async () => {
    await browser?.close()
    home?.remove()
  })

  const marksOf = async (id: string, until = head.seq): Promise<MarksDoc['marks']> =>
    (await api<MarksDoc>(`marks?instrument=${id}&until=${until}`)).marks

  /** The chart holds so many bars back from the seq that is looked at. */
  const windowOf = (ts: number): number => ts - 1_000 * HOUR

  it('draws every bar and every fill of its window, and a canvas that is not blank', async () => {
    const { page, problems } = await lookAt(browser, url)
    await go(page, `#/market/${instrument}`)
    await settled(page, head)
    const shown = await drawn(page, instrument)
    const from = windowOf(head.ts)
    const bars = await api<BarsDoc>(`bars?instrument=${instrument}&until=${head.seq}&from=${from}`)
    const fills = (await marksOf(instrument)).filter(({ kind, ts }) => kind === 'fill' && ts >= bars.ts[0]!)
    expect(bars.ts.length).toBeGreaterThan(900)
    expect(fills.length).toBeGreaterThan(5)
    expect(shown).toMatchObject({ candles: bars.ts.length, fills: fills.length, lastTime: bars.ts.at(-1) })
    expect((await painted(page, '[data-test="candles"]')).colours).toBeGreaterThan(6)
    expect(await page.textContent('[data-test="absent"]')).toContain('DVOL')
    await screenshot(page, 'market')
    expect(problems).toEqual([])
    await page.context().close()
  })

  it.each([0.2, 0.5, 0.77])('draws nothing that is later than the seq looked at: %d of the run', async (share) => {
    const { page, requests } = await lookAt(browser, url)
    const seq = Math.round(head.seq * share)
    await go(page, `#/market/${instrument}?at=${seq}`)
    const state = await api<ViewState>(`state?seq=${seq}`)
    await settled(page, state)
    const shown = await drawn(page, instrument)
    // The newest bar has closed at the latest at that instant, and no bar that had closed is missing.
    expect(shown.lastTime + HOUR).toBeLessThanOrEqual(state.ts)
    const bars = await api<BarsDoc>(`bars?instrument=${instrument}&until=${seq}&from=${windowOf(state.ts)}`)
    expect(shown).toMatchObject({ candles: bars.ts.length, lastTime: bars.ts.at(-1) })
    const marks = await marksOf(instrument, seq)
    expect(marks.every((mark) => mark.seq <= seq)).toBe(true)
    const fills = marks.filter(({ kind, ts }) => kind === 'fill' && ts >= bars.ts[0]!)
    expect(shown.fills).toBe(fills.length)
    const asked = requests.filter((each) => each.includes('/api/bars') || each.includes('/api/series'))
    const ofChart = asked.filter((each) => each.includes('from='))
    expect(ofChart.length).toBeGreaterThan(0)
    for (const each of ofChart) {
      const until = Number(new URL(each).searchParams.get('until'))
      if (until !== head.seq) expect(until).toBe(seq)
    }
    // The table below says the same, newest first.
    const rows = await page.$$eval('[data-test="marks"] tbody tr', (all) => all.length)
    expect(rows).toBe(Math.min(25, marks.length))
    await page.context().close()
  })

  it('leads from a mark on the canvas to why it was made', async () => {
    const { page } = await lookAt(browser, url)
    // Where no position is open, no level has the colour of the decisions.
    const seq = await flatSeq()
    await go(page, `#/market/${instrument}?at=${seq}`)
    await settled(page, await api<ViewState>(`state?seq=${seq}`))
    for (const kind of ['fill', 'stop']) {
      const button = page.locator(`button.kind.${kind}[aria-pressed="true"]`)
      if ((await button.count()) > 0) await button.click()
    }
    const { x, y } = await until<{ readonly x: number; readonly y: number }>(page, SPOT_OF_MARK)
    await page.mouse.move(x, y)
    await page.mouse.click(x, y)
    await until(page, `location.hash.startsWith('#/why/')`)
    const [, argument] = /^#\/why\/([^?]+)/.exec(hashOf(page))!
    const made = (await marksOf(instrument, seq)).find((mark) => String(mark.seq) === decodeURIComponent(argument!))
    expect(made?.kind).toBe('decision')
    expect(hashOf(page)).toContain(`at=${seq}`)
    await page.context().close()
  })

  async function flatSeq(): Promise<number> {
    for (let share = 0.35; share < 1; share += 0.03) {
      const seq = Math.round(head.seq * share)
      const state = await api<ViewState>(`state?seq=${seq}`)
      const position = state.book.positions.find((each) => each.instrument === instrument)
      const recent = (await marksOf(instrument, seq)).filter(
        ({ kind, ts, side }) => kind === 'decision' && side !== 'flat' && ts > state.ts - 100 * HOUR,
      )
      if (Number(position?.quantity ?? 0) === 0 && recent.length > 0) return seq
    }
    throw new Error('no moment without a position and with a recent decision')
  }

  it.each([
    ['light', 1440],
    ['dark', 390],
  ] as const)('is drawn in %s at %d px, without scrolling sideways', async (scheme, width) => {
    const { page, problems } = await lookAt(browser, url, { scheme, width, height: 844 })
    await go(page, `#/market/${instrument}`)
    expect((await drawn(page, instrument)).candles).toBeGreaterThan(900)
    expect((await painted(page, '[data-test="candles"]')).colours).toBeGreaterThan(4)
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    await screenshot(page, `market-${scheme}-${width}`)
    expect(problems).toEqual([])
    await page.context().close()
  })
})

/** Middle of a mark in the colour of decisions on the first pane, in the page's pixels; null until one is painted. */
const SPOT_OF_MARK = `(() => {
  const probe = document.createElement('span')
  probe.style.color = 'var(--accent)'
  document.body.append(probe)
  const [r, g, b] = getComputedStyle(probe).color.match(/\\d+/g).map(Number)
  probe.remove()
  for (const canvas of document.querySelectorAll('[data-test="candles"] canvas')) {
    if (canvas.height < 200 || canvas.width < 300) continue
    const { width, height } = canvas
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height)
    const is = (x, y) => {
      const i = (y * width + x) * 4
      return data[i] === r && data[i + 1] === g && data[i + 2] === b
    }
    for (let y = 3; y < height - 3; y++)
      for (let x = width - 4; x > 3; x--)
        if (is(x, y) && is(x - 2, y) && is(x + 2, y) && is(x, y - 2) && is(x, y + 2)) {
          const { left, top } = canvas.getBoundingClientRect()
          return { x: left + x / devicePixelRatio, y: top + (y + 1) / devicePixelRatio }
        }
  }
  return null
})()`

describe.skipIf(!hasBrowser)('the market view of a backtest, whose log holds decisions alone', () => {
  const SPEC: TapeSpec = {
    seed: 61,
    days: 400,
    interval: '1d',
    symbols: [
      { symbol: 'AAA', funding: 'recorded', drift: 0.8 },
      { symbol: 'BBB', annualVol: 1.1 },
    ],
  }
  let home: TestHome
  let browser: Browser
  let url = ''

  beforeAll(async () => {
    home = testHome()
    await fillLake(home.path, SPEC)
    const file = join(home.path, 'backtest.yaml')
    writeFileSync(file, JSON.stringify(configOf(SPEC))) // JSON is YAML
    const [from, to] = [isoDay(TAPE_START + 180 * DAY_MS), isoDay(TAPE_START + 399 * DAY_MS)]
    await quantbot(
      home.path,
      'backtest',
      '--config',
      file,
      '--from',
      from,
      '--to',
      to,
      '--run',
      'bt',
      '--no-standalone',
    )
    url = await openRun(home, 'bt')
    browser = await launch()
  })

  afterAll(async () => {
    await browser?.close()
    home?.remove()
  })

  it('draws the bars of the tape and the fills of the log', async () => {
    const api = apiOf(url)
    const { page, problems } = await lookAt(browser, url)
    const facts = await api<RunFacts>('facts')
    expect(facts).toMatchObject({ mode: 'backtest', log: 'derived' })
    const { instrument } = facts.instruments[0]!
    const { marks } = await api<MarksDoc>(`marks?instrument=${instrument}`)
    await go(page, `#/market/${instrument}`)
    const shown = await drawn(page, instrument)
    expect(shown.candles).toBeGreaterThan(200)
    expect(shown.fills).toBe(marks.filter(({ kind }) => kind === 'fill').length)
    expect(shown.fills).toBeGreaterThan(0)
    await screenshot(page, 'market-backtest')
    expect(problems).toEqual([])
  })
})
