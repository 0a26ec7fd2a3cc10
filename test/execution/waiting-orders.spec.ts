/** Owns the promise that hosts know where an order waits. */
import { expect, it } from 'vitest'
import { WaitingOrders } from '#engine/waiting-orders'
import { event } from '../given.js'
import { ALT, BTC, submitted } from './fixtures.js'

const end = (type: 'OrderCancelled' | 'OrderRejected', order: string, instrument: string) =>
  type === 'OrderCancelled'
    ? event(type, { order, instrument, reason: 'expired', remaining: '1' })
    : event(type, { order, instrument, code: 'lot', detail: 'no' })
const fill = (order: string, instrument: string, remaining: string) =>
  event('OrderFilled', {
    order,
    instrument,
    trade: 't',
    side: 'buy',
    price: '1',
    quantity: '1',
    remaining,
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    referencePrice: '1',
    slippageBps: 0,
  })

it('an instrument waits from the first submission to the end of its last order', () => {
  const waiting = new WaitingOrders()
  waiting.fold(submitted({ order: 'a' }))
  waiting.fold(submitted({ order: 'a' }))
  waiting.fold(submitted({ order: 'b' }))
  waiting.fold(submitted({ order: 'c', instrument: ALT }))
  const walked = waiting.instruments()
  expect(walked).toEqual([ALT, BTC])
  waiting.fold(fill('a', BTC, '0.5'))
  waiting.fold(fill('a', BTC, '0'))
  waiting.fold(fill('a', BTC, '0'))
  expect(waiting.has(BTC)).toBe(true)
  waiting.fold(end('OrderCancelled', 'b', BTC))
  expect(waiting.instruments()).toEqual([ALT])
  waiting.fold(end('OrderRejected', 'c', ALT))
  expect([waiting.has(ALT), waiting.size, walked.length]).toEqual([false, 0, 2])
})
