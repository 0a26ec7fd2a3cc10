/** Owns the curves a book is held against: buy-and-hold of one instrument, and of the universe in equal parts. Pure. */
import { invariant } from '#core/invariant'
import type { BacktestRecording } from './recording.js'

type Marked = Pick<BacktestRecording, 'capital' | 'marks' | 'days'> & Partial<Pick<BacktestRecording, 'instruments'>>

/**
 * Equity (quote, n + 1 points) of the whole capital bought into one instrument at its first mark and held. `costBps` (fee and
 * half spread) is paid at entry; no funding, no exit. Cash until the first mark; the last mark of a delisted one stands.
 */
export function buyAndHold(recording: Marked, instrument: number, costBps: number): Float64Array {
  const marks = recording.marks[instrument]
  invariant(marks !== undefined, () => `buyAndHold: no instrument ${instrument}`)
  return held(recording.capital, marks, costBps)
}

/** The same for every instrument that is traded by itself with capital / N each, never rebalanced: the share of what is not listed yet waits in cash. */
export function equalWeight(recording: Marked, costBps: number): Float64Array {
  const { capital, days, instruments } = recording
  const marks = recording.marks.filter((_, i) => instruments?.[i]?.isLeg !== true)
  const curve = new Float64Array(days + 1)
  if (marks.length === 0) return curve.fill(capital)
  for (const own of marks) {
    const part = held(capital / marks.length, own, costBps)
    for (let d = 0; d <= days; d++) curve[d]! += part[d]!
  }
  return curve
}

function held(capital: number, marks: Float64Array, costBps: number): Float64Array {
  let units = 0
  return marks.map((mark, point) => {
    if (!(mark > 0)) return capital
    if (units === 0) units = capital / (mark * (1 + costBps / 1e4))
    return point === 0 ? capital : units * mark // the first day bears the cost of an entry on its eve
  })
}
