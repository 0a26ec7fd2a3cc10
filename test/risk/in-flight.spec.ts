import { describe, expect, it } from 'vitest'
import { positionSnapshot } from '#risk/engine.decider'
import { BTC, Desk } from './book.js'

describe('orders in flight', () => {
  it('end when the venue says that nothing remains, though execution sent less than was approved', () => {
    const desk = new Desk({ turnoverLimiter: false, rebalanceBand: 0 })
    desk.warm(40)
    const approved = desk.blend({ [BTC]: 0.1 }).find(({ type }) => type === 'OrderApproved')!
    expect(desk.state.orders.open).toHaveLength(1)
    desk.fill(approved, 100, '10', 't-1', '0.5', '0')
    expect(desk.state.orders.open).toEqual([])
    expect(positionSnapshot(desk.state).positions.find(({ instrument }) => instrument === BTC)?.quantity).toBe('10')
    const again = desk.blend({ [BTC]: 0.1 }).find(({ type }) => type === 'OrderApproved')!
    expect(Number(again.data.quantity)).toBeCloseTo(Number(approved.data.quantity) - 10, 1)
  })

  it('go on while something remains', () => {
    const desk = new Desk({ turnoverLimiter: false, rebalanceBand: 0 })
    desk.warm(40)
    const approved = desk.blend({ [BTC]: 0.1 }).find(({ type }) => type === 'OrderApproved')!
    desk.fill(approved, 100, '10')
    expect(desk.state.orders.open).toHaveLength(1)
  })
})
