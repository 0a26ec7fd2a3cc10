/**
 * Owns asking the trading thread from another one: each question has an answer in time, or none at all. A command that the process
 * did not take up in time is not carried out later; one that it took is waited for as long as a disk may need.
 */
import { ERRORS, QuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import { SECOND_MS } from '#core/time'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import type { PageCommand, PageProcess } from '#monitoring/page/page.port'
import type { Asked, FromObserver, ToObserver } from './messages.js'

/** The process has so long to answer, or to take a command up (ours). */
export const TAKE_MS = 2 * SECOND_MS
/** A process that takes it at the last moment has so long to say so. */
const GRACE_MS = 500
/** A command that was taken up is on disk by then, or the log stalls. */
const OUTCOME_MS = 30 * SECOND_MS
/** A status is shared by everybody who asks within this time. */
const FRESH_MS = 500

interface Open {
  readonly asked: Asked
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  cancel: () => void
}

export class Calls implements PageProcess {
  readonly #post: (message: FromObserver) => void
  readonly #time: TimePort
  readonly #open = new Map<number, Open>()
  #id = 0
  #status: { readonly at: number; readonly answer: Promise<LiveStatus | null> } | undefined

  constructor(post: (message: FromObserver) => void, time: TimePort) {
    this.#post = post
    this.#time = time
  }

  status(): Promise<LiveStatus | null> {
    const now = this.#time.now()
    if (this.#status === undefined || now - this.#status.at >= FRESH_MS || now < this.#status.at)
      // The answer of our own process to `status`.
      this.#status = { at: now, answer: this.#ask({ do: 'status' }) as Promise<LiveStatus | null> }
    return this.#status.answer
  }

  command(command: PageCommand): Promise<unknown> {
    return this.#ask(command)
  }

  heard(message: ToObserver): void {
    if (message.kind !== 'answer' && message.kind !== 'failure' && message.kind !== 'taken') return
    const open = this.#open.get(message.id)
    if (open === undefined) return
    open.cancel()
    if (message.kind === 'taken') {
      open.cancel = this.#time.after(OUTCOME_MS, () => this.#giveUp(message.id, stalled(open.asked)))
      return
    }
    this.#open.delete(message.id)
    if (message.kind === 'answer') open.resolve(message.result)
    else open.reject(new QuantbotError(codeOf(message.failure.code), message.failure.message))
  }

  /** Whoever waits is told so. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#giveUp(id, 'the process is ending')
  }

  #ask(asked: Asked): Promise<unknown> {
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      const cancel = this.#time.after(TAKE_MS + GRACE_MS, () => this.#giveUp(id, unheard(asked)))
      this.#open.set(id, { asked, resolve, reject, cancel })
      this.#post({ kind: 'ask', id, expiresAt: this.#time.now() + TAKE_MS, asked })
    })
  }

  #giveUp(id: number, why: string): void {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.cancel()
    open?.reject(new QuantbotError('UNRESPONSIVE', why))
  }
}

const unheard = (asked: Asked): string =>
  `the process has not answered for ${TAKE_MS / 1000} s${asked.do === 'status' ? '' : `; ${asked.do} was not carried out`}`
const stalled = ({ do: what }: Asked): string =>
  `${what} was taken up and is not on disk after ${OUTCOME_MS / 1000} s: the log stalls, and it may still be carried out`

const codeOf = (code: string): keyof typeof ERRORS =>
  Object.hasOwn(ERRORS, code) ? (code as keyof typeof ERRORS) : 'INTERNAL' // looked up
