/**
 * Owns the metrics of prom-client in a registry of their own: filled anew for each scrape, so that what is not known any more is absent and
 * never stands still. Never lets a label take a value that is not on its list.
 */
import { Counter, Gauge, type Metric, Registry } from 'prom-client'
import { type LabelValues, OTHER } from './label-values.js'
import type { LatencyDoc } from './live-status.port.js'
import { type LabelsOf, METRICS, type MetricName, type MetricSpec } from './metric-table.js'

type HistogramName = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends 'histogram' ? N : never
}[MetricName]
type SampleName = Exclude<MetricName, HistogramName>
type Labels<N extends SampleName> = [LabelsOf<N>] extends [never] ? [] : [labels: Readonly<Record<LabelsOf<N>, string>>]

export class Families {
  readonly #registry = new Registry()
  readonly #values: LabelValues
  readonly #plain = new Map<string, Counter | Gauge>()
  /** Those of them without labels. */
  readonly #bare: (Counter | Gauge)[] = []
  readonly #histograms = new Map<string, GivenHistogram>()

  constructor(values: LabelValues) {
    this.#values = values
    const registers = [this.#registry]
    const specs: readonly (readonly [string, MetricSpec])[] = Object.entries(METRICS)
    for (const [name, { type, help, labels }] of specs) {
      const options = { name, help, labelNames: labels, registers }
      if (type !== 'histogram') {
        const metric = type === 'counter' ? new Counter(options) : new Gauge(options)
        this.#plain.set(name, metric)
        if (labels.length === 0) this.#bare.push(metric)
      } else {
        const given = new GivenHistogram(name, help)
        this.#histograms.set(name, given)
        // prom-client has no histogram that is given its counts; of a metric the registry reads name, help, type and get().
        this.#registry.registerMetric(given as unknown as Metric)
      }
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Nothing is known of anything. */
  clear(): void {
    for (const metric of this.#plain.values()) metric.reset()
    // reset() leaves a zero where there are no labels.
    for (const metric of this.#bare) metric.remove()
    for (const histogram of this.#histograms.values()) histogram.doc = null
  }

  /** Values under the same labels add up: those of names that are not on the list. Null and what is no number: not known. */
  add<N extends SampleName>(name: N, value: number | null | undefined, ...[labels]: Labels<N>): void {
    if (value === null || value === undefined || !Number.isFinite(value)) return
    const bounded: Record<string, string> = {}
    for (const [label, word] of Object.entries<string>(labels ?? {})) {
      const known = this.#values.get(label)
      bounded[label] = known === undefined || known.has(word) ? word : OTHER
    }
    const metric = this.#plain.get(name)
    // A counter of the process is never below zero; a wrong figure must not cost the scrape.
    if (metric instanceof Counter) metric.inc(bounded, Math.max(0, value))
    else metric?.inc(bounded, value)
  }

  /** One series a word: 1 for the one that holds, 0 for the others. Null: none holds. */
  oneOf<N extends SampleName>(
    name: N,
    words: readonly string[],
    word: string | null,
    labels: (word: string) => Labels<N>,
  ): void {
    for (const each of words) this.add(name, each === word ? 1 : 0, ...labels(each))
    if (word !== null && !words.includes(word)) this.add(name, 1, ...labels(word))
  }

  histogram(name: HistogramName, doc: LatencyDoc): void {
    this.#histograms.get(name)!.doc = doc
  }

  render(): Promise<string> {
    return this.#registry.metrics()
  }
}

/** A histogram whose counts come from elsewhere. */
class GivenHistogram {
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly name: string
  readonly help: string
  doc: LatencyDoc | null = null

  constructor(name: string, help: string) {
    this.name = name
    this.help = help
  }

  reset(): void {
    this.doc = null
  }

  get() {
    const { name, help, type, aggregator, doc } = this
    if (doc === null) return { name, help, type, aggregator, values: [] }
    const buckets = doc.le.map((le, i) => ({ metricName: `${name}_bucket`, labels: { le }, value: doc.cumulative[i]! }))
    const ends = [
      { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: doc.count },
      { metricName: `${name}_sum`, labels: {}, value: doc.sum },
      { metricName: `${name}_count`, labels: {}, value: doc.count },
    ]
    return { name, help, type, aggregator, values: [...buckets, ...ends] }
  }
}
