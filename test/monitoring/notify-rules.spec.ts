/** What each event means for people: who is told what, what lasts, what is told again. */
import { describe, expect, it } from 'vitest'
import type { AnyEvent } from '#events/catalogue'
import { RESTART_BUDGET_SPENT } from '#events/lifecycle.events'
import { plain } from '#monitoring/notify/note'
import { initialNotifyState } from '#monitoring/notify/notify-state'
import { TOLD_TYPES } from '#monitoring/notify/rules'
import { noteOfFault } from '#monitoring/notify/rules-process'
import { event } from '../given.js'
import { started, T0, told } from './notify-rig.js'

const BTC = 'binance.usdm.BTCUSDT'
const at = (seq: number, seconds = 0): { seq: number; ts: number } => ({ seq, ts: T0 + seconds * 1000 })
const halted = (seq: number, seconds = 0): AnyEvent =>
  event('TradingHalted', { reason: 'drawdown', detail: 'marked equity', value: -0.21, limit: -0.2 }, at(seq, seconds))
const interrupted = (seq: number, seconds: number, reason = 'socket closed'): AnyEvent =>
  event('FeedInterrupted', { feed: 'connector/binance', reason }, at(seq, seconds))
const alerted = (seq: number, isOn: boolean, what: 'liquidation' | 'valueAtRisk' = 'liquidation'): AnyEvent =>
  event('RiskAlerted', { what, subject: BTC, value: isOn ? 0.1 : null, limit: 0.2, isOn }, at(seq, seq))
/** Something that nobody is told of: only its time counts. */
const moment = (seq: number, seconds: number): AnyEvent =>
  event('TimerFired', { agent: 'risk/engine', timer: 't', dueAt: 1 }, at(seq, seconds))

const summaryOf = (events: readonly AnyEvent[]): string[] =>
  told(events).map(({ severity, kind, title }) => `${severity} ${kind}: ${title}`)

describe('one event', () => {
  const cases: readonly [string, AnyEvent, readonly string[]][] = [
    ['a halt', halted(2), ['critical trading-halted: Trading halted: drawdown']],
    [
      'a resume',
      event('TradingResumed', { reason: 'operator' }, at(2)),
      ['warning trading-resumed: Trading resumed: operator'],
    ],
    [
      'a fault on the path of orders',
      event(
        'AgentFaulted',
        { agent: 'risk/engine', code: 'TypeError', phase: 'decide', at: 1, onOrderPath: true },
        at(2),
      ),
      ['critical agent-faulted: Agent risk/engine faulted'],
    ],
    [
      'a fault beside it',
      event(
        'AgentFaulted',
        { agent: 'signal/x', code: 'TypeError', phase: 'decide', at: 1, onOrderPath: false },
        at(2),
      ),
      ['warning agent-faulted: Agent signal/x faulted'],
    ],
    [
      'a feed that is given up',
      interrupted(2, 0, RESTART_BUDGET_SPENT),
      ['critical agent-given-up: connector/binance was given up'],
    ],
    ['a feed that breaks, which is waited for', interrupted(2, 0), []],
    [
      'an agent that lost another',
      event(
        'AgentLifecycleChanged',
        { agent: 'signal/x', from: 'running', to: 'degraded', reason: 'lost connector/okx', restarts: 0 },
        at(2),
      ),
      ['warning agent-degraded: Agent signal/x is degraded'],
    ],
    [
      'a log that stalled',
      event('LogStalled', { stalledMs: 7000, code: 'LOG_STALLED' }, at(2)),
      ['critical log-stalled: The log stalled'],
    ],
    [
      'a clock that went back',
      event('ClockStepped', { backMs: 90 }, at(2)),
      ['warning clock-stepped: The clock went back'],
    ],
    [
      'a stop',
      event(
        'StopTriggered',
        { instrument: BTC, side: 'long', level: 90, extreme: 100, atr: 5, multiple: 2, price: 89 },
        at(2),
      ),
      [`warning stop-triggered: Stop of ${BTC} (long) crossed`],
    ],
    [
      'an alert that can end in liquidation',
      alerted(2, true),
      [`critical risk-alert: Risk: liquidation of ${BTC} beyond its limit`],
    ],
    [
      'another alert',
      alerted(2, true, 'valueAtRisk'),
      [`warning risk-alert: Risk: valueAtRisk of ${BTC} beyond its limit`],
    ],
    [
      'a refusal of the venue',
      event('OrderRejected', { order: 'o1', instrument: BTC, code: 'venue', detail: '-2019 <b>' }, at(2)),
      [`warning order-rejected: ${BTC}: order refused by the venue (venue)`],
    ],
    [
      'funds',
      event('FundsTransferred', { currency: 'USDT', amount: '-250', reason: 'rent' }, at(2)),
      ['info funds-transferred: 250 USDT taken out'],
    ],
    [
      'a package that cannot be mended',
      event(
        'PackageImbalanced',
        {
          package: 'carry/BTC',
          signal: 'carry',
          excessDelta: 0.1,
          excessWeight: 0.05,
          tolerance: 0.02,
          attempts: 5,
          action: 'stuck',
          legs: [{ instrument: BTC, wanted: '0', held: '0.1' }],
          isHalted: false,
        },
        at(2),
      ),
      ['critical package-imbalanced: Package carry/BTC is out of balance: stuck'],
    ],
    [
      'a position that ended',
      event(
        'PositionSettled',
        { instrument: BTC, quantity: '1', price: '90', realised: '5', cause: 'delivery' },
        at(2),
      ),
      [`info position-settled: ${BTC} settled: delivery`],
    ],
    [
      'a cascade',
      event(
        'CascadeWarningChanged',
        {
          signal: 'oi',
          instrument: BTC,
          isOn: true,
          isConfirmed: true,
          asOf: T0,
          terms: [{ name: 'z', value: 3, threshold: 2 }],
          inputs: [],
        },
        at(2),
      ),
      [`warning cascade-warning: Liquidations of ${BTC} may cascade`],
    ],
    [
      'an end in good order',
      event('ProcessStopped', { reason: 'signal', detail: 'SIGTERM' }, at(2)),
      ['info process-stopped: Stopped: signal'],
    ],
    [
      'an end that is none',
      event('ProcessStopped', { reason: 'failed', detail: 'log-failed' }, at(2)),
      ['critical process-stopped: Stopped: failed'],
    ],
    [
      'a process that begins behind one that was killed',
      started(2, T0, 1),
      ['warning process-started: Goes on (paper) behind seq 1'],
    ],
    [
      'a refusal of risk, which the digest counts',
      event(
        'OrderRefused',
        { instrument: BTC, side: 'buy', quantity: '1', code: 'inside-band', value: null, limit: null, wanted: 0.1 },
        at(2),
      ),
      [],
    ],
  ]

  it.each(cases)('%s', (_, one, expected) => {
    expect(summaryOf([started(1, T0), one])).toEqual(expected)
  })

  it('is told of where the table of rules has it', () => {
    for (const [, one, expected] of cases) if (expected.length > 0) expect(TOLD_TYPES.has(one.type)).toBe(true)
  })

  it('begins a run quietly', () => {
    expect(summaryOf([started(1, T0)])).toEqual(['info process-started: Started (paper)'])
  })
})

describe('what lasts', () => {
  it('is told again after the time for it, with how long it lasts, until it ends', () => {
    const state = initialNotifyState()
    told([started(1, T0), halted(2)], state)
    expect(told([moment(3, 3599)], state)).toEqual([])
    expect(told([moment(4, 3600)], state)).toMatchObject([
      {
        severity: 'critical',
        title: 'Still: Trading halted: drawdown',
        text: expect.stringContaining('For 60 min now.'),
      },
    ])
    expect(told([moment(5, 3700)], state)).toEqual([])
    const resumed = event('TradingResumed', { reason: 'operator' }, at(6, 3800))
    expect(told([resumed], state)).toMatchObject([{ text: 'It was halted for 63 min.' }])
    expect(told([moment(7, 90_000)], state)).toEqual([])
  })

  it('a feed is told when it stays down, and that it is back only then', () => {
    const state = initialNotifyState()
    const restored = (seq: number, seconds: number, downMs: number): AnyEvent =>
      event('FeedRestored', { feed: 'connector/binance', downMs }, at(seq, seconds))
    told([started(1, T0), interrupted(2, 10)], state)
    expect(told([restored(3, 30, 20_000)], state)).toEqual([])
    expect(told([interrupted(4, 100), moment(5, 219)], state)).toEqual([])
    expect(told([moment(6, 221)], state)).toMatchObject([
      { kind: 'feed-down', severity: 'warning', title: 'Feed connector/binance is down' },
    ])
    expect(told([restored(7, 300, 200_000)], state)).toMatchObject([
      { kind: 'feed-restored', text: 'It was down for 3 min.' },
    ])
  })

  it('an order is told when its state stays unknown, and when the venue answers', () => {
    const state = initialNotifyState()
    const unconfirmed = event('OrderUnconfirmed', { order: 'o1', instrument: BTC, sinceMs: 5000 }, at(2, 5))
    told([started(1, T0), unconfirmed], state)
    expect(told([moment(3, 59)], state)).toEqual([])
    expect(told([moment(4, 60)], state)).toMatchObject([{ kind: 'order-unknown', severity: 'critical' }])
    const accepted = event('OrderAccepted', { order: 'o1', instrument: BTC, venueOrder: 'v1' }, at(5, 90))
    expect(told([accepted], state)).toMatchObject([{ kind: 'order-known', text: expect.stringContaining('accepted') }])
  })

  it('an alert ends once, with how long it lasted', () => {
    const state = initialNotifyState()
    told([started(1, T0), alerted(2, true)], state)
    expect(told([alerted(3, true)], state)).toEqual([])
    expect(told([alerted(100, false)], state)).toMatchObject([{ kind: 'risk-alert-over', severity: 'info' }])
  })

  it('nothing lasts while no process runs, and feeds of one that is gone are forgotten', () => {
    const state = initialNotifyState()
    told([started(1, T0), interrupted(2, 0)], state)
    expect(told([started(3, T0 + 86_000_000, 2)], state).map(({ kind }) => kind)).toEqual(['process-started'])
    expect(told([moment(4, 86_400)], state)).toEqual([])
  })

  it('a log that does not hold is told once, then while it lasts', () => {
    const state = initialNotifyState()
    told([started(1, T0)], state)
    const fault = { code: 'LOG_CORRUPT', detail: 'segment 3' }
    expect(noteOfFault(state, { seq: 9, ts: T0, fault })).toMatchObject([{ kind: 'log-fault', severity: 'critical' }])
    expect(noteOfFault(state, { seq: 9, ts: T0, fault })).toEqual([])
    noteOfFault(state, { seq: 9, ts: T0, fault: null })
    expect(noteOfFault(state, { seq: 9, ts: T0, fault })).toHaveLength(1)
  })
})

describe('the same again', () => {
  const rejected = (seq: number, seconds: number): AnyEvent =>
    event('OrderRejected', { order: `o${seq}`, instrument: BTC, code: 'lot', detail: 'size' }, at(seq, seconds))

  it('is counted, and told after a while', () => {
    const state = initialNotifyState()
    told([started(1, T0)], state)
    expect(told([rejected(2, 0)], state)).toHaveLength(1)
    for (let i = 0; i < 57; i++) expect(told([rejected(3 + i, 10 + i)], state)).toEqual([])
    expect(told([moment(90, 3601)], state)).toMatchObject([
      {
        title: expect.stringMatching(/^Again: /),
        text: expect.stringMatching(/^57 more in 60 min; the newest: Order o59/),
      },
    ])
    expect(told([moment(91, 7300)], state)).toEqual([])
    expect(told([rejected(92, 7400)], state)).toHaveLength(1)
  })
})

describe('rungs of the drawdown', () => {
  const assessed = (seq: number, drawdown: number | undefined): AnyEvent => {
    const step = { grossBefore: 1, grossAfter: 1, netBefore: 1, netAfter: 1, measured: null, limit: null, factor: 1 }
    const rung = {
      ...step,
      step: 'drawdown' as const,
      measured: -(drawdown ?? 0),
      limit: -(drawdown ?? 0),
      factor: 0.5,
    }
    const steps = [
      ...(drawdown === undefined ? [] : [rung]),
      { ...step, step: 'turnover' as const },
      { ...step, step: 'drawdown' as const, measured: -0.3, limit: -0.5 },
    ]
    return event('RiskAssessed', { nav: 900, steps, rows: [] }, at(seq, seq))
  }

  it('are told when the book steps on one, and off it; the step of the halt is none', () => {
    const state = initialNotifyState()
    expect(told([started(1, T0), assessed(2, undefined)], state)).toEqual([])
    expect(told([assessed(3, 0.1)], state)).toMatchObject([
      { kind: 'drawdown-rung', severity: 'warning', title: 'Drawdown beyond 10.0 %: the book is scaled to 50.0 %' },
    ])
    expect(told([assessed(4, 0.1)], state)).toEqual([])
    expect(told([assessed(5, undefined)], state)).toMatchObject([
      { severity: 'info', title: expect.stringContaining('full size') },
    ])
  })
})

describe('a flatten', () => {
  const submitted = (seq: number, order: string, side: 'buy' | 'sell'): AnyEvent =>
    event(
      'OrderSubmitted',
      {
        order,
        instrument: BTC,
        side,
        quantity: '2',
        type: 'market',
        timeInForce: 'ioc',
        reduceOnly: false,
        purpose: 'rebalance',
        referencePrice: '90',
        expectedSpreadBps: 0,
        expectedImpactBps: 0,
      },
      at(seq, seq),
    )
  const filled = (
    seq: number,
    order: string,
    side: 'buy' | 'sell',
    quantity: string,
    remaining: string,
    trade = `t${seq}`,
  ): AnyEvent =>
    event(
      'OrderFilled',
      {
        order,
        instrument: BTC,
        trade,
        side,
        price: '90',
        quantity,
        remaining,
        fee: '0',
        feeCurrency: 'USDT',
        liquidity: 'taker',
        referencePrice: '90',
        slippageBps: 0,
      },
      at(seq, seq),
    )
  const flatten = event('OperatorCommanded', { command: 'flatten', reason: 'holiday' }, at(10, 10))

  it('is flat when the venue has filled everything, not before, and a trade told twice is one', () => {
    const state = initialNotifyState()
    told([started(1, T0), submitted(2, 'a', 'buy'), filled(3, 'a', 'buy', '2', '0')], state)
    expect(told([flatten], state)).toMatchObject([
      { kind: 'flatten-asked', text: expect.stringContaining('1 positions are open') },
    ])
    expect(told([submitted(11, 'b', 'sell')], state)).toEqual([])
    expect(told([filled(12, 'b', 'sell', '1', '1', 'x')], state)).toEqual([])
    expect(told([filled(13, 'b', 'sell', '1', '1', 'x')], state)).toEqual([])
    expect(told([filled(14, 'b', 'sell', '1', '0', 'y')], state)).toMatchObject([
      { kind: 'flat', severity: 'critical' },
    ])
  })

  it('waits for an order that is open though nothing is held', () => {
    const state = initialNotifyState()
    told([started(1, T0), submitted(2, 'a', 'buy')], state)
    expect(told([flatten], state).map(({ kind }) => kind)).toEqual(['flatten-asked'])
    const cancelled = event(
      'OrderCancelled',
      { order: 'a', instrument: BTC, reason: 'requested', remaining: '2' },
      at(12, 12),
    )
    expect(told([cancelled], state).map(({ kind }) => kind)).toEqual(['flat'])
  })

  it('is flat at once where nothing is held', () => {
    expect(told([started(1, T0), flatten]).map(({ kind }) => kind)).toEqual(['flatten-asked', 'flat'])
  })
})

describe('words of others', () => {
  it('become one plain line', () => {
    expect(plain('a\r\nBcc: x\u202e\u0000\u2028b\tc')).toBe('a Bcc: x b c')
    expect(plain('x'.repeat(500))).toHaveLength(200)
  })
})
