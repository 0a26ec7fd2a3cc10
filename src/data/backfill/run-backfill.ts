/**
 * Owns filling the lake from a venue's history: what is lacking is asked for in pieces, in parallel, and each piece is
 * published at once. Never overwrites a row, never asks for what the lake holds, never keeps a bar that is still open.
 */
import { isQuantbotError, QuantbotError } from '#core/errors'
import { DAY_MS, type EpochMs, floorTo, HOUR_MS, isoTime } from '#core/time'
import type { LakeKey } from '../columns.js'
import type { Call, Knowledge, Page } from '../connectors/adapter.port.js'
import type { InstrumentFacts } from '../connectors/normal.js'
import { existing } from '../import.js'
import { type ImportProblem, Problems } from '../import-problem.js'
import { KINDS } from '../kinds.js'
import { loadRows } from '../lake.js'
import { assertSeriesNames, describeSeries, intervalOf, listFiles } from '../layout.js'
import { compareRows } from '../merge-rows.js'
import { asWriter, type Stage } from '../publish.js'
import { writeYears } from '../write-years.js'
import { addAbsences, readAbsences } from './absences.js'
import type {
  BackfilledSeries,
  BackfillFailure,
  BackfillKind,
  BackfillReport,
  BackfillRequest,
} from './backfill.port.js'
import { type HistoryRecord, rowsOfRecords } from './records.js'
import { gapsOf, keyFor, monthOf, stepOf } from './series.js'
import { nextStart, pieces, type Span, subtract } from './spans.js'

/** Pieces of a history: at most so many slots (ours: some twenty pages, published within seconds). */
const SLOTS_MAX = 20_000
const PARALLEL = 4
/** A span without rows that ended more recently may still get some: it is not remembered as empty. */
const SETTLED_MS = 2 * HOUR_MS
/** Archives of a month appear some days into the next one. */
const ARCHIVED_AFTER_MS = DAY_MS

interface Series {
  readonly key: LakeKey
  readonly kind: BackfillKind
  readonly facts: InstrumentFacts | undefined
  readonly currency: string
  written: number
  files: number
  isRefused: boolean
}

interface Piece {
  readonly series: Series
  readonly span: Span
}

/**
 * Fills the lake. What fails stands in the report, the rest goes on; a venue that is out of reach ends it. Throws LAKE_BUSY,
 * NAME_INVALID, VENUE_REFUSED for a symbol that the venue does not have, and what asking for the instruments throws.
 */
export async function runBackfill(request: BackfillRequest): Promise<BackfillReport> {
  return new Backfill(request).run()
}

class Backfill {
  readonly #request: BackfillRequest
  readonly #stop = new AbortController()
  readonly #conflicts: ImportProblem[] = []
  readonly #failures: BackfillFailure[] = []
  #requests = 0
  #rows = 0
  #doneMs = 0
  #totalMs = 0
  /** Publications take turns: comparing and writing belong together. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(request: BackfillRequest) {
    this.#request = request
  }

  async run(): Promise<BackfillReport> {
    const { home, signal, archives, parallel = PARALLEL, market, adapter, symbols } = this.#request
    for (const symbol of symbols) assertSeriesNames({ venue: adapter.venue, market, symbol })
    const onAbort = (): void => this.#stop.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    let series: Series[] = []
    try {
      await asWriter(home, async (newStage) => {
        series = await this.#series()
        const queue = (await Promise.all(series.map((one) => this.#plan(one)))).flat()
        this.#totalMs = queue.reduce((sum, { span }) => sum + span[1] - span[0], 0)
        const worker = async (): Promise<void> => {
          for (let piece = queue.shift(); piece && !this.#stop.signal.aborted; piece = queue.shift())
            await this.#fill(piece, newStage)
        }
        await Promise.all(Array.from({ length: parallel }, worker))
      })
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
    return {
      rows: this.#rows,
      files: series.reduce((sum, { files }) => sum + files, 0),
      requests: this.#requests + (archives?.requests ?? 0),
      series: series.map((one) => this.#summary(one)),
      conflicts: this.#conflicts,
      failures: this.#failures,
      isInterrupted: signal?.aborted === true,
    }
  }

  async #series(): Promise<Series[]> {
    const { adapter, kinds, market, symbols, interval } = this.#request
    const known = new Map<string, InstrumentFacts>()
    if (kinds.some((kind) => kind !== 'volatility')) {
      for await (const rows of this.#pages(adapter.instruments(market)))
        for (const facts of rows) known.set(facts.instrument, facts)
    }
    return symbols.flatMap((symbol) =>
      kinds.map((kind) => {
        const facts = known.get(`${adapter.venue}.${market}.${symbol}`)
        if (kind !== 'volatility' && !facts)
          throw new QuantbotError('VENUE_REFUSED', `${adapter.venue} has no instrument ${symbol} on ${market}`)
        const names = { venue: adapter.venue, market: kind === 'volatility' ? 'index' : market, symbol }
        const key = keyFor(kind, names, interval)
        return { key, kind, facts, currency: symbol, written: 0, files: 0, isRefused: false }
      }),
    )
  }

  /** The span on the series' grid: from the listing on, closed bars alone. */
  #span({ key, facts }: Series): Span {
    const { from, to, time, lagMs = 0 } = this.#request
    const step = stepOf(key)
    const begin = Math.max(from, facts?.listedAt == null ? from : floorTo(facts.listedAt, step))
    const end = Math.min(to, floorTo(time.now() - lagMs, step))
    return [Math.ceil(begin / step) * step, Math.floor(end / step) * step]
  }

  async #plan(series: Series): Promise<Piece[]> {
    const { home, verify, archives } = this.#request
    const { key } = series
    const span = this.#span(series)
    if (span[1] <= span[0]) return []
    const lacking = verify ? [span] : subtract(await this.#gaps(key, span), readAbsences(home, key))
    const slots = series.kind === 'funding' ? HOUR_MS : stepOf(key)
    const cut = archives && series.kind !== 'volatility' ? 'month' : 'year'
    return pieces(lacking, slots * SLOTS_MAX, cut).map((piece) => ({ series, span: piece }))
  }

  async #gaps(key: LakeKey, span: Span): Promise<Span[]> {
    const { home } = this.#request
    if (listFiles(home, key).length === 0) return [span]
    const rows = await loadRows(home, key, span[0], span[1] - 1)
    return gapsOf(key, rows, span)
  }

  async #fill({ series, span }: Piece, newStage: () => Stage): Promise<void> {
    const { key } = series
    if (series.isRefused) return
    try {
      const records = (await this.#archived(series, span)) ?? (await this.#asked(series, span))
      const turn = this.#turn.then(() => this.#publish(series, span, records, newStage))
      this.#turn = turn.catch(() => undefined)
      await turn
    } catch (error) {
      if (this.#stop.signal.aborted) return
      if (!isQuantbotError(error)) throw error
      this.#failures.push({ key, span, code: error.code, message: error.message })
      if (error.code === 'VENUE_REFUSED') series.isRefused = true
      if (error.code === 'VENUE_UNREACHABLE' || error.code === 'VENUE_RATE_LIMITED') this.#stop.abort(error)
    } finally {
      this.#doneMs += span[1] - span[0]
      this.#tell(key)
    }
  }

  /** The piece from the archive of its month, where there is one. */
  async #archived({ kind, key, facts }: Series, [from, to]: Span): Promise<readonly HistoryRecord[] | undefined> {
    const { archives, time } = this.#request
    const end = nextStart(from, 'month')
    if (!archives || kind === 'volatility' || kind === 'mark' || !facts || end + ARCHIVED_AFTER_MS > time.now())
      return undefined
    // A short rest of a month is cheaper to ask for.
    if (to - from < ARCHIVED_AFTER_MS) return undefined
    return archives.month(kind, facts, intervalOf(key), Date.UTC(...monthOf(from)), this.#stop.signal)
  }

  async #asked(series: Series, [from, to]: Span): Promise<readonly HistoryRecord[]> {
    const call = this.#call(series, from, to)
    if (!call)
      throw new QuantbotError('VENUE_REFUSED', `${describeSeries(series.key)}: the venue keeps no such history`)
    const records: HistoryRecord[] = []
    for await (const rows of this.#pages(call)) {
      records.push(...rows)
      this.#tell(series.key)
    }
    return records
  }

  #call(series: Series, from: EpochMs, to: EpochMs): Call<Page<HistoryRecord>> | undefined {
    const { adapter, interval } = this.#request
    const { kind, facts, currency, key } = series
    if (kind === 'volatility') return adapter.volatilityHistory(currency, interval, from, to)
    if (!facts) return undefined
    if (kind === 'bars') return adapter.bars(facts, interval, from, to)
    if (kind === 'funding') return adapter.settlements(facts, from - 1, to - 1)
    if (kind === 'mark') return adapter.markHistory?.(facts, interval, from, to)
    const knowledge: Knowledge = { facts: () => facts, price: () => undefined }
    return adapter.openInterestHistory(facts, intervalOf(key)!, from, to, knowledge) // a series on a grid
  }

  async *#pages<T>(first: Call<Page<T>>): AsyncGenerator<readonly T[], void, undefined> {
    for (let call: Call<Page<T>> | undefined = first; call; ) {
      this.#requests++
      const page: Page<T> = await this.#request.ask(call, this.#stop.signal)
      this.#stop.signal.throwIfAborted()
      yield page.rows
      call = page.next
    }
  }

  /** Writes what the lake lacks of the piece, and remembers where the venue has nothing. */
  async #publish(series: Series, span: Span, records: readonly HistoryRecord[], newStage: () => Stage): Promise<void> {
    const { home, time, lagMs = 0 } = this.#request
    const { key, facts } = series
    const spec = KINDS[key.kind]
    const where = `${describeSeries(key)} from ${isoTime(span[0])}`
    const faults = new Problems(where, 'row')
    const rows = rowsOfRecords(records, span, {
      key,
      facts,
      lagMs: spec.lagMs + lagMs,
      now: time.now(),
      problems: faults,
    })
    if (faults.any) {
      const reasons = faults.list.map(({ line, reason }) => `row ${line}: ${reason}`).slice(0, 3)
      throw new QuantbotError('PAYLOAD_REFUSED', `${where}: ${reasons.join('; ')}`)
    }
    if (rows) {
      const conflicts = new Problems(where, 'row')
      const held = await existing(home, key, rows.ts)
      const context = {
        interval: intervalOf(key),
        lagMs,
        fetchedAt: undefined,
        notes: [],
        lineOf: (i: number) => i + 1,
      }
      const fresh = compareRows(spec, rows, held, { ...context, problems: conflicts })
      this.#conflicts.push(...conflicts.all())
      if (fresh.length > 0) {
        const stage = newStage()
        series.files += (await writeYears(home, key, rows, fresh, stage)).length
        stage.publish()
        series.written += fresh.length
        this.#rows += fresh.length
      }
    }
    const until = Math.min(span[1], time.now() - SETTLED_MS)
    if (until > span[0]) addAbsences(home, key, await this.#gaps(key, [span[0], floorTo(until, stepOf(key))]))
  }

  #summary({ key, written, files }: Series): BackfilledSeries {
    const first = Math.min(...listFiles(this.#request.home, key).map((file) => file.first))
    const venueGaps = readAbsences(this.#request.home, key).filter(([from]) => from > first)
    return { key, written, files, venueGaps }
  }

  #tell(key: LakeKey): void {
    const [rows, requests] = [this.#rows, this.#requests + (this.#request.archives?.requests ?? 0)]
    const [doneMs, totalMs] = [this.#doneMs, this.#totalMs]
    this.#request.onProgress?.({ rows, requests, doneMs, totalMs, series: describeSeries(key) })
  }
}
