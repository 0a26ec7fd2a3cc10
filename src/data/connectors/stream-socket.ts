/**
 * Owns that the topics of one socket plan keep speaking: reconnects with growing waits, topics that fall silent, and a new
 * connection before the venue cuts the old one. Gives every frame that came; what is doubled is removed behind it.
 */
import { type Observable, Subject } from 'rxjs'
import { hashText, Sfc32 } from '#core/random'
import type { DurationMs, EpochMs } from '#core/time'
import type { Decoded, SocketRules, TopicPlan } from './adapter.port.js'
import { Backoff } from './backoff.js'
import { Connection } from './connection.js'
import { CONNECT_POOL, type SocketStats, type StreamEvent, type StreamSocketOptions } from './stream-events.js'
import { type Silence, TopicWatch } from './topic-watch.js'

/** Ours: at most half a minute between two tries. */
const RECONNECT = { firstMs: 250, factor: 2, capMs: 30_000, jitter: 0.5 } as const
/** Share of the venue's longest life at which a connection is replaced, less up to a tenth by chance. */
const LIFE_SHARE = 0.95
/** How long a new connection may take until all its topics have spoken. */
const OVERLAP_MS = 120_000
/** A connection that gave data for so long was a good one, whatever topic was silent on it. */
const SOUND_MS = 60_000

interface Link {
  readonly id: number
  readonly connection: Connection
  readonly watch: TopicWatch
  openedAt: EpochMs | null
  hasSpoken: boolean
}

export class StreamSocket {
  readonly #options: StreamSocketOptions
  readonly #events = new Subject<StreamEvent>()
  readonly #rules: SocketRules
  readonly #backoff: Backoff
  readonly #random: Sfc32
  readonly #timers = new Map<string, () => void>()
  /** Reconnects that one silent topic was the reason of, in a row. */
  readonly #strikes = new Map<string, number>()
  #link: Link | undefined
  /** The connection that is to take over. */
  #heir: Link | undefined
  #stop = new AbortController()
  #requests = 0
  #frames = 0
  #drops = 0
  #rotations = 0
  #lastReason = ''
  #downAt: EpochMs | null = null
  #dataAt: EpochMs | null = null

  constructor(options: StreamSocketOptions) {
    this.#options = options
    this.#rules = options.adapter.rules(options.plan.endpoint)
    this.#random = Sfc32.seeded(options.seed, hashText(options.name))
    this.#backoff = new Backoff(RECONNECT, this.#random)
  }

  get events$(): Observable<StreamEvent> {
    return this.#events
  }

  get isUp(): boolean {
    return this.#link?.hasSpoken === true
  }

  /** When data of any topic came last; null: never since it was started. */
  get dataAt(): EpochMs | null {
    return this.#dataAt
  }

  start(): void {
    this.#stop = new AbortController()
    this.#downAt = null
    this.#dataAt = null
    this.#connect(false)
  }

  /** Closes everything. Nothing is emitted behind it, until it is started again. */
  stop(): void {
    this.#stop.abort()
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    const links = [this.#link, this.#heir]
    this.#link = undefined
    this.#heir = undefined
    for (const link of links) {
      link?.watch.stop()
      link?.connection.end('stopped')
    }
  }

  /** Asks for some topics anew (a book with a gap needs its snapshot). */
  resubscribe(topics: readonly TopicPlan[]): void {
    if (this.#link !== undefined && this.#link.openedAt !== null) this.#askAgain(this.#link, topics)
  }

  stats(): SocketStats {
    const { time, plan, name } = this.#options
    const watch = this.#link?.watch
    const ages = plan.topics.map((topic) => {
      const at = watch?.lastAt(topic.name)
      return [topic.name, at === undefined ? null : time.now() - at] as const
    })
    return {
      name,
      isUp: this.isUp,
      frames: this.#frames,
      drops: this.#drops,
      rotations: this.#rotations,
      lastReason: this.#lastReason,
      connectedAt: this.#link?.openedAt ?? null,
      silent: watch?.silent ?? [],
      ages: Object.fromEntries(ages),
    }
  }

  #connect(isHeir: boolean): void {
    const { signal } = this.#stop
    this.#options.connects
      .acquire([{ pool: CONNECT_POOL, weight: 1 }], { signal })
      .then(() => {
        if (signal.aborted || (isHeir ? this.#heir : this.#link) !== undefined) return
        const link = this.#open()
        if (isHeir) this.#heir = link
        else this.#link = link
      })
      .catch((error: unknown) => {
        if (signal.aborted) return
        this.#lastReason = String(error)
        this.#after('connect', this.#backoff.next(), () => this.#connect(false))
      })
  }

  #open(): Link {
    const { adapter, plan, endpoints, knowledge, time, quarantine, tap, nextSocketId } = this.#options
    const connection = new Connection({
      url: `${endpoints[plan.endpoint]}${plan.path}`,
      venue: adapter.venue,
      rules: this.#rules,
      decoder: adapter.decoder(plan, knowledge),
      time,
      quarantine,
      tap,
      onOpen: () => this.#onOpen(link),
      onFrame: (decoded, receivedAt) => this.#onFrame(link, decoded, receivedAt),
      onClosed: (reason) => this.#onClosed(link, reason),
    })
    const watch = new TopicWatch({ time, topics: plan.topics, onSilence: (silence) => this.#onSilence(link, silence) })
    const link: Link = { id: nextSocketId(), connection, watch, openedAt: null, hasSpoken: false }
    return link
  }

  #onOpen(link: Link): void {
    const { adapter, plan, time } = this.#options
    link.openedAt = time.now()
    const messages = adapter.subscribe(plan.topics, () => ++this.#requests)
    link.connection.send(messages)
    // The last request leaves so much later: until then its topics cannot speak.
    link.watch.start((messages.length * 1000) / this.#rules.requestsPerSecond)
    if (link !== this.#heir) this.#planRotation()
  }

  #onFrame(link: Link, decoded: Decoded, receivedAt: EpochMs): void {
    const { topic, records, refused } = decoded
    this.#frames++
    if (refused !== undefined && refused.length > 0) {
      link.watch.refuse(refused)
      this.#events.next({ kind: 'refused', topics: refused })
    }
    if (topic !== null && records.length > 0) {
      this.#dataAt = receivedAt
      if (link.watch.heard(topic, receivedAt)) {
        this.#strikes.delete(topic)
        this.#events.next({ kind: 'fresh', topic })
      }
      if (!link.hasSpoken) this.#onFirstData(link, receivedAt)
      if (link.watch.isComplete) this.#onComplete(link)
    }
    if (records.length > 0) this.#events.next({ kind: 'frame', topic, records, receivedAt, socketId: link.id })
  }

  #onFirstData(link: Link, now: EpochMs): void {
    link.hasSpoken = true
    if (link !== this.#link) return
    const downMs = this.#downAt === null ? 0 : now - this.#downAt
    this.#downAt = null
    this.#events.next({ kind: 'up', socketId: link.id, downMs })
  }

  /** All topics have spoken that must: the connection is good, and an heir may take over. */
  #onComplete(link: Link): void {
    if (link === this.#link) {
      if (this.#backoff.failures > 0) this.#backoff.succeeded()
      return
    }
    if (link === this.#heir) this.#takeOver(link)
  }

  #takeOver(link: Link): void {
    const old = this.#link
    this.#heir = undefined
    this.#link = link
    this.#rotations++
    this.#cancel('overlap')
    this.#cancel('connect')
    this.#backoff.succeeded()
    old?.watch.stop()
    old?.connection.end('replaced')
    if (old !== undefined) this.#events.next({ kind: 'replaced', socketId: old.id })
    this.#planRotation()
    if (this.#downAt !== null) {
      this.#events.next({ kind: 'up', socketId: link.id, downMs: this.#options.time.now() - this.#downAt })
      this.#downAt = null
    }
  }

  #onClosed(link: Link, reason: string): void {
    link.watch.stop()
    if (link === this.#heir) {
      this.#heir = undefined
      this.#cancel('overlap')
      this.#lastReason = reason
      this.#after('rotate', this.#backoff.next(), () => this.#rotate())
      return
    }
    if (link !== this.#link) return
    this.#drops++
    this.#lastReason = reason
    this.#downAt ??= this.#options.time.now()
    this.#cancel('rotate')
    this.#events.next({ kind: 'down', socketId: link.id, reason })
    if (this.#stop.signal.aborted) return
    const now = this.#options.time.now()
    if (link.hasSpoken && link.openedAt !== null && now - link.openedAt > SOUND_MS) this.#backoff.succeeded()
    // An heir that is on its way takes over as soon as it can.
    this.#link = this.#heir
    this.#heir = undefined
    if (this.#link === undefined) this.#after('connect', this.#backoff.next(), () => this.#connect(false))
    else if (this.#link.openedAt !== null) this.#planRotation()
    if (this.#link?.hasSpoken) this.#onFirstData(this.#link, now)
  }

  /** A topic that is silent is asked for again; when that does not help the connection is given up. */
  #onSilence(link: Link, silence: Silence): void {
    const { topics, isAll, isSecond, silentMs } = silence
    for (const { name } of topics) this.#events.next({ kind: 'stale', topic: name, silentMs })
    if (isAll) {
      link.connection.end('no data')
      return
    }
    const lost = topics.filter(({ name }) => isSecond && (this.#strikes.get(name) ?? 0) < 2)
    if (lost.length === 0) {
      this.#askAgain(link, topics)
      return
    }
    // Twice a reconnect for the same topic, and no more: the others must not suffer for one that is dead.
    for (const { name } of lost) this.#strikes.set(name, (this.#strikes.get(name) ?? 0) + 1)
    link.connection.end(`silent ${lost[0]!.name}`)
  }

  #askAgain({ connection }: Link, topics: readonly TopicPlan[]): void {
    const { adapter } = this.#options
    const id = (): number => ++this.#requests
    connection.send([...adapter.unsubscribe(topics, id), ...adapter.subscribe(topics, id)])
  }

  #planRotation(): void {
    const lifeMs = this.#options.maxLifeMs ?? this.#rules.maxLifeMs
    if (lifeMs !== null) this.#after('rotate', lifeMs * (LIFE_SHARE - 0.1 * this.#random.next()), () => this.#rotate())
  }

  #rotate(): void {
    if (this.#link === undefined || this.#heir !== undefined) return
    this.#connect(true)
    this.#after('overlap', OVERLAP_MS, () => {
      // A topic that is dead must not keep the others on a connection that will be cut.
      if (this.#heir?.hasSpoken) this.#takeOver(this.#heir)
      else this.#heir?.connection.end('slow to speak')
    })
  }

  #after(name: string, ms: DurationMs, fn: () => void): void {
    this.#cancel(name)
    this.#timers.set(
      name,
      this.#options.time.after(ms, () => {
        this.#timers.delete(name)
        fn()
      }),
    )
  }

  #cancel(name: string): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
  }
}
