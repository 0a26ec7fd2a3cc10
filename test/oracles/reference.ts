/**
 * Owns the variants that methods, section 0 calls switches: seeds of TA-Lib and StockCharts, choppiness, a seeded EMA.
 * They explain oracle cases against other software; must never be imported by the program.
 */
import { trueRange } from '#indicators/atr'
import type { JsonObject } from './cases.js'
import { type Bars, series } from './inputs.js'

const trueRangeAt = (b: Bars, i: number): number => trueRange(b.high[i]!, b.low[i]!, b.close[i - 1]!)

/** StockCharts: TR of bar 0 is H - L, the seed is the mean of bars 0..n-1, at bar n-1. */
export function atrSeededByRange(b: Bars, period: number): (number | null)[] {
  let sum = 0
  let atr = 0
  return series(b.length, (i) => {
    const tr = i === 0 ? b.high[0]! - b.low[0]! : trueRangeAt(b, i)
    if (i < period) sum += tr
    atr = i < period ? sum / period : (atr * (period - 1) + tr) / period
    return i < period - 1 ? null : atr
  })
}

/** TA-Lib: the smoothed sums start from the n-1 bars 1..n-1 and decay from bar n on; ADX as with Wilder. */
export function directionalWithShortSeed(b: Bars, period: number): JsonObject {
  const sums = { tr: 0, plus: 0, minus: 0 }
  const plusDI: (number | null)[] = []
  const minusDI: (number | null)[] = []
  const adx: (number | null)[] = []
  let average = 0
  for (let i = 0; i < b.length; i++) {
    if (i > 0) {
      const up = b.high[i]! - b.high[i - 1]!
      const down = b.low[i - 1]! - b.low[i]!
      const keep = i < period ? 1 : 1 - 1 / period
      sums.tr = sums.tr * keep + trueRangeAt(b, i)
      sums.plus = sums.plus * keep + (up > down && up > 0 ? up : 0)
      sums.minus = sums.minus * keep + (down > up && down > 0 ? down : 0)
    }
    const ready = i >= period
    plusDI.push(ready ? (100 * sums.plus) / sums.tr : null)
    minusDI.push(ready ? (100 * sums.minus) / sums.tr : null)
    const total = sums.plus + sums.minus
    const dx = total > 0 ? (100 * Math.abs(sums.plus - sums.minus)) / total : 0
    if (ready) average = i < 2 * period ? average + dx / period : (average * (period - 1) + dx) / period
    adx.push(i < 2 * period - 1 ? null : average)
  }
  return { talib_plusDI: plusDI, talib_minusDI: minusDI, talib_adx: adx }
}

/** 100 log10(sum TR_n / (max H - min L)) / log10 n over bars t-n+1..t, plain highs and lows; null for a flat window. */
export function choppiness(b: Bars, period: number): (number | null)[] {
  return series(b.length, (t) => {
    if (t < period) return null
    const window = series(period, (k) => t - period + 1 + k)
    const range = Math.max(...window.map((i) => b.high[i]!)) - Math.min(...window.map((i) => b.low[i]!))
    const sum = window.reduce((total, i) => total + trueRangeAt(b, i), 0)
    return range > 0 ? (100 * Math.log10(sum / range)) / Math.log10(period) : null
  })
}

/** Last value of an EMA with alpha 2/(n+1), seeded with the first value. */
export function seededEma(values: readonly number[], period: number): number | null {
  const alpha = 2 / (period + 1)
  return values.reduce<number | null>((ema, value) => (ema === null ? value : ema + alpha * (value - ema)), null)
}
