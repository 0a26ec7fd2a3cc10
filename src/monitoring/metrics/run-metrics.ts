/**
 * Owns `/metrics` of one run: what is counted from its committed events, and what its state, its process and its notifier say at the time
 * of a scrape. Never reads a file, a clock or another thread: it is given everything.
 */
import type { Head, RunFacts, ViewState } from '#audit/view/view.port'
import type { AnyEvent } from '#events/catalogue'
import type { NotifyStatus } from '../notify/notify.port.js'
import { EventCounts } from './event-counts.js'
import { Families } from './families.js'
import { labelValues } from './label-values.js'
import type { LiveStatus } from './live-status.port.js'
import { fillFacts, fillHead, fillNotify, fillState, fillStatus } from './samples.js'

export interface MetricsInput {
  /** Null: the main thread does not answer, or no process runs. */
  readonly status: LiveStatus | null
  /** Null: the log is not read yet. */
  readonly state: ViewState | null
  readonly head: Head
  /** Null: nobody is notified. */
  readonly notify: NotifyStatus | null
}

export interface RunMetrics {
  /** Committed events in order, each once; from the beginning of the log, or counters begin where they do. O(events). */
  take(events: readonly AnyEvent[]): void
  /** Text for Prometheus. One call after the other: each fills the registry anew. */
  render(input: MetricsInput): Promise<string>
  readonly contentType: string
}

/** `heapBytes`: of the thread that it runs in, where that is not the one that trades. */
export function createRunMetrics(facts: RunFacts, heapBytes?: () => number): RunMetrics {
  const values = labelValues(facts)
  const families = new Families(values)
  const counts = new EventCounts(values, facts)
  return {
    contentType: families.contentType,
    take: (events) => counts.take(events),
    render: ({ status, state, head, notify }) => {
      families.clear()
      fillFacts(families, facts)
      fillHead(families, head)
      counts.fill(families, runTime(status, head))
      if (state !== null) fillState(families, state)
      fillStatus(families, status, head)
      if (notify !== null) fillNotify(families, notify)
      families.add('nodejs_heap_size_used_bytes', heapBytes?.(), { thread: 'observer' })
      // The registry reads its metrics before it first waits: the next call may clear them.
      return families.render()
    },
  }
}

/** The clock of the run as far as it is known: the machine's where the run goes by it, else that of the newest event. */
function runTime(status: LiveStatus | null, head: Head): number {
  if (status === null) return head.ts
  const isReal = status.speed === null && (status.mode === 'paper' || status.mode === 'live')
  return isReal ? Math.max(status.takenAt, head.ts) : Math.max(status.ts, head.ts)
}
