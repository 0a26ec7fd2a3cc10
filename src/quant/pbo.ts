/**
 * Owns the probability of backtest overfitting by combinatorially symmetric cross-validation (methods, section 16):
 * Bailey, Borwein, Lopez de Prado & Zhu, Journal of Computational Finance 20 (2017).
 * Must be given the whole grid of trials, never a selection: leaving out the losers hides the overfitting.
 */
import { invariant } from '#core/invariant'
import { columnCount, type Matrix } from './matrix.js'
import { mean, median, regression } from './moments.js'

export interface OverfitReport {
  readonly combinations: number
  /** Share of splits whose in-sample winner ranks in the lower half out of sample (logit <= 0). */
  readonly pbo: number
  readonly meanLogit: number
  readonly medianLogit: number
  /** Share of splits whose winner has a Sharpe ratio below 0 out of sample. */
  readonly probabilityOfLoss: number
  /** Out-of-sample Sharpe on in-sample Sharpe of the winners; null when the latter do not vary. */
  readonly slope: number | null
  readonly intercept: number | null
}

/** Sums over one block, of returns less their strategy's mean, so that squares do not cancel. */
interface BlockSums {
  readonly first: Float64Array
  readonly second: Float64Array
}

/**
 * CSCV over T x N returns of N >= 2 strategies in `blocks` (even) blocks, leading remainder dropped; statistic mean / sd
 * (ddof 1), 0 for a strategy that does not vary. Ties rank by their mean rank. C(S, S/2) splits, each O(N S).
 */
export function backtestOverfitting(returns: Matrix, blocks: number): OverfitReport {
  const strategies = columnCount(returns, blocks)
  invariant(blocks >= 2 && blocks % 2 === 0, 'backtestOverfitting: the number of blocks must be even')
  invariant(strategies >= 2, 'backtestOverfitting: at least two strategies')
  const length = Math.floor(returns.length / blocks)
  const rows = returns.slice(returns.length - length * blocks)
  const centres = Array.from({ length: strategies }, (_, k) => mean(rows.map((row) => row[k]!))!)
  const sums = Array.from({ length: blocks }, (_, b) => blockSums(rows.slice(b * length, (b + 1) * length), centres))
  const logits: number[] = []
  const inSample: number[] = []
  const outOfSample: number[] = []
  const chosen = Array.from({ length: blocks / 2 }, (_, i) => i)
  const size = (length * blocks) / 2
  do {
    const rest = Array.from({ length: blocks }, (_, b) => b).filter((b) => !chosen.includes(b))
    const is = ratios(sums, chosen, centres, size)
    const oos = ratios(sums, rest, centres, size)
    const best = is.reduce((top, value, k) => (value > is[top]! ? k : top), 0)
    const share = rankOf(oos, best) / (strategies + 1)
    logits.push(Math.log(share / (1 - share)))
    inSample.push(is[best]!)
    outOfSample.push(oos[best]!)
  } while (nextCombination(chosen, blocks))
  const line = regression(inSample, outOfSample)
  return {
    combinations: logits.length,
    pbo: logits.filter((x) => x <= 0).length / logits.length,
    meanLogit: mean(logits)!,
    medianLogit: median(logits)!,
    probabilityOfLoss: outOfSample.filter((x) => x < 0).length / outOfSample.length,
    slope: line?.slope ?? null,
    intercept: line?.intercept ?? null,
  }
}

function blockSums(rows: Matrix, centres: readonly number[]): BlockSums {
  const first = new Float64Array(centres.length)
  const second = new Float64Array(centres.length)
  for (const row of rows) {
    for (let k = 0; k < centres.length; k++) {
      const d = row[k]! - centres[k]!
      first[k]! += d
      second[k]! += d * d
    }
  }
  return { first, second }
}

function ratios(
  sums: readonly BlockSums[],
  blocks: readonly number[],
  centres: readonly number[],
  size: number,
): number[] {
  return centres.map((centre, k) => {
    let first = 0
    let second = 0
    for (const b of blocks) {
      first += sums[b]!.first[k]!
      second += sums[b]!.second[k]!
    }
    const squares = second - (first * first) / size
    // Below rounding of the squares themselves a strategy counts as flat.
    return size > 1 && squares > second * 1e-14 ? (centre + first / size) / Math.sqrt(squares / (size - 1)) : 0
  })
}

function rankOf(values: readonly number[], index: number): number {
  let below = 0
  let equal = 0
  for (const value of values) {
    if (value < values[index]!) below++
    else if (value === values[index]!) equal++
  }
  return below + (equal + 1) / 2
}

/** Steps to the next combination in lexicographic order; false after the last. */
function nextCombination(chosen: number[], n: number): boolean {
  const k = chosen.length
  let i = k - 1
  while (i >= 0 && chosen[i] === n - k + i) i--
  if (i < 0) return false
  chosen[i]!++
  for (let j = i + 1; j < k; j++) chosen[j] = chosen[j - 1]! + 1
  return true
}
