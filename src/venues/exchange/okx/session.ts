/** Owns one connection to the simulated OKX: requests, acknowledgements, login, the text ping, its cuts. */
import { type EpochMs, HOUR_MS, SECOND_MS } from '#core/time'
import type { SimSession, SimSocket } from '../protocol.port.js'
import { loginRefusal } from './account.js'
import { type Arg, type Channel, channelOf, type Push } from './channels.js'
import type { Desk } from './query.js'

/** Subscriptions, unsubscriptions and logins of a connection in an hour. */
const REQUESTS_MAX = 480
const REQUEST_BYTES_MAX = 64 * 1024
/** Cut when nothing went either way for so long. */
const IDLE_MS = 30 * SECOND_MS

const PRIVATE_CHANNELS = new Set<unknown>(['account', 'positions', 'balance_and_position', 'orders', 'fills'])

type SocketKind = 'public' | 'business' | 'private'

interface Subscription {
  readonly arg: Arg
  readonly channel: Channel
  /** Nothing was sent yet. Data comes with the ticks alone, never within an answer: a half-open socket has none. */
  isFresh: boolean
}

export class Session implements SimSession {
  readonly #socket: SimSocket
  readonly #kind: SocketKind
  readonly #desk: Desk
  readonly #connId: string
  readonly #subscriptions = new Map<string, Subscription>()
  #requestTimes: EpochMs[] = []
  #isLoggedIn = false
  #lastTraffic: EpochMs

  constructor(socket: SimSocket, kind: SocketKind, desk: Desk) {
    this.#socket = socket
    this.#kind = kind
    this.#desk = desk
    this.#connId = socket.id.toString(16).padStart(8, '0')
    this.#lastTraffic = desk.context.now()
  }

  onPong(): void {}

  onMessage(text: string): void {
    this.#lastTraffic = this.#now()
    if (text === 'ping') {
      this.#send('pong')
      return
    }
    const request = requestOf(text)
    if (request === undefined || text.length > REQUEST_BYTES_MAX || !Array.isArray(request.args)) {
      this.#error(request?.id, '60012', `Invalid request: ${text.slice(0, 200)}`)
      return
    }
    if (!this.#mayAsk()) {
      this.#error(request.id, '60014', 'Requests too frequent')
      return
    }
    const args = request.args.filter((arg): arg is Arg => typeof arg === 'object' && arg !== null)
    if (request.op === 'login') this.#login(request.id, args[0] ?? {})
    else if (request.op === 'subscribe') for (const arg of args) this.#subscribe(request.id, arg)
    else if (request.op === 'unsubscribe') for (const arg of args) this.#unsubscribe(request.id, arg)
    else this.#error(request.id, '60012', `Invalid request: ${text.slice(0, 200)}`)
  }

  advance(from: EpochMs, to: EpochMs): void {
    for (const subscription of this.#subscriptions.values()) {
      const { arg, channel, isFresh } = subscription
      this.#push(arg, isFresh ? channel.first(to) : channel.next(from, to))
      subscription.isFresh = false
    }
    if (to - this.#lastTraffic > IDLE_MS) this.#socket.close(4004, 'No data received in 30s.')
  }

  #now(): EpochMs {
    return this.#desk.context.now()
  }

  #mayAsk(): boolean {
    const now = this.#now()
    this.#requestTimes = this.#requestTimes.filter((at) => at > now - HOUR_MS)
    this.#requestTimes.push(now)
    return this.#requestTimes.length <= REQUESTS_MAX
  }

  #login(id: unknown, arg: Arg): void {
    const code = loginRefusal(arg, this.#now())
    if (code !== undefined) {
      this.#error(id, code, 'Login failed.')
      return
    }
    this.#isLoggedIn = true
    this.#send(JSON.stringify({ event: 'login', code: '0', msg: '', connId: this.#connId }))
  }

  #subscribe(id: unknown, arg: Arg): void {
    if (this.#kind === 'private') {
      if (!PRIVATE_CHANNELS.has(arg.channel)) this.#unknown(id, arg)
      else if (this.#isLoggedIn) this.#acknowledge('subscribe', id, arg)
      else this.#error(id, '60011', 'Please log in')
      return
    }
    const channel = channelOf(this.#kind, arg, this.#desk)
    if (channel === undefined) {
      this.#unknown(id, arg)
      return
    }
    this.#subscriptions.set(keyOf(arg), { arg, channel, isFresh: true })
    this.#acknowledge('subscribe', id, arg)
  }

  #unsubscribe(id: unknown, arg: Arg): void {
    this.#subscriptions.delete(keyOf(arg))
    this.#acknowledge('unsubscribe', id, arg)
  }

  #acknowledge(event: string, id: unknown, arg: Arg): void {
    this.#send(JSON.stringify({ ...withId(id), event, arg, connId: this.#connId }))
  }

  #unknown(id: unknown, arg: Arg): void {
    const what = Object.entries(arg)
      .map(([key, value]) => `${key}:${String(value)}`)
      .join(',')
    const rest = "doesn't exist. Please use the correct URL, channel and parameters referring to API document."
    this.#error(id, '60018', `Wrong URL or ${what} ${rest}`)
  }

  #error(id: unknown, code: string, msg: string): void {
    this.#send(JSON.stringify({ ...withId(id), event: 'error', code, msg, connId: this.#connId }))
  }

  #push(arg: Arg, pushes: readonly Push[]): void {
    for (const push of pushes) this.#send(JSON.stringify({ arg, ...push }))
  }

  #send(text: string): void {
    this.#lastTraffic = this.#now()
    this.#socket.send(text)
  }
}

const withId = (id: unknown): { readonly id?: string } => (typeof id === 'string' ? { id } : {})

function keyOf(arg: Arg): string {
  return [arg.channel, arg.instId, arg.instType, arg.instFamily].map((part) => String(part ?? '')).join(' ')
}

function requestOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const request: unknown = JSON.parse(text)
    return typeof request === 'object' && request !== null && !Array.isArray(request)
      ? (request as Readonly<Record<string, unknown>>) // checked just now
      : undefined
  } catch {
    return undefined
  }
}
