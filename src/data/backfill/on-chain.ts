/**
 * Owns filling the lake with the history of on-chain metrics: page by page from the newest or the oldest, each page published
 * at once. Asked again, unchanged values change nothing and corrected ones become revisions, known from the time of the answer.
 */
import { isQuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import { DAY_MS, type DurationMs, type EpochMs, floorTo } from '#core/time'
import { wait } from '#core/wait'
import type { LakeKey } from '../columns.js'
import type { Call } from '../connectors/adapter.port.js'
import type { OnChainRecord } from '../connectors/normal.js'
import type { MetricPlan } from '../connectors/onchain/metrics.js'
import { describeSeries } from '../layout.js'
import { onChainRows } from '../recorder/rows-of-records.js'
import { writeRows } from '../recorder/write-rows.js'
import type { BackfilledSeries, BackfillFailure, BackfillProgress, BackfillReport } from './backfill.port.js'

export interface OnChainBackfillRequest {
  readonly home: string
  readonly plans: readonly MetricPlan[]
  /** The call for values with period start in `[since, until)`. */
  readonly callOf: (plan: MetricPlan, since: EpochMs, until: EpochMs) => Call<readonly OnChainRecord[]>
  /** Most rows of an answer, the newest ones of the span; null: all of them. */
  readonly rowsMax: number | null
  readonly ask: <T>(call: Call<T>, signal: AbortSignal) => Promise<T>
  readonly from: EpochMs
  /** Exclusive. */
  readonly to: EpochMs
  readonly lagMs: DurationMs
  readonly time: TimePort
  readonly signal: AbortSignal
  readonly onProgress?: (progress: BackfillProgress) => void
}

/** Days of a page where answers have no limit of rows. */
const PAGE_MS = 730 * DAY_MS
/** A run that records, or an import, holds the lake for moments. */
const BUSY_TRIES = 60
const BUSY_MS = 500

interface Tally {
  readonly series: BackfilledSeries[]
  readonly failures: BackfillFailure[]
  rows: number
  files: number
  requests: number
  doneMs: number
}

/** Never throws for what a vendor does: that stands in the report. Throws LAKE_BUSY, and faults of the disk. */
export async function runOnChainBackfill(request: OnChainBackfillRequest): Promise<BackfillReport> {
  const { plans, signal, time } = request
  const from = floorTo(request.from, DAY_MS)
  // The running day is not whole.
  const to = Math.min(request.to, floorTo(time.now(), DAY_MS))
  const tally: Tally = { series: [], failures: [], rows: 0, files: 0, requests: 0, doneMs: 0 }
  for (const plan of plans) {
    if (signal.aborted || to <= from) break
    await fillSeries(request, plan, [from, to], tally)
  }
  const { rows, files, requests, series, failures } = tally
  return { rows, files, requests, series, conflicts: [], failures, isInterrupted: signal.aborted }
}

async function fillSeries(
  request: OnChainBackfillRequest,
  plan: MetricPlan,
  [from, to]: readonly [EpochMs, EpochMs],
  tally: Tally,
): Promise<void> {
  const { ask, callOf, signal, time, rowsMax } = request
  const { rows: rowsBefore, files: filesBefore } = tally
  const key = keyOf(plan)
  let [since, until] = rowsMax === null ? [from, Math.min(to, from + PAGE_MS)] : [from, to]
  while (since < until && !signal.aborted) {
    try {
      const fetchedAt = time.now()
      tally.requests++
      const records = await ask(callOf(plan, since, until), signal)
      await publish(request, records, fetchedAt, tally)
      if (rowsMax === null) [since, until] = [until, Math.min(to, until + PAGE_MS)]
      else {
        const oldest = records[0]?.periodStart
        until = oldest === undefined || oldest >= until ? since : oldest
      }
    } catch (error) {
      if (signal.aborted) break
      if (!isQuantbotError(error) || error.code === 'LAKE_BUSY') throw error
      tally.failures.push({ key, span: [since, until], code: error.code, message: error.message })
      break
    }
    tell(request, key, tally, rowsMax === null ? since - from : to - until, to - from)
  }
  tally.doneMs += to - from
  const [written, files] = [tally.rows - rowsBefore, tally.files - filesBefore]
  tally.series.push({ key, written, files, venueGaps: [] })
}

async function publish(
  { home, lagMs, time, signal }: OnChainBackfillRequest,
  records: readonly OnChainRecord[],
  fetchedAt: EpochMs,
  tally: Tally,
): Promise<void> {
  const rows = onChainRows(records, fetchedAt, lagMs, undefined)
  for (let tries = 1; rows.length > 0; tries++) {
    try {
      const { written, files } = await writeRows(home, rows)
      tally.rows += written
      tally.files += files
      return
    } catch (error) {
      const isBusy = isQuantbotError(error) && error.code === 'LAKE_BUSY'
      if (!isBusy || tries === BUSY_TRIES || signal.aborted) throw error
      await wait(time, BUSY_MS, signal)
    }
  }
}

function tell(request: OnChainBackfillRequest, key: LakeKey, tally: Tally, ownMs: number, spanMs: number): void {
  const { rows, requests, doneMs } = tally
  const totalMs = spanMs * request.plans.length
  request.onProgress?.({ rows, requests, doneMs: doneMs + ownMs, totalMs, series: describeSeries(key) })
}

function keyOf({ source, asset, metric }: MetricPlan): LakeKey {
  return { kind: 'onchain', venue: source, market: asset.toLowerCase(), symbol: metric, interval: '1d' }
}
