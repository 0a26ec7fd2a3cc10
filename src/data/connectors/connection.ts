/**
 * Owns one WebSocket from its opening to its end: hello, paced requests, pings, silence, decoding. Ends once, with a reason;
 * never comes back by itself and leaves no timer or listener behind.
 */
import WebSocket from 'ws'
import type { TimePort } from '#core/ports'
import type { EpochMs } from '#core/time'
import type { Decoded, FrameDecoder, SocketRules } from './adapter.port.js'
import { NamedTimers } from './named-timers.js'
import { PayloadRefused } from './normal.js'
import type { QuarantinePort } from './quarantine.js'
import { CONFIRM_MS } from './topic-watch.js'

export interface ConnectionOptions {
  readonly url: string
  readonly venue: string
  readonly rules: SocketRules
  readonly decoder: FrameDecoder
  readonly time: TimePort
  readonly quarantine?: QuarantinePort | undefined
  readonly onOpen: () => void
  readonly onFrame: (decoded: Decoded, receivedAt: EpochMs) => void
  readonly onClosed: (reason: string) => void
  /** Every frame as it came. Must not throw. */
  readonly tap?: ((receivedAt: EpochMs, topic: string, text: string) => void) | undefined
}

const OPEN_MS = 10_000
/** Frames in a row that cannot be read before the connection counts as broken (ours). */
const REFUSED_MAX = 50
/** Larger than any frame of a venue. */
const FRAME_BYTES = 16 * 1024 * 1024
/** Requests that may wait to be sent. */
const REQUESTS_MAX = 1000

export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: WebSocket
  readonly #timers: NamedTimers
  #requests: string[] = []
  #sentAt: EpochMs = 0
  #refusedInRow = 0
  #lastAt: EpochMs
  #frames = 0
  #isEnded = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#timers = new NamedTimers(options.time)
    this.#lastAt = options.time.now()
    this.#socket = new WebSocket(options.url, {
      perMessageDeflate: false,
      maxPayload: FRAME_BYTES,
      followRedirects: false,
    })
    this.#socket.on('open', () => this.#opened())
    this.#socket.on('message', (data) => this.#frame(data))
    this.#socket.on('ping', () => this.#heard())
    this.#socket.on('pong', () => this.#heard())
    this.#socket.on('close', (code) => this.end(`closed ${code}`))
    this.#socket.on('error', (error) => this.end(`error ${codeOf(error)}`))
    this.#timers.after('open', OPEN_MS, () => this.end('no answer'))
  }

  /** When anything came last. */
  get lastAt(): EpochMs {
    return this.#lastAt
  }

  get frames(): number {
    return this.#frames
  }

  /** Sends within the venue's pace, in order. */
  send(messages: readonly string[]): void {
    this.#requests.push(...messages)
    if (this.#requests.length > REQUESTS_MAX) this.end('too many requests wait')
    else this.#sendNext()
  }

  /** Ends it now. The reason goes to `onClosed`; later calls do nothing. */
  end(reason: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#timers.cancelAll()
    this.#socket.removeAllListeners()
    // Terminating a socket that is still opening makes it say so by an error.
    this.#socket.on('error', () => undefined)
    this.#socket.terminate()
    this.#options.onClosed(reason)
  }

  #opened(): void {
    const { rules, onOpen } = this.#options
    this.#timers.cancel('open')
    this.#heard()
    this.#watch()
    if (rules.ping !== null) this.#ping(rules.ping)
    this.send(rules.hello)
    if (!this.#isEnded) onOpen()
  }

  #frame(data: WebSocket.RawData): void {
    const { time, tap, decoder, onFrame } = this.#options
    const receivedAt = time.now()
    this.#lastAt = receivedAt
    this.#frames++
    const text = textOf(data)
    let decoded: Decoded
    try {
      decoded = decoder.decode(text, receivedAt)
    } catch (error) {
      tap?.(receivedAt, '', text)
      this.#refuse(error, text, receivedAt)
      return
    }
    tap?.(receivedAt, decoded.topic ?? '', text)
    this.#refusedInRow = 0
    if (decoded.reply !== undefined) {
      this.#requests.unshift(decoded.reply)
      this.#sendNext()
    }
    onFrame(decoded, receivedAt)
    if (decoded.reconnect !== undefined) this.end(decoded.reconnect)
  }

  #refuse(error: unknown, msg: string, recvTs: EpochMs): void {
    const { quarantine, venue } = this.#options
    const isRefused = error instanceof PayloadRefused
    const reason = isRefused ? error.reason : `reader failed: ${String(error)}`.slice(0, 200)
    quarantine?.add({ recvTs, venue, topic: 'stream', reason, path: isRefused ? error.path : '$', msg })
    if (++this.#refusedInRow >= REFUSED_MAX) this.end('unreadable frames')
  }

  #heard(): void {
    this.#lastAt = this.#options.time.now()
  }

  /** A socket over which nothing comes, not even a ping, is half-open; seen twice, as frames may wait behind a pause of ours. */
  #watch(isSure = false): void {
    const { rules, time } = this.#options
    const restMs = this.#lastAt + rules.idleMs - time.now()
    if (restMs > 0) this.#timers.after('idle', restMs, () => this.#watch())
    else if (isSure) this.end('half-open')
    else this.#timers.after('idle', CONFIRM_MS, () => this.#watch(true))
  }

  #ping({ everyMs, message }: NonNullable<SocketRules['ping']>): void {
    this.#timers.after('ping', everyMs, () => {
      this.send([message()])
      if (!this.#isEnded) this.#ping({ everyMs, message })
    })
  }

  #sendNext(): void {
    const { rules, time } = this.#options
    if (this.#isEnded || this.#timers.has('send') || this.#socket.readyState !== WebSocket.OPEN) return
    const next = this.#requests[0]
    if (next === undefined) return
    const restMs = this.#sentAt + 1000 / rules.requestsPerSecond - time.now()
    if (restMs > 0) {
      this.#timers.after('send', Math.ceil(restMs), () => this.#sendNext())
      return
    }
    this.#requests.shift()
    this.#sentAt = time.now()
    this.#socket.send(next)
    this.#sendNext()
  }
}

function textOf(data: WebSocket.RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8')
  return Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data).toString('utf8')
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message.slice(0, 60)
}
