/**
 * Owns a whole paper run beside the venues that it trades on, in one process and on one clock that may run many times as
 * fast as the machine's: simulated exchanges, the composition of `quantbot run --mode paper`, its log on disk.
 */
import { mkdirSync } from 'node:fs'
import { tap } from 'rxjs'
import { withInputs } from '#actors/feed-inputs'
import { type Committed, TradingProcess } from '#actors/host'
import { machineScheduler } from '#actors/machine-scheduler'
import type { VenueConnector } from '#actors/venue-connector.actor'
import { logOptions } from '#cli/new-run'
import { composePaper, type PaperRun } from '#cli/paper-run'
import { configSchema } from '#core/config/schema'
import { parseInstrument } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type EpochMs, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { SessionStats } from '#data/connectors/session.port'
import type { PushedInput } from '#engine/live'
import type { FaultPlan } from '#venues/exchange/faults'
import { PROTOCOLS } from '#venues/exchange/protocols'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { WorldInstrument } from '#venues/exchange/world.port'
import { SoakProgress } from './soak-progress.js'
import { SteadyTime } from './steady-time.js'

/** What is traded, and what it is in the played market. */
export interface SoakInstrument {
  readonly instrument: string
  readonly world: string
  /** Not traded: its funding, mark and open interest are read, its bars are not. */
  readonly isWatched?: true
}

export interface VenueUrls {
  readonly rest: string
  readonly ws: string
}

export interface SoakOptions {
  /** Folder of lake, run and key. */
  readonly home: string
  readonly seed: number
  readonly speed: number
  readonly startAt: EpochMs
  /** Of that speed; default: one that begins at `startAt` now, and stands still while this process does. */
  readonly time?: TimePort
  readonly instruments: readonly SoakInstrument[]
  /** Venues of another process, whose clock `time` must be; then there are no faults and nothing to compare with. */
  readonly outside?: ReadonlyMap<string, VenueUrls>
  /** Coins of the market; default 4. */
  readonly symbols?: number
  readonly faults?: (venue: string) => FaultPlan
  /** Sockets a stream; default 1. */
  readonly sockets?: 1 | 2
  /** Between two ticks of the exchanges, on their clock; default theirs. */
  readonly tickMs?: number
  readonly extra?: readonly ('trades' | 'book' | 'liquidations')[]
  /** Reads history before the start, so that signals speak from the beginning; default true. */
  readonly backfill?: boolean
  /** More keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly onCommitted?: (committed: Committed) => void
  /** Every input on its way from the venues to the host. */
  readonly onInput?: (input: PushedInput) => void
}

export const BINANCE: readonly SoakInstrument[] = [
  { instrument: 'binance.usdm.BTCUSDT', world: 'BTC/USDT:USDT' },
  { instrument: 'binance.usdm.ETHUSDT', world: 'ETH/USDT:USDT' },
  { instrument: 'binance.spot.BTCUSDT', world: 'BTC/USDT' },
]
export const BYBIT: readonly SoakInstrument[] = [
  { instrument: 'bybit.linear.BTCUSDT', world: 'BTC/USDT:USDT' },
  { instrument: 'bybit.linear.SOLUSDT', world: 'SOL/USDT:USDT' },
]
export const OKX: readonly SoakInstrument[] = [
  { instrument: 'okx.swap.BTC-USDT-SWAP', world: 'BTC/USDT:USDT' },
  { instrument: 'okx.swap.ETH-USDT-SWAP', world: 'ETH/USDT:USDT' },
]
export const DERIBIT: readonly SoakInstrument[] = [
  { instrument: 'deribit.perpetual.BTC-PERPETUAL', world: 'BTC/USD:BTC', isWatched: true },
  { instrument: 'deribit.perpetual.ETH-PERPETUAL', world: 'ETH/USD:ETH', isWatched: true },
]

/** Counts what it is asked to wait for, so that a leak is seen. */
class CountedTime implements TimePort {
  readonly #time: TimePort
  open = 0

  constructor(time: TimePort) {
    this.#time = time
  }

  now(): EpochMs {
    return this.#time.now()
  }

  after(ms: number, fn: () => void): () => void {
    this.open++
    let isOver = false
    const over = (): void => {
      if (!isOver) this.open--
      isOver = true
    }
    const cancel = this.#time.after(ms, () => {
      over()
      fn()
    })
    return () => {
      over()
      cancel()
    }
  }
}

export class SoakRig {
  readonly time: TimePort
  readonly exchanges: ReadonlyMap<string, Exchange>
  readonly process: TradingProcess
  readonly dir: string
  /** When the run was made: its history ends, and the bars of its log begin there. */
  readonly startedAt: EpochMs
  /** When its agents were running. */
  begunAt: EpochMs = 0
  readonly problems: string[] = []
  readonly options: SoakOptions
  readonly #composed: PaperRun
  readonly #counted: CountedTime
  readonly #progress: SoakProgress

  private constructor(
    options: SoakOptions,
    time: TimePort,
    counted: CountedTime,
    exchanges: ReadonlyMap<string, Exchange>,
    composed: PaperRun,
  ) {
    this.options = options
    this.time = time
    this.exchanges = exchanges
    this.#counted = counted
    this.#composed = composed
    const { opened, trading } = composed
    const { onInput } = options
    const { dir, manifest, signer } = opened
    this.dir = dir
    this.startedAt = manifest.createdAt
    this.process = new TradingProcess({
      ...trading,
      feeds: onInput === undefined ? trading.feeds : trading.feeds.map((feed) => withInputs(feed, tap(onInput))),
      runId: manifest.run,
      runDir: dir,
      process: { mode: manifest.mode, codeVersion: manifest.codeVersion, node: process.versions.node },
      pid: process.pid,
      log: logOptions(trading.config, signer),
      scheduler: machineScheduler,
      onProblem: ({ code, detail, isFatal }) => void this.problems.push(`${isFatal ? 'FATAL ' : ''}${code}: ${detail}`),
      beforeRelease: () => composed.close(),
    })
    composed.watch(this.process)
    const traded = options.instruments.filter(({ isWatched }) => isWatched !== true)
    this.#progress = new SoakProgress(traded.map(({ instrument }) => instrument))
    this.process.observe(({ events }) => this.#progress.take(events))
    if (options.onCommitted) this.process.observe(options.onCommitted)
  }

  /** Opens the venues, fills history and starts the run. */
  static async start(options: SoakOptions): Promise<SoakRig> {
    const { home, seed, speed, startAt } = options
    mkdirSync(home, { recursive: true })
    const time = options.time ?? new SteadyTime({ speed, start: startAt, machine: machineScheduler })
    const counted = new CountedTime(time)
    const all = [...new Set(options.instruments.map(({ instrument }) => venueOf(instrument)))]
    const venues = options.outside === undefined ? all : []
    const exchanges = new Map<string, Exchange>()
    for (const venue of venues) {
      const world = generatedWorld({ seed, venue, symbols: options.symbols ?? 4 })
      const { tickMs } = options
      const protocol = PROTOCOLS[venue]!()
      exchanges.set(
        venue,
        await openExchange({ protocol, world, time, seed, ...(tickMs === undefined ? {} : { tickMs }) }),
      )
    }
    const config = configSchema.parse(configOf(options, options.outside ?? exchanges))
    const { backfill = true } = options
    const composed = await composePaper(home, { run: 'soak', backfill }, { config, clock: 'venue', speed }, counted)
    const rig = new SoakRig(options, time, counted, exchanges, composed)
    await rig.process.start()
    await composed.begin()
    rig.begunAt = time.now()
    // Only now: what a venue does to a process that has not begun yet is another test.
    for (const [venue, exchange] of exchanges) {
      const plan = options.faults?.(venue) ?? []
      if ('everySeconds' in plan) throw new Error('a soak takes lists of faults')
      for (const { afterMs = 0, ...fault } of plan) exchange.inject({ ...fault, at: time.now() + afterMs })
    }
    return rig
  }

  get connectors(): readonly VenueConnector[] {
    return this.#composed.connectors
  }

  /** Timers of the run that wait on the injected clock. */
  get timers(): number {
    return this.#counted.open
  }

  stats(venue: string): SessionStats {
    return this.connectors.find(({ name }) => name === `connector/${venue}`)!.stats
  }

  truth({ instrument, world }: SoakInstrument): { readonly exchange: Exchange; readonly instrument: WorldInstrument } {
    const exchange = this.exchanges.get(venueOf(instrument))!
    // Of the beginning: it may have been delisted since.
    return { exchange, instrument: exchange.world.instruments(this.startedAt).find(({ id }) => id === world)! }
  }

  /** What the venues and their connectors went through, for a person. */
  told(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      [...this.exchanges].map(([venue, exchange]) => {
        const { budget: _, sockets, ...session } = this.stats(venue)
        const lanes = sockets.map(({ ages: __, ...socket }) => socket)
        return [venue, { ...exchange.stats(), faults: exchange.log.length, session, lanes }]
      }),
    )
  }

  /** Whether all bars and instants that ended by then, and settlements, are in the log; `stop` leaves what only waits for it. */
  isCaughtUp(to: EpochMs): boolean {
    if (!this.#progress.has(to)) return false
    return this.options.instruments.every((one) => {
      const last = this.settlements(one, to)?.at(-1)
      return last === undefined || this.#progress.hasSettlement(one.instrument, last.ts)
    })
  }

  /** What was played by then, where the venue is in this process and settles at instants; published some seconds later. */
  settlements(one: SoakInstrument, to: EpochMs): ReturnType<Exchange['world']['settlements']> | undefined {
    if (this.options.outside !== undefined) return undefined
    const { exchange, instrument } = this.truth(one)
    if (instrument.kind !== 'linearPerpetual') return undefined
    return exchange.world.settlements(instrument, this.startedAt, to - MINUTE_MS)
  }

  /** Ends all faults, and gives the run a few minutes to catch up with everything that has ended by now. */
  async settle(isCaughtUp: (to: EpochMs) => boolean, withinMs = 15 * MINUTE_MS): Promise<EpochMs> {
    for (const exchange of this.exchanges.values()) exchange.heal()
    const to = Math.floor(this.time.now() / MINUTE_MS) * MINUTE_MS
    const end = this.time.now() + withinMs
    while (!isCaughtUp(to) && this.time.now() < end) await wait(this.time, SECOND_MS)
    return to
  }

  async stop(): Promise<void> {
    await this.process.stop('finished', 'time')
  }

  async close(): Promise<void> {
    for (const exchange of this.exchanges.values()) await exchange.close()
  }
}

export const venueOf = (instrument: string): string => parseInstrument(instrument)!.venue

function configOf(options: SoakOptions, urls: ReadonlyMap<string, VenueUrls>): object {
  const { seed, instruments, sockets = 1, extra = [], config = {} } = options
  const traded = instruments.filter(({ isWatched }) => isWatched !== true)
  const watch = instruments.filter(({ isWatched }) => isWatched === true).map(({ instrument }) => instrument)
  return {
    seed,
    interval: '1m',
    universe: traded.map(({ instrument, world }) => {
      const [base = '', rest = ''] = world.split('/')
      const [quote = ''] = rest.split(':')
      return { instrument, base, quote, tick: '0.1', lot: '0.001' }
    }),
    venues: Object.fromEntries([...urls].map(([venue, { rest, ws }]) => [venue, { rest, ws, sockets }])),
    marketData: { extra: [...extra], watch },
    ...config,
  }
}
