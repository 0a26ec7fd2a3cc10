import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import type { SsrConfig } from '#core/config/signals-schema'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { InstantClosed, OnChainPublished } from '#events/market.events'
import { lastZ } from '#quant/on-chain'
import { createSsr, type SsrState } from '#signals/ssr.decider'
import { instantAt, published, type Regime, regimes, sharedDays, termOf } from './on-chain.js'
import { looksAhead, oracle, play, START } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.ssr
const CAP = DEFAULTS.marketCap
const USD = 'vendor.usdx.supply'
const UST = 'vendor.usty.supply'
const WINDOW = 20
const make = (change: Partial<SsrConfig> = {}) =>
  createSsr({ ...DEFAULTS, supplies: [USD], windowDays: WINDOW, ...change })
type Tape = (OnChainPublished | InstantClosed)[]
const stateOf = (tape: Tape, change: Partial<SsrConfig> = {}) => play(make(change), tape).state as SsrState // its own

/** Capitalisation over 1,000 of supply on days from `from` on. */
const days = (ratios: readonly number[], from = 0, supply: (day: number) => number = () => 1000): Tape =>
  ratios.flatMap((ratio, i) => [
    published(CAP, from + i, ratio * supply(from + i), { seq: 10 * (from + i) + 1 }),
    published(USD, from + i, supply(from + i), { seq: 10 * (from + i) + 2 }),
  ])
const wave = (count: number): number[] => Array.from({ length: count }, (_, i) => 10 + Math.sin(i))

const vectors = oracle('onchain')
describe.skipIf(vectors === undefined)('signal/ssr against the oracle', () => {
  it('has its z and factor on every day from the first full window on', () => {
    const { inputs, expected } = vectors!.cases.find(({ id }) => id === 'ssr')!
    const { btcPrice, stableMcap, btcSupply } = inputs as {
      btcPrice: number[]
      stableMcap: number[]
      btcSupply: number
    }
    const decider = make({ windowDays: 200 })
    let state = decider.initial()
    const z: number[] = []
    btcPrice.forEach((price, i) => {
      state = decider.evolve(state, published(CAP, i, price * btcSupply))
      state = decider.evolve(state, published(USD, i, stableMcap[i]!))
      const found = state.found?.z ?? null
      expect(found === null).toBe(i < 199)
      if (found === null) return
      z.push(found)
      expect(state.overlay.effect.longFactor).toBeCloseTo(1 + 0.25 * Math.max(-1, Math.min(1, -found / 2)), 12)
      expect(state.overlay.effect.shortFactor).toBe(1)
    })
    const wanted = (expected as { z: number[] }).z
    expect(z).toHaveLength(wanted.length)
    z.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i]!, 9)
    })
  })
})

describe('signal/ssr', () => {
  it('warms up for a whole window, then says factor and numbers', () => {
    const tape = days(wave(WINDOW))
    const said = regimes(make(), tape)
    expect(said.map(({ data }) => data.regime)).toEqual(['warming-up', 'scaled'])
    const { z, mean, sd } = lastZ(wave(WINDOW), 0)!
    const last = said[1]!
    expect(last.at).toBe(tape.length - 1)
    expect(last.data).toMatchObject({ signal: 'ssr', shortFactor: 1, blocksNewLongs: false, blocksShorts: false })
    expect(last.data.longFactor).toBeCloseTo(1 + 0.25 * (-z! / 2), 6)
    expect(termOf(last, 'ssrZ')).toBeCloseTo(z!, 7)
    expect(termOf(last, 'ssrMean')).toBeCloseTo(mean, 7)
    expect(termOf(last, 'ssrSd')).toBeCloseTo(sd, 7)
    expect(last.data.inputs).toEqual([191, 192])
    expect(last.data.validUntil).toBe(START + (WINDOW + 3) * DAY_MS)
  })

  it('knows nothing of the days before the first one that counts', () => {
    const from = new Date(START + 15 * DAY_MS).toISOString().slice(0, 10)
    const tape = days(wave(60))
    const state = stateOf(tape, { from })
    expect(state.firstDay).toBe(START + 15 * DAY_MS)
    expect(state).toEqual(stateOf(tape.slice(2 * 15), {}))
  })

  it('is 1.25 at z of −2 and beyond, 0.75 at 2 and beyond', () => {
    const flat = Array.from({ length: WINDOW - 1 }, () => 10)
    const factor = (last: number): number => regimes(make(), days([...flat, last])).at(-1)!.data.longFactor
    expect(factor(5)).toBe(1.25)
    expect(factor(15)).toBe(0.75)
  })

  it('has no z where nothing varies', () => {
    const said = regimes(make(), days(Array.from({ length: WINDOW }, () => 10)))
    expect(said.at(-1)!.data).toMatchObject({ regime: 'neutral', longFactor: 1 })
    expect(termOf(said.at(-1)!, 'ssrZ')).toBeNull()
  })

  it('speaks when the factor moved by a hundredth', () => {
    const factorOf = (tape: Tape): number => stateOf(tape).overlay.effect.longFactor
    for (const last of [9, 9.5, 9.9, 10, 10.1, 10.5]) {
      const tape = days([...wave(WINDOW), last])
      const before = regimes(make(), tape.slice(0, -2)).at(-1)!
      const moved = Math.abs(factorOf(tape) - before.data.longFactor) >= 0.01
      expect(regimes(make(), tape).at(-1)!.at === tape.length - 1).toBe(moved)
    }
  })

  it('divides values of one day alone', () => {
    const tape = days(wave(WINDOW))
    const cap = published(CAP, WINDOW, 999_000)
    expect(stateOf([...tape, cap]).newest?.day).toBe(START + (WINDOW - 1) * DAY_MS)
    const late = published(USD, WINDOW, 1000, { at: cap.ts + DAY_MS })
    expect(stateOf([...tape, cap, late]).newest).toMatchObject({ day: START + WINDOW * DAY_MS, ratio: 999 })
  })

  it('fills no missing day: up to a twentieth of the window may be unknown, no more', () => {
    const ratios = wave(WINDOW + 1)
    const without = (...gone: number[]): Tape =>
      ratios.flatMap((ratio, i) => (gone.includes(i) ? [] : days([ratio], i)))
    const one = stateOf(without(7))
    expect(one.known).toBe(WINDOW - 1)
    expect(one.found?.z).toBeCloseTo(
      lastZ(
        ratios.filter((_, i) => i > 0 && i !== 7),
        0,
      )!.z!,
      12,
    )
    expect(stateOf(without(7, 9)).overlay.regime).toBe('warming-up')
  })

  it('puts a correction in the place of what it corrects, and leaves what it decided', () => {
    const ratios = wave(WINDOW)
    const tape = days(ratios)
    const at = tape.at(-1)!.ts + HOUR_MS
    const fix = published(USD, 5, 500, { at, revision: 1, seq: 999 })
    const said = regimes(make(), [...tape, fix])
    expect(said.slice(0, -1)).toEqual(regimes(make(), tape))
    const corrected = ratios.map((ratio, i) => (i === 5 ? 2 * ratio : ratio))
    expect(termOf(said.at(-1)!, 'ssrZ')).toBeCloseTo(lastZ(corrected, 0)!.z!, 7)
    expect(said.at(-1)!).toMatchObject({ at: tape.length, data: { asOf: START + WINDOW * DAY_MS } })
  })

  it('is without effect when its newest whole day is too old', () => {
    const tape = days(wave(WINDOW))
    const end = START + WINDOW * DAY_MS
    // The capitalisation goes on, the supply does not.
    const half = [1, 2, 3].map((i) => published(CAP, WINDOW - 1 + i, 9000))
    const before: Tape = [...tape, half[0]!, half[1]!, instantAt(end + 3 * DAY_MS)]
    expect(regimes(make(), before).at(-1)!.data.regime).toBe('scaled')
    const after = regimes(make(), [...before, instantAt(end + 3 * DAY_MS + 1)])
    expect(after.at(-1)!.data).toMatchObject({ regime: 'stale', longFactor: 1, shortFactor: 1 })
    expect(regimes(make(), [...before, instantAt(end + 3 * DAY_MS + 1), half[2]!])).toHaveLength(after.length)
  })

  describe('the set of stablecoins', () => {
    const both = { supplies: [USD, UST] }
    const coin = (from: number, to: number, value = 1000): Tape =>
      Array.from({ length: to - from }, (_, i) => published(UST, from + i, value))
    const inTime = (tape: Tape): Tape =>
      tape
        .map((one, i) => [one, i] as const)
        .sort(([a, i], [b, j]) => a.ts - b.ts || i - j)
        .map(([one]) => one)

    it('grows on the first day of a coin: earlier days do not know it', () => {
      const tape = inTime([...days(wave(WINDOW)), ...coin(15, WINDOW)])
      const ratios = wave(WINDOW).map((ratio, i) => (i >= 15 ? ratio / 2 : ratio))
      const state = stateOf(tape, both)
      expect(state.found?.z).toBeCloseTo(lastZ(ratios, 0)!.z!, 12)
      expect(state.newest?.supplies).toBe(2)
    })

    it('waits for a coin that is late, and goes on without one that has ended', () => {
      const base = wave(WINDOW + 6)
      const upTo = (count: number): SsrState =>
        stateOf(inTime([...days(base.slice(0, count)), ...coin(0, WINDOW)]), both)
      expect(upTo(WINDOW).newest).toMatchObject({ day: START + (WINDOW - 1) * DAY_MS, supplies: 2 })
      // Three days without it are a delay, the fourth is its end.
      expect(upTo(WINDOW + 3).newest).toMatchObject({ day: START + (WINDOW - 1) * DAY_MS, supplies: 2 })
      expect(upTo(WINDOW + 4).newest).toMatchObject({ day: START + (WINDOW + 3) * DAY_MS, supplies: 1 })
    })

    it('holds a coin while it loses its peg', () => {
      const tape = inTime([...days(wave(WINDOW)), ...coin(0, WINDOW - 1), published(UST, WINDOW - 1, 10)])
      expect(stateOf(tape, both).newest?.ratio).toBeCloseTo((wave(WINDOW).at(-1)! * 1000) / 1010, 9)
    })
  })
})

const ratios = fc.array(fc.double({ min: 1, max: 50, noNaN: true }), { minLength: WINDOW + 5, maxLength: 90 })
describe('signal/ssr, always', () => {
  it('stays within 1 ± slope, goes on from a snapshot, and never looks ahead', () => {
    fc.assert(
      fc.property(ratios, fc.nat(), (values, at) => {
        const tape = days(values)
        const whole = play(make(), tape)
        for (const { data } of whole.said as unknown as Regime[]) {
          expect(Math.abs(data.longFactor - 1)).toBeLessThanOrEqual(0.25)
          expect(data.shortFactor).toBe(1)
        }
        const cut = at % tape.length
        expect(JSON.stringify(play(make(), tape, cut))).toBe(JSON.stringify(whole))
        expect(looksAhead(() => make(), tape, cut, days([500], 200))).toBe(false)
      }),
      { numRuns: 30 },
    )
  })
})

const caps = sharedDays('btc-coinmetrics.csv', ['CapMrktCurUSD'])
const supplies = sharedDays('stablecoin-supply-defillama.csv', ['supply_usd'])
describe('signal/ssr on real capitalisations', () => {
  if (caps.length === 0) it.skip('SKIPPED: the shared data is not there')

  it.skipIf(caps.length === 0 || supplies.length === 0)(
    'has the z of the plain formula on every day since 2021',
    () => {
      const byDay = new Map(supplies.map(({ day, values: [supply] }) => [day, supply!]))
      const from = caps.findIndex(({ day }) => START + day * DAY_MS >= Date.UTC(2021, 0, 1))
      const rows = caps.slice(from).map(({ day, values: [cap] }) => ({ day, cap: cap!, supply: byDay.get(day)! }))
      const decider = make({ windowDays: 200 })
      let state = decider.initial()
      let [low, high] = [0, 0]
      rows.forEach(({ day, cap, supply }, i) => {
        state = decider.evolve(state, published(CAP, day, cap))
        state = decider.evolve(state, published(USD, day, supply))
        if (i < 199) return
        const plain = lastZ(
          rows.slice(i - 199, i + 1).map((row) => row.cap / row.supply),
          0,
        )!.z!
        expect(state.found!.z).toBe(plain)
        low = Math.min(low, plain)
        high = Math.max(high, plain)
      })
      expect(low).toBeCloseTo(-3.21, 2)
      expect(high).toBeCloseTo(4.12, 2)
    },
  )
})
