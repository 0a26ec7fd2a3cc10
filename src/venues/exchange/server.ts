/**
 * Owns one simulated exchange on loopback: HTTP and WebSocket on one port, ticks, faults, limits, counters. What the
 * answers say is the protocol's; all time is the injected clock's. Never listens on another address than 127.0.0.1.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'
import { control, isControl } from './control.js'
import { createFaultBoard, type FaultBoard, type FaultRecord, targetOf } from './fault-board.js'
import { FAULT_KINDS, type Fault, type FaultPlan } from './faults.js'
import { createLimiter, type Limiter } from './limiter.js'
import type { KeyRight, SimContext, SimProtocol } from './protocol.port.js'
import { answer } from './rest-side.js'
import { SocketSide } from './socket-side.js'
import { createVenueClock, type VenueClock } from './venue-clock.js'
import { overlayWorld, type WorldOverlay } from './world/overlay.js'
import type { World } from './world.port.js'

const HOST = '127.0.0.1'
/** Frames are sent this often; at a speed beyond what the machine can, the spans grow instead. */
const TICK_MS = 50
const LISTEN_AGAIN_MS = 100

export type ExchangeEvent =
  | { readonly kind: 'fault'; readonly fault: Fault; readonly at: EpochMs }
  | { readonly kind: 'healed'; readonly fault: Fault; readonly at: EpochMs }
  /** A protocol threw: a bug of the simulator. */
  | { readonly kind: 'error'; readonly error: unknown }

export interface ExchangeOptions {
  readonly protocol: SimProtocol
  readonly world: World
  readonly time: TimePort
  /** Of probabilities of faults. */
  readonly seed: number
  readonly faults?: FaultPlan
  /** Of the simulated account's key; default: read and trade. */
  readonly rights?: readonly KeyRight[]
  /** 0, the default: any free one. */
  readonly port?: number
  /** Between two ticks, on the injected clock; default 50. */
  readonly tickMs?: DurationMs
  readonly onEvent?: (event: ExchangeEvent) => void
}

export interface ExchangeStats {
  readonly requests: number
  /** Answers by HTTP status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Sent to clients. */
  readonly frames: number
  readonly limitHits: number
  readonly bans: number
  readonly openSockets: number
  readonly socketsEver: number
  /** What protocols threw. */
  readonly errors: readonly string[]
}

export interface Exchange {
  readonly venue: string
  /** `http://127.0.0.1:P` and `ws://127.0.0.1:P`. */
  readonly rest: string
  readonly ws: string
  readonly port: number
  /** The market as it is played, with what faults changed in it. */
  readonly world: World
  /** Venue time, with injected skew. */
  now(): EpochMs
  inject(fault: Fault): void
  /** Ends every fault, forgets the rest of the plan, lifts bans. */
  heal(): void
  /** Faults that began, oldest first; the last 10,000. */
  readonly log: readonly FaultRecord[]
  stats(): ExchangeStats
  /** Cuts every connection and frees the port. */
  close(): Promise<void>
}

/** Opens the exchange; rejects when the port is taken. */
export async function openExchange(options: ExchangeOptions): Promise<Exchange> {
  const floor = new Floor(options)
  await floor.open(options.port ?? 0)
  return floor
}

class Floor implements Exchange {
  readonly venue: string
  readonly world: World
  port = 0
  readonly #options: ExchangeOptions
  readonly #overlay: WorldOverlay
  readonly #clock: VenueClock
  readonly #limiter: Limiter
  readonly #board: FaultBoard
  readonly #context: SimContext
  readonly #server: Server
  readonly #sockets: SocketSide
  readonly #statuses: Record<string, number> = {}
  readonly #errors: string[] = []
  #requests = 0
  #shut = 0
  #isClosed = false
  #cancelTick: (() => void) | undefined
  #cancelListen: (() => void) | undefined

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.venue = options.protocol.venue
    this.#overlay = overlayWorld(options.world)
    this.world = this.#overlay.world
    this.#clock = createVenueClock(options.time)
    this.#limiter = createLimiter(() => this.now())
    this.#board = createFaultBoard({
      now: () => options.time.now(),
      seed: options.seed,
      plan: options.faults ?? [],
      symbols: options.world
        .instruments(options.time.now())
        .filter(({ kind, base }) => kind === 'linearPerpetual' && base !== 'BTC' && base !== 'ETH')
        .map(({ id }) => id),
      onBegin: (fault, at) => this.#begin(fault, at),
      onEnd: (fault) => this.#end(fault),
    })
    this.#context = this.#contextOf()
    this.#sockets = new SocketSide({
      protocol: options.protocol,
      context: this.#context,
      board: this.#board,
      time: options.time,
      onError: (error) => this.#failed(error),
    })
    this.#server = createServer((request, response) => {
      const done = isControl(request)
        ? control(request, response, {
            world: this.world,
            now: () => this.now(),
            state: () => this.#state(),
            inject: (fault) => this.inject(fault),
            heal: () => this.heal(),
          })
        : answer(request, response, {
            protocol: options.protocol,
            context: this.#context,
            board: this.#board,
            time: options.time,
            onReply: (_, status) => this.#count(status),
            onError: (error) => this.#failed(error),
          })
      done.catch((error: unknown) => {
        this.#failed(error)
        response.destroy()
      })
    })
    this.#server.on('upgrade', (request, socket, head) => this.#sockets.upgrade(request, socket, head))
  }

  get rest(): string {
    return `http://${HOST}:${this.port}`
  }

  get ws(): string {
    return `ws://${HOST}:${this.port}`
  }

  get log(): readonly FaultRecord[] {
    return this.#board.log
  }

  now(): EpochMs {
    return this.#clock.now()
  }

  async open(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, HOST, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    this.port = (this.#server.address() as AddressInfo).port // listening on TCP, so it is one
    this.#server.on('error', () => this.#listenLater())
    this.#tick()
  }

  inject(fault: Fault): void {
    this.#board.inject(fault)
  }

  heal(): void {
    this.#board.heal()
    this.#overlay.heal()
    this.#limiter.liftBans()
    this.#clock.skew(0)
  }

  stats(): ExchangeStats {
    return {
      requests: this.#requests,
      statuses: { ...this.#statuses },
      frames: this.#sockets.frames,
      limitHits: this.#limiter.hits,
      bans: this.#limiter.bans,
      openSockets: this.#sockets.open,
      socketsEver: this.#sockets.ever,
      errors: [...this.#errors],
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelTick?.()
    this.#cancelListen?.()
    this.#sockets.cutAll()
    const closed = this.#server.listening
      ? new Promise<void>((resolve) => this.#server.close(() => resolve()))
      : Promise.resolve()
    this.#server.closeAllConnections()
    await closed
  }

  #contextOf(): SimContext {
    const clock = this.#clock
    const board = this.#board
    const { rights } = this.#options
    return {
      world: this.world,
      ...(rights === undefined ? {} : { rights }),
      now: () => clock.now(),
      limiter: this.#limiter,
      get isInMaintenance() {
        return board.acting.some(({ fault }) => fault.kind === 'maintenance')
      },
    }
  }

  #tick(): void {
    this.#board.advance()
    this.#sockets.advance(this.now())
    this.#cancelTick = this.#options.time.after(this.#options.tickMs ?? TICK_MS, () => this.#tick())
  }

  #begin(fault: Fault, at: EpochMs): void {
    this.#options.onEvent?.({ kind: 'fault', fault, at })
    const { kind, symbol } = fault
    const venueNow = this.now()
    if (kind === 'disconnect') this.#sockets.cutSome(fault)
    else if (kind === 'halfOpen' && fault.sockets !== undefined)
      this.#sockets.muteSome(fault, at + (fault.forMs ?? FAULT_KINDS.halfOpen))
    else if (kind === 'maintenance') this.#sockets.closeAll(1001, 'maintenance')
    else if (kind === 'clockSkew') this.#clock.skew(fault.ms ?? 5000)
    else if (kind === 'banIp') this.#limiter.banExactly(HOST, fault.forMs ?? 120_000)
    else if (kind === 'delist') this.#overlay.delist(symbol ?? '', venueNow)
    else if (kind === 'fundingInterval')
      this.#overlay.fundingInterval(symbol ?? '', venueNow, fault.intervalMs ?? 3_600_000)
    else if (closesListener(fault)) this.#stopListening()
  }

  #end(fault: Fault): void {
    this.#options.onEvent?.({ kind: 'healed', fault, at: this.#options.time.now() })
    if (fault.kind === 'clockSkew') this.#clock.skew(0)
    else if (fault.kind === 'delist') this.#overlay.relist(fault.symbol ?? '', this.now())
    else if (closesListener(fault)) this.#listenAgain()
  }

  /** Connections that are open stay so: only new ones find nobody. */
  #stopListening(): void {
    if (this.#shut++ > 0) return
    this.#server.close()
  }

  #listenAgain(): void {
    if (--this.#shut > 0 || this.#isClosed) return
    this.#server.listen(this.port, HOST)
  }

  /** The port is not free yet. */
  #listenLater(): void {
    if (this.#isClosed) return
    this.#cancelListen = this.#options.time.after(LISTEN_AGAIN_MS, () => {
      if (this.#shut === 0 && !this.#isClosed && !this.#server.listening) this.#server.listen(this.port, HOST)
    })
  }

  #count(status: number): void {
    this.#requests++
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
  }

  #failed(error: unknown): void {
    if (this.#errors.length < 100)
      this.#errors.push(error instanceof Error ? (error.stack ?? error.message) : `${error}`)
    this.#options.onEvent?.({ kind: 'error', error })
  }

  #state(): unknown {
    const { protocol, time } = this.#options
    return {
      venue: this.venue,
      now: time.now(),
      venueNow: this.now(),
      urls: protocol.urls(this.rest, this.ws),
      stats: this.stats(),
      acting: this.#board.acting,
      log: this.log.slice(-100),
      instruments: this.world.instruments(this.now()).length,
    }
  }
}

const closesListener = (fault: Fault): boolean =>
  fault.kind === 'dnsFailure' || (fault.kind === 'refuse' && targetOf(fault) === 'both')
