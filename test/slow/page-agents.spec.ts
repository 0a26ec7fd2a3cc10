/** Agents and log of a process that runs, in a browser: as they stand, an agent restarted by hand, and the log that tells of it. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventPage, RunFacts } from '#audit/view/view.port'
import { apiOf, go, hasBrowser, isRequired, launch, lookAt, screenshot, until } from './page-browser.js'
import { type TestHome, testHome } from './run-process.js'

describe('agents and log', () => {
  it.runIf(isRequired)('have a browser to be looked at with', () => {
    expect(hasBrowser).toBe(true)
  })
})

describe.skipIf(!hasBrowser)('agents and log of a process that runs', () => {
  let home: TestHome
  let browser: Browser
  let url = ''
  let api: ReturnType<typeof apiOf>

  beforeAll(async () => {
    home = testHome()
    const line = await home.start('run', '--run', 'a', '--json', '--port', '0', '--speed', '36000').firstLine()
    url = String(line.url)
    api = apiOf(url)
    browser = await launch()
  })

  afterAll(async () => {
    await browser?.close()
    home?.remove()
  })

  it('shows every agent where it stands, restarts one, and the log says so', async () => {
    const { page, problems } = await lookAt(browser, url)
    const facts = await api<RunFacts>('facts')
    await go(page, '#/agents/signal%2Ftsmom')
    await until(
      page,
      `document.querySelectorAll('[data-agent][data-state="running"]').length === ${facts.agents.length}`,
    )
    await page.click('[data-test="restart"]')
    await page.fill('dialog[open] input[name="reason"]', 'tried by hand')
    await page.click('[data-test="restart-confirm"]')
    await until(page, `document.querySelector('.restart [role="status"]')?.textContent.includes('was restarted')`)
    await until(page, `document.querySelector('[data-agent="signal/tsmom"]')?.dataset.state === 'running'`)
    await screenshot(page, 'agents')
    await go(page, '#/log')
    await page.fill('[data-test="text"]', 'tried by hand')
    await until(page, `document.querySelector('[data-test="log"]')?.textContent.includes('tried by hand')`)
    const { events } = await api<EventPage>('events?text=tried%20by%20hand&limit=10')
    expect(events.map(({ by }) => by)).toContain('supervisor/root')
    await page.click(`[data-seq="${events[0]!.seq}"]`)
    expect(await page.textContent('.log .details pre')).toContain('tried by hand')
    await screenshot(page, 'log')
    expect(problems).toEqual([])
    await page.context().close()
  })

  it('follows the tail, pages back without a gap, and filters by kind', async () => {
    const { page } = await lookAt(browser, url)
    await go(page, '#/log')
    const newest = `Number(document.querySelector('[data-test="log"]')?.dataset.newest)`
    await until(page, `${newest} > 0`)
    const seen = await page.evaluate<number>(newest)
    await until(page, `${newest} > ${seen}`)
    await page.click('[data-test="tail"]')
    await page.locator('.log-foot').scrollIntoViewIfNeeded()
    await until(page, `document.querySelectorAll('[data-test="log"] [data-seq]').length > 300`)
    const seqs = await page.$$eval('[data-test="log"] [data-seq]', (rows) =>
      rows.map((row) => Number((row as unknown as { readonly dataset: { readonly seq: string } }).dataset.seq)),
    )
    for (const [i, seq] of seqs.slice(1).entries()) expect(seq).toBe(seqs[i]! - 1)
    expect(await page.textContent('[data-test="chain"]')).toContain('Chain holds')
    await page.click('[data-test="group-Fills"]')
    await until(
      page,
      `[...document.querySelectorAll('[data-test="log"] .type')].every((each) => /^(OrderFilled|PositionSettled|FundingAccrued)$/.test(each.textContent))`,
    )
    await page.context().close()
  })
})
