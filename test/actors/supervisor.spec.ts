import { describe, expect, it } from 'vitest'
import { ILL_CHECKS_MAX } from '#actors/supervision'
import { bench, FakeAgent, NO_JITTER, settle } from './fake-agents.js'

const stateOf = (b: ReturnType<typeof bench>, name: string): string =>
  b.supervisor.status().find((agent) => agent.name === name)?.state ?? '?'

/** A feed that a market agent, a signal and, on the order path, risk depend on. */
function system(options: { readonly feedOnOrderPath?: boolean } = {}) {
  const feed = new FakeAgent('connector/a', [], { kind: 'connector', onOrderPath: options.feedOnOrderPath ?? false })
  const bars = new FakeAgent('market/bars', ['connector/a'])
  const signal = new FakeAgent('signal/x', ['market/bars'])
  const other = new FakeAgent('signal/y', [])
  const risk = new FakeAgent('risk/engine', ['market/bars', 'signal/x'], { onOrderPath: true })
  return { feed, bars, signal, other, risk, all: [feed, bars, signal, other, risk] }
}

describe('starting', () => {
  it('starts an agent once everything it depends on runs, and says every step', async () => {
    const a = new FakeAgent('connector/a', [], { kind: 'connector' })
    const b = new FakeAgent('market/bars', ['connector/a'])
    const held = bench([a, b])
    await held.supervisor.start()
    expect(held.moves()).toEqual([
      'connector/a: starting (start)',
      'connector/a: restoring (start)',
      'connector/a: running (start)',
      'market/bars: starting (start)',
      'market/bars: restoring (start)',
      'market/bars: running (start)',
    ])
    expect(held.inputs[0]).toEqual({
      type: 'AgentLifecycleChanged',
      by: 'supervisor/root',
      data: { agent: 'connector/a', from: 'idle', to: 'starting', reason: 'start', restarts: 0 },
    })
  })

  it('refuses circles, unknown dependencies and dependencies that come later', () => {
    const code = (agents: readonly FakeAgent[]): unknown => {
      try {
        bench(agents)
        return undefined
      } catch (error) {
        return (error as { code?: unknown }).code
      }
    }
    expect(code([new FakeAgent('a/a', ['a/b']), new FakeAgent('a/b', ['a/a'])])).toBe('AGENT_CYCLE')
    expect(code([new FakeAgent('a/a', ['a/b']), new FakeAgent('a/b')])).toBe('AGENT_CYCLE')
    expect(code([new FakeAgent('a/a', ['a/c'])])).toBe('AGENT_UNKNOWN')
    expect(code([new FakeAgent('a/a'), new FakeAgent('a/a')])).toBe('AGENT_UNKNOWN')
    expect(code([new FakeAgent('a/a'), new FakeAgent('a/b', ['a/a'])])).toBeUndefined()
  })

  it('tries an agent again that does not start, and holds back those that depend on it', async () => {
    const { feed, all } = system()
    feed.failingStarts = 2
    const held = bench(all, { policy: NO_JITTER })
    const started = held.supervisor.start()
    await settle()
    expect(stateOf(held, 'connector/a')).toBe('faulted')
    expect(stateOf(held, 'market/bars')).toBe('idle')
    expect(stateOf(held, 'signal/y')).toBe('running')
    await held.pass(50)
    expect(feed.starts).toBe(1)
    await held.pass(50)
    expect(feed.starts).toBe(2)
    await held.pass(200)
    await started
    expect(stateOf(held, 'risk/engine')).toBe('running')
  })
})

describe('a connector that fails', () => {
  it('is restarted with growing waits; the feed is told to be interrupted and restored once', async () => {
    const { feed, all } = system()
    const held = bench(all, { policy: NO_JITTER })
    await held.supervisor.start()
    feed.failingStarts = 1
    feed.break('socket closed\nand more')
    await settle()
    expect(held.moves().at(-1)).toBe('connector/a: faulted (socket closed)')
    await held.pass(400)
    expect(stateOf(held, 'connector/a')).toBe('running')
    const feedEvents = held.inputs.filter(({ type }) => type.startsWith('Feed'))
    expect(feedEvents).toEqual([
      { type: 'FeedInterrupted', by: 'supervisor/root', data: { feed: 'connector/a', reason: 'socket closed' } },
      { type: 'FeedRestored', by: 'supervisor/root', data: { feed: 'connector/a', downMs: 300 } },
    ])
    expect(held.supervisor.status()[0]?.restarts).toBe(2)
    expect(stateOf(held, 'signal/x')).toBe('running')
  })

  it('past its budget degrades whom depends on it, through others too, but never the order path', async () => {
    const { feed, all } = system()
    const held = bench(all, { policy: NO_JITTER })
    await held.supervisor.start()
    feed.failingStarts = 99
    feed.break()
    await held.pass(5000)
    expect(stateOf(held, 'connector/a')).toBe('faulted')
    expect(feed.starts).toBe(1 + NO_JITTER.budget)
    expect(stateOf(held, 'market/bars')).toBe('degraded')
    expect(stateOf(held, 'signal/x')).toBe('degraded')
    expect(stateOf(held, 'signal/y')).toBe('running')
    expect(stateOf(held, 'risk/engine')).toBe('running')
    expect(held.moves()).toContain('signal/x: degraded (lost connector/a)')
    expect(JSON.stringify(held.inputs)).not.toContain('restart-budget-spent')
  })

  it('on the order path, past its budget, is told to risk so that trading halts', async () => {
    const { feed, all } = system({ feedOnOrderPath: true })
    const held = bench(all, { policy: NO_JITTER })
    await held.supervisor.start()
    feed.failingStarts = 99
    feed.break()
    await held.pass(5000)
    expect(held.inputs.filter(({ type }) => type === 'FeedInterrupted').at(-1)?.data).toEqual({
      feed: 'connector/a',
      reason: 'restart-budget-spent',
    })
  })

  it('is restarted when it says several times that it is ill', async () => {
    const { feed, all } = system()
    const held = bench(all, { policy: NO_JITTER })
    await held.supervisor.start()
    feed.health = { isHealthy: false, detail: 'no frame for 10 s' }
    await held.pass(1000 * (ILL_CHECKS_MAX - 1))
    expect(held.supervisor.status()[0]?.health.detail).toBe('no frame for 10 s')
    expect(feed.starts).toBe(1)
    await held.pass(1200)
    expect(held.moves()).toContain('connector/a: faulted (unhealthy)')
    expect(feed.starts).toBe(2)
  })

  it('may degrade and recover by itself', async () => {
    const { feed, all } = system()
    const held = bench(all)
    await held.supervisor.start()
    feed.work?.degraded('slow')
    expect(held.moves().at(-1)).toBe('connector/a: degraded (slow)')
    feed.work?.recovered()
    expect(held.moves().at(-1)).toBe('connector/a: running (recovered)')
  })

  it('that has no more to do stops and is not restarted', async () => {
    const { feed, all } = system()
    const held = bench(all, { policy: NO_JITTER })
    await held.supervisor.start()
    feed.end()
    await held.pass(2000)
    expect(held.moves().at(-1)).toBe('connector/a: stopped (ended)')
    expect(feed.starts).toBe(1)
  })
})

describe('a decider that threw', () => {
  it('is followed by its actor; what the log says is not written again', async () => {
    const { all } = system()
    const held = bench(all)
    await held.supervisor.start()
    const before = held.inputs.length
    held.supervisor.recorded('signal/x', 'faulted', 'invariant')
    expect(stateOf(held, 'signal/x')).toBe('faulted')
    held.supervisor.recorded('signal/x', 'restored', 'restored')
    expect(stateOf(held, 'signal/x')).toBe('running')
    expect(held.inputs.length).toBe(before)
  })

  it('and cannot be brought back degrades those that depend on it', async () => {
    const { bars, signal, other, risk } = system()
    const held = bench([new FakeAgent('connector/a', [], { kind: 'connector' }), bars, signal, other, risk])
    await held.supervisor.start()
    held.supervisor.recorded('market/bars', 'faulted', 'invariant')
    held.supervisor.giveUp('market/bars')
    expect(stateOf(held, 'signal/x')).toBe('degraded')
    expect(stateOf(held, 'signal/y')).toBe('running')
    expect(stateOf(held, 'risk/engine')).toBe('running')
  })
})

describe('stopping', () => {
  it('stops dependants first, waits for each, and ends', async () => {
    const { all } = system()
    const held = bench(all)
    await held.supervisor.start()
    const before = held.moves().length
    await held.supervisor.stop()
    const stopped = held
      .moves()
      .slice(before)
      .filter((move) => move.includes('stopped'))
    const place = (name: string): number => stopped.findIndex((move) => move.startsWith(name))
    expect(stopped).toHaveLength(5)
    expect(place('risk/engine')).toBeLessThan(place('signal/x'))
    expect(place('signal/x')).toBeLessThan(place('market/bars'))
    expect(place('market/bars')).toBeLessThan(place('connector/a'))
    expect(held.supervisor.status().every(({ state }) => state === 'stopped')).toBe(true)
    expect(held.errors).toEqual([])
  })

  it('does not wait for ever for an agent that does not end', async () => {
    const stubborn = new FakeAgent('connector/a', [], { kind: 'connector' })
    stubborn.run = () => new Promise(() => undefined)
    const held = bench([stubborn])
    await held.supervisor.start()
    const stopped = held.supervisor.stop()
    await held.pass(4900)
    expect(stateOf(held, 'connector/a')).toBe('stopping')
    await held.pass(200)
    await stopped
    expect(held.moves().at(-1)).toBe('connector/a: stopped (stop-timeout)')
  })

  it('also ends while an agent waits for its restart', async () => {
    const { feed, all } = system()
    feed.failingStarts = 99
    const held = bench(all, { policy: { ...NO_JITTER, firstMs: 1000 } })
    const started = held.supervisor.start()
    await settle()
    await held.supervisor.stop()
    await started
    await held.pass(3000)
    expect(feed.starts).toBe(1)
  })
})
