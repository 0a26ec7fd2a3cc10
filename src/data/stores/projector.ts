/**
 * Owns bringing an aggregate store up to a run's log and keeping it there. Reads the committed log and nothing else, one
 * batch at a time, so its memory is bounded however far it is behind; what could not be written is simply read again. Never
 * throws into the process that it runs in and never blocks it for longer than a slice of parsing.
 */
import { isQuantbotError, QuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import type { EpochMs } from '#core/time'
import { wait } from '#core/wait'
import type { AnyEvent } from '#events/catalogue'
import { projectInto } from './projection.js'
import type { AggregateStore, RunInfo } from './store.port.js'
import type { Row } from './tables.js'

/** Committed events in order, whole groups: those of types that leave rows, and how far the groups went. */
export interface CommittedEvents {
  readonly events: readonly AnyEvent[]
  readonly lastSeq: number
  readonly lastTs: EpochMs
}

/** A place in a log that moves on. */
export interface CommittedCursor {
  /** What follows, at most about `limit` events of the log; undefined where the log ends for now: ask again later. */
  next(limit: number): Promise<CommittedEvents | undefined>
  close(): void
}

/** Opens a log behind `after`. Throws LOG_CORRUPT for one that cannot be trusted or whose start is archived. */
export type OpenCommitted = (after: number) => CommittedCursor

export interface ProjectorOptions {
  readonly store: AggregateStore
  readonly run: RunInfo
  readonly open: OpenCommitted
  readonly time: TimePort
  /** Events of the log in a transaction; default 5000. */
  readonly batchEvents?: number
  /** Between two looks at a log that had ended; default 250 ms. `wake` looks at once. */
  readonly idleMs?: number
  /** First and longest wait after a failure; default 250 ms and 30 s. */
  readonly retryMs?: readonly [first: number, longest: number]
  /** Failures began; each code is told once, until they are over. */
  readonly onTrouble?: (error: QuantbotError) => void
  readonly onMended?: () => void
}

export interface ProjectorStatus {
  readonly run: string
  readonly state: 'starting' | 'catching up' | 'up to date' | 'unavailable' | 'stopped'
  /** Last seq in the store, and the last one that `wake` told of (0 where none did). */
  readonly position: number
  readonly logSeq: number
  /** Seqs behind the log, as far as it is known. */
  readonly lag: number
  readonly rows: number
  /** Events a second over the last batches. */
  readonly eventsPerSecond: number
  readonly error: { readonly code: string; readonly message: string } | undefined
}

/** A rollup that the server keeps is renewed at most this often, and when the log's end is reached; chosen here. */
const REFRESH_MS = 60_000

export class Projector {
  readonly #options: ProjectorOptions
  readonly #stop = new AbortController()
  #wake: () => void = () => undefined
  #ended: Promise<void> | undefined
  #state: ProjectorStatus['state'] = 'starting'
  #position = 0
  #logSeq = 0
  #rows = 0
  #rate = 0
  #error: ProjectorStatus['error']
  /** Codes that were told since all was well. */
  readonly #told = new Set<string>()
  #refreshedAt = Number.NEGATIVE_INFINITY
  #failures = 0

  constructor(options: ProjectorOptions) {
    this.#options = options
  }

  /** Begins; goes on until `stop`. */
  start(): void {
    this.#ended ??= this.#runForever()
  }

  /** The log is written up to here. */
  wake(lastSeq: number): void {
    this.#logSeq = Math.max(this.#logSeq, lastSeq)
    this.#wake()
  }

  /** Ends after the batch in hand. The store stays open. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake()
    await this.#ended
    this.#state = 'stopped'
  }

  /** Projects to the end of the log as it is, once. Rejects with the first failure. */
  async catchUp(onBatch?: (position: number) => void): Promise<void> {
    await this.#begin()
    await this.#project(() => true, onBatch)
    await this.#options.store.refresh()
  }

  status(): ProjectorStatus {
    const logSeq = Math.max(this.#logSeq, this.#position)
    return {
      run: this.#options.run.run,
      state: this.#state,
      position: this.#position,
      logSeq,
      lag: logSeq - this.#position,
      rows: this.#rows,
      eventsPerSecond: this.#rate,
      error: this.#error,
    }
  }

  async #runForever(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#begin()
        await this.#project(() => signal.aborted)
      } catch (error) {
        this.#fail(error)
        await this.#pause(this.#retryMs())
      }
    }
  }

  async #begin(): Promise<void> {
    const { store, run } = this.#options
    await store.migrate()
    const known = (await store.runs()).find((each) => each.run === run.run)
    // Another run under the same name: nothing of the old one may stay.
    if (known !== undefined && known.createdAt !== run.createdAt) await store.rebuild(run.run)
    await store.register(run)
    this.#position = await store.position(run.run)
  }

  /** From the position on. `ends` is asked where the log ends; until then it waits for more. */
  async #project(ends: () => boolean, onBatch?: (position: number) => void): Promise<void> {
    const { open, batchEvents = 5000, idleMs = 250 } = this.#options
    let cursor = open(this.#position)
    try {
      while (!this.#stop.signal.aborted) {
        const read = await cursor.next(batchEvents)
        if (read === undefined) {
          if (ends()) return
          await this.#atEnd()
          await this.#pause(idleMs)
          continue
        }
        if (await this.#append(read)) {
          onBatch?.(this.#position)
          continue
        }
        // The store stands elsewhere: rebuilt by another process, or ahead of this one.
        cursor.close()
        cursor = open(this.#position)
      }
    } finally {
      cursor.close()
    }
  }

  /** False when the store did not take it because it stands elsewhere. */
  async #append({ events, lastSeq, lastTs }: CommittedEvents): Promise<boolean> {
    const { store, run, time } = this.#options
    const rows: Row[] = []
    for (const event of events) projectInto(rows, event)
    const begun = time.now()
    const after = this.#position
    const { position, rows: written } = await store.append({ run: run.run, after, lastSeq, lastTs, rows })
    this.#position = position
    this.#rows += written
    if (position !== lastSeq) return false
    this.#mended()
    const rate = ((lastSeq - after) * 1000) / Math.max(1, time.now() - begun)
    this.#rate = this.#rate === 0 ? rate : 0.8 * this.#rate + 0.2 * rate
    if (this.#state !== 'up to date' || this.#logSeq > position) this.#state = 'catching up'
    return true
  }

  async #atEnd(): Promise<void> {
    const { store, time } = this.#options
    if (this.#state !== 'up to date') {
      this.#mended()
      this.#state = 'up to date'
    }
    if (time.now() - this.#refreshedAt < REFRESH_MS) return
    this.#refreshedAt = time.now()
    await store.refresh()
  }

  #fail(error: unknown): void {
    const known = isQuantbotError(error)
      ? error
      : new QuantbotError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error })
    this.#failures++
    this.#state = 'unavailable'
    this.#error = { code: known.code, message: known.message }
    if (this.#told.has(known.code)) return
    this.#told.add(known.code)
    unharmed(() => this.#options.onTrouble?.(known))
  }

  #mended(): void {
    if (this.#error === undefined) return
    this.#error = undefined
    this.#failures = 0
    this.#told.clear()
    unharmed(() => this.#options.onMended?.())
  }

  #retryMs(): number {
    const [first, longest] = this.#options.retryMs ?? [250, 30_000]
    return Math.min(longest, first * 2 ** Math.min(this.#failures - 1, 20))
  }

  /** Ends early when woken while up to date, and when stopped. */
  async #pause(ms: number): Promise<void> {
    const waiting = new AbortController()
    const stop = (): void => waiting.abort()
    this.#stop.signal.addEventListener('abort', stop, { once: true })
    if (this.#state !== 'unavailable') this.#wake = stop
    if (this.#stop.signal.aborted) stop()
    await wait(this.#options.time, ms, waiting.signal)
    this.#wake = () => undefined
    this.#stop.signal.removeEventListener('abort', stop)
  }
}

/** A listener that fails must not end the projecting. */
function unharmed(tell: () => void): void {
  try {
    tell()
  } catch {
    // What it was told stands in the status too.
  }
}
