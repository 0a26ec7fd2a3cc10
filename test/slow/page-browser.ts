/** Owns looking at the page of a real process with a real browser: headless Chromium, what it asked for, what it complained of. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { TestHome } from './run-process.js'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
export const executablePath = process.env.QUANTBOT_CHROMIUM ?? BROWSERS.find((path) => existsSync(path))
export const isRequired = process.env.QUANTBOT_REQUIRE_SERVERS === '1'
/** Folder to keep screenshots in, for a look. */
const keep = process.env.QUANTBOT_SCREENSHOTS

export const hasBrowser = executablePath !== undefined
if (!hasBrowser) process.stderr.write('no chromium found: the page is NOT looked at (apt-get install chromium)\n')

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath!,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  })
}

export interface Look {
  readonly page: Page
  /** Errors and warnings of the console, exceptions: a page without fault has none. */
  readonly problems: string[]
  /** Every URL that it asked for. */
  readonly requests: string[]
}

export interface LookOptions {
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'dark' | 'light'
}

/** Opens the printed URL, as a person would, and waits until the page shows a state. */
export async function lookAt(browser: Browser, url: string, options: LookOptions = {}): Promise<Look> {
  const { width = 1440, height = 900, scheme = 'dark' } = options
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme })
  const page = await context.newPage()
  const problems: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(url)
  await page.waitForSelector('[data-test="seq"]')
  return { page, problems, requests }
}

export async function go(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
}

/** A condition that never comes fails by its own name, not by the patience of the runner. */
const WAITS_MAX = 1_500

/** Waits until an expression is true in the page, and gives it. (The page's CSP forbids Playwright's own way with text.) */
export async function until<T>(page: Page, expression: string): Promise<T> {
  for (let wait = 0; wait < WAITS_MAX; wait++) {
    const value = await page.evaluate<T>(expression)
    if (value) return value
    await page.waitForTimeout(20)
  }
  throw new Error(`never true: ${expression}`)
}

export const hashOf = (page: Page): string => new URL(page.url()).hash

export async function screenshot(page: Page, name: string): Promise<void> {
  if (keep !== undefined) await page.screenshot({ path: join(keep, `${name}.png`) })
}

/** The same documents as the page gets, asked for beside it. */
export function apiOf(url: string): <T>(path: string) => Promise<T> {
  const { origin, hash } = new URL(url)
  const authorization = `Bearer ${hash.replace('#token=', '')}`
  return async <T>(path: string) => {
    const response = await fetch(`${origin}/api/${path}`, { headers: { authorization } })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T // the contract of the view
  }
}

/** Waits until the log has been read to its end. */
export async function wholeLog(api: ReturnType<typeof apiOf>): Promise<void> {
  while ((await api<{ readonly read: number }>('head')).read < 1);
}

/** URL of the page of a run that nobody runs; the process lives as long as the home. */
export async function openRun(home: TestHome, run: string): Promise<string> {
  const line = await home.start('open', run, '--port', '0', '--no-browser', '--json').firstLine()
  return String(line.url)
}

export interface Canvas {
  readonly width: number
  readonly height: number
  /** Colours that at least a handful of pixels have. */
  readonly colours: number
}

/** What is painted on the canvases below an element, all laid upon each other. */
export function painted(page: Page, selector: string): Promise<Canvas> {
  return page.evaluate<Canvas>(`(() => {
    const seen = new Map()
    let [width, height] = [0, 0]
    for (const canvas of document.querySelectorAll(${JSON.stringify(`${selector} canvas`)})) {
      if (canvas.width < 20 || canvas.height < 20) continue
      width = Math.max(width, canvas.width)
      height = Math.max(height, canvas.height)
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 200) {
          const key = [data[i] >> 4, data[i + 1] >> 4, data[i + 2] >> 4].join()
          seen.set(key, (seen.get(key) ?? 0) + 1)
        }
    }
    return { width, height, colours: [...seen.values()].filter((n) => n > 12).length }
  })()`)
}

/** Pixels that the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
