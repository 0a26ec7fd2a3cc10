/** The whole chain through the dispatcher on a made-up market: orders are approved, filled and booked, and refold equals the run. */
import { describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import { configSchema } from '#core/config/schema'
import { parseUnits } from '#core/decimal'
import { Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS, type Interval, intervalMs } from '#core/time'
import { Dispatcher } from '#engine/dispatcher'
import { refoldStep } from '#engine/refold'
import { Routes, type Slot, slotOf } from '#engine/routes'
import { WaitingOrders } from '#engine/waiting-orders'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { equity, positionSnapshot, type RiskState } from '#risk/engine.decider'

const SYMBOLS = ['AAA', 'BBB', 'CCC', 'DDD']

function run(interval: Interval, days: number, seed: number, keep: boolean) {
  const universe = SYMBOLS.map((base) => ({ instrument: `test.perp.${base}`, base, tick: '0.01', lot: '0.001' }))
  const config = configSchema.parse({ interval, universe })
  const deciders = catalogue(config, 'nextOpen')
  const waiting = new WaitingOrders()
  const steps: AnyEvent[][] = []
  const counts: Record<string, number> = {}
  const lines = new LineBuffer()
  const dispatcher = new Dispatcher({
    deciders,
    runSeed: 1,
    lines,
    log: 'derived',
    startRunning: true,
    observe: (event) => {
      waiting.fold(event)
      counts[event.type] = (counts[event.type] ?? 0) + 1
      if (!keep) return
      if (event.cause === 0) steps.push([])
      steps.at(-1)!.push(JSON.parse(JSON.stringify(event)) as AnyEvent)
    },
  })
  const step = (type: AnyEvent['type'], ts: number, data: unknown) => {
    dispatcher.step({ type, by: 'test/tape', ts, data })
    if (lines.length > 1 << 20) lines.truncate(0)
  }
  const random = Sfc32.seeded(seed)
  const stepMs = intervalMs(interval)
  const sigma = 0.04 * Math.sqrt(stepMs / DAY_MS)
  const prices = SYMBOLS.map(() => 100)
  for (let open = 0; open < days * DAY_MS; open += stepMs) {
    const close = open + stepMs
    const intervals = close % DAY_MS === 0 && interval !== '1d' ? [interval, '1d'] : [interval]
    SYMBOLS.forEach((base, i) => {
      const from = prices[i]!
      const to = Math.max(0.5, Math.round(from * Math.exp(sigma * random.normal() + 0.0002) * 100) / 100)
      prices[i] = to
      const bar = { interval, openTime: open, open: from, high: Math.max(from, to), low: Math.min(from, to), close: to }
      step('BarClosed', close, { instrument: `test.perp.${base}`, ...bar, volume: 1e7 })
    })
    if (close % (8 * HOUR_MS) === 0)
      for (const base of SYMBOLS)
        step('FundingSettled', close, {
          instrument: `test.perp.${base}`,
          settledAt: close,
          rate: 0.0001,
          intervalHours: 8,
          proxy: true,
        })
    step('InstantClosed', close, { instant: close, intervals, missing: [] })
    for (const instrument of waiting.instruments()) {
      const price = prices[SYMBOLS.findIndex((base) => instrument.endsWith(base))]!
      step('BarOpened', close, { instrument, interval, openTime: close, open: price, liquidity: 1e7 })
    }
  }
  return { dispatcher, deciders, steps, counts, config }
}

describe('the chain', () => {
  it.each(['1d', '4h'] as const)('trades, books and refolds on %s bars', (interval) => {
    const { dispatcher, deciders, steps, counts } = run(interval, 220, 7, true)
    const risk = dispatcher.stateOf<RiskState>('risk/engine')
    expect(counts.OrderApproved).toBeGreaterThan(10)
    expect(counts.OrderFilled).toBeGreaterThan(10)
    expect(counts.FundingAccrued).toBeGreaterThan(10)
    expect(counts.AgentFaulted).toBeUndefined()
    const { ledger, slots } = risk
    const sum = (of: (slot: (typeof slots)[number]) => string) =>
      slots.reduce((total, slot) => total + parseUnits(of(slot)), 0n)
    expect(parseUnits(ledger.balance)).toBe(
      parseUnits(ledger.opening) +
        sum(({ position }) => position.realised) -
        sum(({ position }) => position.fees) +
        sum(({ position }) => position.funding),
    )
    // What risk believes to hold is what the venue's fills add up to.
    const filled = new Map<string, bigint>()
    for (const event of steps.flat())
      if (event.type === 'OrderFilled')
        filled.set(
          event.data.instrument,
          (filled.get(event.data.instrument) ?? 0n) +
            parseUnits(event.data.quantity) * (event.data.side === 'buy' ? 1n : -1n),
        )
    for (const slot of slots) expect(parseUnits(slot.position.quantity)).toBe(filled.get(slot.instrument) ?? 0n)
    expect(positionSnapshot(risk).equity).toBe(equity(risk))

    const fresh: Slot[] = deciders.map((decider, index) => slotOf(decider, index, decider.initial(), true))
    const routes = new Routes(fresh)
    for (const step of steps) refoldStep(routes, step)
    for (const slot of fresh) expect(slot.state, slot.decider.name).toEqual(dispatcher.stateOf(slot.decider.name))
  })
})
