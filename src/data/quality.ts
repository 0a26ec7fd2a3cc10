/** Owns the quality report of a series: gaps, duplicates, zero volume, outliers. Pure but for `qualityReport`; never mends. */
import { type EpochMs, HOUR_MS, intervalMs } from '#core/time'
import type { BarColumns, FundingColumns, LakeKey } from './columns.js'
import { KINDS } from './kinds.js'
import { listSeries, loadBars, loadFunding, loadRows } from './lake.js'
import { intervalOf } from './layout.js'
import { medianInPlace, robustSd } from './robust-scale.js'
import { numberAt, type Rows } from './rows.js'

/** Robust standard deviations from the median beyond which a value is an outlier. Chosen here; methods.md names none. */
export const OUTLIER_SD = 10
/** How many gaps and outliers are listed one by one. */
const LISTED_MAX = 10

export const OUTLIER_DEFINITION =
  `bars: log return between the closes of consecutive bars (none over a gap) more than ${OUTLIER_SD} robust standard ` +
  'deviations (1.4826 x median absolute deviation) from the median; funding: the same of the rate; other kinds: the log ' +
  'change of open interest, mark, value or index price; none where that deviation is 0'

export interface Gap {
  /** `ts` of the row before the gap. */
  readonly after: EpochMs
  readonly missing: number
}

export interface Outlier {
  readonly ts: EpochMs
  /** Log return of a bar, rate of a settlement. */
  readonly value: number
  /** Distance from the median in robust standard deviations. */
  readonly robustSd: number
}

export interface SeriesQuality {
  readonly key: LakeKey
  readonly rows: number
  readonly first: EpochMs
  readonly last: EpochMs
  /** Interruptions, the rows missing in them, and the longest few. */
  readonly gaps: { readonly count: number; readonly missing: number; readonly longest: readonly Gap[] }
  /** Rows with the `ts` of the row before. */
  readonly duplicates: number
  /** Bars without volume; 0 for funding. */
  readonly zeroVolume: number
  readonly outliers: { readonly count: number; readonly largest: readonly Outlier[] }
}

type Findings = Omit<SeriesQuality, 'key'>

/** Every series of the lake, or those that `wanted` takes, in the order of the lake's folders. */
export async function qualityReport(
  home: string,
  wanted: (key: LakeKey) => boolean = () => true,
  onSeries?: (done: number, total: number) => void,
): Promise<SeriesQuality[]> {
  const series = (await listSeries(home)).filter(({ key }) => wanted(key))
  const report: SeriesQuality[] = []
  for (const { key } of series) {
    onSeries?.(report.length, series.length)
    report.push({ key, ...(await findingsOf(home, key)) })
  }
  return report
}

async function findingsOf(home: string, key: LakeKey): Promise<Findings> {
  const all = [0, Number.MAX_SAFE_INTEGER - 1] as const
  const options = { keepDuplicates: true }
  if (key.kind === 'bars') return barsQuality(await loadBars(home, key, ...all, options), intervalMs(key.interval))
  if (key.kind === 'funding') return fundingQuality(await loadFunding(home, key, ...all, options))
  return pointsQuality(await loadRows(home, key, ...all, options), key)
}

/** Findings of points: gaps where they have a grid; a chain or a revision of a value is no duplicate. At least one row. */
export function pointsQuality(rows: Rows, key: LakeKey): Findings {
  const { rowKey, judged } = KINDS[key.kind]
  const interval = intervalOf(key)
  const step = interval === undefined ? Number.POSITIVE_INFINITY : intervalMs(interval)
  // Of rows that share an instant one is looked at: the last revision, any option of a chain.
  const keep = Array.from(rows.ts.keys()).filter((i) => rowKey.length === 1 || rows.ts[i + 1] !== rows.ts[i])
  const ts = Float64Array.from(keep, (i) => rows.ts[i]!)
  const levels = Float64Array.from(keep, (i) => numberAt(rows[judged.column], i))
  const isNext = (i: number): boolean => i > 0 && (interval === undefined || ts[i]! - ts[i - 1]! === step)
  const values =
    judged.by === 'level'
      ? levels
      : levels.map((level, i) => (isNext(i) && level > 0 ? Math.log(level / levels[i - 1]!) : Number.NaN))
  const finite = values.map((value) => (Math.abs(value) < Number.POSITIVE_INFINITY ? value : Number.NaN))
  return { ...timeFindings(ts, () => step), rows: rows.ts.length, zeroVolume: 0, outliers: outliersOf(ts, finite) }
}

/** Findings of bars `stepMs` apart; at least one row. */
export function barsQuality(bars: BarColumns, stepMs: number): Findings {
  const returns = new Float64Array(bars.ts.length).fill(Number.NaN)
  for (let i = 1; i < returns.length; i++)
    if (bars.ts[i]! - bars.ts[i - 1]! === stepMs) returns[i] = Math.log(bars.close[i]! / bars.close[i - 1]!)
  return {
    ...timeFindings(bars.ts, () => stepMs),
    zeroVolume: bars.volume.reduce((sum, volume) => sum + (volume === 0 ? 1 : 0), 0),
    outliers: outliersOf(bars.ts, returns),
  }
}

/** Findings of settlements, each judged by its own interval; at least one row. */
export function fundingQuality(funding: FundingColumns): Findings {
  return {
    ...timeFindings(funding.ts, (i) => funding.intervalHours[i]! * HOUR_MS),
    zeroVolume: 0,
    outliers: outliersOf(funding.ts, funding.rate),
  }
}

function timeFindings(
  ts: Float64Array,
  stepAt: (i: number) => number,
): Pick<Findings, 'rows' | 'first' | 'last' | 'gaps' | 'duplicates'> {
  const gaps: Gap[] = []
  let duplicates = 0
  for (let i = 1; i < ts.length; i++) {
    const spacing = ts[i]! - ts[i - 1]!
    if (spacing === 0) duplicates++
    const missing = Math.round(spacing / stepAt(i)) - 1
    if (missing > 0) gaps.push({ after: ts[i - 1]!, missing })
  }
  return {
    rows: ts.length,
    first: ts[0]!,
    last: ts.at(-1)!,
    gaps: {
      count: gaps.length,
      missing: gaps.reduce((sum, gap) => sum + gap.missing, 0),
      longest: gaps.sort((a, b) => b.missing - a.missing || a.after - b.after).slice(0, LISTED_MAX),
    },
    duplicates,
  }
}

function outliersOf(ts: Float64Array, values: Float64Array): Findings['outliers'] {
  const known = values.filter((value) => !Number.isNaN(value))
  const median = medianInPlace(known)
  const sd = robustSd(known, median)
  if (!(sd > 0)) return { count: 0, largest: [] }
  const found: Outlier[] = []
  values.forEach((value, i) => {
    const deviations = (value - median) / sd
    if (Math.abs(deviations) > OUTLIER_SD) found.push({ ts: ts[i]!, value, robustSd: deviations })
  })
  const largest = found.sort((a, b) => Math.abs(b.robustSd) - Math.abs(a.robustSd) || a.ts - b.ts).slice(0, LISTED_MAX)
  return { count: found.length, largest }
}
