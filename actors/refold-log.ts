/**
 * Owns refolding from a run folder: recorded steps read from the log, states from snapshots that the chain vouches for.
 * Never writes into the log and never decides.
 */
import type { Decider } from '#core/decider'
import { QuantbotError } from '#core/errors'
import type { Commit } from '#core/ports'
import { Dispatcher, type Input } from '#engine/dispatcher'
import type { HostResume, RefoldAgent, TimedSource } from '#engine/live.port'
import { TIMERS } from '#engine/live-snapshots'
import { type RefoldBase, Refolder } from '#engine/recover'
import { LoneRefold } from '#engine/recover-agent'
import type { AnyEvent } from '#events/catalogue'
import { parseTrustedGroup } from '#events/codec'
import { LineBuffer } from '#events/line-buffer'
import { type LogPoint, pointOf } from '#events/log/chain'
import { matchesCommit } from '#events/log/log-start'
import { LogCursor } from '#events/log/reader'
import { type Chosen, chooseSnapshots, rejectUnmet, type Subject } from '#snapshots/restore'
import { SnapshotStore } from '#snapshots/store'

/** Events that an agent may throw on before it is given up. */
const MAX_QUARANTINED = 32

export interface RefoldOptions {
  readonly runDir: string
  readonly deciders: readonly Decider<unknown>[]
  readonly runSeed: number
  /** Moved past what the log has of them. */
  readonly sources?: readonly TimedSource[]
  /** What came before the first event: needed where an agent has no snapshot. */
  readonly history?: () => Iterable<Input>
}

export interface Refolded {
  readonly resume: HostResume
  /** Agents that had faulted when the log ended, refolded without the events that they throw on. */
  readonly restored: readonly { readonly agent: string; readonly quarantined: readonly number[] }[]
  /** Events that were evolved on. */
  readonly events: number
}

export function subjectsOf(options: RefoldOptions): Subject[] {
  const { deciders, sources = [] } = options
  return [...deciders, ...sources, { name: TIMERS, version: '1' }].map(({ name, version }) => ({ name, version }))
}

/** Whole steps of a group; a full log's steps begin with an input. */
function stepsOf(group: Buffer, untilSeq: number): AnyEvent[][] {
  const steps: AnyEvent[][] = []
  for (const event of parseTrustedGroup(group)) {
    if (event.seq > untilSeq) break
    if (event.cause === 0) steps.push([event])
    else steps[steps.length - 1]!.push(event)
  }
  return steps
}

/** Walks the steps behind `from` up to `untilSeq`; `fn` may stop it by returning false. Gives the commits that it met. */
function walkSteps(
  runDir: string,
  from: Commit | undefined,
  untilSeq: number,
  fn: (step: AnyEvent[]) => unknown,
): Map<number, string> {
  const met = new Map<number, string>()
  const cursor = new LogCursor(runDir, from ? { from: pointOf(from) } : {})
  try {
    if (cursor.manifest.manifest.log !== 'full')
      throw new QuantbotError(
        'USAGE',
        `${runDir}: the inputs of a backtest are not in its log; decide it again instead`,
      )
    while (cursor.next()) {
      for (const step of stepsOf(cursor.lines(), untilSeq)) if (fn(step) === false) return met
      const commit = cursor.commit()
      met.set(commit.lastSeq, commit.hash)
      if (commit.lastSeq >= untilSeq) return met
    }
    return met
  } finally {
    cursor.close()
  }
}

const isInLog =
  (runDir: string) =>
  (commit: Commit): boolean => {
    try {
      return matchesCommit(runDir, pointOf(commit))
    } catch {
      return false // a segment that cannot be read does not vouch for a snapshot; the walk will name it
    }
  }

/** The point from which the log must be proved before anything is decided: the oldest snapshot in use. */
export function chooseStart(options: RefoldOptions, store: SnapshotStore, untilSeq?: number): Chosen {
  return chooseSnapshots(store, subjectsOf(options), isInLog(options.runDir), untilSeq)
}

export function startPoint(chosen: Chosen): LogPoint | undefined {
  return chosen.from && pointOf(chosen.from)
}

/**
 * States of everything at `untilSeq`, or at the end of the log. A snapshot whose commit the walk does not meet is set
 * aside and the refold begins anew without it. LOG_CORRUPT; SEQ_OUT_OF_RANGE when the log does not reach `untilSeq`.
 */
export function refoldLog(
  options: RefoldOptions,
  store: SnapshotStore,
  first: Chosen,
  untilSeq = Number.POSITIVE_INFINITY,
): Refolded {
  const { runDir, sources = [] } = options
  const initial = sources.map((source) => source.state())
  for (let chosen = first; ; chosen = chooseStart(options, store, untilSeq)) {
    for (const [i, source] of sources.entries()) source.restore(initial[i])
    const bases = new Map<string, RefoldBase>()
    for (const [name, { commit, state }] of chosen.snapshots) bases.set(name, { seq: commit.lastSeq, state })
    const refolder = new Refolder({ ...options, bases })
    if (chosen.from) refolder.startAt(chosen.from.lastSeq, chosen.from.lastTs)
    let events = 0
    const met = walkSteps(runDir, chosen.from, untilSeq, (step) => {
      events += step.length
      refolder.step(step)
    })
    if (rejectUnmet(store, chosen, met)) continue
    if (untilSeq !== Number.POSITIVE_INFINITY && refolder.seq < untilSeq)
      throw new QuantbotError('SEQ_OUT_OF_RANGE', `${runDir}: the log ends at seq ${refolder.seq}`)
    const restored = finishLone(runDir, refolder, chosen.from, untilSeq)
    return { resume: refolder.result(), restored, events }
  }
}

function finishLone(
  runDir: string,
  refolder: Refolder,
  from: Commit | undefined,
  untilSeq: number,
): Refolded['restored'] {
  const restored: { agent: string; quarantined: readonly number[] }[] = []
  for (const { agent, isFaulted, quarantined } of refolder.loneTasks()) {
    const without = [...quarantined]
    for (;;) {
      const lone = refolder.lone(agent, without)
      let threwOn = 0
      walkSteps(runDir, from, untilSeq, (step) => {
        threwOn = lone.step(step)
        return threwOn === 0
      })
      if (threwOn === 0) {
        refolder.setLone(agent, lone.state)
        break
      }
      quarantine(without, threwOn, agent)
    }
    if (isFaulted) restored.push({ agent, quarantined: without })
  }
  return restored
}

function quarantine(without: number[], seq: number, agent: string): void {
  if (without.length >= MAX_QUARANTINED)
    throw new QuantbotError('AGENT_FAULTED', `${agent} throws on more than ${MAX_QUARANTINED} recorded events`)
  without.push(seq)
}

/** State of every agent when it had seen all events up to `seq`. Reads only; may run beside the run's own process. */
export function refoldUntil(options: RefoldOptions, seq: number): ReadonlyMap<string, unknown> {
  const store = new SnapshotStore(options.runDir, 'look')
  return refoldLog(options, store, chooseStart(options, store, seq), seq).resume.states
}

/**
 * For a redecide: the state that a faulted agent was given back at its AgentRestored, refolded from the log alone, without
 * a snapshot. O(log up to there).
 */
export function restoredState(options: RefoldOptions): (agent: string, restored: { readonly seq: number }) => unknown {
  return (agent, { seq }) => {
    const { states } = refoldLog(
      options,
      new SnapshotStore(options.runDir, 'look'),
      { snapshots: new Map(), from: undefined },
      seq - 1,
    ).resume
    return states.get(agent)
  }
}

/** The port by which a live host brings back a faulted agent. Yields to the event loop after each group. */
export function agentRefolder(options: RefoldOptions): RefoldAgent {
  return async (agent, seq, known) => {
    const decider = options.deciders.find((each) => each.name === agent)!
    const store = new SnapshotStore(options.runDir, 'look')
    const subject = { name: agent, version: decider.version }
    const chosen = chooseSnapshots(store, [subject], isInLog(options.runDir), seq)
    const base = chosen.snapshots.get(agent)
    const state = base?.state ?? JSON.stringify(warmState(options, agent))
    const without = [...known]
    for (;;) {
      const lone = new LoneRefold(decider, JSON.parse(state), base?.commit.lastSeq ?? 0, without)
      const threwOn = await refoldGently(options.runDir, lone, base?.commit, seq)
      if (threwOn === 0) return { state: lone.state, quarantined: without }
      quarantine(without, threwOn, agent)
    }
  }
}

async function refoldGently(
  runDir: string,
  lone: LoneRefold,
  from: Commit | undefined,
  untilSeq: number,
): Promise<number> {
  const cursor = new LogCursor(runDir, from ? { from: pointOf(from) } : {})
  try {
    while (cursor.next()) {
      for (const step of stepsOf(cursor.lines(), untilSeq)) {
        const threwOn = lone.step(step)
        if (threwOn !== 0) return threwOn
      }
      if (cursor.commit().lastSeq >= untilSeq) return 0
      await new Promise((resolve) => setImmediate(resolve)) // nondeterminism-ok: lets the host step
    }
    return 0
  } finally {
    cursor.close()
  }
}

function warmState(options: RefoldOptions, agent: string): unknown {
  const { deciders, runSeed, history } = options
  const dispatcher = new Dispatcher({ deciders, runSeed, lines: new LineBuffer(64), log: 'full', startRunning: false })
  if (history) for (const input of history()) dispatcher.warm(input)
  return dispatcher.stateOf(agent)
}
