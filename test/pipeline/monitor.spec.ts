/** Beside a whole run risk/monitor changes nothing that is decided; its NAV is the engine's at every close of a day. */
import { describe, expect, it } from 'vitest'
import type { AnyEvent } from '#events/catalogue'
import { equity, type RiskState } from '#risk/engine.decider'
import type { MonitorState } from '#risk/monitor.decider'
import { decideTape, only } from './decide.js'
import { type ConfigPatch, syntheticTape, type TapeSpec } from './tape.js'

const SPEC: TapeSpec = {
  seed: 31,
  days: 200,
  interval: '1d',
  symbols: [
    { symbol: 'BTC', funding: 'recorded', drift: 1, annualVol: 0.9 },
    { symbol: 'ETH', funding: 'recorded', fromDay: 30, gapDays: [150, 151], annualVol: 1.1 },
    { symbol: 'SOL', toDay: 160, annualVol: 1.3 },
  ],
}
const patch = (monitor: boolean): ConfigPatch => ({
  signals: { tsmom: { lookbackDays: 10, skipDays: 2 }, donchian: { entryDays: 15, exitDays: 7, adxMin: 10 } },
  risk: { turnoverMonthly: 3, monitor },
})

/** What was decided, without what depends on how many lines stand before. */
const decided = (events: readonly AnyEvent[]): unknown[] =>
  events.flatMap(({ type, by, ts, data }) => {
    if (by === 'risk/monitor') return []
    if (type !== 'OrderFilled' && type !== 'OrderApproved' && type !== 'OrderRefused') return [[type, ts]]
    const { instrument, side, quantity } = data
    return [[type, ts, instrument, side, quantity]]
  })

describe('a monitored run', () => {
  it('decides what it decides without a monitor, and is measured once a day at the NAV of the engine', () => {
    const navs: number[] = []
    const monitored = decideTape({
      ...syntheticTape(SPEC, patch(true)),
      onEvent: (event, dispatcher) => {
        if (event.type !== 'RiskMeasured') return
        navs.push(event.data.nav)
        const book = dispatcher.stateOf<MonitorState>('risk/monitor').book
        expect(book.peak).toBe(dispatcher.stateOf<RiskState>('risk/engine').peak)
      },
    })
    const alone = decideTape(syntheticTape(SPEC, patch(false)))
    expect(decided(monitored.events)).toEqual(decided(alone.events))
    expect(only(alone.events, 'RiskMeasured')).toEqual([])

    const daily = only(monitored.events, 'RiskMeasured').filter(({ data }) => data.cause === 'daily')
    expect(daily.length).toBeGreaterThan(195)
    expect(navs.every((nav) => nav > 0)).toBe(true)
    const { dispatcher } = monitored
    expect(equity(dispatcher.stateOf<MonitorState>('risk/monitor').book)).toBe(
      equity(dispatcher.stateOf<RiskState>('risk/engine')),
    )
    const { data } = daily.at(-1)!
    expect(data.days).toBeGreaterThan(190)
    expect(data.tails).toHaveLength(2)
    const held = daily.filter((one) => one.data.gross > 0 && one.data.tails.length > 0)
    expect(held.length).toBeGreaterThan(20)
    for (const { data: one } of held) {
      for (const tail of one.tails) expect(tail.historicEs).toBeGreaterThanOrEqual(tail.historicVar)
      expect(one.annualVol).toBeGreaterThan(0)
    }
  })
})
