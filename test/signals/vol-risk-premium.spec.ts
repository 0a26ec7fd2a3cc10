/** VolRiskPremium: what is sold, at which size, when it is hedged, held and left; each with its numbers. */
import { describe, expect, it } from 'vitest'
import { volRiskPremium } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { HOUR_MS } from '#core/time'
import { createVolRiskPremium } from '#signals/vol-risk-premium.decider'
import { event } from '#test/given'
import { chain, doubt, expiry, leg, MONDAY, now, term, usdDelta, type Word, words } from './option-tape.js'
import { looksAhead, play } from './play.js'

const COIN = 'binance.usdm.BTCUSDT'
const OTHER = 'bybit.linear.BTCUSDT'
const PERPETUAL = 'deribit.perpetual.BTC-PERPETUAL'
const config = (keys: object = {}) => volRiskPremium.parse({ enabled: true, ...keys })
const at = (hours: number): number => MONDAY + hours * HOUR_MS

const listed = (instrument: string, kind: 'linearPerpetual' | 'inverseFuture', keys: object = {}): EventEnvelope =>
  event('InstrumentListed', {
    instrument,
    kind,
    base: 'BTC',
    quote: 'USDT',
    tick: '0.1',
    lot: '0.001',
    minNotional: '5',
    makerFeeBps: 2,
    takerFeeBps: 5,
    ...keys,
  })

/** Fourteen days of hours before MONDAY that realised `vol`. */
function bars(vol: number, days = 14): EventEnvelope[] {
  const move = vol / Math.sqrt(8760)
  const tape = [listed(COIN, 'linearPerpetual')]
  for (let hour = -24 * days; hour < 0; hour++) {
    const close = 100_000 * Math.exp(hour % 2 === 0 ? move : 0)
    const bar = { open: close, high: close, low: close, close, volume: 1 }
    tape.push(
      event(
        'BarClosed',
        { instrument: COIN, interval: '1h', openTime: at(hour), ...bar },
        { ts: at(hour + 1), seq: 5 },
      ),
    )
  }
  return tape
}

const said = (tape: readonly EventEnvelope[], keys: object = {}): Word[] =>
  words(createVolRiskPremium(config(keys)), tape)
const reasons = (tape: readonly EventEnvelope[], keys: object = {}): string[] =>
  said(tape, keys).map(({ data }) => data.reason)
const entry = (...rest: readonly EventEnvelope[]): EventEnvelope[] => [
  ...bars(0.4),
  chain(MONDAY, expiry(10)),
  now(MONDAY),
  ...rest,
]

describe('selling', () => {
  const [word] = said(entry())

  it('one straddle at the forward with wings, hedged by the perpetual', () => {
    expect(word!.data).toMatchObject({
      signal: 'vrp',
      package: 'vrp/BTC',
      kind: 'straddle',
      reason: 'premium',
      confidence: 1,
      price: 100_000,
      asOf: MONDAY,
      validUntil: expiry(10),
      inputs: [7],
    })
    expect(word!.data.legs.map(({ role }) => role)).toEqual(['call', 'put', 'wingCall', 'wingPut', 'hedge'])
    expect([leg(word!, 'call')!.ratio, leg(word!, 'put')!.ratio]).toEqual([-1, -1])
    expect(leg(word!, 'call')!.terms).toEqual({
      kind: 'inverseOption',
      base: 'BTC',
      quote: 'USD',
      settle: 'BTC',
      tick: '0.0001',
      lot: '0.1',
      expiresAt: expiry(10),
      strike: 100_000,
      option: 'call',
    })
    expect(leg(word!, 'hedge')).toMatchObject({
      instrument: PERPETUAL,
      delta: 1,
      terms: { kind: 'inversePerpetual', settle: 'BTC', lot: '10', tick: '0.5' },
    })
  })

  it('is flat in dollars: deltas of the legs and the coins of the unit sum to 0', () => {
    expect(Math.abs(usdDelta(word!))).toBeLessThan(3e-6)
    expect(term(word!, 'delta')).toBe(0)
  })

  it('the wings have 25 delta and cost 15 % of the premium', () => {
    expect(Math.abs(leg(word!, 'wingCall')!.delta - 0.25)).toBeLessThan(0.02)
    expect(Math.abs(leg(word!, 'wingPut')!.delta + 0.25)).toBeLessThan(0.02)
    expect(leg(word!, 'wingCall')!.ratio).toBe(leg(word!, 'wingPut')!.ratio)
    expect(term(word!, 'wingCost')! / term(word!, 'premium')!).toBeCloseTo(0.15, 8)
    expect(term(word!, 'wings')).toBeGreaterThan(0.35)
    expect(term(word!, 'wings')).toBeLessThan(0.42)
  })

  it('says implied, realised, and the step of the returns', () => {
    expect(term(word!, 'iv')).toBeCloseTo(0.6, 8)
    expect(term(word!, 'rv')).toBeCloseTo(0.4, 6)
    expect(term(word!, 'vrpVariance')).toBeCloseTo(0.36 - 0.16, 6)
    expect(term(word!, 'rvStepHours')).toBe(1)
    expect(term(word!, 'worstDown30')).toBeLessThan(-0.1 * 100_000)
    expect(term(word!, 'worstOfNav')).toBeLessThan(0)
  })

  it('another instrument of the coin tells what was realised when the bars of the first have ended', () => {
    const ended = bars(3, 40).slice(0, 48)
    const other = bars(0.4).map(
      (one): EventEnvelope => ({ ...one, data: Object.assign({}, one.data, { instrument: OTHER }) }),
    )
    const [first] = said([...ended, ...other, chain(MONDAY, expiry(10)), now(MONDAY)])
    expect(term(first!, 'rv')).toBeCloseTo(0.4, 6)
  })

  it('the size is the cap, or what the vega limit leaves', () => {
    expect(word!.data.targetWeight).toBe(0.2)
    const [limited] = said(entry(), { vegaLimit: 0.001 })
    expect(limited!.data.reason).toBe('vega-limit')
    expect(limited!.data.targetWeight).toBeLessThan(0.2)
    expect(term(limited!, 'vegaOfNav')).toBeCloseTo(0.001, 6)
    expect(said(entry(), { maxAbsWeight: 0.05 })[0]!.data.targetWeight).toBe(0.05)
  })

  it('without wings where they may cost nothing', () => {
    const [bare] = said(entry(), { wingBudget: 0 })
    expect(bare!.data.legs.map(({ role }) => role)).toEqual(['call', 'put', 'hedge'])
    expect(term(bare!, 'worstDown30')).toBeLessThan(term(word!, 'worstDown30')!)
  })

  it('the expiry is the nearest in 7 to 14 days that can be traded', () => {
    const broken = chain(MONDAY, expiry(8), { mend: (row) => (row.strike === 100_000 ? { ...row, ask: null } : row) })
    const tape = [
      ...bars(0.4),
      chain(MONDAY, expiry(6)),
      broken,
      chain(MONDAY, expiry(12)),
      chain(MONDAY, expiry(10)),
      now(MONDAY),
    ]
    expect(leg(said(tape)[0]!, 'call')!.terms.expiresAt).toBe(expiry(10))
  })

  it('the dated future that hedges is the one next behind the options', () => {
    const future = (name: string, days: number): EventEnvelope =>
      listed(`deribit.future.BTC-${name}`, 'inverseFuture', {
        quote: 'USD',
        expiresAt: expiry(days),
        minNotional: '10',
        tick: '2.5',
      })
    const tape = [future('A', 40), future('B', 12), future('C', 9), ...entry()]
    const [word] = said(tape, { hedge: 'future' })
    expect(leg(word!, 'hedge')).toMatchObject({
      instrument: 'deribit.future.BTC-B',
      terms: { kind: 'inverseFuture', lot: '10', tick: '2.5', expiresAt: expiry(12) },
    })
    expect(reasons(entry(), { hedge: 'future' })).toEqual([])
  })
})

describe('nothing is sold', () => {
  it.each([
    ['implied variance is not above realised', [...bars(0.6), chain(MONDAY, expiry(10)), now(MONDAY)], {}],
    [
      'volatility is not 3 points above by that rule',
      [...bars(0.58), chain(MONDAY, expiry(10)), now(MONDAY)],
      { rule: 'points' },
    ],
    ['history is too short', [...bars(0.4, 7), chain(MONDAY, expiry(10)), now(MONDAY)], {}],
    [
      'there is no expiry in 7 to 14 days',
      [...bars(0.4), chain(MONDAY, expiry(5)), chain(MONDAY, expiry(20)), now(MONDAY)],
      {},
    ],
    ['the chain is stale', [...bars(0.4), chain(MONDAY, expiry(10)), now(at(15))], {}],
    [
      'no book has two sides',
      [...bars(0.4), chain(MONDAY, expiry(10), { mend: (row) => ({ ...row, bid: null }) }), now(MONDAY)],
      {},
    ],
    ['no wing can be bought', [...bars(0.4), chain(MONDAY, expiry(10), { step: 25_000 }), now(MONDAY)], {}],
    [
      'a check of the hedge fails',
      [...bars(0.4), doubt(PERPETUAL, true, MONDAY), chain(MONDAY, expiry(10)), now(MONDAY)],
      {},
    ],
  ] as const)('while %s', (_, tape, keys) => {
    expect(reasons(tape, keys)).toEqual([])
  })

  it('by points it sells from 3 points on', () => {
    expect(reasons([...bars(0.56), chain(MONDAY, expiry(10)), now(MONDAY)], { rule: 'points' })).toEqual(['premium'])
  })

  it('bars of another coin, or of the coin in another coin, are no prices of it', () => {
    const foreign = bars(0.4).map((one) =>
      one.type === 'InstrumentListed' ? listed(COIN, 'linearPerpetual', { quote: 'ETH' }) : one,
    )
    expect(reasons([...foreign, chain(MONDAY, expiry(10)), now(MONDAY)])).toEqual([])
  })
})

it('without hourly bars the index of the snapshots stands in, at its own step', () => {
  const tape: EventEnvelope[] = []
  const move = 0.4 / Math.sqrt(1460)
  for (let hours = -14 * 24; hours <= 0; hours += 6) {
    const index = 100_000 * Math.exp((hours / 6) % 2 === 0 ? 0 : move)
    tape.push(chain(at(hours), expiry(10), { index }), now(at(hours)))
  }
  const [word] = said(tape)
  expect(term(word!, 'rvStepHours')).toBe(6)
  expect(term(word!, 'rv')).toBeCloseTo(0.4, 6)
})

describe('what is held', () => {
  const later = (hours: number, shape: object = {}) => [chain(at(hours), expiry(10), shape), now(at(hours))]

  it('is hedged on the four-hour grid; the size, the price and the options stay', () => {
    const tape = entry(...later(1, { forward: 101_000 }), ...later(4, { forward: 101_000 }))
    const [first, hedge, ...none] = said(tape)
    expect(none).toEqual([])
    expect(hedge!.ts).toBe(at(4))
    expect(hedge!.data).toMatchObject({ reason: 'hedge', targetWeight: 0.2, price: 100_000 })
    expect(hedge!.data.legs.slice(0, 4).map(({ ratio }) => ratio)).toEqual(
      first!.data.legs.slice(0, 4).map(({ ratio }) => ratio),
    )
    expect(leg(hedge!, 'hedge')!.ratio).toBeGreaterThan(leg(first!, 'hedge')!.ratio)
    expect(Math.abs(usdDelta(hedge!))).toBeLessThan(3e-6)
  })

  it('is hedged between the hours when delta is beyond the trigger', () => {
    const tape = entry(...later(1, { forward: 106_000 }))
    expect(reasons(tape)).toEqual(['premium', 'hedge'])
    expect(reasons(tape, { hedgeDelta: 0 })).toEqual(['premium'])
  })

  it('is left with one day to go, or by the next chain', () => {
    const days = (count: number) => later(24 * count)
    const tape = entry(...days(8), ...later(24 * 9 + 8))
    const out = said(tape).at(-1)!
    expect(out.data).toMatchObject({ reason: 'expiry', targetWeight: 0 })
    expect(out.ts).toBe(expiry(9))
    expect(term(out, 'pnl')).toBeGreaterThan(0)
    const late = said(entry(...days(8), now(at(24 * 9 + 8)), ...later(24 * 9 + 10)))
    expect(late.slice(-2).map(({ data, ts }) => [data.reason, ts])).toEqual([
      ['stale', expiry(9)],
      ['expiry', at(24 * 9 + 10)],
    ])
  })

  it('is over at expiry if no chain came before', () => {
    const tape = entry(now(at(20)), now(expiry(10)))
    expect(said(tape).map(({ data }) => [data.reason, data.targetWeight])).toEqual([
      ['premium', 0.2],
      ['stale', 0.2],
      ['expiry', 0],
    ])
  })

  it('is left at a loss of two premiums, and that expiry is not sold again', () => {
    const crash = later(1, { forward: 60_000 })
    const tape = entry(...crash, ...later(2, { forward: 60_000 }), ...later(3, { forward: 60_000 }))
    const found = said(tape)
    expect(found.map(({ data }) => data.reason)).toEqual(['premium', 'loss'])
    expect(term(found[1]!, 'pnl')).toBeLessThan(-2 * term(found[1]!, 'premium')!)
    expect(reasons(tape, { stopMultiple: 50 })).toEqual(['premium', 'hedge'])
  })

  it('stays while what was sold cannot be bought back', () => {
    const noAsks = { mend: (row: object) => ({ ...row, ask: null }) }
    const tape = entry(...later(24 * 9 + 8, noAsks), ...later(24 * 9 + 9))
    expect(reasons(tape)).toEqual(['premium', 'no-quotes', 'expiry'])
  })

  it('stays while its chain is stale, and says when quotes are back', () => {
    const tape = entry(now(at(15)), ...later(15.5))
    const found = said(tape)
    expect(found.map(({ data }) => data.reason)).toEqual(['premium', 'stale', 'hedge'])
    expect(found[1]!.data).toMatchObject({ targetWeight: 0.2, terms: [{ name: 'ageHours', value: 15, threshold: 14 }] })
  })

  it('stays as it is while a check of one of its instruments fails', () => {
    const put = 'deribit.option.BTC-E248-100000-P'
    const tape = entry(doubt(put, true, at(1)), ...later(1, { forward: 60_000 }), doubt(put, false, at(2)), ...later(2))
    expect(reasons(tape)).toEqual(['premium', 'held-outlier', 'premium'])
    expect(reasons(entry(doubt('binance.spot.BTCUSDT', true, at(1))))).toEqual(['premium'])
  })

  it('takes another hedge when the one it has is delisted', () => {
    const future = (name: string, days: number): EventEnvelope =>
      listed(`deribit.future.BTC-${name}`, 'inverseFuture', { quote: 'USD', expiresAt: expiry(days) })
    const gone = event('InstrumentDelisted', { instrument: 'deribit.future.BTC-A', reason: 'gone' }, { ts: at(1) })
    const tape = [future('A', 12), future('B', 40), ...entry(gone, ...later(1))]
    const found = said(tape, { hedge: 'future' })
    expect(found.map((word) => leg(word, 'hedge')!.instrument)).toEqual([
      'deribit.future.BTC-A',
      'deribit.future.BTC-B',
    ])
    expect(Math.abs(usdDelta(found[1]!))).toBeLessThan(3e-6)
    expect(reasons(tape.slice(0, 1).concat(tape.slice(2)), { hedge: 'future' })).toEqual(['premium', 'no-hedge'])
  })

  it('the next one is sold when this one is over', () => {
    const tape = entry(
      ...later(24 * 9 + 8),
      ...bars(0.4).map((one) => ({ ...one })),
      chain(at(24 * 9 + 9), expiry(18)),
      now(at(24 * 9 + 9)),
    )
    // Prices of the fortnight before are old by now.
    expect(reasons(tape)).toEqual(['premium', 'expiry'])
  })
})

/** Weeks of snapshots every three hours, with jumps: entries, hedges and exits. */
function weeks(): EventEnvelope[] {
  const tape = bars(0.4)
  let forward = 100_000
  for (let hour = 0; hour < 24 * 24; hour++) {
    forward *= Math.exp((0.4 / Math.sqrt(8760)) * (hour % 2 === 0 ? 1 : -1) * (hour % 97 === 0 ? 6 : 1))
    const price = { open: forward, high: forward, low: forward, close: forward, volume: 1 }
    tape.push(
      event(
        'BarClosed',
        { instrument: COIN, interval: '1h', openTime: at(hour - 1), ...price },
        { ts: at(hour), seq: hour + 500 },
      ),
    )
    if (hour % 3 === 0)
      for (const friday of [4, 11, 18, 25, 32])
        if (expiry(friday) > at(hour))
          tape.push(chain(at(hour), expiry(friday), { forward, step: 2000, seq: hour + 2000 }))
    tape.push(now(at(hour)))
  }
  return tape
}

describe('some weeks of it', () => {
  const tape = weeks()
  const make = () => createVolRiskPremium(config())

  it('sells, hedges and leaves more than once', () => {
    const found = words(make(), tape)
    const count = (reason: string): number => found.filter(({ data }) => data.reason === reason).length
    expect(count('premium')).toBeGreaterThan(1)
    expect(count('expiry')).toBeGreaterThan(1)
    expect(count('hedge')).toBeGreaterThan(50)
    for (const word of found.filter(({ data }) => data.targetWeight > 0))
      expect(Math.abs(usdDelta(word))).toBeLessThan(5e-6)
  })

  it('is the same after a snapshot, and its state is bounded', () => {
    const whole = play(make(), tape)
    for (const cut of [400, 1100]) expect(play(make(), tape, cut)).toEqual(whole)
    expect(JSON.parse(JSON.stringify(whole.state))).toEqual(whole.state)
    expect(JSON.stringify(whole.state).length).toBeLessThan(300_000)
  })

  it('does not look ahead', () => {
    const cut = 800
    const other = tape
      .slice(cut + 1)
      .map((one) =>
        one.type === 'OptionChainObserved'
          ? chain(one.ts, (one.data as { expiresAt: number }).expiresAt, { forward: 50_000 })
          : one,
      )
    expect(looksAhead(make, tape, cut, other)).toBe(false)
  })
})
