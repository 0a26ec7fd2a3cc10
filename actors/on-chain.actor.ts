/**
 * Owns the roadmap's OnChainData: asks vendors for the tail of each series and publishes a value once its period and the
 * publication lag are over, corrections as further revisions. Never publishes early, and never a value twice.
 */
import { isQuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import { DAY_MS, type DurationMs, type EpochMs } from '#core/time'
import { wait } from '#core/wait'
import type { Call } from '#data/connectors/adapter.port'
import type { OnChainRecord } from '#data/connectors/normal'
import type { MetricPlan } from '#data/connectors/onchain/metrics'
import type { PushedInput } from '#engine/live'
import type { OnChainPublished } from '#events/market.events'
import type { MarketCoverageState } from '#signals/market-coverage.decider'
import type { AgentWork, Health } from './agent.port.js'
import type { Feed } from './feed.port.js'
import { type Observable, Subject } from './streams.js'

const ON_CHAIN = 'connector/onchain'
/** Days that are asked for again each time, so that corrections are seen. */
const TAIL_DAYS = 14
/** Longest sleep, so that a value is published within a minute of its time. */
const LOOK_MS = 60_000

export interface OnChainSeries {
  readonly plan: MetricPlan
  /** Sends the call for values from `since` on. */
  readonly ask: (since: EpochMs, signal: AbortSignal) => Promise<readonly OnChainRecord[]>
}

/** A series over a client of its vendor. */
export function seriesOver(
  plan: MetricPlan,
  callOf: (plan: MetricPlan, since: EpochMs) => Call<readonly OnChainRecord[]>,
  send: (call: Call<readonly OnChainRecord[]>, signal: AbortSignal) => Promise<readonly OnChainRecord[]>,
): OnChainSeries {
  return { plan, ask: (since, signal) => send(callOf(plan, since), signal) }
}

export interface OnChainFeedOptions {
  readonly series: readonly OnChainSeries[]
  readonly time: TimePort
  readonly lagMs: DurationMs
  readonly pollMs: DurationMs
  /** What the log has published already. */
  readonly published: () => MarketCoverageState['onChain']
  /** Every answer, for the lake. Must not throw. */
  readonly onFetched?: (records: readonly OnChainRecord[], fetchedAt: EpochMs) => void
}

/** The newest answer of a series. */
interface Tail {
  readonly records: readonly OnChainRecord[]
  readonly fetchedAt: EpochMs
  /** When the answer before this one was asked for. */
  readonly askedBefore: EpochMs | undefined
}

type Published = { readonly periodStart: EpochMs; readonly value: number; readonly revision: number }

export class OnChainFeed implements Feed {
  readonly name = ON_CHAIN
  readonly version = '1'
  readonly dependencies = []
  readonly kind = 'connector'
  readonly onOrderPath = false
  readonly sources = []
  readonly recovered = []
  readonly hasEnded = false
  readonly #options: OnChainFeedOptions
  readonly #values = new Subject<PushedInput>()
  /** Published in this process, before the log is asked again. */
  readonly #said = new Map<string, Map<EpochMs, Published>>()
  readonly #refused = new Map<string, string>()
  readonly #tails = new Map<MetricPlan, Tail>()
  #failure = ''
  #isFrozen = false

  constructor(options: OnChainFeedOptions) {
    this.#options = options
  }

  inputs$(): Observable<PushedInput> {
    return this.#values
  }

  freeze(): void {
    this.#isFrozen = true
  }

  async run({ signal, degraded, recovered }: AgentWork): Promise<void> {
    const stop = new AbortController()
    const onAbort = (): void => stop.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.all([this.#pollAll(stop.signal, degraded, recovered), this.#publishAll(stop.signal)])
    } finally {
      signal.removeEventListener('abort', onAbort)
      stop.abort()
    }
  }

  async #pollAll(signal: AbortSignal, degraded: AgentWork['degraded'], recovered: () => void): Promise<void> {
    const { time, pollMs, series } = this.#options
    const vendors = [...new Set(series.map(({ plan }) => plan.source))]
    while (!signal.aborted) {
      const nextAt = time.now() + pollMs
      this.#failure = ''
      // One vendor that does not answer holds up no other.
      await Promise.all(
        vendors.map(async (vendor) => {
          for (const one of series) if (one.plan.source === vendor) await this.#ask(one, signal)
        }),
      )
      if (signal.aborted) return
      const isRefused = series.every(({ plan }) => this.#refused.has(nameOf(plan)))
      if (isRefused) this.#failure = 'every series is refused'
      if (this.#failure === '') recovered()
      else degraded(this.#failure)
      await wait(time, Math.max(1, nextAt - time.now()), signal)
    }
  }

  /** Values that were fetched before they may be used wait for their time. */
  async #publishAll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const [plan, tail] of this.#tails) this.#publish(plan, tail)
      await wait(this.#options.time, LOOK_MS, signal)
    }
  }

  healthcheck(): Health {
    const refused = [...this.#refused].map(([series, why]) => `${series}: ${why}`)
    return {
      isHealthy: this.#failure === '',
      detail: [this.#failure, ...refused].filter((text) => text !== '').join('; '),
    }
  }

  /** A series that the vendor refuses (key, plan, path) is asked no more; other failures pass by the next look. */
  async #ask({ plan, ask }: OnChainSeries, signal: AbortSignal): Promise<void> {
    const series = nameOf(plan)
    if (this.#refused.has(series) || signal.aborted) return
    const fetchedAt = this.#options.time.now()
    try {
      const records = await ask(fetchedAt - TAIL_DAYS * DAY_MS, signal)
      if (signal.aborted) return
      this.#options.onFetched?.(records, fetchedAt)
      const tail = { records, fetchedAt, askedBefore: this.#tails.get(plan)?.fetchedAt }
      this.#tails.set(plan, tail)
      this.#publish(plan, tail)
    } catch (error) {
      if (signal.aborted) return
      if (!isQuantbotError(error)) throw error
      if (error.code === 'VENUE_REFUSED') this.#refused.set(series, error.message)
      else this.#failure = `${series}: ${error.message}`
    }
  }

  #publish(plan: MetricPlan, { records, fetchedAt, askedBefore }: Tail): void {
    const { time, lagMs } = this.#options
    const now = time.now()
    const known = this.#known(plan)
    // What was fetched before the end of its period is not whole, whenever it is looked at.
    const ready = records.filter(
      ({ periodStart, periodMs, value }) =>
        value !== null && periodStart + periodMs + lagMs <= now && periodStart + periodMs <= fetchedAt,
    )
    // A series that was never published begins with its newest value: what is older is history.
    const rows = known.size === 0 ? ready.slice(-1) : ready
    const oldest = Math.min(...known.keys(), Number.POSITIVE_INFINITY)
    for (const { periodStart, periodMs, value } of rows) {
      const before = known.get(periodStart)
      if (value === null || before?.value === value || (known.size > 0 && periodStart < oldest)) continue
      const revision = before === undefined ? 0 : before.revision + 1
      known.set(periodStart, { periodStart, value, revision })
      const due = periodStart + periodMs + lagMs
      const isLate = revision > 0 || (askedBefore !== undefined && askedBefore >= due)
      const { source, metric, asset } = plan
      const availableAt = isLate ? Math.max(due, fetchedAt) : due
      this.#say({ source, metric, asset, periodStart, periodMs, availableAt, value, revision })
    }
  }

  #known(plan: MetricPlan): Map<EpochMs, Published> {
    const series = nameOf(plan)
    let known = this.#said.get(series)
    if (known === undefined) {
      const recorded = this.#options.published()[series] ?? []
      known = new Map(recorded.map((one) => [one.periodStart, one]))
      this.#said.set(series, known)
    }
    return known
  }

  #say(data: OnChainPublished['data']): void {
    if (!this.#isFrozen) this.#values.next({ type: 'OnChainPublished', by: ON_CHAIN, data })
  }
}

const nameOf = ({ source, asset, metric }: MetricPlan): string => `${source} ${asset} ${metric}`
