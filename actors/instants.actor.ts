/**
 * Owns the feed that says when an instant is closed. Stands behind all connectors: their streams pass through it, so that
 * InstantClosed follows the last bar of its instant at once. Never holds back or changes what passes.
 */
import { Observable, Subject } from 'rxjs'
import type { TimePort } from '#core/ports'
import type { PushedInput } from '#engine/live'
import type { AgentWork, Health } from './agent.port.js'
import { aborted } from './decider-agent.js'
import type { Feed } from './feed.port.js'
import { INSTANTS, type InstantAssembler, instantInput } from './instant-assembler.js'

interface Bar {
  readonly instrument: string
  readonly interval: string
  readonly openTime: number
}

export class InstantsFeed implements Feed {
  readonly name = INSTANTS
  readonly version = '1'
  readonly dependencies: readonly string[]
  readonly kind = 'connector'
  readonly onOrderPath = true
  readonly sources = []
  readonly recovered = []
  readonly hasEnded = false
  readonly #assembler: InstantAssembler
  readonly #time: TimePort
  readonly #closed = new Subject<PushedInput>()
  #cancel: () => void = () => undefined
  #isRunning = false
  #isFrozen = false

  /** `connectors` are the names of the feeds whose bars it waits for. */
  constructor(assembler: InstantAssembler, time: TimePort, connectors: readonly string[]) {
    this.#assembler = assembler
    this.#time = time
    this.dependencies = connectors
  }

  /** The same feed, looked at on its way to the host. */
  behind(feed: Feed): Feed {
    const { inputs$ } = feed
    if (inputs$ === undefined) return feed
    const watched = (room$: Observable<boolean>): Observable<PushedInput> =>
      new Observable((subscriber) =>
        inputs$.call(feed, room$).subscribe({
          next: (input) => {
            subscriber.next(input)
            if (input.type === 'BarClosed') this.#bar(input.data as unknown as Bar) // the catalogue's payload of that type
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      )
    return {
      name: feed.name,
      version: feed.version,
      dependencies: feed.dependencies,
      kind: feed.kind,
      onOrderPath: feed.onOrderPath,
      sources: feed.sources,
      recovered: feed.recovered,
      get hasEnded() {
        return feed.hasEnded
      },
      inputs$: watched,
      freeze: () => feed.freeze(),
      run: (work) => feed.run(work),
      healthcheck: () => feed.healthcheck(),
      ...(feed.start ? { start: (signal) => feed.start!(signal) } : {}),
      ...(feed.restore ? { restore: (signal) => feed.restore!(signal) } : {}),
    }
  }

  inputs$(): Observable<PushedInput> {
    return this.#closed
  }

  freeze(): void {
    this.#isFrozen = true
  }

  async run({ signal }: AgentWork): Promise<void> {
    this.#isRunning = true
    this.#look()
    try {
      await aborted(signal)
    } finally {
      this.#isRunning = false
      this.#cancel()
    }
  }

  healthcheck(): Health {
    return { isHealthy: this.#isRunning, detail: '' }
  }

  #bar({ instrument, interval, openTime }: Bar): void {
    this.#say(this.#assembler.bar(instrument, interval, openTime))
  }

  #look(): void {
    const now = this.#time.now()
    this.#say(this.#assembler.overdue(now))
    const delayMs = Math.max(1, this.#assembler.nextLookAt(now) - now)
    this.#cancel = this.#time.after(delayMs, () => {
      if (this.#isRunning) this.#look()
    })
  }

  #say(data: Parameters<typeof instantInput>[0] | undefined): void {
    if (data !== undefined && this.#isRunning && !this.#isFrozen) this.#closed.next(instantInput(data))
  }
}
