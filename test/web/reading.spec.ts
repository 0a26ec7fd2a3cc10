/** How documents of the view are read: signals in rows, positions in groups, health in words, explanations as trees, commands and their outcome. */
import { describe, expect, it } from 'vitest'
import type { ExplainNode } from '#audit/explanation.port'
import type { AgentRow, FeedRow, LegRow, OrderRow, PackageRow, PositionRow, SignalRow } from '#audit/view/view.port'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import { runNow } from '#web/age'
import { openPositions } from '#web/book'
import { mustType, outcomeOf } from '#web/controls'
import { countOf, groupOf, holdings, ordersOf, symbolOf, venueOf } from '#web/grouping'
import { agentHealth, feedHealth, tally } from '#web/health'
import { distance, signalGroups } from '#web/signal-groups'
import { createStore } from '#web/store'
import { numbersOf, sizeOf, stageOf } from '#web/why-tree'

const signal = (row: Partial<SignalRow>): SignalRow => ({
  signal: 'tsmom',
  subject: 'binance.usdm.BTCUSDT',
  kind: 'directional',
  stance: 'long',
  reason: 'momentum',
  strength: 1,
  confidence: 1,
  targetWeight: 0.1,
  blendedWeight: null,
  term: 'momentum',
  value: 0.2,
  threshold: 0.05,
  terms: [],
  sinceSeq: 1,
  since: 1,
  seq: 1,
  ts: 1,
  validUntil: 0,
  ...row,
})

describe('signals', () => {
  const facts = [
    { signal: 'tsmom', agent: 'signal/tsmom', isEnabled: true },
    { signal: 'carry', agent: 'signal/carry', isEnabled: false },
    { signal: 'mine', agent: 'signal/mine', isEnabled: true },
  ]

  it('stand once each, by kind, the silent ones too, the heaviest word first', () => {
    const rows = [
      signal({ subject: 'a.b.ETHUSDT', targetWeight: 0.9, stance: 'flat' }),
      signal({ blendedWeight: -0.02, targetWeight: 0.1 }),
      signal({ subject: 'a.b.SOLUSDT', targetWeight: -0.5 }),
      signal({ signal: 'mine', subject: '', kind: 'overlay', stance: 'calm' }),
    ]
    const groups = signalGroups(facts, rows)
    expect(groups.map(({ kind, entries }) => [kind, entries.map((entry) => entry.signal)])).toEqual([
      ['directional', ['tsmom']],
      ['package', ['carry']],
      ['overlay', ['mine']],
    ])
    const [tsmom] = groups[0]!.entries
    expect(tsmom!.rows.map(({ subject }) => subject)).toEqual(['binance.usdm.BTCUSDT', 'a.b.ETHUSDT', 'a.b.SOLUSDT'])
    expect(tsmom!.tally).toBe('2 long, 1 flat')
    expect(groups[1]!.entries[0]).toMatchObject({ isEnabled: false, rows: [], title: 'Funding carry' })
  })

  it('are as far from their threshold as the numbers say, and not at all without one', () => {
    expect(distance({ value: 0.5, threshold: 2 })).toBe(-1.5)
    expect(distance({ value: 0.5, threshold: null })).toBeNull()
    expect(distance({ value: null, threshold: 1 })).toBeNull()
  })
})

describe('instruments', () => {
  it.each([
    ['binance.usdm.BTCUSDT', 'BTC', 'binance'],
    ['binance.spot.ETHUSDC', 'ETH', 'binance'],
    ['okx.swap.BTC-USDT-SWAP', 'BTC', 'okx'],
    ['deribit.option.BTC-28MAR25-160000-P', 'BTC', 'deribit'],
    ['binance.coinm.BTCUSD_211231', 'BTCUSD', 'binance'],
    ['bybit.linear.1000PEPEUSDT', '1000PEPE', 'bybit'],
    ['oddity', 'oddity', 'oddity'],
  ])('%s is of %s at %s', (id, symbol, venue) => {
    expect([symbolOf(id), venueOf(id)]).toEqual([symbol, venue])
  })
})

const position = (row: Partial<PositionRow>): PositionRow => ({
  instrument: 'sim.perp.BTCUSDT',
  quantity: '0' as PositionRow['quantity'],
  averagePrice: '0' as PositionRow['averagePrice'],
  mark: 1,
  value: 0,
  weight: 0,
  unrealised: 0,
  realised: '0' as PositionRow['realised'],
  fees: '0' as PositionRow['fees'],
  funding: '0' as PositionRow['funding'],
  stopLevel: null,
  target: 0,
  latched: null,
  ...row,
})
const amount = (text: string): PositionRow['quantity'] => text as PositionRow['quantity'] // branded where it is made

const leg = (row: Partial<LegRow>): LegRow => ({
  role: 'spot',
  instrument: 'binance.spot.BTCUSDT',
  quantity: amount('1'),
  aim: amount('1'),
  averagePrice: amount('1'),
  mark: 1,
  currency: 'USDT',
  unrealised: 0,
  realised: amount('0'),
  fees: amount('0'),
  funding: amount('0'),
  delta: 1,
  weight: 0.5,
  ...row,
})

describe('holdings', () => {
  const packages: PackageRow[] = [
    {
      package: 'carry/x',
      signal: 'carry',
      kind: 'cash-and-carry',
      status: 'open',
      units: amount('1'),
      target: 0.1,
      residualDelta: 0,
      refusal: '',
      legs: [leg({}), leg({ role: 'future', quantity: amount('0'), weight: 0 })],
    },
  ]
  const positions = [
    position({ instrument: 'sim.perp.AUSDT', quantity: amount('-2'), weight: -0.9 }),
    position({ instrument: 'sim.perp.BUSDT' }),
    position({ instrument: 'sim.perp.CUSDT', target: 0.01 }),
  ]

  it('are what is held or wanted, legs among them, the greatest first', () => {
    expect(holdings({ positions, packages }, 'USDT', false).map(({ key }) => key)).toEqual([
      'sim.perp.AUSDT',
      'carry/x spot',
      'sim.perp.CUSDT',
    ])
    expect(holdings({ positions, packages }, 'USDT', true)).toHaveLength(5)
    expect(openPositions({ positions, packages })).toBe(2)
  })

  it('are grouped by symbol, venue or package', () => {
    const rows = holdings({ positions, packages }, 'USDT', false)
    expect(rows.map(groupOf('symbol')!)).toEqual(['A', 'BTC', 'C'])
    expect(rows.map(groupOf('venue')!)).toEqual(['sim', 'binance', 'sim'])
    expect(rows.map(groupOf('package')!)).toEqual(['no package', 'carry/x', 'no package'])
    expect(groupOf('none')).toBeUndefined()
  })
})

it('what risk refused and what the router withheld are refusals alike', () => {
  const rows = (['filled', 'refused', 'withheld', 'rejected', 'cancelled'] as const).map(
    (state) => ({ state }) as OrderRow, // all that is read of it
  )
  expect(ordersOf(rows, 'refused').map(({ state }) => state)).toEqual(['refused', 'withheld'])
  expect(ordersOf(rows, 'all')).toHaveLength(5)
  const counts = { refused: 3, withheld: 2, filled: 7 } as Readonly<Record<OrderRow['state'], number>> // those that are read
  expect([countOf(counts, 'refused'), countOf(counts, 'filled')]).toEqual([5, 7])
})

describe('health', () => {
  const agent = (name: string, state: string, more: Partial<AgentRow> = {}): AgentRow => ({
    name,
    kind: 'decider',
    state,
    restarts: 0,
    reason: 'why',
    since: 0,
    sinceSeq: 1,
    lastSeq: 1,
    lastTs: 1,
    ...more,
  })

  it('puts the worst first and says why', () => {
    const rows = agentHealth(
      [agent('a', 'running'), agent('b', 'faulted'), agent('c', 'degraded', { restarts: 2 })],
      null,
    )
    expect(rows.map(({ name, health, says, detail }) => [name, health, says, detail])).toEqual([
      ['b', 'bad', 'faulted', 'why'],
      ['c', 'warn', 'degraded, 2 restarts', 'why'],
      ['a', 'good', 'running', ''],
    ])
    expect(tally(rows)).toBe('1 faulted, 1 degraded, 1 running')
  })

  it('hears of the process that a running agent is not well', () => {
    const told = {
      name: 'a',
      kind: 'decider',
      state: 'running',
      restarts: 0,
      health: { isHealthy: false, detail: 'late' },
    }
    const status = { agents: [told] } as unknown as LiveStatus // all that is read of it
    expect(agentHealth([agent('a', 'running')], status)[0]).toMatchObject({ health: 'warn', detail: 'late' })
  })

  it('does not call a feed ill that ended with its process', () => {
    const feed: FeedRow = { feed: 'x', isUp: false, reason: 'closed', since: 0, interruptions: 1, lastTs: 0 }
    expect(feedHealth([feed], false)[0]).toMatchObject({ health: 'bad', says: 'interrupted', detail: 'closed' })
    expect(feedHealth([feed], true)[0]).toMatchObject({ health: 'idle', says: 'stopped' })
  })
})

describe('the time of the run', () => {
  const clock = {
    mode: 'paper',
    isFollowing: true,
    stateTs: 100,
    headTs: 200,
    takenAt: 1_000,
    statusAt: 50_000,
    now: 50_300,
  }

  it('goes on by the machine where the run is in real time, whatever the browser thinks the time is', () => {
    expect(runNow(clock)).toBe(1_300)
    expect(runNow({ ...clock, statusAt: 9e12, now: 9e12 + 300 })).toBe(1_300)
  })

  it('is that of the log in a simulation, in the past, and before a status came', () => {
    expect(runNow({ ...clock, mode: 'sim' })).toBe(200)
    expect(runNow({ ...clock, isFollowing: false })).toBe(100)
    expect(runNow({ ...clock, takenAt: 0 })).toBe(200)
  })
})

describe('an explanation', () => {
  const node = (seq: number, more: Partial<ExplainNode> = {}): ExplainNode => ({
    seq,
    ts: 1,
    type: 'BarClosed',
    by: 'x',
    says: '',
    details: [],
    data: null,
    told: false,
    because: [],
    ...more,
  })

  it('is as deep and wide as its tree; what was told before is no beginning', () => {
    const tree = [node(9, { because: [node(5, { because: [node(1), node(2)] }), node(1, { told: true })] })]
    expect(sizeOf(tree)).toEqual({ nodes: 5, depth: 3, roots: 2 })
    expect(sizeOf([])).toEqual({ nodes: 0, depth: 0, roots: 0 })
  })

  it.each([
    ['OrderRefused', 'risk'],
    ['OrderApproved', 'risk'],
    ['RiskAssessed', 'risk'],
    ['TradingHalted', 'risk'],
    ['OrderSubmitted', 'order'],
    ['OrderFilled', 'venue'],
    ['PortfolioBlended', 'blend'],
    ['SignalChanged', 'signal'],
    ['PackageChanged', 'signal'],
    ['BarClosed', 'market'],
    ['OperatorCommanded', 'operator'],
    ['ProcessStarted', 'other'],
    [null, 'market'],
  ])('%s belongs to %s', (type, stage) => {
    expect(stageOf(type)).toBe(stage)
  })

  it('shows scalars as names and values, lists as tables, lists within rows below', () => {
    const data = {
      instant: 1_713_819_600_000,
      count: 5,
      note: '<b>',
      rows: [{ instrument: 'A', weight: 0.5, parts: [{ signal: 's', seq: 3 }] }],
      empty: [],
      ids: [1, 2],
    }
    expect(numbersOf(data)).toEqual([
      {
        head: ['', ''],
        rows: [
          ['instant', '2024-04-22 21:00:00 UTC'],
          ['count', '5'],
          ['note', '<b>'],
          ['ids', '[1,2]'],
        ],
      },
      { head: ['rows', 'weight'], rows: [['A', '0.500000']] },
      { head: ['parts', 'seq'], rows: [['s', '3']] },
    ])
    for (const odd of [null, 5, 'x', [1]]) expect(numbersOf(odd)).toEqual([])
  })
})

describe('commands', () => {
  it('ask for the name of the run before real money is flattened', () => {
    expect(mustType('flatten', 'live', 'desk')).toBe('desk')
    for (const [brake, mode] of [
      ['halt', 'live'],
      ['resume', 'live'],
      ['flatten', 'paper'],
      ['flatten', 'sim'],
    ] as const)
      expect(mustType(brake, mode, 'desk')).toBeNull()
  })

  it('say what came of them, and never "flat" of an order to flatten', () => {
    expect(outcomeOf('halt', { seq: 1383, halted: 1384, resumed: null })).toBe(
      'Trading is halted. Your word is event 1,383 of the log.',
    )
    expect(outcomeOf('halt', { seq: 3, halted: null, resumed: null })).toContain('halted already')
    expect(outcomeOf('resume', { seq: 3, halted: null, resumed: null })).toContain('going on already')
    expect(outcomeOf('flatten', { seq: 3, halted: 4 })).toContain('not flat until the venues confirm')
    expect(outcomeOf('resume', null)).toBe('Trading goes on.')
  })
})

describe('the store', () => {
  it('tells of changes alone, to whom still listens', () => {
    const store = createStore({ a: 1, b: 'x' })
    const heard: number[] = []
    const end = store.subscribe(() => heard.push(store.get().a))
    store.set({ a: 2 })
    store.set({ a: 2, b: 'x' })
    end()
    store.set({ a: 3 })
    expect([heard, store.get()]).toEqual([[2], { a: 3, b: 'x' }])
  })
})
