import { describe, expect, it } from 'vitest'
import type { RunStatus } from '#actors/run-status'
import { NOTHING, statusLine, statusLines, viewLines } from '#cli/run-view'
import { figure, money, percent, wordsOf } from '#cli/run-words'
import type { AnyEvent } from '#events/catalogue'

const position = (instrument: string, quantity: string): RunStatus['positions'][number] => ({
  instrument,
  quantity,
  averagePrice: '100',
  mark: 101.5,
  value: Number(quantity) * 101.5,
  weight: 0.0421,
  unrealised: -1234.5,
  realised: '10.5',
  fees: '1',
  funding: '-0.5',
  stopLevel: 95,
  target: 0.05,
  latched: null,
})

const status = (more: Partial<RunStatus> = {}): RunStatus => ({
  runId: 'sim-20240101-000000-abc',
  mode: 'sim',
  pid: 1,
  state: 'running',
  seq: 12345,
  ts: 1_704_067_200_000,
  events: 12345,
  fills: 7,
  orders: 8,
  equity: 1_002_345.6,
  peak: 1_010_000,
  drawdown: -0.0123,
  balance: '1000000',
  opening: '1000000',
  realised: '0',
  fees: '0',
  funding: '0',
  gross: 0.42,
  net: -0.12,
  halted: false,
  haltReason: '',
  closing: 'none',
  openOrders: 0,
  positions: [position('sim.perp.BTCUSDT', '1.5'), position('sim.perp.AVERYLONGSYMBOLUSDT', '-2000')],
  agents: ['connector/sim', 'market/bars', 'risk/engine'].map((name) => ({
    name,
    kind: 'decider',
    version: '1',
    state: 'running',
    reason: 'start',
    restarts: 0,
    health: { isHealthy: true, detail: '' },
  })),
  commitLagMs: { p50: 0.4, p99: 3.21, max: 9 },
  longestSnapshotPauseMs: 0.6,
  feedAgeMs: 400,
  waiting: 0,
  pendingTimers: 0,
  speed: 7200,
  problems: [],
  ...more,
})

const words = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ topic: 'decision' as const, seq: i, ts: 1, text: `decision ${i} `.repeat(9) }))

describe('the live view', () => {
  it('fits every terminal: no line is wider, and there are never more than its height', () => {
    for (const width of [20, 30, 40, 57, 80, 120, 200])
      for (const height of [6, 12, 24, 50]) {
        const recent = { decisions: words(40), orders: words(40), alarms: words(2) }
        const lines = viewLines(status({ halted: true, haltReason: 'operator' }), recent, width, height)
        expect(lines.length).toBeLessThan(Math.max(2, height))
        for (const line of lines) expect([width, line.length <= width, line]).toEqual([width, true, line])
      }
  })

  it('says that a market is simulated, first of all', () => {
    expect(viewLines(status(), NOTHING, 80, 24)[0]).toMatch(/^ SIMULATED /)
    expect(viewLines(status({ mode: 'live', speed: null }), NOTHING, 80, 24)[0]).toMatch(/^ LIVE /)
  })

  it('shows halts of trading and of the process', () => {
    const text = viewLines(
      status({ halted: true, haltReason: 'drawdown', state: 'stalled', problems: ['log-stalled: disk full'] }),
      NOTHING,
      100,
      40,
    ).join('\n')
    expect(text).toContain('TRADING HALTED: drawdown')
    expect(text).toContain('THE PROCESS IS STALLED: log-stalled: disk full')
  })

  it('names the agents that do not run, however small the terminal', () => {
    const agents = status().agents.map((agent, i) => (i === 1 ? { ...agent, state: 'faulted' as const } : agent))
    expect(viewLines(status({ agents }), NOTHING, 80, 14).join('\n')).toContain('2 running, market/bars faulted')
    expect(viewLines(status({ agents }), NOTHING, 80, 50).join('\n')).toContain('market/bars faulted')
  })

  it('shows the latest decisions where there is room for them', () => {
    const text = viewLines(status(), { ...NOTHING, decisions: words(40) }, 100, 30).join('\n')
    expect(text).toContain('decision 39')
    expect(text).not.toContain('decision 1 ')
    expect(statusLines(status(), 100).join('\n')).toContain('market/bars running')
    const url = `http://127.0.0.1:7420/#token=${'ab'.repeat(16)}`
    expect(statusLines({ ...status(), url }, 40)).toContain(`page  ${url}`)
    expect(viewLines({ ...status(), url }, NOTHING, 100, 40).join()).not.toContain('token')
    expect(statusLine(status())).toContain('equity 1,002,346')
  })
})

describe('numbers for people', () => {
  it('have signs and groups, and no minus zero', () => {
    expect([percent(-0.0421), percent(0.0421, 1, true), percent(-0.00001)]).toEqual(['−4.2 %', '+4.2 %', '0.0 %'])
    expect([money(1234567.8, 1), money(-0.4), money(-1234)]).toEqual(['1,234,567.8', '0', '−1,234'])
    expect([figure(0.01234), figure(43210.5), figure(101.55)]).toEqual(['0.0123', '43,211', '101.5'])
  })
})

describe('events in words', () => {
  it('say what a signal wants and the numbers that decided', () => {
    const event = {
      seq: 5,
      ts: 1,
      type: 'SignalChanged',
      v: 1,
      by: 'signal/tsmom',
      cause: 4,
      data: {
        signal: 'tsmom',
        instrument: 'sim.perp.BTCUSDT',
        side: 'short',
        reason: 'momentum',
        strength: -1,
        confidence: 1,
        targetWeight: -0.0421,
        asOf: 1,
        validUntil: 2,
        price: 100,
        terms: [{ name: 'momentum', value: -0.1234, threshold: 0 }],
        inputs: [],
      },
    } satisfies AnyEvent
    expect(wordsOf(event)?.text).toBe('short BTCUSDT −4.2 %: tsmom momentum (momentum −0.123 against 0)')
  })
})
