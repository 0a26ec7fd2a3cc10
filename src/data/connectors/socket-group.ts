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
import { replan } from './replan.js'
import { CONNECT_POOL, type SocketStats, type StreamEvent } from './stream-events.js'
import { type StreamStats, streamKinds } from './stream-kinds.js'
import { StreamSocket } from './stream-socket.js'
import type { MarketInput } from './to-inputs.js'
import { TopicDoubts } from './topic-doubts.js'

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
  /** Doubts about instruments whose topics are given up. */
  readonly onInput: (input: MarketInput) => void
  readonly onDegraded: (reason: string) => void
  readonly onRecovered: (downMs: DurationMs) => void
}

/** A plan without data for so long is told (ours): a reconnect that works at once is not worth an event. */
const TOLERANCE_MS = 5 * SECOND_MS
const TICK_MS = SECOND_MS

interface Lane {
  plan: SocketPlan
  readonly sockets: StreamSocket[]
  readonly subscriptions: Subscription[]
  readonly startedAt: EpochMs
  /** Silence of all its topics together that is told, though a connection lives. */
  quietMs: DurationMs
  /** Silence that the last look saw, by its begin. */
  seenAt: EpochMs | null
  /** Last data before a silence that counts as an outage; null: there is none. */
  downAt: EpochMs | null
}

export class SocketGroup {
  readonly #options: SocketGroupOptions
  readonly #connects: RateBudget
  #lanes: Lane[] = []
  #laneCount = 0
  readonly #doubts: TopicDoubts
  #owners = new Map<number, StreamSocket>()
  #ids = 0
  #cancelTick: (() => void) | undefined
  #degradedAt: EpochMs | null = null

  constructor(options: SocketGroupOptions) {
    const { adapter, time } = options
    this.#options = options
    this.#doubts = new TopicDoubts(`connector/${adapter.venue}`, options.onInput)
    this.#connects = new RateBudget({
      venue: adapter.venue,
      pools: [{ ...adapter.connects, name: CONNECT_POOL }],
      time,
      limitShare: 1,
      cancelReserve: 0,
    })
  }

  start(plans: readonly SocketPlan[]): void {
    this.#degradedAt = null
    this.#lanes = plans.map((plan) => this.#lane(plan))
    for (const { sockets } of this.#lanes) for (const socket of sockets) socket.start()
    this.#tick()
  }

  /** Other plans from now on: topics that stay are not interrupted. */
  replan(wanted: readonly SocketPlan[]): void {
    const { adapter } = this.#options
    const { plans, added } = replan(
      this.#lanes.map(({ plan }) => plan),
      wanted,
      (wants) => adapter.sockets(wants),
    )
    for (const [i, lane] of this.#lanes.entries()) this.#change(lane, plans[i])
    const fresh = added.map((plan) => this.#lane(plan))
    this.#lanes = [...this.#lanes.filter(({ sockets }) => sockets.length > 0), ...fresh]
    for (const { sockets } of fresh) for (const socket of sockets) socket.start()
  }

  stop(): void {
    this.#cancelTick?.()
    this.#cancelTick = undefined
    for (const lane of this.#lanes) this.#end(lane)
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

  /** The same by kind of stream. */
  streams(): StreamStats[] {
    return streamKinds(
      this.#lanes.map(({ plan, sockets }) => ({
        topics: plan.topics,
        sockets: sockets.map((socket) => socket.stats()),
      })),
    )
  }

  /** `<topic>: <why>` of those that are given up. */
  get doubts(): readonly string[] {
    return this.#doubts.all
  }

  #lane(plan: SocketPlan): Lane {
    const { copies, time } = this.#options
    const lane: Lane = {
      plan,
      sockets: [],
      subscriptions: [],
      startedAt: time.now(),
      quietMs: quietMs(plan),
      seenAt: null,
      downAt: null,
    }
    const index = this.#laneCount++
    for (let copy = 0; copy < copies; copy++) {
      const socket = this.#socket(lane, `${plan.endpoint}#${index}${copy === 0 ? '' : '+'}`)
      lane.sockets.push(socket)
      lane.subscriptions.push(socket.events$.subscribe((event) => this.#onEvent(lane, event)))
    }
    return lane
  }

  #socket(lane: Lane, name: string): StreamSocket {
    const { adapter, endpoints, knowledge, time, seed, quarantine, maxLifeMs, tap } = this.#options
    let markets = marketsOf(lane.plan)
    let of = lane.plan
    const marketOf = (topic: string): string => {
      if (of !== lane.plan) markets = marketsOf(lane.plan)
      of = lane.plan
      return markets.get(topic) ?? markets.values().next().value ?? ''
    }
    const socket: StreamSocket = new StreamSocket({
      adapter,
      endpoints,
      knowledge,
      time,
      seed,
      quarantine,
      maxLifeMs,
      name,
      plan: lane.plan,
      connects: this.#connects,
      nextSocketId: () => {
        const id = ++this.#ids
        this.#owners.set(id, socket)
        return id
      },
      tap: tap && ((at, topic, text) => tap(at, topic, text, marketOf(topic))),
    })
    return socket
  }

  #onEvent({ plan, sockets }: Lane, event: StreamEvent): void {
    if (event.kind === 'frame') {
      if (this.#doubts.isAny && event.topic !== null) this.#doubts.found(plan.endpoint, event.topic)
      this.#options.onRecords(event.records, event.receivedAt, event.socketId)
    } else if (event.kind === 'down' || event.kind === 'replaced') {
      this.#owners.delete(event.socketId)
      this.#options.onGone(event.socketId)
    } else if (event.kind === 'lost' && sockets.every((socket) => socket.hasLost(event.topic.name)))
      this.#doubts.lost(plan.endpoint, event.topic, event.why)
  }

  #change(lane: Lane, plan: SocketPlan | undefined): void {
    if (plan === lane.plan) return
    const names = new Set(plan?.topics.map(({ name }) => name))
    for (const { name } of lane.plan.topics) if (!names.has(name)) this.#doubts.found(lane.plan.endpoint, name)
    if (plan === undefined) {
      this.#end(lane)
      return
    }
    lane.plan = plan
    lane.quietMs = quietMs(plan)
    for (const socket of lane.sockets) socket.replan(plan)
  }

  #end({ sockets, subscriptions }: Lane): void {
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe()
    for (const socket of sockets.splice(0)) {
      socket.stop()
      for (const [id, owner] of this.#owners) {
        if (owner !== socket) continue
        this.#owners.delete(id)
        this.#options.onGone(id)
      }
    }
  }

  #tick(): void {
    const { time, onDegraded, onRecovered } = this.#options
    const now = time.now()
    for (const lane of this.#lanes) look(lane, now)
    const down = this.#lanes.filter(({ downAt }) => downAt !== null)
    const [first] = down.sort((a, b) => a.downAt! - b.downAt!)
    if (first === undefined && this.#degradedAt !== null) {
      const since = this.#degradedAt
      this.#degradedAt = null
      onRecovered(now - since)
    } else if (first !== undefined && this.#degradedAt === null) {
      this.#degradedAt = first.downAt
      onDegraded(`no data on ${first.plan.endpoint}`)
    }
    this.#cancelTick = time.after(TICK_MS, () => this.#tick())
  }
}

/**
 * Down since its last data: without a connection for longer than is tolerated, or on an open one that is silent for too long;
 * up again with new data. Seen twice, because after a pause of the whole process frames wait behind the first look.
 */
function look(lane: Lane, now: EpochMs): void {
  const { sockets, startedAt, quietMs } = lane
  const dataAt = Math.max(startedAt, ...sockets.map((socket) => socket.dataAt ?? startedAt))
  const isOpen = sockets.some((socket) => socket.isOpen)
  if (lane.downAt !== null) {
    // Where all topics may be silent for ever, nobody can wait for data.
    if (dataAt > lane.downAt || (isOpen && quietMs === Number.POSITIVE_INFINITY)) lane.downAt = null
    return
  }
  const isSilent = now - dataAt > (isOpen ? quietMs : TOLERANCE_MS)
  if (isSilent && lane.seenAt === dataAt) lane.downAt = dataAt
  lane.seenAt = isSilent ? dataAt : null
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
