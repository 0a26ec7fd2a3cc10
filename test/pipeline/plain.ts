/**
 * Owns a second, plain computation of a backtest: whole arrays, no events, no streaming, none of the program's formulas. What the
 * pipeline does with every switch of risk neutralised must equal it. Must never import from the pure rooms.
 */

/** Open and close of each day; NaN where an instrument has no bar. */
export interface Prices {
  readonly opens: readonly number[]
  readonly closes: readonly number[]
}

export interface PlainCosts {
  readonly halfSpreadBps: number
  readonly feeBps: number
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

/** Weights of gap-form momentum, by day: side times min(volTarget / volatility, maxLeverage); NaN before there is an opinion. */
export function momentumWeights(
  closes: readonly number[],
  rule: { lookback: number; skip: number; volTarget: number; com: number; volFloor: number; maxLeverage: number },
): number[] {
  const first = closes.findIndex((close) => !Number.isNaN(close))
  const decay = rule.com / (1 + rule.com)
  return closes.map((close, t) => {
    const days = t - first
    if (first < 0 || Number.isNaN(close) || days < Math.max(rule.lookback + rule.skip, 60)) return Number.NaN
    const returns = Array.from({ length: days }, (_, i) => closes[t - i]! / closes[t - i - 1]! - 1)
    let weight = 1
    let total = 0
    let mean = 0
    for (const r of returns) {
      mean += weight * r
      total += weight
      weight *= decay
    }
    mean /= total
    let variance = 0
    weight = 1
    for (const r of returns) {
      variance += (weight / total) * (r - mean) * (r - mean)
      weight *= decay
    }
    const vol = Math.max(Math.sqrt(365 * variance), rule.volFloor)
    const past = closes[t - rule.skip]! / closes[t - rule.skip - rule.lookback]! - 1
    return Math.sign(past) * rounded(Math.min(rule.volTarget / vol, rule.maxLeverage), 6)
  })
}

/**
 * Equity at each close: weights decided at close t (divided by the number of instruments with an opinion) buy at the open of t + 1
 * what they were sized to at the close of t.
 */
export function equityOf(
  prices: readonly Prices[],
  weights: readonly (readonly number[])[],
  capital: number,
  costs: PlainCosts = { halfSpreadBps: 0, feeBps: 0 },
): number[] {
  const days = prices[0]!.closes.length
  const held = prices.map(() => 0)
  let wanted = prices.map(() => 0)
  let equity = capital
  const curve: number[] = []
  for (let t = 0; t < days; t++) {
    for (const [i, { opens, closes }] of prices.entries()) {
      if (Number.isNaN(closes[t]!)) continue
      if (t > 0 && !Number.isNaN(closes[t - 1]!)) equity += held[i]! * (opens[t]! - closes[t - 1]!)
      const trade = wanted[i]! - held[i]!
      const paid = opens[t]! * (1 + (Math.sign(trade) * costs.halfSpreadBps) / 1e4)
      equity -= trade * (paid - opens[t]!) + (Math.abs(trade) * paid * costs.feeBps) / 1e4
      held[i] = wanted[i]!
      equity += held[i]! * (closes[t]! - opens[t]!)
    }
    const voices = weights.filter((one) => !Number.isNaN(one[t]!)).length
    wanted = prices.map(({ closes }, i) =>
      Number.isNaN(weights[i]![t]!) ? held[i]! : (weights[i]![t]! / voices / closes[t]!) * equity,
    )
    curve.push(equity)
  }
  return curve
}

export function returnsOf(equity: readonly number[]): number[] {
  return equity.slice(1).map((value, i) => value / equity[i]! - 1)
}

/** Annual, on 365 days. */
export function sharpeOf(returns: readonly number[]): number {
  const mean = returns.reduce((a, b) => a + b, 0) / returns.length
  const variance = returns.reduce((sum, r) => sum + (r - mean) * (r - mean), 0) / (returns.length - 1)
  return variance > 0 ? (mean / Math.sqrt(variance)) * Math.sqrt(365) : 0
}

export interface Candles extends Prices {
  readonly highs: readonly number[]
  readonly lows: readonly number[]
}

const highest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b))
const lowest = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b))

/** Wilder's smoothed sum of `values` (from index 1 on), by index: seeded with the sum of 1 … n, NaN before. */
function wilderSums(values: readonly number[], n: number): number[] {
  const sums = values.map(() => Number.NaN)
  for (let t = n; t < values.length; t++)
    sums[t] = t === n ? values.slice(1, n + 1).reduce((a, b) => a + b) : sums[t - 1]! - sums[t - 1]! / n + values[t]!
  return sums
}

/** Average true range and ADX of Wilder, by index; NaN before they are defined. */
export function wilder({ highs, lows, closes }: Candles, n: number): { atr: number[]; adx: number[] } {
  const moves = closes.map((_, t) => {
    if (t === 0) return { range: 0, plus: 0, minus: 0 }
    const [up, down, before] = [highs[t]! - highs[t - 1]!, lows[t - 1]! - lows[t]!, closes[t - 1]!]
    return {
      range: Math.max(highs[t]!, before) - Math.min(lows[t]!, before),
      plus: up > down && up > 0 ? up : 0,
      minus: down > up && down > 0 ? down : 0,
    }
  })
  const [range, plus, minus] = (['range', 'plus', 'minus'] as const).map((key) =>
    wilderSums(
      moves.map((move) => move[key]),
      n,
    ),
  )
  const dx = closes.map((_, t) => {
    const total = plus![t]! + minus![t]!
    return total === 0 ? 0 : (100 * Math.abs(plus![t]! - minus![t]!)) / total
  })
  const adx = closes.map(() => Number.NaN)
  for (let t = 2 * n - 1; t < closes.length; t++)
    adx[t] = t === 2 * n - 1 ? dx.slice(n, 2 * n).reduce((a, b) => a + b) / n : (adx[t - 1]! * (n - 1) + dx[t]!) / n
  return { atr: range!.map((sum) => sum / n), adx }
}

export interface BreakoutRule {
  readonly entry: number
  readonly exit: number
  readonly atr: number
  readonly adxMin: number
  readonly stopAtr: number
  readonly risk: number
  readonly cap: number
  readonly minSize: number
  /** Bars before the first opinion. */
  readonly warmup: number
}

/** Weights of the channel breakout by day, held from entry to exit; NaN before there is an opinion. */
export function breakoutWeights(candles: Candles, rule: BreakoutRule): number[] {
  const { highs, lows, closes } = candles
  const { atr, adx } = wilder(candles, rule.atr)
  const before = (values: readonly number[], t: number, n: number): number[] => values.slice(t - n, t)
  let trade: { side: number; weight: number; since: number; stop: number } | undefined
  return closes.map((close, t) => {
    if (t + 1 < rule.warmup) return Number.NaN
    const left = trade?.side ?? 0
    if (trade !== undefined) {
      const { side, stop } = trade
      const stopped = side > 0 ? lows[t]! <= stop : highs[t]! >= stop
      const exits = side > 0 ? close < lowest(before(lows, t, rule.exit)) : close > highest(before(highs, t, rule.exit))
      if (stopped || exits) trade = undefined
      else {
        const span = (values: readonly number[]) => values.slice(trade!.since + 1, t + 1)
        const best =
          side > 0 ? highest([closes[trade.since]!, ...span(highs)]) : lowest([closes[trade.since]!, ...span(lows)])
        const next = best - side * rule.stopAtr * atr[t]!
        trade = { ...trade, stop: side > 0 ? Math.max(stop, next) : Math.min(stop, next) }
      }
    }
    const [upper, lower] = [highest(before(highs, t, rule.entry)), lowest(before(lows, t, rule.entry))]
    const side = close > upper ? 1 : close < lower ? -1 : 0
    if (trade === undefined && side !== 0 && side !== left && adx[t]! >= rule.adxMin) {
      const beyond = (side * (close - (side > 0 ? upper : lower))) / atr[t]!
      const strength = Math.min(beyond, rule.cap) / rule.cap
      const size = ((rule.minSize + (1 - rule.minSize) * strength) * rule.risk * close) / (rule.stopAtr * atr[t]!)
      trade = { side, weight: side * rounded(size, 6), since: t, stop: close - side * rule.stopAtr * atr[t]! }
    }
    return trade?.weight ?? 0
  })
}
