/** Restarts that an operator asks for, as the supervisor carries them out. */
import { describe, expect, it } from 'vitest'
import { operatorReason } from '#actors/agent-restarts'
import { bench, FakeAgent, NO_JITTER, settle } from './fake-agents.js'

const REASON = operatorReason('new key')

/** A feed, a market agent and a signal behind it, and risk on the order path. */
function system(feedOnOrderPath = false) {
  const feed = new FakeAgent('connector/a', [], { kind: 'connector', onOrderPath: feedOnOrderPath })
  const bars = new FakeAgent('market/bars', ['connector/a'])
  const signal = new FakeAgent('signal/x', ['market/bars'])
  const risk = new FakeAgent('risk/engine', ['market/bars', 'signal/x'], { onOrderPath: true })
  const held = bench([feed, bars, signal, risk], { policy: NO_JITTER })
  const stateOf = (name: string): unknown => held.supervisor.status().find((agent) => agent.name === name)?.state
  return { feed, bars, signal, risk, held, stateOf }
}

describe('a restart of a connector', () => {
  it('stops it, waits until its work has ended, and starts it; whoever reads it runs on', async () => {
    const { feed, held, stateOf } = system()
    await held.supervisor.start()
    const before = held.inputs.length
    const first = feed.work
    held.supervisor.restart('connector/a', REASON)
    expect(first?.signal.aborted).toBe(true)
    expect(stateOf('connector/a')).toBe('stopping')
    await settle()
    expect(feed.starts).toBe(2)
    expect(feed.work).not.toBe(first)
    expect(feed.work?.signal.aborted).toBe(false)
    expect(held.inputs.slice(before).map(({ type, by, data }) => ({ type, by, data }))).toEqual([
      lifecycle('running', 'stopping', 1),
      { type: 'FeedInterrupted', by: 'supervisor/root', data: { feed: 'connector/a', reason: REASON } },
      lifecycle('stopping', 'stopped', 1),
      lifecycle('stopped', 'starting', 1),
      lifecycle('starting', 'restoring', 1),
      lifecycle('restoring', 'running', 1),
      { type: 'FeedRestored', by: 'supervisor/root', data: { feed: 'connector/a', downMs: 0 } },
    ])
    expect(stateOf('signal/x')).toBe('running')
    expect(held.errors).toEqual([])
  })

  it('that does not end is started all the same once its time is over', async () => {
    const { feed, held, stateOf } = system()
    feed.run = () => new Promise(() => undefined)
    await held.supervisor.start()
    held.supervisor.restart('connector/a', REASON)
    await held.pass(4900)
    expect(stateOf('connector/a')).toBe('stopping')
    await held.pass(200)
    expect(held.moves()).toContain('connector/a: stopped (stop-timeout)')
    expect(stateOf('connector/a')).toBe('running')
    expect(feed.starts).toBe(2)
  })

  it('that waits for its next try does not wait any longer, and is not tried twice', async () => {
    const { feed, held, stateOf } = system()
    await held.supervisor.start()
    feed.break()
    await settle()
    expect(stateOf('connector/a')).toBe('faulted')
    held.supervisor.restart('connector/a', REASON)
    await settle()
    expect(stateOf('connector/a')).toBe('running')
    await held.pass(2000)
    expect(feed.starts).toBe(2)
    expect(held.inputs.filter(({ type }) => type === 'FeedInterrupted')).toHaveLength(1)
  })

  it('that was given up has a new budget, and those that lost it go on', async () => {
    const { feed, held, stateOf } = system(true)
    await held.supervisor.start()
    feed.failingStarts = 99
    feed.break()
    await held.pass(5000)
    expect(stateOf('signal/x')).toBe('degraded')
    const starts = feed.starts
    feed.failingStarts = 2
    held.supervisor.restart('connector/a', REASON)
    await settle()
    expect(held.moves().at(-1)).toBe('connector/a: faulted (no connection)')
    expect(stateOf('signal/x')).toBe('degraded')
    await held.pass(1000)
    expect(feed.starts).toBe(starts + 3)
    expect(stateOf('connector/a')).toBe('running')
    expect(held.moves().slice(-2)).toEqual([
      'market/bars: running (connector/a is back)',
      'signal/x: running (connector/a is back)',
    ])
    const restored = held.inputs.filter(({ type }) => type === 'FeedRestored')
    expect(restored).toHaveLength(1)
  })

  it('and of another one that is still away, leaves whoever needs both degraded', async () => {
    const a = new FakeAgent('connector/a', [], { kind: 'connector' })
    const b = new FakeAgent('connector/b', [], { kind: 'connector' })
    const both = new FakeAgent('signal/x', ['connector/a', 'connector/b'])
    const held = bench([a, b, both], { policy: NO_JITTER })
    await held.supervisor.start()
    for (const feed of [a, b]) {
      feed.failingStarts = 99
      feed.break()
    }
    await held.pass(5000)
    for (const feed of [a, b]) feed.failingStarts = 0
    held.supervisor.restart('connector/a', REASON)
    await settle()
    const state = () => held.supervisor.status().find(({ name }) => name === 'signal/x')?.state
    expect(state()).toBe('degraded')
    held.supervisor.restart('connector/b', REASON)
    await settle()
    expect(state()).toBe('running')
  })
})

describe('a restart of a decider', () => {
  it('is a stop and a start with nothing between them, counted and in the operator’s words', async () => {
    const { held, stateOf } = system()
    await held.supervisor.start()
    const before = held.moves().length
    held.supervisor.restart('signal/x', REASON)
    await settle()
    expect(held.moves().slice(before)).toEqual(
      ['stopping', 'stopped', 'starting', 'restoring', 'running'].map((to) => `signal/x: ${to} (${REASON})`),
    )
    expect(stateOf('risk/engine')).toBe('running')
    expect(held.supervisor.status().find(({ name }) => name === 'signal/x')?.restarts).toBe(1)
    expect(held.types()).not.toContain('FeedInterrupted')
  })

  it('that faulted and was given up brings back those that lost it', async () => {
    const { held, stateOf } = system()
    await held.supervisor.start()
    held.supervisor.recorded('market/bars', 'faulted', 'invariant')
    held.supervisor.giveUp('market/bars')
    expect(stateOf('signal/x')).toBe('degraded')
    held.supervisor.restart('market/bars', REASON)
    await settle()
    expect(stateOf('market/bars')).toBe('running')
    expect(stateOf('signal/x')).toBe('running')
  })

  it('is forgotten when the process stops', async () => {
    const { feed, held } = system()
    await held.supervisor.start()
    held.supervisor.restart('connector/a', REASON)
    await held.supervisor.stop()
    await settle()
    expect(feed.starts).toBe(1)
    expect(held.supervisor.status().every(({ state }) => state === 'stopped')).toBe(true)
  })
})

describe('the operator’s words', () => {
  it('stand on one line of bounded length, and are never empty', () => {
    expect(operatorReason(' a\n\tb\u0000\u202ec ')).toBe('operator: a b c')
    expect(operatorReason('\n')).toBe('operator: no reason given')
    expect(operatorReason('x'.repeat(1000))).toHaveLength(200)
    // Must never read as what the supervisor says by itself, which halts trading.
    expect(operatorReason('restart-budget-spent')).not.toBe('restart-budget-spent')
  })
})

function lifecycle(from: string, to: string, restarts: number) {
  return {
    type: 'AgentLifecycleChanged',
    by: 'supervisor/root',
    data: { agent: 'connector/a', from, to, reason: REASON, restarts },
  }
}
