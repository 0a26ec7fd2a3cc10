/** Owns the connections of the simulated exchange: upgrades, ticks, cuts. Never knows a venue. */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { TimePort } from '#core/ports'
import type { EpochMs } from '#core/time'
import type { FaultBoard } from './fault-board.js'
import type { Fault } from './faults.js'
import type { SimContext, SimProtocol, SimSession } from './protocol.port.js'
import { addressOf, splitUrl } from './rest-side.js'
import { Wire } from './wire.js'

/** No venue takes longer messages. */
const MESSAGE_BYTES = 1024 * 1024

export interface SocketDeps {
  readonly protocol: SimProtocol
  readonly context: SimContext
  readonly board: FaultBoard
  readonly time: TimePort
  readonly onError: (error: unknown) => void
}

export class SocketSide {
  /** Frames sent, and upgrades that reached the protocol. */
  frames = 0
  ever = 0
  readonly #deps: SocketDeps
  readonly #upgrades = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES })
  readonly #wires = new Set<Wire>()

  constructor(deps: SocketDeps) {
    this.#deps = deps
  }

  get open(): number {
    return this.#wires.size
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const { protocol, context, board, time, onError } = this.#deps
    const { path, rawQuery } = splitUrl(request.url ?? '/')
    const ip = addressOf(request)
    if (board.meets('refuse', 'ws', path)) socket.destroy()
    else if (context.isInMaintenance) refuseUpgrade(socket, 503)
    else if (context.limiter.bannedUntil(ip) !== undefined) refuseUpgrade(socket, 403)
    else {
      const wire = new Wire({ id: ++this.ever, ip, path, rawQuery }, context.now(), {
        time,
        board,
        onFrame: () => {
          this.frames++
        },
        onError,
      })
      const session = this.#sessionOf(protocol, wire)
      if (session === undefined) refuseUpgrade(socket, 404)
      else this.#upgrades.handleUpgrade(request, socket, head, (ws) => this.#join(ws, wire, session))
    }
  }

  /** Lets every session send what happened up to `to`. */
  advance(to: EpochMs): void {
    for (const wire of this.#wires) wire.advance(to)
  }

  closeAll(code: number, reason: string): void {
    for (const wire of this.#wires) wire.close(code, reason)
  }

  cutAll(): void {
    for (const wire of this.#wires) wire.cut()
    this.#upgrades.close()
  }

  /** As a fault says: those whose path matches, each with its probability. */
  cutSome({ probability = 1, match, sockets }: Fault): void {
    const met = this.#drawn(match, sockets)
    for (const wire of met) if (this.#deps.board.chance() < probability) wire.cut()
  }

  /** Some sockets live on without data. */
  muteSome({ match, sockets }: Fault, until: EpochMs): void {
    for (const wire of this.#drawn(match, sockets)) wire.mute(until)
  }

  #drawn(match: string | undefined, count = this.#wires.size): Wire[] {
    const wires = [...this.#wires].filter(({ path }) => match === undefined || path.includes(match))
    while (wires.length > count) wires.splice(Math.floor(this.#deps.board.chance() * wires.length), 1)
    return wires
  }

  #sessionOf(protocol: SimProtocol, wire: Wire): SimSession | undefined {
    try {
      return protocol.connect(wire, this.#deps.context)
    } catch (error) {
      this.#deps.onError(error)
      return undefined
    }
  }

  #join(ws: WebSocket, wire: Wire, session: SimSession): void {
    ws.on('error', () => wire.cut())
    ws.on('close', () => {
      this.#wires.delete(wire)
      wire.release()
    })
    this.#wires.add(wire)
    wire.open(ws, session)
  }
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
