/** Owns the invariants of fills over all kinds of instruments: lots, ticks, fees within half a unit, positions that add up. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatUnits, ONE, parseUnits, unitsFromNumber } from '#core/decimal'
import type { EventEnvelope } from '#core/envelope'
import { isInDollars, isOption } from '#events/instrument-kind'
import { INSTRUMENT_KINDS } from '#events/market.events'
import type { LegTerms } from '#events/package.events'
import type { PaperState } from '#execution/paper-state'
import { createPaperVenue } from '#execution/paper-venue.decider'
import { event, given } from '../given.js'
import { BTC, chain, EXPIRY, execution, marked, opened, submitted, UNIVERSE } from './fixtures.js'

const INSTRUMENT = 'x.y.LEG'
const FEE_BPS = 5n
const OPTION_FEE_BPS = 3n

const order = fc.record({
  side: fc.constantFrom('buy' as const, 'sell' as const),
  lots: fc.integer({ min: 1, max: 100_000 }),
  isOff: fc.boolean(),
  price: fc.double({ min: 0.0001, max: 90_000, noNaN: true }),
  spread: fc.double({ min: 0, max: 0.2, noNaN: true }),
  isSilent: fc.boolean(),
})

type Data = Readonly<Record<string, string>>

it('an order of any kind fills whole on lot and tick or not at all, at a fee that is exact', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...INSTRUMENT_KINDS),
      fc.constantFrom('0.1', '0.001', '10', '1'),
      fc.constantFrom('0.0001', '0.5', '0.00000001'),
      fc.array(order, { minLength: 1, maxLength: 6 }),
      (kind, lot, tick, orders) => {
        const settle = kind.startsWith('inverse') ? 'BTC' : 'USD'
        const terms: LegTerms = { kind, base: 'BTC', quote: 'USD', settle, tick, lot, expiresAt: EXPIRY }
        const decider = createPaperVenue(execution({ takerFeeBps: 5, optionFeeBps: 3 }), UNIVERSE, {
          fills: 'nextOpen',
          interval: '1h',
        })
        const past: EventEnvelope[] = []
        let position = 0n
        for (const [i, { side, lots, isOff, price, spread, isSilent }] of orders.entries()) {
          const ts = 1000 * (i + 1)
          const whole = parseUnits(lot) * BigInt(lots)
          const quantity = formatUnits(isOff ? whole + 1n : whole)
          const name = `o-${i}-1`
          const leg = { order: name, instrument: INSTRUMENT, side, quantity, package: 'p', terms } as const
          past.push(submitted({ ...leg, purpose: 'package', expectedSpreadBps: spread * 100 }, { ts, seq: 2 * i + 1 }))
          const ask = isSilent ? null : price * (1 + spread)
          const bid = isSilent ? null : price
          const next = isOption(kind)
            ? chain({ [INSTRUMENT]: [bid, ask] }, ts + 1, 2 * i + 2)
            : marked(INSTRUMENT, price, ts + 1, 2 * i + 2)
          const { drafts, state } = given(decider, past).when(next)
          past.push(next)
          const fills = drafts.flatMap(({ type, data }) => (type === 'OrderFilled' ? [data as Data] : []))
          if (isOff) expect(drafts.map(({ type }) => type)).toEqual(['OrderRejected'])
          else if (isSilent && isOption(kind)) expect(fills).toEqual([])
          for (const fill of fills) {
            const [at, size] = [parseUnits(fill.price!), parseUnits(fill.quantity!)]
            expect([fill.quantity, fill.remaining, fill.feeCurrency]).toEqual([quantity, '0', settle])
            expect(at > 0n && at % parseUnits(tick) === 0n).toBe(true)
            expect(
              against(fill.side!, at, bid ?? price, isOption(kind) ? (ask ?? price) : price, parseUnits(tick)),
            ).toBe(true)
            expectFee(kind, fill.fee!, at, size)
            position += side === 'buy' ? size : -size
          }
          const venue = state as PaperState
          expect(venue.legs[0]!.orders).toEqual([])
          expect(parseUnits(venue.legs[0]!.position)).toBe(position)
          expect(venue.waits).toEqual({ chain: 0, mark: 0, expiresAt: 0 })
          expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
        }
      },
    ),
    { seed: 15, numRuns: 50 },
  )
})

/** Never better than the side that is taken, but that no price is below one tick. */
function against(side: string, at: bigint, bid: number, ask: number, tick: bigint): boolean {
  return side === 'buy' ? at >= unitsFromNumber(ask) : at <= unitsFromNumber(bid) || at === tick
}

/** |fee − exact| ≤ half a unit, in whole numbers. */
function expectFee(kind: (typeof INSTRUMENT_KINDS)[number], fee: string, price: bigint, size: bigint): void {
  let [numerator, denominator] = [price * size * FEE_BPS, ONE * 10_000n]
  if (isInDollars(kind)) [numerator, denominator] = [size * ONE * FEE_BPS, price * 10_000n]
  else if (isOption(kind)) {
    const underlying = kind === 'inverseOption' ? ONE : 60_000n * ONE
    const [flat, cap] = [underlying * OPTION_FEE_BPS * 8n, price * 10_000n]
    numerator = (flat < cap ? flat : cap) * size
    denominator = ONE * 80_000n
  }
  const error = parseUnits(fee) * denominator - numerator
  expect((error < 0n ? -error : error) * 2n <= denominator).toBe(true)
}

it('what a market is configured to charge goes before its listing, which goes before the fees of all', () => {
  const feeOf = (changes: object, past: readonly EventEnvelope[]) => {
    const decider = createPaperVenue(execution(changes), UNIVERSE, { fills: 'nextOpen', interval: '1h' })
    const { drafts } = given(decider, [...past, submitted({ expectedSpreadBps: 0, expectedImpactBps: 0 })]).when(
      opened(100, 1000),
    )
    return (drafts[1]!.data as Data).fee
  }
  const terms = { base: 'BTC', quote: 'USDT', tick: '0.1', lot: '0.001', minNotional: '5', makerFeeBps: 2 }
  const listing = event('InstrumentListed', { instrument: BTC, kind: 'spot', ...terms, takerFeeBps: 20 })
  const own = { fees: [{ market: 'sim.perp', makerFeeBps: 10, takerFeeBps: 10 }] }
  const other = { fees: [{ market: 'sim.spot', makerFeeBps: 10, takerFeeBps: 10 }] }
  expect([feeOf({}, []), feeOf({}, [listing]), feeOf(own, [listing]), feeOf(own, []), feeOf(other, [listing])]).toEqual(
    ['0.1', '0.4', '0.2', '0.2', '0.4'],
  )
})

it('positions that a parent hands over add up on an instrument', () => {
  const position = (quantity: string) => ({ instrument: BTC, quantity, averagePrice: '100' })
  const carried = event('StateCarried', {
    parent: 'parent',
    balance: '1000',
    positions: [position('2'), position('-0.5')],
    stops: [],
    halted: false,
  })
  const decider = createPaperVenue(execution(), UNIVERSE, { fills: 'nextOpen', interval: '1h' })
  const { drafts } = given(decider, [carried, submitted({ side: 'sell', reduceOnly: true })]).when(opened(100, 1000))
  expect(drafts[1]!.data).toMatchObject({ quantity: '1.5' })
})
