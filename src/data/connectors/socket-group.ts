/** Owns all sockets of a venue: one or two for each plan, and whether the venue counts as silent. Never reads a record. */
import type { Subscription } from 'rxjs'
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type DurationMs, type EpochMs, SECOND_MS } from '#core/time'
import type { Knowledge, SocketPlan, StreamKind, VenueAdapter } from './adapter.port.js'
import type { Endpoints } from './endpoints.js'
import type { Normal } from './normal.js'
import type { QuarantinePort } from './quarantine.js'
import { RateBudget } from './rate-budget.js'
import { CONNECT_POOL, type SocketStats, type StreamEvent } from './stream-events.js'
import { StreamSocket } from './stream-socket.js'

export interface SocketGroupOptions {
  readonly adapter: VenueAdapter
  readonly endpoints: Endpoints
  readonly time: TimePort
  readonly seed: number
  /** Sockets a plan. */
  readonly copies: number
  readonly knowledge: Knowledge
  readonly quarantine: QuarantinePort
  readonly maxLifeMs: DurationMs | undefined
  /** Every frame as it came, and which market its topic is of. Must not throw. */
  readonly tap?: (receivedAt: EpochMs, topic: string, text: string, market: string) => void
  readonly onRecords: (records: readonly Normal[], receivedAt: EpochMs, socketId: number) => void
  /** A connection is closed. */
  readonly onGone: (socketId: number) => void
  readonly onDegraded: (reason: string) => void
  readonly onRecovered: (downMs: DurationMs) => void
}

/** A plan without data for so long is told (ours): a reconnect that works at once is not worth an event. */
const TOLERANCE_MS = 5 * SECOND_MS
const TICK_MS = SECOND_MS

interface Lane {
  readonly plan: SocketPlan
  readonly sockets: readonly StreamSocket[]
  readonly startedAt: EpochMs
  /** Silence of all its topics together that is told, though a connection lives. */
  readonly quietMs: DurationMs
}

export class SocketGroup {
  readonly #options: SocketGroupOptions
  readonly #connects: RateBudget
  #lanes: Lane[] = []
  #subscriptions: Subscription[] = []
  #owners = new Map<number, StreamSocket>()
  #ids = 0
  #cancelTick: (() => void) | undefined
  #degradedAt: EpochMs | null = null
  #isInDoubt = false

  constructor(options: SocketGroupOptions) {
    const { adapter, time } = options
    this.#options = options
    this.#connects = new RateBudget({
      venue: adapter.venue,
      pools: [{ ...adapter.connects, name: CONNECT_POOL }],
      time,
      limitShare: 1,
      cancelReserve: 0,
    })
  }

  start(plans: readonly SocketPlan[]): void {
    const { time, copies } = this.#options
    this.#degradedAt = null
    this.#lanes = plans.map((plan, index) => {
      const sockets = Array.from({ length: copies }, (_, copy) => this.#socket(plan, index, copy))
      return { plan, sockets, startedAt: time.now(), quietMs: quietMs(plan) }
    })
    for (const { sockets } of this.#lanes) for (const socket of sockets) socket.start()
    this.#tick()
  }

  stop(): void {
    this.#cancelTick?.()
    this.#cancelTick = undefined
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    this.#subscriptions = []
    for (const { sockets } of this.#lanes) for (const socket of sockets) socket.stop()
    this.#lanes = []
    this.#owners.clear()
  }

  /** Asks a connection anew for the topic that serves this. */
  resubscribe(kind: StreamKind, instrument: InstrumentId, socketId: number): void {
    const serves = (want: {
      readonly kind: StreamKind
      readonly facts: { readonly instrument: InstrumentId }
    }): boolean => want.kind === kind && want.facts.instrument === instrument
    for (const { plan } of this.#lanes) {
      const topics = plan.topics.filter(({ wants }) => wants.some(serves))
      if (topics.length > 0) this.#owners.get(socketId)?.resubscribe(topics)
    }
  }

  stats(): SocketStats[] {
    return this.#lanes.flatMap(({ sockets }) => sockets.map((socket) => socket.stats()))
  }

  #socket(plan: SocketPlan, index: number, copy: number): StreamSocket {
    const { onRecords, onGone, maxLifeMs, copies: _, onDegraded: __, onRecovered: ___, tap, ...rest } = this.#options
    const markets = marketsOf(plan)
    const socket: StreamSocket = new StreamSocket({
      ...rest,
      name: `${plan.endpoint}#${index}${copy === 0 ? '' : '+'}`,
      plan,
      connects: this.#connects,
      nextSocketId: () => {
        const id = ++this.#ids
        this.#owners.set(id, socket)
        return id
      },
      maxLifeMs,
      tap:
        tap && ((at, topic, text) => tap(at, topic, text, markets.get(topic) ?? markets.values().next().value ?? '')),
    })
    const onEvent = (event: StreamEvent): void => {
      if (event.kind === 'frame') onRecords(event.records, event.receivedAt, event.socketId)
      else if (event.kind === 'down' || event.kind === 'replaced') {
        this.#owners.delete(event.socketId)
        onGone(event.socketId)
      }
    }
    this.#subscriptions.push(socket.events$.subscribe(onEvent))
    return socket
  }

  #tick(): void {
    const { time, onDegraded, onRecovered } = this.#options
    const now = time.now()
    let downAt: EpochMs | null = null
    let where = ''
    for (const { plan, sockets, startedAt, quietMs } of this.#lanes) {
      const dataAt = Math.max(startedAt, ...sockets.map((socket) => socket.dataAt ?? startedAt))
      const isUp = sockets.some((socket) => socket.isUp)
      if (now - dataAt <= (isUp ? quietMs : TOLERANCE_MS) || (downAt !== null && dataAt >= downAt)) continue
      downAt = dataAt
      where = plan.endpoint
    }
    if (downAt === null && this.#degradedAt !== null) {
      const since = this.#degradedAt
      this.#degradedAt = null
      onRecovered(now - since)
    } else if (downAt !== null && this.#degradedAt === null && this.#isInDoubt) {
      this.#degradedAt = downAt
      onDegraded(`no data on ${where}`)
    }
    // After a pause of the whole process frames wait behind this tick: silence counts when it is seen twice.
    this.#isInDoubt = downAt !== null
    this.#cancelTick = time.after(TICK_MS, () => this.#tick())
  }
}

/** Half of the shortest silence that any of its topics is allowed; for ever where all may be silent for ever. */
function quietMs({ topics }: SocketPlan): DurationMs {
  const allowed = topics.map(({ maxSilenceMs }) => maxSilenceMs ?? Number.POSITIVE_INFINITY)
  return Math.max(TOLERANCE_MS, Math.min(...allowed) / 2)
}

/** Market of each topic: many frames do not say theirs. */
function marketsOf({ topics }: SocketPlan): ReadonlyMap<string, string> {
  return new Map(topics.map(({ name, wants }) => [name, wants[0]?.facts.instrument.split('.')[1] ?? '']))
}
