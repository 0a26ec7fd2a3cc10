/** Owns one connection to the simulated Deribit: requests, login, subscriptions, heartbeats, its cuts. */
import { type EpochMs, MINUTE_MS, SECOND_MS } from '#core/time'
import type { SimSession, SimSocket } from '../protocol.port.js'
import { type Channel, channelOf, needsLogin } from './channels.js'
import type { House } from './protocol.js'
import { envelope, errorBody, numberParam, type Params, RpcRefused } from './rpc.js'

const REQUEST_BYTES_MAX = 32 * 1024
const IDLE_MS = 10 * MINUTE_MS
const HEARTBEAT_LEAST_S = 10
const CUT = 1008

interface Heartbeat {
  readonly everyMs: number
  /** Of the last beat. */
  at: EpochMs
  isUnanswered: boolean
}

export class Session implements SimSession {
  readonly #channels = new Map<string, Channel>()
  #isLoggedIn = false
  #heartbeat: Heartbeat | undefined
  #lastTraffic: EpochMs
  #isOver = false

  constructor(
    private readonly socket: SimSocket,
    private readonly house: House,
  ) {
    this.#lastTraffic = house.now()
  }

  onPong(): void {}

  onMessage(text: string): void {
    if (this.#isOver) return
    this.#lastTraffic = this.house.now()
    if (text.length > REQUEST_BYTES_MAX) {
      this.#cut(1009, 'message too big')
      return
    }
    const request = requestOf(text)
    const id = request?.id
    try {
      if (typeof request?.method !== 'string') throw new RpcRefused('notFound')
      const params = isFields(request.params) ? request.params : {}
      const { result, then } = this.#answer(request.method, params)
      this.#send(envelope(id, this.house.now(), { result }))
      then?.()
    } catch (error) {
      if (!(error instanceof RpcRefused)) throw error
      this.#send(envelope(id, this.house.now(), errorBody(error)))
      if (error.kind === 'tooManyRequests') this.#cut(CUT, 'too_many_requests')
    }
  }

  advance(from: EpochMs, to: EpochMs): void {
    if (this.#isOver) return
    for (const [name, channel] of this.#channels) this.#push(name, channel.next(from, to))
    this.#beat(to)
    if (to - this.#lastTraffic > IDLE_MS) this.#cut(1000, 'idle')
  }

  #answer(method: string, params: Params): { readonly result: unknown; readonly then?: () => void } {
    const { house } = this
    house.charge(method, this.socket.ip)
    switch (method) {
      case 'public/auth': {
        const result = house.auth(params)
        this.#isLoggedIn = true
        return { result }
      }
      case 'public/test':
        if (this.#heartbeat) this.#heartbeat.isUnanswered = false
        return { result: house.call(method, params) }
      case 'public/set_heartbeat':
        this.#heartbeat = this.#heartbeatOf(params)
        return { result: 'ok' }
      case 'public/disable_heartbeat':
        this.#heartbeat = undefined
        return { result: 'ok' }
      case 'public/subscribe':
      case 'private/subscribe':
        return this.#subscribe(channelsIn(params), method.startsWith('private'))
      case 'public/unsubscribe':
      case 'private/unsubscribe':
        return { result: channelsIn(params).filter((name) => this.#channels.delete(name)) }
      case 'public/unsubscribe_all':
        this.#channels.clear()
        return { result: 'ok' }
      default:
        if (method.startsWith('private/') && !this.#isLoggedIn) throw new RpcRefused('unauthorized')
        return { result: house.call(method, params) }
    }
  }

  #heartbeatOf(params: Params): Heartbeat {
    const seconds = numberParam(params, 'interval')
    if (seconds < HEARTBEAT_LEAST_S)
      throw new RpcRefused('invalidParams', { reason: 'must be at least 10', param: 'interval' })
    return { everyMs: seconds * SECOND_MS, at: this.house.now(), isUnanswered: false }
  }

  #subscribe(names: readonly string[], isPrivate: boolean): { readonly result: unknown; readonly then: () => void } {
    if (isPrivate && !this.#isLoggedIn) throw new RpcRefused('unauthorized')
    if (!this.#isLoggedIn && names.some(needsLogin)) throw new RpcRefused('rawNeedsLogin')
    const fresh: string[] = []
    const accepted = names.filter((name) => {
      if (name.startsWith('user.')) return this.#isLoggedIn
      const channel = channelOf(name, this.house.desk)
      if (channel === undefined) return false
      this.#channels.set(name, channel)
      fresh.push(name)
      return true
    })
    const then = (): void => {
      for (const name of fresh) this.#push(name, this.#channels.get(name)?.first(this.house.now()) ?? [])
    }
    return { result: [...accepted].sort(), then }
  }

  /** A beat that asks for an answer; who owes one when the next is due is cut. */
  #beat(to: EpochMs): void {
    const beat = this.#heartbeat
    if (beat === undefined || to - beat.at < beat.everyMs) return
    if (beat.isUnanswered) {
      this.#cut(CUT, 'heartbeat not answered')
      return
    }
    beat.at = to
    beat.isUnanswered = true
    this.#send({ jsonrpc: '2.0', method: 'heartbeat', params: { type: 'test_request' } })
  }

  #cut(code: number, reason: string): void {
    this.#isOver = true
    this.socket.close(code, reason)
  }

  #push(channel: string, pushes: readonly unknown[]): void {
    for (const data of pushes) this.#send({ jsonrpc: '2.0', method: 'subscription', params: { channel, data } })
  }

  #send(message: object): void {
    this.#lastTraffic = this.house.now()
    this.socket.send(JSON.stringify(message))
  }
}

const isFields = (value: unknown): value is Params =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function channelsIn({ channels }: Params): readonly string[] {
  if (Array.isArray(channels) && channels.every((name) => typeof name === 'string')) return [...new Set(channels)]
  throw new RpcRefused('invalidParams', { reason: 'must be a list of channels', param: 'channels' })
}

function requestOf(text: string): Params | undefined {
  try {
    const request: unknown = JSON.parse(text)
    return isFields(request) ? request : undefined
  } catch {
    return undefined
  }
}
