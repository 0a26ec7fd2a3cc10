/** Owns the promise to a newcomer: the built-in market and the default configuration soon give signals, orders and fills. */
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import { createSimMarket, type SimInput, type SimMarket } from '#data/connectors/sim/market'
import { Dispatcher, type Input } from '#engine/dispatcher'
import { TimerHeap } from '#engine/timers'
import { WaitingOrders } from '#engine/waiting-orders'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { catalogue } from '../../actors/catalogue.js'

const NOISE = new Set(['BarClosed', 'QuoteChanged'])

/** Drives the whole pipeline on the built-in market, with quotes where orders wait or positions are held. */
function run(hours: number, seed: number): { events: AnyEvent[]; start: number; dispatcher: Dispatcher } {
  const parsed = configSchema.parse({})
  const market: SimMarket = createSimMarket(parsed.sim, seed)
  const config = { ...parsed, universe: [...market.universe], interval: parsed.sim.interval }
  const waiting = new WaitingOrders()
  const timers = new TimerHeap()
  const held = new Set<string>()
  const events: AnyEvent[] = []
  const lines = new LineBuffer()
  const dispatcher = new Dispatcher({
    deciders: catalogue(config, 'quote'),
    runSeed: seed,
    lines,
    log: 'full',
    startRunning: true,
    observe: (event) => {
      waiting.fold(event)
      if (event.type === 'TimerRequested') timers.push(event.data)
      if (event.type === 'OrderFilled') held.add(event.data.instrument)
      if (!NOISE.has(event.type)) events.push(event)
    },
  })
  const step = (input: Input | SimInput): void => {
    for (let timer = timers.popDue(input.ts); timer !== undefined; timer = timers.popDue(input.ts))
      dispatcher.step({ type: 'TimerFired', by: 'host/clock', ts: timer.dueAt, data: { ...timer } })
    dispatcher.step(input)
    lines.truncate(0)
  }
  for (const input of market.history()) dispatcher.warm(input)
  for (const data of market.instruments)
    step({ type: 'InstrumentListed', by: 'connector/sim', ts: market.at, data: { ...data } })
  for (let hour = 0; hour < hours; hour++) {
    for (const input of market.nextInstant().inputs) step(input)
    const until = market.nextTs() - 1
    for (let from = market.at - 1; from < until; from += 60_000) {
      const asked = [...new Set([...waiting.instruments(), ...held])]
      for (const input of market.quotesBetween(from, Math.min(from + 60_000, until), asked)) step(input)
    }
  }
  return { events, start: market.start, dispatcher }
}

describe('a newcomer with defaults', () => {
  const { events, start, dispatcher } = run(48, 1)
  const of = (type: AnyEvent['type']) => events.filter((event) => event.type === type)

  it('sees signals and orders at the first instant, and the first fill within a simulated minute', () => {
    expect(of('SignalChanged')[0]?.ts).toBe(start)
    expect(of('OrderSubmitted')[0]?.ts).toBe(start)
    expect(of('OrderFilled')[0]!.ts - start).toBeLessThanOrEqual(60_000)
  })

  it('sees no fault and no order that the venue refuses', () => {
    expect([...of('AgentFaulted'), ...of('OrderRejected'), ...of('OrderUnconfirmed')]).toEqual([])
  })

  it('leaves no order without an end', () => {
    const ended = new Set(
      events.flatMap((event) => {
        if (event.type === 'OrderCancelled') return [event.data.order]
        return event.type === 'OrderFilled' && event.data.remaining === '0' ? [event.data.order] : []
      }),
    )
    const sent = events.flatMap((event) => (event.type === 'OrderSubmitted' ? [event.data.order] : []))
    expect(sent.filter((order) => !ended.has(order))).toEqual([])
    expect(new Set(sent).size).toBe(sent.length)
  })

  it.each(['execution/router', 'venue/paper'])('the state of %s survives JSON to the bit', (agent) => {
    const state = dispatcher.stateOf(agent)
    expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
  })

  it('sees the same again with the same seed', () => {
    const again = run(6, 1).events
    expect(again).toEqual(events.slice(0, again.length))
  })
})
