/** Owns the rules of the router: what it sends, what it withholds, what it cancels, when it doubts. */
import { describe, expect, it } from 'vitest'
import type { EventEnvelope } from '#core/envelope'
import { createRouter } from '#execution/router.decider'
import type { RouterState } from '#execution/router-state'
import { event, given } from '../given.js'
import { ALT, approved, BTC, closed, execution, fired, halted, quoted, UNIVERSE } from './fixtures.js'

const UNKNOWN_IMPACT_BPS = 126.4911
const DAY = 86_400_000

const router = (changes = {}, ackTimers = false) => createRouter(execution(changes), UNIVERSE, '1h', { ackTimers })
const sent = (changes: Record<string, unknown> = {}) => ({
  type: 'OrderSubmitted',
  data: {
    order: 'o-1-1',
    instrument: BTC,
    side: 'buy',
    quantity: '2',
    type: 'market',
    timeInForce: 'ioc',
    reduceOnly: false,
    purpose: 'rebalance',
    referencePrice: '100',
    expectedSpreadBps: 2,
    expectedImpactBps: UNKNOWN_IMPACT_BPS,
    ...changes,
  },
})
const accepted = (order = 'o-1-1') => event('OrderAccepted', { order, instrument: BTC, venueOrder: 'v-1' })
const filled = (quantity: string, remaining: string, trade = 't-1') =>
  event('OrderFilled', {
    order: 'o-1-1',
    instrument: BTC,
    trade,
    side: 'buy',
    price: '100',
    quantity,
    remaining,
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    referencePrice: '100',
    slippageBps: 0,
  })
const cancelled = (remaining = '2') =>
  event('OrderCancelled', { order: 'o-1-1', instrument: BTC, reason: 'requested', remaining })
const instant = (ts: number) => event('InstantClosed', { instant: ts, intervals: ['1h'], missing: [] }, { ts })
const stateAfter = (events: readonly EventEnvelope[], last: EventEnvelope, changes = {}, ackTimers = false) =>
  given(router(changes, ackTimers), events).when(last).state as RouterState

describe('sending', () => {
  it('sends an approved rebalance as a market order, immediate or cancel', () => {
    given(router(), []).when(approved()).then([sent()])
  })

  it('sends an approval once, however often it is said, also after the order has ended', () => {
    given(router(), [approved()]).when(approved()).thenNothing()
    given(router(), [approved(), accepted(), filled('2', '0')])
      .when(approved())
      .thenNothing()
  })

  it('throws on an approval that risk did not give', () => {
    expect(() => given(router(), []).when(approved({}, { by: 'signal/tsmom' }))).toThrow(/signal\/tsmom/)
  })

  it.each([
    ['buy', '99.9'],
    ['sell', '100.1'],
  ] as const)('rests a %s on the passive side, on the tick', (side, limitPrice) => {
    given(router({ orderType: 'limit' }), [])
      .when(approved({ side }))
      .then([sent({ side, type: 'limit', timeInForce: 'gtc', limitPrice })])
  })

  it('holds a post-only price one tick off the other side of a fresh quote, and takes the spread from it', () => {
    const { drafts } = given(router({ orderType: 'postOnly', limitOffsetBps: -50 }), [quoted(100, 100.2, 1)]).when(
      approved({}, { ts: 1000 }),
    )
    expect(drafts[0]!.data).toMatchObject({ type: 'postOnly', limitPrice: '100.1', expectedSpreadBps: 9.99 })
  })

  it('forgets a quote that is older than a minute', () => {
    const { drafts } = given(router({ orderType: 'postOnly' }), [quoted(50, 51, 1)]).when(approved({}, { ts: 60_501 }))
    expect(drafts[0]!.data).toMatchObject({ limitPrice: '99.9', expectedSpreadBps: 2 })
  })

  it.each(['stop', 'flatten', 'derisk'] as const)(
    'takes with what protects, whatever the order type: %s',
    (purpose) => {
      const stop = purpose === 'stop' ? { stopPrice: '95', triggerOpen: '94' } : {}
      given(router({ orderType: 'postOnly' }), [])
        .when(approved({ side: 'sell', reduceOnly: true, purpose, ...stop }))
        .then([
          sent({ side: 'sell', reduceOnly: true, purpose, type: purpose === 'stop' ? 'stop' : 'market', ...stop }),
        ])
    },
  )
})

describe('size', () => {
  it('caps a rebalance at a tenth of the prior bar, in whole lots', () => {
    const { drafts } = given(router(), [closed({ low: 99, high: 101, volume: 12.3456 })]).when(approved())
    expect(drafts[0]!.data).toMatchObject({ quantity: '1.234' })
  })

  it('never sinks below the smallest order that the venue takes', () => {
    const { drafts } = given(router(), [closed({ low: 99, high: 101, volume: 0 })]).when(approved())
    expect(drafts[0]!.data).toMatchObject({ quantity: '0.051' })
  })

  it('never sends more than was approved', () => {
    const { drafts } = given(router(), [closed({ low: 99, high: 101, volume: 0 })]).when(approved({ quantity: '0.01' }))
    expect(drafts[0]!.data).toMatchObject({ quantity: '0.01' })
  })

  it('does not make smaller what protects', () => {
    const { drafts } = given(router(), [closed({ low: 99, high: 101, volume: 1 })]).when(
      approved({ purpose: 'stop', reduceOnly: true, side: 'sell' }),
    )
    expect(drafts[0]!.data).toMatchObject({ quantity: '2' })
  })

  it('goes by the finest bar alone', () => {
    const bars = [closed({ low: 99, high: 101, volume: 10 }), closed({ low: 99, high: 101, volume: 5 }, BTC, '1d')]
    expect(given(router(), bars).when(approved()).drafts[0]!.data).toMatchObject({ quantity: '1' })
  })
})

/** Daily bars whose close moves by ±`move`; the last one as told. */
function days(count: number, move: number, last: { volume: number; move: number }): EventEnvelope[] {
  let close = 100
  return Array.from({ length: count }, (_, i) => {
    const final = i === count - 1
    close *= Math.exp(final ? last.move : i % 2 === 0 ? move : -move)
    const volume = final ? last.volume : 10_000 + (i % 5) * 100
    return closed({ low: close, high: close, close, volume, openTime: i * DAY }, BTC, '1d')
  })
}

describe('expected costs', () => {
  it('are half the spread and the square-root impact of daily volatility and volume (methods, 15)', () => {
    const { drafts } = given(router(), days(20, 0.04, { volume: 10_000, move: 0.04 })).when(approved())
    const { expectedSpreadBps, expectedImpactBps } = drafts[0]!.data as Record<string, number>
    expect(expectedSpreadBps).toBe(2)
    // Constant |r| = 4 %: sigma is 4 %. 200 USDT of about 1.02 million a day.
    expect(expectedImpactBps).toBeGreaterThan(1e4 * 0.04 * Math.sqrt(200 / 1_070_000))
    expect(expectedImpactBps).toBeLessThan(1e4 * 0.04 * Math.sqrt(200 / 980_000))
  })

  it('double after a day that was a cascade', () => {
    const calm = given(router(), days(40, 0.01, { volume: 10_000, move: 0.05 })).when(approved())
    const storm = given(router(), days(40, 0.01, { volume: 90_000, move: 0.05 })).when(approved())
    const spread = (when: typeof calm) => (when.drafts[0]!.data as Record<string, number>).expectedSpreadBps
    expect(spread(calm)).toBe(2)
    expect(spread(storm)).toBe(4)
  })
})

describe('second lock', () => {
  const withheld = (code: string) => [
    { type: 'OrderWithheld', data: { order: 'o-1-1', instrument: BTC, side: 'buy', quantity: '2', code } },
  ]

  it('does not send what adds risk while trading is halted, and says so', () => {
    given(router(), [halted()]).when(approved()).then(withheld('trading-halted'))
  })

  it('sends what reduces risk while trading is halted', () => {
    given(router(), [halted()])
      .when(approved({ reduceOnly: true, side: 'sell', purpose: 'flatten' }))
      .then([sent({ reduceOnly: true, side: 'sell', purpose: 'flatten' })])
  })

  it('is shut by a fault on the order path and by a halt that is carried over', () => {
    const fault = (onOrderPath: boolean) =>
      event('AgentFaulted', { agent: 'x/y', code: 'invariant', phase: 'decide', at: 1, onOrderPath })
    const carried = event('StateCarried', { parent: 'p', balance: '1', positions: [], stops: [], halted: true })
    given(router(), [fault(true)])
      .when(approved())
      .then(withheld('trading-halted'))
    given(router(), [carried]).when(approved()).then(withheld('trading-halted'))
    given(router(), [fault(false)])
      .when(approved())
      .then([sent()])
  })

  it('opens when trading is resumed', () => {
    given(router(), [halted(), event('TradingResumed', { reason: 'operator' })])
      .when(approved())
      .then([sent()])
  })

  it('does not send to where nothing is traded any more', () => {
    const gone = event('InstrumentDelisted', { instrument: BTC, reason: 'end-of-data' })
    given(router(), [gone]).when(approved()).then(withheld('not-listed'))
  })

  it('cancels what adds risk when a halt comes, once, and leaves what reduces it', () => {
    const orders = [
      approved(),
      approved({ order: 'o-1-2', reduceOnly: true, side: 'sell', purpose: 'stop' }),
      approved({ order: 'o-1-3', instrument: ALT, quantity: '100', referencePrice: '1' }),
    ]
    const ask = (order: string, instrument: string) => ({
      type: 'CancelRequested',
      data: { order, instrument, reason: 'trading-halted' },
    })
    given(router(), orders)
      .when(halted())
      .then([ask('o-1-1', BTC), ask('o-1-3', ALT)])
    given(router(), [...orders, halted()])
      .when(halted())
      .thenNothing()
  })
})

describe('resting orders', () => {
  const limits = { orderType: 'limit', limitTtlBars: 2 } as const
  const at = 3_600_000
  it('are cancelled when their bars are over, not before, and only once', () => {
    const past = [approved({}, { ts: at }), accepted()]
    given(router(limits), past)
      .when(instant(2 * at))
      .thenNothing()
    given(router(limits), past)
      .when(instant(3 * at))
      .then([{ type: 'CancelRequested', data: { order: 'o-1-1', instrument: BTC, reason: 'outlived' } }])
    given(router(limits), [...past, instant(3 * at)])
      .when(instant(4 * at))
      .thenNothing()
  })

  it('that are filled are not cancelled; market orders never are', () => {
    given(router(limits), [approved({}, { ts: at }), accepted(), filled('2', '0')])
      .when(instant(9 * at))
      .thenNothing()
    given(router(), [approved({}, { ts: at })])
      .when(instant(9 * at))
      .thenNothing()
  })
})

describe('silence of the venue', () => {
  const timer = { type: 'TimerRequested', data: { agent: 'execution/router', timer: 'o-1-1/ack', dueAt: 5001 } }
  const doubt = (sinceMs: number) => ({
    type: 'OrderUnconfirmed',
    data: { order: 'o-1-1', instrument: BTC, sinceMs },
  })
  const due = fired('execution/router', 'o-1-1/ack', 5001)

  it('is timed only where answers take time', () => {
    given(router({}, true), []).when(approved()).then([sent(), timer])
    given(router({}, false), []).when(approved()).then([sent()])
  })

  it('makes an order unknown, which is no evidence that it is gone', () => {
    const when = given(router({}, true), [approved()]).when(due)
    when.then([doubt(5000)])
    expect((when.state as RouterState).live[0]).toMatchObject({ phase: 'unknown', remaining: '2' })
  })

  it('is over with any answer', () => {
    given(router({}, true), [approved(), accepted()]).when(due).thenNothing()
    given(router({}, true), [approved(), accepted(), cancelled()]).when(due).thenNothing()
  })

  it('does not concern timers of others', () => {
    given(router({}, true), [approved()])
      .when(fired('venue/paper', 'o-1-1/ack', 5001))
      .thenNothing()
  })

  it('after a cancel makes the order unknown too', () => {
    const asked = [approved({}, { ts: 1 }), accepted(), halted()]
    given(router({}, true), asked)
      .when(fired('execution/router', 'o-1-1/cancel', 5001))
      .then([doubt(5000)])
  })
})

describe('memory', () => {
  it('forgets an order that has ended, but for its id', () => {
    const state = stateAfter([approved(), accepted()], cancelled())
    expect(state.live).toEqual([])
    expect(state.finished).toEqual([{ order: 'o-1-1', phase: 'cancelled' }])
  })

  it('honours a trade after the cancel, and ignores a trade that is said twice or in the wrong order', () => {
    expect(stateAfter([approved(), cancelled('1')], filled('1', '0')).finished[0]!.phase).toBe('filled')
    const parts = [approved(), filled('1', '1', 't-1')]
    expect(stateAfter(parts, filled('1', '1', 't-1')).live[0]).toMatchObject({ remaining: '1' })
    const swapped = [approved(), filled('0.5', '0.5', 't-2')]
    expect(stateAfter(swapped, filled('1', '1', 't-1')).live[0]).toMatchObject({ remaining: '0.5' })
  })

  it('throws when the venue says what cannot be', () => {
    const rejected = event('OrderRejected', { order: 'o-1-1', instrument: BTC, code: 'venue', detail: 'no' })
    expect(() => given(router(), [approved(), rejected]).when(filled('1', '1'))).toThrow(/rejected/)
  })

  it('is bounded', () => {
    const many = Array.from({ length: 300 }, (_, i) => [
      approved({ order: `o-${i}-1` }),
      event('OrderRejected', { order: `o-${i}-1`, instrument: BTC, code: 'venue', detail: 'no' }),
    ]).flat()
    const bars = days(100, 0.01, { volume: 1, move: 0 })
    const state = stateAfter([...many, ...bars], instant(1))
    expect(state.live.length).toBe(0)
    expect(state.finished.length).toBe(128)
    expect(state.slots[0]!.market.returns.length).toBeLessThanOrEqual(31)
  })

  it('survives JSON to the bit', () => {
    const state = stateAfter([...days(40, 0.013, { volume: 7, move: 0.1 }), quoted(1, 2, 3), approved()], halted())
    expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
  })
})
