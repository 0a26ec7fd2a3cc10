/** A carry package through the whole chain: signal, blender, risk, router, paper venue, exact book; and refold equals the run. */
import { describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import { configSchema } from '#core/config/schema'
import { parseUnits } from '#core/decimal'
import { Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS } from '#core/time'
import { Dispatcher } from '#engine/dispatcher'
import { refoldStep } from '#engine/refold'
import { Routes, type Slot, slotOf } from '#engine/routes'
import { WaitingOrders } from '#engine/waiting-orders'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import type { RiskState } from '#risk/engine.decider'
import { coinsHeld, isInFlight } from '#risk/packages/package-state'

const SPOT = 'binance.spot.AAAUSDT'
const PERP = 'binance.usdm.AAAUSDT'

/** Funding is rich for `days`, then turns for as long. */
function run(days: number) {
  const common = { base: 'AAA', tick: '0.01', lot: '0.001' }
  const config = configSchema.parse({
    interval: '1h',
    universe: [
      { instrument: PERP, ...common },
      { instrument: SPOT, ...common, role: 'leg' },
    ],
    signals: {
      tsmom: { enabled: false },
      donchian: { enabled: false },
      meanReversion: { enabled: false },
      fundingCarry: { enabled: true },
    },
  })
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
      if (event.cause === 0) steps.push([])
      steps.at(-1)!.push(JSON.parse(JSON.stringify(event)) as AnyEvent)
    },
  })
  const step = (type: AnyEvent['type'], ts: number, data: unknown) => {
    dispatcher.step({ type, by: 'test/tape', ts, data })
    if (lines.length > 1 << 20) lines.truncate(0)
  }
  const random = Sfc32.seeded(3)
  let price = 100
  let worst = 0
  let largest = 0
  for (let open = 0; open < 2 * days * DAY_MS; open += HOUR_MS) {
    const close = open + HOUR_MS
    const from = price
    price = Math.max(1, Math.round(price * Math.exp(0.006 * random.normal()) * 100) / 100)
    const range = { open: from, high: Math.max(from, price), low: Math.min(from, price), close: price }
    for (const instrument of [SPOT, PERP])
      step('BarClosed', close, { instrument, interval: '1h', openTime: open, ...range, volume: 1e7 })
    if (close % (8 * HOUR_MS) === 0) {
      const rate = close <= days * DAY_MS ? 0.0004 : -0.0004
      step('FundingSettled', close, { instrument: PERP, settledAt: close, rate, intervalHours: 8, proxy: false })
    }
    const intervals = close % DAY_MS === 0 ? ['1h', '1d'] : ['1h']
    step('InstantClosed', close, { instant: close, intervals, missing: [] })
    for (const instrument of waiting.instruments())
      step('BarOpened', close, { instrument, interval: '1h', openTime: close, open: price, liquidity: 1e7 })
    const state = dispatcher.stateOf<RiskState>('risk/engine')
    for (const pkg of state.packages) {
      if (isInFlight(state, pkg.package)) continue
      const delta = pkg.legs.reduce((sum, leg) => sum + coinsHeld(leg), 0)
      largest = Math.max(largest, ...pkg.legs.map((leg) => Math.abs(coinsHeld(leg))))
      worst = Math.max(worst, Math.abs(delta))
    }
  }
  return { dispatcher, deciders, steps, counts, worst, largest }
}

describe('a carry package through the chain', () => {
  it('is opened, paid, kept neutral and closed when funding turns; the book adds up; refold equals the run', () => {
    const { dispatcher, deciders, steps, counts, worst, largest } = run(20)
    expect(counts.AgentFaulted).toBeUndefined()
    expect(counts.PackageChanged).toBeGreaterThan(1)
    expect(counts.OrderFilled).toBeGreaterThan(3)
    expect(largest).toBeGreaterThan(0)
    expect(worst).toBeLessThanOrEqual(0.02 * largest)
    const risk = dispatcher.stateOf<RiskState>('risk/engine')
    expect(risk.packages.flatMap((pkg) => pkg.legs.filter(({ position }) => position.quantity !== '0'))).toEqual([])
    const { ledger } = risk
    const events = steps.flat()
    let [fees, funding] = [0n, 0n]
    for (const event of events) {
      if (event.type === 'OrderFilled') fees += parseUnits(event.data.fee)
      if (event.type === 'FundingAccrued') for (const row of event.data.rows) funding += parseUnits(row.cash)
    }
    expect([parseUnits(ledger.fees), parseUnits(ledger.funding)]).toEqual([fees, funding])
    expect(funding > 0n).toBe(true)
    expect(parseUnits(ledger.balance)).toBe(parseUnits(ledger.opening) + parseUnits(ledger.realised) - fees + funding)

    const fresh: Slot[] = deciders.map((decider, index) => slotOf(decider, index, decider.initial(), true))
    const routes = new Routes(fresh)
    for (const step of steps) refoldStep(routes, step)
    for (const slot of fresh) expect(slot.state, slot.decider.name).toEqual(dispatcher.stateOf(slot.decider.name))
  })
})
