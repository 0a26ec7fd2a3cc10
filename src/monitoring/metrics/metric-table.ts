/**
 * Owns the names, types, labels and meanings of everything on `/metrics`. Base units, Prometheus's suffixes; what prom-client and the client
 * libraries name by custom (`process_…`, `nodejs_…`) keeps that name. Each label takes its values from the configuration or a list of ours:
 * no name that a venue or a file makes up becomes a series. Holds no logic.
 */

export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

const counter = <const L extends readonly string[]>(help: string, ...labels: L) =>
  ({ type: 'counter', help, labels }) as const
const gauge = <const L extends readonly string[]>(help: string, ...labels: L) =>
  ({ type: 'gauge', help, labels }) as const
const histogram = (help: string) => ({ type: 'histogram', help, labels: [] }) as const

/** Counted from committed events: they go on over restarts, because the log does. */
export const EVENT_METRICS = {
  quantbot_events_total: counter('Committed events by type.', 'type'),
  quantbot_orders_total: counter('Orders by what became of them; one order passes several outcomes.', 'outcome'),
  quantbot_order_refusals_total: counter(
    'Orders refused by risk, withheld by execution, rejected by the venue.',
    'by',
    'code',
  ),
  quantbot_order_cancels_total: counter('Cancelled orders by reason.', 'reason'),
  quantbot_fills_total: counter('Fills by liquidity.', 'liquidity'),
  quantbot_orders_unknown: gauge('Orders whose state at the venue is UNKNOWN.'),
  quantbot_order_unknown_age_seconds: gauge('Since when the oldest such order is UNKNOWN, clock of the run; 0: none.'),
  quantbot_trading_halts_total: counter('Halts of trading by reason.', 'reason'),
  quantbot_agent_faults_total: counter('Times that a decider threw.', 'agent'),
  quantbot_agent_failures_total: counter('Times that the supervisor saw an agent fault.', 'agent'),
  quantbot_feed_interruptions_total: counter('Outages of a feed.', 'feed'),
  quantbot_log_stalls_total: counter('Times that the log could not be written.', 'code'),
  quantbot_log_stalled_seconds_total: counter('Time during which the log could not be written.'),
  quantbot_clock_steps_total: counter('Times that the clock of the machine went back.'),
  quantbot_process_starts_total: counter('Processes that began or went on with the run.'),
  quantbot_signal_changes_total: counter('Times that a signal changed its mind.', 'signal'),
} as const satisfies Record<string, MetricSpec>

/** As the committed log has it at the reader's head. */
export const STATE_METRICS = {
  quantbot_run_info: gauge('The run; always 1.', 'run', 'mode', 'log', 'currency', 'configuration'),
  quantbot_build_info: gauge('The version of quantbot that began the run; always 1.', 'version'),
  quantbot_process_running: gauge('Whether the log says that a process writes it: 1 until ProcessStopped.'),
  quantbot_equity_quote: gauge('Marked equity, currency of the book.'),
  quantbot_equity_peak_quote: gauge('Highest marked equity, currency of the book.'),
  quantbot_pnl_today_quote: gauge('Marked equity less that of 00:00 UTC, currency of the book.'),
  quantbot_realised_quote: gauge('Realised profit, currency of the book.'),
  quantbot_fees_quote: gauge('Fees paid, currency of the book.'),
  quantbot_funding_quote: gauge('Funding received less paid, currency of the book.'),
  quantbot_exposure_ratio: gauge('Exposure by side, share of NAV; net is signed.', 'kind'),
  quantbot_drawdown_ratio: gauge('Fall of the marked equity from its peak, 0 or positive.'),
  quantbot_limit_value_ratio: gauge('What is held against a limit of risk.', 'limit'),
  quantbot_limit_ratio: gauge('The limit.', 'limit'),
  quantbot_position_weight_ratio: gauge('Position by instrument of the universe, share of NAV, signed.', 'instrument'),
  quantbot_packages_open: gauge('Packages that are held.'),
  quantbot_trading_halted: gauge('1 while no order that adds risk is sent.', 'reason'),
  quantbot_flatten_pending: gauge(
    '1 while a flatten was asked for and the venue has not confirmed that all is closed.',
  ),
  quantbot_risk_alerts: gauge('Warnings of the risk monitor that hold.', 'what'),
  quantbot_orders_working: gauge('Orders that are not over.'),
  quantbot_agent_state: gauge('1 for the state that an agent is in, 0 for the others.', 'agent', 'state'),
  quantbot_agent_restarts_total: counter('Restarts of an agent by the supervisor.', 'agent'),
  quantbot_chain_height: gauge('Last seq up to which the chain of hashes was checked.'),
  quantbot_chain_fault: gauge('1: the chain does not hold behind its height, or a line cannot be read.'),
  quantbot_checkpoint_seq: gauge('Last seq under a signed checkpoint.'),
  quantbot_log_event_timestamp_seconds: gauge('Time of the newest event, clock of the run.'),
  quantbot_reader_read_ratio: gauge('Share of the log that was read; below 1 after the start of a long run.'),
} as const satisfies Record<string, MetricSpec>

/** As the main thread says; absent while it does not answer. */
export const STATUS_METRICS = {
  quantbot_main_thread_up: gauge('Whether the thread that trades answered when it was asked last.'),
  quantbot_process_state: gauge('1 for the state that the process is in, 0 for the others.', 'state'),
  quantbot_reader_lag_events: gauge('Committed events that page, metrics and notifications have not read yet.'),
  quantbot_log_seq: gauge('Last seq that the process made durable.'),
  quantbot_inputs_waiting: gauge('Inputs that wait for their step.'),
  quantbot_inputs_coalesced_total: counter('Quotes replaced by newer ones before they had a seq.'),
  quantbot_timers_pending: gauge('Requested timers that are not due yet.'),
  quantbot_dispatch_step_seconds: histogram(
    'A step of the dispatcher; the first of each turn and every sixteenth are timed.',
  ),
  quantbot_log_commit_seconds: histogram('A group of steps from its seal to the end of its sync.'),
  quantbot_input_commit_seconds: histogram('An input from its arrival to its commit.'),
  quantbot_market_age_seconds: gauge('Since the last input of the market became durable, real time.'),
  quantbot_agent_healthy: gauge('What the last healthcheck of an agent said.', 'agent'),
  quantbot_feed_up: gauge('1: every connection of the venue is up and none is silent.', 'venue'),
  quantbot_feed_age_seconds: gauge(
    'Since the newest frame, by venue and kind of stream, clock of the run.',
    'venue',
    'stream',
  ),
  quantbot_feed_topics: gauge('Topics that are read.', 'venue', 'stream'),
  quantbot_feed_silent_topics: gauge('Topics without data for too long.', 'venue', 'stream'),
  quantbot_feed_reconnects_total: counter(
    'Connections that were lost, by venue and kind of stream that they carried.',
    'venue',
    'stream',
  ),
  quantbot_venue_sockets: gauge('Connections to the venue.', 'venue', 'state'),
  quantbot_venue_frames_total: counter('Frames that the venue sent.', 'venue'),
  quantbot_venue_rotations_total: counter(
    'Connections that were replaced before the venue would have cut them.',
    'venue',
  ),
  quantbot_venue_rate_limit_used_ratio: gauge(
    'The fullest pool of the rate limit, share of what we allow ourselves.',
    'venue',
  ),
  quantbot_venue_requests_waiting: gauge('Requests that wait for the rate limit.', 'venue'),
  quantbot_venue_requests_paused: gauge('1 while the venue wants no requests.', 'venue'),
  quantbot_venue_clock_offset_seconds: gauge('Clock of the venue less ours.', 'venue'),
  quantbot_venue_bars_filled_total: counter('Bars that came by REST because the stream did not give them.', 'venue'),
  quantbot_venue_bar_requests_failed_total: counter('Questions for bars that failed.', 'venue'),
  quantbot_venue_bars_missing_total: counter('Bars that the venue does not have.', 'venue'),
  quantbot_venue_payloads_refused_total: counter('Payloads that were put into quarantine.', 'venue'),
  quantbot_data_doubts: gauge('Series that a check of incoming data doubts.', 'check'),
  quantbot_cache_up: gauge('Whether the cache of latest values answers.'),
  quantbot_cache_waiting: gauge('Values that the cache does not have yet.'),
  quantbot_store_up: gauge('Whether the aggregate store can be written.'),
  quantbot_store_lag_events: gauge('Committed events that the aggregate store does not have yet.'),
  quantbot_lake_rows_written_total: counter('Rows of live data that were written into the lake.'),
  quantbot_lake_rows_waiting: gauge('Rows of live data that wait for the lake.'),
  quantbot_lake_rows_dropped_total: counter('Rows of live data that found no room.'),
  quantbot_snapshot_timestamp_seconds: gauge('When the newest snapshot was saved.'),
  quantbot_snapshot_age_seconds: gauge('Since the newest snapshot was saved.'),
  quantbot_snapshot_behind_events: gauge('Committed events since the newest snapshot.'),
  quantbot_snapshot_interval_events: gauge('Events after which every agent has a newer snapshot.'),
  quantbot_snapshot_pause_max_seconds: gauge('Longest time that taking a snapshot kept inputs waiting.'),
  quantbot_disk_free_bytes: gauge('Free on the file system that holds the home.'),
  quantbot_disk_size_bytes: gauge('Size of that file system.'),
  nodejs_eventloop_lag_p50_seconds: gauge('Lateness of the main thread’s event loop over the last 30 to 60 s, median.'),
  nodejs_eventloop_lag_p99_seconds: gauge('The same, 99th percentile.'),
  nodejs_eventloop_lag_max_seconds: gauge('The same, the greatest.'),
  nodejs_heap_size_used_bytes: gauge('Heap in use by thread.', 'thread'),
  nodejs_heap_size_total_bytes: gauge('Heap of the main thread.'),
  nodejs_external_memory_bytes: gauge('Memory of buffers outside the heap, main thread.'),
  process_resident_memory_bytes: gauge('Resident memory of the process.'),
  process_cpu_seconds_total: counter('CPU time of all threads, user and system.'),
  process_start_time_seconds: gauge('Start of the process since the epoch.'),
  process_open_fds: gauge('Open file descriptors.'),
  process_max_fds: gauge('Most file descriptors that may be open.'),
} as const satisfies Record<string, MetricSpec>

/** As the notifier says; absent where nobody is notified. */
export const NOTIFY_METRICS = {
  quantbot_notifications_queued: gauge('Messages that wait or are on their way.', 'sink'),
  quantbot_notifications_delivered_total: counter('Messages that the sink took.', 'sink'),
  quantbot_notification_failures_total: counter('Attempts that failed.', 'sink'),
  quantbot_notifications_given_up_total: counter('Messages that the sink will never take.', 'sink'),
  quantbot_notifications_collapsed_total: counter('Messages that were told in a summary.', 'sink'),
  quantbot_notification_sink_failing: gauge('1: the newest attempt failed.', 'sink'),
  quantbot_notification_delivered_timestamp_seconds: gauge('When the sink took its newest message.', 'sink'),
  quantbot_notification_position: gauge('Last seq whose notifications are kept or delivered.'),
} as const satisfies Record<string, MetricSpec>

export const METRICS = { ...EVENT_METRICS, ...STATE_METRICS, ...STATUS_METRICS, ...NOTIFY_METRICS }
export type MetricName = keyof typeof METRICS
export type LabelsOf<N extends MetricName> = (typeof METRICS)[N]['labels'][number]
