/**
 * Owns delivery to one sink: one letter at a time, in order, again until it is taken. Has time-outs everywhere, so that a sink that is
 * dead, slow or endless delays nobody, itself aside. Never throws, never tells what a server said.
 */
import type { TimePort } from '#core/ports'
import { MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { FAILURES, SinkFailed } from './failures.js'
import type { Letter } from './letter.js'
import type { FailureCode, NotifierOptions, SinkName, SinkStatus } from './notify.port.js'
import type { Spool } from './spool.js'

export interface Sink {
  readonly name: SinkName
  /** Fulfilled when the server took it; SinkFailed otherwise. `refused`: recipients that it did not take, of several. */
  deliver(letter: Letter, signal: AbortSignal): Promise<{ readonly refused: number }>
}

/** Kept beside the position, so that a restart goes on counting. */
export interface Tally {
  delivered: number
  failures: number
  givenUp: number
  collapsed: number
  lastError: { readonly code: FailureCode; readonly status: number | null; readonly at: number } | null
  isFailing: boolean
  lastDeliveryAt: number | null
}

export const emptyTally = (): Tally => ({
  delivered: 0,
  failures: 0,
  givenUp: 0,
  collapsed: 0,
  lastError: null,
  isFailing: false,
  lastDeliveryAt: null,
})

/** One attempt, all of it (ours). */
const ATTEMPT_MS = MINUTE_MS
/** First wait, and the longest: for what mends itself, and for what a person must mend. */
const BACKOFF = {
  later: { firstMs: SECOND_MS, capMs: 5 * MINUTE_MS },
  sink: { firstMs: 30 * SECOND_MS, capMs: 15 * MINUTE_MS },
} as const
/** Whatever a server asks for. */
const LONGEST_WAIT_MS = 60 * MINUTE_MS

export interface SinkQueueOptions extends Pick<NotifierOptions, 'onTrouble'> {
  readonly sink: Sink
  readonly spool: Spool
  readonly tally: Tally
  readonly time: TimePort
  readonly random: () => number
}

export class SinkQueue {
  readonly #options: SinkQueueOptions
  readonly #stopped = new AbortController()
  /** Ends the wait before the next attempt. */
  #nap: AbortController | undefined
  #running: Promise<void> | undefined
  #failures = 0
  #isLast = false

  constructor(options: SinkQueueOptions) {
    this.#options = options
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#running !== undefined || this.#stopped.signal.aborted) return
    this.#running = this.#drain().finally(() => {
      this.#running = undefined
      // What came between the last look and here.
      if (!this.#isLast && this.#options.spool.length > 0) this.wake()
    })
  }

  /** Sends what waits for at most so long, unless the sink fails. */
  async stop(forMs: number): Promise<void> {
    this.#isLast = true
    if (this.#failures > 0) this.#stopped.abort()
    this.#nap?.abort()
    const cancel = this.#options.time.after(forMs, () => this.#stopped.abort())
    await this.#running
    cancel()
    this.#stopped.abort()
  }

  status(): SinkStatus {
    const { sink, spool, tally } = this.#options
    return { sink: sink.name, queued: spool.length, ...tally, lastError: tally.lastError && { ...tally.lastError } }
  }

  async #drain(): Promise<void> {
    const { spool } = this.#options
    while (!this.#stopped.signal.aborted) {
      const letter = spool.take()
      if (letter === undefined) return
      const waitMs = await this.#attempt(letter)
      if (waitMs === 0) continue
      if (this.#isLast) return
      this.#nap = new AbortController()
      await wait(this.#options.time, waitMs, this.#nap.signal)
      this.#nap = undefined
    }
  }

  /** How long to wait before the next one. */
  async #attempt(letter: Letter): Promise<number> {
    const { sink, spool, tally, time } = this.#options
    try {
      const { refused } = await this.#deliver(letter)
      spool.delivered()
      if (tally.isFailing) this.#tell('recovered', `after ${this.#failures} failed attempts`)
      this.#failures = 0
      tally.delivered++
      tally.isFailing = false
      tally.lastDeliveryAt = time.now()
      if (refused > 0)
        this.#tell(
          'recipient-refused',
          `${refused} of the recipients were refused. ${FAILURES['recipient-refused'].mend}`,
        )
      return 0
    } catch (error) {
      if (this.#stopped.signal.aborted) return 0
      const failure = error instanceof SinkFailed ? error : new SinkFailed('failed')
      return this.#failed(failure, letter, sink.name)
    }
  }

  #failed({ code, status, waitMs }: SinkFailed, letter: Letter, name: SinkName): number {
    const { spool, tally, time, random } = this.#options
    const isNews = !tally.isFailing || tally.lastError?.code !== code
    tally.failures++
    tally.isFailing = true
    tally.lastError = { code, status, at: time.now() }
    const { concerns, mend } = FAILURES[code]
    const answer = status === null ? '' : ` (${status})`
    if (concerns === 'letter') {
      tally.givenUp++
      spool.delivered()
      this.#tell(code, `${name}${answer}: letter ${letter.id} was given up. ${mend}`)
      return 0
    }
    if (isNews) this.#tell(code, `${name}${answer}: ${spool.length} wait. ${mend}`)
    const { firstMs, capMs } = BACKOFF[concerns]
    const backoff = Math.min(capMs, firstMs * 2 ** Math.min(this.#failures, 20))
    this.#failures++
    return Math.max(Math.min(waitMs, LONGEST_WAIT_MS), Math.round(backoff * (1 - random() / 2)), 1)
  }

  /** Also ends where the sink’s own code hangs on. */
  async #deliver(letter: Letter): Promise<{ readonly refused: number }> {
    const { sink, time } = this.#options
    const attempt = new AbortController()
    const stop = (): void => attempt.abort()
    this.#stopped.signal.addEventListener('abort', stop, { once: true })
    const cancel = time.after(ATTEMPT_MS, stop)
    const over = new Promise<never>((_, reject) => {
      attempt.signal.addEventListener('abort', () => reject(new SinkFailed('timeout')), { once: true })
    })
    try {
      return await Promise.race([sink.deliver(letter, attempt.signal), over])
    } finally {
      cancel()
      this.#stopped.signal.removeEventListener('abort', stop)
    }
  }

  #tell(code: FailureCode | 'recovered', detail: string): void {
    this.#options.onTrouble?.({ sink: this.#options.sink.name, code, detail })
  }
}
