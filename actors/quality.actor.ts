/**
 * Owns the feed of doubts about data: what LiveQuality finds becomes DataQualityChanged, ahead of the bar in doubt. Never
 * changes or holds back what passes.
 */
import type { TimePort } from '#core/ports'
import { SECOND_MS } from '#core/time'
import type { Normal } from '#data/connectors/normal'
import { type Doubts, LiveQuality, type LiveQualityOptions } from '#data/live-quality'
import type { PushedInput } from '#engine/live'
import type { AgentWork, Health } from './agent.port.js'
import { aborted } from './decider-agent.js'
import type { Feed } from './feed.port.js'
import { withInputs } from './feed-inputs.js'
import { Observable, Subject, tap } from './streams.js'

const QUALITY = 'connector/quality'

interface Bar {
  readonly instrument: string
  readonly close: number
}

export interface QualityFeedOptions extends Omit<LiveQualityOptions, 'onVerdict' | 'startedAt'> {
  readonly time: TimePort
  /** Measured offsets of the venues' clocks, by connector. */
  readonly offsets: () => readonly (readonly [connector: string, offsetMs: number])[]
  /** What the log says is in doubt, as of its end: asked when the feed begins. */
  readonly doubts: () => Doubts
}

export class QualityFeed implements Feed {
  readonly name = QUALITY
  readonly version = '1'
  readonly dependencies = []
  readonly kind = 'connector'
  readonly onOrderPath = false
  readonly sources = []
  readonly recovered = []
  readonly hasEnded = false
  readonly quality: LiveQuality
  readonly #options: QualityFeedOptions
  readonly #verdicts = new Subject<PushedInput>()
  #cancel: () => void = () => undefined
  #isRunning = false
  #isHeard = false

  constructor(options: QualityFeedOptions) {
    this.#options = options
    this.quality = new LiveQuality({
      ...options,
      startedAt: options.time.now(),
      onVerdict: (data) => {
        if (this.#isRunning && this.#isHeard) this.#verdicts.next({ type: 'DataQualityChanged', by: QUALITY, data })
      },
    })
  }

  /** For the tap of connectors: quotes and marks, whether or not they enter the log. */
  readonly record = (record: Normal, receivedAt: number): void => {
    if (record.kind === 'quote') this.quality.quote(record.instrument, record.bid, record.ask, receivedAt)
    else if (record.kind === 'mark') this.quality.mark(record.instrument, record.mark, receivedAt)
  }

  /** The same feed, each bar looked at before it is handed on. */
  before(feed: Feed): Feed {
    return withInputs(feed, (inputs$) => inputs$.pipe(tap((input) => this.#bar(input))))
  }

  inputs$(): Observable<PushedInput> {
    return new Observable((subscriber) => {
      const verdicts = this.#verdicts.subscribe(subscriber)
      this.#isHeard = true
      this.#begin()
      return verdicts
    })
  }

  freeze(): void {
    this.#isRunning = false
  }

  async run({ signal }: AgentWork): Promise<void> {
    this.#isRunning = true
    this.#begin()
    try {
      await aborted(signal)
    } finally {
      this.#isRunning = false
      this.#cancel()
    }
  }

  healthcheck(): Health {
    const { failing } = this.quality
    return {
      isHealthy: true,
      detail: failing.map(({ subject, checks }) => `${subject}: ${checks.join(', ')}`).join('; '),
    }
  }

  #bar(input: PushedInput): void {
    if (input.type !== 'BarClosed') return
    const { instrument, close } = input.data as unknown as Bar // the catalogue's payload of that type
    this.quality.bar(instrument, close)
  }

  /** What is said before somebody listens would be lost, and never said again. */
  #begin(): void {
    if (!this.#isRunning || !this.#isHeard) return
    this.quality.begin(this.#options.time.now(), this.#options.doubts())
    this.#look()
  }

  #look(): void {
    if (!this.#isRunning) return
    this.quality.look(this.#options.time.now())
    for (const [connector, offsetMs] of this.#options.offsets()) this.quality.clock(connector, offsetMs)
    this.#cancel = this.#options.time.after(SECOND_MS, () => this.#look())
  }
}
