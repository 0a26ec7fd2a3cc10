/** Owns a venue's connector with the simulated exchange that it speaks to, in this process, on clocks that run fast. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BehaviorSubject } from 'rxjs'
import { afterEach, expect } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { VenueConnector, type VenueConnectorOptions } from '#actors/venue-connector.actor'
import { configSchema } from '#core/config/schema'
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type EpochMs, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { StreamKind } from '#data/connectors/adapter.port'
import { ADAPTERS } from '#data/connectors/adapters'
import type { TradeRecord, Venue } from '#data/connectors/normal'
import type { PushedInput } from '#engine/live'
import type { BarClosed } from '#events/market.events'
import type { SimContext, SimProtocol, SimReply } from '#venues/exchange/protocol.port'
import { PROTOCOLS } from '#venues/exchange/protocols'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { WorldInstrument } from '#venues/exchange/world.port'

/** What is watched on a venue, and what it is in the played market. */
export interface ConnectorCase {
  readonly instruments: readonly { readonly instrument: InstrumentId; readonly world: string }[]
  /** An id of the venue's form that it does not have. */
  readonly unknown: InstrumentId
  /** What another program on the address asks, so often every so long; `isBan`: whose excess is a ban at once. */
  readonly beside: {
    readonly path: string
    readonly query: string
    readonly times: number
    readonly everyMs: number
    readonly isBan: boolean
  }
  /** What the venue cannot do; with why. */
  readonly without?: { readonly settlements?: string; readonly openInterest?: string }
}

/** One request of the connector. */
export interface AskedOf {
  readonly at: EpochMs
  readonly path: string
  readonly reply: SimReply
}

export const SPEED = 60
const SEED = 11
/** Just before funding is settled. */
export const START = Date.UTC(2026, 0, 15, 7, 57, 30)
export const KINDS: readonly StreamKind[] = ['bars', 'mark', 'funding', 'openInterest', 'quotes', 'book', 'trades']

export interface Rig {
  readonly exchange: Exchange
  readonly connector: VenueConnector
  readonly inputs: PushedInput[]
  readonly room$: BehaviorSubject<boolean>
  readonly time: TimePort
  readonly states: string[]
  /** Trades as they are given behind the removal of doubles. */
  readonly trades: TradeRecord[]
  /** Requests that the connector made, by the exchange's clock. */
  readonly asked: AskedOf[]
  /** A request of another program on the same address; the answer's status. */
  askBeside(path: string, query: string): SimReply
  /** Timers that wait. */
  readonly timers: () => number
  /** May be called again when a run has failed, as the supervisor does. */
  begin(): Promise<{ readonly failure: () => unknown }>
  stop(): Promise<void>
  truth(instrument: InstrumentId): WorldInstrument
}

const opened: Rig[] = []
const folders: string[] = []

afterEach(async () => {
  for (const rig of opened.splice(0)) {
    await rig.stop()
    await rig.exchange.close()
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export async function makeRig(
  venue: Venue,
  plan: Pick<ConnectorCase, 'instruments'>,
  more: Partial<VenueConnectorOptions> = {},
  settings: {
    readonly sockets?: number
    readonly symbols?: number
    readonly start?: EpochMs
    readonly speed?: number
  } = {},
): Promise<Rig> {
  const { sockets = 1, symbols = 4, start = START, speed = SPEED } = settings
  const clock = scaledTime(speed, start)
  let timers = 0
  const time: TimePort = {
    now: () => clock.now(),
    after(ms, fn) {
      timers++
      let isOver = false
      const over = (): void => {
        if (!isOver) timers--
        isOver = true
      }
      const cancel = clock.after(ms, () => {
        over()
        fn()
      })
      return () => {
        over()
        cancel()
      }
    },
  }
  const world = generatedWorld({ seed: SEED, venue, symbols })
  const real = PROTOCOLS[venue]!()
  const asked: AskedOf[] = []
  let context: SimContext | undefined
  const protocol: SimProtocol = {
    venue: real.venue,
    handle(request, its) {
      context = its
      const reply = real.handle(request, its)
      asked.push({ at: clock.now(), path: request.path, reply })
      return reply
    },
    connect: (socket, its) => real.connect(socket, its),
    maintenanceReply: real.maintenanceReply,
    serverError: (status) => real.serverError(status),
    urls: (rest, ws) => real.urls(rest, ws),
  }
  const exchange = await openExchange({ protocol, world, time: clock, seed: SEED })
  const home = mkdtempSync(join(tmpdir(), 'connector-'))
  folders.push(home)
  const { venues } = configSchema.parse({ venues: { [venue]: { rest: exchange.rest, ws: exchange.ws, sockets } } })
  const inputs: PushedInput[] = []
  const states: string[] = []
  const trades: TradeRecord[] = []
  const room$ = new BehaviorSubject(true)
  const connector = new VenueConnector({
    adapter: ADAPTERS[venue]!,
    config: venues[venue],
    watch: plan.instruments.map(({ instrument }) => ({ instrument, kinds: KINDS, isListed: true })),
    interval: '1m',
    lastBars: new Map(),
    fees: { makerFeeBps: 2, takerFeeBps: 5 },
    time,
    seed: SEED,
    home,
    isTraded: () => true,
    tap: (record) => void (record.kind === 'trade' && trades.push(record)),
    onOrderPath: true,
    ...more,
  })
  const abort = new AbortController()
  let running: Promise<void> | undefined
  const subscription = connector.inputs$(room$).subscribe((input) => void inputs.push(input))
  const rig: Rig = {
    exchange,
    connector,
    inputs,
    room$,
    time: clock,
    states,
    trades,
    asked,
    askBeside(path, query) {
      if (context === undefined) throw new Error('nobody has asked yet')
      const request = { method: 'GET', path, query: new URLSearchParams(query), rawQuery: query, headers: {}, body: '' }
      return real.handle({ ...request, ip: '127.0.0.1' }, context)
    },
    timers: () => timers,
    async begin() {
      await connector.start(abort.signal)
      running = connector.run({
        signal: abort.signal,
        degraded: (reason) => void states.push(`degraded ${reason}`),
        recovered: () => void states.push('recovered'),
      })
      let failed: unknown
      running = running.catch((error: unknown) => {
        failed = error
      })
      return { failure: () => failed }
    },
    async stop() {
      abort.abort()
      await running
      subscription.unsubscribe()
    },
    truth(instrument) {
      const id = plan.instruments.find((entry) => entry.instrument === instrument)?.world
      return exchange.world.instruments(clock.now()).find((entry) => entry.id === id)!
    },
  }
  opened.push(rig)
  return rig
}

export const of = <T>(rig: Rig, type: PushedInput['type'], instrument?: InstrumentId): T[] =>
  rig.inputs
    .filter((input) => input.type === type)
    .map(({ data }) => data as T & { readonly instrument?: InstrumentId }) // of that type, by the catalogue
    .filter((data) => instrument === undefined || data.instrument === instrument)

/** Until something holds, on the rig's clock. */
export async function until(rig: Rig, what: string, holds: () => boolean, withinMs = 5 * MINUTE_MS): Promise<void> {
  const end = rig.time.now() + withinMs
  while (!holds()) {
    if (rig.time.now() > end) throw new Error(`not within ${withinMs / SECOND_MS} s: ${what}\n${shown(rig)}`)
    await wait(rig.time, SECOND_MS)
  }
}

/** What a person needs to see why. */
export function shown(rig: Rig): string {
  const { stats } = rig.connector
  return JSON.stringify({ ...stats, sockets: stats.sockets.map(({ ages: _, ...rest }) => rest), states: rig.states })
}

export const close = (a: number, b: number, relative: number, absolute = 0): boolean =>
  Math.abs(a - b) <= Math.max(absolute, relative * Math.abs(b))

/** Contracts of money are coins at one price a bar, in whole contracts; Deribit writes volumes as binary fractions. */
const VOLUME = { relative: 0.02, absolute: 0.02 } as const

/** Every closed bar from the first one on, once, in order, with the numbers that the market had. */
export function expectBars(rig: Rig, instrument: InstrumentId, from: EpochMs, to: EpochMs): void {
  const bars = of<BarClosed['data']>(rig, 'BarClosed', instrument)
  const truth = rig.exchange.world.bars(rig.truth(instrument), MINUTE_MS, from, to, rig.exchange.now())
  const seen = bars.filter(({ openTime }) => openTime < to)
  expect(seen.map(({ openTime }) => openTime)).toEqual(truth.map(({ openTime }) => openTime))
  seen.forEach((bar, i) => {
    for (const key of ['open', 'high', 'low', 'close'] as const) expect(bar[key], key).toBe(truth[i]![key])
    const isExact = /^(?:spot|linear)/.test(rig.truth(instrument).kind) && !instrument.startsWith('deribit')
    if (isExact) expect(bar.volume, 'volume').toBe(truth[i]!.volume)
    else
      expect(
        close(bar.volume, truth[i]!.volume, VOLUME.relative, VOLUME.absolute),
        `volume ${bar.volume} of ${truth[i]!.volume}`,
      ).toBe(true)
  })
}
