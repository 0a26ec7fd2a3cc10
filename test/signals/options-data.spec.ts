import { describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import { configSchema } from '#core/config/schema'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import { entryOfEvent } from '#data/stores/cache-projection'
import type { OptionChainObserved } from '#events/market.events'
import type { VolatilitySurfaceChanged } from '#events/market-view.events'
import { black76, type OptionSide, yearsTo } from '#quant/black76'
import { constantMaturity } from '#quant/vol-surface'
import { createOptionsData, type OptionsDataState } from '#signals/options-data.decider'
import { event, given } from '#test/given'
import { play } from './play.js'

const T = Date.UTC(2026, 0, 5)
const F = 60_000
const LOOK = 5 * MINUTE_MS
const STALE = 15 * MINUTE_MS

type Option = OptionChainObserved['data']['options'][number]

interface Terms {
  readonly days: number
  readonly at?: number
  readonly vol?: number
  /** Volatility lost from half to twice the forward. */
  readonly slope?: number
  readonly strikes?: readonly number[]
  /** Volatility points between bid and ask. */
  readonly spread?: number
  readonly venue?: string
  readonly currency?: string
  readonly symbol?: string
}

const ladder = Array.from({ length: 41 }, (_, i) => F * (0.5 + i * 0.025))

/** A chain whose prices are exact; the expiry is told from T, not from `at`. */
function chain(terms: Terms, change: (option: Option) => Option = (option) => option) {
  const {
    days,
    at = T,
    vol = 0.6,
    slope = 0,
    strikes = ladder,
    spread = 2,
    venue = 'deribit',
    currency = 'BTC',
  } = terms
  const expiresAt = T + days * DAY_MS
  const sides: readonly OptionSide[] = ['call', 'put']
  const options = strikes.flatMap((strike) =>
    sides.map((side): Option => {
      const iv = vol - slope * (strike / F - 1)
      const coins = (v: number): number => black76(side, F, strike, yearsTo(expiresAt, at), v)!.priceCoin
      const { delta, vegaPerPoint } = black76(side, F, strike, yearsTo(expiresAt, at), iv)!
      return change({
        instrument: `${venue}.option.${terms.symbol ?? currency}-${days}D-${strike}-${side === 'call' ? 'C' : 'P'}`,
        strike,
        option: side,
        bid: coins(iv - spread / 200),
        ask: coins(iv + spread / 200),
        mark: coins(iv),
        markIv: iv,
        delta,
        vega: vegaPerPoint,
        openInterest: 1,
      })
    }),
  )
  const data = { venue, currency, expiresAt, at, underlyingPrice: F, indexPrice: F, options }
  return event('OptionChainObserved', data, { ts: at })
}

const instant = (at: number) => event('InstantClosed', { instant: at, intervals: ['1h'], missing: [] }, { ts: at })
const index = (value: number, at = T) =>
  event('VolatilityIndexChanged', { venue: 'deribit', currency: 'BTC', value, at }, { ts: at })

type Surface = VolatilitySurfaceChanged['data']
const decider = () => createOptionsData(LOOK)
/** What is said on the last of some events. */
function last(...events: readonly Parameters<ReturnType<typeof given>['when']>[0][]): Surface | undefined {
  const { drafts } = given(decider(), events.slice(0, -1)).when(events.at(-1)!)
  expect(drafts.length).toBeLessThan(2)
  return drafts[0]?.data as Surface | undefined // the decider has no other word
}
const surface = (near: Omit<Terms, 'days'> = {}, far: Omit<Terms, 'days'> = near) =>
  last(chain({ days: 20, ...near }), chain({ days: 45, ...far }))!

describe('data/options: the surface at 30 days', () => {
  it('is linear in total variance between two expiries, put and call legs apart', () => {
    const said = surface({ vol: 0.5, slope: 0.1 }, { vol: 0.6, slope: 0.2 })
    expect(said.atmIv30).toBeCloseTo(constantMaturity(0.5, 20 / 365, 0.6, 45 / 365, 30 / 365)!, 2)
    expect(said.put25Iv30! - said.call25Iv30!).toBeGreaterThan(0.02)
    expect(said).toMatchObject({
      venue: 'deribit',
      currency: 'BTC',
      at: T,
      atmMissing: null,
      skewMissing: null,
      expiries: [T + 20 * DAY_MS, T + 45 * DAY_MS],
      used: 164,
      dropped: 0,
    })
  })

  it('has a positive skew where puts are dear, a negative one where calls are, none where all are alike', () => {
    expect(surface({ slope: 0.2 }).skew30).toBeGreaterThan(3)
    expect(surface({ slope: -0.2 }).skew30).toBeLessThan(-3)
    expect(surface().skew30).toBe(0)
    const { skew30, put25Iv30, call25Iv30 } = surface({ slope: 0.2 })
    expect(skew30).toBeCloseTo(100 * (put25Iv30! - call25Iv30!), 3)
  })

  it('takes an expiry of exactly 30 days for itself', () => {
    const said = last(chain({ days: 20, vol: 0.9 }), chain({ days: 30, vol: 0.61 }))
    expect(said).toMatchObject({ atmIv30: 0.61, expiries: [T + 30 * DAY_MS] })
  })

  it('is undefined, with the reason, where 30 days lie outside or variance falls with time', () => {
    const outside = last(chain({ days: 10 }), chain({ days: 20 }), chain({ days: 9 }))
    expect(outside).toMatchObject({ atmIv30: null, skew30: null, atmMissing: 'expiries', skewMissing: 'expiries' })
    const falling = last(chain({ days: 10, vol: 1 }), chain({ days: 25, vol: 1 }), chain({ days: 35, vol: 0.7 }))
    expect(falling).toMatchObject({ atmIv30: null, atmMissing: 'calendarArbitrage', skewMissing: 'calendarArbitrage' })
  })

  it('passes over an expiry whose wings nobody quotes; without any other the skew is undefined', () => {
    const upper = ladder.filter((strike) => strike > 0.99 * F)
    const bare = chain({ days: 25, strikes: upper, vol: 0.6 })
    const without = last(bare, chain({ days: 45 }))
    expect(without).toMatchObject({ skew30: null, skewMissing: 'deltas', atmMissing: null, expiries: [] })
    expect(without!.atmIv30).toBeCloseTo(0.6, 6)
    expect(last(bare, chain({ days: 15 }), chain({ days: 45 }))).toMatchObject({
      skew30: 0,
      expiries: [T + 15 * DAY_MS, T + 45 * DAY_MS],
    })
  })
})

describe('data/options: quotes that do not count', () => {
  const bad = (change: (option: Option) => Option) =>
    last(
      chain({ days: 20 }),
      chain({ days: 45 }, (option) => (Math.abs(option.strike / F - 1) < 0.11 ? change(option) : option)),
    )!

  it('have no volatility, no bid or no ask, cross, or are wider than ten points', () => {
    const reasons: readonly ((option: Option) => Option)[] = [
      (option) => ({ ...option, markIv: null }),
      (option) => ({ ...option, bid: null }),
      (option) => ({ ...option, ask: null }),
      (option) => ({ ...option, bid: option.ask, ask: option.bid }),
      (option) => ({ ...option, ask: option.ask! * 1.3, bid: option.bid! / 1.3 }),
    ]
    for (const reason of reasons) {
      // Nonsense that would show, were the quote used.
      const said = bad((option) => reason({ ...option, markIv: 3 }))
      expect(said).toMatchObject({ dropped: 18, used: 146 })
      expect(said.atmIv30).toBeCloseTo(0.6, 6)
    }
    expect(surface({ spread: 9.9 })).toMatchObject({ dropped: 0 })
    expect(last(chain({ days: 20, spread: 10.1 }), chain({ days: 45, spread: 10.1 }))).toBeUndefined()
  })

  it('nor do options paid in USDC, whose prices are no coins, nor other venues', () => {
    const usdc = chain({ days: 45, symbol: 'BTC_USDC', vol: 2 })
    const inverse = chain({ days: 45 })
    const mixed = { ...inverse, data: { ...inverse.data, options: [...inverse.data.options, ...usdc.data.options] } }
    expect(last(chain({ days: 20 }), mixed)).toMatchObject({ used: 164, dropped: 0 })
    expect(last(chain({ days: 20, venue: 'okx' }), chain({ days: 45, venue: 'okx' }))).toBeUndefined()
  })
})

describe('data/options: when it speaks', () => {
  const before = [chain({ days: 20 }), chain({ days: 45 })]

  it('once something is known, and then where volatility or skew moved by half a point', () => {
    given(decider(), []).when(instant(T)).thenNothing()
    given(decider(), []).when(index(0.6)).thenNothing()
    given(decider(), [])
      .when(chain({ days: 20 }))
      .thenNothing()
    const again = (terms: Omit<Terms, 'days'>) =>
      last(...before, chain({ days: 20, at: T + LOOK, ...terms }), chain({ days: 45, at: T + LOOK, ...terms }))
    expect(again({})).toBeUndefined()
    expect(again({ vol: 0.604 })).toBeUndefined()
    expect(again({ vol: 0.62 })?.atmIv30).toBeCloseTo(0.62, 3)
    expect(again({ slope: 0.015 })).toBeUndefined()
    expect(again({ slope: 0.06 })?.skew30).toBeGreaterThan(1)
  })

  it('says once that its chains are too old, though none comes, and takes them up again', () => {
    given(decider(), before)
      .when(instant(T + STALE))
      .thenNothing()
    const silence = instant(T + STALE + 1)
    expect(last(...before, silence)).toMatchObject({
      at: T,
      atmIv30: null,
      skew30: null,
      atmIvNear: null,
      atmMissing: 'stale',
      skewMissing: 'stale',
      expiries: [],
      used: 0,
      dropped: 0,
    })
    given(decider(), [...before, silence])
      .when(instant(T + HOUR_MS))
      .thenNothing()
    expect(last(...before, index(0.6, T + STALE + 1))).toMatchObject({ atmMissing: 'stale' })
    const at = T + 2 * HOUR_MS
    expect(last(...before, silence, chain({ days: 20, at }))).toMatchObject({ atmMissing: 'expiries' })
    expect(last(...before, silence, chain({ days: 20, at }), chain({ days: 45, at }))).toMatchObject({
      atmMissing: null,
    })
  })

  it('waits for three looks where chains are looked at seldom', () => {
    const { drafts } = given(createOptionsData(HOUR_MS), before).when(instant(T + 3 * HOUR_MS))
    expect(drafts).toEqual([])
  })

  it('tells the nearest expiry of 7 to 14 days, and when another becomes it', () => {
    const near = chain({ days: 7, vol: 0.5 })
    expect(last(...before, near)).toMatchObject({ atmIvNear: 0.5, nearExpiresAt: T + 7 * DAY_MS })
    const at = T + LOOK
    const next = chain({ days: 12, vol: 0.55, at })
    expect(last(...before, near, next)).toMatchObject({ atmIvNear: 0.55, nearExpiresAt: T + 12 * DAY_MS })
    expect(surface()).toMatchObject({ atmIvNear: null, nearExpiresAt: null })
  })

  it('puts the index of the venue beside it while that is fresh; the index alone is no news', () => {
    given(decider(), before)
      .when(index(0.7, T + 1))
      .thenNothing()
    expect(last(index(0.7), ...before)).toMatchObject({ indexIv30: 0.7 })
    expect(last(index(0.7, T - STALE - 1), ...before)).toMatchObject({ indexIv30: null })
  })

  it('does not go back to a chain that came late', () => {
    const late = chain({ days: 45, at: T - 1, vol: 0.9 })
    given(decider(), before).when(late).thenNothing()
  })
})

describe('data/options: its memory', () => {
  const tape = Array.from({ length: 12 }, (_, day) =>
    [4, 9, 16, 30, 58].flatMap((days) =>
      days > day ? [chain({ days, at: T + day * DAY_MS, vol: 0.5 + day / 100, slope: day / 50 })] : [],
    ),
  ).flat()

  it('is plain, goes through JSON at any event and says the same', () => {
    const whole = play(decider(), tape)
    expect(whole.said.length).toBeGreaterThan(12)
    for (let at = 0; at < tape.length; at += 13) {
      const revived = play(decider(), tape, at)
      expect(revived.said).toEqual(whole.said)
      expect(JSON.stringify(revived.state)).toBe(JSON.stringify(whole.state))
    }
  })

  it('holds a few numbers of each expiry that is to come, no chain', () => {
    const state = play(decider(), tape).state as OptionsDataState // of this decider
    expect(state.books['deribit BTC']!.slices.map(({ expiresAt }) => (expiresAt - T) / DAY_MS)).toEqual([16, 30, 58])
    expect(JSON.stringify(state).length).toBeLessThan(1500)
  })

  it('keeps currencies apart', () => {
    const both = [chain({ days: 20, currency: 'ETH', vol: 0.9 }), ...[20, 45].map((days) => chain({ days }))]
    expect(last(...both, chain({ days: 45, currency: 'ETH', vol: 0.9 }))).toMatchObject({
      currency: 'ETH',
      atmIv30: 0.9,
    })
  })
})

describe('data/options in a run', () => {
  it('takes part where venues bring the data, and nowhere else', () => {
    const config = (instrument: string) =>
      configSchema.parse({ universe: [{ instrument, base: 'BTC', tick: '0.1', lot: '0.001' }] })
    const names = (instrument: string, fills: 'nextOpen' | 'quote') =>
      catalogue(config(instrument), fills).map(({ name }) => name)
    expect(names('binance.usdm.BTCUSDT', 'quote')).toContain('data/options')
    expect(names('binance.usdm.BTCUSDT', 'nextOpen')).not.toContain('data/options')
    expect(names('sim.spot.BTC', 'quote')).not.toContain('data/options')
  })

  it('is found in the cache under surface:', () => {
    const value = surface({ slope: 0.2 })
    expect(entryOfEvent(event('VolatilitySurfaceChanged', value))).toMatchObject({ key: 'surface:deribit:BTC', value })
  })
})
