/** The time machine in a browser: every way to a seq leads there, what is shown then is the API's own state, and the past is unmistakable. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventPage, MarksDoc, RunFacts, ViewState } from '#audit/view/view.port'
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

describe('the time machine', () => {
  it.runIf(isRequired)('has a browser to be looked at with', () => {
    expect(hasBrowser).toBe(true)
  })
})

const told = (n: number): string => n.toLocaleString('en-US')
const money = (n: number): string => n.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** The view shows the state of this seq. */
const shows = (page: Page, seq: number): Promise<boolean> =>
  until(page, `document.querySelector('[data-test="seq"]')?.textContent === '${told(seq)}'`)

const now = async (page: Page): Promise<number> =>
  Number(await page.getAttribute('[data-test="slider"]', 'aria-valuenow'))

const ticks = (page: Page, what: string): Promise<number> =>
  page.evaluate<number>(`Number(document.querySelector('[data-test="slider"] .track')?.dataset.${what})`)

describe.skipIf(!hasBrowser)('the time machine of a run with a full log', () => {
  let home: TestHome
  let browser: Browser
  let url = ''
  let api: ReturnType<typeof apiOf>
  let head: ViewState

  beforeAll(async () => {
    home = testHome()
    // Two processes one after the other: the second is a restart.
    await home.quantbot('run', '--run', 'full', '--speed', 'max', '--days', '80', '--json')
    await home.quantbot('run', '--run', 'full', '--speed', 'max', '--days', '40', '--json')
    url = await openRun(home, 'full')
    api = apiOf(url)
    browser = await launch()
    await wholeLog(api)
    head = await api('state')
  })

  afterAll(async () => {
    await browser?.close()
    home?.remove()
  })

  async function ready(width = 1440): Promise<Awaited<ReturnType<typeof lookAt>>> {
    const look = await lookAt(browser, url, { width, height: width < 500 ? 844 : 900 })
    await shows(look.page, head.seq)
    await until(look.page, `Number(document.querySelector('[data-test="slider"] .track')?.dataset.points) > 100`)
    return look
  }

  it('draws the run with its fills and restarts, as many as the log has', async () => {
    const { page, problems } = await ready()
    const facts = await api<RunFacts>('facts')
    let fills = 0
    for (const { instrument } of facts.instruments)
      fills += (await api<MarksDoc>(`marks?instrument=${instrument}`)).marks.filter(
        ({ kind }) => kind === 'fill',
      ).length
    const starts = await api<EventPage>('events?types=ProcessStarted,AgentRestored&limit=1000')
    await until(page, `Number(document.querySelector('[data-test="slider"] .track').dataset.fills) === ${fills}`)
    expect(fills).toBeGreaterThan(100)
    expect(await ticks(page, 'restarts')).toBe(starts.events.length - 1)
    expect(await ticks(page, 'restarts')).toBeGreaterThan(0)
    expect((await painted(page, '[data-test="slider"]')).colours).toBeGreaterThan(2)
    expect(await page.getAttribute('[data-test="live"]', 'aria-pressed')).toBe('true')
    expect(problems).toEqual([])
    await page.context().close()
  })

  it('shows at a chosen seq what the state of that seq says, and says that it is the past', async () => {
    const { page } = await ready()
    for (const share of [0.13, 0.5, 0.81]) {
      const seq = Math.round(head.seq * share)
      await go(page, `#/overview?at=${seq}`)
      await shows(page, seq)
      const state = await api<ViewState>(`state?seq=${seq}`)
      expect((await page.textContent('[data-test="equity"]'))?.replace('\u2212', '-')).toBe(money(state.book.equity))
      expect(await page.textContent('.banner.past')).toContain(told(seq))
    }
    expect(await page.getAttribute('html', 'data-time')).toBe('past')
    const past = await page.evaluate<string>(`getComputedStyle(document.documentElement).getPropertyValue('--accent')`)
    await screenshot(page, 'past')
    await page.click('[data-test="live"]')
    await shows(page, head.seq)
    expect(await page.locator('.banner.past').count()).toBe(0)
    expect(await page.getAttribute('html', 'data-time')).toBe('now')
    expect(
      await page.evaluate<string>(`getComputedStyle(document.documentElement).getPropertyValue('--accent')`),
    ).not.toBe(past)
    await page.context().close()
  })

  it('moves by keys: one event, a hundred, a hundredth of the run, the ends', async () => {
    const { page } = await ready()
    const slider = page.locator('[data-test="slider"]')
    await slider.focus()
    const span = head.seq - 1
    const hundredth = Math.round(span / 100)
    let seq = head.seq
    for (const [key, by] of [
      ['ArrowLeft', -1],
      ['ArrowLeft', -1],
      ['Shift+ArrowLeft', -100],
      ['ArrowRight', 1],
      ['PageDown', -hundredth],
      ['PageDown', -hundredth],
      ['PageUp', hundredth],
    ] as const) {
      await slider.press(key)
      seq += by
      await until(page, `document.querySelector('[data-test="slider"]').getAttribute('aria-valuenow') === '${seq}'`)
    }
    await shows(page, seq)
    await until(page, `location.hash.endsWith('at=${seq}')`)
    await slider.press('Home')
    await shows(page, 1)
    await slider.press('End')
    await shows(page, head.seq)
    await until(page, `!location.hash.includes('at=')`)
    await page.context().close()
  })

  it('is dragged: one request in flight, the newest wins, the last place is what is shown', async () => {
    const { page, problems } = await ready()
    let [flying, most, asked] = [0, 0, 0]
    const isState = (address: string): boolean => address.includes('/api/state?seq=')
    page.on('request', (request) => {
      if (!isState(request.url())) return
      asked++
      most = Math.max(most, ++flying)
    })
    page.on('requestfinished', (request) => {
      if (isState(request.url())) flying--
    })
    const box = (await page.locator('[data-test="slider"]').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.9, box.y + 20)
    await page.mouse.down()
    for (let step = 0; step <= 200; step++) await page.mouse.move(box.x + box.width * (0.9 - step * 0.003), box.y + 20)
    await page.mouse.up()
    const seq = await now(page)
    expect(Math.abs(seq - (1 + 0.3 * (head.seq - 1)))).toBeLessThan(head.seq / box.width + 2)
    await shows(page, seq)
    const state = await api<ViewState>(`state?seq=${seq}`)
    expect((await page.textContent('[data-test="equity"]'))?.replace('\u2212', '-')).toBe(money(state.book.equity))
    expect(most).toBe(1)
    expect(asked).toBeLessThan(200)
    // Beyond the end it lets go.
    await page.mouse.move(box.x + box.width * 0.3, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width + 30, box.y + 20)
    await page.mouse.up()
    await shows(page, head.seq)
    expect(problems).toEqual([])
    await page.context().close()
  })

  it('goes to a typed seq and to a typed time: the last event that is not later', async () => {
    const { page } = await ready()
    const field = page.locator('[data-test="moment"]')
    await field.fill('12,345')
    await field.press('Enter')
    await shows(page, 12_345)
    const { ts } = await api<ViewState>(`state?seq=${Math.round(head.seq * 0.6)}`)
    const at = new Date(ts + 60_000).toISOString().slice(0, 16).replace('T', ' ')
    await field.fill(at)
    await field.press('Enter')
    await until(page, `document.querySelector('[data-test="slider"]').getAttribute('aria-valuenow') !== '12345'`)
    const seq = await now(page)
    await shows(page, seq)
    const asked = Date.parse(`${at.replace(' ', 'T')}Z`)
    const [last, next] = (await api<EventPage>(`events?after=${seq - 1}&limit=2`)).events
    expect(last).toMatchObject({ seq })
    expect(last!.ts).toBeLessThanOrEqual(asked)
    expect(next!.ts).toBeGreaterThan(asked)
    await field.fill('yesterday')
    await field.press('Enter')
    expect(await page.textContent('.moment [role="alert"]')).toContain('UTC time')
    expect(await now(page)).toBe(seq)
    await page.context().close()
  })

  it('plays from a moment and stops when somebody takes the seq', async () => {
    const { page } = await ready()
    await go(page, `#/overview?at=500`)
    await shows(page, 500)
    await page.click('[data-test="play"]')
    await until(page, `Number(document.querySelector('[data-test="slider"]').getAttribute('aria-valuenow')) > 600`)
    await page.locator('[data-test="slider"]').press('Home')
    await shows(page, 1)
    expect(await page.getAttribute('[data-test="play"]', 'aria-label')).toBe('Play')
    await page.context().close()
  })

  it('compares two moments: what moved between them, by how much', async () => {
    const { page, problems } = await ready()
    const [from, to] = [Math.round(head.seq * 0.3), Math.round(head.seq * 0.7)]
    await go(page, `#/time/${from}?at=${to}`)
    await shows(page, to)
    const [a, b] = [await api<ViewState>(`state?seq=${from}`), await api<ViewState>(`state?seq=${to}`)]
    await until(
      page,
      `document.querySelector('[data-test="book-diff"]')?.textContent.includes('${money(a.book.equity)} → ${money(b.book.equity)}')`,
    )
    expect(await page.textContent('[data-test="book-diff"]')).toContain(
      `${told(a.counts.fills)} → ${told(b.counts.fills)}`,
    )
    await screenshot(page, 'time')
    expect(problems).toEqual([])
    await page.context().close()
  })

  it('fits a phone, with its slider in reach of a thumb', async () => {
    const { page, problems } = await ready(390)
    const box = (await page.locator('[data-test="slider"]').boundingBox())!
    expect(box.height).toBeGreaterThanOrEqual(44)
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
    await until(page, `document.documentElement.dataset.time === 'past'`)
    for (const view of ['time', 'agents', 'log', 'market']) {
      await go(page, `#/${view}`)
      await until(page, `document.querySelector('main .panel') !== null`)
      expect(await overflow(page), view).toBeLessThanOrEqual(0)
      await screenshot(page, `phone-${view}`)
    }
    expect(problems).toEqual([])
    expect(hashOf(page)).toContain('market')
    await page.context().close()
  })
})
