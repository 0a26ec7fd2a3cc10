/**
 * Owns what is counted from committed events. A log that is read from its beginning gives the same counts whenever it is read. Bounded:
 * counters by words of ours, and the orders that are UNKNOWN now. O(1) an event.
 */
import type { RunFacts } from '#audit/view/view.port'
import { parseInstrument } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import type { Families } from './families.js'
import {
  CANCEL_REASONS,
  HALT_REASONS,
  type LabelValues,
  LIQUIDITIES,
  OTHER,
  OUTCOMES,
  REFUSALS,
  STALL_CODES,
} from './label-values.js'

type By = keyof typeof REFUSALS

/** Words and how often each was met; those that are not known are counted as one. */
class Tally {
  readonly #known: ReadonlySet<string>
  readonly #counts: Map<string, number>

  /** `begun`: those that are told before they were met. */
  constructor(known: Iterable<string>, begun: Iterable<string> = known) {
    this.#known = new Set(known)
    this.#counts = new Map([...begun].map((word) => [word, 0]))
  }

  count(word: string): void {
    const name = this.#known.has(word) ? word : OTHER
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  each(fn: (count: number, word: string) => void): void {
    for (const [word, count] of this.#counts) fn(count, word)
  }
}

export class EventCounts {
  readonly #types: Tally
  readonly #outcomes = new Tally(OUTCOMES)
  readonly #refusals: Readonly<Record<By, Tally>> = {
    risk: new Tally(REFUSALS.risk),
    execution: new Tally(REFUSALS.execution),
    venue: new Tally(REFUSALS.venue),
  }
  readonly #cancels = new Tally(CANCEL_REASONS)
  readonly #fills = new Tally(LIQUIDITIES)
  readonly #halts = new Tally(HALT_REASONS)
  readonly #stalls = new Tally(STALL_CODES)
  readonly #faults: Tally
  readonly #failures: Tally
  readonly #outages: Tally
  readonly #signals: Tally
  /** Time since which an order is UNKNOWN; at most the orders that are open. */
  readonly #unknown = new Map<string, number>()
  #stalledMs = 0
  #clockSteps = 0
  #starts = 0

  constructor(values: LabelValues, facts: RunFacts) {
    const agents = values.get('agent') ?? []
    const deciders = facts.agents.map(({ name }) => name)
    const feeds = facts.instruments.map(({ instrument }) => `connector/${parseInstrument(instrument)?.venue ?? OTHER}`)
    this.#types = new Tally(values.get('type') ?? [])
    this.#faults = new Tally(agents, deciders)
    this.#failures = new Tally(
      agents,
      [...deciders, ...feeds].filter((name) => values.get('agent')?.has(name)),
    )
    this.#outages = new Tally(
      agents,
      feeds.filter((name) => values.get('agent')?.has(name)),
    )
    this.#signals = new Tally(
      values.get('signal') ?? [],
      facts.signals.flatMap(({ signal, isEnabled }) => (isEnabled ? [signal] : [])),
    )
  }

  take(events: readonly AnyEvent[]): void {
    for (const event of events) {
      this.#types.count(event.type)
      this.#order(event)
      this.#life(event)
    }
  }

  #order(event: AnyEvent): void {
    switch (event.type) {
      case 'OrderApproved':
        this.#outcomes.count('approved')
        break
      case 'OrderRefused':
        this.#refused('risk', 'refused', event.data.code)
        break
      case 'OrderWithheld':
        this.#refused('execution', 'withheld', event.data.code)
        break
      case 'OrderSubmitted':
        this.#outcomes.count('submitted')
        break
      case 'OrderAccepted':
        this.#unknown.delete(event.data.order)
        this.#outcomes.count('accepted')
        break
      case 'OrderFilled':
        this.#unknown.delete(event.data.order)
        this.#fills.count(event.data.liquidity)
        if (Number(event.data.remaining) === 0) this.#outcomes.count('filled')
        break
      case 'OrderRejected':
        this.#unknown.delete(event.data.order)
        this.#refused('venue', 'rejected', event.data.code)
        break
      case 'OrderCancelled':
        this.#unknown.delete(event.data.order)
        this.#cancels.count(event.data.reason)
        this.#outcomes.count('cancelled')
        break
      case 'OrderUnconfirmed':
        if (!this.#unknown.has(event.data.order)) this.#unknown.set(event.data.order, event.ts)
        this.#outcomes.count('unknown')
        break
    }
  }

  #refused(by: By, outcome: string, code: string): void {
    this.#outcomes.count(outcome)
    this.#refusals[by].count(code)
  }

  #life(event: AnyEvent): void {
    switch (event.type) {
      case 'SignalChanged':
      case 'PackageChanged':
      case 'RegimeChanged':
        this.#signals.count(event.data.signal)
        break
      case 'TradingHalted':
        this.#halts.count(event.data.reason)
        break
      case 'AgentFaulted':
        this.#faults.count(event.data.agent)
        break
      case 'AgentLifecycleChanged':
        if (event.data.to === 'faulted') this.#failures.count(event.data.agent)
        break
      case 'FeedInterrupted':
        this.#outages.count(event.data.feed)
        break
      case 'LogStalled':
        this.#stalledMs += event.data.stalledMs
        this.#stalls.count(event.data.code)
        break
      case 'ClockStepped':
        this.#clockSteps++
        break
      case 'ProcessStarted':
        this.#starts++
        break
    }
  }

  /** `now`: clock of the run, epoch ms. */
  fill(families: Families, now: number): void {
    this.#types.each((n, type) => families.add('quantbot_events_total', n, { type }))
    this.#outcomes.each((n, outcome) => families.add('quantbot_orders_total', n, { outcome }))
    for (const [by, codes] of Object.entries(this.#refusals))
      codes.each((n, code) => families.add('quantbot_order_refusals_total', n, { by, code }))
    this.#cancels.each((n, reason) => families.add('quantbot_order_cancels_total', n, { reason }))
    this.#fills.each((n, liquidity) => families.add('quantbot_fills_total', n, { liquidity }))
    this.#halts.each((n, reason) => families.add('quantbot_trading_halts_total', n, { reason }))
    this.#faults.each((n, agent) => families.add('quantbot_agent_faults_total', n, { agent }))
    this.#failures.each((n, agent) => families.add('quantbot_agent_failures_total', n, { agent }))
    this.#outages.each((n, feed) => families.add('quantbot_feed_interruptions_total', n, { feed }))
    this.#stalls.each((n, code) => families.add('quantbot_log_stalls_total', n, { code }))
    this.#signals.each((n, signal) => families.add('quantbot_signal_changes_total', n, { signal }))
    families.add('quantbot_log_stalled_seconds_total', this.#stalledMs / 1000)
    families.add('quantbot_clock_steps_total', this.#clockSteps)
    families.add('quantbot_process_starts_total', this.#starts)
    const oldest = Math.min(...this.#unknown.values())
    families.add('quantbot_orders_unknown', this.#unknown.size)
    families.add('quantbot_order_unknown_age_seconds', this.#unknown.size === 0 ? 0 : Math.max(0, now - oldest) / 1000)
  }
}
