/** The page of a run that ended, in a browser: what each view says is what the API says; nothing of a venue becomes HTML; nothing is asked of anybody else. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ExplainNode, Explanation } from '#audit/explanation.port'
import type { EventPage, RunFacts, SignalRow, ViewState } from '#audit/view/view.port'
import { decimal, figures, fixed, percent, signed, signedPercent } from '#web/format'
import { holdings } from '#web/grouping'
import { distance, keyOf, signalGroups } from '#web/signal-groups'
import { sizeOf } from '#web/why-tree'
import { apiOf, go, hasBrowser, isRequired, launch, lookAt, openRun, painted, screenshot } from './page-browser.js'
import { type TestHome, testHome } from './run-process.js'

const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

describe('the views of the page', () => {
  it.runIf(isRequired)('have a browser to be looked at with', () => {
    expect(hasBrowser).toBe(true)
  })
})

const text = (page: Page, selector: string): Promise<string> => page.locator(selector).first().innerText()
const figure = (page: Page, id: string): Promise<string> => text(page, `[data-test="${id}"]`)
const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - window.innerWidth')

/** Sentences of a tree, in the order in which they are read. */
const sentences = (nodes: readonly ExplainNode[]): string[] =>
  nodes.flatMap((node) => [node.says, ...sentences(node.because)])

describe.skipIf(!hasBrowser)('the page of a run that ended', () => {
  let home: TestHome
  let browser: Browser
  let url = ''
  let api: ReturnType<typeof apiOf>
  let facts: RunFacts
  let state: ViewState

  beforeAll(async () => {
    home = testHome()
    await home.quantbot('run', '--run', 'demo', '--speed', 'max', '--days', '120', '--json')
    url = await openRun(home, 'demo')
    api = apiOf(url)
    browser = await launch()
    facts = await api<RunFacts>('facts')
    for (state = await api('state'); state.process.state !== 'stopped'; state = await api('state'));
  })

  afterAll(async () => {
    await browser?.close()
    home?.remove()
  })

  it.each([
    [1440, 900, 'dark'],
    [1440, 900, 'light'],
    [390, 844, 'dark'],
    [390, 844, 'light'],
  ] as const)(
    'shows every view at %d×%d, %s, without a complaint, a foreign request or a line too wide',
    async (width, height, scheme) => {
      const { page, problems, requests } = await lookAt(browser, url, { width, height, scheme })
      const order = state.orders.recent.find((each) => each.state === 'filled')!.order
      for (const [route, ready] of [
        ['overview', '.plot canvas'],
        ['signals', 'table.signals'],
        ['orders', 'table[aria-label="Positions"]'],
        [`why/${order}`, '.tree .node'],
        ['why', '.picks a'],
      ] as const) {
        await go(page, `#/${route}`)
        await page.waitForSelector(ready)
        expect(await overflow(page), route).toBeLessThanOrEqual(0)
        await screenshot(page, `${route.split('/')[0]}-${width}-${scheme}`)
      }
      expect(problems).toEqual([])
      expect(requests.filter((each) => !each.startsWith(new URL(url).origin))).toEqual([])
      await page.context().close()
    },
  )

  it('keeps the token out of the address, the history and every storage', async () => {
    const { page } = await lookAt(browser, url)
    const token = new URL(url).hash.slice('#token='.length)
    expect(page.url()).not.toContain(token)
    const kept = await page.evaluate<string>(
      '[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.documentElement.outerHTML].join()',
    )
    expect(kept).not.toContain(token)
    await page.goBack().catch(() => null)
    expect(page.url()).not.toContain(token)
    const cookies = await page.context().cookies(url)
    expect(cookies).toHaveLength(1)
    expect(cookies[0]).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    await page.context().close()
  })

  it('asks who comes without a session for the token, and takes it once it is right', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(new URL(url).origin)
    await page.waitForSelector('.sign-in')
    await page.fill('input[name=token]', 'f'.repeat(32))
    await page.keyboard.press('Enter')
    await page.locator('[role=alert]', { hasText: 'not the token' }).waitFor()
    await page.fill('input[name=token]', url)
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-test="seq"]')
    await context.close()
  })

  it('overview: figures, limits and health are those of the state', async () => {
    const { page } = await lookAt(browser, url)
    await page.waitForSelector('.equity .plot canvas')
    expect(await figure(page, 'seq')).toBe(fixed(state.seq, 0))
    expect(await figure(page, 'equity')).toBe(fixed(state.book.equity, 2))
    expect(await figure(page, 'pnl')).toBe(signed(state.today.pnl, 2))
    expect(await figure(page, 'drawdown')).toBe(percent(state.book.drawdown))
    expect(await figure(page, 'gross')).toBe(percent(state.book.gross))
    expect(await text(page, '.mode')).toBe('SIM')
    const limits = await page.locator('.limit-line .n').allInnerTexts()
    expect(limits).toEqual(state.limits.map(({ value, limit }) => `${percent(value)} of ${percent(limit)}`))
    expect(limits.length).toBeGreaterThan(3)
    expect(await page.locator('.health .name').count()).toBe(state.agents.length + state.feeds.length)
    expect((await painted(page, '.equity')).colours).toBeGreaterThan(3)
    await page.context().close()
  })

  it('signals: twelve, by kind, with value, threshold, distance, weights and reason; history on demand', async () => {
    const { page } = await lookAt(browser, url)
    await go(page, '#/signals')
    await page.waitForSelector('table.signals')
    const names = new Set(
      await page.evaluate<string[]>(
        `[...document.querySelectorAll('tr[data-signal]')].map((row) => row.dataset.signal)`,
      ),
    )
    expect([...names].sort()).toEqual(facts.signals.map(({ signal }) => signal).sort())
    expect(names.size).toBe(12)
    const spoken = signalGroups(facts.signals, state.signals).flatMap(({ entries }) =>
      entries.flatMap(({ rows }) => rows.slice(0, 1)),
    )
    expect(spoken.length).toBeGreaterThan(2)
    for (const row of spoken) {
      const cells = await page.locator(`tr[data-signal="${row.signal}"]`).first().locator('td').allInnerTexts()
      expect(cells[2]).toContain(figures(row.value))
      expect(cells.slice(3, 8)).toEqual([
        figures(row.threshold),
        figures(distance(row)),
        percent(row.confidence, 0),
        signedPercent(row.targetWeight),
        signedPercent(row.blendedWeight),
      ])
    }
    await page.locator('tr[data-signal="tsmom"] .fold-rows').click()
    expect(await page.locator('tr[data-signal="tsmom"]').count()).toBe(
      state.signals.filter(({ signal }) => signal === 'tsmom').length,
    )
    const row = state.signals.filter(({ signal }) => signal === 'tsmom').at(-1) as SignalRow // counted above
    await go(page, `#/signals/${encodeURIComponent(keyOf(row))}`)
    await page.waitForSelector('.signal-history .plot canvas')
    await page.waitForSelector('.said li')
    const words = await api<EventPage>(`events?before=${state.seq + 1}&by=signal/tsmom&text=${row.subject}&limit=60`)
    const said = await page.locator('.said li span:last-child').allInnerTexts()
    expect(said).toEqual(words.events.map(({ says }) => says).reverse())
    expect((await painted(page, '.signal-history')).colours).toBeGreaterThan(2)
    await page.context().close()
  })

  it('orders: positions, orders and refusals are those of the state; grouped and filtered', async () => {
    const { page } = await lookAt(browser, url)
    await go(page, '#/orders')
    const rows = page.locator('table[aria-label="Positions"] tbody tr')
    await rows.first().waitFor()
    const held = holdings(state.book, facts.currency, false)
    expect(await rows.count()).toBe(held.length)
    const quantities = await rows.locator('td[data-name="Quantity"]').allInnerTexts()
    expect(quantities).toEqual(held.map(({ quantity }) => decimal(quantity)))
    await page.getByRole('button', { name: 'By symbol' }).click()
    const groups = page.locator('table[aria-label="Positions"] tr.group')
    expect(await groups.count()).toBe(held.length)
    await page.getByRole('button', { name: 'One list' }).click()
    const refused = state.orders.recent.filter(({ state: is }) => is === 'refused' || is === 'withheld')
    await page.getByRole('button', { name: /^Refused/ }).click()
    expect(await text(page, 'button[aria-pressed="true"] >> text=/^Refused/')).toBe(
      `Refused ${fixed(state.orders.counts.refused, 0)}`,
    )
    const ended = page.locator('table[aria-label="Ended and refused orders"]')
    if (refused.length > 30) await page.getByRole('button', { name: /^Show/ }).click()
    expect(await ended.locator('td[data-name="Quantity"]').allInnerTexts()).toEqual(
      refused.map(({ quantity }) => decimal(quantity)),
    )
    expect(await ended.locator('td[data-name="Reason"]').first().innerText()).not.toBe('')
    await page.context().close()
  })

  it('why: an order back to the market, as the auditor reads it; its address leads there again', async () => {
    const { page } = await lookAt(browser, url)
    const { order } = state.orders.recent.find((each) => each.state === 'filled')!
    const explanation = await api<Explanation>(`explain?target=${order}`)
    await go(page, '#/why')
    await page.locator(`.picks a[href*="${order}"]`).click()
    await page.waitForSelector('.tree .node')
    expect(await text(page, '.told h2')).toBe(explanation.summary)
    await page.getByRole('button', { name: 'Open all' }).click()
    const told = await page.locator('.tree .node > .line p').allInnerTexts()
    expect(told).toEqual(sentences(explanation.cause))
    expect(told.length).toBe(sizeOf(explanation.cause).nodes)
    expect(told.some((each) => each.includes('bar of'))).toBe(true)
    expect(await page.locator('.node.market').count()).toBeGreaterThan(0)
    await page.locator('.node.risk .numbers summary').first().click()
    await page.locator('.node.risk .numbers table').first().waitFor()
    const { href } = new URL(page.url())
    await page.goto(`${new URL(url).origin}/`)
    await page.goto(href)
    await page.waitForSelector('.tree .node')
    expect(await text(page, '.told h2')).toBe(explanation.summary)
    await page.fill('input[name=target]', 'no-such-order')
    await page.keyboard.press('Enter')
    await page.locator('[role=alert]', { hasText: 'ORDER_NOT_FOUND' }).waitFor()
    await page.context().close()
  })

  it('why: refusals and words of signals are explained by their seq', async () => {
    const { page } = await lookAt(browser, url)
    const refusal = state.orders.recent.find((each) => each.state === 'refused')!
    for (const seq of [refusal.seq, state.signals[0]!.seq]) {
      const explanation = await api<Explanation>(`explain?target=${seq}`)
      await go(page, `#/why/${seq}`)
      await page.locator('.told h2', { hasText: explanation.summary }).waitFor()
      expect(await text(page, '.tree .node > .line p')).toBe(explanation.cause[0]!.says)
    }
    await page.context().close()
  })

  it('every view shows the chosen seq, links keep it, and l leads back to the head', async () => {
    const { page } = await lookAt(browser, url)
    const seq = Math.floor(state.seq / 3)
    const then = await api<ViewState>(`state?seq=${seq}`)
    await go(page, `#/overview?at=${seq}`)
    await page.locator('[data-test="seq"]', { hasText: fixed(then.seq, 0) }).waitFor()
    expect(await figure(page, 'equity')).toBe(fixed(then.book.equity, 2))
    expect(then.book.equity).not.toBe(state.book.equity)
    expect(await page.locator('.banner.past').count()).toBe(1)
    await page.keyboard.press('4')
    const quantities = page.locator('table[aria-label="Positions"] td[data-name="Quantity"]')
    await quantities.first().waitFor()
    expect(page.url()).toContain(`at=${seq}`)
    expect(await quantities.allInnerTexts()).toEqual(
      holdings(then.book, facts.currency, false).map((row) => decimal(row.quantity)),
    )
    await page.keyboard.press('l')
    await page.locator('[data-test="seq"]', { hasText: fixed(state.seq, 0) }).waitFor()
    await page.waitForURL(({ hash }) => !hash.includes('at='))
    await page.context().close()
  })

  it('is led by keys: views, list of shortcuts, theme, which is remembered', async () => {
    const { page } = await lookAt(browser, url, { scheme: 'light' })
    await page.keyboard.press('3')
    await page.waitForSelector('table.signals')
    await page.keyboard.press('?')
    await page.waitForSelector('dialog.shortcuts[open]')
    await page.keyboard.press('1')
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog.shortcuts:not([open])', { state: 'attached' })
    expect(page.url()).toContain('#/signals')
    const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const light = await background()
    await page.keyboard.press('t')
    expect(await background()).not.toBe(light)
    await page.reload()
    await page.waitForSelector('[data-test="seq"]')
    expect(await background()).not.toBe(light)
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.className')).toBe('skip')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await page.context().close()
  })

  it('shows what a venue says as text, whatever it says', async () => {
    const { page, problems } = await lookAt(browser, url)
    const evil = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(evil)
      if (typeof value === 'object' && value !== null)
        return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === 'kind' ? each : evil(each)]))
      return typeof value === 'string' && !/^-?\d/.test(value) ? `${value}${HOSTILE}` : value
    }
    for (const path of ['state', 'explain', 'events'])
      await page.route(`**/api/${path}*`, async (route) => {
        const response = await route.fetch()
        await route.fulfill({ response, json: evil(await response.json()) })
      })
    await page.reload()
    for (const [route, where] of [
      ['orders', 'table[aria-label="Positions"]'],
      ['signals', 'table.signals'],
      [`why/${state.signals[0]!.seq}`, '.tree .node'],
      ['overview', '.health'],
    ] as const) {
      await go(page, `#/${route}`)
      await page.locator(where, { hasText: HOSTILE }).first().waitFor()
      expect(await page.locator('main img, main script').count(), route).toBe(0)
    }
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(problems).toEqual([])
    await page.context().close()
  })

  it('says so when quantbot is gone, and goes on showing what it knew', async () => {
    const ended = testHome()
    try {
      await ended.quantbot('run', '--run', 'short', '--speed', 'max', '--days', '5', '--json')
      const process = ended.start('open', 'short', '--port', '0', '--no-browser', '--json')
      const { page } = await lookAt(browser, String((await process.firstLine()).url))
      const equity = await figure(page, 'equity')
      process.kill('SIGKILL')
      await page.locator('.banner.bad', { hasText: 'Offline' }).waitFor()
      expect(await figure(page, 'equity')).toBe(equity)
      await page.context().close()
    } finally {
      ended.remove()
    }
  })
})
