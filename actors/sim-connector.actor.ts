/** Owns the connector of the built-in market: while it runs, its sources speak. Offline; never fails by itself. */
import type { EpochMs } from '#core/time'
import type { TimedSource } from '#engine/live.port'
import type { AgentWork, Health } from './agent.port.js'
import { aborted } from './decider-agent.js'
import type { Feed } from './feed.port.js'
import { SIM_FEED, type SimBars } from './sim-bars.source.js'
import { SimQuotes, type Trading } from './sim-quotes.source.js'

/** A source that is silent while the gate is closed. */
function gated(source: TimedSource, isOpen: () => boolean): TimedSource {
  return {
    name: source.name,
    version: source.version,
    peek: () => (isOpen() ? source.peek() : undefined),
    next: () => source.next(),
    state: () => source.state(),
    restore: (state) => source.restore(state),
  }
}

export class SimConnector implements Feed {
  readonly name = SIM_FEED
  readonly version = '1'
  readonly dependencies = []
  readonly kind = 'connector'
  readonly onOrderPath = true
  readonly sources: readonly TimedSource[]
  readonly recovered: readonly TimedSource[]
  readonly #bars: SimBars
  #isRunning = false
  #isFrozen = false

  constructor(bars: SimBars, trading: () => Trading) {
    this.#bars = bars
    const isOpen = (): boolean => this.#isRunning && !this.#isFrozen
    this.recovered = [bars, new SimQuotes(bars, trading)]
    this.sources = this.recovered.map((source) => gated(source, isOpen))
  }

  /** Ends with the last instant up to this time. */
  endAt(until: EpochMs): void {
    this.#bars.endAt(until)
  }

  get hasEnded(): boolean {
    return this.#bars.hasEnded
  }

  freeze(): void {
    this.#isFrozen = true
  }

  async run({ signal }: AgentWork): Promise<void> {
    this.#isRunning = true
    try {
      await aborted(signal)
    } finally {
      this.#isRunning = false
    }
  }

  healthcheck(): Health {
    return { isHealthy: this.#isRunning, detail: this.hasEnded ? 'ended' : '' }
  }
}
