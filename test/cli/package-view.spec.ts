import { describe, expect, it } from 'vitest'
import type { RunStatus } from '#actors/run-status'
import { packageLines } from '#cli/package-view'
import { wordsOf } from '#cli/run-words'
import type { AnyEvent } from '#events/catalogue'

const leg = (role: string, instrument: string, quantity: string, aim = quantity) => ({
  role,
  instrument,
  quantity,
  aim,
  averagePrice: '100',
  mark: 88_710.4,
  currency: 'USDT',
  unrealised: -12.3,
  realised: '0',
  fees: '55.4',
  funding: role === 'perpetual' ? '5.92' : '0',
  delta: 1,
  weight: Number(quantity) * 0.1,
})
const book = (aim: string, status: 'open' | 'mending'): RunStatus =>
  ({
    packages: [
      {
        package: 'carry/binance.usdm.BTCUSDT',
        signal: 'carry',
        kind: 'carry',
        status,
        units: '1.1',
        target: 0.111,
        residualDelta: 0.0012,
        refusal: '',
        legs: [leg('perpetual', 'binance.usdm.BTCUSDT', '-1.1', aim), leg('spot', 'binance.spot.BTCUSDT', '1.1')],
      },
    ],
    balances: [
      {
        currency: 'BTC',
        balance: '-0.0123',
        realised: '0',
        fees: '0',
        funding: '0',
        transfers: '0',
        price: 0,
        value: 0,
      },
    ],
  }) as unknown as RunStatus // what the lines read of it

const lines = (status: RunStatus, rowsMax = 9): string[] =>
  packageLines(status, rowsMax, (text) => text.slice(0, 100)).map((line) => line.replace(/\p{Cc}\[\d+m/gu, ''))

describe('packages on a terminal', () => {
  it('are told with units, target, what is left of delta, every leg, and accounts in other currencies', () => {
    expect(lines(book('-1.1', 'open'))).toEqual([
      '',
      'packages',
      'carry/binance.usdm.BTCUSDT  open  1.1 units  11.0 % of 11.1 %  delta +0.12 %',
      '  perpetual  binance.usdm.BTCUSDT  −1.1  mark 88,710  unrealised −12.30 USDT  funding 5.92 USDT  fee',
      '  spot       binance.spot.BTCUSDT  1.1  mark 88,710  unrealised −12.30 USDT  fees 55.40 USDT',
      '',
      'balances',
      'BTC   −0.0123  no price yet: it does not count',
    ])
  })

  it('say what a leg shall be that is not there yet, and how much there is more of', () => {
    const told = lines(book('-2', 'mending'), 2)
    expect(told[2]).toContain('mending')
    expect(told[3]).toContain('−1.1 → −2')
    expect(told[4]).toBe('… 1 more')
  })

  it('are nothing in a book that has none', () => {
    expect(lines({} as unknown as RunStatus)).toEqual([])
  })
})

describe('words', () => {
  const said = (type: string, data: object) => wordsOf({ type, seq: 1, ts: 1, data } as unknown as AnyEvent)?.text
  it('tell what a signal says of a package, and when its legs do not match', () => {
    const terms = [{ name: 'apr', value: 0.1074, threshold: 0.0378 }]
    const id = 'carry/binance.usdm.BTCUSDT'
    expect(said('PackageChanged', { package: id, targetWeight: 0.111, reason: 'carry', terms })).toBe(
      'carry/binance.usdm.BTCUSDT 11.1 %: carry (apr 0.107 against 0.0378)',
    )
    expect(said('PackageImbalanced', { package: id, action: 'completes', attempts: 0, isHalted: true })).toBe(
      'carry/binance.usdm.BTCUSDT: legs do not match; completes, attempt 1 under a halt',
    )
    const order = { order: 'o-1', side: 'buy', quantity: '1', instrument: 'binance.spot.BTCUSDT', type: 'market' }
    expect(said('OrderSubmitted', { ...order, purpose: 'package', package: id })).toContain('binance.spot.BTCUSDT')
    expect(said('OrderSubmitted', { ...order, purpose: 'rebalance' })).not.toContain('binance.spot')
  })
})
