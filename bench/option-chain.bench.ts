/**
 * How long a whole Deribit chain takes: the volatility of each option from its price, all its Greeks, and the surface at 25 delta, 30
 * days out. Beside it volatilities and Greeks of the same chain by public pricers (`implied-volatility`, `greeks`; with r = 0 and the
 * forward as spot their Black-Scholes is Black-76), and the same volatilities by bisection of our own formula.
 */
import { getDelta, getGamma, getTheta, getVega } from 'greeks'
import { getImpliedVolatility } from 'implied-volatility'
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

interface PublicDone {
  readonly solved: number
  /** Largest distance of a volatility from ours, where vega is worth a dollar a point. */
  readonly apart: number
}

/** Volatilities and Greeks by the public pricers; no surface, which they do not have. */
function workPublic(snapshot: Snapshot): PublicDone {
  let solved = 0
  let apart = 0
  for (const { underlyingPrice: forward, expiresAt, at, options } of snapshot) {
    const years = yearsTo(expiresAt, at)
    for (const { option, strike, mark } of options) {
      if (mark === null) continue
      const iv = getImpliedVolatility(mark * forward, forward, strike, years, 0, option)
      const delta = getDelta(forward, strike, years, iv, 0, option)
      const vega = getVega(forward, strike, years, iv, 0)
      const rest = getGamma(forward, strike, years, iv, 0) + getTheta(forward, strike, years, iv, 0, option)
      if (!Number.isFinite(delta + rest)) continue
      solved++
      const own = vega > 1 ? impliedVol(option, mark * forward, forward, strike, years) : null
      if (own !== null) apart = Math.max(apart, Math.abs(own - iv))
    }
  }
  return { solved, apart }
}

const size = (snapshot: Snapshot): number => snapshot.reduce((sum, { options }) => sum + options.length, 0)

interface Times {
  readonly ours: number[]
  readonly bisected: number[]
  readonly publics: number[]
}

/** One after the other, chain by chain, so that both see the same machine. */
async function time(snapshots: readonly Snapshot[], rounds: number): Promise<Times> {
  const [ours, bisected, publics]: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < rounds; i++) {
    const snapshot = snapshots[i % snapshots.length]!
    ours.push(await timed(() => work(snapshot, impliedVol)))
    if (i % 10 !== 0) continue
    bisected.push(await timed(() => work(snapshot, bisect)))
    if (i % 100 === 0) publics.push(await timed(() => workPublic(snapshot)))
  }
  // The first tenth warms up.
  return {
    ours: ours.slice(rounds / 10),
    bisected: bisected.slice(bisected.length / 10),
    publics,
  }
}

const p99 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(0.99 * values.length) - 1]!

export const optionChainBench: Bench = {
  name: 'option-chain',
  async run(scale): Promise<readonly Figure[]> {
    const isFull = scale === 'full'
    const snapshots = Array.from({ length: isFull ? 20 : 1 }, (_, i) => generate(i + 1))
    const { ours, bisected, publics } = await time(snapshots, isFull ? 1000 : 10)
    const { solved, skew } = work(snapshots[0]!, impliedVol)
    const publicly = workPublic(snapshots[0]!)
    const told = `${publicly.solved} options; volatilities within ${publicly.apart.toExponential(1)} of ours`
    const target = { max: CHAIN_MS_MAX }
    const note = `${size(snapshots[0]!)} options, ${solved} with a volatility; skew ${skew?.toFixed(2) ?? 'none'}`
    const figures: Figure[] = [
      { what: 'volatilities, Greeks and surface of a chain, median', value: median(ours), unit: 'ms', target, note },
      { what: 'the same, 99th percentile', value: p99(ours), unit: 'ms', target },
      {
        what: 'volatilities and Greeks alone by public pricers, median',
        value: median(publics),
        unit: 'ms',
        note: told,
      },
      { what: 'public pricers : ours', value: median(publics) / median(ours), unit: '×' },
      { what: 'with volatilities by bisection, median', value: median(bisected), unit: 'ms' },
      { what: 'bisection : ours', value: median(bisected) / median(ours), unit: '×' },
    ]
    const real = isFull ? await recorded() : undefined
    if (real === undefined) return figures
    const own = (await time([real], 500)).ours
    const counted = `${size(real)} options, ${work(real, impliedVol).solved} with a volatility`
    return [
      ...figures,
      { what: 'the largest recorded chain, median', value: median(own), unit: 'ms', target, note: counted },
      { what: 'the largest recorded chain, 99th percentile', value: p99(own), unit: 'ms', target },
    ]
  },
}
