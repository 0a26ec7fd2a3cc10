/**
 * Owns the dense series of a run in columns, appended to while the log is read. Bounded: a series that grows too long is thinned, its
 * extremes stay; beyond so many names the ones that were silent longest go. No event is read here.
 */
import { QuantbotError } from '#core/errors'
import { firstAbove, thinned } from './thinning.js'
import type { SeriesDoc, SeriesQuery } from './view.port.js'

/** Points of one series, above which it is thinned to half. Chosen here: more than any screen has, 300 kB of five columns. */
const MAX_POINTS = 8192
const MAX_SERIES = 1500
const DEFAULT_POINTS = 2000

interface Series {
  readonly names: readonly string[]
  seq: number[]
  ts: number[]
  /** NaN: not known. */
  columns: number[][]
}

export class SeriesStore {
  readonly #maxPoints: number
  readonly #series = new Map<string, Series>()

  constructor(maxPoints = MAX_POINTS) {
    this.#maxPoints = maxPoints
  }

  /** Names, and how many points each holds. */
  sizes(): ReadonlyMap<string, number> {
    return new Map([...this.#series].map(([name, { seq }]) => [name, seq.length]))
  }

  /** `seq` must not fall. Null: not known. The first column is the one whose extremes are kept. */
  append(name: string, seq: number, ts: number, values: Readonly<Record<string, number | null>>): void {
    const series = this.#series.get(name) ?? this.#begin(name, Object.keys(values))
    series.seq.push(seq)
    series.ts.push(ts)
    for (let i = 0; i < series.names.length; i++) series.columns[i]!.push(values[series.names[i]!] ?? Number.NaN)
    if (series.seq.length > this.#maxPoints) thin(series, this.#maxPoints >> 1)
  }

  /** USAGE for a name that no series can have; empty for one that has no points yet. O(points of the series). */
  query({ name, until, from, to, points = DEFAULT_POINTS }: SeriesQuery): SeriesDoc {
    if (!/^(?:equity|(?:funding|oi|basis|dvol|skew|signal):.+)$/.test(name))
      throw new QuantbotError('USAGE', `there is no series ${JSON.stringify(name)}`)
    if (!Number.isSafeInteger(points) || points < 4)
      throw new QuantbotError('USAGE', `points is ${points}, at least 4 are needed`)
    const series = this.#series.get(name)
    if (series === undefined) return { name, seq: [], ts: [], columns: {} }
    const { seq, ts, columns, names } = series
    const end = Math.min(
      until === undefined ? seq.length : firstAbove(seq.length, until, (i) => seq[i]!),
      to === undefined ? ts.length : firstAbove(ts.length, to, (i) => ts[i]!),
    )
    const begin =
      from === undefined
        ? 0
        : Math.min(
            end,
            firstAbove(ts.length, from - 1, (i) => ts[i]!),
          )
    const kept = thinned(
      begin,
      end,
      points,
      (i) => ts[i]!,
      (i) => columns[0]![i]!,
    )
    return {
      name,
      seq: kept.map((i) => seq[i]!),
      ts: kept.map((i) => ts[i]!),
      columns: Object.fromEntries(
        names.map((column, k) => [column, kept.map((i) => (Number.isNaN(columns[k]![i]!) ? null : columns[k]![i]!))]),
      ),
    }
  }

  #begin(name: string, names: readonly string[]): Series {
    const series: Series = { names, seq: [], ts: [], columns: names.map(() => []) }
    this.#series.set(name, series)
    if (this.#series.size > MAX_SERIES) {
      const silent = [...this.#series]
        .filter(([other]) => other !== name && other !== 'equity')
        .reduce((a, b) => (b[1].seq.at(-1)! < a[1].seq.at(-1)! ? b : a))
      this.#series.delete(silent[0])
    }
    return series
  }
}

function thin(series: Series, points: number): void {
  const kept = thinned(
    0,
    series.seq.length,
    points,
    (i) => series.ts[i]!,
    (i) => series.columns[0]![i]!,
  )
  series.seq = kept.map((i) => series.seq[i]!)
  series.ts = kept.map((i) => series.ts[i]!)
  series.columns = series.columns.map((column) => kept.map((i) => column[i]!))
}
