import { describe, expect, it } from 'vitest'
import { sayLiveData } from '#audit/say-live-data'
import { event } from '#test/given'

const ts = Date.UTC(2026, 0, 5, 10, 30)
const instrument = 'binance.usdm.BTCUSDT'

describe('words of live data', () => {
  it('tell a doubt with what was seen', () => {
    const doubt = { subject: instrument, check: 'stale', isBad: true, detail: '16226 ms without news' } as const
    expect(sayLiveData(event('DataQualityChanged', doubt, { ts }))).toBe(
      'data of BTCUSDT: the check "stale" began to fail at 2026-01-05 10:30 (16226 ms without news)',
    )
    expect(sayLiveData(event('DataQualityChanged', { ...doubt, isBad: false }, { ts }))).toContain('passed again')
  })

  it('tell rates by their own interval, marks beside their index, corrections as such', () => {
    const rate = { instrument, rate: 0.0001, intervalHours: 8, nextFundingAt: null, at: ts }
    expect(sayLiveData(event('FundingRateChanged', rate, { ts }))).toMatch(
      /^funding of BTCUSDT stood at 0\.01 ?% for 8 h/,
    )
    expect(sayLiveData(event('MarkChanged', { instrument, mark: 62_845, index: 62_840, at: ts }, { ts }))).toBe(
      'mark of BTCUSDT at 2026-01-05 10:30: 62,845 beside an index of 62,840',
    )
    const value = { source: 'glassnode', metric: 'mvrv', asset: 'BTC', periodStart: ts, periodMs: 1, availableAt: ts }
    expect(sayLiveData(event('OnChainPublished', { ...value, value: 2.5, revision: 1 }, { ts }))).toContain(
      'correction 1',
    )
  })

  it('leave other events to other rooms', () => {
    expect(sayLiveData(event('InstantClosed', { instant: ts, intervals: [], missing: [] }))).toBeUndefined()
  })
})
