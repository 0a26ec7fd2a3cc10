/**
 * Owns the two groups of a live host: one is filled while the other becomes durable. Groups are written in order, one at
 * a time; a group that fails is tried again until it is written. Never drops a group and never runs an effect itself.
 */
import { isQuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import type { Commit, LogPort, SchedulerPort } from '#core/ports'
import type { AnyEvent } from '#events/catalogue'
import { LineBuffer } from '#events/line-buffer'

/** Longest group in bytes before it is sealed (ours; the log's own bound is 64 MiB). */
const SEAL_BYTES = 16 * 1024 * 1024
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 5000

/** Whole steps that become durable together. */
export class StepGroup {
  readonly lines = new LineBuffer()
  events: AnyEvent[] = []
  /** Arrival of each input, scheduler's clock. */
  arrivals: number[] = []
  /** When its first step ran. */
  begunAt = 0
  /** When it was sealed, and its writing began. */
  sealedAt = 0

  get count(): number {
    return this.events.length
  }

  clear(): void {
    this.lines.truncate(0)
    // New arrays: who was given the old ones may keep them.
    this.events = []
    this.arrivals = []
  }
}

export interface GroupWriterOptions {
  readonly log: LogPort
  readonly scheduler: SchedulerPort
  readonly groupEvents: number
  readonly stallMs: number
  /** The group is durable; its arrays may be kept. */
  readonly onDurable: (group: StepGroup, commit: Commit) => void
  /** Writing takes too long or failed; it goes on trying. Once an episode. */
  readonly onStalled: (code: 'LOG_STALLED' | 'LOG_WRITE_FAILED', error: unknown) => void
  /** Writing goes on, after an episode that lasted this long. */
  readonly onResumed: (code: 'LOG_STALLED' | 'LOG_WRITE_FAILED', stalledMs: number) => void
  /** Trying again cannot help. */
  readonly onFailed: (error: unknown) => void
}

export class GroupWriter {
  readonly #options: GroupWriterOptions
  #filling = new StepGroup()
  #spare: StepGroup | undefined = new StepGroup()
  #stall: 'LOG_STALLED' | 'LOG_WRITE_FAILED' | undefined
  #failed = false

  constructor(options: GroupWriterOptions) {
    this.#options = options
  }

  /** The group that steps go into. */
  get filling(): StepGroup {
    return this.#filling
  }

  get isWriting(): boolean {
    return this.#spare === undefined
  }

  get isStalled(): boolean {
    return this.#stall !== undefined
  }

  /** Writing has ended for good: trying again cannot help. */
  get isFailed(): boolean {
    return this.#failed
  }

  get isFull(): boolean {
    return this.#filling.count >= this.#options.groupEvents || this.#filling.lines.length >= SEAL_BYTES
  }

  /** Begins to write the filled group and turns to the other one. The caller has seen that `isWriting` is false. */
  seal(lastSeq: number, lastTs: number): void {
    const group = this.#filling
    const spare = this.#spare
    invariant(spare !== undefined && group.count > 0, 'seal: a group is being written, or nothing is to be')
    this.#filling = spare
    this.#spare = undefined
    const begunAt = this.#options.scheduler.now()
    group.sealedAt = begunAt
    this.#write(group, group.lines.view(), lastSeq, lastTs, begunAt, FIRST_RETRY_MS)
  }

  #write(group: StepGroup, lines: Uint8Array, lastSeq: number, lastTs: number, begunAt: number, retryMs: number): void {
    const { log, scheduler, stallMs } = this.#options
    const stopTimer = scheduler.after(stallMs, () => this.#stalled('LOG_STALLED', undefined))
    const attempt = (): Promise<Commit> => log.commit(lines, group.count, lastSeq, lastTs)
    // A throw of the call itself is a failure like any other.
    new Promise<Commit>((resolve) => resolve(attempt())).then(
      (commit) => {
        stopTimer()
        this.#durable(group, commit, begunAt)
      },
      (error: unknown) => {
        stopTimer()
        if (!isQuantbotError(error) || !error.retryable) {
          this.#failed = true
          this.#options.onFailed(error)
          return
        }
        this.#stalled('LOG_WRITE_FAILED', error)
        const again = (): void =>
          this.#write(group, lines, lastSeq, lastTs, begunAt, Math.min(retryMs * 2, LAST_RETRY_MS))
        scheduler.after(retryMs, again)
      },
    )
  }

  #stalled(code: 'LOG_STALLED' | 'LOG_WRITE_FAILED', error: unknown): void {
    if (this.#stall !== undefined || this.#failed) return
    this.#stall = code
    this.#options.onStalled(code, error)
  }

  #durable(group: StepGroup, commit: Commit, begunAt: number): void {
    const stall = this.#stall
    this.#stall = undefined
    if (stall !== undefined) this.#options.onResumed(stall, this.#options.scheduler.now() - begunAt)
    const { onDurable } = this.#options
    try {
      onDurable(group, commit)
    } finally {
      group.clear()
      this.#spare = group
    }
  }
}
