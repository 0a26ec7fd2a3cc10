import { describe, expect, it } from 'vitest'
import { HOUR_MS } from '#core/time'
import { fundingApr } from '#quant/funding'
import { createFundingData } from '#signals/funding-data.decider'
import { createMarketCoverage, type MarketCoverageState } from '#signals/market-coverage.decider'
import { event, given } from '#test/given'

const T = Date.UTC(2026, 0, 5)
const BINANCE = 'binance.usdm.BTCUSDT'
const BYBIT = 'bybit.linear.BTCUSDT'
const listed = (instrument: string) =>
  event('InstrumentListed', {
    instrument,
    kind: 'linearPerpetual',
    base: 'BTC',
    quote: 'USDT',
    tick: '0.1',
    lot: '0.001',
    minNotional: '5',
    makerFeeBps: 2,
    takerFeeBps: 5,
  })
const rate = (instrument: string, value: number, intervalHours: number, at = T) =>
  event('FundingRateChanged', { instrument, rate: value, intervalHours, nextFundingAt: at + HOUR_MS, at }, { ts: at })

describe('data/funding', () => {
  it('compares rates a year, each by its own interval', () => {
    expect(fundingApr(0.0001, 8)).toBeCloseTo(0.1095, 12)
    given(createFundingData(), [listed(BINANCE), listed(BYBIT), rate(BINANCE, 0.0001, 8)])
      .when(rate(BYBIT, 0.0001, 1))
      .then([
        {
          type: 'FundingSpreadChanged',
          data: {
            base: 'BTC',
            highest: BYBIT,
            highestApr: 0.876,
            lowest: BINANCE,
            lowestApr: 0.1095,
            spreadApr: 0.7665,
            venues: 2,
          },
        },
      ])
  })

  it('is silent while the spread hardly moves, of one venue, and of rates that grew old', () => {
    const before = [listed(BINANCE), listed(BYBIT), rate(BINANCE, 0.0001, 8), rate(BYBIT, 0.0003, 8)]
    given(createFundingData(), before)
      .when(rate(BYBIT, 0.000304, 8, T + 1))
      .thenNothing()
    given(createFundingData(), [listed(BINANCE)])
      .when(rate(BINANCE, 0.0001, 8))
      .thenNothing()
    given(createFundingData(), before)
      .when(rate(BINANCE, 0.0009, 8, T + 3 * HOUR_MS))
      .thenNothing()
  })

  it('forgets what is delisted', () => {
    given(createFundingData(), [
      listed(BINANCE),
      listed(BYBIT),
      rate(BYBIT, 0.0003, 8),
      event('InstrumentDelisted', { instrument: BYBIT, reason: 'delisted' }),
    ])
      .when(rate(BINANCE, 0.0001, 8))
      .thenNothing()
  })
})

describe('market/coverage', () => {
  it('remembers the newest bar and settlement of each series', () => {
    const bar = (openTime: number) =>
      event('BarClosed', {
        instrument: BINANCE,
        interval: '1m',
        openTime,
        open: 1,
        high: 1,
        low: 1,
        close: 1,
        volume: 1,
      })
    const { state } = given(createMarketCoverage(), [
      bar(T + 60_000),
      bar(T),
      event('InstantClosed', { instant: T + 120_000, intervals: ['1m'], missing: [] }),
    ]).when(
      event('FundingSettled', { instrument: BINANCE, settledAt: T, rate: 0.0001, intervalHours: 8, proxy: false }),
    )
    expect(state as MarketCoverageState).toEqual({
      bars: { [`${BINANCE} 1m`]: T + 60_000 },
      settlements: { [BINANCE]: T },
      onChain: {},
      instant: T + 120_000,
      doubts: {},
    })
  })

  it('remembers doubts until they are withdrawn', () => {
    const doubt = (check: 'stale' | 'outlier', isBad: boolean) =>
      event('DataQualityChanged', { subject: BINANCE, check, isBad, detail: '' })
    const bad = given(createMarketCoverage(), [doubt('stale', true)]).when(doubt('outlier', true))
    expect((bad.state as MarketCoverageState).doubts).toEqual({ [BINANCE]: ['outlier', 'stale'] })
    const good = given(createMarketCoverage(), [doubt('stale', true), doubt('outlier', true), doubt('stale', false)])
    expect((good.when(doubt('outlier', false)).state as MarketCoverageState).doubts).toEqual({})
  })
})
