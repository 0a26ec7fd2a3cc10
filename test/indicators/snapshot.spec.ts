/** A state that went through JSON anywhere in the stream gives the same bits as one that did not. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adxAtrOf, createAdx, createAtr, minusDiOf, plusDiOf, updateAdx, updateAtr } from '#indicators/atr'
import { createDonchian, donchianLower, donchianUpper, updateDonchian } from '#indicators/donchian'
import { createEwmaVolatility, updateEwmaVolatility } from '#indicators/ewma-volatility'
import { createMomentum, updateMomentum } from '#indicators/momentum'
import { createPriceZ, createReturnZ, updatePriceZ, updateReturnZ } from '#indicators/return-z'
import { createRollingVwap, updateRollingVwap } from '#indicators/rolling-vwap'
import { createSortedWindow } from '#indicators/sorted-window'
import { createTrailingStop, stepTrailingStop } from '#indicators/trailing-stop'
import {
  createCascade,
  createVolumeZ,
  updateCascade,
  updateQuoteVolumeMedian,
  updateVolumeZ,
} from '#indicators/volume-spike'
import { bars, type TestBar } from './bars.js'

interface Subject {
  readonly name: string
  readonly create: () => unknown
  readonly step: (state: unknown, bar: TestBar) => readonly (number | boolean | null)[]
}

function subject<S>(
  name: string,
  create: () => S,
  step: (state: S, bar: TestBar) => readonly (number | boolean | null)[],
): Subject {
  // The state of a subject is only ever handed back to its own step.
  return { name, create, step: (state, bar) => step(state as S, bar) }
}

const subjects: readonly Subject[] = [
  subject(
    'ATR',
    () => createAtr(5),
    (s, b) => [updateAtr(s, b.high, b.low, b.close)],
  ),
  subject(
    'ADX',
    () => createAdx(5),
    (s, b) => [updateAdx(s, b.high, b.low, b.close), adxAtrOf(s), plusDiOf(s), minusDiOf(s)],
  ),
  subject(
    'Donchian',
    () => createDonchian(7),
    (s, b) => [updateDonchian(s, b.high, b.low), donchianUpper(s), donchianLower(s)],
  ),
  subject(
    'EWMA volatility',
    () => createEwmaVolatility(6, 365, 3),
    (s, b) => [updateEwmaVolatility(s, b.close)],
  ),
  subject(
    'momentum',
    () => createMomentum(6, 3),
    (s, b) => [updateMomentum(s, b.close)],
  ),
  subject(
    'return z',
    () => createReturnZ(3, 8),
    (s, b) => [updateReturnZ(s, b.close)],
  ),
  subject(
    'price z',
    () => createPriceZ(6),
    (s, b) => [updatePriceZ(s, b.close)],
  ),
  subject(
    'VWAP',
    () => createRollingVwap(6),
    (s, b) => [updateRollingVwap(s, b.high, b.low, b.close, b.volume)],
  ),
  subject(
    'volume z',
    () => createVolumeZ(7),
    (s, b) => [updateVolumeZ(s, b.volume)],
  ),
  subject(
    'cascade',
    () => createCascade(7),
    (s, b) => [updateCascade(s, b.close, b.volume, 1, 1), s.volumeZ, s.returnSigmas],
  ),
  subject(
    'quote volume median',
    () => createSortedWindow(6),
    (s, b) => [updateQuoteVolumeMedian(s, b.volume * b.close)],
  ),
  subject(
    'trailing stop',
    () => createTrailingStop(1, 100, 2, 20),
    (s, b) => [stepTrailingStop(s, b.open, b.high, b.low, b.high - b.low), s.stop],
  ),
]

describe.each(subjects)('$name', ({ create, step }) => {
  it('is restored from JSON bit for bit', () => {
    fc.assert(
      fc.property(bars(1, 60), fc.nat(60), (tape, at) => {
        const kept = create()
        let restored = create()
        tape.forEach((bar, i) => {
          if (i === at % tape.length) {
            const text = JSON.stringify(restored)
            expect(JSON.stringify(JSON.parse(text))).toBe(text)
            expect(JSON.parse(text)).toStrictEqual(restored)
            restored = JSON.parse(text)
          }
          const a = step(kept, bar)
          const b = step(restored, bar)
          for (let k = 0; k < a.length; k++) expect(Object.is(a[k], b[k])).toBe(true)
        })
      }),
      { numRuns: 60 },
    )
  })
})
