/** Owns the table of data quality: what the lake holds and what is odd in it. */
import { isoDay } from '#core/time'
import type { LakeKey } from '#data/columns'
import { intervalOf } from '#data/layout'
import type { SeriesQuality } from '#data/quality'

const COLUMNS = ['series', 'rows', 'first', 'last', 'gaps', 'missing', 'duplicates', 'zero volume', 'outliers'] as const

/** `binance.spot.BTCUSDT 1h`; kinds other than bars are named. */
export function describeKey(key: LakeKey): string {
  const interval = intervalOf(key)
  const parts = [`${key.venue}.${key.market}.${key.symbol}`, interval, key.kind === 'bars' ? undefined : key.kind]
  return parts.filter((part) => part !== undefined).join(' ')
}

/** One line a series; numbers to the right. */
export function qualityTable(report: readonly SeriesQuality[]): string {
  const rows = report.map((series) => [
    describeKey(series.key),
    String(series.rows),
    isoDay(series.first),
    isoDay(series.last),
    String(series.gaps.count),
    String(series.gaps.missing),
    String(series.duplicates),
    String(series.zeroVolume),
    String(series.outliers.count),
  ])
  const widths = COLUMNS.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return [line(COLUMNS), ...rows.map(line)].join('\n')
}
