/** Which instruments are held: net of one owner's fills, never net over owners. */
import { describe, expect, it } from 'vitest'
import { HeldPositions } from '#engine/held-positions'
import type { AnyEvent } from '#events/catalogue'

const PERPETUAL = 'binance.usdm.BTCUSDT'

const event = (type: AnyEvent['type'], data: object): AnyEvent =>
  ({ seq: 1, ts: 0, type, v: 1, by: 'x', cause: 0, data: { instrument: PERPETUAL, ...data } }) as unknown as AnyEvent // what the fold reads
const submitted = (order: string, owner?: string): AnyEvent =>
  event('OrderSubmitted', { order, ...(owner === undefined ? {} : { package: owner }) })
const filled = (order: string, side: string, quantity: string, remaining = '0'): AnyEvent =>
  event('OrderFilled', { order, side, quantity, remaining })
const settled = (owner?: string): AnyEvent => event('PositionSettled', owner === undefined ? {} : { package: owner })

function heldAfter(...events: readonly AnyEvent[]): boolean {
  const held = new HeldPositions()
  for (const one of events) held.fold(one)
  return held.has(PERPETUAL)
}

describe('held positions', () => {
  it('are those whose fills do not add up to nothing', () => {
    expect(heldAfter(filled('a', 'buy', '0.1'), filled('b', 'buy', '0.2'))).toBe(true)
    expect(heldAfter(filled('a', 'buy', '0.1'), filled('b', 'buy', '0.2'), filled('c', 'sell', '0.3'))).toBe(false)
  })

  it('of a package and of a signal are two, though they add up to nothing', () => {
    const both = [submitted('a', 'carry/BTC'), filled('a', 'sell', '1'), submitted('b'), filled('b', 'buy', '1')]
    expect(heldAfter(...both)).toBe(true)
    expect(heldAfter(...both, settled('carry/BTC'))).toBe(true)
    expect(heldAfter(...both, settled('carry/BTC'), settled())).toBe(false)
  })

  it('know the package of every fill of an order, in parts too', () => {
    const parts = [submitted('a', 'p'), filled('a', 'buy', '1', '1'), filled('a', 'buy', '1')]
    expect(heldAfter(...parts, settled())).toBe(true)
    expect(heldAfter(...parts, settled('p'))).toBe(false)
  })
})
