/** Owns arithmetic on spans of time: what a series lacks, and in which pieces it is asked for. Pure. */
import { civilDate, type DurationMs, type EpochMs, HOUR_MS } from '#core/time'

/** `[from, to)`, milliseconds. */
export type Span = readonly [from: EpochMs, to: EpochMs]

/** Slots of a grid without a row, as spans; `ts` ascends, the span begins on the grid. */
export function gridGaps(ts: Float64Array, [from, to]: Span, stepMs: DurationMs): Span[] {
  const gaps: Span[] = []
  let expected = from
  for (const t of ts) {
    if (t < from) continue
    if (t >= to) break
    if (t > expected) gaps.push([expected, t])
    expected = t + stepMs
  }
  if (expected < to) gaps.push([expected, to])
  return gaps
}

/** Time that no settlement is for: each is for `hours` up to its instant, and the next one is not due before as many more. */
export function settlementGaps(ts: Float64Array, hours: Float64Array, [from, to]: Span): Span[] {
  const covered = Array.from(ts, (t, i): Span => [t - (hours[i] ?? 0) * HOUR_MS + 1, t + 1])
  const last = ts.at(-1)
  const dueMs = (hours.at(-1) ?? 0) * HOUR_MS
  const gaps = subtract([[from, to]], union(covered))
  return gaps.filter((gap) => last === undefined || gap[0] <= last || gap[1] - last > dueMs)
}

/** What of the spans is in none of `covered`. */
export function subtract(spans: readonly Span[], covered: readonly Span[]): Span[] {
  let rest = [...spans]
  for (const [a, b] of covered)
    rest = rest.flatMap(([from, to]) => {
      if (b <= from || a >= to) return [[from, to] as const]
      return (
        [
          [from, Math.min(a, to)],
          [Math.max(b, from), to],
        ] as const
      ).filter(([x, y]) => y > x)
    })
  return rest
}

/** The same time in as few spans as it takes, ascending. */
export function union(spans: readonly Span[]): Span[] {
  const result: [number, number][] = []
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else if (to > from) result.push([from, to])
  }
  return result
}

/** Cut at the UTC months or years, and into pieces of at most `lengthMax`. */
export function pieces(spans: readonly Span[], lengthMax: DurationMs, by: 'month' | 'year'): Span[] {
  const result: Span[] = []
  for (const [from, to] of spans)
    for (let at = from; at < to; ) {
      const end = Math.min(to, at + lengthMax, nextStart(at, by))
      result.push([at, end])
      at = end
    }
  return result
}

/** Start of the UTC month or year after the one that holds `ts`. */
export function nextStart(ts: EpochMs, by: 'month' | 'year'): EpochMs {
  const { year, month } = civilDate(ts)
  const next = by === 'year' || month === 12 ? [year + 1, 1] : [year, month + 1]
  return Date.UTC(next[0]!, next[1]! - 1, 1)
}
