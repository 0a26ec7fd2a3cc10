/** Owns how well agents and feeds are, as one of four words. Pure. */
import type { AgentRow, FeedRow } from '#audit/view/view.port'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'

export type Health = 'good' | 'warn' | 'bad' | 'idle'

const OF_STATE: Readonly<Record<string, Health>> = {
  running: 'good',
  degraded: 'warn',
  starting: 'warn',
  restoring: 'warn',
  faulted: 'bad',
  stopping: 'idle',
  stopped: 'idle',
  idle: 'idle',
}

export interface HealthRow {
  readonly name: string
  readonly health: Health
  /** State in a word. */
  readonly says: string
  readonly detail: string
  /** Epoch ms of the run; 0: never spoke. */
  readonly lastTs: number
  readonly sinceSeq: number
}

const WORST: readonly Health[] = ['bad', 'warn', 'good', 'idle']

/** Worst first, then as they stand in the run. `status` adds what a process knows beside its log; null: nothing. */
export function agentHealth(agents: readonly AgentRow[], status: LiveStatus | null): HealthRow[] {
  const live = new Map(status?.agents.map((agent) => [agent.name, agent]))
  const rows = agents.map((agent): HealthRow => {
    const told = live.get(agent.name)?.health
    const byState = OF_STATE[agent.state] ?? 'warn'
    const isSick = told?.isHealthy === false && byState === 'good'
    return {
      name: agent.name,
      health: isSick ? 'warn' : byState,
      says: agent.restarts > 0 ? `${agent.state}, ${agent.restarts} restarts` : agent.state,
      detail: isSick ? told.detail : agent.state === 'running' ? '' : agent.reason,
      lastTs: agent.lastTs,
      sinceSeq: agent.sinceSeq,
    }
  })
  return rows.sort((a, b) => WORST.indexOf(a.health) - WORST.indexOf(b.health))
}

/** A feed that ended with its process is not ill. */
export function feedHealth(feeds: readonly FeedRow[], isStopped: boolean): HealthRow[] {
  const rows = feeds.map(
    (feed): HealthRow => ({
      name: feed.feed,
      health: isStopped ? 'idle' : feed.isUp ? 'good' : 'bad',
      says: isStopped ? 'stopped' : feed.isUp ? 'up' : 'interrupted',
      detail: feed.isUp ? '' : feed.reason,
      lastTs: feed.lastTs,
      sinceSeq: 0,
    }),
  )
  return rows.sort((a, b) => WORST.indexOf(a.health) - WORST.indexOf(b.health))
}

/** `12 running, 1 faulted`. */
export function tally(rows: readonly HealthRow[]): string {
  const by = new Map<string, number>()
  for (const { says } of rows) {
    const word = says.split(',')[0]!
    by.set(word, (by.get(word) ?? 0) + 1)
  }
  return [...by].map(([word, n]) => `${n} ${word}`).join(', ')
}
