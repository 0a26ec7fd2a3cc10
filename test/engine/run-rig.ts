/** Owns run folders in a temporary place for tests of recovery: manifest, key, a host on the real log, its redecision. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { machineScheduler } from '#actors/machine-scheduler'
import { firstInputs, type RecoveredRun, type RecoverOptions, recoverRun } from '#actors/recover-run'
import type { Decider } from '#core/decider'
import { Dispatcher, type Input } from '#engine/dispatcher'
import { LiveHost } from '#engine/live'
import type { HostProblem, LiveHostOptions, TimedSource } from '#engine/live.port'
import { jumpingClock } from '#engine/live-clock'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'
import { loadOrCreateSigner, type Signer } from '#events/log/keys'
import { configurationHash, writeManifest } from '#events/log/manifest'
import { forEachGroup } from '#events/log/reader'
import { BarSource, bar, running, START } from './live-rig.js'
import { smallAgents } from './small-agents.js'

export interface Home {
  readonly path: string
  readonly signer: Signer
  newRun(): string
  /** A copy of a run folder, to damage. */
  copyOf(runDir: string): string
  remove(): void
}

export function makeHome(): Home {
  const path = mkdtempSync(join(tmpdir(), 'quantbot-recover-'))
  const signer = loadOrCreateSigner(path)
  let runs = 0
  const folder = (): string => join(path, `run-${++runs}`)
  return {
    path,
    signer,
    newRun: () => {
      const runDir = folder()
      mkdirSync(runDir)
      writeManifest(runDir, {
        format: 1,
        run: 'test',
        mode: 'sim',
        log: 'full',
        seed: 3,
        configuration: {},
        configurationHash: configurationHash({}),
        codeVersion: '0',
        node: '0',
        v8: '0',
        arch: 'test',
        packages: {},
        agents: [],
        tape: [],
        history: [],
        publicKey: signer.publicKey,
        createdAt: START,
      })
      return runDir
    },
    copyOf: (runDir) => {
      const copy = folder()
      cpSync(runDir, copy, { recursive: true, filter: (file) => !/(?:lock\.\d+|\.sock)$/.test(file) })
      return copy
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

export interface Session {
  readonly recovered: RecoveredRun
  readonly host: LiveHost
  readonly source: BarSource
  readonly problems: HostProblem[]
  readonly committed: AnyEvent[]
}

export interface SessionOptions {
  readonly signer: Signer
  readonly bars: number
  readonly closes?: ReadonlyMap<number, number>
  readonly deciders?: readonly Decider<unknown>[]
  readonly host?: Partial<LiveHostOptions>
  readonly log?: Partial<RecoverOptions['log']>
  readonly everyEvents?: number
  readonly history?: RecoverOptions['history']
  /** In place of the test's bars; given a way to look at the host's dispatcher once it is there. */
  readonly feed?: (dispatcher: () => Dispatcher) => readonly TimedSource[]
}

/** Recovers (or begins) a run and prepares a host on it, its first inputs pushed. */
export function openSession(runDir: string, options: SessionOptions): Session {
  const deciders = options.deciders ?? smallAgents
  const source = new BarSource(options.bars, options.closes)
  const made: { host?: LiveHost } = {}
  const sources = options.feed?.(() => made.host!.dispatcher) ?? [source]
  const recovered = recoverRun({
    runDir,
    deciders,
    runSeed: 3,
    sources,
    log: { signer: options.signer, sync: 'none', ...options.log },
    ...(options.history ? { history: options.history } : {}),
  })
  const { writer, snapshots, resume, refoldAgent } = recovered
  const problems: HostProblem[] = []
  const committed: AnyEvent[] = []
  const host = new LiveHost({
    deciders,
    runSeed: 3,
    log: writer,
    clock: jumpingClock(Math.max(START, resume.ts)),
    scheduler: machineScheduler,
    groupEvents: 32,
    groupMs: 5,
    stallMs: 10_000,
    sources,
    resume,
    refoldAgent,
    snapshots: { port: snapshots, everyEvents: options.everyEvents ?? 150 },
    onCommitted: (events) => committed.push(...events),
    onProblem: (problem) => problems.push(problem),
    ...options.host,
  })
  made.host = host
  const ts = Math.max(START, resume.ts)
  for (const input of firstInputs(recovered, { mode: 'sim', codeVersion: '0', node: '0' }, ts)) host.push(input)
  for (const decider of deciders) host.push({ ...running(decider.name), ts })
  return { recovered, host, source, problems, committed }
}

/** Runs a session until its source has ended and everything is durable. */
export async function runSession(runDir: string, options: SessionOptions): Promise<Session> {
  let session: Session | undefined
  await new Promise<void>((resolve) => {
    session = openSession(runDir, { ...options, host: { ...options.host, onIdle: resolve } })
    session.host.start()
  })
  return session!
}

export async function endSession(session: Session): Promise<void> {
  await session.host.stop()
  await session.recovered.writer.close({ seal: false })
}

/** Pushes bars `from … to − 1` and waits until they are durable. */
export async function feed(
  session: Session,
  from: number,
  to: number,
  closes: ReadonlyMap<number, number>,
): Promise<void> {
  for (let i = from; i < to; i++) session.host.push({ ...bar(i, closes.get(i)), by: 'feed/test' })
  await until(() => session.host.waiting === 0 && session.host.lastCommit?.lastSeq === session.host.dispatcher.seq)
}

/** Waits in turns of the event loop, never by time. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

export function linesOf(runDir: string): string[] {
  const lines: string[] = []
  forEachGroup(runDir, (group) => {
    lines.push(...group.toString('utf8').split('\n').slice(0, -1))
  })
  return lines
}

export const eventsOf = (runDir: string): AnyEvent[] => linesOf(runDir).map((line) => JSON.parse(line) as AnyEvent) // our own lines

export interface Redecided {
  readonly lines: readonly string[]
  /** States after the step that ended with this seq, as JSON by agent. */
  readonly states: ReadonlyMap<number, ReadonlyMap<string, string>>
}

/** Decides the recorded inputs again in a dispatcher that was never interrupted. */
export function redecide(
  events: readonly AnyEvent[],
  deciders: readonly Decider<unknown>[] = smallAgents,
  history: Iterable<Input> = [],
  restored?: (agent: string, event: AnyEvent) => unknown,
): Redecided {
  const lines = new LineBuffer()
  const dispatcher = new Dispatcher({ deciders, runSeed: 3, lines, log: 'full', startRunning: false })
  for (const input of history) dispatcher.warm(input)
  const states = new Map<number, ReadonlyMap<string, string>>()
  for (const event of events) {
    const { type, by, ts, data, cause } = event
    if (cause !== 0) continue
    if (event.type === 'AgentRestored' && restored)
      dispatcher.restore(event.data.agent, restored(event.data.agent, event))
    dispatcher.step({ type, by, ts, data })
    const now = dispatcher.slots.map((slot) => [slot.decider.name, JSON.stringify(slot.state)] as const)
    states.set(dispatcher.seq, new Map(now))
  }
  return { lines: new TextDecoder().decode(lines.view()).split('\n').slice(0, -1), states }
}

export const asText = (states: ReadonlyMap<string, unknown>): Map<string, string> =>
  new Map([...states].map(([agent, state]) => [agent, JSON.stringify(state)]))
