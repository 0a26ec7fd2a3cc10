/**
 * Owns the picture of the page in the README: runs the built program on its built-in market, opens the run's page in headless Chromium and
 * looks at a moment of its past, so that what makes the page is in the picture: candles with fills, and the run as a slider.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const DAYS = '120'
const SIZE = { width: 1440, height: 900 }
/** A moment at which most instruments are held. */
const SHARE = 0.42

interface Fills {
  readonly marks: readonly { readonly kind: string; readonly seq: number }[]
}

/** PNG of the market view of a run of the built-in market, as of a moment with fills in sight. */
export async function pagePng(main: string, executablePath: string): Promise<Buffer> {
  const home = mkdtempSync(join(tmpdir(), 'quantbot-screens-'))
  let server: ChildProcess | undefined
  try {
    const command = [main, '--home', home]
    execFileSync(
      process.execPath,
      [...command, 'run', '--run', 'demo', '--speed', 'max', '--days', DAYS, '--no-web', '--json'],
      {
        stdio: 'ignore',
      },
    )
    server = spawn(process.execPath, [...command, 'open', 'demo', '--port', '0', '--no-browser', '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const { value } = await createInterface({ input: server.stdout! })[Symbol.asyncIterator]().next()
    const { url } = JSON.parse(String(value)) as { readonly url: string } // our own program's
    return await looked(executablePath, url, await momentOf(url))
  } finally {
    server?.kill('SIGTERM')
    rmSync(home, { recursive: true, force: true })
  }
}

interface Moment {
  readonly instrument: string
  readonly seq: number
}

/** Behind a few fills of the instrument that was traded most. */
async function momentOf(url: string): Promise<Moment> {
  const { origin, hash } = new URL(url)
  const headers = { authorization: `Bearer ${hash.replace('#token=', '')}` }
  const get = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${origin}/api/${path}`, { headers })).json()) as T // the page's own contract
  for (;;) {
    const { read } = await get<{ readonly read: number }>('head')
    if (read >= 1) break
  }
  const { instruments } = await get<{ readonly instruments: readonly { readonly instrument: string }[] }>('facts')
  let best: { readonly instrument: string; readonly fills: readonly number[] } = { instrument: '', fills: [] }
  for (const { instrument } of instruments) {
    const { marks } = await get<Fills>(`marks?instrument=${instrument}`)
    const fills = marks.filter(({ kind }) => kind === 'fill').map(({ seq }) => seq)
    if (fills.length > best.fills.length) best = { instrument, fills }
  }
  return { instrument: best.instrument, seq: best.fills[Math.floor(best.fills.length * SHARE)]! + 40 }
}

async function looked(executablePath: string, url: string, { instrument, seq }: Moment): Promise<Buffer> {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] })
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: 'dark' })
    await page.goto(url)
    await page.waitForSelector('[data-test="equity"]')
    await page.evaluate(`location.hash = '#/market/${instrument}?at=${seq}'`)
    await page.waitForSelector(`[data-test="candles"][data-subject^="${instrument}"]`)
    await page.waitForSelector('[data-test="slider"] .track[data-points]')
    // Crosshair and labels come with the next frames.
    await page.waitForTimeout(2_000)
    return await page.screenshot({ type: 'png' })
  } finally {
    await browser.close()
  }
}
