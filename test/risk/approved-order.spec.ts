/** The one way to approve an order refuses what may never be approved. */
import { describe, expect, it } from 'vitest'
import { parseUnits } from '#core/decimal'
import { approveOrder, type OrderTerms } from '#risk/approved-order'

const terms = (change: string, held: string, more: Partial<OrderTerms> = {}): OrderTerms => ({
  order: 'o-1-1',
  instrument: 'test.perp.BTC',
  change: parseUnits(change),
  held: parseUnits(held),
  reduceOnly: true,
  purpose: 'derisk',
  referencePrice: '100',
  weightBefore: 0.1,
  weightAfter: 0,
  ...more,
})

describe('approveOrder', () => {
  it('says side and size, and leaves out what is not known', () => {
    const { type, data } = approveOrder(terms('-2.5', '2.5'), true)
    expect([type, data.side, data.quantity]).toEqual(['OrderApproved', 'sell', '2.5'])
    expect(Object.keys(data)).not.toContain('stopPrice')
    const stop = approveOrder(terms('1', '-1', { purpose: 'stop', stopPrice: '7', triggerOpen: '8' }), false)
    expect(stop.data).toMatchObject({ side: 'buy', stopPrice: '7', triggerOpen: '8' })
  })

  it.each([
    ['nothing', terms('0', '1'), false, /order of nothing/],
    ['a reduction that flips', terms('-3', '2'), false, /reduce-only -3 of 2/],
    ['a reduction that adds', terms('1', '2'), false, /reduce-only/],
    ['a reduction of nothing', terms('1', '0'), false, /reduce-only/],
    ['a reduction of a short that flips', terms('3', '-2'), false, /reduce-only/],
    ['added risk while halted', terms('1', '0', { reduceOnly: false, purpose: 'rebalance' }), true, /halted/],
    ['a stop that is not reduce-only', terms('-1', '1', { reduceOnly: false, purpose: 'stop' }), false, /stop must be/],
  ] as const)('refuses %s', (_, order, halted, message) => {
    expect(() => approveOrder(order, halted)).toThrow(message)
  })
})
