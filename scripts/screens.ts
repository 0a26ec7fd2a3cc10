/**
 * Owns the pictures of the README: `npm run screens` runs the built program in a terminal (tmux) and writes
 * docs/assets/run.svg; the page of a run in a browser (chromium): docs/assets/page.png. `npm run screens -- REPORT.html` also looks at a
 * report and writes docs/assets/report.png.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { pagePng } from './screens-page.js'
import { screenSvg } from './screens-svg.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/src/cli/main.js')
const assets = join(root, 'docs/assets')
const [COLUMNS, ROWS] = [112, 35]
/** Enough to have something of everything on the screen. */
const FILLS = 40
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

interface Shown {
  readonly fills: number
}

async function viewSvg(): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'quantbot-screens-'))
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-S', join(home, 'tmux.sock'), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  const command = `'${process.execPath}' '${main}' run --home '${home}' --run demo 2>/dev/null`
  try {
    tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), command)
    for (let fills = 0; fills < FILLS; ) {
      await sleep(1000)
      fills = fillsSoFar(home)
    }
    const screen = tmux('capture-pane', '-e', '-p')
    // The program ends in good order, and the terminal with it.
    tmux('send-keys', 'C-c')
    while (isRunning(tmux)) await sleep(500)
    return screenSvg(screen, COLUMNS, 'quantbot run: book, agents, decisions and orders of a simulated run')
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function isRunning(tmux: (...args: string[]) => string): boolean {
  try {
    return tmux('list-sessions') !== ''
  } catch {
    return false
  }
}

function fillsSoFar(home: string): number {
  try {
    const text = execFileSync(process.execPath, [main, 'status', 'demo', '--home', home, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return (JSON.parse(text) as Partial<Shown>).fills ?? 0 // status of our own process
  } catch {
    return 0
  }
}

function browserPath(): string {
  const found = BROWSERS.find((path) => existsSync(path))
  if (found === undefined) throw new Error(`no browser found: looked for ${BROWSERS.join(', ')}`)
  return found
}

async function reportPng(report: string): Promise<Buffer> {
  const executablePath = browserPath()
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage({ viewport: { width: 1180, height: 900 }, colorScheme: 'light' })
    await page.goto(pathToFileURL(resolve(report)).href)
    await page.waitForTimeout(1500)
    return await page.screenshot({ type: 'png' })
  } finally {
    await browser.close()
  }
}

mkdirSync(assets, { recursive: true })
const report = process.argv[2]
if (report !== undefined) writeFileSync(join(assets, 'report.png'), await reportPng(report))
writeFileSync(join(assets, 'page.png'), await pagePng(main, browserPath()))
writeFileSync(join(assets, 'run.svg'), await viewSvg())
