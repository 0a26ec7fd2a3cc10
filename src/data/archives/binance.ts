/**
 * Owns the bulk archive of Binance (data.binance.vision): monthly bars and settlements, daily open interest, as zipped CSV with
 * a SHA-256 beside it. Files have a header or none; spot times are microseconds since 2025. Never keeps a file.
 */
import { createHash } from 'node:crypto'
import got, { type Got, HTTPError, RequestError } from 'got'
import { QuantbotError } from '#core/errors'
import { symbolOf } from '#core/ids'
import { DAY_MS, type EpochMs, type Interval, intervalMs, isoDay, parseDay } from '#core/time'
import type { HistoryRecord } from '../backfill/records.js'
import { nextStart } from '../backfill/spans.js'
import type { InstrumentFacts } from '../connectors/normal.js'
import type { ArchivePort } from './archive.port.js'
import { unzipOne } from './zip.js'

export const BINANCE_ARCHIVE = 'https://data.binance.vision'
const FOLDER: Readonly<Record<string, string>> = { spot: 'spot', usdm: 'futures/um', coinm: 'futures/cm' }
/** Instants in milliseconds have 13 digits until 2286; those in microseconds have 16. */
const MICROSECONDS_FROM = 1e14
const TIMEOUT_MS = 60_000
const TRIES = 3
/** Daily files fetched at once. */
const PARALLEL = 4

export class BinanceArchive implements ArchivePort {
  readonly #got: Got
  requests = 0

  /** `base`: origin of the archive, or of a copy of it. */
  constructor(base: string = BINANCE_ARCHIVE) {
    this.#got = got.extend({
      prefixUrl: base.replace(/\/+$/, ''),
      timeout: { request: TIMEOUT_MS },
      retry: { limit: TRIES - 1, statusCodes: [429, 500, 502, 503, 504] },
      headers: { 'user-agent': 'quantbot' },
    })
  }

  async month(
    kind: 'bars' | 'funding' | 'oi',
    facts: InstrumentFacts,
    interval: Interval | undefined,
    month: EpochMs,
    signal?: AbortSignal,
  ): Promise<readonly HistoryRecord[] | undefined> {
    const { instrument } = facts
    const market = instrument.split('.')[1]!
    const folder = FOLDER[market]
    const symbol = symbolOf(instrument)
    if (!instrument.startsWith('binance.') || folder === undefined) return undefined
    const day = isoDay(month)
    if (kind === 'bars') {
      if (market === 'coinm') return undefined // its volume is in contracts
      const name = `${symbol}-${interval}-${day.slice(0, 7)}`
      const text = await this.#csv(`data/${folder}/monthly/klines/${symbol}/${interval}/${name}.zip`, signal)
      return text === undefined ? undefined : barsOf(text, name, facts, interval!) // bars have one
    }
    if (market === 'spot') return undefined
    if (kind === 'funding') {
      const name = `${symbol}-fundingRate-${day.slice(0, 7)}`
      const text = await this.#csv(`data/${folder}/monthly/fundingRate/${symbol}/${name}.zip`, signal)
      return text === undefined ? undefined : settlementsOf(text, name, facts)
    }
    if (market !== 'usdm') return undefined
    return this.#metrics(`data/${folder}/daily/metrics/${symbol}`, facts, interval, month, signal)
  }

  async #metrics(
    folder: string,
    facts: InstrumentFacts,
    interval: Interval | undefined,
    month: EpochMs,
    signal: AbortSignal | undefined,
  ): Promise<readonly HistoryRecord[] | undefined> {
    const days: EpochMs[] = []
    for (let day = month; day < nextStart(month, 'month'); day += DAY_MS) days.push(day)
    const found: (readonly HistoryRecord[] | undefined)[] = []
    for (let i = 0; i < days.length; i += PARALLEL)
      found.push(
        ...(await Promise.all(
          days.slice(i, i + PARALLEL).map(async (day) => {
            const name = `${symbolOf(facts.instrument)}-metrics-${isoDay(day)}`
            const text = await this.#csv(`${folder}/${name}.zip`, signal)
            return text === undefined ? undefined : openInterestOf(text, name, facts, interval)
          }),
        )),
      )
    return found.every((records) => records === undefined) ? undefined : found.flatMap((records) => records ?? [])
  }

  /** Text of the CSV within; undefined where there is no such file. IMPORT_UNREADABLE when it is not what its check sum says. */
  async #csv(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const zip = await this.#fetch(path, signal)
    if (zip === undefined) return undefined
    const told = (await this.#fetch(`${path}.CHECKSUM`, signal))?.toString('utf8').trim().split(/\s+/)[0]
    if (told === undefined) throw new QuantbotError('IMPORT_UNREADABLE', `${path}: there is no check sum beside it`)
    const seen = createHash('sha256').update(zip).digest('hex')
    if (seen !== told.toLowerCase())
      throw new QuantbotError('IMPORT_UNREADABLE', `${path}: its SHA-256 is ${seen}, the check sum says ${told}`)
    return unzipOne(zip, path)
  }

  async #fetch(path: string, signal: AbortSignal | undefined): Promise<Buffer | undefined> {
    if (!path.endsWith('.CHECKSUM')) this.requests++
    try {
      return Buffer.from(await this.#got(path, signal ? { signal } : {}).buffer())
    } catch (cause) {
      signal?.throwIfAborted()
      if (cause instanceof HTTPError && cause.response.statusCode === 404) return undefined
      const reason = cause instanceof RequestError ? (cause.code ?? cause.message) : String(cause)
      throw new QuantbotError('VENUE_UNREACHABLE', `archive ${path}: ${reason}`, { cause })
    }
  }
}

/** Fields of each line; a header, known by its first field being no number, is passed over. */
function* lines(text: string, name: string, width: number): Generator<string[], void, undefined> {
  if (text !== '' && !text.endsWith('\n'))
    throw new QuantbotError('IMPORT_UNREADABLE', `${name}: its last line is cut off`)
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const row = line.trimEnd().split(',')
    if (i === 0 && !/^\d/.test(row[0]!)) continue
    if (row.length < width) throw new QuantbotError('IMPORT_UNREADABLE', `${name} line ${i + 1}: ${row.length} fields`)
    yield row
  }
}

const PLAIN = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function number(row: readonly string[], i: number, name: string): number {
  const text = row[i] ?? ''
  if (!PLAIN.test(text)) throw new QuantbotError('IMPORT_UNREADABLE', `${name}: ${JSON.stringify(text)} is no number`)
  return Number(text)
}

function instant(row: readonly string[], name: string): EpochMs {
  const value = number(row, 0, name)
  return value >= MICROSECONDS_FROM ? Math.floor(value / 1000) : value
}

/** open_time, open, high, low, close, volume, close_time, quote_volume, … */
function barsOf(text: string, name: string, { instrument }: InstrumentFacts, interval: Interval): HistoryRecord[] {
  return Array.from(lines(text, name, 8), (row) => {
    const value = (i: number): number => number(row, i, name)
    const [open, high, low, close, volume, quoteVolume] = [1, 2, 3, 4, 5, 7].map(value) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ] // six columns
    const prices = { open, high, low, close, volume, quoteVolume }
    return { kind: 'bar', instrument, interval, openTime: instant(row, name), ...prices, isClosed: true }
  })
}

/** calc_time, funding_interval_hours, last_funding_rate */
function settlementsOf(text: string, name: string, { instrument }: InstrumentFacts): HistoryRecord[] {
  const minute = intervalMs('1m')
  return Array.from(lines(text, name, 3), (row) => ({
    kind: 'settlement',
    instrument,
    settledAt: Math.round(instant(row, name) / minute) * minute,
    intervalMs: number(row, 1, name) * intervalMs('1h'),
    rate: number(row, 2, name),
  }))
}

/** create_time (`2024-01-01 00:05:00`), symbol, sum_open_interest (coins), sum_open_interest_value, … every five minutes */
function openInterestOf(
  text: string,
  name: string,
  { instrument }: InstrumentFacts,
  interval: Interval | undefined,
): HistoryRecord[] {
  const step = intervalMs(interval ?? '5m')
  return Array.from(lines(text, name, 4), (row): HistoryRecord => {
    const ts = timeOf(row[0]!, name)
    return { kind: 'openInterest', instrument, ts, openInterest: number(row, 2, name), value: number(row, 3, name) }
  }).filter((record) => record.kind === 'openInterest' && record.ts % step === 0)
}

function timeOf(text: string, name: string): EpochMs {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}):(\d{2}):(\d{2})$/.exec(text)
  const day = match ? parseDay(match[1]!) : undefined
  if (!match || day === undefined)
    throw new QuantbotError('IMPORT_UNREADABLE', `${name}: ${JSON.stringify(text)} is no time`)
  const [hours, minutes, seconds] = match.slice(2).map(Number) as [number, number, number] // three groups
  return day + ((hours * 60 + minutes) * 60 + seconds) * 1000
}
