/** No look-ahead: what is decided up to an instant does not depend on what the tape holds after it. Planted cheats are caught. */
import { describe, expect, it } from 'vitest'
import { planTape } from '#backtest/tape-plan'
import { fillsAtTheClose, normalisesOverAll, peeksAtNextBar } from './cheats.js'
import { countTypes, decideTape } from './decide.js'
import { decidedUpTo, findLeak, type Make, type Subject, sampleInstants, wrongFills } from './lookahead.js'
import { type ConfigPatch, configOf, seriesOfSpec, type TapeSpec } from './tape.js'

const DAILY: TapeSpec = {
  seed: 11,
  days: 220,
  interval: '1d',
  symbols: [
    { symbol: 'AAA', funding: 'recorded', drift: 0.6 },
    { symbol: 'BBB', fromDay: 20, gapDays: [120, 121, 160] },
    { symbol: 'CCC', toDay: 190, crash: { day: 150, days: 12, total: -1 } },
  ],
}
const HOURLY: TapeSpec = {
  seed: 12,
  days: 100,
  interval: '4h',
  symbols: [
    { symbol: 'AAA', funding: 'recorded' },
    { symbol: 'BBB', fromDay: 10, gapDays: [80] },
  ],
}
// Short look-backs, so that every signal speaks on a short tape.
const SHORT: ConfigPatch = {
  signals: {
    tsmom: { lookbackDays: 10, skipDays: 2 },
    donchian: { entryDays: 15, exitDays: 7, adxMin: 10 },
    meanReversion: { minQuoteVolume: 0, maxFundingBps: 5 },
  },
  risk: { turnoverMonthly: 2 },
}

const subject = (spec: TapeSpec, make?: Make): Subject => ({
  config: configOf(spec, SHORT),
  series: seriesOfSpec(spec),
  ...(make === undefined ? {} : { make }),
})

describe('decisions up to an instant', () => {
  it('rest on tapes where much is decided', () => {
    for (const spec of [DAILY, HOURLY]) {
      const { config, series } = subject(spec)
      const counts = countTypes(decideTape({ config, plan: planTape(config, series) }).events)
      for (const type of ['SignalChanged', 'PortfolioBlended', 'RiskAssessed', 'OrderFilled', 'FundingAccrued'])
        expect(counts[type], type).toBeGreaterThan(20)
      expect(counts.AgentFaulted).toBeUndefined()
    }
  })

  it('stay byte for byte when a daily tape is cut off or rewritten after it', () => {
    const one = subject(DAILY)
    expect(findLeak(one, sampleInstants(one, 3))).toBeUndefined()
  })

  it('stay byte for byte when a tape of finer bars is cut off or rewritten after it', () => {
    const one = subject(HOURLY)
    expect(findLeak(one, sampleInstants(one, 3, 0.65))).toBeUndefined()
  })

  it('are caught when a signal peeks at the next bar', () => {
    const cheat = subject(DAILY, peeksAtNextBar)
    const leak = findLeak(cheat, sampleInstants(cheat, 2, 0.5))
    expect(leak?.whole).toContain('SignalChanged')
  })

  it('are caught when a signal normalises over the whole sample', () => {
    const cheat = subject(DAILY, normalisesOverAll)
    expect(findLeak(cheat, sampleInstants(cheat, 3, 0.5))?.whole).toContain('SignalChanged')
  })

  it('are told apart from the fills at the same instant', () => {
    const { config, series } = subject(DAILY)
    const whole = decideTape({ config, plan: planTape(config, series) })
    const fill = whole.events.find((event) => event.type === 'OrderFilled')!
    const upTo = decidedUpTo(whole, fill.ts)
    expect(upTo.some((line) => line.includes('"type":"OrderSubmitted"'))).toBe(true)
    expect(upTo.some((line) => line.startsWith(`{"seq":${fill.seq},`))).toBe(false)
  })
})

describe('fills', () => {
  it('come at the next open, or worse, and never at a price known before', () => {
    for (const spec of [DAILY, HOURLY]) {
      const { config, series } = subject(spec)
      const { events } = decideTape({ config, plan: planTape(config, series) })
      expect(wrongFills(events, series)).toEqual([])
    }
  })

  it('are caught when a venue fills at the close of the bar in hand', () => {
    const { config, series } = subject(DAILY)
    const plan = planTape(config, series)
    const { events } = decideTape({ config, plan, deciders: fillsAtTheClose(config, plan) })
    expect(wrongFills(events, series).length).toBeGreaterThan(10)
  })
})
