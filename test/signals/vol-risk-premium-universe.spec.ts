/** VolRiskPremium on what a run begins with: a history of bars, of the hour or finer, before any listing. */
import { describe, expect, it } from 'vitest'
import { volRiskPremium } from '#core/config/signals-schema'
import type { EventEnvelope } from '#core/envelope'
import { HOUR_MS, intervalMs } from '#core/time'
import { createVolRiskPremium } from '#signals/vol-risk-premium.decider'
import { event } from '#test/given'
import { chain, expiry, MONDAY, now, term, words } from './option-tape.js'

const COIN = 'binance.usdm.BTCUSDT'
const universe = [{ instrument: COIN, base: 'BTC', quote: 'USDT', tick: '0.1', lot: '0.001', minNotional: '5' }]
const config = volRiskPremium.parse({ enabled: true })

/** Fourteen days whose hours realised 40 %; within an hour the price goes anywhere. */
function bars(interval: '15m' | '1h'): EventEnvelope[] {
  const stepMs = intervalMs(interval)
  const tape: EventEnvelope[] = []
  for (let ts = MONDAY - 14 * 24 * HOUR_MS + stepMs; ts <= MONDAY; ts += stepMs) {
    const move = (ts / HOUR_MS) % 2 === 0 ? 0.4 / Math.sqrt(8760) : 0
    const close = 100_000 * Math.exp(ts % HOUR_MS === 0 ? move : 0.1)
    const bar = { open: close, high: close, low: close, close, volume: 1 }
    tape.push(event('BarClosed', { instrument: COIN, interval, openTime: ts - stepMs, ...bar }, { ts, seq: 5 }))
  }
  return tape
}

describe('what was realised before the start', () => {
  it.each(['1h', '15m'] as const)('is known by %s bars without a listing', (interval) => {
    const decider = createVolRiskPremium(config, universe, interval)
    expect(decider.intervals).toContain(interval)
    const [word] = words(decider, [...bars(interval), chain(MONDAY, expiry(10)), now(MONDAY)])
    expect(word!.data.reason).toBe('premium')
    expect(term(word!, 'rv')).toBeCloseTo(0.4, 6)
    expect(term(word!, 'rvStepHours')).toBe(1)
  })

  it('of other coins says nothing', () => {
    const other = [{ ...universe[0]!, base: 'ETH' }]
    const tape = [...bars('1h'), chain(MONDAY, expiry(10)), now(MONDAY)]
    expect(words(createVolRiskPremium(config, other, '1h'), tape)).toEqual([])
  })
})
