/**
 * Owns what every venue's connector does, on the simulated exchange in this process: one suite for all venues. The market
 * that the exchange plays is the truth; clocks run many times as fast as the machine's.
 */
import { describe, expect, it } from 'vitest'
import { type EpochMs, floorTo, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { ADAPTERS } from '#data/connectors/adapters'
import type { Venue } from '#data/connectors/normal'
import { EventEncoder } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import type { BarClosed, FundingSettled, MarkChanged, OpenInterestChanged } from '#events/market.events'
import {
  type ConnectorCase,
  close,
  expectBars,
  KINDS,
  makeRig,
  of,
  type Rig,
  START,
  shown,
  until,
} from './connector-rig.js'

/** Requests that left before the refusal was read: a sixth of a second of this machine. */
const UNDER_WAY_MS = 10 * SECOND_MS
/** Digits behind the point of value / truth. Venues write marks with two to eight decimals of the quote. */
const MARK_DIGITS = 6
/** Written in coins, contracts of coins, or USD that are turned back at the mark that was sent with them. */
const OPEN_INTEREST_DIGITS = 6
/** Binance COIN-M tells contracts of 100 USD without a price: they are turned into coins at the last price that was seen. */
const CONVERTED_DIGITS = 2
/** The book is as old as its last frame, and the quote that it is held against is of now: a move of the market, relative. */
const BOOK_AGE = 2e-3

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
        for (const { mark, at } of marks) expect(mark / world.mark(truth, at)).toBeCloseTo(1, MARK_DIGITS)
        if (plan.without?.openInterest === undefined) {
          const seen = of<OpenInterestChanged['data']>(rig, 'OpenInterestChanged', id).at(-1)
          expect(seen, `open interest of ${id}`).toBeDefined()
          const digits = id.startsWith('binance.coinm.') ? CONVERTED_DIGITS : OPEN_INTEREST_DIGITS
          expect(seen!.openInterest / world.openInterest(truth, seen!.at)).toBeCloseTo(1, digits)
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
        expect(close(bid[0], quote.bid, BOOK_AGE) && close(ask[0], quote.ask, BOOK_AGE)).toBe(true)
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

    it('reads two sockets a stream as one, whichever is cut or replaced', async () => {
      const rig = await makeRig(venue, plan, { maxLifeMs: 90 * SECOND_MS }, { sockets: 2 })
      await rig.begin()
      const from = floorTo(rig.time.now(), MINUTE_MS)
      const spoke = (): boolean => rig.connector.stats.sockets.every(({ isUp }) => isUp)
      await until(rig, 'the begin', () => spoke() && rig.states.at(-1)?.startsWith('degraded') !== true)
      const told = rig.states.length
      for (let cut = 0; cut < 6; cut++) {
        await until(rig, 'all sockets', spoke)
        rig.exchange.inject({ kind: 'disconnect', sockets: 1 })
        await wait(rig.time, 20 * SECOND_MS)
      }
      const sum = (): number => rig.connector.stats.sockets.reduce((all, { rotations }) => all + rotations, 0)
      await until(rig, 'rotations', () => sum() >= 4)
      const to = floorTo(rig.time.now(), MINUTE_MS)
      await until(rig, 'bars', () =>
        ids.every((id) => (of<BarClosed['data']>(rig, 'BarClosed', id).at(-1)?.openTime ?? 0) >= to),
      )
      expect(rig.states.slice(told), shown(rig)).toEqual([])
      const names = rig.trades.map(({ instrument, id }) => `${instrument} ${id}`)
      expect(names.length).toBeGreaterThan(20)
      expect(new Set(names).size).toBe(names.length)
      for (const id of ids) {
        expectBars(rig, id, from, to)
        const at = of<MarkChanged['data']>(rig, 'MarkChanged', id).map((mark) => mark.at)
        expect(at).toEqual([...at].sort((a, b) => a - b))
        const settledAt = of<FundingSettled['data']>(rig, 'FundingSettled', id).map((row) => row.settledAt)
        expect(settledAt).toEqual([...new Set(settledAt)].sort((a, b) => a - b))
      }
      expect(rig.exchange.stats(), shown(rig)).toMatchObject({ bans: 0, limitHits: 0, errors: [] })
    })

    it('leaves the venue alone as long as it is told when others use up the limit, and loses nothing by it', async () => {
      const rig = await makeRig(venue, plan)
      await rig.begin()
      const from = floorTo(rig.time.now(), MINUTE_MS)
      const { path, query, times, everyMs, isBan } = plan.beside
      await until(rig, 'bars', () => ids.every((id) => of(rig, 'BarClosed', id).length > 0))
      // Streams are silent, so that REST is needed, and nothing is left for it.
      rig.exchange.inject({ kind: 'drop', forMs: 130 * SECOND_MS })
      const begin = rig.time.now()
      if (isBan) rig.exchange.inject({ kind: 'banIp', forMs: 10 * MINUTE_MS })
      while (rig.time.now() < begin + 120 * SECOND_MS && !isBan) {
        // It ends at its first refusal: to go on then is what bans an address, and that would not be the connector's doing.
        let isRefused = false
        for (let i = 0; i < times && !isRefused; i++) isRefused = rig.askBeside(path, query).status >= 400
        await wait(rig.time, everyMs - (rig.time.now() % everyMs) + 1)
      }
      await until(rig, 'refusals', () => pausesOf(venue, rig).length > 0 || !isBan)
      const to = floorTo(rig.time.now(), MINUTE_MS)
      const whole = (): boolean =>
        ids.every((id) => (of<BarClosed['data']>(rig, 'BarClosed', id).at(-1)?.openTime ?? 0) >= to)
      await until(rig, 'bars behind it', whole, 15 * MINUTE_MS)
      for (const id of ids) expectBars(rig, id, from, to)
      for (const { at, until } of pausesOf(venue, rig)) {
        // What was on its way already does not count.
        const early = rig.asked.filter((asked) => asked.at > at + UNDER_WAY_MS && asked.at < until)
        expect(early, `told at ${at} to wait until ${until}`).toEqual([])
      }
      expect(rig.exchange.stats()).toMatchObject({ bans: isBan ? 1 : 0, errors: [] })
      await until(rig, 'recovery', () => rig.states.at(-1) === 'recovered')
    })
  })
}

/** When the venue told the connector to stay away, and until when, as its adapter reads it. */
function pausesOf(venue: Venue, { asked }: Rig): { readonly at: EpochMs; readonly until: EpochMs }[] {
  return asked.flatMap(({ at, reply }) => {
    const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
    const headers = Object.fromEntries(
      Object.entries(reply.headers ?? {}).map(([key, value]) => [key.toLowerCase(), value]),
    )
    const { kind, waitMs } = ADAPTERS[venue]!.failure(reply.status, headers, body)
    return kind === 'rateLimited' || kind === 'banned' ? [{ at, until: at + (waitMs ?? 0) }] : []
  })
}
