/**
 * Owns the stream of server-sent events: the head when it has moved, at most four times a second, and the status once a second. A reader
 * that does not keep up is told the newest later, never everything, and is dropped when it takes nothing for long: at most one message
 * waits for each. Bounded in number. Never asks the view for a state.
 */
import type { ServerResponse } from 'node:http'
import type { RunViewPort } from '#audit/view/view.port'
import type { TimePort } from '#core/ports'
import { SECOND_MS } from '#core/time'

/** Followers at a time: pages of one person and some more (ours). */
export const STREAMS_MAX = 24
const TICK_MS = 250
const STATUS_TICKS = 4
/** A reader that takes nothing for so long is gone (ours). */
const BLOCKED_MS_MAX = 15 * SECOND_MS

/** What is said on the stream; `status` null: no process, or it does not answer. */
type Told = 'head' | 'status'

interface Follower {
  readonly response: ServerResponse
  readonly session: string
  /** Told last: a head that says the same again is not told. */
  head: string
  /** Since when it takes nothing; null: it does. */
  blockedAt: number | null
  /** What it has missed meanwhile. */
  readonly missed: Set<Told>
}

export class HeadStream {
  readonly #view: RunViewPort
  readonly #status: (() => Promise<unknown>) | null
  readonly #time: TimePort
  readonly #followers = new Set<Follower>()
  readonly #letGo: () => void
  #cancel: (() => void) | undefined
  #ticks = 0
  #hasMoved = false
  #isAsking = false
  /** JSON of the newest status. */
  #newest = 'null'

  constructor(view: RunViewPort, status: (() => Promise<unknown>) | null, time: TimePort) {
    this.#view = view
    this.#status = status
    this.#time = time
    this.#letGo = view.onHead(() => {
      this.#hasMoved = true
    })
  }

  get size(): number {
    return this.#followers.size
  }

  get isFull(): boolean {
    return this.#followers.size >= STREAMS_MAX
  }

  /** Head and status are told at once. The response has its headers. */
  follow(response: ServerResponse, session: string): void {
    const follower: Follower = { response, session, head: '', blockedAt: null, missed: new Set() }
    this.#followers.add(follower)
    response.on('close', () => this.#leave(follower))
    response.on('error', () => this.#drop(follower))
    response.on('drain', () => this.#drained(follower))
    response.write('retry: 2000\n\n')
    this.#tell(follower, 'head')
    this.#tell(follower, 'status')
    this.#cancel ??= this.#time.after(TICK_MS, () => this.#tick())
    void this.#askStatus()
  }

  /** Ends the streams of a session that has ended. */
  end(session: string): void {
    for (const follower of this.#followers) if (follower.session === session) this.#drop(follower)
  }

  /** The newest head once more, then the end. */
  close(): void {
    this.#letGo()
    this.#cancel?.()
    for (const follower of [...this.#followers]) {
      this.#tell(follower, 'head')
      follower.response.end()
    }
    this.#followers.clear()
  }

  #tick(): void {
    this.#cancel = undefined
    if (this.#followers.size === 0) return
    this.#cancel = this.#time.after(TICK_MS, () => this.#tick())
    if (this.#hasMoved) {
      this.#hasMoved = false
      for (const follower of this.#followers) this.#tell(follower, 'head')
    }
    if (++this.#ticks % STATUS_TICKS === 0) void this.#askStatus()
    const since = this.#time.now() - BLOCKED_MS_MAX
    for (const follower of this.#followers)
      if (follower.blockedAt !== null && follower.blockedAt < since) this.#drop(follower)
  }

  async #askStatus(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    const status = await (this.#status?.() ?? Promise.resolve(null)).catch(() => null)
    this.#isAsking = false
    this.#newest = JSON.stringify(status)
    for (const follower of this.#followers) this.#tell(follower, 'status')
  }

  #tell(follower: Follower, what: Told): void {
    if (follower.blockedAt !== null) {
      follower.missed.add(what)
      return
    }
    const data = what === 'head' ? JSON.stringify(this.#view.head()) : this.#newest
    if (what === 'head' && data === follower.head) return
    if (what === 'head') follower.head = data
    // JSON of one line: no text of the log can end a message and begin another.
    if (!follower.response.write(`event: ${what}\ndata: ${data}\n\n`)) follower.blockedAt = this.#time.now()
  }

  #drained(follower: Follower): void {
    follower.blockedAt = null
    const missed = [...follower.missed]
    follower.missed.clear()
    for (const what of missed) this.#tell(follower, what)
  }

  #drop(follower: Follower): void {
    this.#leave(follower)
    follower.response.destroy()
  }

  #leave(follower: Follower): void {
    this.#followers.delete(follower)
  }
}
