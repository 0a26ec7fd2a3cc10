/** Owns the life of a run in the view: process, agents, feeds, halts, commands, alerts. Only what the log says. */
import type { AnyEvent } from '#events/catalogue'
import type { AgentLifecycleChanged } from '#events/lifecycle.events'
import type { RiskAlerted } from '#events/risk-measures.events'
import { createAgent, type FoldState } from './fold-state.js'

/** Alerts that are kept; there is one a figure and subject. */
const ALERTS_KEPT = 200

export function foldRun(state: FoldState, event: AnyEvent): void {
  const { seq, ts } = event
  switch (event.type) {
    case 'ProcessStarted':
      state.process = { state: 'running', since: ts, starts: state.process.starts + 1 }
      break
    case 'ProcessStopped':
      state.process = { ...state.process, state: 'stopped', since: ts }
      break
    case 'AgentLifecycleChanged':
      onLifecycle(state, event)
      break
    case 'AgentFaulted':
      changeAgent(state, event.data.agent, event, 'faulted', `${event.data.code} at seq ${event.data.at}`)
      break
    case 'AgentRestored':
      changeAgent(state, event.data.agent, event, 'running', 'restored')
      break
    case 'FeedInterrupted':
      changeFeed(state, event.data.feed, ts, false, event.data.reason)
      break
    case 'FeedRestored':
      changeFeed(state, event.data.feed, ts, true, '')
      break
    case 'OperatorCommanded':
      if (event.data.command === 'flatten') state.flatten = { seq, ts, flatSeq: null }
      break
    case 'TradingHalted':
      state.halt = { reason: event.data.reason, detail: event.data.detail, seq, ts }
      break
    case 'TradingResumed':
      state.halt = null
      break
    case 'RiskMeasured':
      state.measures = event.data
      break
    case 'RiskAlerted':
      onAlert(state, event)
      break
    case 'RiskAssessed': {
      const step = event.data.steps.find((each) => each.step === 'turnover')
      if (step !== undefined && step.measured !== null && step.limit !== null)
        state.turnover = { value: step.measured, limit: step.limit }
      for (const { package: id } of event.data.packages ?? [])
        state.assessed[id] = [seq, state.blendedPackages[id] ?? 0]
      break
    }
    case 'StopTriggered':
      state.stopped[event.data.instrument] = seq
      break
  }
}

function onLifecycle(state: FoldState, event: AgentLifecycleChanged): void {
  const { agent, to, reason, restarts } = event.data
  changeAgent(state, agent, event, to, reason)
  state.agents[agent]!.restarts = restarts
  if (!agent.startsWith('connector/')) return
  const isUp = to === 'running'
  if (state.feeds[agent]?.isUp !== isUp) changeFeed(state, agent, event.ts, isUp, isUp ? '' : `${to}: ${reason}`)
}

function changeAgent(
  state: FoldState,
  name: string,
  { seq, ts }: { readonly seq: number; readonly ts: number },
  to: string,
  reason: string,
): void {
  const agent = state.agents[name] ?? createAgent(name, to, ts)
  state.agents[name] = agent
  agent.state = to
  agent.reason = reason
  agent.since = ts
  agent.sinceSeq = seq
}

function changeFeed(state: FoldState, feed: string, ts: number, isUp: boolean, reason: string): void {
  const known = state.feeds[feed]
  // A connector that starts was never up: only a break after that is an interruption.
  const broke = known?.isUp === true && !isUp && state.process.state === 'running' && !reason.startsWith('stop')
  state.feeds[feed] = {
    feed,
    isUp,
    reason,
    since: known === undefined || known.isUp !== isUp ? ts : known.since,
    interruptions: (known?.interruptions ?? 0) + (broke ? 1 : 0),
    lastTs: known?.lastTs ?? 0,
  }
}

function onAlert(state: FoldState, { seq, ts, data }: RiskAlerted): void {
  const name = data.subject === undefined ? data.what : `${data.what} ${data.subject}`
  const known = state.alerts.find((row) => row.name === name)
  state.alerts = state.alerts.filter((row) => row.name !== name)
  if (!data.isOn) return
  const text = `${name}: ${data.value ?? 'unknown'} against a limit of ${data.limit}`
  state.alerts.push({ name, text, since: known?.since ?? ts, seq: known?.seq ?? seq })
  if (state.alerts.length > ALERTS_KEPT) state.alerts.shift()
}

/** Author of a line: when an agent or a feed last said something. */
export function noteAuthor(state: FoldState, by: string, seq: number, ts: number, isInput: boolean): void {
  const agent = state.agents[by]
  if (agent !== undefined) {
    agent.lastSeq = seq
    agent.lastTs = ts
  }
  if (!isInput || !by.startsWith('connector/')) return
  const feed = state.feeds[by]
  if (feed !== undefined) feed.lastTs = ts
  else changeFeed(state, by, ts, true, '')
}
