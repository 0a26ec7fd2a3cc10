/** Owns how the oracle's indicator cases call the shipped indicators; seeding variants come from reference.ts. */
import {
  adxAtrOf,
  createAdx,
  createAtr,
  dxOf,
  minusDiOf,
  plusDiOf,
  trueRange,
  updateAdx,
  updateAtr,
} from '#indicators/atr'
import {
  breakoutSide,
  breakoutStrength,
  breakoutWeight,
  createDonchian,
  donchianLower,
  donchianUpper,
  updateDonchian,
} from '#indicators/donchian'
import { createTrailingStop, stepTrailingStop } from '#indicators/trailing-stop'
import type { Json, JsonObject, OracleMethod } from './cases.js'
import { type Bars, bars, num, series, str } from './inputs.js'
import { atrSeededByRange, choppiness, directionalWithShortSeed } from './reference.js'

function atrSeries(b: Bars, period: number): (number | null)[] {
  const state = createAtr(period)
  return series(b.length, (i) => updateAtr(state, b.high[i]!, b.low[i]!, b.close[i]!))
}

function wilderAtrAdx(inputs: JsonObject): JsonObject {
  const b = bars(inputs)
  const state = createAdx(num(inputs, 'period', 14))
  const rows = series(b.length, (i) => {
    const adx = updateAdx(state, b.high[i]!, b.low[i]!, b.close[i]!)
    const tr = i === 0 ? null : trueRange(b.high[i]!, b.low[i]!, b.close[i - 1]!)
    return { tr, atr: adxAtrOf(state), plusDI: plusDiOf(state), minusDI: minusDiOf(state), dx: dxOf(state), adx }
  })
  return {
    tr: rows.map((r) => r.tr),
    atr: rows.map((r) => r.atr),
    plusDI: rows.map((r) => r.plusDI),
    minusDI: rows.map((r) => r.minusDI),
    dx: rows.map((r) => r.dx),
    adx: rows.map((r) => r.adx),
  }
}

function donchianPrior(inputs: JsonObject): JsonObject {
  const b = bars(inputs)
  const state = createDonchian(num(inputs, 'period'))
  const upper: (number | null)[] = []
  const lower: (number | null)[] = []
  for (let i = 0; i < b.length; i++) {
    updateDonchian(state, b.high[i]!, b.low[i]!)
    upper.push(donchianUpper(state))
    lower.push(donchianLower(state))
  }
  return { upper, lower }
}

function donchianEntry(inputs: JsonObject): JsonObject {
  const b = bars(inputs)
  const channel = createDonchian(num(inputs, 'entry'))
  const atrPeriod = num(inputs, 'atr')
  const adxState = createAdx(num(inputs, 'adx', atrPeriod))
  const atr = atrSeries(b, atrPeriod)
  const entries: Json[] = []
  for (let i = 0; i < b.length; i++) {
    const adx = updateAdx(adxState, b.high[i]!, b.low[i]!, b.close[i]!)
    const c = b.close[i]!
    const range = atr[i] ?? null
    if (!updateDonchian(channel, b.high[i]!, b.low[i]!) || range === null) continue
    const side = breakoutSide(c, channel.upper, channel.lower)
    if (side === 0) continue
    const strength = breakoutStrength(
      side,
      c,
      side === 1 ? channel.upper : channel.lower,
      range,
      num(inputs, 'strengthCapAtr'),
    )
    const adxOk = adx !== null && adx >= num(inputs, 'adxMin')
    const weight = adxOk
      ? breakoutWeight(
          side,
          strength,
          c,
          range,
          num(inputs, 'riskPerTrade'),
          num(inputs, 'stopAtr'),
          num(inputs, 'mMin'),
        )
      : 0
    entries.push({ i, side, strength, adxOk, weight })
  }
  return { entries }
}

function entryPriceOf(inputs: JsonObject, b: Bars, entryIdx: number): number {
  if (typeof inputs.entryPrice === 'number') return inputs.entryPrice
  return str(inputs, 'entryPrice', 'close[entryIdx]').startsWith('open') ? b.open[entryIdx]! : b.close[entryIdx]!
}

function atrTrailingStop(inputs: JsonObject): JsonObject {
  const b = bars(inputs)
  const atr = atrSeries(b, num(inputs, 'period', 14))
  const entryIdx = num(inputs, 'entryIdx')
  const side = num(inputs, 'side') === 1 ? 1 : -1
  const state = createTrailingStop(side, entryPriceOf(inputs, b, entryIdx), num(inputs, 'k'), atr[entryIdx]!)
  const stops = [state.stop]
  for (let i = entryIdx + 1; i < b.length; i++) {
    const fill = stepTrailingStop(state, b.open[i]!, b.high[i]!, b.low[i]!, atr[i]!)
    if (fill !== null) return { exitIdx: i, fill, stops }
    stops.push(state.stop)
  }
  return { exitIdx: null, fill: null, stops }
}

function turtlePyramid(inputs: JsonObject): JsonObject {
  const n = num(inputs, 'N')
  const side = num(inputs, 'side', 1)
  const adds = series(num(inputs, 'maxUnits'), (k) => num(inputs, 'breakout') + (side * k * n) / 2)
  return { adds, stopAfterUnit: adds.map((price) => price - side * 2 * n) }
}

export const indicatorMethods: Readonly<Record<string, OracleMethod>> = {
  wilderAtrAdx,
  donchianPrior,
  donchianEntry,
  atrTrailingStop,
  adxTalibSeed: (inputs) => directionalWithShortSeed(bars(inputs), num(inputs, 'period', 14)),
  atrSeedHL: (inputs) => {
    const period = num(inputs, 'period', 14)
    return { atr: atrSeededByRange(bars(inputs), period), atr_wilder_bar1: atrSeries(bars(inputs), period) }
  },
  choppinessIndex: (inputs) => ({ chop: choppiness(bars(inputs), num(inputs, 'period')) }),
  // The turtles' own sizing explains where section 2 comes from; it is arithmetic and ships nowhere.
  turtleUnit: (inputs) => ({
    unit: (num(inputs, 'equity') * num(inputs, 'risk', 0.01)) / (num(inputs, 'N') * num(inputs, 'dollarsPerPoint')),
  }),
  turtlePyramid,
}
