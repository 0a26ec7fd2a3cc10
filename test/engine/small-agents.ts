/**
 * Owns small real deciders for tests of the host and of recovery: a counter with timers, an order path with a venue that
 * answers by timer, and one that throws on demand. Never imported outside tests.
 */
import { type Decider, SILENCE } from '#core/decider'
import type { TimerFired, TimerRequested } from '#events/lifecycle.events'
import type { BarClosed } from '#events/market.events'
import type { CancelRequested, OrderAccepted, OrderFilled, OrderSubmitted } from '#events/order.events'

export interface CounterState {
  bars: number
  fired: number
  sum: number
}

/** Counts bars; asks for a timer at each fifth. */
export const counter: Decider<CounterState, BarClosed | TimerFired, TimerRequested> = {
  name: 'test/counter',
  version: '1',
  dependencies: [],
  reads: ['BarClosed', 'TimerFired'],
  emits: ['TimerRequested'],
  warmupMs: 0,
  onOrderPath: false,
  initial: () => ({ bars: 0, fired: 0, sum: 0 }),
  evolve(state, event) {
    if (event.type === 'BarClosed') {
      state.bars++
      state.sum += event.data.close
    } else if (event.type === 'TimerFired' && event.data.agent === 'test/counter') state.fired++
    return state
  },
  decide(state, event) {
    if (event.type !== 'BarClosed' || state.bars % 5 !== 0) return SILENCE
    const data = { agent: 'test/counter', timer: `c-${state.bars}`, dueAt: event.ts + 30_000 }
    return [{ type: 'TimerRequested', data }]
  },
}

export interface OrdersState {
  submitted: number
  filled: number
  /** Lots of 1e-4. */
  position: number
  last: number
}

/** Sends an order when a bar moves far enough; sizes and sides come from the seeded stream. */
export const orders: Decider<OrdersState, BarClosed | OrderFilled, OrderSubmitted> = {
  name: 'test/orders',
  version: '1',
  dependencies: [],
  reads: ['BarClosed', 'OrderFilled'],
  emits: ['OrderSubmitted'],
  warmupMs: 0,
  onOrderPath: true,
  initial: () => ({ submitted: 0, filled: 0, position: 0, last: 0 }),
  evolve(state, event) {
    if (event.type === 'OrderSubmitted') state.submitted++
    else if (event.type === 'OrderFilled') {
      const lots = Math.round(Number(event.data.quantity) * 10_000)
      state.position += event.data.side === 'buy' ? lots : -lots
      state.filled++
    } else state.last = event.data.close
    return state
  },
  decide(state, event, context) {
    if (event.type !== 'BarClosed') return SILENCE
    const random = context.random()
    if (random.next() < 0.6) return SILENCE
    return [
      {
        type: 'OrderSubmitted',
        data: {
          order: context.newId('o'),
          instrument: event.data.instrument,
          side: random.next() < 0.5 ? 'buy' : 'sell',
          quantity: (0.0001 * (1 + random.below(500))).toFixed(4),
          type: 'market',
          timeInForce: 'ioc',
          reduceOnly: false,
          purpose: 'rebalance',
          referencePrice: String(state.last),
          expectedSpreadBps: 2,
          expectedImpactBps: random.next(),
        },
      },
    ]
  },
}

export interface VenueState {
  open: { order: string; instrument: string; side: 'buy' | 'sell'; quantity: string; price: string }[]
  trades: number
}

/** Accepts at once, fills when its timer fires. */
export const venue: Decider<VenueState, OrderSubmitted | TimerFired, OrderAccepted | OrderFilled | TimerRequested> = {
  name: 'test/venue',
  version: '1',
  dependencies: ['test/orders'],
  reads: ['OrderSubmitted', 'TimerFired'],
  emits: ['OrderAccepted', 'OrderFilled', 'TimerRequested'],
  warmupMs: 0,
  onOrderPath: true,
  initial: () => ({ open: [], trades: 0 }),
  evolve(state, event) {
    if (event.type === 'OrderSubmitted') {
      const { order, instrument, side, quantity, referencePrice } = event.data
      state.open.push({ order, instrument, side, quantity, price: referencePrice })
    } else if (event.type === 'OrderFilled') {
      state.trades++
      state.open = state.open.filter((each) => each.order !== event.data.order)
    }
    return state
  },
  decide(state, event, context) {
    if (event.type === 'OrderSubmitted') {
      const { order, instrument } = event.data
      const dueAt = event.ts + 1 + context.random().below(90_000)
      return [
        { type: 'OrderAccepted', data: { order, instrument, venueOrder: `v-${event.seq}` } },
        { type: 'TimerRequested', data: { agent: 'test/venue', timer: order, dueAt } },
      ]
    }
    if (event.data.agent !== 'test/venue') return SILENCE
    const open = state.open.find((each) => each.order === event.data.timer)
    if (open === undefined) return SILENCE
    return [
      {
        type: 'OrderFilled',
        data: {
          order: open.order,
          instrument: open.instrument,
          trade: context.newId('t'),
          side: open.side,
          price: open.price,
          quantity: open.quantity,
          remaining: '0',
          fee: '0.01',
          feeCurrency: 'USDT',
          liquidity: 'taker',
          referencePrice: open.price,
          slippageBps: 2,
        },
      },
    ]
  },
}

export interface FragileState {
  seen: number
  sum: number
}

/** Throws in `evolve` on a close of 666 and in `decide` on one of 777; otherwise cancels an order nobody has, at times. */
export const fragile: Decider<FragileState, BarClosed, CancelRequested> = {
  name: 'test/fragile',
  version: '1',
  dependencies: [],
  reads: ['BarClosed'],
  emits: ['CancelRequested'],
  warmupMs: 0,
  onOrderPath: false,
  initial: () => ({ seen: 0, sum: 0 }),
  evolve(state, event) {
    state.seen++
    if (event.type === 'CancelRequested') return state
    if (event.data.close === 666) throw new RangeError('a close that evolve cannot take')
    state.sum += event.data.close
    return state
  },
  decide(state, event) {
    if (event.data.close === 777) throw new RangeError('a close that decide cannot take')
    if (state.seen % 3 !== 0) return SILENCE
    return [{ type: 'CancelRequested', data: { order: `x-${state.seen}`, instrument: 'a.b.C', reason: 'test' } }]
  },
}

export const smallAgents = [counter, orders, venue, fragile] as unknown as readonly Decider<unknown>[] // as the registry holds them
