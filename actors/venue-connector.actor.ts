/**
 * Owns the connector of one venue as an agent: its session under the supervisor, its inputs into the host's queue. An outage
 * of the venue degrades it and is told, at the start as later; it fails when the venue lacks what is watched, or when inputs
 * that may not be dropped find no room.
 */
import { isQuantbotError, QuantbotError } from '#core/errors'
import type { DurationMs } from '#core/time'
import { wait } from '#core/wait'
import type { RateBudget } from '#data/connectors/rate-budget'
import type { SessionStats, VenueSessionOptions } from '#data/connectors/session.port'
import type { MarketInput } from '#data/connectors/to-inputs'
import { VenueSession } from '#data/connectors/venue-session'
import type { PushedInput } from '#engine/live'
import type { AgentWork, Health } from './agent.port.js'
import type { Feed } from './feed.port.js'
import type { VenueStatus } from './run-status.js'
import { Observable, Subject } from './streams.js'

export type VenueConnectorOptions = VenueSessionOptions & {
  /** Trading cannot go on without it: it brings bars of the universe. */
  readonly onOrderPath: boolean
}

/** Inputs that wait for room: bars of a thousand instruments for twenty minutes. */
const OUTBOX_MAX = 20_000
/** Between two tries to begin with a venue that is away: each is some tries of the client (ours). */
const AWAY_MS = 5_000
const REASON_MAX = 200
/** Topics that a health check names. */
const DOUBTS_SHOWN = 5
/** Between two looks for room. */
const ROOM_MS = 1_000

export class VenueConnector implements Feed {
  readonly name: string
  readonly version = '1'
  readonly dependencies = []
  readonly kind = 'connector'
  readonly onOrderPath: boolean
  readonly sources = []
  readonly recovered = []
  readonly hasEnded = false
  readonly #session: VenueSession
  readonly #time: VenueConnectorOptions['time']
  readonly #inputs = new Subject<PushedInput>()
  #outbox: PushedInput[] = []
  #hasRoom = false
  #isFrozen = false
  #work: AgentWork | undefined
  #degraded = ''
  /** Why the session could not be opened yet; empty once it is. */
  #away = ''
  #fail: ((error: unknown) => void) | undefined

  constructor(options: VenueConnectorOptions) {
    this.name = `connector/${options.adapter.venue}`
    this.onOrderPath = options.onOrderPath
    this.#time = options.time
    this.#session = new VenueSession(options, {
      onInput: (input) => this.#push(input),
      onDegraded: (reason) => this.#onDegraded(reason),
      onRecovered: (downMs) => this.#onRecovered(downMs),
    })
  }

  /** The budget that requests of this venue share. */
  get budget(): RateBudget {
    return this.#session.budget
  }

  get session(): VenueSession {
    return this.#session
  }

  get stats(): SessionStats {
    return this.#session.stats()
  }

  /** O(streams). */
  get status(): VenueStatus {
    const { venue, clock, budget, sockets, streams, bars, quarantine } = this.#session.stats()
    const ages = sockets.flatMap((socket) => Object.values(socket.ages).filter((age) => age !== null))
    const sum = (count: (socket: SessionStats['sockets'][number]) => number): number =>
      sockets.reduce((total, socket) => total + count(socket), 0)
    const silent = sockets.flatMap((socket) => socket.silent)
    const up = sum(({ isUp }) => (isUp ? 1 : 0))
    return {
      venue,
      isUp: this.#work !== undefined && this.#degraded === '' && up === sockets.length && silent.length === 0,
      reason: this.#degraded,
      sockets: {
        up,
        all: sockets.length,
        drops: sum(({ drops }) => drops),
        rotations: sum(({ rotations }) => rotations),
      },
      frameAgeMs: ages.length === 0 ? null : ages.reduce((a, b) => Math.min(a, b)),
      frames: sum(({ frames }) => frames),
      silent,
      clockOffsetMs: clock?.offsetMs ?? null,
      budgetUsed: budget.pools.reduce((most, { used, capacity }) => Math.max(most, used / capacity), 0),
      requestsWaiting: budget.waiting,
      pausedUntil: budget.pausedUntil,
      bars: { filled: bars.filled, failed: bars.failed, missing: bars.missing },
      quarantined: quarantine.refused,
      streams,
    }
  }

  /** Inputs from the beginning: what came before the subscription waits for it. */
  inputs$(room$: Observable<boolean>): Observable<PushedInput> {
    return new Observable((subscriber) => {
      const inputs = this.#inputs.subscribe(subscriber)
      const room = room$.subscribe((hasRoom) => this.#onRoom(hasRoom))
      return () => {
        room.unsubscribe()
        inputs.unsubscribe()
        this.#onRoom(false)
      }
    })
  }

  freeze(): void {
    this.#isFrozen = true
    this.#outbox = []
  }

  /** VENUE_REFUSED (an instrument that the venue does not have), PAYLOAD_REFUSED. A venue that is away is waited for by `run`. */
  async start(signal: AbortSignal): Promise<void> {
    this.#away = await this.#open(signal)
  }

  async #open(signal: AbortSignal): Promise<string> {
    try {
      await this.#session.open(signal)
      return ''
    } catch (error) {
      if (!isQuantbotError(error) || !error.retryable) throw error
      return `${error.code}: ${error.message}`.slice(0, REASON_MAX)
    }
  }

  /** Until it is aborted. What `open` throws for good is a failure of the agent. */
  async #runSession(signal: AbortSignal): Promise<void> {
    await this.#untilRoom(signal)
    if (signal.aborted) return
    if (this.#away !== '') {
      const since = this.#time.now()
      this.#onDegraded(this.#away)
      while (this.#away !== '') {
        await wait(this.#time, AWAY_MS, signal)
        if (signal.aborted) return
        this.#away = await this.#open(signal)
      }
      this.#onRecovered(this.#time.now() - since)
    }
    await this.#session.run(signal)
  }

  /** Behind an overflow: nothing more is read before what waits has found room. */
  async #untilRoom(signal: AbortSignal): Promise<void> {
    if (this.#outbox.length < OUTBOX_MAX) return
    this.#degraded = `${this.#outbox.length} inputs wait for room`
    this.#work?.degraded(this.#degraded)
    while (this.#outbox.length > 0 && !signal.aborted) await wait(this.#time, ROOM_MS, signal)
    this.#degraded = ''
    this.#work?.recovered()
  }

  async run(work: AgentWork): Promise<void> {
    const stop = new AbortController()
    const onAbort = (): void => stop.abort()
    work.signal.addEventListener('abort', onAbort, { once: true })
    this.#work = work
    this.#degraded = ''
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    const running = this.#runSession(stop.signal)
    try {
      await Promise.race([running, failed])
    } finally {
      this.#work = undefined
      this.#fail = undefined
      work.signal.removeEventListener('abort', onAbort)
      stop.abort()
      // The next run must find everything of this one closed.
      await running.catch(() => undefined)
      if (work.signal.aborted) await this.#session.close()
    }
  }

  healthcheck(): Health {
    if (this.#degraded !== '') return { isHealthy: true, detail: this.#degraded }
    const { doubts } = this.#session
    const shown = doubts.slice(0, DOUBTS_SHOWN).join('; ')
    const more = doubts.length > DOUBTS_SHOWN ? ` and ${doubts.length - DOUBTS_SHOWN} more` : ''
    return { isHealthy: true, detail: `${shown}${more}` }
  }

  #push({ type, data }: MarketInput): void {
    if (this.#isFrozen) return
    const input: PushedInput = { type, by: this.name, data }
    if (this.#hasRoom && this.#outbox.length === 0) {
      this.#inputs.next(input)
      return
    }
    // What may be conflated waits elsewhere: nothing that comes here may be lost, the one too many included.
    this.#outbox.push(input)
    if (this.#outbox.length >= OUTBOX_MAX)
      this.#fail?.(new QuantbotError('FEED_FAILED', `${this.name}: ${this.#outbox.length} inputs wait for room`))
  }

  #onRoom(hasRoom: boolean): void {
    this.#hasRoom = hasRoom
    let count = 0
    while (this.#hasRoom && count < this.#outbox.length) this.#inputs.next(this.#outbox[count++]!)
    this.#outbox.splice(0, count)
    this.#session.hold(!this.#hasRoom)
  }

  #onDegraded(reason: string): void {
    this.#degraded = reason
    this.#push({ type: 'FeedInterrupted', data: { feed: this.name, reason } })
    this.#work?.degraded(reason)
  }

  #onRecovered(downMs: DurationMs): void {
    this.#degraded = ''
    this.#push({ type: 'FeedRestored', data: { feed: this.name, downMs: Math.round(downMs) } })
    this.#work?.recovered()
  }
}
