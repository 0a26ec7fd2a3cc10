import { readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import { OrdersAtWork } from '#actors/orders-at-work'
import { refoldUntil } from '#actors/refold-log'
import { SimBars } from '#actors/sim-bars.source'
import { SimQuotes } from '#actors/sim-quotes.source'
import { configSchema } from '#core/config/schema'
import { Sfc32 } from '#core/random'
import { DAY_MS } from '#core/time'
import { createSimMarket } from '#data/connectors/sim/market'
import type { Input } from '#engine/dispatcher'
import type { RouterState } from '#execution/router-state'
import {
  asText,
  endSession,
  eventsOf,
  linesOf,
  makeHome,
  openSession,
  redecide,
  runSession,
  type SessionOptions,
} from '../engine/run-rig.js'

const home = makeHome()
afterAll(() => home.remove())

const DAYS = 25
const parsed = configSchema.parse({ seed: 3, sim: { symbols: 3, interval: '4h', historyDays: 120 } })
const market = () => createSimMarket(parsed.sim, parsed.seed)
const config = { ...parsed, universe: [...market().universe], interval: parsed.sim.interval }
const deciders = catalogue(config, 'quote')
const history = () => market().history() as Iterable<Input> // the market's inputs are the engine's by shape

/** The whole process on the built-in market, up to a day of it. */
const options = (days: number): SessionOptions => ({
  signer: home.signer,
  bars: 0,
  deciders,
  history,
  everyEvents: 300,
  feed: (dispatcher) => {
    const bars = new SimBars(market(), market())
    bars.endAt(market().start + days * DAY_MS)
    const orders = new OrdersAtWork(() => dispatcher().stateOf<RouterState>('execution/router'))
    return [bars, new SimQuotes(bars, () => ({ ts: dispatcher().ts, instruments: orders.instruments() }))]
  },
})

describe('the whole catalogue on the built-in market', () => {
  it('recovers every agent’s state after a cut anywhere, and goes on as if it had never stopped', async () => {
    const runDir = home.newRun()
    const first = await runSession(runDir, options(DAYS))
    expect(first.problems).toEqual([])
    await endSession(first)
    const events = eventsOf(runDir)
    const { lines, states } = redecide(events, deciders, history())
    expect(linesOf(runDir)).toEqual(lines)
    expect(events.filter((event) => event.type === 'OrderFilled').length).toBeGreaterThan(5)
    expect(events.filter((event) => event.type === 'AgentFaulted')).toEqual([])

    const segment = join('log', '00000001.ndjson')
    const { length } = readFileSync(join(runDir, segment))
    const random = Sfc32.seeded(11)
    for (let i = 0; i < 6; i++) {
      const cut = home.copyOf(runDir)
      truncateSync(join(cut, segment), Math.floor(length * (0.05 + 0.95 * random.next())))
      if (i % 3 === 2) rmSync(join(cut, 'snapshots'), { recursive: true })
      const looked = openSession(cut, options(DAYS))
      const { resume } = looked.recovered
      expect(asText(resume.states)).toEqual(states.get(resume.seq) ?? asText(resume.states))
      if (resume.seq > 0) expect(states.has(resume.seq)).toBe(true)
      await looked.recovered.writer.close({ seal: false })
      const again = await runSession(cut, options(DAYS + 5))
      expect(again.problems).toEqual([])
      await endSession(again)
      const cutEvents = eventsOf(cut)
      expect(linesOf(cut)).toEqual(redecide(cutEvents, deciders, history()).lines)
      const bars = cutEvents.flatMap((event) => (event.type === 'BarClosed' ? [event.data] : []))
      expect(new Set(bars.map((bar) => `${bar.instrument} ${bar.openTime}`)).size).toBe(bars.length)
      expect(bars.length).toBe((DAYS + 5) * 6 * 3 + 3)
    }
  }, 120_000)

  it('has at any seq the state that the uninterrupted run had', async () => {
    const runDir = home.newRun()
    await endSession(await runSession(runDir, options(8)))
    const { states } = redecide(eventsOf(runDir), deciders, history())
    const refold = { runDir, deciders, runSeed: 3, history }
    let checked = 0
    for (const [seq, expected] of states) {
      if (seq % 23 !== 0) continue
      expect(asText(refoldUntil(refold, seq))).toEqual(expected)
      checked++
    }
    expect(checked).toBeGreaterThan(5)
  }, 120_000)
})
