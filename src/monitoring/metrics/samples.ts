/** Owns which figure of the committed state, the live status and the notifier goes under which name, in base units. Pure. */
import type { Head, RunFacts, ViewState } from '#audit/view/view.port'
import type { NotifyStatus } from '../notify/notify.port.js'
import type { Families } from './families.js'
import { AGENT_STATES, CHECKS, HALT_REASONS, PROCESS_STATES, WARNINGS } from './label-values.js'
import type { LiveFeed, LiveStatus } from './live-status.port.js'

const bit = (is: boolean): 0 | 1 => (is ? 1 : 0)
const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000)

export function fillFacts(families: Families, facts: RunFacts): void {
  const { run, mode, log, currency, configurationHash, codeVersion } = facts
  families.add('quantbot_run_info', 1, { run, mode, log, currency, configuration: configurationHash })
  families.add('quantbot_build_info', 1, { version: codeVersion })
}

export function fillHead(families: Families, head: Head): void {
  families.add('quantbot_chain_height', head.seq)
  families.add('quantbot_chain_fault', bit(head.fault !== null))
  families.add('quantbot_checkpoint_seq', head.checkpointSeq)
  families.add('quantbot_log_event_timestamp_seconds', head.ts / 1000)
  families.add('quantbot_reader_read_ratio', head.read)
}

export function fillState(families: Families, state: ViewState): void {
  const { book, today, limits, halt, flatten, alerts, orders, agents } = state
  families.add('quantbot_process_running', bit(state.process.state === 'running'))
  families.add('quantbot_equity_quote', book.equity)
  families.add('quantbot_equity_peak_quote', book.peak)
  families.add('quantbot_pnl_today_quote', today.pnl)
  families.add('quantbot_realised_quote', Number(book.realised))
  families.add('quantbot_fees_quote', Number(book.fees))
  families.add('quantbot_funding_quote', Number(book.funding))
  families.add('quantbot_exposure_ratio', book.gross, { kind: 'gross' })
  families.add('quantbot_exposure_ratio', book.net, { kind: 'net' })
  families.add('quantbot_drawdown_ratio', Math.max(0, -book.drawdown))
  for (const { name, value, limit } of limits) {
    families.add('quantbot_limit_value_ratio', value, { limit: name })
    families.add('quantbot_limit_ratio', limit, { limit: name })
  }
  for (const { instrument, weight } of book.positions)
    families.add('quantbot_position_weight_ratio', weight, { instrument })
  families.add('quantbot_packages_open', book.packages?.filter(({ units }) => Number(units) !== 0).length ?? 0)
  families.oneOf('quantbot_trading_halted', HALT_REASONS, halt?.reason ?? null, (reason) => [{ reason }])
  families.add('quantbot_flatten_pending', bit(flatten !== null && flatten.flatSeq === null))
  const held = alerts.map(({ name }) => name.split(' ', 1)[0]!)
  for (const what of WARNINGS) families.add('quantbot_risk_alerts', 0, { what })
  for (const what of held) families.add('quantbot_risk_alerts', 1, { what })
  families.add('quantbot_orders_working', orders.working.length)
  for (const { name: agent, state: is, restarts } of agents) {
    families.oneOf('quantbot_agent_state', AGENT_STATES, is, (each) => [{ agent, state: each }])
    families.add('quantbot_agent_restarts_total', restarts, { agent })
  }
}

/** Without one the main thread does not answer, or there is none. */
export function fillStatus(families: Families, status: LiveStatus | null, head: Head): void {
  families.add('quantbot_main_thread_up', bit(status !== null))
  if (status === null) return
  families.oneOf('quantbot_process_state', PROCESS_STATES, status.state, (state) => [{ state }])
  families.add('quantbot_log_seq', status.seq)
  families.add('quantbot_reader_lag_events', Math.max(0, status.seq - head.seq))
  families.add('quantbot_inputs_waiting', status.waiting)
  families.add('quantbot_inputs_coalesced_total', status.coalesced)
  families.add('quantbot_timers_pending', status.pendingTimers)
  families.histogram('quantbot_dispatch_step_seconds', status.latency.dispatch)
  families.histogram('quantbot_log_commit_seconds', status.latency.commit)
  families.histogram('quantbot_input_commit_seconds', status.latency.input)
  families.add('quantbot_market_age_seconds', seconds(status.feedAgeMs))
  for (const { name: agent, health } of status.agents)
    families.add('quantbot_agent_healthy', bit(health.isHealthy), { agent })
  for (const feed of status.feeds) fillFeed(families, feed, status.takenAt)
  for (const check of CHECKS) families.add('quantbot_data_doubts', 0, { check })
  for (const { checks } of status.doubts) for (const check of checks) families.add('quantbot_data_doubts', 1, { check })
  fillStores(families, status)
  fillSnapshots(families, status)
  fillRuntime(families, status)
}

function fillFeed(families: Families, feed: LiveFeed, now: number): void {
  const { venue, sockets, bars, streams = [] } = feed
  families.add('quantbot_feed_up', bit(feed.isUp), { venue })
  for (const { stream, ageMs, topics, silent, reconnects } of streams) {
    families.add('quantbot_feed_age_seconds', seconds(ageMs), { venue, stream })
    families.add('quantbot_feed_topics', topics, { venue, stream })
    families.add('quantbot_feed_silent_topics', silent, { venue, stream })
    families.add('quantbot_feed_reconnects_total', reconnects, { venue, stream })
  }
  families.add('quantbot_venue_sockets', sockets.up, { venue, state: 'up' })
  families.add('quantbot_venue_sockets', sockets.all - sockets.up, { venue, state: 'down' })
  families.add('quantbot_venue_frames_total', feed.frames, { venue })
  families.add('quantbot_venue_rotations_total', sockets.rotations, { venue })
  families.add('quantbot_venue_rate_limit_used_ratio', feed.budgetUsed, { venue })
  families.add('quantbot_venue_requests_waiting', feed.requestsWaiting, { venue })
  families.add('quantbot_venue_requests_paused', bit(feed.pausedUntil !== null && feed.pausedUntil > now), { venue })
  families.add('quantbot_venue_clock_offset_seconds', seconds(feed.clockOffsetMs), { venue })
  families.add('quantbot_venue_bars_filled_total', bars.filled, { venue })
  families.add('quantbot_venue_bar_requests_failed_total', bars.failed, { venue })
  families.add('quantbot_venue_bars_missing_total', bars.missing, { venue })
  families.add('quantbot_venue_payloads_refused_total', feed.quarantined, { venue })
}

function fillStores(families: Families, { stores, lake }: LiveStatus): void {
  if (stores !== null) {
    families.add('quantbot_cache_up', bit(stores.cache.isUp))
    families.add('quantbot_cache_waiting', stores.cache.waiting)
    if (stores.projector !== null) {
      families.add('quantbot_store_up', bit(stores.projector.state !== 'unavailable'))
      families.add('quantbot_store_lag_events', stores.projector.lag)
    }
  }
  if (lake === null) return
  families.add('quantbot_lake_rows_written_total', lake.written)
  families.add('quantbot_lake_rows_waiting', lake.waiting)
  families.add('quantbot_lake_rows_dropped_total', lake.dropped)
}

function fillSnapshots(families: Families, { snapshots, seq, takenAt }: LiveStatus): void {
  const { newestTs, newestSeq, everyEvents, longestPauseMs } = snapshots
  families.add('quantbot_snapshot_timestamp_seconds', seconds(newestTs))
  families.add('quantbot_snapshot_age_seconds', newestTs === null ? null : Math.max(0, takenAt - newestTs) / 1000)
  families.add('quantbot_snapshot_behind_events', Math.max(0, seq - newestSeq))
  families.add('quantbot_snapshot_interval_events', everyEvents)
  families.add('quantbot_snapshot_pause_max_seconds', longestPauseMs / 1000)
}

function fillRuntime(families: Families, { runtime, disk }: LiveStatus): void {
  families.add('quantbot_disk_free_bytes', disk?.freeBytes)
  families.add('quantbot_disk_size_bytes', disk?.sizeBytes)
  families.add('nodejs_eventloop_lag_p50_seconds', runtime.eventLoopLag.p50)
  families.add('nodejs_eventloop_lag_p99_seconds', runtime.eventLoopLag.p99)
  families.add('nodejs_eventloop_lag_max_seconds', runtime.eventLoopLag.max)
  families.add('nodejs_heap_size_used_bytes', runtime.heapUsedBytes, { thread: 'main' })
  families.add('nodejs_heap_size_total_bytes', runtime.heapTotalBytes)
  families.add('nodejs_external_memory_bytes', runtime.externalBytes)
  families.add('process_resident_memory_bytes', runtime.rssBytes)
  families.add('process_cpu_seconds_total', runtime.cpuSeconds)
  families.add('process_start_time_seconds', runtime.startedAt / 1000)
  families.add('process_open_fds', runtime.openFds)
  families.add('process_max_fds', runtime.maxFds)
}

export function fillNotify(families: Families, { position, sinks }: NotifyStatus): void {
  families.add('quantbot_notification_position', position)
  for (const { sink, queued, delivered, failures, givenUp, collapsed, isFailing, lastDeliveryAt } of sinks) {
    families.add('quantbot_notifications_queued', queued, { sink })
    families.add('quantbot_notifications_delivered_total', delivered, { sink })
    families.add('quantbot_notification_failures_total', failures, { sink })
    families.add('quantbot_notifications_given_up_total', givenUp, { sink })
    families.add('quantbot_notifications_collapsed_total', collapsed, { sink })
    families.add('quantbot_notification_sink_failing', bit(isFailing), { sink })
    families.add('quantbot_notification_delivered_timestamp_seconds', seconds(lastDeliveryAt), { sink })
  }
}
