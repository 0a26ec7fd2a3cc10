/**
 * The page of a run on loopback: how long a person waits for the first meaningful view, and for each place that the time machine jumps to.
 * With a browser (headless Chromium) that is measured in the browser, from the navigation to the state on the page; the documents behind it
 * are measured with and without one. The browser runs at full scale only: it takes more than a moment.
 */
import { existsSync } from 'node:fs'
import { machineTime } from '#actors/scaled-time'
import { observeRun } from '#cli/observer/observed-run'
import { pageLinks } from '#cli/observer/page-links'
import { OBSERVER_PARTS } from '#cli/observer/parts'
import { webSpec } from '#cli/observer/web-spec'
import { webSchema } from '#core/config/operate-schema'
import { invariant } from '#core/invariant'
import { type Bench, type Figure, median, type Scale, timed } from './figures.js'
import { inScratch } from './scratch.js'
import { openSimProcess, runToSeq } from './sim-process.js'
import { simConfiguration } from './sim-tape.js'

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const [FIRST_VIEW_MS, JUMP_MS] = [1_000, 500]

/** Where a jump goes to: as a person would, to and fro. */
const places = (n: number, last: number): number[] =>
  Array.from({ length: n }, (_, i) => Math.max(1, Math.floor((((i * 7) % n) / n) * last)))

async function documents(url: string, runs: number): Promise<Figure[]> {
  const { origin, hash } = new URL(url)
  const headers = { authorization: `Bearer ${hash.slice('#token='.length)}` }
  const get = async (path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`${origin}/api/${path}`, { headers })
    invariant(response.ok, () => `${path}: ${response.status}`)
    return (await response.json()) as Record<string, unknown> // our own page's
  }
  const first = async (): Promise<unknown> => {
    await Promise.all([get('facts'), get('head')])
    await get('state')
    return get('series?name=equity&points=1200')
  }
  const last = Number((await get('head')).seq)
  const [views, jumps]: [number[], number[]] = [[], []]
  for (let run = 0; run < runs; run++) views.push(await timed(first))
  for (const seq of places(4 * runs, last)) jumps.push(await timed(() => get(`state?seq=${seq}`)))
  return [
    { what: 'documents of the first view', value: median(views), unit: 'ms', target: { max: FIRST_VIEW_MS } },
    {
      what: 'state at any seq, as a document',
      value: median(jumps),
      unit: 'ms',
      target: { max: JUMP_MS },
      note: `slowest of ${jumps.length} ${Math.round(Math.max(...jumps))} ms`,
    },
  ]
}

/** Of the browser's own clock: from the navigation until the page shows a state, and from a choice of seq until that one is on the page. */
async function inBrowser(executablePath: string, url: string, last: number, runs: number): Promise<Figure[]> {
  const { chromium } = await import('playwright-core')
  const args = ['--headless', '--no-sandbox', '--disable-gpu']
  const browser = await chromium.launch({ executablePath, args })
  try {
    const [views, jumps]: [number[], number[]] = [[], []]
    for (let run = 0; run <= runs; run++) {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(url, { waitUntil: 'commit' })
      await page.waitForSelector('[data-test="equity"]')
      const ms = await page.evaluate<number>('performance.now()')
      if (run > 0) views.push(ms)
      if (run === runs) for (const seq of places(3 * runs, last)) jumps.push(await page.evaluate<number>(jumpTo(seq)))
      await context.close()
    }
    return [
      {
        what: 'first meaningful view',
        value: median(views),
        unit: 'ms',
        target: { max: FIRST_VIEW_MS },
        note: `navigation to figures; slowest of ${views.length} ${Math.round(Math.max(...views))} ms, nothing cached`,
      },
      {
        what: 'time machine, jump until it is on the page',
        value: median(jumps),
        unit: 'ms',
        target: { max: JUMP_MS },
        note: `slowest of ${jumps.length} ${Math.round(Math.max(...jumps))} ms`,
      },
    ]
  } finally {
    await browser.close()
  }
}

const jumpTo = (seq: number): string => `new Promise((done) => {
  const begun = performance.now()
  const look = () => {
    const shown = document.querySelector('[data-test="seq"]').textContent.replaceAll(',', '')
    if (shown === '${seq}') done(performance.now() - begun)
    else setTimeout(look, 1)
  }
  location.hash = '#/overview?at=${seq}'
  look()
})`

async function run(scale: Scale): Promise<readonly Figure[]> {
  const [symbols, events, runs] = scale === 'full' ? [20, 1_000_000, 9] : [2, 2_000, 1]
  return inScratch(async (home) => {
    const opened = openSimProcess(home, 'page', simConfiguration(symbols, 1), 'none')
    await runToSeq(opened, events)
    const web = webSpec(home, 'page', webSchema.parse({}), 0)
    const observed = await observeRun({
      spec: { home, runDir: opened.dir, isLive: false, web, notify: null },
      parts: OBSERVER_PARTS,
      process: null,
      time: machineTime,
      onProblem: (detail) => process.stderr.write(`${detail}\n`),
    })
    try {
      const links = pageLinks(observed.place, web.token)
      invariant(links !== undefined, 'the page is where it should be')
      await read(links.url)
      const figures = await documents(links.url, runs)
      const browser = process.env.QUANTBOT_CHROMIUM ?? BROWSERS.find((path) => existsSync(path))
      if (scale === 'tiny') return figures
      if (browser === undefined) {
        process.stderr.write('no chromium found: the page is NOT measured in a browser (apt-get install chromium)\n')
        return figures
      }
      return [...(await inBrowser(browser, links.url, events, runs)), ...figures]
    } finally {
      await observed.close(0)
    }
  })
}

/** A long log is read once, when it is opened: what is measured comes behind that. */
async function read(url: string): Promise<void> {
  const { origin, hash } = new URL(url)
  const headers = { authorization: `Bearer ${hash.slice('#token='.length)}` }
  for (;;) {
    const head = (await (await fetch(`${origin}/api/head`, { headers })).json()) as { readonly read: number } // our own page's
    if (head.read >= 1) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const pageBench: Bench = { name: 'page', run }
