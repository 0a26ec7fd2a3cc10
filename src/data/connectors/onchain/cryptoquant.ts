/**
 * Owns reading CryptoQuant: rows newest first, stamped with the start of their window, one key a value. Never puts the token
 * into a path: it travels in a header.
 */
import { DAY_MS, type EpochMs, HOUR_MS, isoDay, MINUTE_MS, parseDay } from '#core/time'
import type { Call, PayloadParser, PoolSpec, VenueFailure } from '../adapter.port.js'
import { type Fields, fieldsOf, listOf, numberOf, optionalNumber } from '../fields.js'
import { type OnChainRecord, PayloadRefused } from '../normal.js'
import type { MetricPlan } from './metrics.js'

/** Plans tell their own limit; this is below the smallest one that is documented. */
export const CRYPTOQUANT_POOLS: readonly PoolSpec[] = [
  { name: 'requests', capacity: 10, windowMs: MINUTE_MS, kind: 'window' },
]

const ROWS_MAX = 1000
/** A reset that is due still gets a moment: our clocks may be apart. */
const WAIT_LEAST_MS = 1000

/** Values with period start in `[since, until)`, epoch ms; at most the newest 1000 of them. */
export function cryptoquantCall(plan: MetricPlan, since: EpochMs, until?: EpochMs): Call<readonly OnChainRecord[]> {
  const query = new URLSearchParams({
    window: 'day',
    from: dayOf(since),
    ...(until === undefined ? {} : { to: dayOf(until - 1) }),
    limit: String(ROWS_MAX),
    ...plan.query,
  })
  return {
    endpoint: 'rest',
    method: 'GET',
    path: `/v1/${plan.path}?${query}`,
    costs: [{ pool: 'requests', weight: 1 }],
    read: (payload) => readRows(payload, plan.asset, plan.metric, plan.valueKey),
  }
}

const dayOf = (ts: EpochMs): string => isoDay(ts).replaceAll('-', '')

function readRows(payload: unknown, asset: string, metric: string, valueKey: string | undefined): OnChainRecord[] {
  const body = fieldsOf(payload, '$')
  const code = numberOf(fieldsOf(body.status, 'status').code, 'status.code')
  if (code !== 200) throw new PayloadRefused('status.code', `is ${code}`)
  const rows = listOf(fieldsOf(body.result, 'result').data, 'result.data').map((row, i) => {
    const path = `result.data[${i}]`
    const fields = fieldsOf(row, path)
    const { start, periodMs } = periodOf(fields, path)
    const key = valueKey ?? Object.keys(fields).find((name) => !TIMES.has(name))
    if (key === undefined || !(key in fields)) throw new PayloadRefused(path, `has no ${key ?? 'value'}`)
    const value = optionalNumber(fields[key], `${path}.${key}`)
    const record: OnChainRecord = {
      kind: 'onChain',
      source: 'cryptoquant',
      metric,
      asset,
      periodStart: start,
      periodMs,
      value,
    }
    return record
  })
  return rows.sort((a, b) => a.periodStart - b.periodStart)
}

const TIMES = new Set(['date', 'datetime', 'blockheight'])

function periodOf({ date, datetime }: Fields, path: string): { start: EpochMs; periodMs: number } {
  if (typeof date === 'string') {
    const start = parseDay(date)
    if (start !== undefined) return { start, periodMs: DAY_MS }
  }
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}):00:00$/.exec(typeof datetime === 'string' ? datetime : '')
  const day = match ? parseDay(match[1]!) : undefined
  if (match && day !== undefined) return { start: day + Number(match[2]) * HOUR_MS, periodMs: HOUR_MS }
  throw new PayloadRefused(path, 'has neither date nor a whole hour in datetime')
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** `X-RateLimit-Reset` is a time of day in unix seconds; `receivedAt` turns it into a wait. */
export function cryptoquantFailure(status: number, headers: Headers, body: string, receivedAt: EpochMs): VenueFailure {
  const code = String(status)
  const detail = body.slice(0, 120)
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN)
  if (status === 429) {
    const waitMs = reset > 0 ? Math.max(WAIT_LEAST_MS, reset * 1000 - receivedAt) : null
    return { kind: 'rateLimited', waitMs, code, detail }
  }
  if (status === 401 || status === 403) return { kind: 'auth', waitMs: null, code, detail }
  if (status >= 500) return { kind: 'temporary', waitMs: null, code, detail }
  return { kind: 'badRequest', waitMs: null, code, detail }
}

/** `--symbol` is the metric, `--market` the asset. */
export const cryptoquantParser: PayloadParser = {
  venue: 'cryptoquant',
  topics: [{ name: 'rest/metric', markets: ['BTC', 'ETH'], what: 'values of one metric' }],
  parse: (_topic, payload, { market, symbol = 'metric' }) => readRows(payload, market, symbol, undefined),
  guess(payload, url) {
    const isAnswer = typeof payload === 'object' && payload !== null && 'result' in payload && 'status' in payload
    if (!isAnswer) return undefined
    const match = /\/v1\/(\w+)\/[\w-]+\/([\w-]+)\?/.exec(url ?? '')
    return { topic: 'rest/metric', ...(match ? { market: match[1]!.toUpperCase(), symbol: match[2]! } : {}) }
  },
}
