/**
 * Owns paper runs as people start them: simulated venues and `quantbot run --mode paper` as processes, the configuration
 * between them, what the log says afterwards, and the venue's own truth to hold it against. Needs `npm run build`.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { machineTime } from '#actors/scaled-time'
import { askRun } from '#cli/control-client'
import { MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { readEvents } from '#events/log/reader'
import { freePort } from './servers.js'
import { type Running, type TestHome, testHome } from './slow/run-process.js'

export interface SimOptions {
  readonly venue: string
  readonly seed?: number
  /** Venue seconds a second. */
  readonly speed: number
  /** UTC time at which the venue begins; undefined: the machine's. */
  readonly start?: string
  readonly port?: number
  readonly symbols?: number
}

/** A simulated venue that can be killed and started again where its clock would be by now. */
export class SimVenue {
  readonly #home: TestHome
  readonly #options: SimOptions
  readonly #begunAt = performance.now()
  #process: Running | undefined
  rest = ''
  ws = ''

  constructor(home: TestHome, options: SimOptions) {
    this.#home = home
    this.#options = options
  }

  async start(): Promise<void> {
    const { venue, seed = 5, speed, start, symbols = 4 } = this.#options
    const port = this.#options.port ?? (this.rest === '' ? await freePort() : Number(new URL(this.rest).port))
    const at = start === undefined ? [] : ['--start', new Date(Date.parse(start) + this.#elapsedMs()).toISOString()]
    const pace = ['--speed', String(speed), '--seed', String(seed), '--symbols', String(symbols)]
    const process = this.#home.start('sim-exchange', '--venue', venue, '--port', String(port), ...pace, ...at, '--json')
    this.#process = process
    const line = await process.firstLine()
    this.rest = String(line.rest)
    this.ws = String(line.ws)
  }

  /** As far as the venue has come, ms of its time. */
  #elapsedMs(): number {
    return Math.round((performance.now() - this.#begunAt) * this.#options.speed)
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL')
    await this.#process?.ended
  }

  async fault(fault: object): Promise<void> {
    const reply = await fetch(`${this.rest}/sim/faults`, { method: 'POST', body: JSON.stringify(fault) })
    if (!reply.ok) throw new Error(await reply.text())
  }

  async state(): Promise<Record<string, unknown>> {
    return (await fetch(`${this.rest}/sim/state`)).json() as Promise<Record<string, unknown>> // its own document
  }

  async now(): Promise<number> {
    return Number((await this.state()).now)
  }

  /** Open times and closes of the bars that the venue played in [from, to). */
  async truth(world: string, interval: string, from: number, to: number): Promise<readonly Bar[]> {
    const query = new URLSearchParams({ instrument: world, interval, from: String(from), to: String(to) })
    const reply = await fetch(`${this.rest}/sim/truth/bars?${query}`)
    return (await reply.json()) as Bar[] // its own document
  }
}

export interface Bar {
  readonly openTime: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export interface LogEvent {
  readonly seq: number
  readonly ts: number
  readonly type: string
  readonly by: string
  readonly cause: number
  readonly data: Record<string, unknown>
}

export interface Traded {
  readonly instrument: string
  readonly base: string
  readonly quote?: string
  readonly tick: string
  readonly lot: string
}

export const BTC: Traded = { instrument: 'binance.usdm.BTCUSDT', base: 'BTC', tick: '0.1', lot: '0.001' }
export const ETH: Traded = { instrument: 'binance.usdm.ETHUSDT', base: 'ETH', tick: '0.01', lot: '0.001' }
export const WORLD = 'BTC/USDT:USDT'

/** Signals that speak on few days of history, and nothing that holds trading back. */
const LIVELY = {
  interval: '1m',
  signals: {
    tsmom: { lookbackDays: 3, skipDays: 1, volCom: 5 },
    donchian: { enabled: false },
    meanReversion: { enabled: false },
  },
  blender: { performanceWeighting: false },
  risk: { turnoverLimiter: false, netCap: 1 },
  execution: { latencyMsMedian: 50, latencyMsP99: 200 },
  // A busy machine is off by some milliseconds, times the speed.
  marketData: { maxClockOffsetMs: 120_000 },
}

/** A venue and a run start one after the other; the run reads days of bars and connects before it hears of the market. */
const STARTS_AHEAD = 6
const LEAST_AHEAD_MS = 6 * SECOND_MS
/** It is waited for what comes; how long a busy machine takes for it is nobody's failure. */
const UNTIL_MS = 120 * SECOND_MS

export interface PaperRig {
  readonly home: TestHome
  sim(options: SimOptions): Promise<SimVenue>
  /**
   * So long before 2026-02-02, at this speed, that a run is under way when the day closes and its signals speak: by what a process takes to
   * start here and now, `leastMs` at least. ISO.
   */
  eve(speed: number, leastMs?: number): Promise<string>
  /** Writes a configuration on the venues; gives its path. */
  config(name: string, venues: Readonly<Record<string, SimVenue>>, universe: readonly Traded[], more?: object): string
  /** Starts a run; its first line has come. */
  run(id: string, config: string, ...args: readonly string[]): Promise<Running>
  /** Asks until the run says what is waited for; rejects when it has not in time. */
  until(id: string, what: string, test: (status: Status) => boolean, withinMs?: number): Promise<Status>
  events(id: string): LogEvent[]
  end(): void
}

/** Answer of `quantbot status`. */
export type Status = Record<string, unknown> & {
  readonly state: string
  readonly seq: number
  readonly ts: number
  readonly feeds?: readonly { readonly venue: string; readonly isUp: boolean; readonly reason: string }[]
  readonly positions?: readonly { readonly instrument: string; readonly quantity: string }[]
}

export function paperRig(): PaperRig {
  const home = testHome()
  const ask = async (id: string): Promise<Status | undefined> => {
    try {
      return (await askRun(runDir(id), { do: 'status' })) as unknown as Status // what the process tells of itself
    } catch {
      await wait(machineTime, 50)
      return undefined
    }
  }
  const runDir = (id: string): string => join(home.path, 'runs', id)
  return {
    home,
    sim: async (options) => {
      const venue = new SimVenue(home, options)
      await venue.start()
      return venue
    },
    eve: async (speed, leastMs = LEAST_AHEAD_MS) => {
      const begun = performance.now()
      await home.quantbot('agents')
      const aheadMs = Math.max(leastMs, STARTS_AHEAD * (performance.now() - begun))
      return new Date(Date.UTC(2026, 1, 2) - speed * aheadMs).toISOString()
    },
    config: (name, venues, universe, more = {}) => {
      const path = join(home.path, `${name}.yaml`)
      const hosts = Object.fromEntries(Object.entries(venues).map(([venue, { rest, ws }]) => [venue, { rest, ws }]))
      const config = {
        seed: 3,
        ...LIVELY,
        universe,
        ...more,
        venues: { ...hosts, ...(more as { venues?: object }).venues },
      }
      writeFileSync(path, JSON.stringify(config)) // JSON is YAML
      return path
    },
    run: async (id, config, ...args) => {
      const running = home.start('run', '--mode', 'paper', '--run', id, '--config', config, '--json', ...args)
      await running.firstLine()
      return running
    },
    until: async (id, what, test, withinMs = UNTIL_MS) => {
      const end = performance.now() + withinMs
      for (;;) {
        // The socket is not there in the first moments, nor for a moment after a crash.
        const status = await ask(id)
        if (status !== undefined && test(status)) return status
        await wait(machineTime, 30)
        if (performance.now() > end)
          throw new Error(`${id}: not ${what} within ${withinMs} ms: ${JSON.stringify(status)}`)
      }
    },
    events: (id) => {
      const events: LogEvent[] = []
      readEvents(runDir(id), (event) => {
        events.push(event as unknown as LogEvent) // committed lines of the catalogue
      })
      return events
    },
    end: () => home.remove(),
  }
}

export const ofType = (events: readonly LogEvent[], type: string): LogEvent[] =>
  events.filter((event) => event.type === type)

/** Bars of one instrument in the log, as the venue's truth has them. */
export function barsOf(events: readonly LogEvent[], instrument: string): Bar[] {
  return ofType(events, 'BarClosed')
    .filter(({ data }) => data.instrument === instrument)
    .map(({ data }) => {
      const { openTime, open, high, low, close, volume } = data as unknown as Bar // the catalogue's payload of that type
      return { openTime, open, high, low, close, volume }
    })
}

/** What is wrong with the bars of a log, held against what the venue played; empty when each closed bar is there once, in order. */
export async function barFaults(
  events: readonly LogEvent[],
  instrument: string,
  venue: SimVenue,
  world = WORLD,
): Promise<string[]> {
  const bars = barsOf(events, instrument)
  if (bars.length === 0) return [`${instrument}: no bars`]
  const faults: string[] = []
  bars.forEach(({ openTime }, i) => {
    const before = bars[i - 1]?.openTime
    if (before !== undefined && openTime - before !== MINUTE_MS) faults.push(`${openTime} follows ${before}`)
  })
  const [first, last] = [bars[0]!.openTime, bars.at(-1)!.openTime]
  const played = new Map((await venue.truth(world, '1m', first, last + MINUTE_MS)).map((bar) => [bar.openTime, bar]))
  if (played.size !== bars.length) faults.push(`${bars.length} bars in the log, ${played.size} were played`)
  for (const bar of bars) {
    const truth = played.get(bar.openTime)
    if (truth === undefined || truth.close !== bar.close || truth.high !== bar.high || truth.low !== bar.low)
      faults.push(`${bar.openTime}: ${JSON.stringify(bar)}, played ${JSON.stringify(truth)}`)
  }
  // Nothing ended before the end of the log: the last bar closed within two minutes of it.
  const end = events.at(-1)!.ts
  if (end - (last + MINUTE_MS) > 2 * MINUTE_MS)
    faults.push(`the last bar closed ${end - last - MINUTE_MS} ms before the end`)
  return faults.slice(0, 10)
}

/** Orders that were submitted and never came to an end, and trades that stand twice. */
export function orderFaults(events: readonly LogEvent[]): string[] {
  const open = new Set<string>()
  const trades = new Set<string>()
  const faults: string[] = []
  for (const { type, data } of events) {
    const order = String(data.order)
    if (type === 'OrderSubmitted') {
      if (open.has(order)) faults.push(`${order} is submitted twice`)
      open.add(order)
    } else if (type === 'OrderFilled') {
      if (trades.has(String(data.trade))) faults.push(`${String(data.trade)} stands twice`)
      trades.add(String(data.trade))
      if (data.remaining === '0') open.delete(order)
    } else if (type === 'OrderRejected' || type === 'OrderCancelled' || type === 'OrderExpired') open.delete(order)
  }
  return [...faults, ...[...open].map((order) => `${order} never ended`)]
}
