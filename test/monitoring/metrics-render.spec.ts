/** Owns the checks of `/metrics` without a server: figures under their names, absence of what is not known, a bound on series. */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { AnyEvent } from '#events/catalogue'
import { EVENT_TYPES } from '#events/catalogue'
import { METRICS } from '#monitoring/metrics/metric-table'
import { createRunMetrics, type MetricsInput, type RunMetrics } from '#monitoring/metrics/run-metrics'
import { aFacts, aHead, aNotify, aState, aStatus, aVenue, position, said, seriesOf } from './metrics-rig.js'

let metrics: RunMetrics
beforeEach(() => {
  metrics = createRunMetrics(aFacts(), () => 7e6)
})

const rendered = async (changed: Partial<MetricsInput> = {}) =>
  seriesOf(await metrics.render({ status: aStatus(), state: aState(), head: aHead(), notify: aNotify(), ...changed }))

describe('the figures', () => {
  it('of the book are those of the committed state, drawdown positive', async () => {
    const series = await rendered()
    expect(Object.fromEntries(series)).toMatchObject({
      quantbot_equity_quote: 99_000,
      quantbot_pnl_today_quote: -500,
      quantbot_realised_quote: -900.5,
      quantbot_drawdown_ratio: 0.1,
      'quantbot_exposure_ratio{kind="gross"}': 0.8,
      'quantbot_exposure_ratio{kind="net"}': -0.2,
      'quantbot_limit_value_ratio{limit="gross"}': 0.8,
      'quantbot_limit_ratio{limit="drawdown"}': 0.2,
      'quantbot_position_weight_ratio{instrument="binance.usdm.BTCUSDT"}': -0.2,
      'quantbot_risk_alerts{what="coinLimit"}': 1,
      'quantbot_risk_alerts{what="stress"}': 0,
      'quantbot_agent_state{agent="signal/tsmom",state="running"}': 1,
      'quantbot_agent_state{agent="signal/tsmom",state="faulted"}': 0,
      'quantbot_agent_restarts_total{agent="signal/tsmom"}': 2,
      quantbot_chain_height: 100,
      quantbot_chain_fault: 0,
      quantbot_checkpoint_seq: 90,
    })
  })

  it('of the process are in base units', async () => {
    expect(Object.fromEntries(await rendered())).toMatchObject({
      quantbot_main_thread_up: 1,
      quantbot_reader_lag_events: 30,
      quantbot_snapshot_age_seconds: 30,
      quantbot_snapshot_behind_events: 50,
      'quantbot_feed_age_seconds{venue="binance",stream="bars"}': 0.8,
      'quantbot_feed_reconnects_total{venue="binance",stream="bars"}': 4,
      'quantbot_venue_sockets{venue="binance",state="down"}': 1,
      'quantbot_venue_clock_offset_seconds{venue="binance"}': 0.012,
      'quantbot_venue_rate_limit_used_ratio{venue="binance"}': 0.25,
      'quantbot_data_doubts{check="stale"}': 1,
      'quantbot_data_doubts{check="outlier"}': 0,
      quantbot_store_lag_events: 10,
      nodejs_eventloop_lag_p99_seconds: 0.02,
      'nodejs_heap_size_used_bytes{thread="main"}': 5e7,
      'nodejs_heap_size_used_bytes{thread="observer"}': 7e6,
      process_resident_memory_bytes: 2e8,
      quantbot_disk_free_bytes: 4e9,
      'quantbot_notification_sink_failing{sink="email"}': 1,
      'quantbot_notifications_queued{sink="email"}': 2,
    })
  })

  it('of durations are a histogram: cumulative, infinity last and equal to the count', async () => {
    const series = await rendered()
    const of = (rest: string): number | undefined => series.get(`quantbot_input_commit_seconds_${rest}`)
    expect([of('bucket{le="0.001"}'), of('bucket{le="0.01"}'), of('bucket{le="+Inf"}')]).toEqual([8, 9, 9])
    expect([of('count'), of('sum')]).toEqual([9, 0.02])
  })

  it('of events count each once, types that never came included', async () => {
    metrics.take([said('OrderApproved', {}), said('OrderApproved', {}), said('TradingResumed', {})])
    const series = await rendered()
    const counts = [...EVENT_TYPES.keys()].map((type) => [type, series.get(`quantbot_events_total{type="${type}"}`)])
    expect(Object.fromEntries(counts)).toMatchObject({ OrderApproved: 2, TradingResumed: 1, BarClosed: 0 })
    expect(counts.filter(([, count]) => count === undefined)).toEqual([])
  })

  it('do not change by being read', async () => {
    metrics.take([said('OrderApproved', {})])
    expect(await rendered()).toEqual(await rendered())
  })
})

describe('orders', () => {
  it('are counted by outcome, and refusals by whom and why', async () => {
    metrics.take([
      said('OrderSubmitted', { order: 'a' }),
      said('OrderFilled', { order: 'a', remaining: '1', liquidity: 'taker' }),
      said('OrderFilled', { order: 'a', remaining: '0', liquidity: 'maker' }),
      said('OrderRefused', { code: 'no-mark' }),
      said('OrderWithheld', { code: 'trading-halted' }),
      said('OrderRejected', { order: 'b', code: 'lot' }),
      said('OrderCancelled', { order: 'c', reason: 'requested' }),
    ])
    expect(Object.fromEntries(await rendered())).toMatchObject({
      'quantbot_orders_total{outcome="submitted"}': 1,
      'quantbot_orders_total{outcome="filled"}': 1,
      'quantbot_orders_total{outcome="refused"}': 1,
      'quantbot_orders_total{outcome="withheld"}': 1,
      'quantbot_orders_total{outcome="rejected"}': 1,
      'quantbot_orders_total{outcome="cancelled"}': 1,
      'quantbot_fills_total{liquidity="maker"}': 1,
      'quantbot_fills_total{liquidity="taker"}': 1,
      'quantbot_order_refusals_total{by="risk",code="no-mark"}': 1,
      'quantbot_order_refusals_total{by="execution",code="trading-halted"}': 1,
      'quantbot_order_refusals_total{by="venue",code="lot"}': 1,
      'quantbot_order_cancels_total{reason="requested"}': 1,
    })
  })

  it('are UNKNOWN from the first silence to any answer of the venue', async () => {
    const { ts } = aHead()
    const head = aHead({ ts: ts + 90_000 })
    const status = aStatus({ takenAt: ts + 90_000 })
    const age = async (): Promise<(number | undefined)[]> => {
      const series = await rendered({ head, status })
      return [series.get('quantbot_orders_unknown'), series.get('quantbot_order_unknown_age_seconds')]
    }
    metrics.take([said('OrderUnconfirmed', { order: 'a' }, ts), said('OrderUnconfirmed', { order: 'b' }, ts + 60_000)])
    metrics.take([said('OrderUnconfirmed', { order: 'a' }, ts + 80_000)])
    expect(await age()).toEqual([2, 90])
    metrics.take([said('OrderAccepted', { order: 'a' }, ts + 85_000)])
    expect(await age()).toEqual([1, 30])
    metrics.take([said('OrderRejected', { order: 'b', code: 'venue' }, ts + 86_000)])
    expect(await age()).toEqual([0, 0])
  })

  it('grow older on the machine’s clock in real time, on the run’s in a simulation', async () => {
    const { ts } = aHead()
    metrics.take([said('OrderUnconfirmed', { order: 'a' }, ts)])
    const age = async (mode: string): Promise<number | undefined> =>
      (await rendered({ status: aStatus({ mode, takenAt: ts + 5000, ts: ts + 1000 }) })).get(
        'quantbot_order_unknown_age_seconds',
      )
    expect([await age('paper'), await age('sim')]).toEqual([5, 1])
  })
})

describe('a halt', () => {
  it('is told by its reason while it lasts', async () => {
    const of = async (state: MetricsInput['state']): Promise<[string, number][]> =>
      [...(await rendered({ state }))].filter(
        ([name, value]) => name.startsWith('quantbot_trading_halted{') && value > 0,
      )
    expect(await of(aState())).toEqual([])
    expect(await of(aState({ halt: { reason: 'operator', seq: 1, ts: 1 } }))).toEqual([
      ['quantbot_trading_halted{reason="operator"}', 1],
    ])
  })
})

describe('what is not known', () => {
  it('is absent, never a zero that stands still', async () => {
    const before = await rendered()
    expect(before.has('quantbot_feed_up{venue="binance"}')).toBe(true)
    const after = await rendered({ status: null, notify: null })
    expect(after.get('quantbot_main_thread_up')).toBe(0)
    for (const name of ['quantbot_inputs_waiting', 'quantbot_disk_free_bytes', 'quantbot_notification_position'])
      expect([...after.keys()].filter((key) => key.startsWith(name))).toEqual([])
    expect([...after.keys()].filter((key) => /feed_up|_bucket|^process_/.test(key))).toEqual([])
    expect(after.get('quantbot_equity_quote')).toBe(99_000)
  })

  it('of the log leaves what was counted', async () => {
    metrics.take([said('OrderApproved', {})])
    const series = await rendered({ state: null })
    expect(series.has('quantbot_equity_quote')).toBe(false)
    expect(series.get('quantbot_events_total{type="OrderApproved"}')).toBe(1)
  })

  it('of a stream before its first frame has no age', async () => {
    const feeds = [aVenue('okx', { streams: [{ stream: 'mark', ageMs: null, topics: 1, silent: 0, reconnects: 0 }] })]
    const series = await rendered({ status: aStatus({ feeds }) })
    expect(series.has('quantbot_feed_age_seconds{venue="okx",stream="mark"}')).toBe(false)
    expect(series.get('quantbot_feed_topics{venue="okx",stream="mark"}')).toBe(1)
  })

  it('never breaks a scrape: no figure that is no number', async () => {
    const status = aStatus({ waiting: Number.NaN, coalesced: -5, pendingTimers: Number.POSITIVE_INFINITY })
    const series = await rendered({ status })
    expect([series.has('quantbot_inputs_waiting'), series.get('quantbot_inputs_coalesced_total')]).toEqual([false, 0])
  })
})

describe('two scrapes at once', () => {
  it('do not mix', async () => {
    const [one, two] = await Promise.all([
      rendered({ head: aHead({ seq: 1 }), status: null }),
      rendered({ head: aHead({ seq: 2 }) }),
    ])
    expect([one.get('quantbot_chain_height'), two.get('quantbot_chain_height')]).toEqual([1, 2])
    expect([one.has('quantbot_log_seq'), two.get('quantbot_log_seq')]).toEqual([false, 130])
  })
})

describe('names that somebody made up', () => {
  const odd = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"} 1\nevil 2', '\\', 'other', '__proto__'),
  )
  const SERIES_MAX = 700

  it('become `other`, and break no line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { minLength: 1, maxLength: 60 }), async (names) => {
        metrics = createRunMetrics(aFacts())
        for (const name of names) metrics.take(hostileEvents(name))
        const agents = names.map((name) => ({ ...aState().agents[0]!, name, state: name }))
        const state = aState({
          agents,
          limits: names.map((name) => ({ name, value: 1, limit: 1, unit: 'fraction' })),
          alerts: names.map((name) => ({ name, text: name, since: 1, seq: 1 })),
          halt: { reason: names[0]!, seq: 1, ts: 1 },
          book: { ...aState().book, positions: names.map((name) => position(name, 0.1)) },
        })
        // What adapters type as one of ours is a word that came from outside all the same.
        const streams = names.map((stream) => ({
          stream: stream as 'bars',
          ageMs: 1,
          topics: 1,
          silent: 0,
          reconnects: 0,
        }))
        const status = aStatus({
          state: names[0]!,
          feeds: names.map((name) => aVenue(name, { streams })),
          doubts: names.map((name) => ({ subject: name, checks: [name] })),
          agents: names.map((name) => ({ ...aStatus().agents[0]!, name })),
        })
        const series = await rendered({ state, status })
        expect(series.size).toBeLessThan(SERIES_MAX)
        const spoken = [...series.keys()].filter((key) => key.includes('evil'))
        expect(spoken).toEqual([])
        expect(series.get('quantbot_events_total{type="other"}')).toBe(names.length)
      }),
      { numRuns: 60 },
    )
  })

  it('of the run itself are written so that they can be read', async () => {
    metrics = createRunMetrics(aFacts({ run: 'a"b\\c\nd' }))
    const key = [...(await rendered()).keys()].find((name) => name.startsWith('quantbot_run_info'))
    expect(key).toContain('run="a\\"b\\\\c\\nd"')
  })

  const hostileEvents = (name: string): AnyEvent[] => [
    // A type that this version does not know.
    { ...said('OrderApproved', {}), type: name === 'BarClosed' ? '?' : `?${name}` } as unknown as AnyEvent,
    said('SignalChanged', { signal: name }),
    said('AgentFaulted', { agent: name }),
    said('FeedInterrupted', { feed: name }),
    said('AgentLifecycleChanged', { agent: name, to: 'faulted' }),
    said('OrderRejected', { order: name, code: name as 'lot' }),
  ]
})

describe('the table of metrics', () => {
  it('has each of its names in a scrape that knows everything', async () => {
    const series = [...(await rendered()).keys()].map((key) =>
      key.replace(/\{.*/, '').replace(/_(bucket|count|sum)$/, ''),
    )
    expect(Object.keys(METRICS).filter((name) => !series.includes(name))).toEqual([])
  })
})
