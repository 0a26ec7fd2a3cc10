/** Owns a configuration in which nothing stands between a signal and its fills, and runs that give the equity at each close. */
import type { AnyDecider } from '#actors/catalogue'
import { type BarSeries, mergeTape } from '#backtest/tape'
import { listingOf, type TapePlan } from '#backtest/tape-plan'
import { type Config, configSchema } from '#core/config/schema'
import { type Decider, SILENCE } from '#core/decider'
import { DAY_MS, type Interval } from '#core/time'
import type { BarAggregated, BarClosed } from '#events/market.events'
import type { SignalChanged } from '#events/signal.events'
import { equity, type RiskState } from '#risk/engine.decider'
import { type Decided, decideTape } from './decide.js'
import type { Candles } from './plain.js'

export const spotOf = (symbol: string): string => `test.spot.${symbol}`

const off = { enabled: false }

/** Every switch of risk at its widest, no costs, whole orders, grids of 1e-8; spot, so that no funding is due. */
export function neutralConfig(
  symbols: readonly string[],
  signals: object,
  interval: Interval = '1d',
  more: object = {},
): Config {
  return configSchema.parse({
    name: 'neutral',
    interval,
    universe: symbols.map((symbol) => ({
      instrument: spotOf(symbol),
      base: symbol,
      tick: '0.00000001',
      lot: '0.00000001',
      minNotional: '0',
    })),
    signals: { tsmom: off, donchian: off, meanReversion: off, ...signals },
    blender: { norm: 'active', minAgreement: 0, performanceWeighting: false, band: 0 },
    risk: {
      maxAbsWeight: 10,
      volTarget: 10,
      netCap: 10,
      grossCap: 10,
      leverageFloor: 1,
      leverageCap: 1,
      turnoverLimiter: false,
      rebalanceBand: 0,
      drawdownLadder: [],
      drawdownHalt: 10,
      stopAtr: 1e6,
    },
    execution: { halfSpreadBps: 0, impactY: 0, maxParticipation: 1, makerFeeBps: 0, takerFeeBps: 0, ...more },
  })
}

/** A tape of one interval without funding. */
export function planOf(config: Config, series: readonly BarSeries[]): TapePlan {
  const merged = mergeTape(series.map((one, i) => ({ ...one, instrument: config.universe[i]!.instrument })))
  const listings = new Map(config.universe.map((entry) => [entry.instrument, listingOf(entry, config)]))
  return {
    merged,
    proxy: merged.series.map(() => undefined),
    listings: merged.series.map((s) => listings.get(s.instrument)),
    bars: 0,
    proxyDays: 0,
    instrumentDays: 0,
  }
}

/** Candles by day since `fromTs`, NaN where there is none; finer bars are put together. */
export function pricesOf(series: readonly BarSeries[], fromTs: number, days: number): Candles[] {
  return series.map(({ rows }) => {
    const [opens, closes, highs, lows] = [0, 1, 2, 3].map(() => new Array<number>(days).fill(Number.NaN)) as [
      number[],
      number[],
      number[],
      number[],
    ] // four of them
    rows.ts.forEach((ts, i) => {
      const day = Math.floor((ts - fromTs) / DAY_MS)
      if (day < 0 || day >= days) return
      if (ts % DAY_MS === 0) opens[day] = rows.open[i]!
      closes[day] = rows.close[i]!
      highs[day] = Math.max(Number.isNaN(highs[day]!) ? 0 : highs[day]!, rows.high[i]!)
      lows[day] = Math.min(Number.isNaN(lows[day]!) ? Number.POSITIVE_INFINITY : lows[day]!, rows.low[i]!)
    })
    return { opens, closes, highs, lows }
  })
}

export interface Curve {
  readonly decided: Decided
  /** Marked equity at the close of each UTC day, before the fills at that instant. */
  readonly equity: readonly number[]
}

/** Runs a tape; equity is read when risk has seen the close, that is before anything is filled at the open of the same time. */
export function curveOf(config: Config, plan: TapePlan, deciders?: readonly AnyDecider[]): Curve {
  const curve: number[] = []
  const decided = decideTape({
    config,
    plan,
    ...(deciders === undefined ? {} : { deciders }),
    onEvent: (event, dispatcher) => {
      if (event.type === 'InstantClosed' && event.data.instant % DAY_MS === 0)
        curve.push(equity(dispatcher.stateOf<RiskState>('risk/engine')))
    },
  })
  return { decided, equity: curve }
}

/** A signal that says what a script says of each day (by its close), with full confidence; it reads daily bars. */
export function scripted(name: string, say: (instrument: string, closeTs: number) => number | undefined): AnyDecider {
  const decider: Decider<object, BarClosed | BarAggregated, SignalChanged> = {
    name,
    version: '1',
    dependencies: ['market/bars'],
    reads: ['BarClosed', 'BarAggregated'],
    emits: ['SignalChanged'],
    intervals: ['1d'],
    warmupMs: 0,
    onOrderPath: false,
    initial: () => ({}),
    evolve: (state) => state,
    decide: (_, event) => {
      const { instrument, close } = event.data
      const weight = say(instrument, event.ts)
      if (weight === undefined) return SILENCE
      const side = weight > 0 ? 'long' : weight < 0 ? 'short' : 'flat'
      return [
        {
          type: 'SignalChanged',
          data: {
            signal: name.slice('signal/'.length),
            instrument,
            side,
            reason: 'scripted',
            strength: Math.sign(weight) + 0,
            confidence: 1,
            targetWeight: weight + 0,
            asOf: event.ts,
            validUntil: event.ts + DAY_MS,
            price: close,
            terms: [],
            inputs: [],
          },
        },
      ]
    },
  }
  return decider as unknown as AnyDecider // the dispatcher never looks into a state
}
