/**
 * Owns keeping what live connectors see: rows wait in memory and go into the lake every few minutes and at the end. Stands
 * beside the path of decisions: it emits no event, never throws and never makes anybody wait; without room the oldest go.
 */
import { isQuantbotError } from '#core/errors'
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { type DurationMs, type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import type { InstrumentFacts, Normal, OnChainRecord, OptionRecord } from '../connectors/normal.js'
import { seriesPath } from '../layout.js'
import type { LakeWriter, RecordedKind, RecordedRow, RecorderStatus, WriteReport } from './recorder.port.js'
import {
  barRow,
  markRow,
  minuteOf,
  onChainRows,
  openInterestRow,
  optionRow,
  settlementRow,
  volatilityRow,
} from './rows-of-records.js'

export interface LakeRecorderOptions {
  readonly kinds: ReadonlySet<RecordedKind>
  readonly writer: LakeWriter
  readonly time: TimePort
  /** Between two flushes, on `time`. */
  readonly flushMs: DurationMs
  /** Between two looks at an option chain, on the times of arrival. */
  readonly chainMs: DurationMs
  readonly onChainLagMs: DurationMs
  readonly facts: (instrument: InstrumentId) => InstrumentFacts | undefined
  /** Faults in words, each once until it is over. Must not throw. */
  readonly onTrouble: (words: string) => void
  /** Rows that wait at most. */
  readonly rowsMax?: number
}

/** Ours: some 50 MB; a day of fifty perpetuals at one mark and one open interest a minute. */
const ROWS_MAX = 150_000
/** Share of the rows that goes at once when there is no room. */
const DROPPED_SHARE = 16
/** Behind a flush that did not succeed. */
const RETRY_MS = 30 * SECOND_MS
/** Another writer may be at work for so many tries before anybody is told. */
const BUSY_TRIES = 10
/** A quote of an option that nobody renewed for so long is none. */
const OPTION_AGE_MS = 15 * MINUTE_MS
const FUNDING_MS = 8 * HOUR_MS

interface Chain {
  lookAt: EpochMs
  readonly newest: Map<InstrumentId, { readonly record: OptionRecord; readonly receivedAt: EpochMs }>
}

export class LakeRecorder {
  readonly #options: LakeRecorderOptions
  #rows: RecordedRow[] = []
  /** Time of the newest row of each series that is kept once a minute. */
  readonly #newest = new Map<string, { minute: number; ts: EpochMs }>()
  readonly #fundingMs = new Map<InstrumentId, DurationMs>()
  readonly #chains = new Map<string, Chain>()
  readonly #askedAt = new Map<string, EpochMs>()
  /** Rows that the writer has. */
  #inFlight = 0
  #flushing: Promise<boolean> | undefined
  #cancel: () => void = () => undefined
  #isClosed = false
  #busy = 0
  #told = ''
  #counts = { written: 0, same: 0, files: 0, conflicts: 0, refused: 0, dropped: 0 }
  #flushedAt: EpochMs | null = null
  #trouble = ''

  constructor(options: LakeRecorderOptions) {
    this.#options = options
  }

  get status(): RecorderStatus {
    return { waiting: this.#waiting, ...this.#counts, flushedAt: this.#flushedAt, trouble: this.#trouble }
  }

  /** Flushes from now on. */
  start(): void {
    this.#wait(this.#options.flushMs)
  }

  /** For the tap of connectors. O(1); of option chains once in `chainMs` O(options). */
  readonly record = (record: Normal, receivedAt: EpochMs): void => {
    try {
      this.#take(record, receivedAt)
    } catch (error) {
      this.#tell(`a record of ${record.kind} was not kept: ${wordsOf(error)}`)
    }
  }

  /** Answers of vendors of on-chain metrics. */
  readonly fetched = (records: readonly OnChainRecord[], fetchedAt: EpochMs): void => {
    const [first] = records
    if (first === undefined || !this.#options.kinds.has('onchain')) return
    const series = `${first.source} ${first.asset} ${first.metric}`
    const before = this.#askedAt.get(series)
    this.#askedAt.set(series, fetchedAt)
    try {
      for (const row of onChainRows(records, fetchedAt, this.#options.onChainLagMs, before)) this.#add(row)
    } catch (error) {
      this.#tell(`an answer of ${series} was not kept: ${wordsOf(error)}`)
    }
  }

  /** What waits goes into the lake; false where it could not, and waits on. */
  flush(): Promise<boolean> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  /** The last flush, tried while another process writes, for at most `patienceMs` of `time`. What is left then is lost. */
  async close(patienceMs: DurationMs, time: TimePort): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    const end = time.now() + patienceMs
    let cancel = (): void => undefined
    const late = new Promise<boolean>((resolve) => {
      cancel = time.after(patienceMs, () => resolve(true))
    })
    let isDone = false
    while (!isDone && time.now() < end) {
      isDone = await Promise.race([this.flush().then((ok) => ok && this.#rows.length === 0), late])
      if (!isDone) await new Promise<void>((resolve) => void time.after(PAUSE_MS, resolve))
    }
    if (this.#waiting > 0) this.#tell(`${this.#waiting} rows were not written before the end`)
    await Promise.race([this.#options.writer.close(), late])
    // A timer that is left would keep the process for all of its patience.
    cancel()
  }

  get #waiting(): number {
    return this.#rows.length + this.#inFlight
  }

  #take(record: Normal, receivedAt: EpochMs): void {
    const { kinds, facts } = this.#options
    switch (record.kind) {
      case 'bar':
        if (kinds.has('bars')) this.#add(barRow(record))
        return
      case 'funding':
        if (record.intervalMs !== null) this.#fundingMs.set(record.instrument, record.intervalMs)
        return
      case 'settlement': {
        const { instrument } = record
        const usual = this.#fundingMs.get(instrument) ?? facts(instrument)?.fundingIntervalMs ?? FUNDING_MS
        if (kinds.has('funding')) this.#add(settlementRow(record, usual))
        return
      }
      case 'openInterest':
        if (kinds.has('oi'))
          this.#sample(record.kind, record.instrument, record.ts, receivedAt, () => openInterestRow(record, receivedAt))
        return
      case 'mark':
        if (kinds.has('mark'))
          this.#sample(record.kind, record.instrument, record.ts, receivedAt, () => markRow(record, receivedAt))
        return
      case 'volatilityIndex': {
        const subject = `${record.venue} ${record.currency}`
        if (kinds.has('volatility'))
          this.#sample(record.kind, subject, record.ts, receivedAt, () => volatilityRow(record, receivedAt))
        return
      }
      case 'option':
        if (kinds.has('options')) this.#option(record, receivedAt)
        return
      default:
        return
    }
  }

  /** The first of each minute; a second socket may be behind. */
  #sample(kind: string, subject: string, ts: EpochMs, receivedAt: EpochMs, row: () => RecordedRow | undefined): void {
    const series = `${kind} ${subject}`
    const minute = minuteOf(receivedAt)
    const last = this.#newest.get(series)
    if (last === undefined) this.#newest.set(series, { minute, ts })
    else {
      if (minute <= last.minute || ts <= last.ts) return
      last.minute = minute
      last.ts = ts
    }
    this.#add(row())
  }

  #option(record: OptionRecord, receivedAt: EpochMs): void {
    const { facts, chainMs } = this.#options
    const terms = facts(record.instrument)
    if (terms === undefined) return
    const [venue, market] = record.instrument.split('.')
    const name = `${venue} ${market} ${terms.base}`
    const chain = this.#chains.get(name) ?? { lookAt: receivedAt + chainMs, newest: new Map() }
    this.#chains.set(name, chain)
    chain.newest.set(record.instrument, { record, receivedAt })
    if (receivedAt >= chain.lookAt) {
      chain.lookAt = receivedAt + chainMs
      this.#look(chain, receivedAt)
    }
  }

  #look({ newest }: Chain, at: EpochMs): void {
    for (const [instrument, { record, receivedAt }] of newest) {
      const terms = this.#options.facts(instrument)
      if (terms === undefined || (terms.expiresAt ?? 0) <= at || receivedAt < at - OPTION_AGE_MS)
        newest.delete(instrument)
      else this.#add(optionRow(terms, record, at))
    }
  }

  #add(row: RecordedRow | undefined): void {
    if (row === undefined || this.#isClosed) return
    seriesPath(row.key) // a name that may not stand in a path is told here, not with the whole flush
    this.#rows.push(row)
    this.#makeRoom()
  }

  #makeRoom(): void {
    const { rowsMax = ROWS_MAX } = this.#options
    if (this.#rows.length <= rowsMax) return
    const count = this.#rows.length - rowsMax + Math.floor(rowsMax / DROPPED_SHARE)
    this.#rows.splice(0, count)
    this.#counts.dropped += count
    this.#tell('the lake could not be written for long: the oldest rows are dropped')
  }

  #wait(ms: DurationMs): void {
    if (this.#isClosed) return
    this.#cancel = this.#options.time.after(ms, () => {
      void this.flush().then((ok) => this.#wait(ok ? this.#options.flushMs : Math.min(RETRY_MS, this.#options.flushMs)))
    })
  }

  async #write(): Promise<boolean> {
    const taken = this.#rows
    if (taken.length === 0) return true
    this.#rows = []
    this.#inFlight = taken.length
    try {
      const report = await this.#options.writer.write(taken)
      this.#inFlight = 0
      this.#settle(report)
      return true
    } catch (error) {
      this.#inFlight = 0
      this.#rows = taken.concat(this.#rows)
      this.#makeRoom()
      this.#trouble = wordsOf(error)
      const isBusy = isQuantbotError(error) && error.code === 'LAKE_BUSY'
      this.#busy = isBusy ? this.#busy + 1 : 0
      if (!isBusy || this.#busy >= BUSY_TRIES) this.#tell(`what was seen waits: ${this.#trouble}`)
      return false
    }
  }

  #settle(report: WriteReport): void {
    const counts = this.#counts
    counts.written += report.written
    counts.same += report.same
    counts.files += report.files
    counts.conflicts += report.conflicting
    counts.refused += report.refusals
    this.#flushedAt = this.#options.time.now()
    this.#trouble = ''
    this.#busy = 0
    this.#told = ''
    const [conflict] = report.conflicts
    if (conflict !== undefined)
      this.#tell(`${report.conflicting} rows contradict the lake, which keeps its own: ${conflict}`)
    const [refusal] = report.refused
    if (refusal !== undefined) this.#tell(`${report.refusals} rows were refused: ${refusal}`)
  }

  #tell(words: string): void {
    if (words === this.#told) return
    this.#told = words
    this.#options.onTrouble(words)
  }
}

/** Between two tries at the end. */
const PAUSE_MS = 250

function wordsOf(error: unknown): string {
  if (isQuantbotError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
