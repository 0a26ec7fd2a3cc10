/**
 * Owns one connection of the simulated exchange: what its session sends goes through the faults and into a bounded
 * buffer. What is sent as the answer to a message is never touched by faults of data. Never knows a protocol.
 */
import { WebSocket } from 'ws'
import type { TimePort } from '#core/ports'
import { type EpochMs, SECOND_MS } from '#core/time'
import type { FaultBoard } from './fault-board.js'
import type { SimSession, SimSocket } from './protocol.port.js'

/** A client that lets so many bytes wait is cut, as venues do; chosen well above a burst of all books. */
const BUFFER_BYTES = 16 * 1024 * 1024
/** Old frames of books that a stale one is taken from. */
const BOOKS_KEPT = 16
/** A frame that is held to be overtaken goes on by itself after this. */
const HELD_MS = SECOND_MS
/** Frames of books of the four venues, by what stands near their beginning. */
const BOOK = /depthUpdate|@depth|"orderbook\.|"channel":"books|"channel":"book\./

export interface WireDeps {
  readonly time: TimePort
  readonly board: FaultBoard
  readonly onFrame: () => void
  /** A session threw: a bug of the protocol. */
  readonly onError: (error: unknown) => void
}

export interface WireEnd {
  readonly id: number
  readonly ip: string
  readonly path: string
  readonly rawQuery: string
}

export class Wire implements SimSocket {
  readonly id: number
  readonly ip: string
  readonly path: string
  readonly rawQuery: string
  #session: SimSession | undefined
  #ws: WebSocket | undefined
  /** Sent, and closed, while the upgrade is not through yet. */
  #early: string[] = []
  #earlyClose: { readonly code: number; readonly reason: string } | undefined
  readonly #deps: WireDeps
  #last: EpochMs
  #isData = false
  #held: string | undefined
  #cancelHeld: (() => void) | undefined
  #late: { readonly at: EpochMs; readonly text: string }[] = []
  #cancelLate: (() => void) | undefined
  readonly #books: string[] = []
  #mutedUntil: EpochMs = 0

  constructor(end: WireEnd, from: EpochMs, deps: WireDeps) {
    this.id = end.id
    this.ip = end.ip
    this.path = end.path
    this.rawQuery = end.rawQuery
    this.#last = from
    this.#deps = deps
  }

  /** The upgrade is through: the client is heard from now on. */
  open(ws: WebSocket, session: SimSession): void {
    this.#ws = ws
    this.#session = session
    ws.on('message', (data) => this.#guard(() => this.#session?.onMessage(String(data))))
    ws.on('pong', () => this.#guard(() => this.#session?.onPong()))
    for (const text of this.#early) this.#write(text)
    this.#early = []
    if (this.#earlyClose !== undefined) ws.close(this.#earlyClose.code, this.#earlyClose.reason)
  }

  /** Lets the session send what happened up to `to`. */
  advance(to: EpochMs): void {
    if (to <= this.#last || this.#ws?.readyState !== WebSocket.OPEN) return
    const from = this.#last
    this.#last = to
    this.#isData = true
    this.#guard(() => this.#session?.advance(from, to))
    this.#isData = false
  }

  send(text: string): void {
    if (!this.#isData) this.#queue(text, 0)
    else this.#sendData(text)
  }

  ping(): void {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.ping()
  }

  close(code: number, reason: string): void {
    if (this.#ws === undefined) this.#earlyClose ??= { code, reason }
    else this.#ws.close(code, reason)
  }

  /** Cut without a word. */
  cut(): void {
    this.#ws?.terminate()
  }

  /** Data is lost until then, on the clock of the exchange; answers and pongs come. */
  mute(until: EpochMs): void {
    this.#mutedUntil = until
  }

  /** The connection is gone: nothing waits any longer. */
  release(): void {
    this.#cancelHeld?.()
    this.#cancelLate?.()
    this.#late = []
    this.#session = undefined
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#deps.onError(error)
      this.close(1011, 'internal error')
    }
  }

  #sendData(text: string): void {
    const { board, time } = this.#deps
    if (this.#mutedUntil > 0 && time.now() < this.#mutedUntil) return
    if (board.acting.length === 0 && this.#held === undefined) {
      this.#queue(text, 0)
      return
    }
    const isBook = BOOK.test(text.slice(0, 300))
    if (isBook) this.#keep(text)
    const meets = (kind: Parameters<FaultBoard['meets']>[0]) => board.meets(kind, 'ws', text)
    if (meets('halfOpen') || meets('drop') || (isBook && meets('sequenceGap'))) return
    const delayMs = meets('delay')?.ms ?? 0
    let frame = text
    if (meets('torn')) frame = text.slice(0, Math.max(1, text.length >> 1))
    if (meets('garbage')) frame = garbage(board.chance(), text)
    if (this.#held === undefined && meets('reorder')) {
      this.#hold(frame)
      return
    }
    this.#queue(frame, delayMs)
    this.#letGo()
    if (meets('duplicate')) this.#queue(frame, delayMs)
    if (isBook && meets('staleBook')) this.#queue(this.#books[0]!, delayMs)
  }

  #keep(text: string): void {
    this.#books.push(text)
    if (this.#books.length > BOOKS_KEPT) this.#books.shift()
  }

  #hold(text: string): void {
    this.#held = text
    this.#cancelHeld = this.#deps.time.after(HELD_MS, () => this.#letGo())
  }

  #letGo(): void {
    if (this.#held === undefined) return
    const text = this.#held
    this.#held = undefined
    this.#cancelHeld?.()
    this.#queue(text, 0)
  }

  /** A socket keeps the order of what was given to it: nothing overtakes what is late. */
  #queue(text: string, delayMs: number): void {
    if (delayMs <= 0 && this.#late.length === 0) {
      this.#write(text)
      return
    }
    const at = Math.max(this.#deps.time.now() + delayMs, this.#late.at(-1)?.at ?? 0)
    this.#late.push({ at, text })
    if (this.#late.length === 1) this.#arm()
  }

  #arm(): void {
    const first = this.#late[0]
    if (first === undefined) return
    this.#cancelLate = this.#deps.time.after(first.at - this.#deps.time.now(), () => {
      const now = this.#deps.time.now()
      let due = 0
      while (due < this.#late.length && this.#late[due]!.at <= now) this.#write(this.#late[due++]!.text)
      this.#late.splice(0, due)
      this.#arm()
    })
  }

  #write(text: string): void {
    if (this.#ws === undefined) {
      this.#early.push(text)
      return
    }
    if (this.#ws.readyState !== WebSocket.OPEN) return
    if (this.#ws.bufferedAmount > BUFFER_BYTES) {
      this.cut()
      return
    }
    this.#deps.onFrame()
    this.#ws.send(text)
  }
}

/** Things that were seen on real sockets in place of a frame. */
function garbage(chance: number, text: string): string {
  const kinds = [
    '',
    'null',
    '<html><body>502 Bad Gateway</body></html>',
    '[]',
    `{"data":${text.length}}`,
    '\u0000\ufffd',
  ]
  return kinds[Math.floor(chance * kinds.length)]!
}
