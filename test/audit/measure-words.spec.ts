/** What risk measures and warns of, in words: the worst stress by its name, approximations called so. */
import { describe, expect, it } from 'vitest'
import { sayAlert, sayMeasures } from '#audit/say-measures'
import type { RiskAlerted, RiskMeasured } from '#events/risk-measures.events'

const at = { seq: 9, ts: 86_400_000, v: 1, by: 'risk/monitor', cause: 8 } as const
const base: RiskMeasured['data'] = {
  instant: 86_400_000,
  cause: 'daily',
  nav: 1_000_000,
  gross: 0.2,
  net: 0.01,
  drawdown: 0,
  annualVol: 0.04,
  days: 365,
  coverage: 1,
  tails: [
    {
      confidence: 0.99,
      historicVar: 0.021,
      historicEs: 0.03,
      normalVar: 0.019,
      normalEs: 0.022,
      cornishFisherVar: 0.025,
      tenDayVarApprox: 0.066408,
      tenDayEsApprox: 0.094868,
    },
  ],
  stresses: [
    { shock: 'volUp', size: 0.2, pnl: -0.01 },
    { shock: 'fundingDown', size: -3, pnl: -0.002 },
    { shock: 'peg', subject: 'USDT', size: -0.1, pnl: -0.09 },
    { shock: 'venue', subject: 'binance', size: -1, pnl: -0.6 },
  ],
  worst: { shock: 'venue', subject: 'binance', size: -1, pnl: -0.6 },
  venues: [{ venue: 'binance', gross: 0.2, net: 0.01 }],
  coins: [{ coin: 'BTC', gross: 0.2, net: 0.01 }],
  vegaTenPoints: 0,
  margin: { collateral: 0.5, maintenance: 0.002, used: 0.004 },
  legs: [
    { instrument: 'binance.usdm.BTCUSDT', package: 'carry/BTC', weight: -0.1, distance: 0.29, survives: false },
    { instrument: 'deribit.future.BTC-27MAR26', weight: -0.1, distance: null, survives: true },
  ],
  coinCorrelation: null,
  signalCorrelation: 0.2,
}
const measured = (data: Partial<RiskMeasured['data']> = {}) =>
  sayMeasures({ ...at, type: 'RiskMeasured', data: { ...base, ...data } })
const alerted = (data: RiskAlerted['data']) => sayAlert({ ...at, type: 'RiskAlerted', data })

describe('words of the monitor', () => {
  it('name the worst stress, every figure and what is an approximation', () => {
    const { says, details } = measured()
    expect(says).toBe(
      'risk/monitor measured the book at 1970-01-02, NAV 1,000,000.00: gross 20 %, net 1 %, volatility 4 % a year ex ante; worst stress binance gone: -60 % of NAV',
    )
    expect(details).toEqual([
      'a day at 99 %: value at risk 2.1 %, expected shortfall 3 % by 365 days of the past; normal 1.9 %, Cornish-Fisher 2.5 %; ten days about 6.64 % (× √10, an approximation)',
      'volatilities +20 points: -1 % of NAV',
      'funding for a week at -3 times its last rates: -0.2 % of NAV',
      'USDT off its peg -10 %: -9 % of NAV',
      'binance gone: -60 % of NAV',
      'at binance: gross 20 %, net 1 %',
      'in BTC: gross 20 %, net 1 %',
      'margin: 0.4 % of the collateral is used',
      'BTCUSDT of carry/BTC, -10 % of NAV: liquidated 29 % from here, which the stress of margin reaches',
      'BTC-27MAR26, -10 % of NAV: no price liquidates it',
    ])
    const { worst: _, ...calm } = base
    expect(sayMeasures({ ...at, type: 'RiskMeasured', data: { ...calm, cause: 'move' } }).says).toContain(
      'after a large move, NAV 1,000,000.00: gross 20 %, net 1 %, volatility 4 % a year ex ante; no stress loses anything',
    )
  })

  it('tell which figure stands against which limit, and that it came back', () => {
    expect(alerted({ what: 'venueLimit', subject: 'binance', value: 0.95, limit: 0.9, isOn: true })).toBe(
      'risk/monitor warned at 1970-01-02: the gross exposure at a venue of binance is 95 % against 90 %',
    )
    expect(alerted({ what: 'signalCorrelation', value: 0.5, limit: 0.7, isOn: false })).toBe(
      'risk/monitor took a warning back at 1970-01-02: the average correlation of the signals is 0.5 against 0.7',
    )
    expect(
      alerted({ what: 'liquidation', subject: 'binance.usdm.BTCUSDT', value: null, limit: 0.35, isOn: false }),
    ).toBe(
      'risk/monitor took a warning back at 1970-01-02: the distance to liquidation of BTCUSDT is over: nothing of it is held',
    )
  })
})
