/** portfolio/blender: given what the signals said, when an instant closes, then these targets. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema, type UniverseEntry } from '#core/config/schema'
import { DAY_MS, HOUR_MS } from '#core/time'
import { createBlender } from '#portfolio/blender.decider'
import { type BlenderState, blendOf } from '#portfolio/blender-state'
import { event, given } from '../given.js'

const entry = (symbol: string): UniverseEntry => ({
  instrument: `test.perp.${symbol}`,
  base: symbol,
  quote: 'USDT',
  tick: '0.01',
  lot: '0.001',
  minNotional: '5',
})
const universe = [entry('BTC'), entry('ETH')]
const BTC = 'test.perp.BTC'
const ETH = 'test.perp.ETH'
const configured = (blender: object = {}, signals: object = {}) => {
  const config = configSchema.parse({ blender, signals })
  return createBlender({ blender: config.blender, signals: config.signals }, universe)
}

let seq = 0
const says = (signal: string, instrument: string, targetWeight: number, confidence = 1, reason = 'momentum') =>
  event(
    'SignalChanged',
    {
      signal,
      instrument,
      side: targetWeight > 0 ? 'long' : targetWeight < 0 ? 'short' : 'flat',
      reason,
      strength: 0,
      confidence,
      targetWeight,
      asOf: 0,
      validUntil: 0,
      price: 1,
      terms: [],
      inputs: [],
    },
    { seq: ++seq },
  )
const instant = (ts: number) =>
  event('InstantClosed', { instant: ts, intervals: ['1d'], missing: [] }, { seq: ++seq, ts })
const bar = (instrument: string, day: number, close: number) =>
  event(
    'BarClosed',
    { instrument, interval: '1d', openTime: day * DAY_MS, open: close, high: close, low: close, close, volume: 1 },
    { seq: ++seq, ts: (day + 1) * DAY_MS },
  )
type Blended = { instant: number; scheduled: boolean; rows: { instrument: string; weight: number; outcome: string }[] }
const blended = (drafts: readonly { data: unknown }[]): Blended => drafts[0]!.data as Blended
const weights = (drafts: readonly { data: unknown }[]) =>
  Object.fromEntries(blended(drafts).rows.map((row) => [row.instrument, row.weight]))

describe('portfolio/blender', () => {
  it('divides by eligible instruments, clips, weighs by budget and confidence, and says on what it stands', () => {
    const past = [says('tsmom', BTC, 0.4, 0.9), says('donchian', BTC, -0.1, 0.5), says('donchian', ETH, 0.2, 0.5)]
    given(configured(), past)
      .when(instant(HOUR_MS))
      .then([
        {
          type: 'PortfolioBlended',
          data: {
            instant: HOUR_MS,
            scheduled: false,
            rows: [
              {
                instrument: BTC,
                // clip(0.4/1, 0.25) x 0.9 and (-0.1/2) x 0.5, halved: each has half of the two budgets.
                weight: 0.1,
                agreement: 0.8,
                outcome: 'blended',
                parts: [
                  {
                    signal: 'tsmom',
                    weight: 0.25,
                    confidence: 0.9,
                    budget: 0.333333,
                    contribution: 0.1125,
                    seq: past[0]!.seq,
                  },
                  {
                    signal: 'donchian',
                    weight: -0.05,
                    confidence: 0.5,
                    budget: 0.333333,
                    contribution: -0.0125,
                    seq: past[1]!.seq,
                  },
                ],
              },
              {
                instrument: ETH,
                weight: 0.05,
                agreement: 1,
                outcome: 'blended',
                parts: [
                  {
                    signal: 'donchian',
                    weight: 0.1,
                    confidence: 0.5,
                    budget: 0.333333,
                    contribution: 0.05,
                    seq: past[2]!.seq,
                  },
                ],
              },
            ],
          },
        },
      ])
  })

  it('says nothing between rebalances when nothing changed, and always something at a rebalance', () => {
    const decider = configured()
    given(decider, []).when(instant(HOUR_MS)).thenNothing()
    given(decider, [says('tsmom', BTC, 0.1), instant(HOUR_MS)])
      .when(instant(2 * HOUR_MS))
      .thenNothing()
    given(decider, [says('tsmom', BTC, 0.1), instant(HOUR_MS)])
      .when(instant(DAY_MS))
      .then([{ type: 'PortfolioBlended', data: { instant: DAY_MS, scheduled: true, rows: [] } }])
  })

  it('keeps silent within the band and adds up small moves against what it last said', () => {
    const start = [says('tsmom', BTC, 0.1), instant(HOUR_MS)]
    given(configured(), [...start, says('tsmom', BTC, 0.104)])
      .when(instant(2 * HOUR_MS))
      .thenNothing()
    const past = [...start, says('tsmom', BTC, 0.104), instant(2 * HOUR_MS), says('tsmom', BTC, 0.108)]
    const when = given(configured(), past).when(instant(3 * HOUR_MS))
    expect(weights(when.drafts)).toEqual({ [BTC]: 0.108 })
  })

  it('speaks when the weight becomes 0 or changes sign, however small', () => {
    const start = [says('tsmom', BTC, 0.0001), instant(HOUR_MS)]
    expect(weights(given(configured(), [...start, says('tsmom', BTC, 0)]).when(instant(2 * HOUR_MS)).drafts)).toEqual({
      [BTC]: 0,
    })
    expect(
      weights(given(configured(), [...start, says('tsmom', BTC, -0.0001)]).when(instant(2 * HOUR_MS)).drafts),
    ).toEqual({ [BTC]: -0.0001 })
  })

  it('goes flat on conflict, and says conflict', () => {
    const past = [says('tsmom', BTC, 0.2), says('donchian', BTC, -0.18), instant(HOUR_MS)]
    given(configured(), past.slice(0, 2))
      .when(instant(HOUR_MS))
      .then([
        expect.objectContaining({
          data: expect.objectContaining({ rows: [expect.objectContaining({ weight: 0, outcome: 'conflict' })] }),
        }),
      ])
    // From conflict to flat the weight stays 0, but the outcome is news.
    const flat = given(configured(), [...past, says('tsmom', BTC, 0), says('donchian', BTC, 0)]).when(
      instant(2 * HOUR_MS),
    )
    expect(blended(flat.drafts).rows[0]).toMatchObject({ weight: 0, outcome: 'flat' })
  })

  it('gives the shares of a withdrawn instrument to the others', () => {
    const past = [says('tsmom', BTC, 0.1), says('tsmom', ETH, 0.1), instant(HOUR_MS)]
    for (const last of [
      says('tsmom', ETH, 0, 0, 'stale'),
      event('InstrumentDelisted', { instrument: ETH, reason: 'gone' }, { seq: ++seq }),
    ])
      expect(weights(given(configured(), [...past, last]).when(instant(2 * HOUR_MS)).drafts)).toEqual({
        [BTC]: 0.1,
        [ETH]: 0,
      })
  })

  it('lets a signal without an opinion on an instrument not dilute it, but a neutral one does', () => {
    const alone = given(configured(), [says('tsmom', BTC, 0.2)]).when(instant(HOUR_MS))
    expect(weights(alone.drafts)).toEqual({ [BTC]: 0.2 })
    const diluted = given(configured(), [says('tsmom', BTC, 0.2), says('meanrev', BTC, 0, 0, 'neutral')]).when(
      instant(HOUR_MS),
    )
    expect(weights(diluted.drafts)).toEqual({ [BTC]: 0.1 })
    const active = given(configured({ norm: 'active' }), [
      says('tsmom', BTC, 0.2, 0.5),
      says('meanrev', BTC, 0, 0, 'neutral'),
    ]).when(instant(HOUR_MS))
    expect(weights(active.drafts)).toEqual({ [BTC]: 0.2 })
  })

  it('ignores words of signals and on instruments that it does not know', () => {
    const past = [says('astrology', BTC, 1), says('tsmom', 'test.perp.DOGE', 1), bar('test.perp.DOGE', 1, 1)]
    const delisted = event('InstrumentDelisted', { instrument: 'test.perp.DOGE', reason: 'gone' }, { seq: ++seq })
    given(configured(), [...past, delisted])
      .when(instant(HOUR_MS))
      .thenNothing()
    given(configured({}, { tsmom: { enabled: false } }), [says('tsmom', BTC, 1)])
      .when(instant(HOUR_MS))
      .thenNothing()
  })

  it('scales by agreement on request, contributions included', () => {
    const past = [says('tsmom', BTC, 0.2), says('donchian', BTC, -0.1)]
    const when = given(configured({ scaleByAgreement: true }), past).when(instant(HOUR_MS))
    const row = blended(when.drafts).rows[0] as unknown as { weight: number; parts: { contribution: number }[] }
    expect(row.weight).toBeCloseTo(0.05 / 3, 8)
    expect(row.parts.reduce((sum, part) => sum + part.contribution, 0)).toBeCloseTo(row.weight, 7)
  })

  it('tilts budgets by virtual returns up to the day before, after 30 days of them', () => {
    const days = (count: number) => {
      const past = [says('tsmom', BTC, 0.2), says('donchian', BTC, -0.05), bar(BTC, 0, 100), instant(DAY_MS)]
      for (let day = 1, price = 100; day <= count; day++) {
        price *= day % 3 === 0 ? 0.99 : 1.02
        past.push(bar(BTC, day, price), instant((day + 1) * DAY_MS))
      }
      return past
    }
    const budgets = (count: number) => {
      const past = days(count)
      const { state } = given(configured(), past.slice(0, -1)).when(past.at(-1)!)
      return (state as BlenderState).signals.map((signal) => signal.budget)
    }
    // 31 days: the 31st tilt sees 30 returns, because the day that just ended is not among them.
    expect(budgets(30)).toEqual([1 / 3, 1 / 3, 1 / 3].map((b) => Math.round(b * 1e6) / 1e6))
    const [tsmom, donchian, meanrev] = budgets(31)
    expect(tsmom!).toBeGreaterThan(meanrev!)
    expect(donchian!).toBeLessThan(meanrev!)
    expect(tsmom! + donchian! + meanrev!).toBeCloseTo(1, 5)
  })

  it('does not earn on a weight chosen at the same close, nor twice on one bar', () => {
    const past = [bar(BTC, 0, 100), instant(DAY_MS), bar(BTC, 1, 110), says('tsmom', BTC, 0.2)]
    const first = given(configured(), past).when(instant(2 * DAY_MS)).state as BlenderState
    expect(first.signals[0]!.returns).toEqual([])
    const second = given(configured(), [...past, instant(2 * DAY_MS), bar(BTC, 2, 121), bar(BTC, 2, 500)]).when(
      instant(3 * DAY_MS),
    ).state as BlenderState
    expect(second.signals[0]!.returns).toHaveLength(1)
    expect(second.signals[0]!.returns[0]!).toBeCloseTo(0.02, 12)
  })

  it('an agent that only evolved for a while still speaks of what changed meanwhile', () => {
    const decider = configured()
    let state = decider.initial()
    for (const e of [says('tsmom', BTC, 0.1), instant(HOUR_MS), instant(2 * HOUR_MS)]) state = decider.evolve(state, e)
    const last = instant(3 * HOUR_MS)
    state = decider.evolve(state, last)
    const drafts = decider.decide(state, last, undefined as never) // it decides without a context
    expect(weights(drafts)).toEqual({ [BTC]: 0.1 })
  })

  it('property: state survives JSON at any moment, incremental equals a blend of everything, contributions add up', () => {
    const word = fc.record({
      signal: fc.constantFrom('tsmom', 'donchian', 'meanrev'),
      instrument: fc.constantFrom(BTC, ETH),
      weight: fc.integer({ min: -1000, max: 1000 }).map((w) => w / 1000),
      confidence: fc.integer({ min: 0, max: 10 }).map((c) => c / 10),
      reason: fc.constantFrom('momentum', 'momentum', 'neutral', 'stale'),
      move: fc.integer({ min: -100, max: 100 }).map((m) => 1 + m / 1000),
    })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.boolean(), (words, active) => {
        const config = configSchema.parse({ blender: { norm: active ? 'active' : 'budget', band: 0 } })
        const decider = createBlender({ blender: config.blender, signals: config.signals }, universe)
        let state = decider.initial()
        let price = 100
        const said: Record<string, number> = { [BTC]: 0, [ETH]: 0 }
        words.forEach((w, n) => {
          price *= w.move
          const close = instant((n + 1) * 8 * HOUR_MS)
          const inputs = [says(w.signal, w.instrument, w.weight, w.confidence, w.reason), close]
          if (close.ts % DAY_MS === 0) inputs.unshift(bar(w.instrument, close.ts / DAY_MS - 1, price) as never)
          for (const input of inputs) {
            state = JSON.parse(JSON.stringify(state)) as BlenderState
            const twin = decider.evolve(JSON.parse(JSON.stringify(state)) as BlenderState, input)
            state = decider.evolve(state, input)
            expect(JSON.parse(JSON.stringify(twin))).toEqual(state)
            for (const draft of decider.decide(state, input, undefined as never)) {
              if (draft.type !== 'PortfolioBlended') throw new Error('nothing else is said of plain budgets')
              for (const row of draft.data.rows) {
                said[row.instrument] = row.weight
                if (row.outcome !== 'blended') continue
                expect(row.parts.reduce((sum, part) => sum + part.contribution, 0)).toBeCloseTo(row.weight, 7)
              }
              state = decider.evolve(state, { ...input, type: 'PortfolioBlended', data: draft.data } as never)
            }
          }
          for (const [i, id] of [BTC, ETH].entries()) expect(said[id]).toBe(blendOf(state, i, config.blender).weight)
        })
      }),
      { numRuns: 60 },
    )
  })
})
