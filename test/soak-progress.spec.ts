/** Owns that a soak ends only when the log itself has everything. */
import { describe, expect, it } from 'vitest'
import { MINUTE_MS } from '#core/time'
import type { AnyEvent } from '#events/catalogue'
import { SoakProgress } from './soak-progress.js'

const START = Date.UTC(2026, 0, 15, 7, 30)
const END = START + 2 * MINUTE_MS
const SOL = 'bybit.linear.SOLUSDT'
const BTC = 'bybit.linear.BTCUSDT'

/** Only what progress looks at: the rest of an event says nothing about it. */
const event = (type: AnyEvent['type'], data: object): AnyEvent => ({ type, data }) as unknown as AnyEvent
const bar = (instrument: string, minute: number): AnyEvent =>
  event('BarClosed', { instrument, interval: '1m', openTime: START + minute * MINUTE_MS })
const instant = (minute: number): AnyEvent => event('InstantClosed', { instant: START + minute * MINUTE_MS })

describe('the end of a soak', () => {
  it('waits for the last bar of every instrument, and for the instant behind it', () => {
    const progress = new SoakProgress([BTC, SOL])
    expect(progress.has(END)).toBe(false)
    progress.take([bar(BTC, 0), bar(SOL, 0), instant(1), bar(BTC, 1)])
    expect(progress.has(START + MINUTE_MS)).toBe(true)
    expect(progress.has(END)).toBe(false)
    progress.take([bar(SOL, 1)])
    expect(progress.has(END)).toBe(false)
    progress.take([instant(2)])
    expect(progress.has(END)).toBe(true)
  })

  it('waits for bars behind a hole that come late, though the instants go on without them', () => {
    const progress = new SoakProgress([BTC, SOL])
    progress.take([bar(BTC, 0), instant(1), bar(BTC, 1), instant(2)])
    progress.take([bar(SOL, 0)])
    expect(progress.has(END)).toBe(false)
    progress.take([bar(SOL, 1)])
    expect(progress.has(END)).toBe(true)
  })

  it('does not wait for one whose delisting is in the log', () => {
    const progress = new SoakProgress([BTC, SOL])
    progress.take([bar(BTC, 0), bar(SOL, 0), instant(1), bar(BTC, 1), instant(2)])
    expect(progress.has(END)).toBe(false)
    progress.take([event('InstrumentDelisted', { instrument: SOL, reason: 'delisted' })])
    expect(progress.has(END)).toBe(true)
  })

  it('knows which settlement is in the log, and that a delisted instrument settles no more', () => {
    const progress = new SoakProgress([BTC, SOL])
    const at = START + MINUTE_MS
    expect(progress.hasSettlement(SOL, at)).toBe(false)
    progress.take([event('FundingSettled', { instrument: BTC, settledAt: at, rate: 0 })])
    expect([progress.hasSettlement(BTC, at), progress.hasSettlement(BTC, at + 1)]).toEqual([true, false])
    expect(progress.hasSettlement(SOL, at)).toBe(false)
    progress.take([event('InstrumentDelisted', { instrument: SOL, reason: 'delisted' })])
    expect(progress.hasSettlement(SOL, at)).toBe(true)
  })

  it('counts no bars that nobody trades', () => {
    const progress = new SoakProgress([BTC])
    progress.take([bar(SOL, 1), instant(2)])
    expect(progress.has(END)).toBe(false)
  })
})
