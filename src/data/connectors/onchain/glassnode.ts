/**
 * Owns reading Glassnode: bare arrays oldest first, `t` in unix seconds at the start of the period. Plain-text errors are
 * read as text. Never puts the key into a path: it travels in a header.
 */
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from '#core/time'
import type { Call, PayloadParser, PoolSpec, VenueFailure } from '../adapter.port.js'
import { fieldsOf, listOf, numberOf, optionalNumber, textOf } from '../fields.js'
import { type Normal, type OnChainRecord, PayloadRefused } from '../normal.js'
import type { MetricPlan } from './metrics.js'

/** 600 a minute; plans differ, so half of it. */
export const GLASSNODE_POOLS: readonly PoolSpec[] = [
  { name: 'requests', capacity: 300, windowMs: MINUTE_MS, kind: 'window' },
]

const SECONDS_MS = 1000
/** A reset that is due still gets a moment: the window of the vendor may end a little later than its word. */
const WAIT_LEAST_MS = 1000

/** Values with period start in `[since, until)`, epoch ms. */
export function glassnodeCall(plan: MetricPlan, since: EpochMs, until?: EpochMs): Call<readonly OnChainRecord[]> {
  const query = new URLSearchParams({
    a: plan.asset,
    i: '24h',
    s: String(Math.floor(since / SECONDS_MS)),
    ...(until === undefined ? {} : { u: String(Math.floor(until / SECONDS_MS)) }),
    timestamp_format: 'unix',
    ...plan.query,
  })
  // Whether `u` itself belongs to the answer is not documented.
  const isAsked = ({ periodStart }: OnChainRecord): boolean =>
    periodStart >= since && (until === undefined || periodStart < until)
  return {
    endpoint: 'rest',
    method: 'GET',
    path: `/v1/metrics/${plan.path}?${query}`,
    costs: [{ pool: 'requests', weight: 1 }],
    read: (payload) => readRows(payload, plan.asset, plan.metric, DAY_MS).filter(isAsked),
  }
}

function readRows(payload: unknown, asset: string, metric: string, periodMs: number): OnChainRecord[] {
  if (payload === null) return []
  return listOf(payload, '$').map((row, i) => {
    const { t, v } = fieldsOf(row, `[${i}]`)
    return record(asset, metric, periodMs, secondsOf(t, `[${i}].t`), optionalNumber(v, `[${i}].v`))
  })
}

/** `/bulk`: values of several assets under one time. */
function readBulk(payload: unknown, metric: string, periodMs: number): OnChainRecord[] {
  return listOf(fieldsOf(payload, '$').data, 'data').flatMap((row, i) => {
    const { t, bulk } = fieldsOf(row, `data[${i}]`)
    const start = secondsOf(t, `data[${i}].t`)
    return listOf(bulk, `data[${i}].bulk`).map((one, j) => {
      const path = `data[${i}].bulk[${j}]`
      const { a, v } = fieldsOf(one, path)
      return record(textOf(a, `${path}.a`), metric, periodMs, start, optionalNumber(v, `${path}.v`))
    })
  })
}

function secondsOf(value: unknown, path: string): number {
  const seconds = numberOf(value, path)
  if (Number.isInteger(seconds) && seconds >= 1_230_768_000 && seconds < 4_102_444_800) return seconds * SECONDS_MS
  throw new PayloadRefused(path, `is ${seconds}, not a time in seconds`)
}

const record = (
  asset: string,
  metric: string,
  periodMs: number,
  periodStart: number,
  value: number | null,
): OnChainRecord => ({ kind: 'onChain', source: 'glassnode', metric, asset, periodStart, periodMs, value })

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** `x-rate-limit-reset` counts seconds from now. */
export function glassnodeFailure(status: number, headers: Headers, body: string): VenueFailure {
  const detail = body.slice(0, 120)
  const code = String(status)
  const reset = Number(headers['x-rate-limit-reset'] ?? Number.NaN)
  if (status === 429) {
    const waitMs = reset >= 0 ? Math.max(WAIT_LEAST_MS, reset * SECONDS_MS) : null
    return { kind: 'rateLimited', waitMs, code, detail }
  }
  if (status === 401 || status === 403) return { kind: 'auth', waitMs: null, code, detail }
  if (status >= 500) return { kind: 'temporary', waitMs: null, code, detail }
  return { kind: 'badRequest', waitMs: null, code, detail }
}

const PERIODS: Readonly<Record<string, number>> = { '1h': HOUR_MS, '1d': DAY_MS }

/** `--symbol` is the metric, `--market` the asset. */
export const glassnodeParser: PayloadParser = {
  venue: 'glassnode',
  topics: [
    { name: 'rest/metric', markets: ['BTC', 'ETH', 'USDT', 'USDC'], what: 'values of one metric' },
    { name: 'rest/bulk', markets: ['BTC', 'ETH', 'USDT', 'USDC'], what: 'values of one metric for several assets' },
  ],
  parse(topic, payload, { market, symbol = 'metric', interval }): readonly Normal[] {
    const periodMs = PERIODS[interval ?? '1d'] ?? DAY_MS
    return topic === 'rest/bulk' ? readBulk(payload, symbol, periodMs) : readRows(payload, market, symbol, periodMs)
  },
  guess(payload, url) {
    const path = /\/v1\/metrics\/[\w-]+\/([\w-]+?)(\/bulk)?\?/.exec(url ?? '')
    const symbol = path?.[1]
    const market = /[?&]a=([A-Z]+)/.exec(url ?? '')?.[1]
    const known = { ...(symbol === undefined ? {} : { symbol }), ...(market === undefined ? {} : { market }) }
    if (Array.isArray(payload)) return isScalar(payload) ? { topic: 'rest/metric', ...known } : undefined
    const isBulk =
      typeof payload === 'object' && payload !== null && Array.isArray((payload as { data?: unknown }).data)
    return isBulk ? { topic: 'rest/bulk', ...known } : undefined
  },
}

/** Vector metrics (`o`) are none of ours. */
const isScalar = (rows: readonly unknown[]): boolean =>
  rows.every((row) => typeof row === 'object' && row !== null && 't' in row && 'v' in row)
