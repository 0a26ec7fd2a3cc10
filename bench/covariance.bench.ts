/** Risk parity and shrunk covariances at the size of a book: ours beside the formulas written out naively, in one run. */
import { equalRiskContribution } from '#quant/risk-budget'
import { shrinkToConstantCorrelation, shrinkToIdentity } from '#quant/shrinkage'
import { type Bench, type Figure, median, medianRatio, timed } from './figures.js'

type Rows = readonly (readonly number[])[]

/** Returns of a market of two factors: daily, of many volatilities and correlations of either sign. The same at each call. */
function makeReturns(days: number, assets: number): number[][] {
  let seed = 12_345
  const uniform = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 32
  }
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return Array.from({ length: days }, () => {
    const [first, second] = [normal(), normal()]
    return Array.from({ length: assets }, (_, j) => {
      const [a, b] = [0.9 - (1.3 * j) / assets, 0.5 * Math.cos(j)]
      return (0.01 + 0.002 * ((j * 17) % 29)) * (a * first + b * second + 0.6 * normal())
    })
  })
}

function sampleCovariance(rows: Rows): number[][] {
  const n = rows[0]!.length
  const means = Array.from({ length: n }, (_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length)
  return means.map((a, i) =>
    means.map((b, j) => rows.reduce((sum, row) => sum + (row[i]! - a) * (row[j]! - b), 0) / rows.length),
  )
}

/** Risk parity as the papers state it: each coordinate's root from its whole row, nothing kept between, until shares match. */
function naiveParity(covariance: Rows): number[] {
  const n = covariance.length
  const x = covariance.map((row, i) => 1 / Math.sqrt(row[i]!))
  const marginals = (): number[] => covariance.map((row) => row.reduce((sum, s, j) => sum + s * x[j]!, 0))
  for (let sweep = 0; sweep < 10_000; sweep++) {
    for (let i = 0; i < n; i++) {
      const variance = covariance[i]![i]!
      const c = covariance[i]!.reduce((sum, s, j) => sum + s * x[j]!, 0) - variance * x[i]!
      x[i] = (-c + Math.sqrt(c * c + (4 * variance) / n)) / (2 * variance)
    }
    const shares = marginals().map((marginal, i) => marginal * x[i]!)
    const total = shares.reduce((sum, share) => sum + share, 0)
    if (shares.every((share) => Math.abs(share / total - 1 / n) < 1e-11)) break
  }
  const sum = x.reduce((a, b) => a + b, 0)
  return x.map((value) => value / sum)
}

/** Ledoit and Wolf towards mu I, every sum of the paper written out: outer products a day, as matrices. */
function naiveIdentity(rows: Rows): number[][] {
  const s = sampleCovariance(rows)
  const n = s.length
  const means = Array.from({ length: n }, (_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length)
  const mu = s.reduce((sum, row, i) => sum + row[i]!, 0) / n
  const target = s.map((row, i) => row.map((_, j) => (i === j ? mu : 0)))
  const gaps = s.map((row, i) => row.map((v, j) => v - target[i]![j]!))
  const distance = gaps.flat().reduce((sum, gap) => sum + gap * gap, 0)
  let noise = 0
  for (const row of rows) {
    const x = row.map((v, j) => v - means[j]!)
    const outer = x.map((a) => x.map((b) => a * b))
    noise += outer.reduce((sum, line, i) => sum + line.reduce((t, v, j) => t + (v - s[i]![j]!) * (v - s[i]![j]!), 0), 0)
  }
  const intensity = Math.min(1, noise / (rows.length * rows.length) / distance)
  return s.map((row, i) => row.map((v, j) => (1 - intensity) * v + intensity * target[i]![j]!))
}

function largestGap(a: Rows, b: Rows): number {
  const size = Math.max(...a.flat().map(Math.abs))
  return Math.max(...a.map((row, i) => Math.max(...row.map((v, j) => Math.abs(v - b[i]![j]!))))) / size
}

/** Milliseconds a call of each, taken in turns. */
async function compared(runs: number, calls: number, works: readonly (() => unknown)[]): Promise<number[][]> {
  const times = works.map((): number[] => [])
  for (let run = 0; run <= runs; run++) {
    for (const [k, work] of works.entries()) {
      const ms = await timed(() => {
        for (let call = 0; call < calls; call++) work()
      })
      if (run > 0) times[k]!.push(ms / calls)
    }
  }
  return times
}

export const covarianceBench: Bench = {
  name: 'covariance',
  async run(scale): Promise<readonly Figure[]> {
    const isFull = scale === 'full'
    const [assets, days, runs, calls] = isFull ? [50, 250, 7, 20] : [8, 40, 1, 1]
    const returns = makeReturns(days, assets)
    const { covariance } = shrinkToConstantCorrelation(returns)
    const parity = equalRiskContribution(covariance)
    const work = [
      () => equalRiskContribution(covariance),
      () => naiveParity(covariance),
      () => shrinkToIdentity(returns),
      () => naiveIdentity(returns),
      () => shrinkToConstantCorrelation(returns),
    ]
    const [erc, ercNaive, identity, identityNaive, constant] = await compared(runs, calls, work)
    const size = `${assets} × ${days}`
    const weights = [parity?.weights ?? []]
    return [
      {
        what: `equal risk contributions of ${assets} assets`,
        value: median(erc!),
        unit: 'ms',
        ...(isFull ? { target: { max: 2 } } : {}),
        note: `risk shares within 1e-11; weights within ${largestGap(weights, [naiveParity(covariance)]).toExponential(0)} of the naive ones`,
      },
      { what: 'naive : ours, risk contributions', value: medianRatio(ercNaive!, erc!), unit: '×' },
      {
        what: `Ledoit-Wolf to identity, ${size}`,
        value: median(identity!),
        unit: 'ms',
        ...(isFull ? { target: { max: 5 } } : {}),
        note: `within ${largestGap(shrinkToIdentity(returns).covariance, naiveIdentity(returns)).toExponential(0)} of the naive one`,
      },
      { what: 'naive : ours, to identity', value: medianRatio(identityNaive!, identity!), unit: '×' },
      {
        what: `Ledoit-Wolf to constant correlation, ${size}`,
        value: median(constant!),
        unit: 'ms',
        ...(isFull ? { target: { max: 5 } } : {}),
      },
    ]
  },
}
