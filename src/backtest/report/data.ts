/** Owns the numbers that the page draws, as compact JSON: every day, nothing thinned out. Pure. */
import { symbolOf } from '#core/ids'
import { MINUTE_MS } from '#core/time'
import { buyAndHold, equalWeight } from '../benchmark.js'
import type { BacktestRecording, RecordedFill } from '../recording.js'
import { compounded, cumulative } from '../series.js'
import { RESIDUAL } from '../statistics.js'
import { dailyReturns } from '../statistics-summary.js'

type Column = readonly (number | null)[]

/** Rounded to significant digits; null where there is none. */
function compact(values: Float64Array, digits: number): Column {
  return Array.from(values, (value) => (Number.isFinite(value) ? Number(value.toPrecision(digits)) : null))
}

function rounded(values: Float64Array, decimals: number): Column {
  return Array.from(values, (value) => Number(value.toFixed(decimals)))
}

/** Fills of an instrument: minutes since the one before (the first since 1970), price, kind (`b` or `s`; capital: by a stop or forced). */
function packFills(fills: readonly RecordedFill[]): { t: number[]; p: number[]; k: string } {
  let before = 0
  const t = fills.map(({ ts }) => {
    const minute = Math.floor(ts / MINUTE_MS)
    const step = minute - before
    before = minute
    return step
  })
  const kind = ({ quantity, purpose }: RecordedFill): string => {
    const letter = quantity > 0 ? 'b' : 's'
    return purpose === 'rebalance' ? letter : letter.toUpperCase()
  }
  return { t, p: fills.map(({ price }) => Number(price.toPrecision(6))), k: fills.map(kind).join('') }
}

export interface AloneCurve {
  readonly signal: string
  readonly recording: BacktestRecording
}

/** What report/client.ts reads. Times in seconds. */
export function chartData(
  recording: BacktestRecording,
  benchmarkCostBps: number,
  standAlone: readonly AloneCurve[] = [],
): object {
  const { instruments, fills, equity, capital } = recording
  const byInstrument: RecordedFill[][] = instruments.map(() => [])
  for (const fill of fills) byInstrument[fill.instrument]!.push(fill)
  const first = instruments[0]
  return {
    start: recording.start / 1000,
    benchmark: first ? symbolOf(first.id) : '',
    equity: rounded(equity, 2),
    alone: standAlone.map(({ signal, recording: own }) => ({
      name: signal,
      curve: compact(compounded(dailyReturns(own)), 6),
    })),
    hold: rounded(first ? buyAndHold(recording, 0, benchmarkCostBps) : equity, 2),
    equal: rounded(equalWeight(recording, benchmarkCostBps), 2),
    gross: rounded(recording.gross, 4),
    net: rounded(recording.net, 4),
    contribution: recording.contribution
      .map((profits, k) => ({
        name: recording.signals[k] ?? RESIDUAL,
        curve: rounded(
          cumulative(profits).map((profit) => profit / capital),
          5,
        ),
      }))
      .filter(({ name }) => !recording.overlays.includes(name)),
    instruments: instruments.map(({ id }, i) => ({
      name: symbolOf(id) === id ? id : `${symbolOf(id)} (${id})`,
      marks: compact(recording.marks[i]!, 6),
      fills: packFills(byInstrument[i]!),
    })),
  }
}
