/** The report in a browser: charts drawn, nothing asked for, hostile names shown as text. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderReport } from '#backtest/report'
import { summarise } from '#backtest/statistics'
import { NO_TRIALS } from '#data/trials'
import { syntheticRecording } from '../backtest/recorded.js'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = process.env.QUANTBOT_CHROMIUM ?? BROWSERS.find((path) => existsSync(path))
const required = process.env.QUANTBOT_REQUIRE_SERVERS === '1'
/** Folder to keep the page and its screenshots in, for a look. */
const keep = process.env.QUANTBOT_SCREENSHOTS

const HOSTILE = '</script><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

if (executablePath === undefined)
  process.stderr.write('report.spec: no chromium found, the report is NOT looked at (apt-get install chromium)\n')

describe('report.html in a browser', () => {
  it.runIf(required)('has a browser to be looked at with', () => {
    expect(executablePath).toBeDefined()
  })
})

describe.skipIf(executablePath === undefined)('report.html in a browser', () => {
  let browser: Browser
  let folder = ''
  let file = ''
  let bytes = 0

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'quantbot-report-'))
    file = join(folder, 'report.html')
    const names = ['test.usdm.BTCUSDT', 'test.usdm.ETHUSDT', HOSTILE]
    const more = Array.from({ length: 17 }, (_, i) => `test.usdm.ALT${i}USDT`)
    const signals = ['tsmom', 'donchian', 'meanrev']
    const recording = syntheticRecording({ instruments: [...names, ...more], signals, days: 2555, edge: 0.0004 })
    const standAlone = signals.map((signal, k) => ({
      signal,
      recording: syntheticRecording({ instruments: names, signals: [signal], days: 2555, seed: k + 30, edge: 0.0003 }),
    }))
    const stats = summarise(recording, { configHash: 'a'.repeat(64), seed: 1, trials: NO_TRIALS, standAlone })
    const page = renderReport(stats, recording, {
      runId: 'bt-test',
      fingerprint: 'f'.repeat(64),
      configHash: 'a'.repeat(64),
      from: stats.portfolio.from,
      to: stats.portfolio.to,
      seed: 1,
      proxyShare: 0.05,
      absentFunding: [HOSTILE],
      benchmarkCostBps: 7,
    })
    bytes = Buffer.byteLength(page)
    writeFileSync(file, page)
    if (keep !== undefined) writeFileSync(join(keep, 'report.html'), page)
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    })
  })

  afterAll(async () => {
    await browser?.close()
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  async function open(width: number, height: number, colorScheme: 'light' | 'dark') {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, deviceScaleFactor: 1 })
    const page = await context.newPage()
    const problems: string[] = []
    const requests: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(pathToFileURL(file).href)
    if (keep !== undefined)
      await page.screenshot({ path: join(keep, `report-${width}-${colorScheme}.png`), fullPage: true })
    return { page, problems, requests }
  }

  /** Distinct colours on a canvas: an empty one has one. */
  const inked = (page: Page, id: string): Promise<number> =>
    page.evaluate(
      `(() => {
        const canvas = document.querySelector('#${id} canvas')
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        const seen = new Set()
        for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2])
        return seen.size
      })()`,
    )

  it('weighs less than 2 MB for seven years of twenty symbols', () => {
    expect(bytes).toBeLessThan(2_000_000)
  })

  it.each([
    [1280, 900, 'light'],
    [1280, 900, 'dark'],
    [390, 844, 'light'],
  ] as const)('draws every chart at %d×%d, %s, without an error or a request', async (width, height, scheme) => {
    const { page, problems, requests } = await open(width, height, scheme)
    for (const id of ['equity', 'drawdown', 'exposure', 'contribution', 'price'])
      expect(await inked(page, id), id).toBeGreaterThan(5)
    expect(problems).toEqual([])
    expect(requests).toEqual([pathToFileURL(file).href])
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
    await page.context().close()
  })

  it('switches scale and instrument', async () => {
    const { page, problems } = await open(1280, 900, 'light')
    const shown = (id: string): Promise<string> => page.evaluate(`document.querySelector('#${id} canvas').toDataURL()`)
    const before = await shown('equity')
    await page.click('#log')
    expect(await shown('equity')).not.toBe(before)
    const price = await shown('price')
    await page.selectOption('#instrument', '1')
    expect(await shown('price')).not.toBe(price)
    expect(await page.locator('#price canvas').count()).toBe(1)
    expect(problems).toEqual([])
    await page.context().close()
  })

  it('shows a hostile name as text', async () => {
    const { page } = await open(1280, 900, 'light')
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(await page.locator('main img').count()).toBe(0)
    expect(await page.locator('th', { hasText: 'onerror=' }).count()).toBeGreaterThan(0)
    expect(await page.locator('#instrument option').nth(2).textContent()).toBe(HOSTILE)
    await page.context().close()
  })
})
