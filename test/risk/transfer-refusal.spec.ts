/** What may be paid into a book and taken out of it, and that neither moves its drawdown. */
import { describe, expect, it } from 'vitest'
import { positionSnapshot } from '#risk/book-view'
import { equity } from '#risk/engine.decider'
import { transferRefusal } from '#risk/transfer-refusal'
import { BTC, Desk, typed } from './book.js'

const usdt = (amount: string) => ({ currency: 'USDT', amount })

/** A book of 100,000 that holds some BTC. */
function holding(): Desk {
  const desk = new Desk()
  const day = desk.warm(120)
  desk.bar(BTC, day, 100)
  desk.instant(day)
  const [order] = typed(desk.blend({ [BTC]: 0.3 }), 'OrderApproved')
  desk.fill(order!, 100)
  expect(positionSnapshot(desk.state).gross).toBeGreaterThan(0.01)
  return desk
}

describe('a withdrawal', () => {
  it('of what is free is let through, and one unit more is not', () => {
    const desk = holding()
    const { equity: nav, gross } = positionSnapshot(desk.state)
    // With a cap of a half, half of what the positions are worth twice over must stay.
    const free = nav - (gross * nav) / 0.5
    expect(transferRefusal(desk.state, 0.5, usdt(`-${Math.floor(free) - 1}`))).toBeUndefined()
    expect(transferRefusal(desk.state, 0.5, usdt(`-${Math.ceil(free) + 1}`))).toContain('is free')
  })

  it('never takes more than the account holds, and never all that counts', () => {
    const desk = new Desk()
    expect(transferRefusal(desk.state, 1, usdt('-100000.00000001'))).toBe('the account holds 100000 USDT')
    expect(transferRefusal(desk.state, 1, usdt('-100000'))).toBeDefined()
    expect(transferRefusal(desk.state, 1, usdt('-99999'))).toBeUndefined()
    expect(transferRefusal(desk.state, 1, { currency: 'USDC', amount: '-1' })).toBe('the account holds 0 USDC')
  })

  it('leaves the exposure below the cap, and the drawdown where it was', () => {
    const desk = holding()
    const day = 121
    desk.bar(BTC, day, 80)
    desk.instant(day)
    const before = positionSnapshot(desk.state)
    expect(before.drawdown).toBeLessThan(0)
    const cap = before.gross * 2
    const most = Math.floor(before.equity / 2) - 1
    expect(transferRefusal(desk.state, cap, usdt(`-${most}`))).toBeUndefined()
    desk.send('FundsTransferred', { currency: 'USDT', amount: `-${most}`, reason: 'out' })
    const after = positionSnapshot(desk.state)
    expect(after.gross).toBeLessThanOrEqual(cap)
    expect(after.drawdown).toBeCloseTo(before.drawdown, 12)
    expect(transferRefusal(desk.state, cap, usdt('-100'))).toContain('is free')
  })
})

describe('a deposit', () => {
  it('of a currency with a price is let through; one that would count at 0 is not', () => {
    const desk = holding()
    expect(transferRefusal(desk.state, 1, usdt('1'))).toBeUndefined()
    expect(transferRefusal(desk.state, 1, { currency: 'BTC', amount: '1' })).toBeUndefined()
    expect(transferRefusal(desk.state, 1, { currency: 'BTCC', amount: '1' })).toContain('no price of BTCC')
  })

  it('changes nothing by being asked about', () => {
    const desk = holding()
    const before = JSON.stringify(desk.state)
    transferRefusal(desk.state, 1, { currency: 'ETH', amount: '1' })
    transferRefusal(desk.state, 1, usdt('-1'))
    expect(JSON.stringify(desk.state)).toBe(before)
    expect(equity(desk.state)).toBeGreaterThan(0)
  })
})
