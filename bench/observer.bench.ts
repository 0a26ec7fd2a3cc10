/**
 * What page, metrics and notifications cost the process that they watch: whole trading processes as fast as they go, one turn with the
 * observer and one without, side by side. Somebody looks at the page, scrapes the metrics and takes the messages meanwhile, from a thread
 * of its own.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { observeProcess } from '#cli/observer/beside-process'
import { type Config, configSchema } from '#core/config/schema'
import { invariant } from '#core/invariant'
import { readManifest } from '#events/log/manifest'
import { type Bench, type Figure, median, medianRatio, type Scale } from './figures.js'
import { inScratch } from './scratch.js'
import { openSimProcess, startUntil } from './sim-process.js'
import { simConfiguration } from './sim-tape.js'

interface Load {
  readonly symbols: number
  readonly historyDays: number
  readonly events: number
  readonly turns: number
}

const LOADS: Readonly<Record<Scale, Load>> = {
  full: { symbols: 20, historyDays: 120, events: 600_000, turns: 5 },
  tiny: { symbols: 2, historyDays: 70, events: 2_000, turns: 1 },
}

/** Takes messages as a Slack webhook would, and looks at the page when it is told where: its stream, twice a second its state, metrics. */
const NEIGHBOUR = `
const { parentPort } = require('node:worker_threads')
const { createServer } = require('node:http')
const { setMaxListeners } = require('node:events')
let taken = 0, states = 0, scrapes = 0
const server = createServer((request, response) => {
  request.resume().on('end', () => { taken++; response.end('ok') })
}).listen(0, '127.0.0.1', () => parentPort.postMessage({ port: server.address().port }))
let stop = new AbortController(), timers = []
parentPort.on('message', (message) => {
  for (const timer of timers.splice(0)) clearInterval(timer)
  stop.abort()
  stop = new AbortController()
  const { signal } = stop
  setMaxListeners(0, signal)
  if (message === 'tell') return parentPort.postMessage({ taken, states, scrapes })
  if (message === 'stop') return
  const url = new URL(message)
  const headers = { authorization: 'Bearer ' + url.hash.slice('#token='.length) }
  const get = (path) => fetch(url.origin + path, { headers, signal }).then((answer) => answer.text())
  const follow = async () => { for await (const _ of (await fetch(url.origin + '/api/stream', { headers, signal })).body); }
  follow().catch(() => {})
  timers = [
    setInterval(() => get('/api/state').then(() => states++, () => {}), 500),
    setInterval(() => get('/metrics').then(() => scrapes++, () => {}), 1000),
  ]
})
`

class Neighbour {
  readonly #worker = new Worker(NEIGHBOUR, { eval: true })

  async #next<T>(): Promise<T> {
    return new Promise((resolve) => this.#worker.once('message', resolve))
  }

  port(): Promise<{ readonly port: number }> {
    return this.#next()
  }

  /** Null: it looks no more. */
  look(url: string | null): void {
    this.#worker.postMessage(url ?? 'stop')
  }

  async tell(): Promise<{ readonly taken: number; readonly states: number; readonly scrapes: number }> {
    const told = this.#next<{ taken: number; states: number; scrapes: number }>()
    this.#worker.postMessage('tell')
    return told
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}

interface Turn {
  readonly eventsPerSecond: number
  /** Processor time of the trading thread, a thousand events; NaN where the system does not tell. */
  readonly cpuMs: number
  /** What the observer had still to read when the host was there. */
  readonly behind: number
}

async function turn(
  home: string,
  id: string,
  config: Config,
  events: number,
  webhook: string | null,
  neighbour: Neighbour,
): Promise<Turn> {
  const opened = openSimProcess(home, id, config, 'fdatasync')
  const { manifest } = readManifest(opened.dir)
  const beside =
    webhook === null
      ? undefined
      : await observeProcess({
          home,
          runDir: opened.dir,
          manifest,
          config,
          process: opened.process,
          surroundings: undefined,
          page: { isWanted: true, port: 0 },
          notify: { config: config.notifications, secrets: { slack: { webhook } }, after: 0 },
          onProblem: (detail) => process.stderr.write(`${detail}\n`),
        })
  const url = beside?.links()?.url
  invariant((url === undefined) === (webhook === null), 'the page is where it should be')
  neighbour.look(url ?? null)
  const begun = performance.now()
  const cpu = tradingCpuMs()
  await startUntil(opened, ({ commit }) => commit.lastSeq >= events)
  const seconds = (performance.now() - begun) / 1000
  const cpuMs = tradingCpuMs() - cpu
  const reached = opened.process.status().seq
  const head = url === undefined ? undefined : await headOf(url)
  const behind = head === undefined ? 0 : Math.max(0, opened.process.status().seq - head)
  await opened.process.stop('finished', 'bench')
  await beside?.close()
  return { eventsPerSecond: reached / seconds, cpuMs: (cpuMs * 1000) / reached, behind }
}

/** User and system time of the main thread: fields 14 and 15 of /proc/<pid>/task/<tid>/stat in hundredths of a second, proc(5). */
function tradingCpuMs(): number {
  try {
    const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return Number.NaN
  }
}

async function headOf(address: string): Promise<number> {
  const { origin, hash } = new URL(address)
  const answer = await fetch(`${origin}/api/head`, {
    headers: { authorization: `Bearer ${hash.slice('#token='.length)}` },
  })
  return ((await answer.json()) as { readonly seq: number }).seq // our own page's
}

function configOf({ symbols, historyDays }: Load): Config {
  const notifications = {
    modes: ['sim'],
    slack: { webhook: 'env:QUANTBOT_BENCH_WEBHOOK', minSeverity: 'info', digest: true },
  }
  const { notifications: parsed } = configSchema.parse({ notifications })
  return { ...simConfiguration(symbols, historyDays), notifications: parsed }
}

async function figures(home: string, load: Load): Promise<readonly Figure[]> {
  const config = configOf(load)
  const neighbour = new Neighbour()
  const { port } = await neighbour.port()
  const webhook = `http://127.0.0.1:${port}/hook`
  const [without, observed]: [Turn[], Turn[]] = [[], []]
  await turn(home, 'warm', config, load.events / 4, null, neighbour)
  for (let i = 0; i < load.turns; i++) {
    // Who goes first takes turns, so that a machine that slows down is nobody's fault.
    for (const isObserved of i % 2 === 0 ? [false, true] : [true, false])
      (isObserved ? observed : without).push(
        await turn(
          home,
          `${isObserved ? 'with' : 'without'}-${i}`,
          config,
          load.events,
          isObserved ? webhook : null,
          neighbour,
        ),
      )
  }
  const { taken, states, scrapes } = await neighbour.tell()
  await neighbour.end()
  const rates = (turns: readonly Turn[]): number[] => turns.map(({ eventsPerSecond }) => eventsPerSecond)
  return [
    {
      what: 'host without an observer',
      value: median(rates(without)),
      unit: 'events/s',
      note: `${load.symbols} symbols, as fast as it goes, ${availableParallelism()} cores`,
    },
    {
      what: 'host with page, metrics and notifications',
      value: median(rates(observed)),
      unit: 'events/s',
      note: `over all turns: ${states} states and ${scrapes} scrapes asked, ${taken} messages taken`,
    },
    {
      what: 'with, of without',
      value: medianRatio(rates(observed), rates(without)),
      unit: '×',
      target: { min: 0.95 },
      note: `median of ${load.turns} pairs`,
    },
    ...cpuFigures(
      without.map(({ cpuMs }) => cpuMs),
      observed.map(({ cpuMs }) => cpuMs),
    ),
    {
      what: 'events that the observer was behind at the end',
      value: median(observed.map(({ behind }) => behind)),
      unit: 'events',
    },
  ]
}

/** What the observer takes from the trading thread itself, however many others the machine is shared with. */
function cpuFigures(without: readonly number[], observed: readonly number[]): readonly Figure[] {
  if (without.some(Number.isNaN)) return []
  return [
    { what: 'processor time of the trading thread, a thousand events, without', value: median(without), unit: 'ms' },
    {
      what: 'processor time of the trading thread, with, of without',
      value: medianRatio(observed, without),
      unit: '×',
      target: { max: 1.05 },
    },
  ]
}

export const observerBench: Bench = {
  name: 'observer',
  run: (scale) => inScratch((home) => figures(home, LOADS[scale])),
}
