/**
 * How long a whole Deribit chain takes: the volatility of each option from its price, all its Greeks, and the surface at 25 delta, 30
 * days out, beside the same volatilities found by bisection of the same formula, which is what small public pricers do.
 */
import { black76, black76Price, yearsTo } from '#quant/black76'
import { impliedVol } from '#quant/implied-vol'
import { type Slice, sliceOf, surfaceAt30 } from '#signals/vol-slices'
import { type Bench, type Figure, median, timed } from './figures.js'
import { generate, recorded, type Snapshot } from './option-chain.js'

const CHAIN_MS_MAX = 5
const BISECTIONS = 40

type Solve = typeof impliedVol

/** Bisection in the same bracket, to about the same digits. */
const bisect: Solve = (side, price, forward, strike, years) => {
  let [low, high] = [1e-4, 10]
  for (let i = 0; i < BISECTIONS; i++) {
    const vol = (low + high) / 2
    if ((black76Price(side, forward, strike, years, vol) ?? 0) > price) high = vol
    else low = vol
  }
  return (low + high) / 2
}

interface Done {
  solved: number
  /** Sum of everything: so that nothing may be left out. */
  sum: number
  skew: number | null
}

function work(snapshot: Snapshot, solve: Solve): Done {
  let solved = 0
  let sum = 0
  const slices: Slice[] = []
  for (const chain of snapshot) {
    const { underlyingPrice: forward, expiresAt, at } = chain
    const years = yearsTo(expiresAt, at)
    const options = chain.options.map((row) => {
      const { instrument, option, strike, bid, ask, mark, openInterest } = row
      const iv = mark === null ? null : solve(option, mark * forward, forward, strike, years)
      const greeks = iv === null ? null : black76(option, forward, strike, years, iv)
      if (greeks !== null) {
        solved++
        sum += greeks.delta + greeks.gamma + greeks.vegaPerPoint + greeks.thetaPerDay + greeks.deltaPremiumAdjusted
      }
      const { delta = null, vegaPerPoint: vega = null } = greeks ?? {}
      return { instrument, strike, option, bid, ask, mark, markIv: iv, delta, vega, openInterest }
    })
    slices.push(sliceOf({ ...chain, options }))
  }
  return { solved, sum, skew: surfaceAt30(slices, snapshot[0]!.at).skew }
}

const size = (snapshot: Snapshot): number => snapshot.reduce((sum, { options }) => sum + options.length, 0)

interface Times {
  readonly ours: number[]
  readonly bisected: number[]
}

/** One after the other, chain by chain, so that both see the same machine. */
async function time(snapshots: readonly Snapshot[], rounds: number): Promise<Times> {
  const [ours, bisected]: [number[], number[]] = [[], []]
  for (let i = 0; i < rounds; i++) {
    const snapshot = snapshots[i % snapshots.length]!
    ours.push(await timed(() => work(snapshot, impliedVol)))
    if (i % 10 === 0) bisected.push(await timed(() => work(snapshot, bisect)))
  }
  // The first tenth warms up.
  return { ours: ours.slice(rounds / 10), bisected: bisected.slice(bisected.length / 10) }
}

const p99 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(0.99 * values.length) - 1]!

export const optionChainBench: Bench = {
  name: 'option-chain',
  async run(scale): Promise<readonly Figure[]> {
    const isFull = scale === 'full'
    const snapshots = Array.from({ length: isFull ? 20 : 1 }, (_, i) => generate(i + 1))
    const { ours, bisected } = await time(snapshots, isFull ? 1000 : 10)
    const { solved, skew } = work(snapshots[0]!, impliedVol)
    const target = { max: CHAIN_MS_MAX }
    const note = `${size(snapshots[0]!)} options, ${solved} with a volatility; skew ${skew?.toFixed(2) ?? 'none'}`
    const figures: Figure[] = [
      { what: 'volatilities, Greeks and surface of a chain, median', value: median(ours), unit: 'ms', target, note },
      { what: 'the same, 99th percentile', value: p99(ours), unit: 'ms', target },
      { what: 'with volatilities by bisection, median', value: median(bisected), unit: 'ms' },
      { what: 'bisection : ours', value: median(bisected) / median(ours), unit: '×' },
    ]
    const real = isFull ? await recorded() : undefined
    if (real === undefined) return figures
    const own = (await time([real], 500)).ours
    const told = `${size(real)} options, ${work(real, impliedVol).solved} with a volatility`
    return [
      ...figures,
      { what: 'the largest recorded chain, median', value: median(own), unit: 'ms', target, note: told },
      { what: 'the largest recorded chain, 99th percentile', value: p99(own), unit: 'ms', target },
    ]
  },
}
