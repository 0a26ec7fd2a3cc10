/** Addresses within the page, the token's among them; requests as they are written. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashOf, parseRoute, tokenOf } from '#web/routes'

describe('an address', () => {
  it.each([
    ['', 'overview', '', null],
    ['#/orders', 'orders', '', null],
    ['#/why/o-36338-1?at=500', 'why', 'o-36338-1', 500],
    ['#/signals/tsmom%3Abinance.usdm.BTCUSDT', 'signals', 'tsmom:binance.usdm.BTCUSDT', null],
    ['#/why/a%2Fb', 'why', 'a/b', null],
    ['#/orders?at=0', 'orders', '', null],
    ['#/orders?at=-3', 'orders', '', null],
    ['#/orders?at=12x', 'orders', '', null],
    ['#/%%%', 'overview', '', null],
    ['#/why/%E0%A4%A', 'why', '%E0%A4%A', null],
    ['#/<script>', 'overview', '', null],
  ])('%s is read', (hash, view, argument, at) => {
    expect(parseRoute(hash)).toEqual({ view, argument, at })
  })

  it('comes back as it was written', () => {
    const argument = fc.string({ unit: 'grapheme', maxLength: 40 })
    const at = fc.option(fc.integer({ min: 1, max: 1e14 }), { nil: null })
    fc.assert(
      fc.property(fc.constantFrom('why', 'signals', 'time'), argument, at, (view, text, seq) => {
        expect(parseRoute(hashOf({ view, argument: text, at: seq }))).toEqual({ view, argument: text, at: seq })
      }),
    )
  })
})

describe('the token', () => {
  const token = '0123456789abcdef0123456789abcdef'

  it('is taken from the printed URL alone', () => {
    expect(tokenOf(`#token=${token}`)).toBe(token)
    for (const hash of ['', '#/overview', `#token=${token}0`, `#token=${token.toUpperCase()}`, `#/x?token=${token}`])
      expect(tokenOf(hash)).toBeUndefined()
  })

  it('never becomes part of an address', () => {
    expect(hashOf(parseRoute(`#token=${token}`))).not.toContain(token)
  })
})
