/** Owns what a live host needs in tests: a scheduler driven by hand, a log in memory that can be slow or fail, bars. */
import type { Decider } from '#core/decider'
import { QuantbotError } from '#core/errors'
import type { Commit, LogPort, SchedulerPort } from '#core/ports'
import { Sfc32 } from '#core/random'
import type { Input } from '#engine/dispatcher'
import { LiveHost } from '#engine/live'
import type { HostProblem, LiveHostOptions, TimedSource } from '#engine/live.port'
import { type HostClock, jumpingClock } from '#engine/live-clock'
import type { AnyEvent } from '#events/catalogue'
import { smallAgents } from './small-agents.js'

/** Time passes only when a test says so. */
export class HandScheduler implements SchedulerPort {
  time = 0
  #soon: (() => void)[] = []
  #later: { at: number; fn: () => void }[] = []

  now(): number {
    return this.time
  }

  soon(fn: () => void): void {
    this.#soon.push(fn)
  }

  after(delayMs: number, fn: () => void): () => void {
    const entry = { at: this.time + delayMs, fn }
    this.#later.push(entry)
    return () => {
      this.#later = this.#later.filter((each) => each !== entry)
    }
  }

  /** Lets everything run that needs no time to pass. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const tasks = this.#soon
      this.#soon = []
      quiet = tasks.length === 0 ? quiet + 1 : 0
      for (const task of tasks) task()
      for (let i = 0; i < 20; i++) await Promise.resolve()
    }
  }

  async advance(ms: number): Promise<void> {
    const end = this.time + ms
    for (;;) {
      await this.settle()
      const next = this.#later.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#later = this.#later.filter((each) => each !== next)
      this.time = Math.max(this.time, next.at)
      next.fn()
    }
    this.time = end
    await this.settle()
  }
}

export interface MemoryGroup {
  readonly text: string
  readonly count: number
  readonly lastSeq: number
}

/** Keeps groups as text. `hold` keeps promises open, `failures` counts writes to fail. */
export class MemoryLog implements LogPort {
  readonly groups: MemoryGroup[] = []
  failures = 0
  isFatal = false
  hold = false
  calls = 0
  #held: (() => void)[] = []

  get text(): string {
    return this.groups.map((group) => group.text).join('')
  }

  get events(): AnyEvent[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AnyEvent) // written by our encoder
  }

  commitSync(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): Commit {
    this.groups.push({ text: new TextDecoder().decode(lines), count, lastSeq })
    return { lastSeq, lastTs, count, hash: String(lastSeq), segment: 1, offset: this.text.length }
  }

  async commit(lines: Uint8Array, count: number, lastSeq: number, lastTs: number): Promise<Commit> {
    this.calls++
    if (this.isFatal) throw new QuantbotError('LOG_CORRUPT', 'planned')
    if (this.failures > 0) {
      this.failures--
      throw new QuantbotError('LOG_WRITE_FAILED', 'planned')
    }
    if (this.hold) await new Promise<void>((resolve) => this.#held.push(resolve))
    return this.commitSync(lines, count, lastSeq, lastTs)
  }

  release(): void {
    this.hold = false
    for (const resolve of this.#held.splice(0)) resolve()
  }
}

export const START = 1_700_000_000_000

/** The i-th bar of a seeded market of two instruments, one a minute. */
export function bar(i: number, close?: number): Input {
  const random = Sfc32.seeded(7, i)
  const price = close ?? Math.round((100 + 10 * random.normal()) * 100) / 100
  const ts = START + Math.floor(i / 2) * 60_000
  return {
    type: 'BarClosed',
    by: 'source/test',
    ts,
    data: {
      instrument: i % 2 === 0 ? 'sim.usdm.AAA' : 'sim.usdm.BBB',
      interval: '1m',
      openTime: ts - 60_000,
      open: price,
      high: price,
      low: price,
      close: price,
      volume: 1,
    },
  }
}

/** Bars `0 … count-1`; `closes` sets some of them. */
export class BarSource implements TimedSource {
  readonly name = 'source/test'
  readonly version = '1'
  taken = 0
  readonly #count: number
  readonly #closes: ReadonlyMap<number, number>

  constructor(count: number, closes: ReadonlyMap<number, number> = new Map()) {
    this.#count = count
    this.#closes = closes
  }

  peek(): Input | undefined {
    return this.taken < this.#count ? bar(this.taken, this.#closes.get(this.taken)) : undefined
  }

  next(): void {
    this.taken++
  }

  state(): unknown {
    return { taken: this.taken }
  }

  restore(state: unknown): void {
    this.taken = (state as { taken: number }).taken // what `state` gave
  }
}

export const running = (agent: string): Input => ({
  type: 'AgentLifecycleChanged',
  by: 'supervisor/root',
  ts: START,
  data: { agent, from: 'starting', to: 'running', reason: 'started', restarts: 0 },
})

export interface Rig {
  readonly host: LiveHost
  readonly scheduler: HandScheduler
  readonly log: MemoryLog
  readonly committed: AnyEvent[]
  readonly problems: HostProblem[]
  readonly clock: HostClock
}

/** A host over the memory log; every agent runs from the start unless `silent`. */
export function rig(options: Partial<LiveHostOptions> & { readonly silent?: boolean } = {}): Rig {
  const scheduler = new HandScheduler()
  const log = new MemoryLog()
  const committed: AnyEvent[] = []
  const problems: HostProblem[] = []
  const clock = options.clock ?? jumpingClock(START)
  const deciders: readonly Decider<unknown>[] = options.deciders ?? smallAgents
  const host = new LiveHost({
    deciders,
    runSeed: 3,
    log,
    scheduler,
    groupEvents: 64,
    groupMs: 5,
    stallMs: 2000,
    onCommitted: (events) => committed.push(...events),
    onProblem: (problem) => problems.push(problem),
    ...options,
    clock,
  })
  if (options.silent !== true) for (const decider of deciders) host.push(running(decider.name))
  return { host, scheduler, log, committed, problems, clock }
}
