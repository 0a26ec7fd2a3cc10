/** What changed between two states: only that, in both directions, each with what it was and what it is. */
import { describe, expect, it } from 'vitest'
import type { OrderRow, PositionRow, SignalRow, ViewState } from '#audit/view/view.port'
import { diffStates } from '#web/views/time-machine-diff'

const position = (instrument: string, quantity: string): PositionRow => ({
  instrument,
  quantity: quantity as PositionRow['quantity'], // brand of a literal
  averagePrice: '100' as PositionRow['averagePrice'], // likewise
  mark: 101,
  value: 1,
  weight: 0.1,
  unrealised: 0,
  realised: '0' as PositionRow['realised'], // likewise
  fees: '0' as PositionRow['fees'], // likewise
  funding: '0' as PositionRow['funding'], // likewise
  stopLevel: null,
  target: 0,
  latched: null,
})

const signal = (subject: string, stance: string, sinceSeq: number): SignalRow => ({
  signal: 'tsmom',
  subject,
  kind: 'directional',
  stance,
  reason: 'momentum',
  strength: 1,
  confidence: 1,
  targetWeight: 0.1,
  blendedWeight: null,
  term: 'z',
  value: 1,
  threshold: 0.5,
  terms: [],
  sinceSeq,
  since: sinceSeq,
  seq: sinceSeq,
  ts: sinceSeq,
  validUntil: 0,
})

const order = (id: string, state: OrderRow['state'], lastSeq: number): OrderRow => ({
  order: id,
  instrument: 'BTC',
  package: null,
  side: 'buy',
  state,
  purpose: 'rebalance',
  quantity: '2' as OrderRow['quantity'], // brand of a literal
  filled: '0' as OrderRow['filled'], // likewise
  averagePrice: null,
  reason: state === 'rejected' ? 'TOO_SMALL' : '',
  seq: 1,
  ts: 1,
  lastSeq,
  lastTs: lastSeq,
})

interface Parts {
  readonly seq: number
  readonly equity?: number
  readonly positions?: readonly PositionRow[]
  readonly signals?: readonly SignalRow[]
  readonly working?: readonly OrderRow[]
  readonly recent?: readonly OrderRow[]
  readonly halt?: ViewState['halt']
  readonly starts?: number
  readonly agents?: ViewState['agents']
}

function state({
  seq,
  equity = 1000,
  positions = [],
  signals = [],
  working = [],
  recent = [],
  ...more
}: Parts): ViewState {
  const zero = '0' as PositionRow['quantity'] // brand of a literal
  const counts = { approved: 0, submitted: 0, accepted: 0, 'partly-filled': 0, unknown: 0, filled: 0 }
  return {
    seq,
    ts: seq * 1000,
    process: { state: 'running', since: 0, starts: more.starts ?? 1 },
    book: {
      equity,
      peak: equity,
      drawdown: 0,
      balance: zero,
      opening: zero,
      realised: zero,
      fees: zero,
      funding: zero,
      gross: 0,
      net: 0,
      halted: false,
      haltReason: '',
      openOrders: working.length,
      positions,
    },
    today: { from: 0, equity, pnl: 0 },
    limits: [],
    halt: more.halt ?? null,
    flatten: null,
    measures: null,
    alerts: [],
    signals,
    blend: [],
    orders: { working, recent, counts: { ...counts, cancelled: 0, rejected: 0, withheld: 0, refused: 0 } },
    agents: more.agents ?? [],
    feeds: [],
    market: [],
    outlook: [],
    counts: { events: seq, fills: 0, orders: 0 },
  }
}

describe('between two seqs', () => {
  it('nothing changed but the number of events when nothing happened', () => {
    const positions = [position('BTC', '1')]
    const diff = diffStates(state({ seq: 5, positions }), state({ seq: 9, positions }))
    expect(diff).toEqual({
      from: { seq: 5, ts: 5000 },
      to: { seq: 9, ts: 9000 },
      book: [{ kind: 'changed', what: 'events', before: '5', after: '9', by: 4, seq: null }],
      positions: [],
      packages: [],
      signals: [],
      orders: [],
      agents: [],
      halts: [],
    })
  })

  it('equity moved by the difference', () => {
    const { book } = diffStates(state({ seq: 5, equity: 1000 }), state({ seq: 9, equity: 990.5 }))
    expect(book[0]).toEqual({ kind: 'changed', what: 'equity', before: '1000', after: '990.5', by: -9.5, seq: null })
  })

  it('positions came, went and changed; one of quantity 0 is none', () => {
    const before = [position('BTC', '1'), position('ETH', '-3'), position('SOL', '0')]
    const after = [position('BTC', '2.5'), position('ETH', '0'), position('SOL', '4')]
    const { positions } = diffStates(state({ seq: 1, positions: before }), state({ seq: 2, positions: after }))
    expect(positions.map(({ what, kind, by }) => [what, kind, by])).toEqual([
      ['BTC', 'changed', 1.5],
      ['ETH', 'went', 3],
      ['SOL', 'came', 4],
    ])
    expect(positions[0]).toMatchObject({ before: '1 at 100.000', after: '2.5 at 100.000' })
  })

  it('signals turned, with the event that turned them', () => {
    const { signals } = diffStates(
      state({ seq: 1, signals: [signal('BTC', 'flat', 1), signal('ETH', 'long', 1)] }),
      state({ seq: 9, signals: [signal('BTC', 'long', 7), signal('ETH', 'long', 1)] }),
    )
    expect(signals).toEqual([
      {
        kind: 'changed',
        what: 'tsmom · BTC',
        before: 'flat: momentum',
        after: 'long: momentum',
        by: null,
        seq: 7,
      },
    ])
  })

  it('orders began, moved on and ended; those at rest since before are not told, though the view keeps them no more', () => {
    const a = state({ seq: 10, working: [order('a', 'accepted', 8)], recent: [order('old', 'filled', 3)] })
    const b = state({
      seq: 20,
      recent: [order('c', 'rejected', 19), order('a', 'filled', 15), order('older', 'filled', 2)],
    })
    const told = (diff: ReturnType<typeof diffStates>): unknown[] =>
      diff.orders.map(({ kind, before, after, seq }) => [kind, before, after, seq])
    expect(told(diffStates(a, b))).toEqual([
      ['came', '', 'rejected: TOO_SMALL', 19],
      ['changed', 'accepted', 'filled', 15],
    ])
    expect(told(diffStates(b, a))).toEqual([
      ['went', 'rejected: TOO_SMALL', '', 19],
      ['changed', 'filled', 'accepted', 15],
    ])
  })

  it('a halt came and went, a process began again, an agent fell', () => {
    const halt = { reason: 'drawdown', seq: 7, ts: 7 }
    expect(diffStates(state({ seq: 1 }), state({ seq: 9, halt, starts: 2 })).halts).toEqual([
      { kind: 'came', what: 'halt', before: '', after: 'drawdown', by: null, seq: 7 },
      { kind: 'changed', what: 'process', before: 'running, start 1', after: 'running, start 2', by: 1, seq: null },
    ])
    expect(diffStates(state({ seq: 9, halt }), state({ seq: 12 })).halts[0]).toMatchObject({ kind: 'went', seq: null })
    const agent = { name: 'signal/oi', kind: 'decider', reason: '', since: 1, lastSeq: 1, lastTs: 1 } as const
    const [was, is] = [
      { ...agent, state: 'running', restarts: 0, sinceSeq: 1 },
      { ...agent, state: 'faulted', restarts: 1, sinceSeq: 6 },
    ]
    expect(diffStates(state({ seq: 1, agents: [was] }), state({ seq: 9, agents: [is] })).agents).toEqual([
      { kind: 'changed', what: 'signal/oi', before: 'running', after: 'faulted, 1 restart', by: null, seq: 6 },
    ])
  })
})
