/** Steps of legs: the newest listing of the venue goes before what a signal said, or will say, of them. */
import { describe, expect, it } from 'vitest'
import { typed } from './book.js'
import { PackageDesk, PERP, SPOT } from './package-desk.js'

const list = (desk: PackageDesk, instrument: string, kind: 'spot' | 'linearPerpetual', lot: string): void => {
  const terms = { kind, base: 'BTC', quote: 'USDT', tick: '0.5', lot, minNotional: '7' } as const
  desk.send('InstrumentListed', { instrument, ...terms, makerFeeBps: 2, takerFeeBps: 5 })
}
const sizes = (desk: PackageDesk): unknown[] =>
  typed(desk.waiting, 'OrderApproved').map(({ data }) => [data.instrument, data.quantity])

describe('a package whose venue trades coarser steps than the signal said', () => {
  it('is opened on those of the venue, named before or after the listing', () => {
    const desk = new PackageDesk()
    list(desk, PERP, 'linearPerpetual', '0.3')
    desk.next()
    desk.wish('carry', 0.12)
    expect(sizes(desk)).toEqual([
      [SPOT, '1.8'],
      [PERP, '1.8'],
    ])
    desk.answer()
    // The venue changes its mind while it is held.
    list(desk, SPOT, 'spot', '0.9')
    desk.next()
    desk.wish('carry', 0.18)
    expect(sizes(desk)).toEqual([
      [SPOT, '0.9'],
      [PERP, '0.9'],
    ])
  })
})
