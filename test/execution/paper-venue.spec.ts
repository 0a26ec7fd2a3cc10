/** Owns the rules of the paper venue: what it refuses, when it fills, at what price, and that it never answers at once. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUnits } from '#core/decimal'
import type { EventEnvelope } from '#core/envelope'
import type { PaperState } from '#execution/paper-state'
import { createPaperVenue } from '#execution/paper-venue.decider'
import { event, given } from '../given.js'
import {
  ALT,
  BTC,
  cancelAsked,
  closed,
  execution,
  fired,
  holding,
  opened,
  quoted,
  resting,
  submitted,
  UNIVERSE,
} from './fixtures.js'

const HOUR = 3_600_000
const venue = (changes = {}) => createPaperVenue(execution(changes), UNIVERSE, { fills: 'nextOpen' })
const withLimits = () => venue({ orderType: 'limit' })
const live = (changes = {}) => createPaperVenue(execution(changes), UNIVERSE, { fills: 'quote' })

const accepted = (ordinal = 1, input = 50) => ({
  type: 'OrderAccepted',
  data: { order: 'o-1-1', instrument: BTC, venueOrder: `v-${input}-${ordinal}` },
})
const filled = (changes: Record<string, unknown>) => ({
  type: 'OrderFilled',
  data: {
    order: 'o-1-1',
    instrument: BTC,
    trade: 't-50-2',
    side: 'buy',
    price: '100.2',
    quantity: '2',
    remaining: '0',
    fee: '0.1002',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    referencePrice: '100',
    slippageBps: 12,
    ...changes,
  },
})
const cancelled = (reason: string, remaining: string) => ({
  type: 'OrderCancelled',
  data: { order: 'o-1-1', instrument: BTC, reason, remaining },
})
const codes = (drafts: readonly { type: string; data: unknown }[]) =>
  drafts.map((draft) => (draft.type === 'OrderRejected' ? (draft.data as { code: string }).code : draft.type))

describe('at the next open', () => {
  it('says nothing when the order comes', () => {
    given(venue(), []).when(submitted()).thenNothing()
  })

  it('acknowledges and fills at the open, worsened by spread and impact, on the tick, with an exact fee', () => {
    given(venue(), [submitted()])
      .when(opened(100, 1000))
      .then([accepted(), filled({})])
  })

  it('worsens a sale downwards', () => {
    const { drafts } = given(venue(), [submitted({ side: 'sell' })]).when(opened(100, 1000))
    expect(drafts[1]!.data).toMatchObject({ price: '99.8', fee: '0.0998' })
  })

  it('fills a tenth of the bar at most, at the impact of the part, and cancels the rest', () => {
    given(venue(), [submitted()])
      .when(opened(100, 5))
      .then([
        accepted(),
        filled({ quantity: '0.5', remaining: '1.5', price: '100.1', fee: '0.025025', slippageBps: 7 }),
        cancelled('ioc-remainder', '1.5'),
      ])
  })

  it('lets orders of one instrument share the volume, in the order in which they came', () => {
    const { drafts } = given(venue(), [submitted(), submitted({ order: 'o-1-2' })]).when(opened(100, 25))
    const quantities = drafts.flatMap((d) =>
      d.type === 'OrderFilled' ? [(d.data as { quantity: string }).quantity] : [],
    )
    expect(quantities).toEqual(['2', '0.5'])
  })

  it('cancels where nothing was traded', () => {
    given(venue(), [submitted()])
      .when(opened(100, 0))
      .then([accepted(), cancelled('no-liquidity', '2')])
  })

  it('fills a stop at the worse of its level and the open that jumped it', () => {
    const stop = {
      type: 'stop',
      purpose: 'stop',
      side: 'sell',
      reduceOnly: true,
      expectedSpreadBps: 0,
      expectedImpactBps: 0,
    } as const
    const price = (stopPrice: string, triggerOpen: string) =>
      given(venue(), [holding(BTC, '2'), submitted({ ...stop, stopPrice, triggerOpen })]).when(opened(80, 1000))
        .drafts[1]!.data
    expect(price('95', '97')).toMatchObject({ price: '95', referencePrice: '95' })
    expect(price('95', '90')).toMatchObject({ price: '90', referencePrice: '90' })
    const short = { ...stop, side: 'buy', stopPrice: '105', triggerOpen: '110' } as const
    const { drafts } = given(venue(), [holding(BTC, '-2'), submitted(short)]).when(opened(80, 1000))
    expect(drafts[1]!.data).toMatchObject({ price: '110' })
  })

  it('concerns its own instrument alone', () => {
    given(venue(), [submitted()])
      .when(opened(100, 1000, HOUR, ALT))
      .thenNothing()
  })

  it('takes a repeated order id as the order that it has, and never a second time after its end', () => {
    const once = given(venue(), [submitted(), submitted()]).when(opened(100, 1000))
    once.then([accepted(), filled({})])
    given(venue(), [submitted(), opened(100, 1000), submitted()])
      .when(opened(100, 1000, 2 * HOUR))
      .thenNothing()
  })
})

describe('refusals, as a real venue says them', () => {
  it.each([
    ['lot', { quantity: '0.0015' }, 100],
    ['lot', { quantity: '0' }, 100],
    ['min-notional', { quantity: '0.049' }, 100],
    ['reduce-only', { side: 'sell', reduceOnly: true }, 100],
    ['tick', { type: 'limit', timeInForce: 'gtc', limitPrice: '99.95' }, 100],
    ['post-only-crosses', { type: 'postOnly', timeInForce: 'gtc', limitPrice: '100.1' }, 100],
    ['post-only-crosses', { type: 'postOnly', timeInForce: 'gtc', limitPrice: '99.9', side: 'sell' }, 100],
    ['min-notional', { type: 'limit', timeInForce: 'gtc', limitPrice: '2', quantity: '1' }, 100],
  ] as const)('%s: %o', (code, changes, open) => {
    const { drafts } = given(withLimits(), [submitted(changes)]).when(opened(open, 1000))
    expect(codes(drafts)).toEqual([code])
  })

  it('takes an order below the least value that reduces a position', () => {
    const reduce = submitted({ quantity: '0.01', side: 'sell', reduceOnly: true })
    const { drafts } = given(venue(), [holding(BTC, '2'), reduce]).when(opened(100, 1000))
    expect(codes(drafts)).toEqual(['OrderAccepted', 'OrderFilled'])
  })

  it('does not trade a delisted instrument, and cancels what worked there', () => {
    const gone = event('InstrumentDelisted', { instrument: BTC, reason: 'end-of-data' })
    given(venue(), [submitted()])
      .when(gone)
      .then([cancelled('expired', '2')])
    const { drafts } = given(venue(), [gone, submitted()]).when(opened(100, 1000))
    expect(codes(drafts)).toEqual(['unknown-instrument'])
  })

  it('refuses a stranger by timer, since no bar of it will come', () => {
    const stranger = submitted({ instrument: 'sim.perp.NOPE' }, { ts: 100 })
    const asked = given(venue(), []).when(stranger)
    asked.then([{ type: 'TimerRequested', data: { agent: 'venue/paper', timer: 'arrive/o-1-1', dueAt: 101 } }])
    const answered = given(venue(), [stranger]).when(fired('venue/paper', 'arrive/o-1-1'))
    expect(codes(answered.drafts)).toEqual(['unknown-instrument'])
    expect((answered.state as PaperState).strangers).toEqual([])
  })

  it('goes by the terms of a listing once one came', () => {
    const terms = event('InstrumentListed', {
      instrument: BTC,
      kind: 'linearPerpetual',
      base: 'BTC',
      quote: 'USDT',
      tick: '1',
      lot: '1',
      minNotional: '500',
      makerFeeBps: 0,
      takerFeeBps: 10,
    })
    const { drafts } = given(venue(), [terms, submitted({ quantity: '10' })]).when(opened(100, 1000))
    expect(drafts[1]!.data).toMatchObject({ price: '101', fee: '1.01' })
    expect(codes(given(venue(), [terms, submitted()]).when(opened(100, 1000)).drafts)).toEqual(['min-notional'])
  })
})

describe('reduce-only', () => {
  it('fills no more than the position and cancels the rest', () => {
    const { drafts } = given(venue(), [holding(BTC, '0.5'), submitted({ side: 'sell', reduceOnly: true })]).when(
      opened(100, 1000),
    )
    expect(drafts[1]!.data).toMatchObject({ quantity: '0.5', remaining: '1.5' })
    expect(drafts[2]).toEqual(cancelled('reduce-only', '1.5'))
  })

  it('counts the fills of the same moment', () => {
    const close = { side: 'sell', reduceOnly: true } as const
    const orders = [holding(BTC, '2'), submitted(close), submitted({ ...close, order: 'o-1-2' })]
    const { drafts } = given(venue(), orders).when(opened(100, 1000))
    expect(codes(drafts)).toEqual(['OrderAccepted', 'OrderFilled', 'reduce-only'])
  })
})

describe('resting orders', () => {
  const taken = [resting('buy', '99'), opened(100, 1000)]

  it('are taken and wait; a bar that only touches the price does not fill them', () => {
    given(withLimits(), [taken[0]!]).when(taken[1]!).then([accepted()])
    given(withLimits(), taken)
      .when(closed({ low: 99, high: 101, volume: 1000 }))
      .thenNothing()
  })

  it('are filled as maker, at their price, when the bar trades through it', () => {
    const { drafts } = given(withLimits(), taken).when(closed({ low: 98.9, high: 101, volume: 1000 }))
    expect(drafts).toEqual([
      filled({ trade: 't-60-1', price: '99', fee: '0.0396', liquidity: 'maker', referencePrice: '99', slippageBps: 0 }),
    ])
  })

  it('that sell are filled when the high is beyond them', () => {
    const past = [resting('sell', '101'), opened(100, 1000)]
    given(withLimits(), past)
      .when(closed({ low: 99, high: 101, volume: 1000 }))
      .thenNothing()
    const { drafts } = given(withLimits(), past).when(closed({ low: 99, high: 101.1, volume: 1000 }))
    expect(drafts[0]!.data).toMatchObject({ price: '101', liquidity: 'maker', side: 'sell' })
  })

  it('are filled in part and go on resting', () => {
    const thin = closed({ low: 98, high: 101, volume: 5 })
    const { drafts } = given(withLimits(), taken).when(thin)
    expect(drafts[0]!.data).toMatchObject({ quantity: '0.5', remaining: '1.5' })
    const more = given(withLimits(), [...taken, thin]).when(
      closed({ low: 98, high: 99, volume: 1000, openTime: 2 * HOUR }),
    )
    expect(more.drafts[0]!.data).toMatchObject({ quantity: '1.5', remaining: '0' })
  })

  it('know nothing of a bar that began before they were taken', () => {
    given(withLimits(), taken)
      .when(closed({ low: 90, high: 101, volume: 1000, openTime: 0 }))
      .thenNothing()
  })

  it('at a price that crosses take at once', () => {
    const { drafts } = given(withLimits(), [resting('buy', '101')]).when(opened(100, 1000))
    expect(drafts[1]!.data).toMatchObject({ price: '100.2', liquidity: 'taker' })
  })

  it('are cancelled on request, with the next open', () => {
    given(withLimits(), taken).when(cancelAsked()).thenNothing()
    given(withLimits(), [...taken, cancelAsked()])
      .when(opened(100, 1000, 2 * HOUR))
      .then([cancelled('requested', '2')])
  })

  it('whose cancel comes too late are not answered', () => {
    const past = [...taken, closed({ low: 98, high: 99, volume: 1000 }), cancelAsked()]
    given(withLimits(), past)
      .when(opened(100, 1000, 2 * HOUR))
      .thenNothing()
  })

  it('that are immediate or cancel end where the limit is not reached', () => {
    given(withLimits(), [submitted({ type: 'limit', limitPrice: '99' })])
      .when(opened(100, 1000))
      .then([accepted(), cancelled('limit-not-reached', '2')])
  })
})

describe('against quotes', () => {
  const arrival = fired('venue/paper', 'arrive/o-1-1')
  const taken = [submitted({}, { ts: 100 }), arrival]

  it('an order travels for a while, drawn from the seed', () => {
    const one = given(live(), []).when(submitted({}, { ts: 100, seq: 9 })).drafts
    const again = given(live(), []).when(submitted({}, { ts: 100, seq: 9 })).drafts
    const other = given(live(), []).when(submitted({}, { ts: 100, seq: 10 })).drafts
    expect(one).toEqual(again)
    expect(one).not.toEqual(other)
    expect((one[0]!.data as { dueAt: number }).dueAt).toBeGreaterThan(100)
  })

  it('latencies have the configured median and 99th percentile', () => {
    const waits = Array.from({ length: 4000 }, (_, seq) => {
      const { drafts } = given(live(), []).when(submitted({}, { ts: 0, seq }))
      return (drafts[0]!.data as { dueAt: number }).dueAt
    }).sort((a, b) => a - b)
    expect(waits[2000]).toBeGreaterThan(135)
    expect(waits[2000]).toBeLessThan(165)
    expect(waits[3960]).toBeGreaterThan(1150)
    expect(waits[3960]).toBeLessThan(1950)
  })

  it('no quote fills it before it has arrived', () => {
    given(live(), [submitted()])
      .when(quoted(99.9, 100.1, 50))
      .thenNothing()
  })

  it('it is taken when it arrives and filled at the first quote after that', () => {
    given(live(), [taken[0]!])
      .when(arrival)
      .then([accepted(1, 30)])
    given(live(), taken)
      .when(quoted(99.9, 100.1, 50))
      .then([filled({ trade: 't-70-1', price: '100.1', fee: '0.1001', slippageBps: 10 })])
  })

  it('it gets the shown size at the touch, its share of the last bar dearer, and no more', () => {
    const bar = closed({ low: 99, high: 101, volume: 10 })
    const { drafts } = given(live(), [bar, ...taken]).when(quoted(99.9, 100.1, 0.4))
    expect(drafts[0]!.data).toMatchObject({ quantity: '1', remaining: '1', price: '100.2' })
    expect(drafts[1]).toEqual(cancelled('ioc-remainder', '1'))
  })

  it('a resting order fills when the other side is beyond its price, not at it', () => {
    const rest = [resting('buy', '99'), arrival, quoted(99.9, 100.1, 50, { seq: 69 })]
    given(live(), rest)
      .when(quoted(98.9, 99, 50))
      .thenNothing()
    const { drafts } = given(live(), rest).when(quoted(98.8, 98.9, 50))
    expect(drafts[0]!.data).toMatchObject({ price: '99', liquidity: 'maker' })
  })

  it('a post-only order that crosses the quote it meets is refused', () => {
    const post = resting('buy', '100.1', { type: 'postOnly' })
    const { drafts } = given(live(), [quoted(99.9, 100.1, 5), post]).when(arrival)
    expect(codes(drafts)).toEqual(['post-only-crosses'])
  })

  it('a cancel travels too, and one that overtakes its order ends it on arrival', () => {
    const late = fired('venue/paper', 'cancel/o-1-1')
    const rest = [resting('buy', '99'), arrival]
    expect(given(live(), rest).when(cancelAsked()).drafts[0]!.type).toBe('TimerRequested')
    given(live(), [...rest, cancelAsked()])
      .when(late)
      .then([cancelled('requested', '2')])
    given(live(), [resting('buy', '99'), cancelAsked()])
      .when(late)
      .thenNothing()
    given(live(), [resting('buy', '99'), cancelAsked(), late])
      .when(arrival)
      .then([accepted(1, 30), cancelled('requested', '2')])
  })

  it('timers of others and late cancels are not answered', () => {
    given(live(), taken).when(fired('execution/router', 'arrive/o-1-1')).thenNothing()
    given(live(), [...taken, quoted(99.9, 100.1, 50)])
      .when(fired('venue/paper', 'cancel/o-1-1'))
      .thenNothing()
  })
})

const orderArbitrary = fc.record({
  side: fc.constantFrom('buy' as const, 'sell' as const),
  lots: fc.integer({ min: 60, max: 5000 }),
  reduceOnly: fc.boolean(),
  kind: fc.constantFrom('market' as const, 'limit' as const),
  offset: fc.integer({ min: -20, max: 20 }),
  impact: fc.double({ min: 0, max: 80, noNaN: true }),
})
const barArbitrary = fc.record({
  orders: fc.array(orderArbitrary, { maxLength: 3 }),
  open: fc.integer({ min: 900, max: 1100 }),
  range: fc.integer({ min: 0, max: 40 }),
  volume: fc.double({ min: 0, max: 60, noNaN: true }),
  cancel: fc.boolean(),
})

describe('whatever comes', () => {
  it('fills add up, stay within the volume, cost what they should, never turn a reduced position over', () => {
    fc.assert(
      fc.property(fc.array(barArbitrary, { minLength: 1, maxLength: 12 }), (bars) => {
        const config = execution({ orderType: 'limit' })
        const decider = createPaperVenue(config, UNIVERSE, { fills: 'nextOpen' })
        const past: EventEnvelope[] = []
        const asked = new Map<string, { quantity: bigint; reduceOnly: boolean }>()
        const left = new Map<string, bigint>()
        let position = 0n
        const book = (drafts: readonly { type: string; data: unknown }[], volume: number): bigint => {
          let traded = 0n
          for (const draft of drafts) {
            if (draft.type !== 'OrderFilled') continue
            const data = draft.data as Record<string, string>
            const quantity = parseUnits(data.quantity!)
            traded += quantity
            const before = left.get(data.order!)!
            expect(parseUnits(data.remaining!)).toBe(before - quantity)
            left.set(data.order!, before - quantity)
            const next = position + (data.side === 'buy' ? quantity : -quantity)
            if (asked.get(data.order!)!.reduceOnly) {
              expect(next === 0n || next > 0n === position > 0n).toBe(true)
              expect(next * next < position * position).toBe(true)
            }
            position = next
            const feeBps = data.liquidity === 'maker' ? 2n : 5n
            const exact = parseUnits(data.price!) * quantity * feeBps
            const error = parseUnits(data.fee!) * 10n ** 12n - exact
            expect((error < 0n ? -error : error) * 2n <= 10n ** 12n).toBe(true)
            expect(quantity > 0n && quantity % 100_000n === 0n).toBe(true)
          }
          expect(Number(traded)).toBeLessThanOrEqual(volume * 0.1 * 1e8 + 1)
          return traded
        }
        let id = 0
        let state: PaperState | undefined
        for (const [i, bar] of bars.entries()) {
          const openTime = (i + 1) * HOUR
          for (const order of bar.orders) {
            const quantity = `${Math.floor(order.lots / 1000)}.${String(order.lots % 1000).padStart(3, '0')}`
            const name = `o-${++id}-1`
            asked.set(name, { quantity: parseUnits(quantity), reduceOnly: order.reduceOnly })
            left.set(name, parseUnits(quantity))
            const { side, reduceOnly, impact: expectedImpactBps } = order
            const terms = { order: name, side, reduceOnly, expectedImpactBps, quantity }
            past.push(
              order.kind === 'market'
                ? submitted(terms)
                : resting(side, ((bar.open + order.offset) / 10).toFixed(1), terms),
            )
          }
          if (bar.cancel && id > 0) past.push(cancelAsked(`o-${id}-1`))
          const open = opened(bar.open / 10, bar.volume, openTime)
          const first = given(decider, past).when(open)
          past.push(open)
          const range = {
            low: (bar.open - bar.range) / 10,
            high: (bar.open + bar.range) / 10,
            volume: bar.volume,
            openTime,
          }
          const close = closed(range)
          const second = given(decider, past).when(close)
          past.push(close)
          book([...first.drafts, ...second.drafts], bar.volume)
          state = second.state as PaperState
        }
        expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
        expect(parseUnits(state!.slots[0]!.position)).toBe(position)
      }),
      { seed: 3, numRuns: 60 },
    )
  })
})
