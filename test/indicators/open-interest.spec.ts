import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '#core/time'
import { openInterestChanged } from '#events/market.events'
import {
  advanceOiTrack,
  coinsAgo,
  coinsOfValue,
  createOiTrack,
  knownCoins,
  oiLevel,
  oiLogChange,
  oiQuadrant,
  takeOpenInterest,
  weightedOiChange,
} from '#indicators/open-interest'
import {
  closeWarningDay,
  createOiWarning,
  judgeWarning,
  noteWarningDay,
  takeWarningFunding,
  WARNING_DAYS,
} from '#indicators/open-interest-warning'
import { median } from '#quant/moments'

describe('quadrants', () => {
  it('include their bands, in both directions', () => {
    const at = (price: number, oi: number) => oiQuadrant(price, oi, 0.005, 0.01)
    expect([at(0.005, 0.01), at(0.005, -0.01), at(-0.005, 0.01), at(-0.005, -0.01)]).toEqual([
      'new-longs',
      'short-covering',
      'new-shorts',
      'long-unwind',
    ])
    expect([at(0.00499, 0.5), at(0.5, 0.00999), at(-0.00499, -0.5), at(0, 0)]).toEqual(Array(4).fill('neutral'))
    expect(oiQuadrant(Math.log(1.02) - Math.log(1.01), 0.02, Math.log(1.02 / 1.01), 0.01)).toBe('new-longs')
  })

  it('have none where nothing changed, even without bands', () => {
    expect(oiQuadrant(0, 0.5, 0, 0)).toBe('neutral')
    expect(oiQuadrant(0.5, 0, 0, 0)).toBe('neutral')
  })
})

describe('open interest in dollars', () => {
  it('has no place in the event, and inverts the quadrant where it is taken for coins', () => {
    expect(Object.keys(openInterestChanged.shape)).toEqual(['instrument', 'openInterest', 'at'])
    // Coins fall 5 % while the price rises 10 %: short covering. In dollars it looks like new longs.
    const [before, after] = [1000, 950]
    expect(oiQuadrant(Math.log(1.1), Math.log(after / before), 0.005, 0.01)).toBe('short-covering')
    expect(oiQuadrant(Math.log(1.1), Math.log((after * 110) / (before * 100)), 0.005, 0.01)).toBe('new-longs')
    expect(coinsOfValue(after * 110, 110)).toBe(after)
  })

  it('is no coin without a close', () => {
    expect(coinsOfValue(1000, 0)).toBeNull()
    expect(coinsOfValue(0, 100)).toBeNull()
    expect(coinsOfValue(Number.NaN, 100)).toBeNull()
  })
})

describe('volume weighting', () => {
  it('knows nothing without volume', () => {
    expect(oiLevel([1, 2], [0, 0], 10)).toEqual({ total: 3, volumeWeighted: null, oiToVolume: null })
    expect(oiLevel([1, 3], [10, 30], 20)).toEqual({ total: 4, volumeWeighted: 2.5, oiToVolume: 2 })
    expect(weightedOiChange([1, 2], [0])).toBeNull()
    expect(weightedOiChange([1, 0, 2], [1, 1])).toBeNull()
    expect(() => weightedOiChange([1, 2], [1, 1])).toThrow()
  })
})

describe('the track of open interest', () => {
  const hour = (n: number) => 1000 * DAY_MS + n * HOUR_MS

  it('holds what was known at each instant of the grid, not what came after it', () => {
    const track = createOiTrack(HOUR_MS, 5, 30 * HOUR_MS)
    takeOpenInterest(track, 100, 1, hour(0) + 60_000, 1)
    expect(coinsAgo(track, 0)).toBe(0) // not known at the hour
    takeOpenInterest(track, 200, 2, hour(2), 2)
    expect([0, 1, 2].map((ago) => coinsAgo(track, ago))).toEqual([200, 100, 0])
    takeOpenInterest(track, 300, 3, hour(2) + 1, 3)
    expect(coinsAgo(track, 0)).toBe(200)
    advanceOiTrack(track, hour(4))
    expect([0, 1, 2].map((ago) => coinsAgo(track, ago))).toEqual([300, 300, 200])
    expect(oiLogChange(track, 2)).toBeCloseTo(Math.log(1.5), 12)
    expect(oiLogChange(track, 4)).toBeNull()
    expect(oiLogChange(track, 9)).toBeNull()
  })

  it('forgets what is older than the largest age, which is inclusive', () => {
    const track = createOiTrack(HOUR_MS, 5, 2 * HOUR_MS)
    takeOpenInterest(track, 100, 1, hour(0), 1)
    expect(knownCoins(track, hour(2))).toBe(100)
    expect(knownCoins(track, hour(2) + 1)).toBe(0)
    advanceOiTrack(track, hour(3))
    expect([0, 1].map((ago) => coinsAgo(track, ago))).toEqual([0, 100])
  })

  it('ignores an older snapshot that comes late, one that is not news, and what is no open interest', () => {
    const track = createOiTrack(HOUR_MS, 5, DAY_MS)
    expect(takeOpenInterest(track, 100, 50, hour(1), 1)).toBe(true)
    expect(takeOpenInterest(track, 90, 40, hour(2), 2)).toBe(false)
    expect(takeOpenInterest(track, 100, 50, hour(2), 3)).toBe(false)
    expect(takeOpenInterest(track, 0, 60, hour(2), 4)).toBe(false)
    expect([track.coins, track.receivedAt]).toEqual([100, hour(1)])
  })
})

describe('the early warning', () => {
  const rules = { z: 1.5, fundingQuantile: 0.9, fundingDays: 90 }
  /** 91 days of builds that alternate, and of funding with the last settlement at `apr`. */
  function warmed(apr: number, days = WARNING_DAYS, fundingDays = 91) {
    const state = createOiWarning()
    for (let i = 0; i < days; i++) {
      closeWarningDay(state, i * DAY_MS)
      noteWarningDay(state, i * DAY_MS, i % 2 === 0 ? 0.01 : -0.01, 1 + i / 100)
    }
    closeWarningDay(state, 200 * DAY_MS)
    for (let i = 0; i < fundingDays * 3; i++)
      takeWarningFunding(state, (200 - fundingDays) * DAY_MS + (i * DAY_MS) / 3, 0.1, rules)
    takeWarningFunding(state, 200 * DAY_MS, apr, rules)
    return state
  }
  const now = 200 * DAY_MS
  const sd = 0.01 * Math.sqrt(WARNING_DAYS / (WARNING_DAYS - 1))

  it('goes on at a z of exactly its threshold and |APR| above, not at, the quantile', () => {
    const judge = (apr: number, build: number) => judgeWarning(warmed(apr), rules, now, build, 1)
    expect(judge(0.2, 1.5001 * sd).isOn).toBe(true)
    expect(judge(0.2, 1.4999 * sd).isOn).toBe(false)
    expect(judge(0.1, 3 * sd)).toMatchObject({ isOn: false, aprQuantile: 0.1, absApr: 0.1 })
    expect(judge(0.2, 3 * sd).score).toBeCloseTo(2, 6)
    expect(judge(0.2, -3 * sd)).toMatchObject({ isOn: false, score: expect.closeTo(-2, 6) })
  })

  it('is confirmed in the top decile of open interest over volume, inclusive', () => {
    const ratio = (value: number | null) => judgeWarning(warmed(0.2), rules, now, 3 * sd, value).isConfirmed
    expect([ratio(1.80101), ratio(1.80099), ratio(null)]).toEqual([true, false, false])
    expect(judgeWarning(warmed(0.2), rules, now, 3 * sd, 1).ratioDecile).toBeCloseTo(1.801, 6)
  })

  it('stays off without enough days, enough funding, a fresh settlement, or a build', () => {
    const off = (state: ReturnType<typeof warmed>, at = now, build: number | null = 3 * sd) =>
      judgeWarning(state, rules, at, build, 1)
    expect(off(warmed(0.2, WARNING_DAYS - 1))).toMatchObject({ isOn: false, z: null, score: null })
    expect(off(warmed(0.2, WARNING_DAYS, 89))).toMatchObject({ isOn: false, absApr: null, score: null })
    expect(off(warmed(0.2), now + DAY_MS).isOn).toBe(true)
    expect(off(warmed(0.2), now + DAY_MS + 1).isOn).toBe(false)
    expect(off(warmed(0.2), now, null)).toMatchObject({ isOn: false, z: null })
  })

  it('never compares a day with itself: the day it notes counts once time has moved on', () => {
    const state = warmed(0.2)
    noteWarningDay(state, now, 5, 99)
    closeWarningDay(state, now)
    const before = judgeWarning(state, rules, now, 3 * sd, 1)
    noteWarningDay(state, now, 7, 99)
    expect(judgeWarning(state, rules, now, 3 * sd, 1)).toEqual(before)
    closeWarningDay(state, now + 1)
    expect(judgeWarning(state, rules, now, 3 * sd, 1).z).not.toBe(before.z)
  })

  it('keeps no more funding than its days, and takes a settlement once', () => {
    const state = warmed(0.2)
    takeWarningFunding(state, now, 9, rules)
    expect(state.fundingApr.at(-1)).toBe(0.2)
    expect(state.fundingAt.length).toBe(270)
    expect(median(state.fundingApr)).toBe(0.1)
    expect(JSON.parse(JSON.stringify(state))).toEqual(state)
  })
})
