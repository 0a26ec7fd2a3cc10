import { describe, expect, it } from 'vitest'
import { packageLacks } from '#cli/package-legs'
import { configSchema } from '#core/config/schema'

const entry = (instrument: string, base: string) => ({ instrument, base, tick: '0.1', lot: '0.001' })
const lacks = (ids: readonly (readonly [string, string])[], signals: object, marketData: object = {}): string[] =>
  packageLacks(configSchema.parse({ universe: ids.map(([id, base]) => entry(id, base)), signals, marketData }))
const BTC = ['binance.usdm.BTCUSDT', 'BTC'] as const
const ETH = ['binance.usdm.ETHUSDT', 'ETH'] as const
const SPOT = ['binance.spot.BTCUSDT', 'BTC'] as const
const BYBIT = ['bybit.linear.BTCUSDT', 'BTC'] as const
const on = { enabled: true }

describe('what package signals lack', () => {
  it('carry: the spot of a perpetual that it looks at', () => {
    const said = ['carry: binance.usdm.ETHUSDT has no spot of ETH in the universe']
    expect(lacks([BTC, ETH, SPOT], { fundingCarry: on })).toEqual(said)
    expect(lacks([BTC, ETH, SPOT], { fundingCarry: { ...on, perpetuals: [BTC[0]] } })).toEqual([])
    expect(lacks([SPOT], { fundingCarry: on })).toEqual(['carry: the universe has no perpetual'])
  })

  it('dispersion: a second venue', () => {
    const said = ['dispersion: no coin of the universe has perpetuals on two venues']
    expect(lacks([BTC, ETH, SPOT], { xExchangeFunding: on })).toEqual(said)
    expect(lacks([BTC, ETH, BYBIT], { xExchangeFunding: on })).toEqual([])
  })

  it('basis: spot and dated futures', () => {
    expect(lacks([BTC], { cashCarry: on })).toEqual([
      'basis: the universe has no spot to hold against dated futures',
      'basis: marketData.watch names no dated future',
    ])
    expect(lacks([SPOT], { cashCarry: on }, { watch: ['binance.usdm.BTCUSDT_260327'] })).toEqual([])
  })

  it('options: chains, and prices of the hedge', () => {
    expect(lacks([BTC], { volRiskPremium: on })).toEqual([
      'vrp: marketData.optionChains does not name BTC',
      'vrp: nothing brings prices of its hedge deribit.perpetual.BTC-PERPETUAL: name it in marketData.watch',
    ])
    const watched = { optionChains: ['BTC'], watch: ['deribit.perpetual.BTC-PERPETUAL'] }
    expect(lacks([BTC], { volRiskPremium: on, skewWhipsaw: on }, watched)).toEqual([])
    expect(lacks([BTC], { skewWhipsaw: { ...on, hedge: 'future' } }, watched)).toEqual([
      'skew: marketData.watch names no future of BTC on deribit to hedge with',
    ])
  })

  it('nothing that is off', () => {
    expect(lacks([BTC], {})).toEqual([])
  })
})
