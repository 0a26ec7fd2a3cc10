/** Owns one connection to the simulated Binance: its subscriptions, pings, message rate and age. */
import { type EpochMs, SECOND_MS } from '#core/time'
import type { SimContext, SimSession, SimSocket } from '../protocol.port.js'
import { LIFE_MS, type Market, NOTICE_MS, SOCKET, STREAMS_MAX } from './limits.js'
import { type Group, groupOf, type Stream, streamOf } from './streams.js'
import type { SymbolTable } from './symbols.js'

export interface SessionDeps {
  readonly market: Market
  /** Path of USD-M. */
  readonly group: Group | undefined
  readonly isCombined: boolean
  /** Streams of the URL. */
  readonly streams: readonly string[]
  readonly table: SymbolTable
}

interface Request {
  readonly method?: unknown
  readonly params?: unknown
  readonly id?: unknown
}

export class BinanceSession implements SimSession {
  /** `undefined`: acknowledged, and silent for ever. */
  readonly #streams = new Map<string, Stream | undefined>()
  readonly #openedAt: EpochMs
  #isCombined: boolean
  #messages: EpochMs[] = []
  #lastPing: EpochMs
  #owesPong: EpochMs | undefined
  #isNoticed = false
  #isClosed = false

  constructor(
    private readonly socket: SimSocket,
    private readonly context: SimContext,
    private readonly deps: SessionDeps,
  ) {
    this.#openedAt = context.now()
    this.#lastPing = this.#openedAt
    this.#isCombined = deps.isCombined
    for (const name of deps.streams) this.#add(name)
  }

  onMessage(text: string): void {
    if (!this.#isAllowed()) return
    let request: Request
    try {
      request = JSON.parse(text) as Request // its fields are looked at one by one
    } catch {
      this.#refuse(3, 'Invalid JSON: expected value at line 1 column 1', null)
      return
    }
    const { method, params, id } = request
    if (typeof id !== 'number' && typeof id !== 'string' && id !== null)
      this.#refuse(2, 'Invalid request: request ID must be an unsigned integer', null)
    else this.#serve(method, params, id)
  }

  #serve(method: unknown, params: unknown, id: unknown): void {
    switch (method) {
      case 'SUBSCRIBE':
        this.#subscribe(params, id)
        break
      case 'UNSUBSCRIBE':
        for (const name of namesOf(params)) this.#streams.delete(name)
        this.#answer(null, id)
        break
      case 'LIST_SUBSCRIPTIONS':
        this.#answer([...this.#streams.keys()], id)
        break
      case 'SET_PROPERTY':
        if (Array.isArray(params) && params[0] === 'combined') this.#isCombined = params[1] === true
        this.#answer(null, id)
        break
      case 'GET_PROPERTY':
        this.#answer(this.#isCombined, id)
        break
      default:
        this.#refuse(2, `Invalid request: unknown variant ${JSON.stringify(method)}`, id)
    }
  }

  onPong(): void {
    this.#owesPong = undefined
    this.#isAllowed()
  }

  advance(from: EpochMs, to: EpochMs): void {
    if (this.#isClosed || !this.#isAlive(to)) return
    for (const [name, stream] of this.#streams) {
      if (stream === undefined) continue
      for (const data of stream(from, to))
        this.socket.send(JSON.stringify(this.#isCombined ? { stream: name, data } : data))
    }
  }

  /** Pings, and cuts who does not answer or is a day old. */
  #isAlive(now: EpochMs): boolean {
    const { pingEveryMs, pongWithinMs } = SOCKET[this.deps.market]
    if (this.#owesPong !== undefined && now - this.#owesPong > pongWithinMs) return this.#close(1008, 'Pong timeout')
    if (now - this.#openedAt >= LIFE_MS) return this.#close(1001, 'Connection lifetime')
    if (!this.#isNoticed && now - this.#openedAt >= LIFE_MS - NOTICE_MS) {
      this.#isNoticed = true
      if (this.deps.market === 'spot') this.socket.send(JSON.stringify({ e: 'serverShutdown', E: now }))
    }
    if (now - this.#lastPing >= pingEveryMs) {
      this.#lastPing = now
      this.#owesPong ??= now
      this.socket.ping()
    }
    return true
  }

  /** Pongs count as messages. */
  #isAllowed(): boolean {
    if (this.#isClosed) return false
    const now = this.context.now()
    this.#messages = this.#messages.filter((at) => now - at < SECOND_MS)
    this.#messages.push(now)
    if (this.#messages.length <= SOCKET[this.deps.market].messagesPerSecond) return true
    return this.#close(1008, 'Too many requests')
  }

  #close(code: number, reason: string): false {
    this.#isClosed = true
    this.socket.close(code, reason)
    return false
  }

  #subscribe(params: unknown, id: unknown): void {
    const names = namesOf(params)
    const fresh = names.filter((name) => !this.#streams.has(name))
    if (names.length === 0) this.#refuse(2, 'Invalid request: params must be a list of streams', id)
    // The venue does not say how it answers; nothing of the request is taken here.
    else if (this.#streams.size + fresh.length > STREAMS_MAX)
      this.#refuse(2, `Invalid request: more than ${STREAMS_MAX} streams`, id)
    else {
      for (const name of fresh) this.#add(name)
      this.#answer(null, id)
    }
  }

  #add(name: string): void {
    const { market, group, table } = this.deps
    const isHere = group === undefined || group === groupOf(name)
    const stream = isHere ? streamOf(name, market, { world: this.context.world, table }, this.context.now()) : undefined
    this.#streams.set(name, stream)
  }

  #answer(result: unknown, id: unknown): void {
    this.socket.send(JSON.stringify({ result, id }))
  }

  #refuse(code: number, msg: string, id: unknown): void {
    this.socket.send(JSON.stringify({ code, msg, id }))
  }
}

const namesOf = (params: unknown): readonly string[] =>
  Array.isArray(params) ? params.filter((name): name is string => typeof name === 'string') : []
