/** What the view makes of single events: the life of orders, signals, alerts, feeds; and of a log without inputs. */
import { afterAll, describe, expect, it } from 'vitest'
import type { AnyDecider } from '#actors/catalogue'
import { openRunView, type RunView } from '#audit/view/run-view'
import type { BookFold, ViewState } from '#audit/view/view.port'
import { createBookFold } from '#cli/observer/book-fold'
import { evolveStep } from '#cli/observer/book-step'
import { configSchema } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import type { AnyEvent } from '#events/catalogue'
import { FROM, givenRun, pipelineRun, removeFolders } from './runs.js'

afterAll(removeFolders)
const INSTRUMENT = 'test.usdm.AAAUSDT'
const noBook: BookFold = {
  initial: () => ({}),
  evolve: (state) => state,
  book: () => ({
    equity: 0,
    peak: 0,
    drawdown: 0,
    balance: '0',
    opening: '0',
    realised: '0',
    fees: '0',
    funding: '0',
    gross: 0.5,
    net: -0.1,
    halted: false,
    haltReason: '',
    openOrders: 0,
    positions: [],
  }),
  figures: () => ({ equity: 0, drawdown: 0, gross: 0, net: 0 }),
  reads: new Set(),
}

type Given = readonly [type: string, by: string, cause: number, data: unknown]

async function viewOf(given: readonly Given[]): Promise<RunView> {
  const events = given.map(
    ([type, by, cause, data], i): Omit<EventEnvelope, 'seq' | 'v'> => ({ type, by, cause, data, ts: FROM + i * 1000 }),
  )
  const config = configSchema.parse({})
  const { runDir } = await givenRun(events, config)
  const view = openRunView({ runDir, book: noBook })
  view.start()
  await view.caughtUp()
  expect(view.head().fault).toBeNull()
  return view
}

async function stateOf(given: readonly Given[]): Promise<ViewState> {
  const view = await viewOf(given)
  const state = await view.state()
  await view.close()
  return state
}

const approved = (order: string, quantity = '2'): Given => [
  'OrderApproved',
  'risk/engine',
  1,
  {
    order,
    instrument: INSTRUMENT,
    side: 'buy',
    quantity,
    reduceOnly: false,
    purpose: 'rebalance',
    referencePrice: '10',
    weightBefore: 0,
    weightAfter: 0.1,
  },
]
const input: Given = ['OperatorCommanded', 'operator/control', 0, { command: 'halt', reason: 'r' }]
const named = { order: 'o-1', instrument: INSTRUMENT }
const submitted: Given = [
  'OrderSubmitted',
  'execution/router',
  2,
  {
    ...named,
    side: 'buy',
    quantity: '2',
    type: 'market',
    timeInForce: 'ioc',
    reduceOnly: false,
    purpose: 'rebalance',
    referencePrice: '10',
    expectedSpreadBps: 1,
    expectedImpactBps: 1,
  },
]
const accepted: Given = ['OrderAccepted', 'gateway/test', 0, { ...named, venueOrder: 'v-1' }]
const doubted: Given = ['OrderUnconfirmed', 'execution/router', 1, { ...named, sinceMs: 9000 }]
const rejected: Given = ['OrderRejected', 'gateway/test', 0, { ...named, code: 'venue', detail: 'no margin' }]
const withheld: Given = [
  'OrderWithheld',
  'execution/router',
  2,
  { ...named, side: 'buy', quantity: '2', code: 'trading-halted' },
]
const cancelled: Given = ['OrderCancelled', 'gateway/test', 0, { ...named, reason: 'expired', remaining: '1' }]
const filled = (trade: string, quantity: string, remaining: string, price: string): Given => [
  'OrderFilled',
  'gateway/test',
  0,
  {
    ...named,
    trade,
    side: 'buy',
    price,
    quantity,
    remaining,
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    referencePrice: price,
    slippageBps: 0,
  },
]
const part = filled('t-1', '1', '1', '10')
const rest = filled('t-2', '1', '0', '12')

describe('the life of an order', () => {
  it.each<readonly [string, readonly Given[], object]>([
    ['approved', [], { state: 'approved', filled: '0' }],
    ['submitted', [submitted], { state: 'submitted' }],
    ['accepted', [submitted, accepted], { state: 'accepted' }],
    ['partly filled', [submitted, accepted, part], { state: 'partly-filled', filled: '1', averagePrice: 10 }],
    ['partly filled when its acknowledgement comes late', [submitted, part, accepted], { state: 'partly-filled' }],
    ['unknown without an answer', [submitted, doubted], { state: 'unknown' }],
    ['accepted when the answer comes after all', [submitted, doubted, accepted], { state: 'accepted' }],
  ])('is %s, and works', async (_, life, row) => {
    const { orders } = await stateOf([input, approved('o-1'), ...life])
    expect(orders.working).toHaveLength(1)
    expect(orders.working[0]).toMatchObject(row)
    expect(orders.recent).toEqual([])
    expect(orders.counts[orders.working[0]!.state]).toBe(1)
  })

  it.each<readonly [string, readonly Given[], object]>([
    ['filled', [submitted, accepted, part, rest], { state: 'filled', filled: '2', averagePrice: 11 }],
    [
      'filled once, though a trade is told twice',
      [submitted, part, part, rest, rest],
      { state: 'filled', filled: '2' },
    ],
    [
      'cancelled with what was traded',
      [submitted, accepted, part, cancelled],
      { state: 'cancelled', filled: '1', reason: 'expired' },
    ],
    [
      'filled by a trade that comes behind the cancel',
      [submitted, part, cancelled, rest],
      { state: 'filled', filled: '2' },
    ],
    ['rejected with the words of the venue', [submitted, rejected], { state: 'rejected', reason: 'venue: no margin' }],
    ['withheld', [withheld], { state: 'withheld', reason: 'trading-halted' }],
    ['rejected out of doubt', [submitted, doubted, rejected], { state: 'rejected' }],
  ])('is %s, and over', async (_, life, row) => {
    const { orders } = await stateOf([input, approved('o-1'), ...life])
    expect(orders.working).toEqual([])
    expect(orders.recent).toHaveLength(1)
    expect(orders.recent[0]).toMatchObject({ order: 'o-1', ...row })
    const sum = Object.values(orders.counts).reduce((a, b) => a + b, 0)
    expect([sum, orders.counts[orders.recent[0]!.state]]).toEqual([1, 1])
  })

  it('is refused before it begins', async () => {
    const data = {
      instrument: INSTRUMENT,
      side: 'sell',
      quantity: '3',
      code: 'stopped-out',
      value: null,
      limit: null,
      wanted: -0.1,
    }
    const { orders } = await stateOf([input, ['OrderRefused', 'risk/engine', 1, data]])
    expect(orders.recent).toMatchObject([{ order: 'refusal-2', state: 'refused', reason: 'stopped-out', side: 'sell' }])
    expect(orders.counts.refused).toBe(1)
  })

  it('is forgotten after two hundred others, but counted', async () => {
    const orders = Array.from({ length: 230 }, (_, i) => [
      approved(`x-${i}`),
      [
        'OrderRejected',
        'gateway/test',
        0,
        { order: `x-${i}`, instrument: INSTRUMENT, code: 'lot', detail: 'x' },
      ] as Given,
    ]).flat()
    const state = await stateOf([input, ...orders])
    expect(state.orders.recent).toHaveLength(200)
    expect(state.orders.recent[0]!.order).toBe('x-229')
    expect(state.orders.counts.rejected).toBe(230)
  })
})

const signal = (side: string, reason: string, value: number): Given => [
  'SignalChanged',
  'signal/tsmom',
  1,
  {
    signal: 'tsmom',
    instrument: INSTRUMENT,
    side,
    reason,
    strength: 0.5,
    confidence: 0.4,
    targetWeight: 0.1,
    asOf: FROM,
    validUntil: FROM,
    price: 10,
    terms: [
      { name: 'speed', value: 1 },
      { name: 'z', value, threshold: 2 },
    ],
    inputs: [],
  },
]

describe('a signal', () => {
  it('shows the number that decided, and since when it thinks so', async () => {
    const view = await viewOf([
      input,
      signal('long', 'momentum', 3),
      signal('long', 'momentum', 4),
      signal('short', 'momentum', 5),
    ])
    expect((await view.state(3)).signals).toMatchObject([
      { stance: 'long', term: 'z', value: 4, threshold: 2, sinceSeq: 2, seq: 3, blendedWeight: null },
    ])
    expect((await view.state()).signals).toMatchObject([{ stance: 'short', sinceSeq: 4 }])
    const { seq, columns } = await view.series({ name: `signal:tsmom:${INSTRUMENT}` })
    expect([seq, columns.value, columns.threshold]).toEqual([
      [2, 3, 4],
      [3, 4, 5],
      [2, 2, 2],
    ])
    await expect(view.series({ name: 'nothing' })).rejects.toMatchObject({ code: 'USAGE' })
    await view.close()
  })
})

describe('what surrounds the book', () => {
  it('has alerts while they are on, feeds while they are up, agents as the supervisor says', async () => {
    const change = (agent: string, to: string, restarts = 0): Given => [
      'AgentLifecycleChanged',
      'supervisor/root',
      0,
      { agent, from: 'starting', to, reason: 'why', restarts },
    ]
    const alert = (isOn: boolean): Given => [
      'RiskAlerted',
      'risk/monitor',
      1,
      { what: 'venueLimit', subject: 'test', value: 0.4, limit: 0.3, isOn },
    ]
    const view = await viewOf([
      change('connector/test', 'running'),
      ['FeedInterrupted', 'supervisor/root', 0, { feed: 'connector/test', reason: 'socket closed' }],
      alert(true),
      ['FeedRestored', 'supervisor/root', 0, { feed: 'connector/test', downMs: 5 }],
      alert(false),
      change('signal/tsmom', 'degraded', 2),
    ])
    expect((await view.state(3)).feeds).toMatchObject([
      { feed: 'connector/test', isUp: false, reason: 'socket closed', interruptions: 1 },
    ])
    expect((await view.state(4)).alerts).toMatchObject([{ name: 'venueLimit test', seq: 3 }])
    const state = await view.state()
    expect(state.alerts).toEqual([])
    expect(state.feeds).toMatchObject([{ isUp: true, interruptions: 1 }])
    expect(state.agents.find(({ name }) => name === 'signal/tsmom')).toMatchObject({ state: 'degraded', restarts: 2 })
    expect(state.limits).toContainEqual({ name: 'gross', value: 0.5, limit: 1, unit: 'fraction of NAV' })
    expect(state.limits).toContainEqual({ name: 'net', value: 0.1, limit: 0.3, unit: 'fraction of NAV' })
    await view.close()
  })
})

describe('a log without inputs', () => {
  it('has the NAV that risk said, prices that the log names, and the same state at a seq by any way', async () => {
    const run = await pipelineRun('derived', 90)
    const book = await createBookFold('/nonexistent', run.runDir)
    const options = { runDir: run.runDir, book, blocks: { blockBytes: 20_000 } }
    const view = openRunView({ ...options, keyframes: { everyEvents: 40 } })
    const slow = openRunView({ ...options, keyframes: { everyEvents: 1e9 } })
    for (const each of [view, slow]) each.start()
    await Promise.all([view.caughtUp(), slow.caughtUp()])
    expect(view.facts().log).toBe('derived')
    const assessed = run.events.filter(({ type }) => type === 'RiskAssessed')
    expect(assessed.length).toBeGreaterThan(20)
    for (const { seq, data } of assessed.slice(-10)) {
      const state = await view.state(seq)
      expect(state.book.equity).toBeCloseTo((data as { nav: number }).nav, 6)
      expect(state).toEqual(await slow.state(seq))
    }
    const { market, process, counts } = await view.state()
    expect(market.every(({ price }) => price !== null && price > 0)).toBe(true)
    expect(process.state).toBe('stopped')
    expect(counts.fills).toBe(run.events.filter(({ type }) => type === 'OrderFilled').length)
    await Promise.all([view.close(), slow.close()])
  }, 60_000)

  it('has bars from history alone, and none that closed behind the seq', async () => {
    const run = await pipelineRun('derived', 40)
    const day = 86_400_000
    const ts = Array.from({ length: 60 }, (_, i) => FROM + (i - 10) * day)
    const flat = ts.map(() => 1)
    const view = openRunView({
      runDir: run.runDir,
      book: noBook,
      history: async ({ instrument, interval }) => ({
        instrument,
        interval,
        ts,
        open: flat,
        high: flat,
        low: flat,
        close: flat,
        volume: flat,
        seq: ts.map(() => 0),
      }),
    })
    view.start()
    await view.caughtUp()
    const { seq } = run.events.find(({ type }) => type === 'OrderFilled')!
    const bars = await view.bars({ instrument: INSTRUMENT, interval: '1d', until: seq })
    const now = (await view.state(seq)).ts
    expect(bars.ts.length).toBeGreaterThan(5)
    expect(bars.ts.at(-1)! + day).toBeLessThanOrEqual(now)
    expect(bars.ts.at(-1)! + 2 * day).toBeGreaterThan(now)
    expect((await view.bars({ instrument: INSTRUMENT, interval: '1d' })).ts).toHaveLength(60)
    await view.close()
  }, 60_000)
})

describe('the book of a step', () => {
  const event = (seq: number, type: string, by: string, cause: number, data: object = {}): AnyEvent =>
    ({ seq, ts: 1, type, v: 1, by, cause, data }) as unknown as AnyEvent // only what is looked at
  const seen: number[] = []
  const risk = {
    reads: ['InstantClosed', 'PortfolioBlended', 'OrderFilled'],
    evolve: (state: unknown, { seq }: { readonly seq: number }) => {
      seen.push(seq)
      return state
    },
  } as unknown as AnyDecider // what a step needs of it
  const step = [
    event(10, 'InstantClosed', 'connector/x', 0),
    event(11, 'SignalChanged', 'signal/tsmom', 10),
    event(12, 'PortfolioBlended', 'portfolio/blender', 10),
    event(13, 'StopTriggered', 'risk/engine', 10),
    event(14, 'RiskAssessed', 'risk/engine', 12),
    event(15, 'OrderFilled', 'venue/paper', 13),
  ]

  it('takes what risk said right behind what it said it to', () => {
    seen.length = 0
    evolveStep(risk, {}, step)
    expect(seen).toEqual([10, 13, 12, 14, 15])
  })

  it('leaves out what risk threw on, as its own refold did', () => {
    seen.length = 0
    const fault = { agent: 'risk/engine', code: 'invariant', phase: 'evolve', at: 12, onOrderPath: true }
    evolveStep(risk, {}, [...step.slice(0, 4), event(14, 'AgentFaulted', 'risk/engine', 12, fault)])
    expect(seen).toEqual([10, 13])
  })
})
