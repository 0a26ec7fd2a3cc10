import { describe, expect, it } from 'vitest'
import type { Decider } from '#core/decider'
import type { EventEnvelope } from '#core/envelope'
import { Dispatcher } from '#engine/dispatcher'
import { refoldStep } from '#engine/refold'
import { Routes } from '#engine/routes'
import type { AnyEvent } from '#events/catalogue'
import { parseStrict } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'

interface Log {
  readonly seen: string[]
}

type Rule = (event: EventEnvelope, state: Log) => readonly { readonly type: string; readonly data: unknown }[]

function agent(
  name: string,
  reads: readonly string[],
  emits: readonly string[],
  rule: Rule,
  more: Partial<Decider<Log>> = {},
): Decider<never> {
  const decider: Decider<Log> = {
    name,
    version: '1',
    dependencies: [],
    reads,
    emits,
    warmupMs: 0,
    onOrderPath: false,
    initial: () => ({ seen: [] }),
    evolve: (state, event) => {
      state.seen.push(`${event.type}#${event.seq}`)
      return state
    },
    decide: (state, event) => rule(event, state),
    ...more,
  }
  return decider as unknown as Decider<never> // as the catalogue does
}

const resumed = (reason: string) => ({ type: 'TradingResumed', data: { reason } })
const funding = {
  type: 'FundingSettled' as const,
  by: 'test/feed',
  ts: 10,
  data: { instrument: 'a.b.C', settledAt: 1, rate: 0.1, intervalHours: 8, proxy: false },
}
const command = {
  type: 'OperatorCommanded' as const,
  by: 'operator',
  ts: 10,
  data: { command: 'resume', reason: 'test' },
}

function dispatcher(deciders: readonly Decider<never>[], log: 'full' | 'derived' = 'full') {
  const lines = new LineBuffer(64)
  const observed: AnyEvent[] = []
  const it = new Dispatcher({
    deciders,
    runSeed: 7,
    lines,
    log,
    startRunning: true,
    observe: (event) => observed.push(event),
  })
  const written = (): AnyEvent[] => new TextDecoder().decode(lines.view()).split('\n').filter(Boolean).map(parseStrict)
  return { it, lines, observed, written }
}

describe('a step', () => {
  const first = agent('a/first', ['FundingSettled'], ['OperatorCommanded'], () => [
    { type: 'OperatorCommanded', data: { command: 'halt', reason: 'one' } },
    { type: 'OperatorCommanded', data: { command: 'halt', reason: 'two' } },
  ])
  const second = agent('b/second', ['FundingSettled', 'OperatorCommanded'], ['TradingResumed'], (event) =>
    event.type === 'FundingSettled' ? [resumed('seen input')] : [resumed(`seen ${event.seq}`)],
  )

  it('runs readers in registry order and outputs first in first out, to the end', () => {
    const { it: run, written } = dispatcher([first, second])
    run.step(funding)
    expect(written().map((e) => [e.seq, e.type, e.by, e.cause])).toEqual([
      [1, 'FundingSettled', 'test/feed', 0],
      [2, 'OperatorCommanded', 'a/first', 1],
      [3, 'OperatorCommanded', 'a/first', 1],
      [4, 'TradingResumed', 'b/second', 1],
      [5, 'TradingResumed', 'b/second', 2],
      [6, 'TradingResumed', 'b/second', 3],
    ])
    expect(run.stateOf<Log>('a/first').seen).toEqual(['FundingSettled#1', 'OperatorCommanded#2', 'OperatorCommanded#3'])
    expect(run.stateOf<Log>('b/second').seen).toEqual([
      'FundingSettled#1',
      'TradingResumed#4',
      'OperatorCommanded#2',
      'TradingResumed#5',
      'OperatorCommanded#3',
      'TradingResumed#6',
    ])
  })

  it('is refolded in the same order from its lines', () => {
    const { it: run, written } = dispatcher([first, second])
    run.step(funding)
    const other = dispatcher([first, second]).it
    refoldStep(new Routes(other.slots), written())
    for (const slot of run.slots) expect(other.stateOf(slot.decider.name)).toEqual(slot.state)
  })

  it('leaves inputs out of a derived log, where they still take a seq', () => {
    const { it: run, written } = dispatcher([first, second], 'derived')
    run.step(funding)
    run.step({ ...funding, ts: 5 })
    expect(written().map((e) => e.seq)).toEqual([2, 3, 4, 5, 6, 8, 9, 10, 11, 12])
    expect(written().at(-1)?.ts).toBe(10)
  })

  it('keeps time from going back', () => {
    const { it: run, written } = dispatcher([])
    run.step(command)
    run.step({ ...command, ts: 3 })
    expect(written().map((e) => e.ts)).toEqual([10, 10])
  })
})

describe('an agent that is not running', () => {
  const quiet = agent('a/quiet', ['OperatorCommanded'], ['TradingResumed'], () => [resumed('yes')])
  const lifecycle = (to: string) => ({
    type: 'AgentLifecycleChanged' as const,
    by: 'supervisor',
    ts: 10,
    data: { agent: 'a/quiet', from: 'running', to, reason: 'test', restarts: 0 },
  })

  it('evolves but does not decide', () => {
    const { it: run, written } = dispatcher([quiet])
    run.step(lifecycle('degraded'))
    run.step(command)
    run.step(lifecycle('running'))
    run.step(command)
    expect(
      written()
        .filter((e) => e.type === 'TradingResumed')
        .map((e) => e.cause),
    ).toEqual([4])
    expect(run.stateOf<Log>('a/quiet').seen).toEqual(['OperatorCommanded#2', 'OperatorCommanded#4', 'TradingResumed#5'])
  })
})

describe('a decider that throws', () => {
  const bad = (rule: Rule) => agent('a/bad', ['OperatorCommanded'], ['TradingResumed'], rule, { onOrderPath: true })
  const witness = agent('b/witness', ['OperatorCommanded', 'AgentFaulted', 'TradingResumed'], [], () => [])

  it('faults: its outputs of the call are dropped, the others go on, and it sees nothing more', () => {
    const { it: run, written } = dispatcher([
      bad(() => [resumed('fine'), { type: 'TradingResumed', data: { reason: 'x', nonsense: 1 } }]),
      witness,
    ])
    run.step(command)
    run.step(command)
    expect(written().map((e) => [e.seq, e.type, e.by])).toEqual([
      [1, 'OperatorCommanded', 'operator'],
      [2, 'AgentFaulted', 'a/bad'],
      [3, 'OperatorCommanded', 'operator'],
    ])
    expect(written()[1]?.data).toEqual({ agent: 'a/bad', code: 'invariant', phase: 'encode', at: 1, onOrderPath: true })
    expect(run.stateOf<Log>('b/witness').seen).toEqual(['OperatorCommanded#1', 'AgentFaulted#2', 'OperatorCommanded#3'])
  })

  it('goes on from a restored state', () => {
    let calls = 0
    const { it: run, written } = dispatcher([
      bad(() => {
        calls++
        if (calls === 1) throw new TypeError('a bug')
        return [resumed('again')]
      }),
    ])
    run.step(command)
    run.restore('a/bad', { seen: ['refolded'] })
    run.step({
      type: 'AgentLifecycleChanged',
      by: 'supervisor',
      ts: 1,
      data: { agent: 'a/bad', from: 'faulted', to: 'running', reason: 'refolded', restarts: 1 },
    })
    run.step(command)
    expect(written().map((e) => e.type)).toEqual([
      'OperatorCommanded',
      'AgentFaulted',
      'AgentLifecycleChanged',
      'OperatorCommanded',
      'TradingResumed',
    ])
    expect(run.stateOf<Log>('a/bad').seen).toEqual(['refolded', 'OperatorCommanded#4', 'TradingResumed#5'])
  })
})

describe('a registry', () => {
  const named = (
    name: string,
    dependencies: readonly string[],
    reads: readonly string[] = [],
    emits: readonly string[] = [],
  ) => agent(name, reads, emits, () => [], { dependencies })

  it.each([
    ['a circle', [named('a', ['b']), named('b', ['a'])], /a → b → a/],
    ['an unknown dependency', [named('a', ['zz'])], /zz, which is not registered/],
    ['a name twice', [named('a', []), named('a', [])], /registered twice/],
    ['a dependency that comes later', [named('a', ['b']), named('b', [])], /registered before b/],
    [
      'an agent that reads what it emits',
      [named('a', [], ['BarClosed'], ['BarClosed'])],
      /reads BarClosed, which it emits/,
    ],
  ])('refuses %s', (_what, deciders, message) => {
    expect(() => dispatcher(deciders)).toThrow(message)
  })
})

describe('history', () => {
  it('is evolved, never decided on, and passed on by those who derive market data', () => {
    const bars = agent(
      'market/bars',
      ['FundingSettled'],
      ['OperatorCommanded'],
      () => [{ type: 'OperatorCommanded', data: { command: 'halt', reason: 'derived' } }],
      { derivesMarket: true },
    )
    const reader = agent('b/reader', ['FundingSettled', 'OperatorCommanded'], ['TradingResumed'], () => [
      resumed('never'),
    ])
    const { it: run, lines } = dispatcher([bars, reader])
    run.warm(funding)
    expect(lines.length).toBe(0)
    expect(run.seq).toBe(0)
    expect(run.stateOf<Log>('b/reader').seen).toEqual(['FundingSettled#0', 'OperatorCommanded#0'])
  })
})
