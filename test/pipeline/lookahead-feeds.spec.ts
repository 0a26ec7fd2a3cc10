/** No look-ahead through feeds: what is decided does not change when what was not published yet is cut off or rewritten. */
import { describe, expect, it } from 'vitest'
import { type AnyDecider, catalogue } from '#actors/catalogue'
import { feedsUntil } from '#backtest/feeds/cut'
import type { FeedSeries, OnChainSeries } from '#backtest/feeds/series'
import type { TapePlan } from '#backtest/tape-plan'
import { planTape } from '#backtest/tape-plan'
import { Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import { countTypes, decideTape } from './decide.js'
import { findLeak, type Subject, sampleInstants } from './lookahead.js'
import { configOf, idOf, seriesOfSpec, TAPE_START, type TapeSpec } from './tape.js'

const SPEC: TapeSpec = {
  seed: 8,
  days: 60,
  interval: '4h',
  symbols: ['BTC', 'ETH', 'AAA', 'BBB', 'CCC', 'DDD', 'EEE'].map((symbol, i) => ({
    symbol,
    funding: 'recorded' as const,
    price: 100 + 30 * i,
    annualVol: 0.8,
    dailyVolume: 1e7,
  })),
}

const LAG_MS = 2 * HOUR_MS

function onChain(name: string, index: number, of: (day: number, noise: number) => number): OnChainSeries {
  const [source = '', asset = '', metric = ''] = name.split('.')
  const random = Sfc32.seeded(5, index)
  const ts = Float64Array.from({ length: SPEC.days }, (_, d) => TAPE_START + d * DAY_MS)
  const value = ts.map((_, d) => of(d, random.normal()))
  const rows = { ts, availableAt: ts.map((t) => t + DAY_MS + LAG_MS), value, revision: ts.map(() => 0) }
  return { kind: 'onchain', instrument: name, source, asset, metric, periodMs: DAY_MS, rows }
}

function feeds(): FeedSeries[] {
  const openInterest = SPEC.symbols.map(({ symbol }, i): FeedSeries => {
    const random = Sfc32.seeded(6, i)
    let coins = 1000
    const at = Float64Array.from({ length: SPEC.days * 6 }, (_, n) => TAPE_START + (n + 1) * 4 * HOUR_MS)
    const rows = { ts: at, availableAt: at, openInterest: at.map(() => (coins *= 1 + 0.02 * random.normal())) }
    return { kind: 'oi', instrument: idOf(symbol), rows }
  })
  return [
    ...openInterest,
    onChain('coinmetrics.btc.CapMrktCurUSD', 1, (day, noise) => 1e12 * (1 + 0.01 * day + 0.1 * noise)),
    onChain('coinmetrics.btc.CapMVRVCur', 2, (_, noise) => 2 + 0.5 * noise),
    onChain('defillama.stablecoins.supply_usd', 3, (day) => 1e11 * (1 + 0.002 * day)),
  ]
}

const on = { enabled: true }
const subject: Subject = {
  config: configOf(SPEC, {
    signals: {
      oiPrice: { ...on, horizonHours: 24 },
      crossSectional: { ...on, rankDays: 10, minListedDays: 5, volumeDays: 5 },
      ssr: { ...on, windowDays: 20 },
      mvrv: { ...on, minObservations: 20, euphoriaThreshold: 1, valueThreshold: -1 },
    },
  }),
  series: seriesOfSpec(SPEC),
  feeds: feeds(),
}

describe('decisions on feeds', () => {
  it('stay byte for byte when what was not published yet is cut off or rewritten', () => {
    const plan = planTape(subject.config, subject.series, { feeds: subject.feeds! })
    const counts = countTypes(decideTape({ config: subject.config, plan }).events)
    expect(counts.AgentFaulted).toBeUndefined()
    expect(counts.RegimeChanged).toBeGreaterThan(3)
    expect(counts.SignalChanged).toBeGreaterThan(50)
    expect(findLeak(subject, sampleInstants(subject, 5))).toBeUndefined()
  })

  it('are caught when an agent reads the next value of a feed before it is published', () => {
    const make = (config: Subject['config'], plan: TapePlan): readonly AnyDecider[] => {
      const caps = plan.merged.series.find((one) => one.instrument === 'coinmetrics.btc.CapMrktCurUSD') as OnChainSeries // of the tape above
      const next = (event: AnyEvent): AnyEvent => {
        if (event.type !== 'OnChainPublished' || event.data.metric !== 'CapMrktCurUSD') return event
        const row = caps.rows.availableAt.indexOf(event.data.availableAt)
        return { ...event, data: { ...event.data, value: caps.rows.value[row + 1] ?? event.data.value } }
      }
      return catalogue(config, 'nextOpen').map((decider) =>
        decider.name === 'signal/ssr'
          ? {
              ...decider,
              evolve: (state, event) => decider.evolve(state, next(event as AnyEvent)),
              decide: (state, event, context) => decider.decide(state, next(event as AnyEvent), context),
            }
          : decider,
      )
    }
    const leak = findLeak({ ...subject, make }, sampleInstants(subject, 8))
    expect(leak?.whole ?? leak?.cut).toContain('RegimeChanged')
  })

  it('feedsUntil keeps what was known at an instant, to the millisecond', () => {
    const [, , , , , , , caps] = feedsUntil(feeds(), TAPE_START + 3 * DAY_MS + LAG_MS)
    expect(caps!.rows.ts).toHaveLength(3)
    expect(feedsUntil(feeds(), TAPE_START + 3 * DAY_MS + LAG_MS - 1)[7]!.rows.ts).toHaveLength(2)
  })
})
