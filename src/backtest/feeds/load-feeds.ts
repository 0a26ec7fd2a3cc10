/**
 * Owns reading the feeds of a configuration from the lake: history and span, each row at its `available_at`, and the files for the
 * manifest. Never computes when a row could be read, never fills a hole.
 */
import type { Config } from '#core/config/schema'
import { DAY_MS, type DurationMs, type EpochMs, HOUR_MS, intervalMs } from '#core/time'
import { type BarColumns, type PointsKey, upperBound } from '#data/columns'
import { loadRows, type RowView, type TapeEntry } from '#data/lake'
import { intervalOf } from '#data/layout'
import { loadOptionChains } from '#data/load-options'
import { pickRows, type Rows } from '#data/rows'
import { type CloseAt, loadFutures, loadMarks } from './contracts.js'
import { FeedLake } from './feed-lake.js'
import { type FeedSeries, sliceFeed } from './series.js'

export interface FeedRequest {
  readonly config: Config
  /** History is what could be read until `fromDay`, the span what could be until a day behind `toDay`. */
  readonly fromDay: EpochMs
  readonly toDay: EpochMs
  /** Of chains and marks; of what comes once a day or so everything before the span is history. */
  readonly historyMs: DurationMs
  /** Bars by instrument of the universe, history and span, each ascending. */
  readonly bars: ReadonlyMap<string, readonly BarColumns[]>
  /** Of a manifest: these files and no others. */
  readonly entries?: readonly TapeEntry[]
  /** What is seen of the lake; then no file is hashed. */
  readonly view?: RowView
}

export interface Feeds {
  readonly history: readonly FeedSeries[]
  readonly span: readonly FeedSeries[]
  /** What was read; the entries of the request where it has some. */
  readonly files: readonly TapeEntry[]
  /** Named by the configuration and not in the lake. */
  readonly absent: readonly string[]
}

/** O(rows). TAPE_CHANGED is the caller's: it has checked `entries`. */
export async function loadFeeds(home: string, request: FeedRequest): Promise<Feeds> {
  if (Object.values(request.config.feeds).every((named) => named.length === 0))
    return { history: [], span: [], files: request.entries ?? [], absent: [] }
  const reader = new Reader(home, request)
  const series = await reader.all()
  const end = request.toDay + DAY_MS
  const history: FeedSeries[] = []
  const span: FeedSeries[] = []
  for (const one of series) {
    const { availableAt } = one.rows
    const split = upperBound(availableAt, request.fromDay)
    const stop = upperBound(availableAt, end)
    if (split > 0) history.push(sliceFeed(one, 0, split))
    if (stop > split) span.push(sliceFeed(one, split, stop))
  }
  const files = request.entries ?? (request.view === undefined ? await reader.lake.used() : [])
  return { history, span, files, absent: reader.absent }
}

class Reader {
  readonly lake: FeedLake
  readonly absent: string[] = []
  readonly #home: string
  readonly #request: FeedRequest
  readonly #end: EpochMs

  constructor(home: string, request: FeedRequest) {
    this.#home = home
    this.#request = request
    this.#end = request.toDay + DAY_MS
    this.lake = new FeedLake(home, request.entries)
  }

  async all(): Promise<FeedSeries[]> {
    const { feeds } = this.#request.config
    const found: (FeedSeries | undefined)[] = []
    for (const feed of feeds.openInterest) found.push(await this.#openInterest(feed))
    for (const name of new Set(feeds.onChain)) found.push(await this.#onChain(name))
    for (const feed of feeds.volatility) found.push(await this.#volatility(feed))
    for (const feed of feeds.options) found.push(await this.#options(feed))
    for (const feed of feeds.futures) found.push(...(await this.#futures(feed)))
    for (const feed of feeds.marks) {
      const series = await loadMarks(feed, this.#markRequest())
      if (series === undefined) this.absent.push(`mark ${feed.series ?? feed.instrument}`)
      found.push(series)
    }
    return found.filter((one) => one !== undefined && one.rows.ts.length > 0) as FeedSeries[] // the undefined are gone
  }

  #key(kind: PointsKey['kind'], name: string): PointsKey | undefined {
    const key = this.lake.find(kind, name)
    if (key === undefined) this.absent.push(`${kind} ${name}`)
    return key
  }

  #view(): { readonly view?: RowView } {
    const { view } = this.#request
    return view === undefined ? {} : { view }
  }

  /** All rows up to the end of the span, by when they could be read. */
  async #rows(key: PointsKey): Promise<Rows> {
    const files = await this.lake.files(key, 0, this.#end)
    const rows = await loadRows(this.#home, key, 0, this.#end, { files, ...this.#view() })
    const { availableAt } = rows
    const order = Uint32Array.from(availableAt.keys()).sort((a, b) => availableAt[a]! - availableAt[b]! || a - b)
    return pickRows(rows, order)
  }

  /** Daily values in quote are divided by the close of that day (methods.md 5); the latest value of an hour by the last close. */
  async #openInterest(feed: Config['feeds']['openInterest'][number]): Promise<FeedSeries | undefined> {
    const key = this.#key('oi', feed.series)
    if (key === undefined) return undefined
    const rows = await this.#rows(key)
    const ts = observed(rows, key)
    const coins = column(rows, 'openInterest').map((known, i) => {
      if (!Number.isNaN(known)) return known
      return column(rows, 'value')[i]! / (this.#closeAt(feed.instrument, ts[i]!, HOUR_MS) ?? Number.NaN)
    })
    const all = { ts, availableAt: rows.availableAt, openInterest: coins }
    const known = Uint32Array.from(coins.keys()).filter((i) => coins[i]! >= 0 && coins[i]! < Number.POSITIVE_INFINITY)
    return { kind: 'oi', instrument: feed.instrument, rows: pickRows(all, known) }
  }

  async #onChain(name: string): Promise<FeedSeries | undefined> {
    const key = this.#key('onchain', name)
    if (key === undefined) return undefined
    const rows = await this.#rows(key)
    const { ts, availableAt } = rows
    const [value, revision] = [column(rows, 'value'), column(rows, 'revision')]
    const { venue: source, market: asset, symbol: metric } = key
    const periodMs = intervalMs(intervalOf(key) ?? '1d')
    return {
      kind: 'onchain',
      instrument: name,
      source,
      asset,
      metric,
      periodMs,
      rows: { ts, availableAt, value, revision },
    }
  }

  async #volatility(feed: Config['feeds']['volatility'][number]): Promise<FeedSeries | undefined> {
    const key = this.#key('volatility', feed.series)
    if (key === undefined) return undefined
    const rows = await this.#rows(key)
    const times = { ts: observed(rows, key), availableAt: rows.availableAt }
    const { venue, currency, series: instrument } = feed
    return { kind: 'volatility', instrument, venue, currency, rows: { ...times, value: column(rows, 'value') } }
  }

  async #options(feed: Config['feeds']['options'][number]): Promise<FeedSeries | undefined> {
    const key = this.#key('options', feed.series)
    if (key === undefined) return undefined
    const from = this.#request.fromDay - this.#request.historyMs
    const files = await this.lake.files(key, from, this.#end)
    const rows = await loadOptionChains(this.#home, key, from, this.#end + 1, { files, ...this.#view() })
    const { venue, currency, series: instrument } = feed
    return { kind: 'options', instrument, venue, currency, rows }
  }

  async #futures(feed: Config['feeds']['futures'][number]): Promise<FeedSeries[]> {
    const contracts = await loadFutures(feed, this.#markRequest())
    if (this.lake.startingWith('futures', feed.series).length === 0) this.absent.push(`futures ${feed.series}*`)
    return contracts
  }

  #markRequest() {
    const { config, fromDay, historyMs } = this.#request
    const closeAt: CloseAt = (instrument, at) => this.#closeAt(instrument, at)
    return {
      home: this.#home,
      lake: this.lake,
      config,
      from: fromDay - historyMs,
      to: this.#end,
      closeAt,
      ...this.#view(),
    }
  }

  /** Close of the last bar that ended by `at`, not longer ago than `ageMs`. */
  #closeAt(instrument: string, at: EpochMs, ageMs = 0): number | undefined {
    for (const { availableAt, close } of this.#request.bars.get(instrument) ?? []) {
      const row = upperBound(availableAt, at) - 1
      if (row >= 0 && at - availableAt[row]! <= ageMs) return close[row]
    }
    return undefined
  }
}

const column = (rows: Rows, name: string): Float64Array => rows[name] as Float64Array // a number column of this kind

/** A value of a whole interval speaks of its end. */
function observed(rows: Rows, key: PointsKey): Float64Array {
  const interval = intervalOf(key)
  return interval === undefined ? rows.ts : rows.ts.map((t) => t + intervalMs(interval))
}
