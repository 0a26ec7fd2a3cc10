/**
 * Owns the composition of one trading process: recovery, live host, supervisor, feeds, commands, observers. Effects and
 * observers see events only once they are durable. Never decides and never reads argv or the environment.
 */
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import type { Commit, SchedulerPort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'
import type { Input } from '#engine/dispatcher'
import { LiveHost, type PushedInput } from '#engine/live'
import type { HostProblem } from '#engine/live.port'
import type { HostClock } from '#engine/live-clock'
import type { AnyEvent } from '#events/catalogue'
import type { FundsTransferred, ProcessStarted, ProcessStopped } from '#events/lifecycle.events'
import type { RiskState } from '#risk/engine.decider'
import { transferRefusal } from '#risk/transfer-refusal'
import { AgentRestarts } from './agent-restarts.js'
import type { AnyDecider } from './catalogue.js'
import { deciderAgent, feedsOf } from './decider-agent.js'
import { Counter } from './event-counter.js'
import type { Feed } from './feed.port.js'
import { InputFunnel } from './input-funnel.js'
import {
  type CommandOutcome,
  type OperatorCommand,
  OperatorCommands,
  type TransferOutcome,
} from './operator-commands.js'
import { firstInputs, proveRest, type RecoveredRun, type RecoverOptions, recoverRun } from './recover-run.js'
import type { RestartPolicy } from './restart-policy.js'
import { type RunState, type RunStatus, runStatus } from './run-status.js'
import { Subject, type Subscription } from './streams.js'
import { Supervisor } from './supervisor.js'
import { within } from './within.js'

/** Events of whole steps that became durable together. */
export interface Committed {
  readonly events: readonly AnyEvent[]
  readonly commit: Commit
}

export interface TradingOptions {
  readonly runId: string
  readonly runDir: string
  readonly process: Pick<ProcessStarted['data'], 'mode' | 'codeVersion' | 'node'>
  readonly pid: number
  readonly config: Config
  readonly deciders: readonly AnyDecider[]
  /** Feeds over what the host will trade: they are asked for inputs only after `start`. */
  readonly feeds: readonly Feed[]
  readonly history: () => Iterable<Input>
  readonly log: RecoverOptions['log']
  readonly scheduler: SchedulerPort
  /** The clock of the host from where the run goes on. */
  readonly clockFrom: (ts: EpochMs) => HostClock
  /** No event is earlier. */
  readonly startTs: EpochMs
  /** Simulated ms a real one; null for real time and for as fast as it goes. */
  readonly speed: number | null
  /** Before everything else in a new run: StateCarried of a child. */
  readonly carried?: readonly PushedInput[]
  readonly restarts?: RestartPolicy
  readonly healthIntervalMs?: DurationMs
  readonly onProblem: (problem: TradingProblem) => void
  /** Everything is on disk; the run's lock is still held. Must not throw. */
  readonly beforeRelease?: () => Promise<void>
  /** Feeds have ended and nothing waits. */
  readonly onIdle?: () => void
}

/** Something a person should know; `isFatal`: the process must end. */
export interface TradingProblem {
  readonly code:
    | HostProblem['code']
    | 'observer-threw'
    | 'supervisor-threw'
    | 'stream-failed'
    | 'log-corrupt'
    | 'refused'
    | 'page'
  readonly detail: string
  readonly isFatal: boolean
}

/** Longest wait for the seal of a process that ends, and for a write that hangs in the system (ours). */
const STOP_WAIT_MS = 30_000
/** Problems that status remembers. */
const PROBLEMS_KEPT = 8

export class TradingProcess {
  readonly recovered: RecoveredRun
  readonly host: LiveHost
  readonly #options: TradingOptions
  readonly #clock: HostClock
  readonly #supervisor: Supervisor
  readonly #funnel: InputFunnel
  readonly #commands = new OperatorCommands()
  readonly #restarts: AgentRestarts
  readonly #committed = new Subject<Committed>()
  readonly #counter: Counter
  readonly #problems: string[] = []
  /** Lifecycle changes while stopping: they become the last inputs. */
  #last: PushedInput[] | undefined
  #stopping: Promise<void> | undefined
  #state: RunState = 'starting'

  /** Recovers the run, or begins it. RUN_LOCKED, LOG_CORRUPT, MANIFEST_INVALID, KEY_UNUSABLE, AGENT_UNKNOWN, AGENT_CYCLE. */
  constructor(options: TradingOptions) {
    this.#options = options
    const { runDir, deciders, config, feeds, history, log, scheduler } = options
    const recovered = recoverRun({
      runDir,
      deciders,
      runSeed: config.seed,
      history,
      sources: feeds.flatMap((feed) => feed.recovered),
      log,
    })
    this.recovered = recovered
    this.#counter = new Counter(recovered.resume.seq)
    this.#clock = options.clockFrom(Math.max(options.startTs, recovered.resume.ts))
    this.host = this.#makeHost(recovered)
    const ofDeciders = {
      isFaulted: (agent: string) => this.host.dispatcher.slot(agent).faulted,
      bringBack: (agent: string) => this.host.restore.bringBack(agent),
    }
    const agents = [...feeds, ...deciders.map((decider) => deciderAgent(decider, feedsOf(decider, feeds), ofDeciders))]
    this.#supervisor = new Supervisor({
      agents,
      seed: config.seed,
      now: () => scheduler.now(),
      emit: (input) => this.#emit(input),
      onError: (error) => this.#problem({ code: 'supervisor-threw', detail: String(error), isFatal: true }),
      ...(options.restarts ? { policy: options.restarts } : {}),
      ...(options.healthIntervalMs === undefined ? {} : { healthIntervalMs: options.healthIntervalMs }),
    })
    this.#restarts = new AgentRestarts({
      agents,
      host: this.host,
      now: () => this.#clock.now(),
      state: () => this.state,
      status: () => this.#supervisor.status(),
      restart: (agent, reason) => this.#supervisor.restart(agent, reason),
    })
    this.#funnel = new InputFunnel({
      push: (input) => this.host.push(input),
      onRefused: (input) => this.#refused(input),
      onError: (error) => this.#problem({ code: 'stream-failed', detail: String(error), isFatal: false }),
    })
  }

  #makeHost({ writer, snapshots, resume, refoldAgent }: RecoveredRun): LiveHost {
    const { deciders, config, feeds, scheduler, onIdle } = this.#options
    const { groupEvents, groupMs, stallMs, snapshotEvents } = config.log
    return new LiveHost({
      deciders,
      runSeed: config.seed,
      log: writer,
      clock: this.#clock,
      scheduler,
      groupEvents,
      groupMs,
      stallMs,
      sources: feeds.flatMap((feed) => feed.sources),
      resume,
      refoldAgent,
      snapshots: { port: snapshots, everyEvents: snapshotEvents },
      onCommitted: (events, commit) => this.#onCommitted(events, commit),
      onProblem: (problem) => this.#onHostProblem(problem),
      onRoom: () => this.#funnel.hasRoom(),
      onIdle: () => {
        if (feeds.every((feed) => feed.hasEnded)) onIdle?.()
      },
    })
  }

  get state(): RunState {
    if (this.#state === 'running') {
      const { state } = this.host
      return state === 'stalled' || state === 'halted' ? state : 'running'
    }
    return this.#state
  }

  /** Writes how the process began, starts the agents in order, then lets inputs flow. */
  async start(): Promise<void> {
    const { host, recovered } = this
    const options = this.#options
    const ts = Math.max(options.startTs, recovered.resume.ts)
    for (const input of recovered.resume.seq === 0 ? (options.carried ?? []) : []) host.push({ ...input, ts })
    for (const input of firstInputs(recovered, options.process, ts)) host.push(input)
    await this.#supervisor.start()
    if (this.#stopping) return
    this.#funnel.connect(this.#commands.inputs$)
    for (const feed of options.feeds) {
      const stream$ = feed.inputs$?.(this.#funnel.room$)
      if (stream$) this.#funnel.connect(stream$)
    }
    this.#state = 'running'
    host.start()
    if (recovered.unprovedSeq > 0) void this.#prove()
  }

  /** Durable events as they come. An observer that throws is reported and unsubscribed; it harms nobody else. */
  observe(fn: (committed: Committed) => void): Subscription {
    const subscription = this.#committed.subscribe((committed) => {
      try {
        fn(committed)
      } catch (error) {
        subscription.unsubscribe()
        this.#problem({ code: 'observer-threw', detail: String(error), isFatal: false })
      }
    })
    return subscription
  }

  /** Fulfilled when the command and all that followed from it is on disk. CONTROL_REFUSED. */
  command(command: OperatorCommand, reason: string): Promise<CommandOutcome> {
    return this.#commands.give(command, reason)
  }

  /** Money is paid in, or taken out; fulfilled when that is on disk. CONTROL_REFUSED, without a trace, where the book cannot spare it. */
  transfer(transfer: FundsTransferred['data']): Promise<TransferOutcome> {
    const { dispatcher } = this.host
    return this.#commands.transfer(transfer, () =>
      transferRefusal(dispatcher.stateOf<RiskState>('risk/engine'), this.#options.config.risk.grossCap, transfer),
    )
  }

  /** By order of the operator; fulfilled when its first change is on disk. USAGE: no such agent. CONTROL_REFUSED says why not. */
  restartAgent(name: string, reason: string): Promise<{ readonly seq: number }> {
    return this.#restarts.ask(name, reason)
  }

  status(): RunStatus {
    const { runId, process, pid, speed, scheduler } = this.#options
    return runStatus({
      runId,
      mode: process.mode,
      pid,
      speed,
      host: this.host,
      state: this.state,
      counter: this.#counter,
      agents: this.#supervisor.status(),
      problems: this.#problems,
      now: scheduler.now(),
    })
  }

  /**
   * In good order: feeds fall silent, agents stop dependants first, ProcessStopped, last commit, snapshots, seal, lock.
   * Gives the checkpointed log's end; rejects with LOG_WRITE_FAILED when something was never written. Idempotent.
   */
  stop(reason: ProcessStopped['data']['reason'], detail: string): Promise<void> {
    this.#stopping ??= this.#stop(reason, detail)
    return this.#stopping
  }

  async #stop(reason: ProcessStopped['data']['reason'], detail: string): Promise<void> {
    this.#state = 'stopping'
    for (const feed of this.#options.feeds) feed.freeze()
    this.#funnel.close()
    this.#commands.stopTaking()
    this.#last = []
    await this.#supervisor.stop()
    const stopped: PushedInput = { type: 'ProcessStopped', by: 'supervisor/root', data: { reason, detail } }
    const isWritten = await this.host.stop([...this.#last, stopped])
    this.#commands.close()
    this.#restarts.close()
    this.#committed.complete()
    await this.#options.beforeRelease?.()
    try {
      const closing = this.recovered.writer.close({ seal: true })
      const isClosed = await within(STOP_WAIT_MS, this.#options.scheduler, closing)
      if (!isWritten || !isClosed)
        throw new QuantbotError('LOG_WRITE_FAILED', `${this.#options.runDir}: the last group could not be written`)
    } finally {
      this.#state = 'stopped'
    }
  }

  #emit(input: PushedInput): void {
    if (this.#last) this.#last.push(input)
    else this.host.push(this.#restarts.atOnce(input))
  }

  #onCommitted(events: readonly AnyEvent[], commit: Commit): void {
    this.#counter.committed(events, this.#options.scheduler.now())
    for (const event of events) {
      if (event.type === 'AgentFaulted') this.#supervisor.recorded(event.data.agent, 'faulted', event.data.code)
      else if (event.type === 'AgentRestored') this.#supervisor.recorded(event.data.agent, 'restored', 'restored')
    }
    this.#commands.committed(events)
    this.#restarts.committed(events)
    this.#committed.next({ events, commit })
  }

  #onHostProblem({ code, detail, isFatal }: HostProblem): void {
    // Restorations name the agent first; the supervisor tells those that depend on it.
    const agent = code === 'restore-failed' ? /^[a-z0-9/_-]+/.exec(detail)?.[0] : undefined
    if (agent !== undefined) this.#supervisor.giveUp(agent)
    if (isFatal) for (const asked of [this.#commands, this.#restarts]) asked.close()
    this.#problem({ code, detail, isFatal })
  }

  #refused(input: PushedInput): void {
    if (input.type === 'OperatorCommanded' || input.type === 'FundsTransferred') this.#commands.refuse()
    this.#problem({ code: 'refused', detail: `${input.type} by ${input.by}`, isFatal: false })
  }

  #problem(problem: TradingProblem): void {
    this.#problems.push(`${problem.code}: ${problem.detail}`)
    if (this.#problems.length > PROBLEMS_KEPT) this.#problems.shift()
    this.#options.onProblem(problem)
  }

  /** What lies before the snapshots in use is proved while the run goes on; a damaged log ends it. */
  async #prove(attempt = 1): Promise<void> {
    const fault = await proveRest(this.#options.runDir).then(
      ({ ok, problems }) => (ok ? undefined : (problems[0]?.detail ?? 'the chain does not hold')),
      (error: unknown) => String(error),
    )
    if (fault === undefined || this.#stopping) return
    // A segment may have been sealed, and so renamed, while it was read: that is over by now.
    if (attempt === 1) return this.#prove(2)
    this.#problem({ code: 'log-corrupt', detail: fault, isFatal: true })
  }
}
