/**
 * Owns the observer of a process that trades: what it is told of the process, and what it may ask of it. It is off where neither a page
 * nor notifications are configured. Never throws into the process.
 */
import type { TradingProcess } from '#actors/host'
import type { Surroundings } from '#actors/run-status'
import { machineTime } from '#actors/scaled-time'
import type { Config } from '#core/config/schema'
import type { RunManifest } from '#events/log/manifest'
import { isLoopback } from '#monitoring/page/names'
import type { PageProcess } from '#monitoring/page/page.port'
import { liveSampler } from './live-status.js'
import type { ObserverSpec, WebSpec } from './messages.js'
import type { Observer } from './observer.js'
import { type PageLinks, pageLinks } from './page-links.js'
import { webSpec } from './web-spec.js'

export interface BesideProcess {
  /** Undefined: there is no page, or not yet. */
  links(): PageLinks | undefined
  /** Everything is on disk: it is served and told before this is fulfilled, within some seconds. Never rejects. */
  close(): Promise<void>
}

export interface BesideOptions {
  readonly home: string
  readonly runDir: string
  readonly manifest: RunManifest
  readonly config: Config
  readonly process: TradingProcess
  readonly surroundings: (() => Surroundings | undefined) | undefined
  /** `--no-web` and `--port` of the command line. */
  readonly page: { readonly isWanted: boolean; readonly port: number | undefined }
  /** As it was resolved before the run folder was made; null: nobody is told. */
  readonly notify: ObserverSpec['notify']
  readonly onProblem: (detail: string) => void
}

/** Undefined: nothing is configured, or nothing is left: a token that others may read is refused, and the run goes on without a page. */
export async function observeProcess(options: BesideOptions): Promise<BesideProcess | undefined> {
  const { home, runDir, config, process: trading, page, notify, onProblem } = options
  const isServed = page.isWanted && config.web.enabled
  if (!isServed && notify === null) return undefined
  const web = isServed ? webOf(options) : null
  if (web === null && notify === null) return undefined
  if (web !== null && !isLoopback(web.host))
    onProblem(`web.host ${web.host}: whoever reaches this machine reaches the page; put it behind TLS`)
  const { startObserver } = await import('./observer.js')
  const sampler = liveSampler({
    process: trading,
    surroundings: options.surroundings,
    runDir,
    home,
    snapshotEvents: config.log.snapshotEvents,
  })
  const process_: PageProcess = {
    status: async () => sampler.sample(),
    command: (command) =>
      command.do === 'restart'
        ? trading.restartAgent(command.agent, command.reason)
        : trading.command(command.do, command.reason),
  }
  const spec: ObserverSpec = { home, runDir, isLive: true, web, notify }
  const observer: Observer = await startObserver({ spec, process: process_, time: machineTime, onProblem })
  const watching = trading.observe(({ commit }) => observer.committed(commit.lastSeq))
  return {
    links: () => (web === null ? undefined : pageLinks(observer.place, web.token)),
    close: async () => {
      watching.unsubscribe()
      await observer.close(trading.status().seq)
      sampler.close()
    },
  }
}

function webOf({ home, manifest, config, page, onProblem }: BesideOptions): WebSpec | null {
  try {
    return webSpec(home, manifest.run, config.web, page.port)
  } catch (error) {
    onProblem(`there is no page and no metrics: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}
