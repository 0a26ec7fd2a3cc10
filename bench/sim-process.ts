/** Owns whole trading processes on the built-in market for benchmarks: composed as `quantbot run` does, as fast as it goes. */
import { createHash } from 'node:crypto'
import { type Committed, TradingProcess } from '#actors/host'
import { machineScheduler } from '#actors/machine-scheduler'
import { openRun } from '#cli/open-run'
import { type SimRun, simRun } from '#cli/sim-run'
import { codeVersion } from '#cli/version'
import type { Config } from '#core/config/schema'

export interface SimProcess {
  readonly dir: string
  readonly sim: SimRun
  readonly process: TradingProcess
  /** Rejects on the first problem that ends the process. */
  readonly failed: Promise<never>
}

/** A new run, or one that goes on where its log ends. `sync: none` is for logs that are written to be read by a benchmark. */
export function openSimProcess(home: string, id: string, config: Config, sync: 'fdatasync' | 'none'): SimProcess {
  const sim = simRun({ config, scheduler: machineScheduler, speed: null })
  const { dir, signer } = openRun({ home, id, mode: 'sim', config, deciders: sim.deciders, createdAt: 0 })
  let fail: (error: Error) => void = () => undefined
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => undefined) // whoever waits hears of it
  const trading = new TradingProcess({
    ...sim,
    runId: id,
    runDir: dir,
    process: { mode: 'sim', codeVersion: codeVersion(), node: process.versions.node },
    pid: process.pid,
    config,
    log: { signer, segmentBytes: config.log.segmentMiB * 1024 * 1024, stallMs: config.log.stallMs, sync },
    scheduler: machineScheduler,
    onProblem: ({ code, detail, isFatal }) => {
      if (isFatal) fail(new Error(`${code}: ${detail}`))
    },
  })
  sim.watch(trading.host.dispatcher)
  return { dir, sim, process: trading, failed }
}

/** Starts it and waits for the first durable events that `found` is content with. */
export async function startUntil(opened: SimProcess, found: (committed: Committed) => boolean): Promise<void> {
  const seen = new Promise<void>((resolve) => {
    opened.process.observe((committed) => {
      if (found(committed)) resolve()
    })
  })
  await opened.process.start()
  await Promise.race([seen, opened.failed])
}

/** Runs on to `seq` or a little further and stops in good order. */
export async function runToSeq(opened: SimProcess, seq: number): Promise<void> {
  await startUntil(opened, ({ commit }) => commit.lastSeq >= seq)
  await opened.process.stop('finished', 'bench')
}

/** SHA-256 over the states of agents, in their order. */
export function hashOfStates(states: Iterable<readonly [agent: string, state: unknown]>): string {
  const hash = createHash('sha256')
  for (const [agent, state] of states) hash.update(`${agent} ${JSON.stringify(state)}\n`)
  return hash.digest('hex')
}

export function statesOf({ process: trading }: SimProcess): [string, unknown][] {
  return trading.host.dispatcher.slots.map(({ decider, state }) => [decider.name, state])
}
