import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY_MS } from '#core/time'
import { black76, black76Price, forwardDelta, type OptionSide, strikeOfDelta, yearsTo } from '#quant/black76'
import { impliedVol } from '#quant/implied-vol'
import { coinDelta, hedgedStraddlePnl, straddleWings, variancePremium } from '#quant/volatility-premium'
import { sharedPath } from '../shared.js'

const F = 60_000
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const chain = sharedPath('data', 'options', 'deribit', 'BTC-chain-2021-02.csv')
const side = fc.constantFrom<OptionSide>('call', 'put')
const terms = fc.record({
  side,
  strike: fc.double({ min: 0.2, max: 4, noNaN: true }).map((m) => m * F),
  years: fc.double({ min: 1e-3, max: 3, noNaN: true }),
  vol: fc.double({ min: 0.02, max: 4, noNaN: true }),
})
const intrinsicOf = (s: OptionSide, strike: number): number => Math.max(0, s === 'call' ? F - strike : strike - F)

describe('Black-76', () => {
  it('keeps parity of prices and of both deltas', () => {
    fc.assert(
      fc.property(terms, ({ strike, years, vol }) => {
        const call = black76('call', F, strike, years, vol)!
        const put = black76('put', F, strike, years, vol)!
        expect(call.price - put.price).toBeCloseTo(F - strike, 6)
        expect(call.delta - put.delta).toBeCloseTo(1, 12)
        expect(call.deltaPremiumAdjusted - put.deltaPremiumAdjusted).toBeCloseTo(strike / F, 12)
        expect(call.gamma).toBe(put.gamma)
      }),
    )
  })

  it('has Greeks that are the slopes of its price', () => {
    fc.assert(
      fc.property(
        fc.record({
          side,
          strike: fc.double({ min: 0.7, max: 1.4, noNaN: true }).map((m) => m * F),
          years: fc.double({ min: 0.02, max: 1, noNaN: true }),
          vol: fc.double({ min: 0.3, max: 1.5, noNaN: true }),
        }),
        ({ side: s, strike, years, vol }) => {
          const price = (f: number, t: number, v: number): number => black76Price(s, f, strike, t, v)!
          const greeks = black76(s, F, strike, years, vol)!
          const slope = (price(F + 6, years, vol) - price(F - 6, years, vol)) / 12
          expect(Math.abs(greeks.delta - slope)).toBeLessThan(1e-6)
          const delta = (f: number): number => forwardDelta(s, f, strike, years, vol)!
          expect(greeks.gamma * F).toBeCloseTo(((delta(F + 6) - delta(F - 6)) / 12) * F, 4)
          expect(greeks.vegaPerPoint).toBeCloseTo((price(F, years, vol + 1e-4) - price(F, years, vol - 1e-4)) / 0.02, 3)
          const day = 1e-3 / 365
          expect(greeks.thetaPerDay).toBeCloseTo((price(F, years - day, vol) - price(F, years + day, vol)) / 2e-3, 2)
          const coin = (f: number): number => price(f, years, vol) / f
          expect(greeks.deltaPremiumAdjusted).toBeCloseTo(((coin(F + 6) - coin(F - 6)) / 12) * F, 5)
        },
      ),
    )
  })

  it('is null without time, volatility or a price', () => {
    for (const [f, k, t, v] of [
      [F, F, 0, 0.5],
      [F, F, -1, 0.5],
      [F, F, 1, 0],
      [0, F, 1, 0.5],
      [F, 0, 1, 0.5],
      [Number.NaN, F, 1, 0.5],
    ] as const) {
      expect(black76('call', f, k, t, v)).toBeNull()
      expect(black76Price('put', f, k, t, v)).toBeNull()
      expect(forwardDelta('put', f, k, t, v)).toBeNull()
    }
  })

  it('finds the strike of a delta, which has that delta', () => {
    fc.assert(
      fc.property(terms, fc.double({ min: 0.01, max: 0.99, noNaN: true }), ({ side: s, years, vol }, absDelta) => {
        const strike = strikeOfDelta(s, F, years, vol, absDelta)!
        fc.pre(Number.isFinite(strike) && strike > 0)
        expect(Math.abs(forwardDelta(s, F, strike, years, vol)!)).toBeCloseTo(absDelta, 9)
      }),
    )
    expect(strikeOfDelta('call', F, 1, 0.5, 1)).toBeNull()
  })

  it('counts years of 365 days', () => expect(yearsTo(730 * DAY_MS, 365 * DAY_MS)).toBe(1))
})

describe('implied volatility', () => {
  it('is the volatility that made the price, from any seed, wherever the price has digits to tell', () => {
    const seed = fc.option(fc.double({ min: 1e-5, max: 20, noNaN: true }), { nil: undefined })
    fc.assert(
      fc.property(terms, seed, ({ side: s, strike, years, vol }, from) => {
        const { price, vegaPerPoint } = black76(s, F, strike, years, vol)!
        fc.pre(price - intrinsicOf(s, strike) > 1e-6 && vegaPerPoint > 1e-4)
        const found = impliedVol(s, price, F, strike, years, 0, from)
        expect(found).not.toBeNull()
        // What rounding of a price of this size is worth in volatility.
        const rounding = (1e-13 * Math.max(F, price)) / (100 * vegaPerPoint)
        expect(Math.abs(found! - vol)).toBeLessThan(1e-9 + 20 * rounding)
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps the digits of far wings', () => {
    const strike = 3 * F
    const price = black76Price('call', F, strike, 0.02, 0.9)!
    expect(price).toBeLessThan(1e-11)
    expect(impliedVol('call', price, F, strike, 0.02)).toBeCloseTo(0.9, 9)
  })

  it('is null for what no volatility explains', () => {
    expect(impliedVol('call', 2000, F, 58_000, 0.1)).toBeNull()
    expect(impliedVol('call', 2000 + 2.9, F, 58_000, 0.1, 6)).toBeNull()
    expect(impliedVol('call', 2000 + 3.1, F, 58_000, 0.1, 6)).toBeGreaterThan(0)
    expect(impliedVol('call', F, F, 58_000, 0.1)).toBeNull()
    expect(impliedVol('put', 58_000, F, 58_000, 0.1)).toBeNull()
    expect(impliedVol('put', 57_999, F, 58_000, 0.1)).toBeNull()
    expect(impliedVol('put', 0, F, 58_000, 0.1)).toBeNull()
    expect(impliedVol('put', 100, F, 58_000, 0)).toBeNull()
    expect(impliedVol('call', 1e-6, F, F, 0.1)).toBeNull()
    expect(impliedVol('call', Number.NaN, F, F, 0.1)).toBeNull()
  })

  it.skipIf(!chain)('is the venue’s own of a recorded chain’s bids and asks', () => {
    const [head, ...lines] = readFileSync(chain!, 'utf8').trim().split('\n')
    const columns = head!.split(',')
    let [count, worst] = [0, 0]
    for (const line of lines) {
      const cells = line.split(',')
      const cell = (name: string): number => Number(cells[columns.indexOf(name)])
      const [, date, strike, letter] = cells[1]!.split('-')
      const [day, month, year] = [date!.slice(0, -5), MONTHS.indexOf(date!.slice(-5, -2)), date!.slice(-2)]
      const years = yearsTo(Date.UTC(2000 + Number(year), month, Number(day), 8), cell('ts'))
      // Nearer to expiry the seconds between the venue's figure and its row are worth more than what is compared.
      if (years < 14 / 365) continue
      const forward = cell('underlying_price')
      for (const at of ['bid', 'ask']) {
        const told = cell(`${at}_iv_pct`)
        // The venue stops looking at 500 % or so, and tells what it has beneath intrinsic too.
        if (!(told > 0 && told < 400)) continue
        const price = cell(at) * forward
        const found = impliedVol(letter === 'C' ? 'call' : 'put', price, forward, Number(strike), years)
        if (found === null) continue
        count++
        worst = Math.max(worst, Math.abs(100 * found - told))
      }
    }
    process.stdout.write(
      `implied volatility: ${count} bids and asks, at most ${worst.toFixed(4)} points from the venue's\n`,
    )
    expect(count).toBeGreaterThan(400)
    expect(worst).toBeLessThan(0.01)
  })

  it('takes what in-the-money prices say by parity', () => {
    const put = black76Price('put', F, 90_000, 0.2, 0.7)!
    expect(impliedVol('put', put, F, 90_000, 0.2)).toBeCloseTo(0.7, 10)
  })
})

describe('selling volatility', () => {
  it('costs nothing on average where hedging is fine and volatility as sold', () => {
    const steps = 2000
    const stepHours = (10 * 24) / steps
    const up = 0.6 * Math.sqrt(stepHours / 8760)
    // A path whose every step is one standard deviation, up and down in turn: realised volatility 60 %.
    const path = Array.from({ length: steps + 1 }, (_, i) => F * Math.exp(i % 2 === 0 ? 0 : up))
    const pnl = (vol: number) => hedgedStraddlePnl(path, F, 10 / 365, vol, -1, stepHours)!
    const premium = straddleWings(F, 10 / 365, 0.6, 0.25, 0.15)!.premium
    expect(Math.abs(pnl(0.6)) / premium).toBeLessThan(0.02)
    expect(pnl(0.8) / premium).toBeGreaterThan(0.25)
    expect(pnl(0.4) / premium).toBeLessThan(-0.25)
    expect(hedgedStraddlePnl([F], F, 10 / 365, 0.6, -1, 4)).toBeNull()
    expect(hedgedStraddlePnl([F, F, F], F, 4 / 8760, 0.6, -1, 4)).toBeNull()
  })

  it('wings are never more than one for one, and null without volatility', () => {
    expect(straddleWings(F, 0.05, 0.6, 0.25, 10)!.wingQuantity).toBe(1)
    expect(straddleWings(F, 0.05, 0, 0.25, 0.15)).toBeNull()
  })

  it('realised volatility has zero mean; none without returns', () => {
    expect(variancePremium([0.01, 0.01], 0.6, 365)!.realisedVol).toBeCloseTo(0.01 * Math.sqrt(365), 12)
    expect(variancePremium([], 0.6)).toBeNull()
  })

  it('an account that trades as told is flat', () => {
    const options = [{ quantity: -10, delta: 0.5, priceCoin: 0.04 }]
    const { usdFlatTrade, coinFlatTrade } = coinDelta(options, 0.3, 2)
    expect(coinDelta(options, 0.3 + coinFlatTrade, 2).deltaTotal).toBeCloseTo(0, 12)
    expect(2 + coinDelta(options, 0.3 + usdFlatTrade, 2).deltaTotal).toBeCloseTo(0, 12)
  })
})
