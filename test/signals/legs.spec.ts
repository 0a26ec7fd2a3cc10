import { describe, expect, it } from 'vitest'
import type { InstrumentListed } from '#events/market.events'
import { createLegBook, kindOfId, listLeg, makeLeg, unlistLeg } from '#signals/legs'
import { entry } from './play.js'

describe('kinds by id', () => {
  it.each([
    ['binance.spot.BTCUSDT', 'spot'],
    ['binance.usdm.BTCUSDT', 'linearPerpetual'],
    ['binance.usdm.BTCUSDT_260327', 'linearFuture'],
    ['binance.coinm.BTCUSD_PERP', 'inversePerpetual'],
    ['binance.coinm.BTCUSD_260327', 'inverseFuture'],
    ['bybit.linear.BTCUSDT', 'linearPerpetual'],
    ['bybit.linear.BTCUSDT-27MAR26', 'linearFuture'],
    ['bybit.inverse.BTCUSD', 'inversePerpetual'],
    ['bybit.inverse.BTCUSDH26', 'inverseFuture'],
    ['bybit.option.BTC-27MAR26-90000-C-USDT', 'linearOption'],
    ['okx.swap.BTC-USDT-SWAP', 'linearPerpetual'],
    ['okx.swap.BTC-USD-SWAP', 'inversePerpetual'],
    ['okx.futures.BTC-USD-260327', 'inverseFuture'],
    ['okx.futures.BTC-USDT-260327', 'linearFuture'],
    ['okx.option.BTC-USD-260327-90000-C', 'inverseOption'],
    ['deribit.perpetual.BTC-PERPETUAL', 'inversePerpetual'],
    ['deribit.perpetual.BTC_USDC-PERPETUAL', 'linearPerpetual'],
    ['deribit.future.BTC-27MAR26', 'inverseFuture'],
    ['deribit.option.BTC-28MAR25-160000-P', 'inverseOption'],
    ['dydx.swap.BTC-USD', 'linearPerpetual'],
    ['gate.swap.BTCUSDT', 'linearPerpetual'],
  ])('%s is a %s', (id, kind) => expect(kindOfId(id)).toBe(kind))
})

const COINM = 'binance.coinm.BTCUSD_PERP'
const listing = (change: Partial<InstrumentListed['data']> = {}): InstrumentListed['data'] => ({
  instrument: COINM,
  kind: 'inversePerpetual',
  base: 'BTC',
  quote: 'USD',
  tick: '0.1',
  lot: '0.00000001',
  minNotional: '100',
  makerFeeBps: 2,
  takerFeeBps: 5,
  ...change,
})

describe('terms of legs', () => {
  it('come from the configuration first: coin-margined ones settle in the coin', () => {
    const book = createLegBook([entry(), { ...entry(COINM), quote: 'USD', lot: '10' }])
    expect(makeLeg(book, 'perpetual', entry().instrument, -1)).toEqual({
      role: 'perpetual',
      instrument: 'binance.usdm.BTCUSDT',
      ratio: -1,
      delta: 1,
      terms: { kind: 'linearPerpetual', base: 'BTC', quote: 'USDT', settle: 'USDT', tick: '0.1', lot: '0.001' },
    })
    expect(makeLeg(book, 'hedge', COINM, 0).terms).toMatchObject({ kind: 'inversePerpetual', settle: 'BTC', lot: '10' })
  })

  it('then from the listing, whose step of contracts of dollars is one contract', () => {
    const book = createLegBook([])
    listLeg(book, listing({ expiresAt: 5, kind: 'inverseFuture' }))
    expect(makeLeg(book, 'future', COINM, -1).terms).toMatchObject({ settle: 'BTC', lot: '100', expiresAt: 5 })
    listLeg(book, listing({ instrument: 'bybit.linear.ETHUSDT', kind: 'linearPerpetual', quote: 'USDT', lot: '0.01' }))
    expect(makeLeg(book, 'hedge', 'bybit.linear.ETHUSDT', 1).terms).toMatchObject({ settle: 'USDT', lot: '0.01' })
  })

  it('are asked for only where they are known', () => {
    const book = createLegBook([entry()])
    unlistLeg(book, entry().instrument)
    expect(() => makeLeg(book, 'spot', entry().instrument, 1)).toThrow('a leg without terms')
  })
})
