/** Owns how the returns of the signals go together: correlation of their stand-alone books, day by day. Pure. */
import { correlation } from '#quant/moments'
import type { BacktestRecording } from './recording.js'
import { liveDays } from './statistics-signal.js'
import { dailyReturns } from './statistics-summary.js'

/** Below so many days in common a correlation says nothing. Chosen here. */
const LEAST_DAYS = 30

export interface Correlations {
  readonly signals: readonly string[]
  /** Pearson, over the days on which both had data; null: fewer than 30 of them, or one does not vary. */
  readonly matrix: readonly (readonly (number | null)[])[]
  readonly days: readonly (readonly number[])[]
}

export function correlationsOf(
  books: readonly { readonly signal: string; readonly recording: BacktestRecording }[],
): Correlations {
  const series = books.map(({ signal, recording }) => ({
    returns: dailyReturns(recording),
    live: liveDays(recording, signal),
  }))
  const pairs = series.map((a) =>
    series.map((b) => {
      const [xs, ys]: [number[], number[]] = [[], []]
      const length = Math.min(a.returns.length, b.returns.length)
      for (let d = 0; d < length; d++) {
        if (a.live?.[d] === 0 || b.live?.[d] === 0) continue
        xs.push(a.returns[d]!)
        ys.push(b.returns[d]!)
      }
      return { days: xs.length, value: xs.length < LEAST_DAYS ? null : correlation(xs, ys) }
    }),
  )
  return {
    signals: books.map(({ signal }) => signal),
    matrix: pairs.map((row) => row.map(({ value }) => value)),
    days: pairs.map((row) => row.map(({ days }) => days)),
  }
}
