/** Owns how the report on the early warning reads on a terminal. Never computes. */
import type { Counts, JudgedSpan, VariantReport, Verdict } from '#backtest/oi-warning'
import type { WarningSeries } from '#backtest/oi-warning-data'
import type { EVENT_RULES } from '#backtest/oi-warning-series'

/** What the command prints with --json. */
export interface OiWarningDocument {
  readonly kpi: { readonly verdict: Verdict; readonly reason: string; readonly threshold: number }
  readonly variants: readonly (VariantReport & { readonly series: Readonly<Record<keyof WarningSeries, string>> })[]
  readonly thresholds: Readonly<Record<string, number>>
  readonly eventRules: typeof EVENT_RULES
  readonly horizonHours: number
  readonly refractoryHours: number
  readonly seriesOfConfig: boolean
}

const percent = (share: number | null): string => (share === null ? '–' : `${(100 * share).toFixed(1)} %`)
const interval = (range: Counts['precisionInterval']): string =>
  range === null ? '' : ` [${percent(range[0])}, ${percent(range[1])}]`
const ratio = (value: number | null): string => (value === null ? '–' : value.toFixed(3))

const COLUMNS = ['', 'alerts', 'true', 'events', 'hit', 'precision [95 %]', 'recall [95 %]', 'F1'] as const

function rowOf(name: string, counts: Counts): string[] {
  const { alerts, tpAlerts, events, hitEvents, precision, precisionInterval, recall, recallInterval, f1 } = counts
  return [
    name,
    ...[alerts, tpAlerts, events, hitEvents].map(String),
    percent(precision) + interval(precisionInterval),
    percent(recall) + interval(recallInterval),
    ratio(f1),
  ]
}

function table(rows: readonly (readonly string[])[]): string {
  const all = [COLUMNS, ...rows]
  const widths = COLUMNS.map((_, c) => Math.max(...all.map((row) => row[c]!.length)))
  return all
    .map((row) => row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '))
    .join('\n')
}

function extent(name: string, span: JudgedSpan, horizon: number): string {
  if (span.from === undefined) return `${name}: empty`
  return [
    `${name}: ${span.from.slice(0, 10)} … ${span.to?.slice(0, 10)}, ${span.periods} periods`,
    `average precision ${ratio(span.averagePrecision)} over ${span.blocks} blocks of ${horizon}`,
    `base-rate precision ${percent(span.basePrecision)}`,
    `p ${ratio(span.permutation.p)} by ${span.permutation.shifts} circular shifts`,
  ].join('; ')
}

/** Tables of prediction and, apart from it, of detection after the fact. */
export function warningText(document: OiWarningDocument): string {
  const { kpi, variants, thresholds, horizonHours, refractoryHours } = document
  const frozen = Object.entries(thresholds).map(([name, value]) => `${name} ${value}`)
  const parts = [
    `early warning of cascades: an onset within ${horizonHours} h of an alert, at most one alert in ${refractoryHours} h`,
    `thresholds, not fitted to anything here: ${frozen.join(', ')}`,
  ]
  for (const { variant, series, train, test, horizonPeriods, labelled, verdict, reason } of variants) {
    parts.push(
      '',
      `${variant === 'daily' ? 'daily variant' : 'hourly'}: ${series.openInterest}; ${series.bars}; ${series.funding}; ${labelled} periods labelled`,
      table([rowOf('train', train.prediction), rowOf('test', test.prediction)]),
      extent('train', train, horizonPeriods),
      extent('test', test, horizonPeriods),
      'nowcast, at or after the onset: no prediction',
      table([rowOf('train', train.nowcast), rowOf('test', test.nowcast)]),
      `${variant === 'daily' ? 'daily variant' : 'hourly'}: ${verdict} – ${reason}`,
    )
  }
  parts.push('', `claim, precision and recall > ${kpi.threshold}: ${kpi.verdict} – ${kpi.reason}`)
  return parts.join('\n')
}
