/** Owns `quantbot open`: the page of any run. Of one whose process serves it, the address alone; else it serves the run folder itself. */
import type { RunStatus } from '#actors/run-status'
import { machineTime } from '#actors/scaled-time'
import { webSchema } from '#core/config/operate-schema'
import { lockOwner } from '#events/log/lock'
import { readManifest } from '#events/log/manifest'
import { askRun } from './control-client.js'
import { findRun, type GlobalOptions, homeOf } from './home.js'
import { openBrowser } from './observer/browser.js'
import { observeRun } from './observer/observed-run.js'
import { type PageLinks, pageLinks } from './observer/page-links.js'
import { OBSERVER_PARTS } from './observer/parts.js'
import { portOf, webSpec } from './observer/web-spec.js'
import { note, say, sayJson } from './terminal.js'

export interface OpenOptions extends GlobalOptions {
  readonly port?: string
  readonly browser: boolean
}

export async function openCommand(run: string, options: OpenOptions): Promise<void> {
  const home = homeOf(options)
  const port = portOf(options.port)
  const dir = findRun(home, run)
  const links = lockOwner(dir) === undefined ? undefined : await linksOfProcess(dir)
  if (links !== undefined) {
    tell(dir, links, options)
    // The file is left for the browser, which is slower than this process: it holds what the token's own file does.
    if (opensBrowser(options)) openBrowser(home, links.url)
    return
  }
  await serve(home, dir, port, options)
}

/** Undefined: it has no page, or is no process that can be asked, as one that writes a backtest. */
async function linksOfProcess(dir: string): Promise<PageLinks | undefined> {
  const { url, metricsUrl } = await askRun(dir, { do: 'status' }).then(
    (answer) => answer as RunStatus, // our own server's answer to `status`
    (): Partial<PageLinks> => ({}),
  )
  return url === undefined || metricsUrl === undefined ? undefined : { url, metricsUrl }
}

async function serve(home: string, dir: string, port: number | undefined, options: OpenOptions): Promise<void> {
  const { manifest } = readManifest(dir)
  const web = webSpec(home, manifest.run, webSchema.parse({}), port)
  const observed = await observeRun({
    spec: { home, runDir: dir, isLive: false, web, notify: null },
    parts: OBSERVER_PARTS,
    process: null,
    time: machineTime,
    onProblem: (detail) => note(`warning: ${detail}`),
  })
  const links = pageLinks(observed.place, web.token)
  if (links === undefined) {
    await observed.close(0)
    process.exitCode = 1
    return
  }
  tell(dir, links, options)
  const forget = opensBrowser(options) ? openBrowser(home, links.url) : undefined
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  forget?.()
  await observed.close(0)
}

function tell(dir: string, links: PageLinks, { json }: OpenOptions): void {
  if (json === true) sayJson({ dir, ...links })
  else say(links.url)
}

const opensBrowser = ({ browser, json }: OpenOptions): boolean =>
  browser && json !== true && process.stdout.isTTY === true
