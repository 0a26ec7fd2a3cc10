/**
 * Owns the feed that says when an instant is closed. Stands behind all connectors: their streams pass through it, so that
 * InstantClosed follows the last bar of its instant at once. Never holds back or changes what passes.
 */
import type { TimePort } from '#core/ports'
import type { PushedInput } from '#engine/live'
import type { AgentWork, Health } from './agent.port.js'
import { aborted } from './decider-agent.js'
import type { Feed } from './feed.port.js'
import { withInputs } from './feed-inputs.js'
import { INSTANTS, type InstantAssembler, instantInput } from './instant-assembler.js'
import { Observable, Subject } from './streams.js'

type Gone = Pick<Bar, 'instrument'>

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
  readonly #makeAssembler: () => InstantAssembler
  #assembler: InstantAssembler | undefined
  readonly #time: TimePort
  readonly #closed = new Subject<PushedInput>()
  #cancel: () => void = () => undefined
  #isRunning = false
  #isHeard = false
  readonly #early: PushedInput[] = []
  #isFrozen = false

  /** `makeAssembler` is called at the start, when what the log has is known; `connectors` are the feeds whose bars it waits for. */
  constructor(makeAssembler: () => InstantAssembler, time: TimePort, connectors: readonly string[]) {
    this.#makeAssembler = makeAssembler
    this.#time = time
    this.dependencies = connectors
  }

  /** The same feed, looked at on its way to the host. */
  behind(feed: Feed): Feed {
    return withInputs(
      feed,
      (inputs$) =>
        new Observable((subscriber) =>
          inputs$.subscribe({
            next: (input) => {
              subscriber.next(input)
              // The catalogue's payloads of those types.
              if (input.type === 'BarClosed') this.#bar(input.data as unknown as Bar)
              else if (input.type === 'InstrumentDelisted') this.#gone(input.data as unknown as Gone)
            },
            error: (error) => subscriber.error(error),
            complete: () => subscriber.complete(),
          }),
        ),
    )
  }

  /** What was closed by bars before it was subscribed to comes first. */
  inputs$(): Observable<PushedInput> {
    return new Observable((subscriber) => {
      const closed = this.#closed.subscribe(subscriber)
      this.#isHeard = true
      for (const input of this.#early.splice(0)) this.#closed.next(input)
      if (this.#isRunning) this.#look()
      return closed
    })
  }

  freeze(): void {
    this.#isFrozen = true
  }

  async run({ signal }: AgentWork): Promise<void> {
    this.#assembler ??= this.#makeAssembler()
    this.#isRunning = true
    if (this.#isHeard) this.#look()
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

  #gone({ instrument }: Gone): void {
    this.#say(this.#assembler?.remove(instrument))
  }

  #bar({ instrument, interval, openTime }: Bar): void {
    this.#say(this.#assembler?.bar(instrument, interval, openTime))
  }

  #look(): void {
    const assembler = this.#assembler!
    const now = this.#time.now()
    this.#say(assembler.overdue(now))
    const delayMs = Math.max(1, assembler.nextLookAt(now) - now)
    this.#cancel = this.#time.after(delayMs, () => {
      if (this.#isRunning) this.#look()
    })
  }

  #say(data: Parameters<typeof instantInput>[0] | undefined): void {
    if (data === undefined || !this.#isRunning || this.#isFrozen) return
    // An instant is never said twice: one that nobody hears yet must wait.
    if (this.#isHeard) this.#closed.next(instantInput(data))
    else this.#early.push(instantInput(data))
  }
}
