/** Owns marks as feeds: dated futures of the lake, contract by contract, and perpetuals without bars. Never decides when to roll. */
import type { Config } from '#core/config/schema'
import { DAY_MS, type EpochMs, intervalMs } from '#core/time'
import type { PointsKey } from '#data/columns'
import { loadRows, type RowView } from '#data/lake'
import { intervalOf } from '#data/layout'
import { pickRows, type Rows } from '#data/rows'
import { kindOfId } from '#events/instrument-kind'
import type { InstrumentListed } from '#events/market.events'
import { type FeedLake, nameOf } from './feed-lake.js'
import type { MarkSeries } from './series.js'

type FuturesFeed = Config['feeds']['futures'][number]
type MarksFeed = Config['feeds']['marks'][number]

/** Close of an instrument of the universe at an instant; undefined: no bar closed then. */
export type CloseAt = (instrument: string, at: EpochMs) => number | undefined

export interface MarkRequest {
  readonly home: string
  readonly lake: FeedLake
  readonly config: Config
  /** Rows with `ts` in `[from, to]`. */
  readonly from: EpochMs
  readonly to: EpochMs
  readonly closeAt: CloseAt
  readonly view?: RowView
}

/**
 * Sources observe a contract up to some days apart: one whose rows end within so long of its expiry, or of the tape's end, is
 * taken to have lived on (ours).
 */
const ENDS_EARLY_MS = 10 * DAY_MS

/** Contracts with rows in the request, each known as it was first told: a later correction comes too late to decide on. */
export async function loadFutures(feed: FuturesFeed, request: MarkRequest): Promise<MarkSeries[]> {
  const found: MarkSeries[] = []
  for (const key of request.lake.startingWith('futures', feed.series)) {
    const rows = firstTold(await rowsOf(key, request))
    const expiresAt = column(rows, 'expiry')[0]
    if (expiresAt === undefined) continue
    const { ts, availableAt } = observed(rows, key)
    const [settle, close, told] = ['settle', 'close', 'indexPrice'].map((name) => column(rows, name))
    const mark = settle!.map((value, i) => (value > 0 ? value : close![i]!))
    const index = told!.map((value, i) => (value > 0 ? value : standIn(feed, ts[i]!, request.closeAt)))
    const open = Uint32Array.from(ts.keys()).filter((i) => availableAt[i]! < expiresAt && mark[i]! > 0)
    if (open.length === 0) continue
    const listing = { ...listingOf(nameOf(key), feed, request.config), expiresAt }
    const alive = pickRows({ ts, availableAt, mark, index }, open)
    found.push({ kind: 'mark', instrument: nameOf(key), rows: alive, listing, endsEarly: false })
  }
  const last = Math.max(...found.map(lastOf))
  return found.map((series) => {
    const end = Math.min(series.listing.expiresAt ?? last, last)
    return { ...series, endsEarly: end - lastOf(series) > ENDS_EARLY_MS }
  })
}

/** A perpetual at its marks; undefined where the lake has none. */
export async function loadMarks(feed: MarksFeed, request: MarkRequest): Promise<MarkSeries | undefined> {
  const key = request.lake.find('mark', feed.series ?? feed.instrument)
  if (key === undefined) return undefined
  const rows = await rowsOf(key, request)
  const { ts, availableAt } = observed(rows, key)
  const series: MarkSeries = {
    kind: 'mark',
    instrument: feed.instrument,
    rows: { ts, availableAt, mark: column(rows, 'mark'), index: column(rows, 'index') },
    listing: listingOf(feed.instrument, feed, request.config),
    endsEarly: false,
  }
  return { ...series, endsEarly: request.to - lastOf(series) > ENDS_EARLY_MS }
}

const lastOf = ({ rows }: MarkSeries): EpochMs => rows.availableAt.at(-1) ?? 0
const column = (rows: Rows, name: string): Float64Array => rows[name] as Float64Array // a number column of this kind

async function rowsOf(key: PointsKey, { home, lake, from, to, view }: MarkRequest): Promise<Rows> {
  const files = await lake.files(key, from, to)
  return loadRows(home, key, from, to, { files, ...(view === undefined ? {} : { view }) })
}

/** Rows stand by `ts`, then `revision`. */
function firstTold(rows: Rows): Rows {
  return pickRows(
    rows,
    Uint32Array.from(rows.ts.keys()).filter((i) => rows.ts[i] !== rows.ts[i - 1]),
  )
}

/** The price of an interval is that of its end. */
function observed(rows: Rows, key: PointsKey): { ts: Float64Array; availableAt: Float64Array } {
  const interval = intervalOf(key)
  const step = interval === undefined ? 0 : intervalMs(interval)
  return { ts: step === 0 ? rows.ts : rows.ts.map((t) => t + step), availableAt: rows.availableAt }
}

function standIn({ indexOf }: FuturesFeed, at: EpochMs, closeAt: CloseAt): number {
  return (indexOf === undefined ? undefined : closeAt(indexOf, at)) ?? Number.NaN
}

function listingOf(
  instrument: string,
  { base, quote, tick, lot }: FuturesFeed | MarksFeed,
  { execution }: Config,
): InstrumentListed['data'] {
  const { makerFeeBps, takerFeeBps } = execution
  return { instrument, kind: kindOfId(instrument), base, quote, tick, lot, minNotional: lot, makerFeeBps, takerFeeBps }
}
