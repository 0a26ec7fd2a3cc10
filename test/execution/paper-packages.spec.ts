/** Owns what the paper venue does with the legs of packages: fills and fees by kind, to the last digit, and when they come. */
import { describe, expect, it } from 'vitest'
import type { EventEnvelope } from '#core/envelope'
import type { PaperState } from '#execution/paper-state'
import { createPaperVenue } from '#execution/paper-venue.decider'
import { event, given } from '../given.js'
import {
  BTC,
  CALL,
  CALL_TERMS,
  cancelAsked,
  chain,
  EXPIRY,
  execution,
  FUTURE,
  FUTURE_TERMS,
  fired,
  instant,
  marked,
  opened,
  PUT,
  PUT_TERMS,
  quoted,
  submitted,
  UNIVERSE,
  USDM_FUTURE,
  USDM_TERMS,
} from './fixtures.js'

const HOUR = 3_600_000
/** When the orders of these tests are sent. */
const T = 10 * HOUR
const DAYS_4 = 96 * HOUR
const PKG = 'carry/BTC'

type Changes = Parameters<typeof submitted>[0]
type Drafts = readonly { readonly type: string; readonly data: unknown }[]

const venue = (changes = {}, universe = UNIVERSE) =>
  createPaperVenue(execution(changes), universe, { fills: 'nextOpen', interval: '1h' })
const live = (changes = {}) => createPaperVenue(execution(changes), UNIVERSE, { fills: 'quote' })
const leg = (changes: Changes, ts = T) =>
  submitted({ purpose: 'package', package: PKG, expectedImpactBps: 0, ...changes }, { ts, seq: 20 })
const call = (changes: Changes = {}, ts = T) => leg({ instrument: CALL, terms: CALL_TERMS, ...changes }, ts)
const put = (changes: Changes = {}, ts = T) =>
  leg({ order: 'o-1-2', instrument: PUT, terms: PUT_TERMS, ...changes }, ts)
const future = (changes: Changes = {}, ts = T) =>
  leg({ order: 'o-1-3', instrument: FUTURE, terms: FUTURE_TERMS, quantity: '50000', ...changes }, ts)
const codes = (drafts: Drafts) =>
  drafts.map(({ type, data }) => {
    const { code, reason } = data as { code?: string; reason?: string }
    return code ?? reason ?? type
  })
const fills = (drafts: Drafts) =>
  drafts.flatMap(({ type, data }) => (type === 'OrderFilled' ? [data as Record<string, unknown>] : []))
const stateOf = (when: { readonly state: unknown }) => when.state as PaperState

describe('an option', () => {
  const quotes = { [CALL]: [0.0205, 0.0215], [PUT]: [0.03, 0.032] } as const

  it('is sold at the bid and pays 0.03 % of its underlying in the coin', () => {
    const { drafts } = given(venue(), [call({ side: 'sell', quantity: '2' })]).when(chain(quotes, T + HOUR))
    expect(drafts).toEqual([
      { type: 'OrderAccepted', data: { order: 'o-1-1', instrument: CALL, venueOrder: 'v-50-1' } },
      {
        type: 'OrderFilled',
        data: {
          order: 'o-1-1',
          instrument: CALL,
          trade: 't-50-2',
          side: 'sell',
          price: '0.0205',
          quantity: '2',
          remaining: '0',
          fee: '0.0006',
          feeCurrency: 'BTC',
          liquidity: 'taker',
          referencePrice: '0.021',
          slippageBps: 238.0952,
        },
      },
    ])
  })

  it('is bought at the ask', () => {
    const { drafts } = given(venue(), [call({ side: 'buy' })]).when(chain(quotes, T + HOUR))
    expect(fills(drafts)).toMatchObject([{ price: '0.0215', quantity: '2', fee: '0.0006' }])
  })

  // The rows of the oracle: 0.03 % of the underlying, capped at 12.5 % of the price of the option.
  it.each([
    [0.02, '1', '0.0003'],
    [0.0005, '1', '0.0000625'],
    [0.0015, '10', '0.001875'],
  ])('at %d, %s coins, pays a fee of %s', (ask, quantity, fee) => {
    const { drafts } = given(venue(), [call({ quantity })]).when(chain({ [CALL]: [null, ask] }, T + HOUR))
    expect(fills(drafts)).toMatchObject([{ fee, referencePrice: String(ask), slippageBps: 0 }])
  })

  it('that is paid in dollars pays its fee in dollars, by the price of the underlying', () => {
    const terms = { ...CALL_TERMS, kind: 'linearOption', quote: 'USDC', settle: 'USDC', tick: '5' } as const
    const at = (ask: number) =>
      fills(given(venue(), [call({ terms, quantity: '0.5' })]).when(chain({ [CALL]: [1, ask] }, T + HOUR)).drafts)
    // 60000 × 0.0003 = 18 against 12.5 % of 100 and of 1000.
    expect(at(100)).toMatchObject([{ price: '100', fee: '6.25', feeCurrency: 'USDC' }])
    expect(at(1000)).toMatchObject([{ fee: '9' }])
  })

  it('is rounded to the tick against the order', () => {
    const rough = { [CALL]: [0.02055, 0.02145] } as const
    const price = (side: 'buy' | 'sell') =>
      fills(given(venue(), [call({ side })]).when(chain(rough, T + HOUR)).drafts)[0]!.price
    expect([price('buy'), price('sell')]).toEqual(['0.0215', '0.0205'])
  })

  it('whose side is empty is not traded, and its order ends', () => {
    const { drafts } = given(venue(), [call({ side: 'sell' })]).when(chain({ [CALL]: [null, 0.02] }, T + HOUR))
    expect(codes(drafts)).toEqual(['OrderAccepted', 'no-liquidity'])
  })

  it('waits for a chain of its expiry that holds it', () => {
    given(venue(), [call()])
      .when(chain({ [PUT]: [0.01, 0.02] }, T + HOUR))
      .thenNothing()
    given(venue(), [call()])
      .when(chain(quotes, T + HOUR, 50, { expiresAt: EXPIRY + 1 }))
      .thenNothing()
    const late = given(venue(), [call(), chain({ [PUT]: [0.01, 0.02] }, T + HOUR)]).when(chain(quotes, T + 2 * HOUR))
    expect(codes(late.drafts)).toEqual(['OrderAccepted', 'OrderFilled'])
  })

  it('is refused off its lot, and has no least value', () => {
    const { drafts } = given(venue(), [call({ quantity: '0.15' })]).when(chain(quotes, T + HOUR))
    expect(codes(drafts)).toEqual(['lot'])
    const small = given(venue(), [call({ quantity: '0.1' })]).when(chain(quotes, T + HOUR))
    expect(codes(small.drafts)).toEqual(['OrderAccepted', 'OrderFilled'])
  })

  it('goes by the configured rates', () => {
    const { drafts } = given(venue({ optionFeeBps: 2, optionFeeCap: 0.01 }), [call({ quantity: '1' })]).when(
      chain({ [CALL]: [0.01, 0.015] }, T + HOUR),
    )
    expect(fills(drafts)).toMatchObject([{ fee: '0.00015' }])
  })
})

describe('a future', () => {
  it('of dollars is bought at the mark and half the spread; the fee is in the coin', () => {
    const { drafts } = given(venue(), [future({ side: 'buy' })]).when(marked(FUTURE, 62_487.5, T + HOUR))
    // 62487.5 × 1.0002 = 62499.9975 → 62500; 50000 / 62500 × 0.0005.
    expect(fills(drafts)).toMatchObject([
      {
        price: '62500',
        quantity: '50000',
        fee: '0.0004',
        feeCurrency: 'BTC',
        referencePrice: '62487.5',
        slippageBps: 2,
      },
    ])
  })

  it.each([
    ['10', 100_000, '0.00000005'],
    ['1', 100_000, '0'],
    ['3', 100_000, '0.00000002'],
    ['70', 63_122.5, '0.00000055'],
  ])('of %s dollars at %d pays %s, half to even', (quantity, mark, fee) => {
    const terms = { ...FUTURE_TERMS, lot: '1' }
    const { drafts } = given(venue(), [future({ terms, quantity, expectedSpreadBps: 0 })]).when(
      marked(FUTURE, mark, T + HOUR),
    )
    expect(fills(drafts)).toMatchObject([{ fee }])
  })

  it('of coins is sold below the mark; the fee is in the quote', () => {
    const order = leg({ instrument: USDM_FUTURE, terms: USDM_TERMS, side: 'sell', quantity: '1.5' })
    const { drafts } = given(venue(), [order]).when(marked(USDM_FUTURE, 60_000, T + HOUR))
    // 60000 × 0.9998 = 59988; × 1.5 × 0.0005.
    expect(fills(drafts)).toMatchObject([{ price: '59988', fee: '44.991', feeCurrency: 'USDT' }])
  })

  it('pays what its market charges', () => {
    const fees = [{ market: 'deribit.future', makerFeeBps: 0, takerFeeBps: 2.5 }]
    const { drafts } = given(venue({ fees }), [future({ expectedSpreadBps: 0 })]).when(marked(FUTURE, 62_500, T + HOUR))
    expect(fills(drafts)).toMatchObject([{ fee: '0.0002' }])
  })

  it('is refused off its lot of dollars and below the least value that was listed', () => {
    const off = given(venue(), [future({ quantity: '15' })]).when(marked(FUTURE, 62_500, T + HOUR))
    expect(codes(off.drafts)).toEqual(['lot'])
    const listing = event('InstrumentListed', {
      instrument: FUTURE,
      kind: 'inverseFuture',
      base: 'BTC',
      quote: 'USD',
      tick: '2.5',
      lot: '0.00000001',
      minNotional: '100',
      makerFeeBps: 0,
      takerFeeBps: 5,
      expiresAt: EXPIRY,
    })
    const price = marked(FUTURE, 62_500, T + HOUR)
    expect(codes(given(venue(), [future({ quantity: '50' }), listing]).when(price).drafts)).toEqual(['min-notional'])
    expect(codes(given(venue(), [future({ quantity: '105' }), listing]).when(price).drafts)).toEqual(['lot'])
  })
})

describe('an inverse perpetual of the universe', () => {
  const PERP = 'deribit.perpetual.BTC-PERPETUAL'
  const entry = { instrument: PERP, base: 'BTC', quote: 'USD', tick: '0.5', lot: '10', minNotional: '10' } as const
  const inverse = () => venue({}, [...UNIVERSE, { ...entry, role: 'leg' as const }])
  const order = (quantity: string) => leg({ instrument: PERP, quantity, expectedSpreadBps: 0 })

  it('trades dollars at the open; its volume is coins', () => {
    const { drafts } = given(inverse(), [order('100000')]).when(opened(50_000, 10, T, PERP))
    // A tenth of 10 coins are 50000 dollars; 50000 / 50000 × 0.0005.
    expect(fills(drafts)).toMatchObject([{ quantity: '50000', remaining: '50000', fee: '0.0005', feeCurrency: 'BTC' }])
    expect(codes(drafts)).toEqual(['OrderAccepted', 'OrderFilled', 'ioc-remainder'])
  })
})

describe('never at what was known when the order was made', () => {
  it('nor in the step that asked', () => {
    const { drafts } = given(venue(), []).when(call())
    const wait = { agent: 'venue/paper', timer: 'wait/o-1-1', dueAt: T + DAYS_4 }
    expect(drafts).toEqual([{ type: 'TimerRequested', data: wait }])
  })

  it.each([0, -1, -HOUR])('a snapshot of the venue taken %d ms after the order does not trade it', (lag) => {
    given(venue(), [call()])
      .when(chain({ [CALL]: [0.01, 0.02] }, T + lag, 50))
      .thenNothing()
    given(venue(), [future()])
      .when(marked(FUTURE, 60_000, T + lag, 50, T + HOUR))
      .thenNothing()
  })

  it('what comes later changes nothing that was answered', () => {
    const first = chain({ [CALL]: [0.01, 0.02] }, T + HOUR)
    const one = given(venue(), [call()]).when(first).drafts
    const other = given(venue(), [call(), first]).when(chain({ [CALL]: [0.5, 0.6] }, T + 2 * HOUR)).drafts
    expect(fills(one)).toMatchObject([{ price: '0.02' }])
    expect(other).toEqual([])
  })
})

describe('the legs of one package', () => {
  const perp = (changes: Changes = {}) => leg({ order: 'o-1-4', instrument: BTC, ...changes })

  it('trade in one instant where both have bars', () => {
    const past = [leg({}), leg({ order: 'o-1-2', instrument: 'sim.perp.ALTUSDT', side: 'sell' })]
    expect(codes(given(venue(), past).when(opened(100, 1000, T)).drafts)).toEqual(['OrderAccepted', 'OrderFilled'])
    const other = given(venue(), [...past, opened(100, 1000, T)]).when(opened(10, 1000, T, 'sim.perp.ALTUSDT', 51))
    expect(codes(other.drafts)).toEqual(['OrderAccepted', 'OrderFilled'])
  })

  it('of bars of another length trade where both open', () => {
    const universe = UNIVERSE.map((entry) => ({
      ...entry,
      interval: entry.instrument === BTC ? ('1h' as const) : ('4h' as const),
    }))
    const alt = { order: 'o-1-2', instrument: 'sim.perp.ALTUSDT', side: 'sell' } as const
    const past: EventEnvelope[] = [perp({}), leg(alt)]
    const at = (ts: number) => fills(given(venue({}, universe), past).when(opened(100, 1000, ts)).drafts)
    expect(at(T + HOUR)).toEqual([])
    expect(at(T + 2 * HOUR)).toHaveLength(1)
    past.pop()
    expect(at(T + HOUR)).toHaveLength(1)
  })

  it('trade at one chain', () => {
    const { drafts } = given(venue(), [call({ side: 'sell' }), put({ side: 'sell' })]).when(
      chain({ [CALL]: [0.02, 0.021], [PUT]: [0.03, 0.031] }, T + HOUR),
    )
    expect(fills(drafts).map(({ instrument, price }) => [instrument, price])).toEqual([
      [CALL, '0.02'],
      [PUT, '0.03'],
    ])
  })

  it('with bars wait for those without, and trade at the open of the same instant', () => {
    const past: EventEnvelope[] = [perp({ side: 'sell' }), future(), opened(100, 1000, T, BTC, 30)]
    expect(stateOf(given(venue(), past.slice(0, 2)).when(past[2]!)).slots[0]!.orders).toHaveLength(1)
    past.push(marked(FUTURE, 60_000, T + HOUR, 31))
    const { drafts } = given(venue(), past).when(opened(101, 1000, T + HOUR, BTC, 32))
    expect(fills(drafts)).toMatchObject([{ order: 'o-1-4', referencePrice: '101' }])
  })

  it('do not wait for another package, for an order that is cancelled, nor for ever', () => {
    const open = opened(100, 1000, T)
    expect(fills(given(venue(), [perp(), future({ package: 'other' })]).when(open).drafts)).toHaveLength(1)
    const gone = cancelAsked('o-1-3', FUTURE)
    expect(fills(given(venue(), [perp(), future(), gone]).when(open).drafts)).toHaveLength(1)
    const late = opened(100, 1000, T + DAYS_4)
    expect(fills(given(venue(), [perp(), future()]).when(late).drafts)).toHaveLength(1)
  })

  it('are cut by the volume of the market, never by each other', () => {
    const { drafts } = given(venue(), [perp()]).when(opened(100, 5, T))
    expect(fills(drafts)).toMatchObject([{ quantity: '0.5', remaining: '1.5' }])
    expect(codes(drafts).at(-1)).toBe('ioc-remainder')
  })

  it('that nothing prices end after four days', () => {
    const timer = fired('venue/paper', 'wait/o-1-1', T + DAYS_4)
    expect(codes(given(venue(), [call()]).when(timer).drafts)).toEqual(['no-liquidity'])
    const both = given(venue(), [call(), perp()]).when(timer).drafts
    expect(codes(both)).toEqual(['no-liquidity', 'no-liquidity'])
    expect(codes(given(venue(), [call(), perp({ package: 'other' })]).when(timer).drafts)).toEqual(['no-liquidity'])
    const filled = [call(), chain({ [CALL]: [0.01, 0.02] }, T + HOUR)]
    given(venue(), filled).when(timer).thenNothing()
  })

  it('are cancelled on request at the next snapshot, whenever it was taken', () => {
    const { drafts } = given(venue(), [call(), cancelAsked('o-1-1', CALL)]).when(chain({ [CALL]: [0.01, 0.02] }, T))
    expect(codes(drafts)).toEqual(['OrderAccepted', 'requested'])
  })
})

describe('expiry', () => {
  it('cancels what waits at the first event behind it', () => {
    const past = [call(), future()]
    given(venue(), past)
      .when(instant(EXPIRY - 1))
      .thenNothing()
    const { drafts, state } = given(venue(), past).when(instant(EXPIRY))
    expect(drafts).toEqual([
      { type: 'OrderCancelled', data: { order: 'o-1-1', instrument: CALL, reason: 'expired', remaining: '2' } },
      { type: 'OrderCancelled', data: { order: 'o-1-3', instrument: FUTURE, reason: 'expired', remaining: '50000' } },
    ])
    expect((state as PaperState).waits).toEqual({ chain: 0, mark: 0, expiresAt: 0 })
  })

  it('comes before a price of the same time, which trades nothing any more', () => {
    expect(codes(given(venue(), [future()]).when(marked(FUTURE, 60_000, EXPIRY)).drafts)).toEqual(['expired'])
    expect(codes(given(venue(), [call()]).when(chain({ [CALL]: [1, 1] }, EXPIRY)).drafts)).toEqual(['expired'])
  })

  it('is not said in the step of an order that comes too late', () => {
    const late = call({}, EXPIRY + 1)
    expect(codes(given(venue(), []).when(late).drafts)).toEqual(['TimerRequested'])
    expect(codes(given(venue(), [late]).when(instant(EXPIRY + 2)).drafts)).toEqual(['expired'])
  })

  it('leaves nothing of the position once risk has settled it; the instrument is forgotten with the next order', () => {
    const bought = [future(), marked(FUTURE, 60_000, T + HOUR)]
    const held = (when: { readonly state: unknown }) => stateOf(when).legs.map((slot) => slot.position)
    expect(held(given(venue(), bought.slice(0, 1)).when(bought[1]!))).toEqual(['50000'])
    const settled = event('PositionSettled', {
      instrument: FUTURE,
      quantity: '50000',
      price: '61000',
      realised: '0.01',
      cause: 'delivery',
      currency: 'BTC',
      package: PKG,
    })
    expect(held(given(venue(), bought).when(settled))).toEqual(['0'])
    const next = call({ order: 'o-9-1', terms: { ...CALL_TERMS, expiresAt: EXPIRY + 24 * HOUR } }, EXPIRY + HOUR)
    const after = stateOf(given(venue(), [...bought, settled]).when(next))
    expect(after.legs.map(({ instrument }) => instrument)).toEqual([CALL])
  })
})

describe('against quotes', () => {
  const arrive = (order: string, ts = T + 100) => fired('venue/paper', `arrive/${order}`, ts)

  it('an option trades at the next chain after it has arrived', () => {
    const sent = call()
    expect(given(live(), []).when(sent).drafts[0]).toMatchObject({ data: { timer: 'arrive/o-1-1' } })
    const early = chain({ [CALL]: [0.01, 0.02] }, T + 50)
    given(live(), [sent]).when(early).thenNothing()
    const taken = given(live(), [sent, early]).when(arrive('o-1-1'))
    expect(codes(taken.drafts)).toEqual(['OrderAccepted', 'TimerRequested'])
    given(live(), [sent, arrive('o-1-1')])
      .when(chain({ [CALL]: [0.01, 0.02] }, T + 100))
      .thenNothing()
    const { drafts } = given(live(), [sent, arrive('o-1-1')]).when(chain({ [CALL]: [0.01, 0.02] }, T + 101))
    expect(fills(drafts)).toMatchObject([{ price: '0.02', fee: '0.0006' }])
  })

  it('a future of dollars trades at its quote; sizes of quotes are coins', () => {
    const past = [future(), arrive('o-1-3')]
    const { drafts } = given(live(), past).when(quoted(62_497.5, 62_500, 0.5, { ts: T + 200 }, FUTURE))
    expect(fills(drafts)).toMatchObject([{ price: '62500', quantity: '31250', fee: '0.00025', feeCurrency: 'BTC' }])
    expect(codes(drafts).at(-1)).toBe('ioc-remainder')
  })

  it('what nobody quotes ends: after five minutes, options after an hour', () => {
    const dueOf = (past: readonly EventEnvelope[], order: string) =>
      (given(live(), past).when(arrive(order)).drafts[1]!.data as { dueAt: number }).dueAt - T - 100
    expect([dueOf([future()], 'o-1-3'), dueOf([call()], 'o-1-1')]).toEqual([300_000, HOUR])
    const waited = given(live(), [future(), arrive('o-1-3')]).when(fired('venue/paper', 'wait/o-1-3', T + HOUR))
    expect(codes(waited.drafts)).toEqual(['no-liquidity'])
  })
})

describe('whatever comes', () => {
  it('a repeated order or fill changes nothing', () => {
    const quote = chain({ [CALL]: [0.01, 0.02] }, T + HOUR)
    expect(fills(given(venue(), [call(), call()]).when(quote).drafts)).toHaveLength(1)
    given(venue(), [call(), quote, call()])
      .when(chain({ [CALL]: [0.01, 0.02] }, T + 2 * HOUR))
      .thenNothing()
  })

  it('an instrument outside the universe without terms is refused', () => {
    const stranger = submitted({ instrument: FUTURE, purpose: 'package', package: PKG }, { ts: T })
    const { drafts } = given(venue(), [stranger]).when(fired('venue/paper', 'arrive/o-1-1'))
    expect(codes(drafts)).toEqual(['unknown-instrument'])
  })

  it('the state is plain data, and goes on from a copy as it would have', () => {
    const mind = venue()
    const past = [call(), put(), future(), leg({ order: 'o-1-4' }), marked(FUTURE, 60_000, T + HOUR)]
    const before = given(mind, past.slice(0, -1)).when(past.at(-1)!).state
    const copy: unknown = JSON.parse(JSON.stringify(before))
    expect(copy).toStrictEqual(before)
    const restored = { ...mind, initial: () => copy as PaperState }
    const next = [
      chain({ [CALL]: [0.01, 0.02], [PUT]: [0.01, 0.02] }, T + HOUR, 60),
      opened(100, 1000, T + HOUR, BTC, 61),
    ]
    for (const [i, last] of next.entries()) {
      const on = given(mind, [...past, ...next.slice(0, i)]).when(last)
      expect(given(restored, next.slice(0, i)).when(last)).toMatchObject({ drafts: on.drafts, state: on.state })
      expect(fills(on.drafts).length).toBeGreaterThan(0)
      Object.assign(copy as object, JSON.parse(JSON.stringify(before)))
    }
  })

  it('no chain is looked at while no option is ordered', () => {
    const unread = chain({}, T + HOUR)
    Object.defineProperty(unread.data, 'options', {
      get: () => {
        throw new Error('looked at')
      },
    })
    given(venue(), [future()]).when(unread).thenNothing()
    given(venue(), [call({ terms: { ...CALL_TERMS, expiresAt: EXPIRY + 1 } })])
      .when(unread)
      .thenNothing()
    expect(() => given(venue(), [call()]).when(unread)).toThrow('looked at')
  })
})
