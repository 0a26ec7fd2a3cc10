/** Owns what a running process tells of itself: one plain document for status, the live view and metrics. A copy of everything. */

import type { StreamStats } from '#data/connectors/stream-kinds'
import type { RecorderStatus } from '#data/recorder/recorder.port'
import type { CacheStatus } from '#data/stores/cache.port'
import type { ProjectorStatus } from '#data/stores/projector'
import type { LiveHost } from '#engine/live'
import type { LiveFeed } from '#monitoring/metrics/live-status.port'
import { type BookView, positionSnapshot, type RiskState } from '#risk/engine.decider'
import type { Counter } from './event-counter.js'
import type { AgentStatus } from './supervision.js'

export type RunState = 'starting' | 'running' | 'stalled' | 'halted' | 'stopping' | 'stopped'

/** One venue that a process reads, as an operator looks at it. */
export interface VenueStatus extends LiveFeed {
  readonly streams: readonly StreamStats[]
}

/** What stands beside a process on venues. */
export interface Surroundings {
  readonly feeds: readonly VenueStatus[]
  /** Checks of data that fail now. */
  readonly doubts: readonly { readonly subject: string; readonly checks: readonly string[] }[]
  /** Null before they are open. */
  readonly stores: StoresStatus | null
  /** What is on its way into the lake; null: nothing is kept. */
  readonly lake: RecorderStatus | null
}

export interface StoresStatus {
  readonly cache: CacheStatus
  /** Null: no aggregate store. */
  readonly projector: ProjectorStatus | null
  /** URL of the analytics API. */
  readonly api: string | null
}

export interface RunStatus extends BookView, Partial<Surroundings> {
  readonly runId: string
  readonly mode: string
  readonly pid: number
  /** Of the process; `halted` (below) is of trading. */
  readonly state: RunState
  /** Last seq that is on disk, and its time. */
  readonly seq: number
  readonly ts: number
  readonly events: number
  readonly fills: number
  readonly orders: number
  readonly agents: readonly AgentStatus[]
  /** Arrival of an input to its commit, since the process began. */
  readonly commitLagMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Longest time that taking a snapshot kept inputs waiting, since the process began. */
  readonly longestSnapshotPauseMs: number
  /** Real time since the last market input became durable; null before the first. */
  readonly feedAgeMs: number | null
  /** Inputs that wait for their step. */
  readonly waiting: number
  readonly pendingTimers: number
  /** Simulated milliseconds a real one; null: as fast as it goes, or real time. */
  readonly speed: number | null
  readonly problems: readonly string[]
  /** Address of its page, with the token; only for the owner of the run, through its socket. */
  readonly url?: string
  readonly metricsUrl?: string
}

export interface StatusSource {
  readonly runId: string
  readonly mode: string
  readonly pid: number
  readonly speed: number | null
  readonly host: LiveHost
  readonly state: RunState
  readonly counter: Counter
  readonly agents: readonly AgentStatus[]
  readonly problems: readonly string[]
  /** Monotonic, ms. */
  readonly now: number
}

export function runStatus(source: StatusSource): RunStatus {
  const { host, counter, now, runId, mode, pid, state, speed, agents, problems } = source
  const latency = host.timings.input
  return {
    runId,
    mode,
    pid,
    state,
    seq: host.lastCommit?.lastSeq ?? counter.resumedAt,
    ts: host.lastCommit?.lastTs ?? host.dispatcher.ts,
    events: counter.events,
    fills: counter.fills,
    orders: counter.orders,
    ...positionSnapshot(host.dispatcher.stateOf<RiskState>('risk/engine')),
    agents,
    longestSnapshotPauseMs: host.longestSnapshotPauseMs,
    commitLagMs: {
      p50: round(latency.quantileMs(0.5)),
      p99: round(latency.quantileMs(0.99)),
      max: round(latency.maxMs),
    },
    feedAgeMs: counter.feedAt === undefined ? null : Math.round(now - counter.feedAt),
    waiting: host.waiting,
    pendingTimers: host.pendingTimers,
    speed,
    problems,
  }
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000
