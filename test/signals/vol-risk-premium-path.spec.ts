/** What a straddle that was sold and hedged earns along a path: Σ ½ Γ F² (σ² dt − r²), as methods.md 9 says. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { volRiskPremium } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { HOUR_MS } from '#core/time'
import { black76, yearsTo } from '#quant/black76'
import { createVolRiskPremium } from '#signals/vol-risk-premium.decider'
import { event } from '#test/given'
import { chain, expiry, MONDAY, now, term, type Word, words } from './option-tape.js'

const IMPLIED = 0.6
const COIN = 'binance.usdm.BTCUSDT'
const DAYS = 10

function coinBars(): EventEnvelope[] {
  const listing = { instrument: COIN, kind: 'linearPerpetual', base: 'BTC', quote: 'USDT', tick: '0.1' } as const
  const fees = { lot: '0.001', minNotional: '5', makerFeeBps: 2, takerFeeBps: 5 }
  const bars = Array.from({ length: 24 * 14 }, (_, i) => {
    const ts = MONDAY - (24 * 14 - 1 - i) * HOUR_MS
    const close = 100_000 * (1 + 0.002 * (i % 2))
    const bar = { open: close, high: close, low: close, close, volume: 1 }
    return event('BarClosed', { instrument: COIN, interval: '1h', openTime: ts - HOUR_MS, ...bar }, { ts })
  })
  return [event('InstrumentListed', { ...listing, ...fees }), ...bars]
}
const BARS = coinBars()

/** Sold at MONDAY, followed for as many hours as there are moves, an hour each; books without a spread. */
function follow(moves: readonly number[], keys: object): { words: Word[]; path: number[] } {
  const path = [100_000]
  for (const move of moves) path.push(path.at(-1)! * Math.exp(move))
  const tape = path.flatMap((forward, hour) => {
    const ts = MONDAY + hour * HOUR_MS
    return [chain(ts, expiry(DAYS), { forward, vol: () => IMPLIED, width: 0, step: 2000 }), now(ts)]
  })
  const config = volRiskPremium.parse({ wingBudget: 0, hedgeHours: 1, stopMultiple: 1000, ...keys })
  return { words: words(createVolRiskPremium(config), [...BARS, ...tape]), path }
}

/** Σ ½ Γ F² (σ² dt − r²) of a straddle struck at the first price. */
function gammaSum(path: readonly number[]): { sum: number; scale: number } {
  let sum = 0
  let scale = 0
  for (let i = 0; i + 1 < path.length; i++) {
    const years = yearsTo(expiry(DAYS), MONDAY + i * HOUR_MS)
    const forward = path[i]!
    const gamma = 2 * black76('call', forward, path[0]!, years, IMPLIED)!.gamma
    const move = Math.log(path[i + 1]! / forward)
    const cash = 0.5 * gamma * forward * forward
    sum += cash * (IMPLIED * IMPLIED * yearsTo(HOUR_MS, 0) - move * move)
    scale += cash * (IMPLIED * IMPLIED * yearsTo(HOUR_MS, 0) + move * move)
  }
  return { sum, scale }
}

const pnlOf = (list: readonly Word[]): number => term(list.at(-1)!, 'pnl')!
const path = (vol: number, hours = 96): number[] =>
  Array.from({ length: hours }, (_, i) => (vol / Math.sqrt(8760)) * (i % 4 < 2 ? 1 : -1))

describe('a sold straddle that is hedged every hour', () => {
  it.each([0.2, 0.6, 1])('earns what gamma and time say when %d is realised', (vol) => {
    const { words, path: prices } = follow(path(vol), {})
    const { sum, scale } = gammaSum(prices)
    expect(words.length).toBeGreaterThan(90)
    expect(Math.abs(pnlOf(words) - sum)).toBeLessThan(0.04 * scale)
    if (vol === 0.2) expect(pnlOf(words)).toBeGreaterThan(0)
    if (vol === 1) expect(pnlOf(words)).toBeLessThan(0)
  })

  it('on any path of moves of hours', () => {
    const moves = fc.array(fc.double({ min: -0.012, max: 0.012, noNaN: true }), { minLength: 24, maxLength: 30 })
    fc.assert(
      fc.property(moves, (list) => {
        const { words, path: prices } = follow(list, {})
        const { sum, scale } = gammaSum(prices)
        expect(Math.abs(pnlOf(words) - sum)).toBeLessThan(0.08 * scale)
      }),
      { numRuns: 12 },
    )
  })
})

describe('both ways of hedging', () => {
  /** A trend of a day, then calm. */
  const trend = [...Array.from({ length: 24 }, () => 0.004), ...path(0.2, 24)]
  it('the trigger hedges a trend between fixed hours, and loses less of it', () => {
    const fixed = follow(trend, { hedgeHours: 24, hedgeDelta: 0 })
    const both = follow(trend, { hedgeHours: 24, hedgeDelta: 0.1 })
    const hedges = ({ words }: { words: Word[] }): number => words.filter(({ data }) => data.reason === 'hedge').length
    expect(hedges(fixed)).toBe(2)
    expect(hedges(both)).toBeGreaterThan(hedges(fixed) + 2)
    expect(pnlOf(both.words)).toBeGreaterThan(pnlOf(fixed.words))
  })
})
