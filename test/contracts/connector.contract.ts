/**
 * Owns what every venue's connector does, on the simulated exchange in this process: one suite for all venues. The market
 * that the exchange plays is the truth; clocks run many times as fast as the machine's.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BehaviorSubject } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { scaledTime } from '#actors/scaled-time'
import { VenueConnector, type VenueConnectorOptions } from '#actors/venue-connector.actor'
import { configSchema } from '#core/config/schema'
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type EpochMs, floorTo, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { StreamKind } from '#data/connectors/adapter.port'
import { ADAPTERS } from '#data/connectors/adapters'
import type { Venue } from '#data/connectors/normal'
import type { PushedInput } from '#engine/live'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import type { BarClosed, FundingSettled, MarkChanged, OpenInterestChanged } from '#events/market.events'
import { PROTOCOLS } from '#venues/exchange/protocols'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { WorldInstrument } from '#venues/exchange/world.port'

/** What is watched on a venue, and what it is in the played market. */
export interface ConnectorCase {
  readonly instruments: readonly { readonly instrument: InstrumentId; readonly world: string }[]
  /** An id of the venue's form that it does not have. */
  readonly unknown: InstrumentId
  /** What the venue cannot do; with why. */
  readonly without?: { readonly settlements?: string; readonly openInterest?: string }
}

const SPEED = 60
const SEED = 11
/** Just before funding is settled. */
const START = Date.UTC(2026, 0, 15, 7, 57, 30)
const KINDS: readonly StreamKind[] = ['bars', 'mark', 'funding', 'openInterest', 'quotes', 'book', 'trades']

interface Rig {
  readonly exchange: Exchange
  readonly connector: VenueConnector
  readonly inputs: PushedInput[]
  readonly room$: BehaviorSubject<boolean>
  readonly time: TimePort
  readonly states: string[]
  /** Timers that wait. */
  readonly timers: () => number
  begin(): Promise<void>
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

async function makeRig(venue: Venue, plan: ConnectorCase, more: Partial<VenueConnectorOptions> = {}): Promise<Rig> {
  const clock = scaledTime(SPEED, START)
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
  const world = generatedWorld({ seed: SEED, venue, symbols: 4 })
  const exchange = await openExchange({ protocol: PROTOCOLS[venue]!(), world, time: clock, seed: SEED })
  const home = mkdtempSync(join(tmpdir(), 'connector-'))
  folders.push(home)
  const { venues } = configSchema.parse({ venues: { [venue]: { rest: exchange.rest, ws: exchange.ws } } })
  const inputs: PushedInput[] = []
  const states: string[] = []
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
    timers: () => timers,
    async begin() {
      await connector.start(abort.signal)
      running = connector.run({
        signal: abort.signal,
        degraded: (reason) => void states.push(`degraded ${reason}`),
        recovered: () => void states.push('recovered'),
      })
      running.catch(() => undefined)
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

const of = <T>(rig: Rig, type: PushedInput['type'], instrument?: InstrumentId): T[] =>
  rig.inputs
    .filter((input) => input.type === type)
    .map(({ data }) => data as T & { readonly instrument?: InstrumentId }) // of that type, by the catalogue
    .filter((data) => instrument === undefined || data.instrument === instrument)

/** Until something holds, on the rig's clock. */
async function until(rig: Rig, what: string, holds: () => boolean, withinMs = 5 * MINUTE_MS): Promise<void> {
  const end = rig.time.now() + withinMs
  while (!holds()) {
    if (rig.time.now() > end) throw new Error(`not within ${withinMs / SECOND_MS} s: ${what}\n${shown(rig)}`)
    await wait(rig.time, SECOND_MS)
  }
}

/** What a person needs to see why. */
function shown(rig: Rig): string {
  const { stats } = rig.connector
  return JSON.stringify({ ...stats, sockets: stats.sockets.map(({ ages: _, ...rest }) => rest), states: rig.states })
}

const close = (a: number, b: number, relative: number, absolute = 0): boolean =>
  Math.abs(a - b) <= Math.max(absolute, relative * Math.abs(b))

/** Every closed bar from the first one on, once, in order, with the numbers that the market had. */
function expectBars(rig: Rig, instrument: InstrumentId, from: EpochMs, to: EpochMs): void {
  const bars = of<BarClosed['data']>(rig, 'BarClosed', instrument)
  const truth = rig.exchange.world.bars(rig.truth(instrument), MINUTE_MS, from, to, rig.exchange.now())
  const seen = bars.filter(({ openTime }) => openTime < to)
  expect(seen.map(({ openTime }) => openTime)).toEqual(truth.map(({ openTime }) => openTime))
  seen.forEach((bar, i) => {
    for (const key of ['open', 'high', 'low', 'close'] as const)
      expect(close(bar[key], truth[i]![key], 1e-4), `${key} ${bar[key]} of ${truth[i]![key]}`).toBe(true)
    expect(close(bar.volume, truth[i]!.volume, 0.02, 0.02), `volume ${bar.volume} of ${truth[i]!.volume}`).toBe(true)
  })
}

export function connectorContract(venue: Venue, plan: ConnectorCase): void {
  const ids = plan.instruments.map(({ instrument }) => instrument)

  describe(`the connector of ${venue}`, () => {
    it('lists instruments, refuses one that the venue does not have, and names the nearest', async () => {
      const rig = await makeRig(venue, plan)
      await rig.begin()
      await until(rig, 'listings', () => of(rig, 'InstrumentListed').length === ids.length)
      expect(of<{ instrument: string }>(rig, 'InstrumentListed').map(({ instrument }) => instrument)).toEqual(ids)
      const watch = [{ instrument: plan.unknown, kinds: KINDS, isListed: true }]
      const wrong = await makeRig(venue, plan, { watch })
      await expect(wrong.begin()).rejects.toMatchObject({ code: 'VENUE_REFUSED' })
    })

    it('knows the venue’s time when its clock is wrong', async () => {
      const rig = await makeRig(venue, plan)
      rig.exchange.inject({ kind: 'clockSkew', ms: 7000, forMs: HOUR_MS })
      await rig.begin()
      const { clock } = rig.connector.stats
      expect(Math.abs(clock!.offsetMs - 7000)).toBeLessThanOrEqual(clock!.rttMs / 2 + 2)
    })

    it('gives bars, marks, funding, open interest and books as the market has them', async () => {
      const rig = await makeRig(venue, plan)
      await rig.begin()
      const from = floorTo(rig.time.now(), MINUTE_MS)
      await until(
        rig,
        'four bars of each',
        () => ids.every((id) => of(rig, 'BarClosed', id).length >= 4),
        10 * MINUTE_MS,
      )
      const { world } = rig.exchange
      for (const id of ids) {
        expectBars(rig, id, from, from + 4 * MINUTE_MS)
        const truth = rig.truth(id)
        if (truth.kind === 'spot') continue
        const marks = of<MarkChanged['data']>(rig, 'MarkChanged', id)
        expect(marks.length).toBeGreaterThan(10)
        for (const { mark, at } of marks.slice(-5)) expect(close(mark, world.mark(truth, at), 2e-3)).toBe(true)
        if (plan.without?.openInterest === undefined) {
          const seen = of<OpenInterestChanged['data']>(rig, 'OpenInterestChanged', id).at(-1)
          expect(seen, `open interest of ${id}`).toBeDefined()
          expect(close(seen!.openInterest, world.openInterest(truth, seen!.at), 0.02)).toBe(true)
        }
        if (!truth.kind.endsWith('Perpetual') || plan.without?.settlements !== undefined) continue
        await until(rig, `settlement of ${id}`, () => of(rig, 'FundingSettled', id).length > 0)
        const settlements = world.settlements(truth, START, rig.exchange.now())
        const seen = of<FundingSettled['data']>(rig, 'FundingSettled', id)
        expect(seen.map(({ settledAt }) => settledAt)).toEqual(settlements.slice(0, seen.length).map(({ ts }) => ts))
        for (const [i, { rate }] of seen.entries()) expect(close(rate, settlements[i]!.rate, 1e-3, 1e-8)).toBe(true)
      }
      for (const id of ids) {
        await until(rig, `book of ${id}`, () => rig.connector.session.top(id) !== undefined)
        const { bid, ask } = rig.connector.session.top(id)!
        const quote = world.quote(rig.truth(id), rig.exchange.now())
        expect(bid[0]).toBeLessThan(ask[0])
        expect(close(bid[0], quote.bid, 2e-3) && close(ask[0], quote.ask, 2e-3)).toBe(true)
      }
      // Every input is one that the log takes.
      const lines = new LineBuffer()
      const encoder = new EventEncoder()
      for (const input of rig.inputs) encoder.encode(lines, { seq: 1, v: 1, cause: 0, ts: START, ...input })
      expect(lines.length).toBeGreaterThan(1000)
      expect(rig.exchange.stats()).toMatchObject({ bans: 0, limitHits: 0, errors: [] })
      expect(rig.connector.stats.quarantine.refused).toBe(0)
    })

    it('loses and doubles no bar through a bad day', async () => {
      const rig = await makeRig(venue, plan)
      await rig.begin()
      const from = floorTo(rig.time.now(), MINUTE_MS)
      const faults = [
        { kind: 'disconnect' },
        { kind: 'drop', probability: 0.5, forMs: 70 * SECOND_MS },
        { kind: 'duplicate', forMs: 20 * SECOND_MS },
        { kind: 'reorder', forMs: 65 * SECOND_MS },
        { kind: 'torn', probability: 0.5, forMs: 20 * SECOND_MS },
        { kind: 'garbage', probability: 0.5, forMs: 20 * SECOND_MS },
        { kind: 'sequenceGap', forMs: 10 * SECOND_MS },
        { kind: 'halfOpen', forMs: 70 * SECOND_MS },
        { kind: 'slow', ms: 3000, forMs: 30 * SECOND_MS },
        { kind: 'serverError', status: 503, forMs: 70 * SECOND_MS },
        { kind: 'disconnect' },
        { kind: 'refuse', forMs: 20 * SECOND_MS },
      ] as const
      for (const fault of faults) {
        rig.exchange.inject(fault)
        await wait(rig.time, 45 * SECOND_MS)
      }
      rig.exchange.heal()
      const to = floorTo(rig.time.now(), MINUTE_MS)
      await until(rig, 'all bars', () =>
        ids.every((id) => (of<BarClosed['data']>(rig, 'BarClosed', id).at(-1)?.openTime ?? 0) >= to),
      )
      for (const id of ids) expectBars(rig, id, from, to)
      expect(rig.exchange.stats()).toMatchObject({ bans: 0, errors: [] })
      expect(rig.connector.stats.quarantine.refused, shown(rig)).toBeGreaterThan(0)
      expect(rig.states.filter((state) => state.startsWith('degraded')).length, shown(rig)).toBeGreaterThan(0)
      await until(rig, 'recovery', () => rig.states.at(-1) === 'recovered')
      await until(rig, 'books', () => ids.every((id) => rig.connector.session.top(id) !== undefined))
    })

    it('replaces connections before their end without losing anything, and leaves nothing behind', async () => {
      const rig = await makeRig(venue, plan, { maxLifeMs: 60 * SECOND_MS })
      await rig.begin()
      const from = floorTo(rig.time.now(), MINUTE_MS)
      await until(
        rig,
        'rotations',
        () => rig.connector.stats.sockets.every(({ rotations }) => rotations >= 2),
        10 * MINUTE_MS,
      )
      const to = floorTo(rig.time.now(), MINUTE_MS)
      await until(rig, 'bars', () =>
        ids.every((id) => (of<BarClosed['data']>(rig, 'BarClosed', id).at(-1)?.openTime ?? 0) >= to),
      )
      for (const id of ids) expectBars(rig, id, from, to)
      expect(
        rig.connector.stats.sockets.map(({ drops }) => drops),
        shown(rig),
      ).toEqual(rig.connector.stats.sockets.map(() => 0))
      await rig.stop()
      await wait(rig.time, 30 * SECOND_MS)
      expect(rig.exchange.stats().openSockets).toBe(0)
      expect(rig.timers()).toBe(0)
    })

    it('fills what was missed since the last known bar, and keeps what finds no room', async () => {
      const from = floorTo(START, MINUTE_MS) - 40 * MINUTE_MS
      const lastBars = new Map(ids.map((id) => [id, from - MINUTE_MS]))
      const rig = await makeRig(venue, plan, { lastBars })
      rig.room$.next(false)
      await rig.begin()
      await wait(rig.time, 60 * SECOND_MS)
      expect(rig.inputs).toEqual([])
      rig.room$.next(true)
      const to = floorTo(rig.time.now(), MINUTE_MS)
      await until(rig, 'bars', () =>
        ids.every((id) => (of<BarClosed['data']>(rig, 'BarClosed', id).at(-1)?.openTime ?? 0) >= to),
      )
      for (const id of ids) expectBars(rig, id, from, to)
    })
  })
}
