/** risk/engine: given a book, when something happens, then these approvals, refusals, stops, halts. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import { positionSnapshot } from '#risk/engine.decider'
import { BTC, Desk, type Draft, ETH, SOL, typed, types } from './book.js'

/** A desk with an ATR of 2 at a price of 100 and a long BTC position of 200 units (0.2 of NAV). */
function longBtc(risk: object = {}): Desk {
  const desk = new Desk(risk)
  desk.warm(41)
  const [approved] = typed(desk.blend({ [BTC]: 0.2 }), 'OrderApproved')
  desk.fill(approved!, 100)
  return desk
}
const next = (desk: Desk): number => Math.floor(desk.ts / DAY_MS)
const data = (draft: Draft | undefined) => draft!.data

describe('risk/engine assesses', () => {
  it('an order for a target, with each step, sized in whole lots at the mark', () => {
    const desk = new Desk()
    desk.warm(41)
    const drafts = desk.blend({ [BTC]: 0.25, [ETH]: 0.2, [SOL]: -0.05 })
    expect(types(drafts)).toEqual(['RiskAssessed', 'OrderApproved', 'OrderApproved', 'OrderApproved'])
    const steps = data(drafts[0]).steps as { step: string; netAfter: number; factor: number }[]
    expect(steps.map(({ step }) => step)).toEqual([
      'maxAbsWeight',
      'volTarget',
      'kelly',
      'sleeveCap',
      'netCap',
      'grossCap',
      'turnover',
      'drawdown',
      'lotRounding',
    ])
    expect(steps[4]).toMatchObject({ factor: 0.75, netAfter: 0.3 })
    // 0.375 gross wants 0.1875 of turnover; the limit lets 0.15 pass: 80 %.
    expect(steps[6]!.factor).toBeCloseTo(0.8, 5)
    expect(data(drafts[1])).toMatchObject({
      order: `o-${desk.seq}-1`,
      instrument: BTC,
      side: 'buy',
      quantity: '150',
      reduceOnly: false,
      purpose: 'rebalance',
      referencePrice: '100',
      weightBefore: 0,
      weightAfter: 0.15,
    })
    expect(data(drafts[3])).toMatchObject({ instrument: SOL, side: 'sell', quantity: '30' })
  })

  it('waits for an order in flight, then goes on from what was filled', () => {
    const desk = new Desk()
    desk.warm(41)
    const [order] = typed(desk.blend({ [BTC]: 0.2 }), 'OrderApproved')
    expect(desk.blend({ [BTC]: -0.1 })).toEqual([])
    desk.fill(order!, 100, '50')
    desk.send('OrderCancelled', {
      order: String(order!.data.order),
      instrument: BTC,
      reason: 'ioc-remainder',
      remaining: '150',
    })
    const drafts = desk.blend({ [BTC]: 0.2 })
    expect(data(drafts[1])).toMatchObject({ side: 'buy', quantity: '149.999', weightBefore: expect.closeTo(0.05, 4) })
    desk.send('OrderRejected', { order: String(data(drafts[1]).order), instrument: BTC, code: 'venue', detail: 'no' })
    const again = desk.blend({ [BTC]: 0.2 })
    desk.send('OrderWithheld', {
      order: String(data(again[1]).order),
      instrument: BTC,
      side: 'buy',
      quantity: '150',
      code: 'trading-halted',
    })
    expect(types(desk.blend({ [BTC]: 0.2 }))).toEqual(['RiskAssessed', 'OrderApproved'])
  })

  it('trades nothing inside the band, all of an exit, and both legs of a change of sign', () => {
    const desk = longBtc()
    expect(desk.blend({ [BTC]: 0.21 })).toEqual([])
    expect(desk.blend({ [BTC]: 0.19 })).toEqual([])
    const exit = desk.blend({ [BTC]: 0 })
    expect(data(exit[1])).toMatchObject({ side: 'sell', quantity: '200', reduceOnly: true, weightAfter: 0 })
    const flip = longBtc({ turnoverLimiter: false }).blend({ [BTC]: -0.1 })
    expect(data(flip[1])).toMatchObject({
      side: 'sell',
      reduceOnly: false,
      quantity: expect.stringMatching(/^29\d\.\d+$/),
    })
  })

  it('refuses once, and again only when the refusal changes or the target turns', () => {
    const desk = new Desk({}, '1d', '100')
    desk.warm(41)
    const refused = desk.blend({ [BTC]: 0.04 })
    expect(types(refused)).toEqual(['RiskAssessed', 'OrderRefused'])
    expect(data(refused[1])).toMatchObject({
      code: 'below-min-notional',
      value: expect.closeTo(4, 2),
      limit: 5,
      side: 'buy',
      wanted: 0.04,
    })
    expect(desk.blend({ [BTC]: 0.041 })).toEqual([])
    expect(data(desk.blend({ [BTC]: -0.04 })[1])).toMatchObject({ code: 'below-min-notional', side: 'sell' })
    expect(data(desk.blend({ [BTC]: -0.0001 })[1])).toMatchObject({ code: 'below-lot', limit: 0.001 })
  })

  it('lets what only reduces pass below the least notional', () => {
    const desk = longBtc()
    desk.fill(typed(desk.blend({ [BTC]: 0 }), 'OrderApproved')[0]!, 100, '199.99')
    desk.send('OrderCancelled', {
      order: desk.state.orders.open[0]!.order,
      instrument: BTC,
      reason: 'no-liquidity',
      remaining: '0.01',
    })
    expect(data(desk.blend({ [BTC]: 0 })[1])).toMatchObject({ side: 'sell', quantity: '0.01', reduceOnly: true })
  })

  it('refuses without a mark, with a stale one, and what is not listed', () => {
    const desk = new Desk()
    expect(data(desk.blend({ [BTC]: 0.1 })[1])).toMatchObject({ code: 'no-mark', quantity: '0', wanted: 0.1 })
    desk.warm(41)
    desk.ts += 49 * HOUR_MS
    expect(data(desk.blend({ [BTC]: 0.1 })[1])).toMatchObject({ code: 'stale-mark', value: 49, limit: 48 })
    desk.send('InstrumentDelisted', { instrument: BTC, reason: 'gone' })
    expect(data(desk.blend({ [BTC]: -0.1 })[1])).toMatchObject({ code: 'not-listed', side: 'sell' })
    const terms = {
      kind: 'linearPerpetual',
      base: 'BTC',
      quote: 'USDT',
      tick: '0.5',
      lot: '1',
      minNotional: '7',
    } as const
    desk.send('InstrumentListed', { instrument: BTC, ...terms, makerFeeBps: 2, takerFeeBps: 5 })
    desk.bar(BTC, next(desk) + 1, 100)
    const approved = typed(desk.blend({ [BTC]: 0.1 }), 'OrderApproved')
    expect(data(approved[0])).toMatchObject({ quantity: '100' })
  })

  it('lets turnover run out: adding is refused with the numbers, reducing is not, and time gives it back', () => {
    const desk = new Desk()
    desk.warm(41)
    desk.fill(typed(desk.blend({ [BTC]: 0.25, [ETH]: 0.05 }), 'OrderApproved')[0]!, 100)
    desk.fill(typed(desk.said, 'OrderApproved')[1]!, 100)
    const drafts = desk.blend({ [SOL]: -0.2 })
    expect(data(drafts[1])).toMatchObject({
      instrument: SOL,
      code: 'turnover-exhausted',
      limit: 0.15,
      value: expect.closeTo(0.15, 3),
    })
    const reduced = desk.blend({ [ETH]: 0 })
    expect(typed(reduced, 'OrderApproved').map((draft) => data(draft).instrument)).toEqual([ETH])
    desk.fill(typed(reduced, 'OrderApproved')[0]!, 100)
    desk.ts += 31 * DAY_MS
    for (const one of [BTC, ETH, SOL]) desk.bar(one, next(desk), 100)
    const later = desk.blend({ [SOL]: -0.2 })
    expect(typed(later, 'OrderApproved').map((draft) => data(draft).instrument)).toEqual([SOL])
  })

  it('says nothing without capital', () => {
    const desk = new Desk({}, '1d', '0')
    desk.warm(41)
    expect(desk.blend({ [BTC]: 0.1 })).toEqual([])
  })
})

describe('risk/engine stops', () => {
  it('test the bar against the stop before it, then ratchet; a crossing sells the whole position', () => {
    const desk = longBtc()
    // Entry 100, ATR 2, multiple 3: stop 94. A high of 110 ratchets it only after the bar, whose low of 95 holds.
    desk.bar(BTC, next(desk), 108, { high: 110, low: 95, open: 100 })
    expect(desk.instant(next(desk) - 1)).toEqual([])
    const level = desk.state.slots[0]!.stop!.stop
    expect(level).toBeGreaterThan(98)
    desk.bar(BTC, next(desk), 97, { open: 107, high: 107, low: level - 0.5 })
    const drafts = desk.instant(next(desk) - 1)
    expect(types(drafts)).toEqual(['StopTriggered', 'OrderApproved'])
    expect(data(drafts[0])).toMatchObject({
      side: 'long',
      level: expect.closeTo(level, 8),
      extreme: 110,
      multiple: 3,
      price: expect.closeTo(level - 0.5, 8),
    })
    expect(data(drafts[1])).toMatchObject({
      purpose: 'stop',
      reduceOnly: true,
      side: 'sell',
      quantity: '200',
      triggerOpen: '107',
      weightAfter: 0,
      stopPrice: String(Math.round(level * 100) / 100),
    })
  })

  it('an entry at the open of a bar is stopped in that bar; an entry inside a bar is left to the quotes', () => {
    const desk = longBtc()
    desk.bar(BTC, next(desk), 93, { open: 100, high: 101, low: 93 })
    expect(types(desk.instant(next(desk) - 1))).toEqual(['StopTriggered', 'OrderApproved'])
    const late = new Desk()
    late.warm(41)
    const [order] = typed(late.blend({ [BTC]: 0.2 }), 'OrderApproved')
    late.ts += 150
    late.fill(order!, 100)
    const day = next(late)
    const quote = (mid: number) =>
      late.send('QuoteChanged', { instrument: BTC, bid: mid - 0.5, ask: mid + 0.5, bidSize: 1, askSize: 1 })
    expect(quote(94.1)).toEqual([])
    const stopped = quote(94)
    expect(types(stopped)).toEqual(['StopTriggered', 'OrderApproved'])
    expect(data(stopped[1])).not.toHaveProperty('triggerOpen')
    expect(quote(93.9)).toEqual([])
    late.bar(BTC, day, 93, { open: 100, high: 101, low: 90 })
    expect(late.instant(day)).toEqual([])
  })

  it('latch the instrument until its target is 0 or turns, and refuse once meanwhile', () => {
    const desk = longBtc({ turnoverLimiter: false })
    desk.bar(BTC, next(desk), 93, { open: 100 })
    desk.fill(desk.instant(next(desk) - 1)[1]!, 93)
    expect(positionSnapshot(desk.state).positions[0]).toMatchObject({ quantity: '0', latched: 'long', stopLevel: null })
    expect(data(desk.blend({ [BTC]: 0.2 })[1])).toMatchObject({ code: 'stopped-out', wanted: 0.2 })
    expect(desk.blend({ [BTC]: 0.25 })).toEqual([])
    expect(types(desk.blend({ [BTC]: -0.1 }))).toEqual(['RiskAssessed', 'OrderApproved'])
    expect(desk.state.slots[0]!.latch).toBe(0)
  })

  it('let the instrument in again once the price passes the best one of the stopped position', () => {
    const desk = longBtc({ turnoverLimiter: false })
    desk.bar(BTC, next(desk), 93, { open: 100 })
    desk.fill(desk.instant(next(desk) - 1)[1]!, 93)
    const { latchBeyond } = desk.state.slots[0]!
    expect(latchBeyond).toBeGreaterThan(93)
    desk.bar(BTC, next(desk), latchBeyond, { open: 93 })
    desk.instant(next(desk) - 1)
    expect(data(desk.blend({ [BTC]: 0.2 })[1])).toMatchObject({ code: 'stopped-out' })
    desk.bar(BTC, next(desk), latchBeyond + 0.01, { open: 93 })
    desk.instant(next(desk) - 1)
    expect(types(desk.blend({ [BTC]: 0.2 }))).toContain('OrderApproved')
  })

  it('do not latch when the target had turned already; try again when the order died', () => {
    const desk = longBtc()
    desk.bar(BTC, next(desk), 93, { open: 100 })
    desk.state.slots[0]!.target = -0.1
    const first = desk.instant(next(desk) - 1)
    expect(desk.state.slots[0]!.latch).toBe(0)
    desk.bar(BTC, next(desk), 92, { open: 93 })
    expect(desk.instant(next(desk) - 1)).toEqual([])
    desk.send('OrderCancelled', {
      order: String(data(first[1]).order),
      instrument: BTC,
      reason: 'no-liquidity',
      remaining: '200',
    })
    expect(types(desk.instant(next(desk)))).toEqual(['StopTriggered', 'OrderApproved'])
  })

  it('begin with the first ATR when there was none at the entry; shorts are stopped above', () => {
    const desk = new Desk()
    desk.warm(10)
    desk.fill(typed(desk.blend({ [BTC]: -0.2 }), 'OrderApproved')[0]!, 100)
    expect(desk.state.slots[0]!.stop).toBeNull()
    for (let i = 0; i < 6; i++) desk.bar(BTC, next(desk), 100, { high: 101, low: 99 })
    const stop = desk.state.slots[0]!.stop!
    expect(stop.stop).toBeCloseTo(105, 1)
    desk.bar(BTC, next(desk), 106, { open: 105.5 })
    const drafts = desk.instant(next(desk) - 1)
    expect(data(drafts[0])).toMatchObject({ side: 'short', price: 106 })
    expect(data(drafts[1])).toMatchObject({ side: 'buy', stopPrice: String(Math.round(stop.stop * 100) / 100) })
  })

  it('follow a position that turns round, with hourly bars marking and daily ones giving the ATR', () => {
    const desk = new Desk({ turnoverLimiter: false }, '1h')
    for (let day = 0; day < 40; day++)
      desk.send(
        'BarAggregated',
        {
          instrument: BTC,
          interval: '1d',
          openTime: day * DAY_MS,
          open: 100,
          high: 101,
          low: 99,
          close: 100,
          volume: 1,
          parts: 24,
          expected: 24,
          complete: true,
        },
        (day + 1) * DAY_MS,
      )
    expect(data(desk.blend({ [BTC]: 0.1 })[1])).toMatchObject({ code: 'no-mark' })
    const hour = (openTime: number, close: number) =>
      desk.send(
        'BarClosed',
        { instrument: BTC, interval: '1h', openTime, open: close, high: close, low: close, close, volume: 1 },
        openTime + HOUR_MS,
      )
    hour(40 * DAY_MS, 100)
    desk.fill(typed(desk.blend({ [BTC]: 0.1 }), 'OrderApproved')[0]!, 100)
    desk.fill(typed(desk.blend({ [BTC]: -0.1 }), 'OrderApproved')[0]!, 100)
    expect(desk.state.slots[0]!.stop).toMatchObject({ side: -1, stop: 106 })
    hour(40 * DAY_MS + HOUR_MS, 90)
    expect(desk.state.slots[0]!.stop!.stop).toBe(96)
  })
})
