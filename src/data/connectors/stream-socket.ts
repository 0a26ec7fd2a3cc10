/**
 * Owns that the topics of one socket plan keep speaking: reconnects with growing waits, topics that fall silent, and a new
 * connection before the venue cuts the old one. Gives every frame that came; what is doubled is removed behind it.
 */
import type { Observable } from 'rxjs'
import { Subject } from 'rxjs/internal/Subject'
import { hashText, Sfc32 } from '#core/random'
import type { EpochMs } from '#core/time'
import type { Decoded, SocketPlan, SocketRules, TopicPlan } from './adapter.port.js'
import { Backoff } from './backoff.js'
import { Connection } from './connection.js'
import { DeadTopics } from './dead-topics.js'
import { NamedTimers } from './named-timers.js'
import { CONNECT_POOL, type SocketStats, type StreamEvent, type StreamSocketOptions } from './stream-events.js'
import { ASK_AGAIN_MS, isSound, LIFE_SHARE, type Link, OVERLAP_MS, RECONNECT, SOUND_MS } from './stream-link.js'
import { type Silence, TopicWatch } from './topic-watch.js'

export class StreamSocket {
  readonly #options: StreamSocketOptions
  readonly #events = new Subject<StreamEvent>()
  readonly #rules: SocketRules
  readonly #backoff: Backoff
  readonly #random: Sfc32
  readonly #timers: NamedTimers
  readonly #dead = new DeadTopics()
  #plan: SocketPlan
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
    this.#plan = options.plan
    this.#timers = new NamedTimers(options.time)
    this.#rules = options.adapter.rules(options.plan.endpoint)
    this.#random = Sfc32.seeded(options.seed, hashText(options.name))
    this.#backoff = new Backoff(RECONNECT, this.#random)
  }

  get events$(): Observable<StreamEvent> {
    return this.#events
  }

  /** Data came on the connection, or it is open and owes none. */
  get isUp(): boolean {
    return this.#link !== undefined && isSound(this.#link)
  }

  /** A connection stands, whether data came on it or not. */
  get isOpen(): boolean {
    return this.#link !== undefined && this.#link.openedAt !== null
  }

  /** Whether the topic is given up here. */
  hasLost(topic: string): boolean {
    return this.#dead.has(topic)
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
    this.#timers.cancelAll()
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

  /**
   * Its topics from now on. Topics that are wanted no more are given back; for new ones a second connection is opened, which
   * takes over when it speaks, so that nothing is lost of those that stay.
   */
  replan(plan: SocketPlan): void {
    const names = new Set(plan.topics.map(({ name }) => name))
    this.#dead.keep(names)
    this.#plan = plan
    const link = this.#link
    const heir = this.#heir
    if (heir !== undefined) this.#dropHeir(heir)
    if (link === undefined) return
    const dropped = link.plan.topics.filter(({ name }) => !names.has(name))
    const isEnough = plan.topics.length === link.plan.topics.length - dropped.length
    link.watch.forget(dropped.map(({ name }) => name))
    if (isEnough && link.openedAt !== null && heir === undefined) {
      link.connection.send(this.#options.adapter.unsubscribe(dropped, () => ++this.#requests))
      link.plan = plan
    } else this.#rotate()
  }

  stats(): SocketStats {
    const { time, name } = this.#options
    const watch = this.#link?.watch
    const ages = this.#plan.topics.map((topic) => {
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
        this.#timers.after('connect', this.#backoff.next(), () => this.#connect(false))
      })
  }

  #open(): Link {
    const plan = this.#plan
    const { adapter, endpoints, knowledge, time, quarantine, tap, nextSocketId } = this.#options
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
    const link: Link = { id: nextSocketId(), plan, connection, watch, openedAt: null, readyAt: 0, hasSpoken: false }
    return link
  }

  #onOpen(link: Link): void {
    const { adapter, time } = this.#options
    link.openedAt = time.now()
    const messages = adapter.subscribe(link.plan.topics, () => ++this.#requests)
    link.connection.send(messages)
    // The last request leaves so much later: until then its topics cannot speak.
    const graceMs = (messages.length * 1000) / this.#rules.requestsPerSecond
    link.readyAt = link.openedAt + graceMs
    link.watch.start(graceMs)
    if (link !== this.#heir) this.#planRotation()
  }

  #onFrame(link: Link, decoded: Decoded, receivedAt: EpochMs): void {
    const { topic, records, refused } = decoded
    this.#frames++
    if (refused !== undefined && refused.length > 0) {
      this.#onRefused(link, refused)
    }
    if (topic !== null && records.length > 0) {
      this.#dataAt = receivedAt
      const wasSilent = link.watch.heard(topic, receivedAt)
      this.#dead.spoke(topic, wasSilent)
      if (wasSilent) this.#events.next({ kind: 'fresh', topic })
      if (!link.hasSpoken) this.#onFirstData(link, receivedAt)
      if (link.watch.isComplete && receivedAt >= link.readyAt) this.#onComplete(link)
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
    this.#timers.cancel('overlap')
    this.#timers.cancel('connect')
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
      this.#timers.cancel('overlap')
      this.#lastReason = reason
      this.#timers.after('rotate', this.#backoff.next(), () => this.#rotate())
      return
    }
    if (link !== this.#link) return
    this.#drops++
    this.#lastReason = reason
    this.#downAt ??= this.#options.time.now()
    this.#timers.cancel('rotate')
    this.#events.next({ kind: 'down', socketId: link.id, reason })
    if (this.#stop.signal.aborted) return
    const now = this.#options.time.now()
    if (link.hasSpoken && link.openedAt !== null && now - link.openedAt > SOUND_MS) this.#backoff.succeeded()
    // An heir that is on its way takes over as soon as it can.
    this.#link = this.#heir
    this.#heir = undefined
    if (this.#link === undefined) this.#timers.after('connect', this.#backoff.next(), () => this.#connect(false))
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
    const lost = isSecond ? this.#dead.worthReconnect(topics) : []
    if (lost.length === 0) {
      if (isSecond) for (const topic of topics) this.#lose(topic, `silent for ${Math.round(silentMs / 1000)} s`)
      this.#askAgain(link, topics)
      return
    }
    this.#dead.strike(lost)
    link.connection.end(`silent ${lost[0]!.name}`)
  }

  #onRefused(link: Link, names: readonly string[]): void {
    link.watch.refuse(names)
    this.#events.next({ kind: 'refused', topics: names })
    const topics = link.plan.topics.filter(({ name }) => names.includes(name))
    for (const topic of topics) this.#lose(topic, 'refused by the venue')
    this.#timers.after('refused', ASK_AGAIN_MS, () => {
      const again = this.#link?.plan.topics.filter(({ name }) => this.#dead.has(name)) ?? []
      if (this.#link !== undefined && again.length > 0) this.#askAgain(this.#link, again)
    })
  }

  #lose(topic: TopicPlan, why: string): void {
    if (this.#dead.add(topic.name)) this.#events.next({ kind: 'lost', topic, why })
  }

  #askAgain({ connection }: Link, topics: readonly TopicPlan[]): void {
    const { adapter } = this.#options
    const id = (): number => ++this.#requests
    connection.send([...adapter.unsubscribe(topics, id), ...adapter.subscribe(topics, id)])
  }

  #planRotation(): void {
    const lifeMs = this.#options.maxLifeMs ?? this.#rules.maxLifeMs
    if (lifeMs !== null)
      this.#timers.after('rotate', lifeMs * (LIFE_SHARE - 0.1 * this.#random.next()), () => this.#rotate())
  }

  #rotate(): void {
    if (this.#link === undefined || this.#heir !== undefined) return
    this.#connect(true)
    this.#timers.after('overlap', OVERLAP_MS, () => {
      // A topic that is dead must not keep the others on a connection that will be cut.
      if (this.#heir !== undefined && isSound(this.#heir)) this.#takeOver(this.#heir)
      else this.#heir?.connection.end('slow to speak')
    })
  }

  #dropHeir(heir: Link): void {
    this.#heir = undefined
    this.#timers.cancel('overlap')
    heir.watch.stop()
    heir.connection.end('planned anew')
    this.#events.next({ kind: 'replaced', socketId: heir.id })
  }
}
