/**
 * Owns which rows records of venues and vendors are. Never says that something was known before it was seen: what the venue
 * keeps no history of may be read from its arrival on; bars and settlements, which every venue repeats, from their own end.
 */
import { parseInstrument } from '#core/ids'
import { DAY_MS, type DurationMs, type EpochMs, HOUR_MS, MINUTE_MS } from '#core/time'
import type {
  BarRecord,
  InstrumentFacts,
  MarkRecord,
  OnChainRecord,
  OpenInterestRecord,
  OptionRecord,
  SettlementRecord,
  VolatilityIndexRecord,
} from '../connectors/normal.js'
import type { RecordedRow } from './recorder.port.js'

interface Names {
  readonly venue: string
  readonly market: string
  readonly symbol: string
}

/** Undefined for an id that is none: then there is no place for the row. */
function namesOf(instrument: string): Names | undefined {
  const parts = parseInstrument(instrument)
  return parts && { venue: parts.venue, market: parts.market, symbol: parts.symbol }
}

export function barRow(record: BarRecord): RecordedRow | undefined {
  const names = namesOf(record.instrument)
  if (names === undefined || record.isClosed === false) return undefined
  const { interval, openTime: ts, open, high, low, close, volume, quoteVolume } = record
  const numbers = { open, high, low, close, volume, quote_volume: quoteVolume }
  return { key: { kind: 'bars', ...names, interval }, ts, availableAt: null, numbers }
}

/** `usualMs`: the interval where the record does not tell. */
export function settlementRow(record: SettlementRecord, usualMs: DurationMs): RecordedRow | undefined {
  const names = namesOf(record.instrument)
  if (names === undefined) return undefined
  const intervalHours = (record.intervalMs ?? usualMs) / HOUR_MS
  const numbers = { rate: record.rate }
  return { key: { kind: 'funding', ...names }, ts: record.settledAt, availableAt: null, numbers, intervalHours }
}

export function openInterestRow(record: OpenInterestRecord, receivedAt: EpochMs): RecordedRow | undefined {
  const names = namesOf(record.instrument)
  const numbers = { open_interest: record.openInterest, value: record.value }
  return names && seen({ kind: 'oi', ...names }, record.ts, receivedAt, numbers)
}

export function markRow(record: MarkRecord, receivedAt: EpochMs): RecordedRow | undefined {
  const names = namesOf(record.instrument)
  const numbers = { mark: record.mark, index: record.index }
  return names && seen({ kind: 'mark', ...names }, record.ts, receivedAt, numbers)
}

export function volatilityRow(record: VolatilityIndexRecord, receivedAt: EpochMs): RecordedRow {
  const key = { kind: 'volatility', venue: record.venue, market: 'index', symbol: record.currency } as const
  return seen(key, record.ts, receivedAt, { value: record.value })
}

/** A venue's clock may be ahead of ours: nothing is read before its own time. */
function seen(key: RecordedRow['key'], ts: EpochMs, receivedAt: EpochMs, numbers: RecordedRow['numbers']): RecordedRow {
  return { key, ts, availableAt: Math.max(ts, receivedAt), numbers }
}

/** One option of a chain that was looked at as a whole at `at`; undefined for one without terms. */
export function optionRow(facts: InstrumentFacts, record: OptionRecord, at: EpochMs): RecordedRow | undefined {
  const names = namesOf(record.instrument)
  const { strike, expiresAt: expiry, option, base } = facts
  if (names === undefined || strike === null || expiry === null || option === null) return undefined
  const { bid, ask, mark, bidIv, askIv, markIv, delta, gamma, vega, theta } = record
  return {
    key: { kind: 'options', venue: names.venue, market: names.market, symbol: base },
    ts: at,
    availableAt: at,
    numbers: {
      ...{ strike, expiry, bid, ask, mark, bid_iv: bidIv, ask_iv: askIv, mark_iv: markIv },
      ...{ delta, gamma, vega, theta, oi: record.openInterest },
      ...{ underlying_price: record.underlyingPrice, index_price: record.indexPrice },
    },
    texts: { instrument: names.symbol, cp: option === 'call' ? 'C' : 'P', underlying: '' },
  }
}

/**
 * Values of periods that were over when the vendor was asked; the running one is not whole. One that an earlier answer, given
 * at `askedBefore` when it was due, still lacked was not known before this answer.
 */
export function onChainRows(
  records: readonly OnChainRecord[],
  fetchedAt: EpochMs,
  lagMs: DurationMs,
  askedBefore: EpochMs | undefined,
): RecordedRow[] {
  return records.flatMap(({ source, asset, metric, periodStart, periodMs, value }): RecordedRow[] => {
    const interval = periodMs === DAY_MS ? '1d' : periodMs === HOUR_MS ? '1h' : undefined
    if (value === null || interval === undefined || periodStart + periodMs > fetchedAt) return []
    const due = periodStart + periodMs + lagMs
    const availableAt = askedBefore !== undefined && askedBefore >= due ? Math.max(due, fetchedAt) : due
    const key = { kind: 'onchain', venue: source, market: asset.toLowerCase(), symbol: metric, interval } as const
    return [{ key, ts: periodStart, availableAt, numbers: { value }, fetchedAt }]
  })
}

/** Minute that an instant lies in. */
export const minuteOf = (ts: EpochMs): number => Math.floor(ts / MINUTE_MS)
