/** risk/monitor: when it measures, what of the current book it tells, and which warnings go on and off. */
import { describe, expect, it } from 'vitest'
import { carriedState, equity } from '#risk/engine.decider'
import { MonitoredDesk } from './monitored-desk.js'
import { BASIS, COIN_PERP, FUTURE, PERP, SPOT, STRADDLE } from './package-desk.js'

describe('when it measures', () => {
  it('once a UTC day, though hours close between', () => {
    const desk = new MonitoredDesk()
    for (let hour = 0; hour < 72; hour++) desk.next()
    expect(desk.measures.map(({ cause }) => cause)).toEqual(['daily', 'daily', 'daily'])
    expect(desk.measures.map(({ instant }) => instant / 86_400_000)).toEqual([1, 2, 3])
  })

  it('and after a large move of the price of a held coin, or of the book', () => {
    const desk = new MonitoredDesk({ monitorPriceMove: 0.05 })
    desk.open('carry', 0.1)
    desk.days(1, 0)
    expect(desk.measures).toHaveLength(1)
    desk.next(60_000 * 1.04)
    expect(desk.measures).toHaveLength(1)
    desk.next(60_000 * 1.06)
    expect(desk.last.cause).toBe('move')
    desk.next(60_000 * 1.06)
    expect(desk.measures).toHaveLength(2)
    desk.send('FundsTransferred', { currency: 'USDT', amount: '50000' } as never)
    desk.next(60_000 * 1.06)
    expect(desk.measures).toHaveLength(3)
  })

  it('never without equity', () => {
    const desk = new MonitoredDesk({}, '0')
    desk.days(1)
    expect(desk.measures).toEqual([])
  })
})

describe('its book', () => {
  it('is that of the engine, to the last bit, through packages of every kind, funding, ends and a halt', () => {
    const desk = new MonitoredDesk()
    desk.open('carry', 0.1)
    desk.wish('basis', 0.1, BASIS, 'basis')
    desk.answer(() => 1, '0.0001')
    desk.wish('vrp', 0.1, STRADDLE, 'straddle')
    desk.answer((instrument) => (instrument === COIN_PERP ? 0 : 1))
    for (let hour = 0; hour < 120; hour++) {
      if (hour % 8 === 0)
        desk.send('FundingSettled', {
          instrument: PERP,
          settledAt: desk.ts,
          rate: 0.0001,
          intervalHours: 8,
          proxy: false,
        } as never)
      if (hour === 60) desk.command('halt')
      if (hour === 70) desk.command('resume')
      desk.next(Math.round(60_000 * (1 + 0.002 * Math.sin(hour))))
      desk.answer()
      desk.sameNav()
      expect(desk.watched.book.peak).toBe(desk.state.peak)
    }
    expect(desk.last.nav).toBeCloseTo(equity(desk.state), -2)
    expect(desk.watched.rates[PERP]).toEqual({ rate: 0.0001, intervalHours: 8 })
  })
})

describe('what it tells of a carry package', () => {
  const desk = new MonitoredDesk()
  desk.open('carry', 0.1)
  desk.days(40)
  const { last } = desk

  it('exposures: two legs at one venue, no net', () => {
    expect(last.gross).toBeCloseTo(0.2, 2)
    expect(last.venues).toEqual([{ venue: 'binance', gross: last.gross, net: 0 }])
    expect(last.coins).toEqual([{ coin: 'BTC', gross: last.gross, net: 0 }])
    expect(last.net).toBe(0)
  })

  it('no loss by prices, that by basis and funding of its short, the venue and the peg', () => {
    const of = (shock: string) => last.stresses.find((one) => one.shock === shock)!
    expect(of('priceDown').pnl).toBe(0)
    expect(of('btcUp').pnl).toBe(0)
    expect(of('basisUp').pnl).toBeCloseTo(-0.05 * (last.gross / 2), 5)
    expect(of('basisDown').pnl).toBeCloseTo(0.05 * (last.gross / 2), 5)
    expect(of('fundingUp').pnl).toBeCloseTo((last.gross / 2) * 0.0003 * 3 * 7, 5)
    expect(of('fundingDown').pnl).toBe(-of('fundingUp').pnl)
    expect(of('venue')).toMatchObject({ subject: 'binance', size: -1 })
    // Everything lies there: all of NAV but what the short has lost.
    expect(of('venue').pnl).toBeLessThan(-0.99)
    expect(of('peg')).toMatchObject({ subject: 'USDT', size: -0.1 })
    expect(of('peg').pnl).toBeCloseTo(-0.1, 6)
    expect(last.worst).toEqual(of('venue'))
  })

  it('its past: spot and perpetual moved alike, so there is no tail', () => {
    expect(last.days).toBe(39)
    expect(last.coverage).toBe(1)
    expect(last.tails.map(({ confidence }) => confidence)).toEqual([0.95, 0.99])
    for (const tail of last.tails) expect(Math.abs(tail.historicVar)).toBeLessThan(1e-6)
  })

  it('its margin: half of NAV behind a tenth of short', () => {
    const [leg] = last.legs
    expect(last.legs).toHaveLength(1)
    const backing = 0.5 / Math.abs(leg!.weight)
    expect(leg).toMatchObject({ instrument: PERP, package: 'carry/BTC', survives: true })
    expect(leg!.distance).toBeCloseTo((backing - 0.02) / 1.02, 3)
    expect(last.margin).toMatchObject({ collateral: 0.5 })
    expect(last.margin.used).toBeCloseTo((0.02 * Math.abs(leg!.weight)) / 0.5, 5)
  })
})

describe('what it tells of other books', () => {
  it('a short of dollars against coins is constant dollars; its own collateral in coin is never used up', () => {
    const desk = new MonitoredDesk({ grossCap: 3, netCap: 3 })
    desk.open('basis', 0.2, BASIS, 'basis')
    desk.days(1, 0)
    const leg = desk.last.legs.find(({ instrument }) => instrument === FUTURE)!
    expect(leg.distance).toBeNull()
    expect(leg.survives).toBe(true)
    expect(desk.last.venues.map(({ venue }) => venue)).toEqual(['binance', 'deribit'])
    expect(desk.last.stresses.find(({ shock }) => shock === 'basisUp')!.pnl).toBeLessThan(0)
    const spot = desk.state.packages[0]!.legs.find(({ instrument }) => instrument === SPOT)!
    expect(spot.position.quantityNumber).toBeGreaterThan(0)
  })

  it('a short straddle loses by volatility and by large moves on either side', () => {
    const desk = new MonitoredDesk({ grossCap: 3, netCap: 3, vegaLimit: 1 })
    desk.open('vrp', 0.2, STRADDLE, 'straddle')
    desk.days(1, 0)
    const of = (shock: string) => desk.last.stresses.find((one) => one.shock === shock)!.pnl
    expect(of('volUp')).toBeLessThan(0)
    expect(of('volDown')).toBeGreaterThan(0)
    expect(of('priceUp')).toBeLessThan(0)
    expect(of('priceDown')).toBeLessThan(0)
    expect(desk.last.vegaTenPoints).toBeGreaterThan(0)
    expect(desk.last.worst!.pnl).toBeLessThan(0)
  })

  it('an empty book has nothing to lose but its peg', () => {
    const { last } = new MonitoredDesk().days(1)
    expect(last.worst).toMatchObject({ shock: 'peg', pnl: -0.1 })
    expect(last).toMatchObject({ gross: 0, annualVol: 0, legs: [], venues: [], coins: [], coinCorrelation: null })
  })
})

describe('its warnings', () => {
  it('go on and off once each: margin that runs short, a correlation of signals', () => {
    const desk = new MonitoredDesk({ marginCollateral: 0.0328, marginStress: 0.3 })
    desk.open('carry', 0.1)
    desk.tell('PortfolioWeighted', { averageCorrelation: 0.9 })
    desk.days(2, 0)
    const told = desk.alerts.map(({ what, isOn }) => `${what} ${isOn}`)
    expect(told).toContain('liquidation true')
    expect(told).toContain('signalCorrelation true')
    expect(told).not.toContain('marginStress true')
    expect(new Set(told).size).toBe(told.length)
    expect(desk.watched.alerts.length).toBe(told.length)
    desk.tell('PortfolioWeighted', { averageCorrelation: null })
    desk.wish('carry', 0)
    desk.answer()
    desk.days(1, 0)
    const off = desk.alerts.slice(told.length)
    expect(off).toContainEqual(
      expect.objectContaining({ what: 'liquidation', subject: PERP, value: null, isOn: false }),
    )
    expect(off).toContainEqual(expect.objectContaining({ what: 'signalCorrelation', value: null, isOn: false }))
  })

  it('a leg that the stress of margin would take is told', () => {
    const desk = new MonitoredDesk({ netCap: 1, volTarget: 10 })
    desk.next()
    desk.blendPackages({}, { [PERP]: -0.25 })
    desk.answer()
    // After the fact the operator takes collateral back: the same position stands on less.
    const lean = new MonitoredDesk({ netCap: 1, volTarget: 10, marginCollateral: 0.05 })
    lean.next()
    lean.blendPackages({}, { [PERP]: -0.25 })
    lean.answer()
    desk.days(1, 0)
    lean.days(1, 0)
    expect(desk.last.legs[0]!.survives).toBe(true)
    expect(lean.last.legs[0]).toMatchObject({ instrument: PERP, survives: false })
    expect(lean.alerts).toContainEqual(expect.objectContaining({ what: 'marginStress', subject: PERP, isOn: true }))
    expect(desk.alerts.map(({ what }) => what)).not.toContain('marginStress')
  })

  it('limits nearly used, value at risk, stress, drawdown', () => {
    const desk = new MonitoredDesk({
      netCap: 1,
      volTarget: 10,
      coinCap: 0.25,
      venueCap: 0.27,
      valueAtRiskLimit: 0.001,
      stressLimit: 0.05,
      drawdownLadder: [{ at: 0.01, scale: 0.9 }],
    })
    desk.next()
    desk.blendPackages({}, { [PERP]: 0.25 })
    desk.answer()
    desk.days(40, 0.05)
    const whats = new Set(desk.alerts.filter(({ isOn }) => isOn).map(({ what }) => what))
    expect([...whats].sort()).toEqual(['coinLimit', 'drawdown', 'stress', 'valueAtRisk', 'venueLimit'])
    const [tail95, tail99] = desk.last.tails
    expect(tail99!.historicVar).toBeGreaterThanOrEqual(tail95!.historicVar)
    expect(tail99!.tenDayVarApprox).toBeCloseTo(tail99!.historicVar * Math.sqrt(10), 5)
  })
})

describe('what else changes its book', () => {
  it('quotes, rejections, delistings, transfers and a parent’s book: it stays that of the engine', () => {
    const parent = new MonitoredDesk()
    parent.open('carry', 0.1)
    const desk = new MonitoredDesk()
    desk.send('StateCarried', { parent: 'p', ...carriedState(parent.state) } as never, parent.ts)
    desk.hour = parent.hour
    desk.sameNav()
    expect(desk.watched.book.packages).toHaveLength(1)
    desk.next()
    desk.send('QuoteChanged', { instrument: PERP, bid: 60_999, ask: 61_001, bidSize: 1, askSize: 1 } as never)
    desk.sameNav()
    desk.blendPackages({}, { [PERP]: 0.2 })
    desk.answer(() => 0)
    expect(desk.watched.book.orders.open).toEqual([])
    desk.blendPackages({}, { [PERP]: 0.1 })
    desk.answer(() => 0.4)
    expect(desk.watched.book.orders.open).toEqual([])
    desk.send('InstrumentDelisted', { instrument: PERP } as never)
    desk.sameNav()
    expect(desk.watched.book.slots[0]!.position.quantity).toBe('0')
    desk.send('FundsTransferred', { currency: 'USDC', amount: '1000' } as never)
    desk.next()
    desk.sameNav()
    desk.days(1, 0)
    expect(desk.last.stresses.filter(({ shock }) => shock === 'peg').map(({ subject }) => subject)).toEqual([
      'USDT',
      'USDC',
    ])
  })
})
