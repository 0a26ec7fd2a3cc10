/** The pipeline against a plain computation on whole arrays: the same returns, or one of the two is wrong. */
import { describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import type { BarSeries } from '#backtest/tape'
import { readCases } from '#test/oracles/cases'
import { sharedPath } from '#test/shared'
import { fillsAtTheOpenBefore } from './cheats.js'
import { only } from './decide.js'
import { curveOf, neutralConfig, planOf, pricesOf, scripted, spotOf } from './neutral.js'
import { breakoutWeights, equityOf, momentumWeights, type PlainCosts, returnsOf, sharpeOf } from './plain.js'
import { type SymbolSpec, seriesOfSpec, TAPE_START, type TapeSpec } from './tape.js'

const RULE = { lookback: 20, skip: 5, volTarget: 0.3, com: 60, volFloor: 0.05, maxLeverage: 1 }
const TSMOM = {
  tsmom: {
    enabled: true,
    lookbackDays: RULE.lookback,
    skipDays: RULE.skip,
    volTarget: RULE.volTarget,
    maxAbsWeight: 10,
    band: 0,
  },
}
const CAPITAL = 1_000_000

function spec(days: number, interval: TapeSpec['interval'], ...symbols: readonly SymbolSpec[]): TapeSpec {
  return { seed: 31, days, interval, symbols: symbols.map((symbol) => ({ dailyVolume: 1e9, ...symbol })) }
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length)
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0)
}

function compare(tape: TapeSpec, costs: PlainCosts = { halfSpreadBps: 0, feeBps: 0 }) {
  const series = seriesOfSpec(tape) as BarSeries[] // no funding is asked for
  const config = neutralConfig(
    tape.symbols.map((s) => s.symbol),
    TSMOM,
    tape.interval,
    { halfSpreadBps: costs.halfSpreadBps, takerFeeBps: costs.feeBps },
  )
  const { equity, decided } = curveOf(config, planOf(config, series))
  const prices = pricesOf(series, TAPE_START, tape.days)
  const weights = prices.map(({ closes }) => momentumWeights(closes, RULE))
  const plain = equityOf(prices, weights, CAPITAL, costs)
  expect(only(decided.events, 'OrderFilled').length).toBeGreaterThan(50)
  expect(Math.abs(plain.at(-1)! / CAPITAL - 1)).toBeGreaterThan(0.01)
  return largestDifference(returnsOf(equity), returnsOf(plain))
}

describe('momentum through the whole pipeline', () => {
  it('earns what a plain computation earns, on one instrument', () => {
    expect(compare(spec(300, '1d', { symbol: 'AAA' }))).toBeLessThan(1e-8)
  })

  it('earns the same with spread and fees', () => {
    expect(compare(spec(300, '1d', { symbol: 'AAA' }), { halfSpreadBps: 7, feeBps: 5 })).toBeLessThan(1e-8)
  })

  it('earns the same on three instruments, one of them listed late', () => {
    expect(
      compare(spec(300, '1d', { symbol: 'AAA' }, { symbol: 'BBB', fromDay: 70 }, { symbol: 'CCC', annualVol: 1.5 })),
    ).toBeLessThan(1e-8)
  })

  it('earns the same when the days are put together from bars of eight hours', () => {
    expect(compare(spec(200, '8h', { symbol: 'AAA' }, { symbol: 'BBB' }))).toBeLessThan(1e-8)
  })
})

describe('breakouts through the whole pipeline', () => {
  const RULES = {
    entry: 20,
    exit: 6,
    atr: 14,
    adxMin: 18,
    stopAtr: 3,
    risk: 0.02,
    cap: 2,
    minSize: 0.5,
    warmup: 150,
  }

  it('earn what a plain computation earns', () => {
    const tape = spec(500, '1d', { symbol: 'AAA', annualVol: 0.8, drift: 0 })
    const series = seriesOfSpec(tape) as BarSeries[] // no funding is asked for
    const { entry: entryDays, exit: exitDays, adxMin, stopAtr, risk: riskPerTrade } = RULES
    const donchian = { enabled: true, entryDays, exitDays, adxMin, stopAtr, riskPerTrade, maxAbsWeight: 10, band: 0 }
    const config = neutralConfig(['AAA'], { donchian })
    const { equity, decided } = curveOf(config, planOf(config, series))
    const prices = pricesOf(series, TAPE_START, tape.days)
    const weights = prices.map((candles) => breakoutWeights(candles, RULES))
    const reasons = new Set(only(decided.events, 'SignalChanged').map((event) => event.data.reason))
    expect([...reasons].sort()).toEqual(['breakout', 'choppy', 'exit-channel', 'neutral', 'trailing-stop'])
    expect(largestDifference(returnsOf(equity), returnsOf(equityOf(prices, weights, CAPITAL)))).toBeLessThan(1e-8)
  })
})

const oracles = sharedPath('oracles')
if (oracles === undefined)
  process.stderr.write('cross-check.spec: the shared oracles are NOT here, bt_lag is skipped\n')

describe('the lag between a decision and what it earns', () => {
  it.skipIf(oracles === undefined)('is that of the oracle bt_lag', () => {
    const lag = readCases(oracles!).find((one) => one.id === 'bt_lag')!
    const { closes, weightsDecidedAtClose, costPerUnitTurnover } = lag.inputs as unknown as {
      closes: number[]
      weightsDecidedAtClose: number[]
      costPerUnitTurnover: number
    } // the case's own inputs
    const { netReturns } = lag.expected as { netReturns: number[] } // as above
    const gross = netReturns.map(
      (net, t) => net + costPerUnitTurnover * Math.abs(weightsDecidedAtClose[t]! - (weightsDecidedAtClose[t - 1] ?? 0)),
    )
    const { equity } = curveOf(...scriptedRun(closes, weightsDecidedAtClose))
    expect(largestDifference(returnsOf([CAPITAL, ...equity]), gross)).toBeLessThan(1e-6)
  })

  it('of one bar more moves what is earned by one bar', () => {
    const closes = Array.from({ length: 60 }, (_, t) => 100 + 10 * Math.sin(t))
    const weights = closes.map((_, t) => Math.round(50 * Math.cos(3 * t)) / 100)
    const late = weights.map((_, t) => weights[t - 1] ?? 0)
    const earned = (say: readonly number[]) => returnsOf(curveOf(...scriptedRun(closes, say)).equity)
    const expected = (say: readonly number[]) => closes.slice(1).map((close, t) => say[t]! * (close / closes[t]! - 1))
    expect(largestDifference(earned(weights), expected(weights))).toBeLessThan(1e-6)
    expect(largestDifference(earned(late), expected(late))).toBeLessThan(1e-6)
    expect(largestDifference(earned(weights), earned(late))).toBeGreaterThan(1e-2)
  })
})

describe('a bar of delay', () => {
  // Momentum of the very last bar, on a random walk: worth nothing, unless it earns the bar that decided.
  const closes = pricesOf(seriesOfSpec(spec(400, '1d', { symbol: 'AAA' })) as BarSeries[], TAPE_START, 400)[0]!.closes
  const chase = closes.map((close, t) => (t === 0 ? 0 : Math.sign(close - closes[t - 1]!) * 0.5))
  const delayed = chase.map((_, t) => chase[t - 1] ?? 0)
  const sharpe = (weights: readonly number[], cheat: boolean): number => {
    const [config, plan, deciders] = scriptedRun(closes, weights)
    const venue = fillsAtTheOpenBefore(config, plan).find((decider) => decider.name === 'venue/paper')!
    const all = deciders!.map((decider) => (cheat && decider.name === 'venue/paper' ? venue : decider))
    return sharpeOf(returnsOf(curveOf(config, plan, all).equity))
  }

  it('makes the Sharpe ratio of a same-bar fill collapse', () => {
    expect(sharpe(chase, true)).toBeGreaterThan(8)
    expect(Math.abs(sharpe(delayed, true))).toBeLessThan(3)
  })

  it('leaves that of the pipeline where it was', () => {
    expect(Math.abs(sharpe(chase, false))).toBeLessThan(3)
    expect(Math.abs(sharpe(delayed, false))).toBeLessThan(3)
  })
})

/** A tape whose bars open where the one before closed, and a signal that says these weights at these closes. */
function scriptedRun(closes: readonly number[], weights: readonly number[]): Parameters<typeof curveOf> {
  const day = 86_400_000
  const opens = closes.map((close, t) => closes[t - 1] ?? close)
  const ts = Float64Array.from(closes, (_, t) => TAPE_START + t * day)
  const bars: BarSeries = {
    kind: 'bars',
    instrument: spotOf('AAA'),
    interval: '1d',
    rows: {
      ts,
      availableAt: ts.map((t) => t + day),
      open: Float64Array.from(opens),
      high: Float64Array.from(closes, (close, t) => Math.max(close, opens[t]!)),
      low: Float64Array.from(closes, (close, t) => Math.min(close, opens[t]!)),
      close: Float64Array.from(closes),
      volume: ts.map(() => 1e9),
      quoteVolume: ts.map(() => 1e11),
    },
  }
  const config = neutralConfig(['AAA'], TSMOM)
  const deciders = catalogue(config, 'nextOpen').map((decider) =>
    decider.name === 'signal/tsmom'
      ? scripted('signal/tsmom', (_, closeTs) => weights[(closeTs - TAPE_START) / day - 1])
      : decider,
  )
  return [config, planOf(config, [bars]), deciders]
}
