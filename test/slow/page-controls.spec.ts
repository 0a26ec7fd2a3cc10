/** The hand on the brake, in a browser: keys, reason, confirmation; each an event of the log; flat when the venue says so. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ViewState } from '#audit/view/view.port'
import { readEvents } from '#events/log/reader'
import { apiOf, go, hasBrowser, isRequired, launch, lookAt, screenshot } from './page-browser.js'
import { type TestHome, testHome } from './run-process.js'

const HOSTILE = 'by hand <img src=x onerror="window.hacked=1">'

describe('the controls of the page', () => {
  it.runIf(isRequired)('have a browser to be tried with', () => {
    expect(hasBrowser).toBe(true)
  })
})

describe.skipIf(!hasBrowser)('the controls of the page', () => {
  let browser: Browser
  let home: TestHome
  let url = ''

  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
  })
  beforeEach(async () => {
    home = testHome()
    // A machine that is busy with other tests must not halt by itself.
    const config = join(home.path, 'quantbot.yaml')
    writeFileSync(config, 'log:\n  stallMs: 120000\n')
    const args = ['--run', 'desk', '--json', '--config', config, '--port', '0', '--speed', '72000']
    const running = home.start('run', ...args)
    url = String((await running.firstLine()).url)
  })
  afterEach(() => home.remove())

  const commands = (): { command: string; reason: string }[] => {
    const found: { command: string; reason: string }[] = []
    readEvents(join(home.path, 'runs', 'desk'), (event) => {
      if (event.type === 'OperatorCommanded') found.push(event.data as { command: string; reason: string }) // its schema
    })
    return found
  }

  async function command(page: Page, name: string, reason: string): Promise<void> {
    await page.locator(`[data-command="${name}"]`).click()
    await page.fill('dialog input[name=reason]', reason)
    await page.locator('[data-test="confirm"]').click()
    await page.waitForSelector('[data-test="outcome"]')
  }

  it('follows the log, and halts by keys alone: the reason is in the log, and on the page as text', async () => {
    const { page, problems, requests } = await lookAt(browser, url)
    const seq = (): Promise<string> => page.locator('[data-test="seq"]').innerText()
    const first = await seq()
    await page.locator('[data-test="seq"]').filter({ hasNotText: first }).waitFor()
    await page.keyboard.press('h')
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog.confirm[open]')
    // Without a reason nothing is sent.
    await page.keyboard.press('Enter')
    expect(commands()).toEqual([])
    await page.keyboard.type(HOSTILE)
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-test="outcome"]')
    expect(commands()).toMatchObject([{ command: 'halt', reason: HOSTILE }])
    await page.keyboard.press('Escape')
    await page.locator('.banner.bad', { hasText: 'HALTED' }).waitFor()
    await screenshot(page, 'halted')
    await page.locator('.banner.bad a', { hasText: 'why' }).click()
    await page.locator('.tree .node', { hasText: HOSTILE }).first().waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    await command(page, 'resume', 'enough')
    expect(commands().map(({ command: name }) => name)).toEqual(['halt', 'resume'])
    await page.keyboard.press('Escape')
    await page.locator('.banner.bad', { hasText: 'HALTED' }).waitFor({ state: 'detached' })
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(problems).toEqual([])
    expect(requests.filter((each) => !each.startsWith(new URL(url).origin))).toEqual([])
    await page.context().close()
  })

  it('cancelled, it does nothing', async () => {
    const { page } = await lookAt(browser, url)
    for (const leave of ['Escape', 'Cancel']) {
      await page.locator('[data-command="flatten"]').click()
      await page.fill('dialog input[name=reason]', 'a slip')
      if (leave === 'Escape') await page.keyboard.press(leave)
      else await page.getByRole('button', { name: leave }).click()
      await page.waitForSelector('dialog.confirm', { state: 'detached' })
    }
    expect(commands()).toEqual([])
    await page.context().close()
  })

  it('flattens, and says flat only when every position is closed', async () => {
    const { page } = await lookAt(browser, url)
    const api = apiOf(url)
    for (let state = await api<ViewState>('state'); state.counts.fills < 5; state = await api('state'));
    await command(page, 'flatten', 'end of the day')
    expect(await page.locator('[data-test="outcome"]').innerText()).toContain('not flat until the venues confirm')
    await page.waitForSelector('[data-test="flat"]')
    const { flatten, book } = await api<ViewState>('state')
    expect(flatten!.flatSeq).toBeGreaterThan(flatten!.seq)
    expect(book.positions.filter(({ quantity }) => Number(quantity) !== 0)).toEqual([])
    expect(commands()).toMatchObject([{ command: 'flatten', reason: 'end of the day' }])
    await page.keyboard.press('Escape')
    await go(page, '#/overview')
    await page.locator('.trouble', { hasText: 'Flat' }).waitFor()
    await screenshot(page, 'flat')
    await page.context().close()
  })

  it('with real money is unmistakable, and flattens only when the run is typed', async () => {
    const { page } = await lookAt(browser, url)
    // No venue takes real money in a test: the facts say so to the page alone.
    await page.route('**/api/facts', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...((await response.json()) as object), mode: 'live' } })
    })
    await page.reload()
    const badge = page.locator('header .mode')
    await badge.waitFor()
    expect(await badge.innerText()).toBe('LIVE')
    expect(await page.evaluate(`getComputedStyle(document.querySelector('header .mode')).backgroundColor`)).toBe(
      'rgb(215, 38, 61)',
    )
    await screenshot(page, 'live')
    await page.locator('[data-command="flatten"]').click()
    await page.fill('dialog input[name=reason]', 'out')
    const confirm = page.locator('[data-test="confirm"]')
    expect(await confirm.isDisabled()).toBe(true)
    await page.fill('dialog input[name=typed]', 'dask')
    expect(await confirm.isDisabled()).toBe(true)
    expect(commands()).toEqual([])
    await page.fill('dialog input[name=typed]', 'desk')
    await confirm.click()
    await page.waitForSelector('[data-test="outcome"]')
    expect(commands()).toMatchObject([{ command: 'flatten', reason: 'out' }])
    await page.context().close()
  })

  it('refused, it says why', async () => {
    const { page } = await lookAt(browser, url)
    await page.route('**/api/control', (route) =>
      route.fulfill({ status: 409, json: { error: { code: 'CONTROL_REFUSED', message: 'the process is stopping' } } }),
    )
    await page.locator('[data-command="halt"]').click()
    await page.fill('dialog input[name=reason]', 'news')
    await page.locator('[data-test="confirm"]').click()
    await page.locator('dialog [role=alert]', { hasText: 'CONTROL_REFUSED' }).waitFor()
    expect(await page.locator('[data-test="outcome"]').count()).toBe(0)
    await page.context().close()
  })
})
