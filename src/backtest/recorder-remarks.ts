/** Owns what is only counted in a recording: refusals, changes of mind, missing terms, halts, faults. Pure. */
import type { AnyEvent, EventNamed } from '#events/catalogue'
import { signalName } from './attribution.js'
import { Counter } from './recorder-counter.js'
import type { BacktestRecording, RecordedHalt } from './recording.js'

export class Remarks {
  readonly #halts: RecordedHalt[] = []
  readonly #refusals = new Counter()
  readonly #signalChanges = new Counter()
  readonly #missingTerms = new Counter()
  readonly #faults = new Counter()

  observe(event: AnyEvent): void {
    switch (event.type) {
      case 'SignalChanged':
        this.#signalChanged(event)
        break
      case 'OrderRefused':
        this.#refusals.add(event.data.code)
        break
      case 'OrderRejected':
        this.#refusals.add(`rejected: ${event.data.code}`)
        break
      case 'OrderCancelled':
        this.#refusals.add(`cancelled: ${event.data.reason}`)
        break
      case 'TradingHalted':
        this.#halts.push({ ts: event.ts, reason: event.data.reason, detail: event.data.detail })
        break
      case 'AgentFaulted':
        this.#faults.add(`${event.data.agent}: ${event.data.code}`)
        break
    }
  }

  finish(): Pick<BacktestRecording, 'refusals' | 'signalChanges' | 'missingTerms' | 'halts' | 'faults'> {
    return {
      refusals: this.#refusals.tally(),
      signalChanges: this.#signalChanges.tally(),
      missingTerms: this.#missingTerms.tally(),
      halts: this.#halts,
      faults: this.#faults.tally(),
    }
  }

  #signalChanged({ data }: EventNamed<'SignalChanged'>): void {
    const signal = signalName(data.signal)
    this.#signalChanges.add(`${signal}: ${data.reason}`)
    if (data.reason === 'warming-up') return
    for (const term of data.terms) if (term.value === null) this.#missingTerms.add(`${signal}: ${term.name}`)
  }
}
