/**
 * Owns running a live host on recorded inputs: a timed source of them, a real log writer on a temporary folder, a clock that jumps
 * from input to input. Never waits for time.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyDecider } from '#actors/catalogue'
import { machineScheduler } from '#actors/machine-scheduler'
import type { SchedulerPort } from '#core/ports'
import type { Input } from '#engine/dispatcher'
import { LiveHost } from '#engine/live'
import type { HostProblem, TimedSource } from '#engine/live.port'
import { jumpingClock } from '#engine/live-clock'
import { isDerivedLine } from '#events/log/fingerprint'
import { loadOrCreateSigner } from '#events/log/keys'
import { configurationHash, type Json, writeManifest } from '#events/log/manifest'
import { forEachGroup, forEachLine } from '#events/log/reader'
import { LogWriter } from '#events/log/writer'

/** Turns of the event loop; the machine's clock only measures latency, which enters no event. */
export const inTurns: SchedulerPort = machineScheduler

/** What a supervisor says when an agent may decide. */
export function runningInputs(deciders: readonly AnyDecider[], ts: number): Input[] {
  return deciders.map(({ name }) => ({
    type: 'AgentLifecycleChanged',
    by: 'supervisor/root',
    ts,
    data: { agent: name, from: 'starting', to: 'running', reason: 'started', restarts: 0 },
  }))
}

/** Recorded inputs, pulled when their time has come. Fired timers are the host's own business and are left out. */
export class InputsSource implements TimedSource {
  readonly name = 'source/recorded'
  readonly version = '1'
  readonly #inputs: readonly Input[]
  #at = 0

  constructor(inputs: readonly Input[]) {
    this.#inputs = inputs.filter((input) => input.type !== 'TimerFired')
  }

  peek(): Input | undefined {
    const input = this.#inputs[this.#at]
    return input === undefined ? undefined : { ...input, data: structuredClone(input.data) }
  }

  next(): void {
    this.#at++
  }

  state(): unknown {
    return { at: this.#at }
  }

  restore(state: unknown): void {
    this.#at = (state as { at: number }).at // what `state` gave
  }
}

export interface LiveRun {
  readonly home: string
  readonly deciders: readonly AnyDecider[]
  readonly seed: number
  readonly configuration: { readonly [key: string]: Json }
  readonly inputs: readonly Input[]
}

/** Runs all inputs through a host onto a new run folder below `home`; gives the folder, closed. Throws what the host reports. */
export async function runLive({ home, deciders, seed, configuration, inputs }: LiveRun): Promise<string> {
  const runDir = join(home, 'runs', 'live')
  mkdirSync(runDir, { recursive: true })
  const signer = loadOrCreateSigner(home)
  const start = inputs[0]?.ts ?? 1
  writeManifest(runDir, {
    format: 1,
    run: 'live',
    mode: 'sim',
    log: 'full',
    seed,
    configuration,
    configurationHash: configurationHash(configuration),
    codeVersion: '0',
    node: '0',
    v8: '0',
    arch: 'test',
    packages: {},
    agents: [],
    tape: [],
    history: [],
    publicKey: signer.publicKey,
    createdAt: start,
  })
  const { writer } = LogWriter.open(runDir, { signer, sync: 'none' })
  const problems: HostProblem[] = []
  await new Promise<void>((resolve) => {
    const host = new LiveHost({
      deciders,
      runSeed: seed,
      log: writer,
      clock: jumpingClock(start),
      scheduler: inTurns,
      groupEvents: 37,
      groupMs: 5,
      stallMs: 60_000,
      sources: [new InputsSource(inputs)],
      onCommitted: () => undefined,
      onProblem: (problem) => problems.push(problem),
      onIdle: () => void host.stop().then(() => resolve()),
    })
    host.start()
  })
  await writer.close({ seal: false })
  if (problems.length > 0) throw new Error(problems.map(({ code, detail }) => `${code}: ${detail}`).join('; '))
  return runDir
}

/** Lines of a log, those of inputs and those that follow from them apart, with their newlines. */
export function linesOfLog(runDir: string): { inputs: string; derived: string } {
  const inputs: string[] = []
  const derived: string[] = []
  forEachGroup(runDir, (group) => {
    forEachLine(group, (bytes, start, end) => {
      const target = isDerivedLine(bytes, start, end) ? derived : inputs
      target.push(bytes.toString('utf8', start, end).replace(/\n?$/, '\n'))
    })
  })
  return { inputs: inputs.join(''), derived: derived.join('') }
}
