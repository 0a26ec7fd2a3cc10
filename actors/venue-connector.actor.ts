/**
 * Owns the connector of one venue as an agent: its session under the supervisor, its inputs into the host's queue. An outage
 * of the venue degrades it and is told; it fails when it cannot begin, or when inputs that may not be dropped find no room.
 */
import { Observable, Subject } from 'rxjs'
import { QuantbotError } from '#core/errors'
import type { RateBudget } from '#data/connectors/rate-budget'
import type { SessionStats, VenueSessionOptions } from '#data/connectors/session.port'
import type { MarketInput } from '#data/connectors/to-inputs'
import { VenueSession } from '#data/connectors/venue-session'
import type { PushedInput } from '#engine/live'
import type { AgentWork, Health } from './agent.port.js'
import type { Feed } from './feed.port.js'

export type VenueConnectorOptions = VenueSessionOptions & {
  /** Trading cannot go on without it: it brings bars of the universe. */
  readonly onOrderPath: boolean
}

/** Inputs that wait for room: bars of a thousand instruments for twenty minutes. */
const OUTBOX_MAX = 20_000

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
  readonly #inputs = new Subject<PushedInput>()
  #outbox: PushedInput[] = []
  #hasRoom = false
  #isFrozen = false
  #work: AgentWork | undefined
  #degraded = ''
  #fail: ((error: unknown) => void) | undefined

  constructor(options: VenueConnectorOptions) {
    this.name = `connector/${options.adapter.venue}`
    this.onOrderPath = options.onOrderPath
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

  /** VENUE_UNREACHABLE, VENUE_REFUSED (an instrument that the venue does not have), PAYLOAD_REFUSED. */
  start(signal: AbortSignal): Promise<void> {
    return this.#session.open(signal)
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
    const running = this.#session.run(stop.signal)
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
    return { isHealthy: true, detail: this.#degraded }
  }

  #push({ type, data }: MarketInput): void {
    if (this.#isFrozen) return
    const input: PushedInput = { type, by: this.name, data }
    if (this.#hasRoom && this.#outbox.length === 0) {
      this.#inputs.next(input)
      return
    }
    if (this.#outbox.length >= OUTBOX_MAX) {
      // What may be conflated waits elsewhere: what would be lost here may not be lost.
      this.#fail?.(new QuantbotError('FEED_FAILED', `${this.name}: ${OUTBOX_MAX} inputs wait for room`))
      return
    }
    this.#outbox.push(input)
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

  #onRecovered(downMs: number): void {
    this.#degraded = ''
    this.#push({ type: 'FeedRestored', data: { feed: this.name, downMs: Math.round(downMs) } })
    this.#work?.recovered()
  }
}
