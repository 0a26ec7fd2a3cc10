/**
 * Owns the way of a package through dispatcher, router and paper venue: legs of different kinds trade in one instant, the end of
 * an instrument ends its orders, and a restart from copies of the states decides on as before.
 */
import { describe, expect, it } from 'vitest'
import { type Decider, SILENCE } from '#core/decider'
import { Dispatcher, type Input } from '#engine/dispatcher'
import { TimerHeap } from '#engine/timers'
import { WaitingOrders } from '#engine/waiting-orders'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import type { InstantClosed } from '#events/market.events'
import type { OrderApproved } from '#events/risk.events'
import { createPaperVenue } from '#execution/paper-venue.decider'
import { createRouter } from '#execution/router.decider'
import {
  ALT,
  approved,
  BTC,
  CALL,
  CALL_TERMS,
  chain,
  EXPIRY,
  execution,
  FUTURE,
  FUTURE_TERMS,
  instant,
  marked,
  opened,
  PUT,
  PUT_TERMS,
  UNIVERSE,
} from './fixtures.js'

const HOUR = 3_600_000
const T = EXPIRY - 100 * HOUR

type Approval = OrderApproved['data']
type Plan = Readonly<Record<number, readonly Partial<Approval>[]>>

/** Approves at an instant what the plan says, as risk would. */
function scripted(plan: Plan): Decider<null, InstantClosed, OrderApproved> {
  return {
    name: 'risk/engine',
    version: '1',
    dependencies: [],
    reads: ['InstantClosed'],
    emits: ['OrderApproved'],
    warmupMs: 0,
    onOrderPath: true,
    initial: () => null,
    evolve: () => null,
    decide: (_, { ts }, context) =>
      (plan[ts] ?? SILENCE).map((changes) => ({
        type: 'OrderApproved' as const,
        data: approved({ order: context.newId('o'), purpose: 'package', package: 'basis/BTC', ...changes }).data,
      })),
  }
}

/** Prices of one hour; `bars` open where an order waits, after the instant. */
interface Hour {
  readonly rows?: readonly Pick<AnyEvent, 'type' | 'data'>[]
  readonly bars?: Readonly<Record<string, number>>
}

function world(plan: Plan) {
  const waiting = new WaitingOrders()
  const timers = new TimerHeap()
  const events: AnyEvent[] = []
  const dispatcher = new Dispatcher({
    deciders: [
      scripted(plan),
      createRouter(execution(), UNIVERSE, '1h'),
      createPaperVenue(execution(), UNIVERSE, { fills: 'nextOpen', interval: '1h' }),
    ],
    runSeed: 1,
    lines: new LineBuffer(),
    log: 'derived',
    startRunning: true,
    observe: (event) => {
      waiting.fold(event)
      if (event.type === 'TimerRequested') timers.push(event.data)
      if (event.cause > 0) events.push(JSON.parse(JSON.stringify(event)) as AnyEvent)
    },
  })
  const step = (type: Input['type'], ts: number, data: unknown): void => {
    dispatcher.step({ type, by: 'test/tape', ts, data })
  }
  /** An instant as the tape drives it. */
  const hour = (ts: number, { rows = [], bars = {} }: Hour): void => {
    for (let due = timers.popDue(ts); due !== undefined; due = timers.popDue(ts))
      step('TimerFired', due.dueAt, { ...due })
    for (const { type, data } of rows) step(type, ts, data)
    step('InstantClosed', ts, instant(ts).data)
    for (const instrument of waiting.instruments()) {
      const open = bars[instrument]
      if (open !== undefined) step('BarOpened', ts, opened(open, 1e6, ts, instrument).data)
    }
  }
  const trades = () =>
    events.flatMap((event) =>
      event.type === 'OrderFilled' ? [[(event.ts - T) / HOUR, event.data.instrument, event.data.price]] : [],
    )
  return { hour, events, trades, waiting }
}

const spot = (changes: Partial<Approval> = {}): Partial<Approval> => ({ instrument: BTC, ...changes })
const short = { instrument: FUTURE, terms: FUTURE_TERMS, side: 'sell', quantity: '120000' } as const
const straddle = [
  { instrument: CALL, terms: CALL_TERMS, side: 'sell', referencePrice: '0.02' },
  { instrument: PUT, terms: PUT_TERMS, side: 'sell', referencePrice: '0.02' },
] as const

describe('a package', () => {
  it('of bars trades at the next open, both legs in the instant that decided it', () => {
    const { hour, trades } = world({ [T]: [spot(), spot({ instrument: ALT, side: 'sell' })] })
    hour(T, { bars: { [BTC]: 100, [ALT]: 10 } })
    expect(trades().map(([at, instrument]) => [at, instrument])).toEqual([
      [0, ALT],
      [0, BTC],
    ])
  })

  it('of a spot and a dated future trades both at the next mark, whatever stands first', () => {
    for (const legs of [
      [spot(), short],
      [short, spot()],
    ]) {
      const { hour, trades, waiting } = world({ [T]: legs })
      hour(T, { rows: [marked(FUTURE, 60_000, T)], bars: { [BTC]: 100 } })
      expect(trades()).toEqual([])
      hour(T + HOUR, { bars: { [BTC]: 101 } })
      expect([trades(), waiting.size]).toEqual([[], 2])
      hour(T + 2 * HOUR, { rows: [marked(FUTURE, 60_500, T + 2 * HOUR)], bars: { [BTC]: 102 } })
      expect(trades().map(([at, instrument]) => [at, instrument])).toEqual([
        [2, FUTURE],
        [2, BTC],
      ])
      expect(waiting.size).toBe(0)
    }
  })

  it('of a straddle and its hedge trades at the next chain', () => {
    const { hour, trades } = world({ [T]: [...straddle, spot({ side: 'buy' })] })
    const quotes = { [CALL]: [0.02, 0.021], [PUT]: [0.022, 0.023] } as const
    hour(T, { rows: [chain(quotes, T)], bars: { [BTC]: 100 } })
    hour(T + HOUR, { rows: [chain(quotes, T + HOUR)], bars: { [BTC]: 100 } })
    expect(trades()).toEqual([
      [1, CALL, '0.02'],
      [1, PUT, '0.022'],
      [1, BTC, expect.any(String)],
    ])
  })

  it('that nothing prices ends with its instrument, and the leg with bars goes alone', () => {
    const { hour, trades, events, waiting } = world({ [EXPIRY - HOUR]: [short, spot()] })
    hour(EXPIRY - HOUR, { bars: { [BTC]: 100 } })
    hour(EXPIRY, { bars: { [BTC]: 100 } })
    const ended = events.filter(({ type }) => type === 'OrderCancelled').map(({ data }) => data)
    expect(ended).toMatchObject([{ instrument: FUTURE, reason: 'expired', remaining: '120000' }])
    expect(trades()).toEqual([[100, BTC, expect.any(String)]])
    expect(waiting.size).toBe(0)
  })

  it('decides the same from the same inputs', () => {
    const run = () => {
      const { hour, events } = world({ [T]: [spot(), short], [T + HOUR]: [...straddle] })
      for (let i = 0; i < 4; i++) {
        const at = T + i * HOUR
        const rows = [marked(FUTURE, 60_000 + i, at), chain({ [CALL]: [0.02, 0.021], [PUT]: [null, 0.02] }, at)]
        hour(at, { rows, bars: { [BTC]: 100 + i } })
      }
      return events
    }
    const events = run()
    expect(events.filter(({ type }) => type === 'OrderFilled')).toHaveLength(3)
    expect(run()).toEqual(events)
  })

  it('does not change what was decided before, when what comes later is another', () => {
    const until = (late: number) => {
      const { hour, events } = world({ [T]: [spot(), short] })
      hour(T, { rows: [marked(FUTURE, 60_000, T)], bars: { [BTC]: 100 } })
      hour(T + HOUR, { rows: [marked(FUTURE, 60_100, T + HOUR)], bars: { [BTC]: 101 } })
      const before = [...events]
      hour(T + 2 * HOUR, { rows: [marked(FUTURE, late, T + 2 * HOUR)], bars: { [BTC]: late } })
      return before
    }
    expect(until(1)).toEqual(until(90_000))
  })
})
