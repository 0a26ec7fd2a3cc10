/** risk/engine: halts, closing of the book, funding, delisting, and what a child run takes over. */
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { carriedState, equity, positionSnapshot } from '#risk/engine.decider'
import { BTC, Desk, type Draft, ETH, typed, types } from './book.js'

function desk(weights: Readonly<Record<string, number>> = { [BTC]: 0.2, [ETH]: -0.1 }, risk: object = {}): Desk {
  const one = new Desk({ stopAtr: 1000, ...risk })
  one.warm(41)
  for (const approved of typed(one.blend(weights), 'OrderApproved')) one.fill(approved, 100)
  return one
}
const next = (one: Desk): number => Math.floor(one.ts / DAY_MS)
const data = (draft: Draft | undefined) => draft!.data
const settled = (one: Desk, instrument: string, rate: number, proxy = false, settledAt = one.ts) =>
  one.send('FundingSettled', { instrument, settledAt, rate, intervalHours: 8, proxy })

describe('drawdown', () => {
  it('halts at the limit, measured from a peak that includes the capital, and closes the book', () => {
    const one = desk({ [BTC]: 0.25 })
    one.bar(BTC, next(one), 21, { open: 100 })
    expect(one.instant(next(one) - 1)).toEqual([])
    one.bar(BTC, next(one), 19.9, { open: 21 })
    const drafts = one.instant(next(one) - 1)
    expect(types(drafts)).toEqual(['TradingHalted', 'OrderApproved'])
    expect(data(drafts[0])).toMatchObject({ reason: 'drawdown', limit: -0.2, value: expect.closeTo(-0.20025, 4) })
    expect(data(drafts[1])).toMatchObject({ purpose: 'derisk', reduceOnly: true, side: 'sell', quantity: '250' })
    expect(one.state).toMatchObject({ halted: true, haltReason: 'drawdown', closing: 'derisk' })
    // The order is at work; nothing more is said, and targets are not looked at.
    expect(one.instant(next(one))).toEqual([])
    expect(one.blend({ [BTC]: 0.25, [ETH]: 0.1 })).toEqual([])
    // It died: the rest is tried again at the next instant.
    one.fill(drafts[1]!, 19, '100')
    one.send('OrderCancelled', {
      order: String(data(drafts[1]).order),
      instrument: BTC,
      reason: 'no-liquidity',
      remaining: '150',
    })
    const again = one.instant(next(one))
    expect(types(again)).toEqual(['OrderApproved'])
    expect(data(again[0])).toMatchObject({ purpose: 'derisk', quantity: '150' })
  })

  it('does not halt again at once after a resume: the peak begins anew', () => {
    const one = desk({ [BTC]: 0.25 })
    one.bar(BTC, next(one), 10, { open: 100 })
    const [, order] = one.instant(next(one) - 1)
    one.fill(order!, 10)
    expect(types(one.command('resume'))).toEqual(['TradingResumed'])
    expect(one.instant(next(one))).toEqual([])
    expect(one.state.peak).toBe(equity(one.state))
    expect(types(one.blend({ [ETH]: -0.1 }))).toContain('RiskAssessed')
  })

  it('is watched on quotes too, at the mid', () => {
    const one = desk({ [BTC]: 0.25 })
    const drafts = one.send('QuoteChanged', { instrument: BTC, bid: 9, ask: 11, bidSize: 1, askSize: 1 })
    expect(types(drafts)).toEqual(['TradingHalted', 'OrderApproved'])
    expect(one.send('QuoteChanged', { instrument: BTC, bid: 0, ask: 0, bidSize: 1, askSize: 1 })).toEqual([])
    expect(one.state.slots[0]!.mark).toBe(10)
  })

  it('a stop and a drawdown at one instant make one order an instrument', () => {
    const one = desk({ [BTC]: 0.25 }, { stopAtr: 3 })
    one.bar(BTC, next(one), 10, { open: 100 })
    const drafts = one.instant(next(one) - 1)
    expect(types(drafts)).toEqual(['StopTriggered', 'OrderApproved', 'TradingHalted'])
  })

  it('closes the book even when the operator had halted trading before', () => {
    const one = desk({ [BTC]: 0.25 })
    expect(types(one.command('halt'))).toEqual(['TradingHalted'])
    one.bar(BTC, next(one), 10, { open: 100 })
    expect(types(one.instant(next(one) - 1))).toEqual(['TradingHalted', 'OrderApproved'])
  })
})

describe('operator', () => {
  it('halt: only what reduces passes, the rest is refused once', () => {
    const one = desk()
    expect(data(one.command('halt')[0])).toEqual({ reason: 'operator', detail: 'halt', value: null, limit: null })
    expect(one.command('halt')).toEqual([])
    const drafts = one.blend({ [BTC]: 0.1, [ETH]: -0.15 })
    expect(typed(drafts, 'OrderApproved').map(({ data }) => [data.instrument, data.side, data.reduceOnly])).toEqual([
      [BTC, 'sell', true],
    ])
    expect(typed(drafts, 'OrderRefused').map(({ data }) => [data.instrument, data.code])).toEqual([
      [ETH, 'trading-halted'],
    ])
    const steps = data(drafts[0]).steps as { step: string; factor: number }[]
    expect(steps.find(({ step }) => step === 'drawdown')).toMatchObject({ factor: 0 })
    expect(one.blend({ [ETH]: -0.15 })).toEqual([])
  })

  it('a change of sign while halted only closes', () => {
    const one = desk({ [BTC]: 0.1 })
    one.command('halt')
    const drafts = typed(one.blend({ [BTC]: -0.1 }), 'OrderApproved')
    expect(data(drafts[0])).toMatchObject({ side: 'sell', quantity: '100', reduceOnly: true, weightAfter: 0 })
  })

  it('flatten halts and closes everything once; resume ends it; both are silent when there is nothing to do', () => {
    const one = desk()
    const drafts = one.command('flatten')
    expect(types(drafts)).toEqual(['TradingHalted', 'OrderApproved', 'OrderApproved'])
    expect(drafts.slice(1).map(({ data }) => [data.purpose, data.side, data.reduceOnly])).toEqual([
      ['flatten', 'sell', true],
      ['flatten', 'buy', true],
    ])
    expect(one.command('flatten')).toEqual([])
    for (const order of drafts.slice(1)) one.fill(order, 100)
    expect(one.instant(next(one))).toEqual([])
    expect(positionSnapshot(one.state)).toMatchObject({ halted: true, closing: 'flatten', gross: 0, openOrders: 0 })
    expect(types(one.command('resume'))).toEqual(['TradingResumed'])
    expect(one.command('resume')).toEqual([])
    expect(one.state).toMatchObject({ halted: false, closing: 'none', haltReason: '' })
  })

  it('resume lets a refused order through', () => {
    const one = desk({ [BTC]: 0.05 })
    one.command('halt')
    expect(types(one.blend({ [BTC]: 0.15 }))).toEqual(['RiskAssessed', 'OrderRefused'])
    one.command('resume')
    expect(types(one.blend({ [BTC]: 0.15 }))).toEqual(['RiskAssessed', 'OrderApproved'])
  })
})

describe('trouble', () => {
  it('halts on a fault of the order path, a clock that stepped back over a minute, a stalled log; each once', () => {
    const fault = (onOrderPath: boolean) =>
      ({ agent: 'execution/router', code: 'invariant', phase: 'decide', at: 3, onOrderPath }) as const
    const faulted = desk()
    expect(faulted.send('AgentFaulted', fault(false))).toEqual([])
    expect(data(faulted.send('AgentFaulted', fault(true))[0])).toMatchObject({
      reason: 'agent-faulted',
      detail: 'execution/router',
    })
    expect(faulted.send('AgentFaulted', fault(true))).toEqual([])
    const stepped = desk()
    expect(stepped.send('ClockStepped', { backMs: 60_000 })).toEqual([])
    expect(data(stepped.send('ClockStepped', { backMs: 60_001 })[0])).toMatchObject({
      reason: 'clock-stepped',
      value: 60001,
      limit: 60000,
    })
    const stalled = desk()
    expect(data(stalled.send('LogStalled', { stalledMs: 5000, code: 'LOG_STALLED' })[0])).toMatchObject({
      reason: 'log-stalled',
      value: 5000,
    })
    expect(stalled.send('LogStalled', { stalledMs: 5000, code: 'LOG_STALLED' })).toEqual([])
    expect(stalled.state.closing).toBe('none')
  })

  it('halts when a feed is lost for good, not while it is being restarted', () => {
    const lost = desk()
    expect(lost.send('FeedInterrupted', { feed: 'connector/sim', reason: 'socket closed' })).toEqual([])
    expect(
      data(lost.send('FeedInterrupted', { feed: 'connector/sim', reason: 'restart-budget-spent' })[0]),
    ).toMatchObject({
      reason: 'feed-lost',
      detail: 'connector/sim',
    })
    expect(lost.send('FeedInterrupted', { feed: 'connector/sim', reason: 'restart-budget-spent' })).toEqual([])
  })
})

describe('funding', () => {
  it('is paid by what was open at the settlement, in one event at the instant, exactly', () => {
    const one = desk()
    one.bar(BTC, next(one), 110, { open: 100 })
    one.bar(ETH, next(one) - 1, 90, { open: 100 })
    settled(one, BTC, 0.0001)
    settled(one, ETH, 0.0002)
    settled(one, 'test.perp.SOL', 0.0001)
    settled(one, 'test.perp.DOGE', 0.0001)
    const before = one.state.ledger.balance
    const drafts = one.instant(next(one) - 1)
    expect(drafts).toEqual([
      {
        type: 'FundingAccrued',
        data: {
          rows: [
            { instrument: BTC, quantity: '200', mark: 110, rate: 0.0001, proxy: false, cash: '-2.2' },
            { instrument: ETH, quantity: '-100', mark: 90, rate: 0.0002, proxy: false, cash: '1.8' },
          ],
        },
      },
    ])
    expect(Number(one.state.ledger.balance)).toBeCloseTo(Number(before) - 0.4, 8)
    expect(one.instant(next(one))).toEqual([])
  })

  it('of a stand-in rate is not paid out to shorts; a position opened at or after the settlement pays nothing', () => {
    const one = desk()
    settled(one, BTC, 0.01, false, one.ts)
    expect(one.state.pendingFunding).toEqual([])
    settled(one, ETH, 0.01, true, one.ts + 1)
    expect(data(one.instant(next(one))[0]).rows).toEqual([expect.objectContaining({ cash: '0', proxy: true })])
  })
})

describe('delisting', () => {
  it('settles the position at the last mark and forgets target, stop and latch', () => {
    const one = desk({ [BTC]: 0.2 }, { stopAtr: 3 })
    one.bar(BTC, next(one), 98, { open: 100 })
    const drafts = one.send('InstrumentDelisted', { instrument: BTC, reason: 'gone' })
    expect(drafts).toEqual([
      { type: 'PositionSettled', data: { instrument: BTC, quantity: '200', price: '98', realised: '-400' } },
    ])
    expect(one.state.ledger.balance).toBe('99599.5')
    expect(one.state).toMatchObject({ held: [], hits: [] })
    expect(one.send('InstrumentDelisted', { instrument: BTC, reason: 'gone' })).toEqual([])
    expect(one.send('InstrumentDelisted', { instrument: 'test.perp.DOGE', reason: 'gone' })).toEqual([])
  })
})

describe('duplicates and strangers', () => {
  it('a trade applied twice changes nothing; one of an unknown order and instrument is kept', () => {
    const one = desk({ [BTC]: 0.2 })
    const before = JSON.stringify(one.state)
    one.fill(typed(one.said, 'OrderApproved')[0]!, 100)
    expect(JSON.stringify(one.state)).toBe(before)
    const stranger = {
      type: 'OrderApproved',
      data: { order: 'x', instrument: 'test.perp.DOGE', side: 'buy', quantity: '5' },
    }
    one.fill(stranger, 10)
    expect(positionSnapshot(one.state).positions.at(-1)).toMatchObject({
      instrument: 'test.perp.DOGE',
      quantity: '5',
      mark: 10,
    })
  })
})

describe('a child run', () => {
  it('takes over balance, positions, stops, latches, peak and halt, and says the halt again', () => {
    const parent = desk({ [BTC]: 0.2, [ETH]: -0.1 }, { stopAtr: 3 })
    parent.bar(BTC, next(parent), 120, { open: 100 })
    parent.instant(next(parent) - 1)
    parent.bar(ETH, next(parent) - 1, 110, { open: 100 })
    parent.instant(next(parent) - 1)
    parent.command('halt')
    const carried = carriedState(parent.state)
    expect(carried).toMatchObject({
      halted: true,
      haltReason: 'operator',
      latches: [{ instrument: ETH, side: 'short', beyond: 100 }],
    })
    const child = new Desk({ stopAtr: 3 }, '1d', '1')
    const drafts = child.send('StateCarried', { parent: 'run-1', ...carried }, parent.ts)
    expect(drafts).toEqual([
      { type: 'TradingHalted', data: { reason: 'carried', detail: 'operator', value: null, limit: null } },
    ])
    child.bar(BTC, next(parent), 120, { open: 120 })
    child.bar(ETH, next(parent) - 1, 110, { open: 110 })
    expect(equity(child.state)).toBeCloseTo(equity(parent.state), 6)
    expect(child.state.peak).toBeCloseTo(parent.state.peak, 1)
    expect(child.state.slots[0]!.stop!.stop).toBeCloseTo(parent.state.slots[0]!.stop!.stop, 6)
    expect(child.state.slots[1]).toMatchObject({ latch: -1, latchBeyond: 100 })
  })

  it('goes on closing a book that was being closed', () => {
    for (const why of ['drawdown', 'flatten'] as const) {
      const parent = desk({ [BTC]: 0.25 })
      if (why === 'flatten') parent.command('flatten')
      else {
        parent.bar(BTC, next(parent), 1, { open: 100 })
        parent.instant(next(parent) - 1)
      }
      const child = new Desk()
      child.send('StateCarried', { parent: 'run-1', ...carriedState(parent.state) }, parent.ts)
      expect(types(child.instant(next(child)))).toEqual(['OrderApproved'])
    }
  })

  it('begins its drawdown at the equity it finds when no peak is handed over', () => {
    const child = new Desk()
    const positions = [{ instrument: 'test.perp.DOGE', quantity: '1', averagePrice: '7' }]
    const stops = [{ instrument: BTC, extreme: 1, level: 1 }]
    expect(child.send('StateCarried', { parent: 'p', balance: '50', positions, stops, halted: false })).toEqual([])
    expect(child.state.peak).toBe(50)
    expect(positionSnapshot(child.state).positions[0]).toMatchObject({
      instrument: 'test.perp.DOGE',
      mark: 7,
      unrealised: 0,
    })
  })
})
