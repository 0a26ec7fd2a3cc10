/**
 * Owns taking the live status of a process: what the trading process, its surroundings and the machine say, as one document that can be
 * cloned. Runs on the main thread and must stay cheap there: no synchronous I/O, and at most four documents a second however often it is
 * asked.
 */
import { readdir, readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { RunStatus, Surroundings } from '#actors/run-status'
import { SECOND_MS } from '#core/time'
import type { LiveHost } from '#engine/live'
import type { LatencyHistogram } from '#engine/live-latency'
import type { LatencyDoc, LiveFeed, LiveRuntime, LiveStatus } from '#monitoring/metrics/live-status.port'

/** Least time between two documents; asked sooner, the last one is given again. */
const FRESH_MS = 250
/** Between two looks at disk, snapshots and file descriptors. */
const LOOK_MS = 10 * SECOND_MS
/** Lateness of the event loop is measured by a timer of this period, which is taken off again. */
const LAG_RESOLUTION_MS = 20
/** Two measures of lateness take turns: the older one covers the last 30 to 60 s. */
const LAG_TURN_MS = 30 * SECOND_MS
/** Upper ends in seconds: from what a step takes to what stalls a log. */
export const LATENCY_ENDS: readonly number[] = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]

export interface LiveSamplerOptions {
  readonly process: { status(): RunStatus; readonly host: Pick<LiveHost, 'timings' | 'coalesced'> }
  readonly surroundings?: (() => Surroundings | undefined) | undefined
  readonly runDir: string
  /** Its file system is the one that is watched. */
  readonly home: string
  /** `log.snapshotEvents` of the configuration. */
  readonly snapshotEvents: number
}

export interface LiveSampler {
  /** Now, or as it was up to 250 ms ago. */
  sample(): LiveStatus
  /** Looks at disk, snapshots and descriptors once more, and waits for it. */
  look(): Promise<void>
  close(): void
}

interface Looked {
  readonly disk: LiveStatus['disk']
  readonly newestTs: number | null
  readonly newestSeq: number
  readonly openFds: number | null
  readonly maxFds: number | null
}

/** Measures from now on, until it is closed. */
export function liveSampler(options: LiveSamplerOptions): LiveSampler {
  const { process: trading, surroundings, runDir, home, snapshotEvents } = options
  const lag = new LoopLag()
  let looked: Looked = { disk: null, newestTs: null, newestSeq: 0, openFds: null, maxFds: null }
  let lookedAt = Number.NEGATIVE_INFINITY
  let last: LiveStatus | undefined
  let lastAt = Number.NEGATIVE_INFINITY
  const look = async (): Promise<void> => {
    lookedAt = performance.now()
    looked = await lookAround(home, join(runDir, 'snapshots'))
  }
  void look()
  return {
    sample: () => {
      const now = performance.now()
      if (last !== undefined && now - lastAt < FRESH_MS) return last
      if (now - lookedAt >= LOOK_MS) void look()
      const { feeds = [], doubts = [], stores = null, lake = null } = surroundings?.() ?? {}
      const status = trading.status()
      const { timings, coalesced } = trading.host
      const { newestTs, newestSeq, disk, openFds, maxFds } = looked
      lastAt = now
      last = {
        takenAt: Date.now(),
        ...figuresOf(status),
        coalesced,
        feeds,
        doubts,
        stores,
        lake,
        runtime: runtimeOf(lag, openFds, maxFds),
        latency: {
          dispatch: latencyDoc(timings.step),
          commit: latencyDoc(timings.commit),
          input: latencyDoc(timings.input),
        },
        snapshots: {
          newestTs,
          newestSeq,
          everyEvents: snapshotEvents,
          longestPauseMs: status.longestSnapshotPauseMs,
        },
        disk,
        clockOffsetMs: furthest(feeds),
      }
      return last
    },
    look,
    close: () => lag.close(),
  }
}

/** What of RunStatus is passed on: positions and packages are in the log's own view. */
function figuresOf(status: RunStatus) {
  const { runId, mode, pid, state, seq, ts, events, fills, orders, equity, drawdown, gross, net } = status
  const { halted, haltReason, openOrders, agents, commitLagMs, feedAgeMs, waiting, pendingTimers, speed } = status
  const process_ = { runId, mode, pid, state, seq, ts, events, fills, orders, agents }
  const book = { equity, drawdown, gross, net, halted, haltReason, openOrders }
  // Problems grow in place; the document is kept.
  const problems = [...status.problems]
  return { ...process_, ...book, commitLagMs, feedAgeMs, waiting, pendingTimers, speed, problems }
}

/** The histogram by fixed ends. O(buckets), some microseconds. */
export function latencyDoc(histogram: LatencyHistogram): LatencyDoc {
  const cumulative = histogram.cumulative(LATENCY_ENDS.map((end) => end * 1000))
  return { le: LATENCY_ENDS, cumulative, count: histogram.count, sum: histogram.sumMs / 1000 }
}

function runtimeOf(lag: LoopLag, openFds: number | null, maxFds: number | null): LiveRuntime {
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return {
    eventLoopLag: lag.seconds(),
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    externalBytes: external,
    rssBytes: rss,
    cpuSeconds: (user + system) / 1e6,
    uptimeSeconds: process.uptime(),
    startedAt: Math.round(performance.timeOrigin),
    openFds,
    maxFds,
  }
}

const furthest = (feeds: readonly LiveFeed[]): number | null =>
  feeds.reduce<number | null>(
    (most, { clockOffsetMs: each }) =>
      each !== null && (most === null || Math.abs(each) > Math.abs(most)) ? each : most,
    null,
  )

/** By how much the event loop is late, over the last 30 to 60 s. */
class LoopLag {
  #measures: readonly [older: IntervalHistogram, newer: IntervalHistogram]
  readonly #timer: NodeJS.Timeout

  constructor() {
    const measure = (): IntervalHistogram => monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
    this.#measures = [measure(), measure()]
    for (const each of this.#measures) each.enable()
    this.#timer = setInterval(() => {
      const [older, newer] = this.#measures
      older.reset()
      this.#measures = [newer, older]
    }, LAG_TURN_MS)
    this.#timer.unref()
  }

  seconds(): LiveRuntime['eventLoopLag'] {
    const [measure] = this.#measures
    if (measure.count === 0) return { p50: 0, p99: 0, max: 0 }
    const late = (ns: number): number => Math.max(0, ns / 1e9 - LAG_RESOLUTION_MS / 1000)
    return { p50: late(measure.percentile(50)), p99: late(measure.percentile(99)), max: late(measure.max) }
  }

  close(): void {
    clearInterval(this.#timer)
    for (const each of this.#measures) each.disable()
  }
}

/** What the file system says; what it does not say is null. Never rejects. */
async function lookAround(home: string, snapshots: string): Promise<Looked> {
  const unknown = (): null => null
  const [disk, names, fds, limits] = await Promise.all([
    statfs(home).then(
      ({ bavail, blocks, bsize }) => ({ freeBytes: bavail * bsize, sizeBytes: blocks * bsize }),
      unknown,
    ),
    readdir(snapshots).catch(unknown),
    readdir('/proc/self/fd').catch(unknown),
    readFile('/proc/self/limits', 'utf8').catch(unknown),
  ])
  let newest = { seq: 0, name: '' }
  for (const name of names ?? []) {
    const seq = Number(/-([1-9]\d{0,15})\.json$/.exec(name)?.[1] ?? 0)
    if (seq > newest.seq) newest = { seq, name }
  }
  const newestTs =
    newest.name === '' ? null : await stat(join(snapshots, newest.name)).then(({ mtimeMs }) => mtimeMs, unknown)
  const maxFds = Number(/^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1] ?? Number.NaN)
  return {
    disk,
    newestTs: newestTs === null ? null : Math.round(newestTs),
    newestSeq: newestTs === null ? 0 : newest.seq,
    openFds: fds === null ? null : fds.length,
    maxFds: Number.isNaN(maxFds) ? null : maxFds,
  }
}
