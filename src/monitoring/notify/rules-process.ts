/** Owns notes of the process, its agents and feeds. */
import { RESTART_BUDGET_SPENT } from '#events/lifecycle.events'
import { begin, end, once } from './conditions.js'
import { type Note, plain, span } from './note.js'
import type { NotifyState } from './notify-state.js'
import type { Rules } from './rules.js'

type At = Pick<Note, 'seq' | 'ts'>

const faultKey = (agent: string): string => `agent-faulted:${agent}`
const feedKey = (feed: string): string => `feed-down:${feed}`
const givenUpKey = (agent: string): string => `agent-given-up:${agent}`

/** Nothing of a process that is gone lasts, but the halt and the orders. */
function forgetProcess(state: NotifyState, at: At, unknownMs: number): void {
  for (const [key, condition] of Object.entries(state.conditions)) {
    const { kind } = condition.note
    if (kind === 'feed-down' || kind === 'agent-faulted' || kind === 'agent-given-up') delete state.conditions[key]
    // The venue is asked again at a start: it has its time anew.
    if (kind === 'order-unknown' && condition.toldTs === null)
      state.conditions[key] = { ...condition, dueTs: at.ts + unknownMs }
  }
  state.tickedTs = at.ts
}

export const PROCESS_RULES: Rules = {
  ProcessStarted: ({ seq, ts, data }, state, { unknownMs }) => {
    const wasRunning = state.running
    forgetProcess(state, { seq, ts }, unknownMs)
    state.running = true
    const title =
      data.resumedAt === 0 ? `Started (${data.mode})` : `Goes on (${data.mode}) behind seq ${data.resumedAt}`
    const torn = data.tornBytes === 0 ? '' : ` ${data.tornBytes} bytes behind the last commit were moved aside.`
    const crash = wasRunning ? ' The process before it ended without stopping: it was killed, or crashed.' : ''
    const text = `quantbot ${data.codeVersion}, Node ${data.node}.${crash}${torn}`
    return [
      { kind: 'process-started', key: 'process', severity: wasRunning ? 'warning' : 'info', seq, ts, title, text },
    ]
  },

  ProcessStopped: ({ seq, ts, data }, state) => {
    state.running = false
    const severity = data.reason === 'failed' ? 'critical' : 'info'
    const text =
      data.reason === 'failed'
        ? `It ended because it could not go on: ${plain(data.detail)}. Nobody watches the positions now.`
        : `In good order: ${plain(data.detail)}. Positions and resting orders stay as they are.`
    return [{ kind: 'process-stopped', key: 'process', severity, seq, ts, title: `Stopped: ${data.reason}`, text }]
  },

  AgentFaulted: ({ seq, ts, data }, state) => {
    const { agent, code, phase, at, onOrderPath } = data
    const severity = onOrderPath ? 'critical' : 'warning'
    const title = `Agent ${agent} faulted`
    const path = onOrderPath ? ' It stands on the path of orders: trading halts.' : ''
    const text = `${plain(code)} in ${phase} at seq ${at}; what it decided there was dropped.${path}`
    const note: Note = { kind: 'agent-faulted', key: faultKey(agent), severity, seq, ts, title, text }
    begin(state, note)
    return once(state, { ...note, key: `${faultKey(agent)}:${code}` })
  },

  AgentRestored: ({ seq, ts, data }, state) => {
    const lasted = end(state, faultKey(data.agent))
    if (lasted === undefined) return []
    const skipped = data.quarantined.length === 0 ? '' : ` It no longer sees ${data.quarantined.length} events.`
    const title = `Agent ${data.agent} decides again`
    const text = `Refolded from the log after ${span(ts - lasted.since)}.${skipped}`
    return [{ kind: 'agent-restored', key: faultKey(data.agent), severity: 'warning', seq, ts, title, text }]
  },

  AgentLifecycleChanged: ({ seq, ts, data }, state) => {
    const { agent, to, reason, restarts } = data
    if (to === 'running') {
      end(state, faultKey(agent))
      end(state, givenUpKey(agent))
      return []
    }
    if (to !== 'degraded') return []
    const title = `Agent ${agent} is degraded`
    const text = `${plain(reason)}; ${restarts} restarts so far.`
    return once(state, {
      kind: 'agent-degraded',
      key: `agent-degraded:${agent}`,
      severity: 'warning',
      seq,
      ts,
      title,
      text,
    })
  },

  FeedInterrupted: ({ seq, ts, data }, state, { feedDownMs }) => {
    const { feed, reason } = data
    if (reason === RESTART_BUDGET_SPENT) {
      const title = `${feed} was given up`
      const text = 'All its restarts failed, and it is restarted no more: trading cannot go on without it.'
      return begin(state, { kind: 'agent-given-up', key: givenUpKey(feed), severity: 'critical', seq, ts, title, text })
    }
    const title = `Feed ${feed} is down`
    const text = `${plain(reason)}. Marks grow old, and old marks refuse orders.`
    return begin(
      state,
      { kind: 'feed-down', key: feedKey(feed), severity: 'warning', seq, ts, title, text },
      feedDownMs,
    )
  },

  FeedRestored: ({ seq, ts, data }, state) => {
    const { feed, downMs } = data
    const wasGivenUp = end(state, givenUpKey(feed)) !== undefined
    const wasTold = end(state, feedKey(feed)) !== undefined
    if (!wasTold && !wasGivenUp) return []
    const text = `It was down for ${span(downMs)}.`
    return [
      { kind: 'feed-restored', key: feedKey(feed), severity: 'warning', seq, ts, title: `Feed ${feed} is back`, text },
    ]
  },

  LogStalled: ({ seq, ts, data }) => {
    const text = `Nothing was decided for ${span(data.stalledMs)} (${data.code}). Free or mend the disk, then resume.`
    return [{ kind: 'log-stalled', key: 'log-stalled', severity: 'critical', seq, ts, title: 'The log stalled', text }]
  },

  ClockStepped: ({ seq, ts, data }, state) => {
    const text = `The clock of the machine went back by ${data.backMs} ms. Look after its time service.`
    return once(state, {
      kind: 'clock-stepped',
      key: 'clock',
      severity: 'warning',
      seq,
      ts,
      title: 'The clock went back',
      text,
    })
  },

  FundsTransferred: ({ seq, ts, data }) => {
    const { currency, amount, reason } = data
    const way = amount.startsWith('-') ? 'taken out' : 'paid in'
    const title = `${amount.replace('-', '')} ${currency} ${way}`
    return [{ kind: 'funds-transferred', key: 'funds', severity: 'info', seq, ts, title, text: plain(reason) }]
  },
}

/** The reader of the log met something that it cannot prove; null where it is no news. */
export function noteOfFault(
  state: NotifyState,
  head: At & { readonly fault: { readonly code: string; readonly detail: string } | null },
): readonly Note[] {
  if (head.fault === null) {
    end(state, 'log-fault')
    return []
  }
  const { seq, ts } = head
  const text = `${plain(head.fault.code)}: ${plain(head.fault.detail)}. Run quantbot audit verify on this run.`
  const title = `The log does not hold behind seq ${seq}`
  return begin(state, { kind: 'log-fault', key: 'log-fault', severity: 'critical', seq, ts, title, text })
}
