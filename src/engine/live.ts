/**
 * Owns a running process of quantbot: takes inputs, steps them, makes whole steps durable in groups, and only then lets
 * effects see them. Pure but for its ports; never drops an input that has a seq, and never runs an effect before its commit.
 */
import { invariant } from '#core/invariant'
import type { Commit } from '#core/ports'
import type { EpochMs } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import { Dispatcher, type Input } from './dispatcher.js'
import { InputQueue, type Pushed } from './input-queue.js'
import type { HostProblem, HostState, LiveHostOptions } from './live.port.js'
import { ClockWatch } from './live-clock.js'
import { GroupWriter, type StepGroup } from './live-groups.js'
import { HOST_CLOCK, LiveInputs } from './live-inputs.js'
import { LiveRestore } from './live-restore.js'
import { type SnapshotTurns, snapshotTurns } from './live-snapshots.js'
import { HostTimings } from './live-timings.js'
import { TimerHeap } from './timers.js'

/** An input as it is pushed; `ts` is the host's clock when absent. */
export type PushedInput = Omit<Input, 'ts'> & { readonly ts?: EpochMs }

const DEFAULT_QUEUE = 65_536
/** The longest the host sleeps: a clock that steps is noticed by then. */
const MAX_SLEEP_MS = 10_000
/** Times `stallMs` that a stop waits for the log. */
const STOP_STALLS = 5
/** Steps between two looks at the scheduler's clock. */
const STEPS_A_TICK = 16

export class LiveHost {
  readonly dispatcher: Dispatcher
  /** Faulted agents on their way back. */
  readonly restore: LiveRestore
  readonly timings: HostTimings
  readonly #options: LiveHostOptions
  readonly #queue: InputQueue
  readonly #timers = new TimerHeap()
  readonly #inputs: LiveInputs
  readonly #groups: GroupWriter
  readonly #snapshots: SnapshotTurns | undefined
  readonly #clockWatch: ClockWatch
  /** Inputs of the host itself; they go before all others. */
  readonly #own: Input[] = []
  #state: HostState = 'new'
  #tick = 0
  #lastCommit: Commit | undefined
  #isScheduled = false
  #isPumping = false
  #sourcesWait = false
  #isIdle = false
  #hasNews = false
  #cancelSleep: (() => void) | undefined
  #onStopped: (() => void) | undefined

  constructor(options: LiveHostOptions) {
    this.#options = options
    const { scheduler, resume } = options
    this.timings = new HostTimings(scheduler)
    this.#queue = new InputQueue({ capacity: options.queueCapacity ?? DEFAULT_QUEUE })
    this.#groups = new GroupWriter({
      log: options.log,
      scheduler,
      groupEvents: options.groupEvents,
      stallMs: options.stallMs,
      onDurable: (group, commit) => this.#durable(group, commit),
      onStalled: (code, error) => this.#stalled(code, error),
      onResumed: (code, stalledMs) => this.#resumed(code, stalledMs),
      onFailed: (error) => this.#halt({ code: 'log-failed', detail: String(error), isFatal: true, error }),
    })
    this.dispatcher = new Dispatcher({
      deciders: options.deciders,
      runSeed: options.runSeed,
      lines: this.#groups.filling.lines,
      log: 'full',
      startRunning: false,
      observe: (event) => this.#observe(event),
    })
    if (resume) {
      for (const [agent, state] of resume.states) this.dispatcher.restore(agent, state)
      this.dispatcher.resumeAt(resume.seq, resume.ts)
      this.#timers.restore(resume.timers)
    }
    this.#clockWatch = new ClockWatch(options.clock, resume?.ts ?? 0)
    this.#inputs = new LiveInputs(this.#queue, this.#timers, options.sources ?? [], options.clock)
    this.#snapshots = snapshotTurns(options, this.dispatcher, this.#timers)
    this.restore = new LiveRestore({
      dispatcher: this.dispatcher,
      refoldAgent: options.refoldAgent,
      onRestored: (inputs) => {
        this.#own.push(...inputs)
        this.#wake()
      },
      onProblem: options.onProblem,
    })
  }

  get state(): HostState {
    return this.#state
  }

  /** Inputs that wait for their step. */
  get waiting(): number {
    return this.#queue.size + this.#own.length
  }

  /** Quotes replaced before they got a seq. */
  get coalesced(): number {
    return this.#queue.coalesced
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  get lastCommit(): Commit | undefined {
    return this.#lastCommit
  }

  /** Longest time that a snapshot kept the host from stepping. */
  get longestSnapshotPauseMs(): number {
    return this.#snapshots?.longestPauseMs ?? 0
  }

  /** History: evolved, never decided on, never written. Before the first event of a run only. */
  warm(history: Iterable<Input>): void {
    invariant(this.#state === 'new' && this.dispatcher.seq === 0, 'history comes before the first event')
    for (const input of history) this.dispatcher.warm(input)
  }

  /** Begins to take inputs; those pushed before wait until now. */
  start(): void {
    invariant(this.#state === 'new', () => `start: the host is ${this.#state}`)
    this.#state = 'running'
    this.#inputs.takeArrivedFirst()
    this.#wake()
  }

  /** Hands in what came from outside. `refused` only when the host has halted, was stopped, or just overflowed. */
  push(input: PushedInput): Pushed {
    if (this.#state === 'halted' || this.#state === 'stopping' || this.#state === 'stopped') return 'refused'
    const { type, by, data } = input
    const ts = input.ts ?? this.#options.clock.now()
    const pushed = this.#queue.push({ type, by, ts, data }, this.#options.scheduler.now())
    if (pushed === 'refused') {
      const detail = `${input.type} by ${input.by} found ${this.#queue.size} inputs waiting`
      this.#halt({ code: 'queue-overflow', detail, isFatal: true })
      return pushed
    }
    if (pushed === 'wait') this.#sourcesWait = true
    this.#wake()
    return pushed
  }

  /**
   * Steps these last inputs, makes everything taken durable, saves snapshots. Inputs that still wait are left. False when
   * the log could not take everything in time: what is missing had no effect, as after a crash.
   */
  async stop(last: readonly PushedInput[] = []): Promise<boolean> {
    if (this.#state === 'stopped') return this.#lastCommit?.lastSeq === this.dispatcher.seq
    const wasSound = this.#state === 'running' || this.#state === 'new'
    if (wasSound) {
      const ts = this.#options.clock.now()
      for (const input of last) this.#own.push({ ...input, ts: input.ts ?? ts })
    }
    this.#state = 'stopping'
    await new Promise<void>((resolve) => {
      const cancel = this.#options.scheduler.after(STOP_STALLS * this.#options.stallMs, resolve)
      this.#onStopped = () => resolve(cancel()) // the timer would keep the process alive
      this.#wake()
    })
    this.#cancelSleep?.()
    this.#state = 'stopped'
    const isDurable = !this.#groups.isWriting && this.#groups.filling.count === 0
    if (this.#snapshots && this.#lastCommit && wasSound && isDurable) await this.#snapshots.saveAll(this.#lastCommit)
    await this.#snapshots?.settled()
    return isDurable
  }

  #wake(): void {
    if (this.#isScheduled || this.#isPumping || this.#state === 'new' || this.#state === 'stopped') return
    this.#isScheduled = true
    this.#options.scheduler.soon(() => {
      this.#isScheduled = false
      this.#isPumping = true
      try {
        this.#pump()
      } catch (error) {
        // Not a decider: those fault by themselves. An input that the catalogue refuses ends here, before it is written.
        this.#halt({ code: 'step-threw', detail: String(error), isFatal: true, error })
      } finally {
        this.#isPumping = false
      }
      this.#rest()
    })
  }

  /** At most one group, so that I/O has its turn. */
  #pump(): void {
    const groups = this.#groups
    if (groups.isStalled || groups.isFailed) return
    this.#watchClock()
    this.#tick = this.timings.turn()
    for (let steps = 1; ; steps++) {
      if (groups.isFull) {
        if (!groups.isWriting) this.#seal()
        return
      }
      const own = this.#own.shift()
      if (own !== undefined) {
        this.#step(own, this.#tick)
        continue
      }
      if (this.#state !== 'running') break
      const next = this.#inputs.take(this.#tick)
      if (next === undefined) break
      this.#step(next.input, next.arrivedAt)
      if (steps % STEPS_A_TICK !== 0) continue
      this.#tick = this.#options.scheduler.now()
      const isOld = this.#tick - groups.filling.begunAt >= this.#options.groupMs
      if (isOld && !groups.isWriting) break
    }
    if (groups.filling.count > 0 && !groups.isWriting) this.#seal()
  }

  #step(input: Input, arrivedAt: number): void {
    const group = this.#groups.filling
    if (group.count === 0) group.begunAt = this.#tick
    this.#isIdle = false
    group.arrivals.push(arrivedAt)
    const from = group.count
    this.#hasNews = this.restore.isActive
    this.timings.begin()
    this.dispatcher.step(input)
    this.timings.end()
    if (this.#hasNews) this.restore.onStep(group.events.slice(from))
  }

  #observe(event: AnyEvent): void {
    this.#groups.filling.events.push(event)
    if (event.type === 'TimerRequested') this.#timers.push(event.data)
    if (event.type === 'AgentFaulted' || event.type === 'AgentLifecycleChanged') this.#hasNews = true
  }

  #seal(): void {
    this.#snapshots?.onSeal(this.dispatcher.seq)
    this.#groups.seal(this.dispatcher.seq, this.dispatcher.ts)
    this.dispatcher.useLines(this.#groups.filling.lines)
  }

  #durable(group: StepGroup, commit: Commit): void {
    this.timings.durable(group, this.#options.scheduler.now())
    this.#lastCommit = commit
    try {
      this.#options.onCommitted(group.events, commit)
    } catch (error) {
      this.#halt({ code: 'effect-threw', detail: String(error), isFatal: true, error })
    }
    this.#snapshots?.onDurable(commit)
    this.restore.onDurable(commit.lastSeq)
    if (this.#sourcesWait && this.#queue.hasRoom && this.#state === 'running') {
      this.#sourcesWait = false
      this.#options.onRoom?.()
    }
    this.#wake()
  }

  /** After a pump: goes on at once, sleeps until something is due, or says that there is nothing to do. */
  #rest(): void {
    const groups = this.#groups
    if (groups.isFailed) {
      this.#onStopped?.()
      return
    }
    if (groups.isWriting || groups.isStalled) {
      if (this.#state === 'running' && !groups.isFull && !groups.isStalled) this.#sleep()
      return
    }
    if (groups.filling.count > 0 || this.#own.length > 0) this.#wake()
    else if (this.#state === 'running') this.#sleep()
    else this.#onStopped?.()
  }

  #sleep(): void {
    this.#cancelSleep?.()
    this.#cancelSleep = undefined
    const { clock, scheduler, onIdle } = this.#options
    const isEnded = this.#inputs.isEnded
    if (!this.#groups.isWriting && isEnded && this.#queue.size === 0 && !this.#isIdle) {
      this.#isIdle = true
      onIdle?.()
    }
    const dueAt = this.#inputs.nextDueAt()
    const isDue = this.#queue.size > 0 || clock.horizon(!isEnded) >= dueAt
    if (isDue) this.#wake()
    else
      this.#cancelSleep = scheduler.after(Math.min(clock.delayUntil(dueAt), MAX_SLEEP_MS), () => {
        this.#wake()
      })
  }

  #watchClock(): void {
    const backMs = this.#clockWatch.steppedBackMs()
    if (backMs === 0) return
    this.#own.push({ type: 'ClockStepped', by: HOST_CLOCK, ts: this.#options.clock.now(), data: { backMs } })
    this.#options.onProblem({ code: 'clock-stepped', detail: `${backMs} ms back`, isFatal: false })
  }

  #stalled(code: 'LOG_STALLED' | 'LOG_WRITE_FAILED', error: unknown): void {
    if (this.#state === 'running') this.#state = 'stalled'
    const detail = `${code}: no input is taken and no effect runs until the log can be written`
    this.#options.onProblem({ code: 'log-stalled', detail, isFatal: false, error })
  }

  #resumed(code: 'LOG_STALLED' | 'LOG_WRITE_FAILED', stalledMs: number): void {
    if (this.#state === 'stalled') this.#state = 'running'
    if (this.#state !== 'running') return
    const data = { stalledMs: Math.max(0, Math.round(stalledMs)), code }
    this.#own.unshift({ type: 'LogStalled', by: 'host/log', ts: this.#options.clock.now(), data })
  }

  #halt(problem: HostProblem): void {
    if (this.#state !== 'stopping' && this.#state !== 'stopped') this.#state = 'halted'
    this.#own.length = 0
    this.#options.onProblem(problem)
    this.#wake()
  }
}
