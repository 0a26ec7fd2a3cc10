/** Owns what the router does with the legs of packages: what it sends, what passes a halt, what it expects them to cost. */
import { describe, expect, it } from 'vitest'
import type { EventEnvelope } from '#core/envelope'
import { createRouter } from '#execution/router.decider'
import type { RouterState } from '#execution/router-state'
import { event, given } from '../given.js'
import {
  approved,
  BTC,
  CALL,
  CALL_TERMS,
  chain,
  closed,
  EXPIRY,
  execution,
  FUTURE,
  FUTURE_TERMS,
  halted,
  quoted,
  UNIVERSE,
} from './fixtures.js'

const DAY = 86_400_000
const T = 10 * DAY
const PKG = 'carry/BTC'
type Changes = Parameters<typeof approved>[0]
type Drafts = readonly { readonly type: string; readonly data: unknown }[]

const router = (changes = {}) => createRouter(execution(changes), UNIVERSE, '1h')
const leg = (changes: Changes = {}, ts = T) => approved({ purpose: 'package', package: PKG, ...changes }, { ts })
const call = (changes: Changes = {}, ts = T) =>
  leg({ instrument: CALL, terms: CALL_TERMS, referencePrice: '0.02', ...changes }, ts)
const future = (changes: Changes = {}, ts = T) =>
  leg({ instrument: FUTURE, terms: FUTURE_TERMS, quantity: '50000', referencePrice: '60000', ...changes }, ts)
const said = (drafts: Drafts) =>
  drafts.map(({ type, data }) => (type === 'OrderWithheld' ? (data as { code: string }).code : type))
const sent = (past: readonly EventEnvelope[], last: EventEnvelope, changes = {}) =>
  given(router(changes), past).when(last).drafts[0]!.data as Record<string, unknown>
const over = (order: string, instrument: string) =>
  event('OrderCancelled', { order, instrument, reason: 'no-liquidity', remaining: '2' })

describe('a leg', () => {
  it('is sent as a market order, immediate or cancel, with its package and its terms', () => {
    given(router({ orderType: 'postOnly' }), [])
      .when(call())
      .then([
        {
          type: 'OrderSubmitted',
          data: {
            order: 'o-1-1',
            instrument: CALL,
            side: 'buy',
            quantity: '2',
            type: 'market',
            timeInForce: 'ioc',
            reduceOnly: false,
            purpose: 'package',
            package: PKG,
            terms: CALL_TERMS,
            referencePrice: '0.02',
            // Half a tick of 0.0001 at 0.02.
            expectedSpreadBps: 25,
            expectedImpactBps: 0,
          },
        },
      ])
  })

  it('is never cut below what was approved, as a rebalance is', () => {
    const thin = [closed({ low: 99, high: 101, volume: 1 })]
    expect(sent(thin, leg())).toMatchObject({ quantity: '2', package: PKG })
    expect(sent(thin, approved())).toMatchObject({ quantity: '0.1' })
  })

  it('of an instrument outside the universe that brings no terms is withheld', () => {
    const { drafts } = given(router(), []).when(leg({ instrument: FUTURE }))
    expect(said(drafts)).toEqual(['not-listed'])
  })

  it('is withheld once its instrument has ended', () => {
    expect(said(given(router(), []).when(call({}, EXPIRY)).drafts)).toEqual(['not-listed'])
    expect(said(given(router(), []).when(call({}, EXPIRY - 1)).drafts)).toEqual(['OrderSubmitted'])
    const gone = event('InstrumentDelisted', { instrument: FUTURE, reason: 'gone' })
    const again = future({ order: 'o-2-1' })
    expect(said(given(router(), [future(), gone]).when(again).drafts)).toEqual(['not-listed'])
  })

  it('goes out once', () => {
    given(router(), [call()]).when(call()).thenNothing()
  })
})

describe('a halt', () => {
  it('withholds what builds a package and lets pass what takes it back', () => {
    expect(said(given(router(), [halted()]).when(call()).drafts)).toEqual(['trading-halted'])
    expect(said(given(router(), [halted()]).when(call({ purpose: 'unwind' })).drafts)).toEqual(['OrderSubmitted'])
  })

  it('cancels what builds and is on its way, not what takes back', () => {
    const past = [call(), future({ order: 'o-1-2', purpose: 'unwind' }), leg({ order: 'o-1-3' })]
    const { drafts } = given(router(), past).when(halted())
    expect(drafts.map(({ data }) => (data as { order: string }).order)).toEqual(['o-1-1', 'o-1-3'])
  })
})

describe('expected costs', () => {
  const quotes = { [CALL]: [0.0195, 0.0205] } as const
  const next = call({ order: 'o-2-1' })

  it('of an option are half of what is quoted, where it was ordered before', () => {
    expect(sent([call({}, T - DAY), chain(quotes, T)], next)).toMatchObject({ expectedSpreadBps: 250 })
    expect(sent([chain(quotes, T)], next)).toMatchObject({ expectedSpreadBps: 25 })
  })

  it('of an option that is worth nothing are its whole price, and no more', () => {
    expect(sent([], call({ referencePrice: '0' }))).toMatchObject({ expectedSpreadBps: 10_000 })
    expect(sent([], call({ referencePrice: '0.00000001' }))).toMatchObject({ expectedSpreadBps: 10_000 })
  })

  it('forget a quote that is older than a minute, and one with an empty side', () => {
    expect(sent([call({}, T - DAY), chain(quotes, T - 60_001)], next)).toMatchObject({ expectedSpreadBps: 25 })
    expect(sent([call({}, T - DAY), chain({ [CALL]: [null, 0.02] }, T)], next)).toMatchObject({ expectedSpreadBps: 25 })
    const other = chain(quotes, T, 50, { expiresAt: EXPIRY + 1 })
    expect(sent([call({}, T - DAY), other], next)).toMatchObject({ expectedSpreadBps: 25 })
  })

  it('of a future are half the quoted spread, or the configured one, without impact', () => {
    expect(sent([], future())).toMatchObject({ expectedSpreadBps: 2, expectedImpactBps: 0 })
    const quote = quoted(59_997, 60_003, 1, { ts: T }, FUTURE)
    expect(sent([future({}, T - DAY), quote], future({ order: 'o-2-1' }))).toMatchObject({ expectedSpreadBps: 0.5 })
  })

  it('of contracts of dollars with bars go by their dollars, not by dollars times price', () => {
    const PERP = 'deribit.perpetual.BTC-PERPETUAL'
    const entry = { instrument: PERP, base: 'BTC', quote: 'USD', tick: '0.5', lot: '10', minNotional: '10' } as const
    const own = createRouter(execution(), [...UNIVERSE, { ...entry, role: 'leg' }], '1h')
    const day = (i: number) =>
      closed({ low: 50_000, high: 50_000, close: i % 2 ? 50_000 : 51_000, volume: 100, openTime: i * DAY }, PERP, '1d')
    const past = [0, 1, 2, 3].map(day)
    const impact = (quantity: string) =>
      (
        given(own, past).when(leg({ instrument: PERP, quantity, referencePrice: '50000' })).drafts[0]!.data as {
          expectedImpactBps: number
        }
      ).expectedImpactBps
    const vol = Math.log(51 / 50)
    // Days of 5.1 and 5 million dollars.
    expect(impact('50500')).toBeCloseTo(1e4 * vol * Math.sqrt(50_500 / 5_050_000), 3)
  })
})

describe('memory', () => {
  it('keeps an instrument while an order lives, and until it expired or nothing was ordered there for a month', () => {
    const kept = (past: readonly EventEnvelope[], last: EventEnvelope) =>
      (given(router(), past).when(last).state as RouterState).legs.map(({ instrument }) => instrument)
    const terms = { ...CALL_TERMS, expiresAt: EXPIRY + 90 * DAY }
    const later = (ts: number) => call({ order: 'o-9-1', terms }, ts)
    const spot = future({ terms: { ...FUTURE_TERMS, expiresAt: EXPIRY + 90 * DAY } })
    expect(kept([spot], later(T + 30 * DAY))).toEqual([FUTURE, CALL])
    expect(kept([spot], later(T + 31 * DAY))).toEqual([FUTURE, CALL])
    expect(kept([spot, over('o-1-1', FUTURE)], later(T + 31 * DAY))).toEqual([CALL])
    expect(kept([future(), over('o-1-1', FUTURE)], later(EXPIRY - 1))).toEqual([CALL])
    expect(kept([future({}, EXPIRY - DAY), over('o-1-1', FUTURE)], later(EXPIRY - 1))).toEqual([FUTURE, CALL])
    expect(kept([future({}, EXPIRY - DAY), over('o-1-1', FUTURE)], later(EXPIRY))).toEqual([CALL])
  })

  it('is plain data', () => {
    const { state } = given(router(), [call(), future({ order: 'o-1-2' })]).when(quoted(1, 2, 3, {}, BTC))
    expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
  })
})
