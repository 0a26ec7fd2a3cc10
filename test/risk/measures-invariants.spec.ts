/** What every measurement promises, whatever is held and however prices moved. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import { HOUR_MS } from '#core/time'
import type { InstrumentKind } from '#events/market.events'
import { tailRisk } from '#quant/tail-risk'
import { collateralFor } from '#risk/limits/book-limits'
import { optionTerms, vegaOf, volOf, worthAt } from '#risk/limits/option-model'
import { alertsOf } from '#risk/measures/alerts'
import { type Line, linesOf } from '#risk/measures/lines'
import { liquidationDistance, marginOf } from '#risk/measures/margin'
import { measure } from '#risk/measures/measure'
import { coinCorrelation, playPast, type Row } from '#risk/measures/past'
import { changeOf, lineChange, movedBasis, movedBy, movedCoin, movedVol } from '#risk/measures/revalue'
import { stressesOf, worstOf } from '#risk/measures/stress'
import { createRiskState, equity, type RiskState } from '#risk/risk-state'
import { ASSUMED_VOL } from '#risk/virtual-book'
import { MonitoredDesk } from './monitored-desk.js'
import { BASIS, CALL, COIN_PERP, marketUniverse, SPOT, STRADDLE, TERMS } from './package-desk.js'

const risk = configSchema.parse({}).risk
const sight = { places: [], forwards: {}, now: 0 }

/** A book without positions, BTC at a price. */
function bookAt(price: number): RiskState {
  const state = createRiskState(risk, '1000000', marketUniverse, '1h')
  state.prices.BTC = { price, at: 1 }
  return state
}

const line = (kind: InstrumentKind, quantity: number, entry: number, mark = entry, extra: Partial<Line> = {}): Line => {
  const inDollars = kind === 'inversePerpetual' || kind === 'inverseFuture'
  const cost = inDollars ? -quantity / entry : quantity * entry
  return {
    instrument: `a.x.${kind}`,
    package: undefined,
    venue: 'a',
    coin: 'BTC',
    kind,
    settle: inDollars ? 'BTC' : 'USDT',
    slot: -1,
    quantity,
    cost,
    mark,
    notional: inDollars ? quantity : quantity * mark,
    option: null,
    ...extra,
  }
}

const returns = fc.array(
  fc.integer({ min: -300, max: 300 }).map((r) => r / 1000),
  { minLength: 2, maxLength: 365 },
)

describe('tails', () => {
  it('VaR never above ES, neither falls as confidence grows', () => {
    fc.assert(
      fc.property(returns, (sample) => {
        const at95 = tailRisk(sample, 0.95)!
        const at99 = tailRisk(sample, 0.99)!
        for (const tail of [at95, at99]) expect(tail.historicVar).toBeLessThanOrEqual(tail.historicEs + 1e-12)
        expect(at95.historicVar).toBeLessThanOrEqual(at99.historicVar + 1e-12)
        expect(at95.historicEs).toBeLessThanOrEqual(at99.historicEs + 1e-12)
        expect(at95.normalVar).toBeLessThanOrEqual(at99.normalVar + 1e-12)
      }),
    )
  })
})

describe('revaluation', () => {
  const price = fc.integer({ min: 10_000, max: 100_000 })
  const quantity = fc.integer({ min: -50, max: 50 }).map((q) => q / 10)
  const shock = fc.integer({ min: 1, max: 60 }).map((s) => s / 100)

  it('of nothing changes nothing; of linear books it is symmetric, and the sum of its lines', () => {
    fc.assert(
      fc.property(price, fc.array(fc.tuple(quantity, price), { maxLength: 5 }), shock, (now, positions, size) => {
        const state = bookAt(now)
        const lines = positions.map(([q, entry], i) => line(i % 2 === 0 ? 'spot' : 'linearPerpetual', q, entry, now))
        expect(changeOf(state, lines, movedBy(1), sight)).toBe(0)
        const up = changeOf(state, lines, movedBy(1 + size), sight)
        const down = changeOf(state, lines, movedBy(1 - size), sight)
        expect(up + down).toBeCloseTo(0, 5)
        expect(changeOf(state, lines, movedVol(size), sight)).toBe(0)
        const other = movedCoin('ETH', 1 + size)
        expect(changeOf(state, lines, other, sight)).toBe(0)
        expect(lines.reduce((sum, one) => sum + lineChange(state, one, movedBy(1 + size), sight), 0)).toBeCloseTo(up, 6)
      }),
    )
  })

  it('a coin and a short of its dollars are constant dollars at any price, basis apart', () => {
    fc.assert(
      fc.property(price, fc.integer({ min: 5, max: 300 }), (now, percent) => {
        const state = bookAt(now)
        state.accounts.push({
          currency: 'BTC',
          isPriced: true,
          opening: '1',
          realised: '0',
          fees: '0',
          funding: '0',
          balance: '1',
          balanceNumber: 1,
        } as RiskState['accounts'][number])
        const short = line('inversePerpetual', -now, now)
        expect(Math.abs(changeOf(state, [short], movedBy(percent / 100), sight))).toBeLessThan(now * 1e-9)
        expect(changeOf(state, [short], movedBasis(1.05), sight)).toBeLessThan(0)
      }),
    )
  })

  it('options in coin: shocked at Black-76, at their end the payoff', () => {
    const terms = optionTerms(TERMS[CALL]!)!
    expect(optionTerms(TERMS[SPOT]!)).toBeNull()
    const vol = volOf(terms, 0.03, 60_000, 0)
    expect(worthAt(terms, 60_000, vol, 0)).toBeCloseTo(0.03, 9)
    expect(worthAt(terms, 66_000, vol, terms.expiresAt)).toBeCloseTo(6000 / 66_000, 12)
    expect(worthAt({ ...terms, isInverse: false, side: 'put' }, 50_000, vol, terms.expiresAt)).toBe(10_000)
    // Below its payoff a mark implies no volatility.
    expect(volOf(terms, 0.01, 66_000, 0)).toBe(ASSUMED_VOL)
    expect(vegaOf(terms, 60_000, vol, 0)).toBeGreaterThan(0)
    expect(vegaOf(terms, 60_000, vol, terms.expiresAt)).toBe(0)
    expect(worthAt(terms, 60_000, -1, 0)).toBeGreaterThan(0)
    const sold = line('inverseOption', -1, 0.03, 0.03, { settle: 'BTC', option: { terms, forward: 60_000, vol } })
    const state = bookAt(60_000)
    const at = (market: Parameters<typeof lineChange>[2]): number => lineChange(state, sold, market, sight)
    expect(at(movedBy(1))).toBe(0)
    expect(at(movedVol(0.2))).toBeLessThan(0)
    expect(at(movedVol(-0.2))).toBeGreaterThan(0)
    expect(at(movedBasis(1.05))).toBe(0)
    expect(at(movedBy(1.3))).toBeCloseTo(-(worthAt(terms, 78_000, vol, 0) - 0.03) * 78_000, 6)
  })
})

describe('stresses', () => {
  it('a book that is neither net nor inverse loses by funding what it wins by its opposite; venues lose, never win', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            quantity: fc.integer({ min: -50, max: 50 }).map((q) => q / 10),
            venue: fc.constantFrom('a', 'b'),
            kind: fc.constantFrom<InstrumentKind>('spot', 'linearPerpetual', 'linearFuture'),
            entry: fc.integer({ min: 20_000, max: 90_000 }),
          }),
          { maxLength: 6 },
        ),
        (positions) => {
          const state = bookAt(50_000)
          const lines = positions.map(({ quantity, kind, entry, venue }) =>
            line(kind, quantity, entry, 50_000, { venue, instrument: `${venue}.x.${kind}` }),
          )
          const results = stressesOf(state, lines, { 'a.x.linearPerpetual': { rate: 0.001, intervalHours: 1 } }, sight)
          const of = (shock: string): number => results.find((one) => one.shock === shock)!.pnl
          expect(of('fundingUp') + of('fundingDown')).toBeCloseTo(0, 6)
          expect(of('priceUp') + of('priceDown')).toBeCloseTo(0, 4)
          expect(of('basisUp') + of('basisDown')).toBeCloseTo(0, 4)
          expect(of('btcUp')).toBe(of('priceUp'))
          for (const one of results) if (one.shock === 'venue') expect(one.pnl).toBeLessThanOrEqual(0)
          const worst = worstOf(results)
          for (const one of results) expect(one.pnl).toBeGreaterThanOrEqual(worst?.pnl ?? 0)
        },
      ),
    )
  })

  it('funding is that of each venue’s own interval, in coin for inverse ones', () => {
    const state = bookAt(50_000)
    const rates = { 'a.x.inversePerpetual': { rate: 0.0001, intervalHours: 8 } }
    const of = (one: Line) => stressesOf(state, [one], rates, sight).find(({ shock }) => shock === 'fundingUp')!.pnl
    expect(of(line('inversePerpetual', -50_000, 40_000, 50_000))).toBeCloseTo(50_000 * 0.0003 * 3 * 7, 6)
    expect(of(line('linearPerpetual', 1, 40_000, 50_000))).toBeCloseTo(-50_000 * 0.0003 * 3 * 7, 6)
    expect(of(line('linearFuture', 1, 40_000, 50_000))).toBe(0)
  })
})

describe('margin', () => {
  const KINDS: InstrumentKind[] = ['linearPerpetual', 'linearFuture', 'inversePerpetual', 'inverseFuture']
  const backing = fc.integer({ min: 0, max: 3000 }).map((b) => b / 1000)

  it('a distance is positive iff there is more than maintenance, and grows with what backs it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), fc.boolean(), backing, backing, (kind, isShort, a, b) => {
        const maintenance = 0.02
        const distance = liquidationDistance(kind, isShort, a, maintenance)
        if (distance !== null) expect(Math.sign(distance)).toBe(Math.sign(a - maintenance))
        else expect(a).toBeGreaterThanOrEqual(1)
        const more = liquidationDistance(kind, isShort, Math.max(a, b), maintenance)
        if (distance !== null && more !== null) expect(more).toBeGreaterThanOrEqual(distance)
      }),
    )
  })

  it('at that distance what is left is the maintenance of then', () => {
    for (const [kind, isShort] of [
      ['linearPerpetual', true],
      ['linearPerpetual', false],
      ['inverseFuture', true],
      ['inverseFuture', false],
    ] as const) {
      const x = liquidationDistance(kind, isShort, 0.4, 0.02)!
      const price = isShort ? 1 + x : 1 - x
      const [worth, maintenance] = kind === 'linearPerpetual' ? [price, 0.02 * price] : [-1 / price, 0.02 / price]
      const start = kind === 'linearPerpetual' ? 1 : -1
      expect(0.4 + (isShort ? -1 : 1) * (worth - start)).toBeCloseTo(maintenance, 12)
    }
  })

  it('a short leg survives the stress iff it has the collateral that the limit asks for', () => {
    for (const share of [0.05, 0.1, 0.2, 0.5]) {
      const short = line('linearPerpetual', -4, 50_000)
      const { legs, collateral, maintenance } = marginOf([short, line('spot', 4, 50_000)], 1e6, {
        ...risk,
        marginCollateral: share,
      })
      expect(legs).toHaveLength(1)
      expect(collateral).toBe(share * 1e6)
      expect(maintenance).toBeCloseTo(4000, 6)
      expect(legs[0]!.survives).toBe(share * 1e6 >= 200_000 * collateralFor(0.3, 0.02))
    }
    expect(marginOf([], 1e6, risk).legs).toEqual([])
    expect(marginOf([line('linearPerpetual', 1, 50_000)], 0, { ...risk }).legs[0]).toMatchObject({ survives: true })
  })
})

describe('the past', () => {
  it('is the own return of what has one, else that of its coin, else that of BTC; a linear book is its weights', () => {
    const state = bookAt(100)
    const held = [
      line('linearPerpetual', 1000, 100, 100, { slot: 0 }),
      line('linearPerpetual', 1000, 100, 100, { coin: 'DOGE' }),
    ]
    const rows: Row[] = [
      [0.1, 0.2],
      [null, -0.1],
      [null, null],
    ]
    const { returns: played, coverage } = playPast(state, held, rows, 1_000_000, sight)
    expect(played.map((r) => Math.round(r * 1e6) / 1e6)).toEqual([0.02, -0.02, 0])
    expect(coverage).toBeCloseTo(1 / 6, 12)
    expect(playPast(state, [], rows, 1_000_000, sight)).toEqual({ returns: [0, 0, 0], coverage: 1 })
  })

  it('correlates coins on the days that both have', () => {
    const state = bookAt(100)
    state.coinSlots.ETH = [2]
    const rows: Row[] = Array.from({ length: 60 }, (_, day) => {
      const r = Math.sin(day) / 20
      return [r, r, day < 10 ? null : -r]
    })
    expect(coinCorrelation(state, ['BTC', 'ETH'], rows)).toBeCloseTo(-1, 12)
    expect(coinCorrelation(state, ['BTC'], rows)).toBeNull()
    expect(coinCorrelation(state, ['BTC', 'ETH'], rows.slice(0, 30))).toBeNull()
    expect(coinCorrelation(state, ['BTC', 'NONE'], rows)).toBeNull()
  })
})

describe('a measurement', () => {
  it('of real packages: its delta is the slope of its stresses, its lines are the positions', () => {
    const desk = new MonitoredDesk({ grossCap: 3, netCap: 3, vegaLimit: 1 })
    desk.open('basis', 0.2, BASIS, 'basis')
    desk.wish('vrp', 0.2, STRADDLE, 'straddle')
    desk.answer()
    desk.next()
    const lines = linesOf(desk.state, desk.sight)
    expect(lines.map(({ kind }) => kind).sort()).toEqual([
      'inverseFuture',
      'inverseOption',
      'inverseOption',
      'inverseOption',
      'inverseOption',
      'inversePerpetual',
      'spot',
    ])
    for (const one of lines) if (one.option !== null) expect(one.option.forward).toBe(60_000)
    const data = measure(
      desk.state,
      { rows: [], rates: {}, signalCorrelation: null },
      { ...desk.sight, now: desk.hour * HOUR_MS },
      'daily',
      risk,
    )!
    const slope =
      (changeOf(desk.state, lines, movedBy(1.0005), desk.sight) -
        changeOf(desk.state, lines, movedBy(0.9995), desk.sight)) /
      0.001 /
      equity(desk.state)
    expect(data.coins.find(({ coin }) => coin === 'BTC')!.net).toBeCloseTo(slope, 4)
    expect(data.tails).toEqual([])
    expect(data.legs.map(({ instrument }) => instrument)).toContain(COIN_PERP)
    // What is over says nothing: the same figures make no second warning.
    const on = alertsOf(data, [], { ...risk, stressLimit: 0, coinCap: 0.0001 }).filter(({ isOn }) => isOn)
    expect(on.map(({ what }) => what)).toContain('stress')
    expect(alertsOf(data, on, { ...risk, stressLimit: 0, coinCap: 0.0001 })).toEqual([])
    expect(alertsOf(data, on, risk).every(({ isOn }) => !isOn)).toBe(true)
  })
})
