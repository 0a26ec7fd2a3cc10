import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MINUTE_MS } from '#core/time'
import { BarSequencer } from '#data/connectors/bar-sequencer'
import type { BarRecord } from '#data/connectors/normal'

const START = 1_767_225_600_000
const bar = (minute: number, isClosed: boolean | null = true, close = minute): BarRecord => ({
  kind: 'bar',
  instrument: 'binance.usdm.BTCUSDT',
  interval: '1m',
  openTime: START + minute * MINUTE_MS,
  open: 1,
  high: 2,
  low: 0.5,
  close,
  volume: 3,
  quoteVolume: null,
  isClosed,
})
const end = (minute: number, afterMs = 0): number => START + (minute + 1) * MINUTE_MS + afterMs
const sequencer = (): BarSequencer =>
  new BarSequencer({ instrument: 'binance.usdm.BTCUSDT', interval: '1m', from: START, overdueMs: 2000 })

describe('the bar sequencer', () => {
  it('passes closed bars once and never open ones', () => {
    const bars = sequencer()
    expect(bars.live(bar(0, false), end(0)).bars).toEqual([])
    expect(bars.live(bar(0), end(0)).bars).toEqual([bar(0)])
    expect(bars.live(bar(0, true, 99), end(0)).bars).toEqual([])
    expect(bars.live(bar(1, null), end(1)).bars).toEqual([])
  })

  it('refuses a bar that has not ended by the venue’s time, or is not aligned', () => {
    const bars = sequencer()
    expect(bars.live(bar(5), end(0)).bars).toEqual([])
    expect(bars.live({ ...bar(0), openTime: START + 1 }, end(3)).bars).toEqual([])
    expect(bars.held).toBe(0)
  })

  it('holds later bars back and asks for the hole', () => {
    const bars = sequencer()
    bars.live(bar(0), end(0))
    expect(bars.live(bar(2), end(2)).bars).toEqual([])
    expect(bars.ask(end(2, 1500))).toEqual({ from: bar(1).openTime, to: bar(4).openTime })
    expect(bars.ask(end(2, 1500))).toBeUndefined() // one question at a time
    expect(bars.answered([bar(1, null), bar(2, null)], end(2, 1500), end(2, 1600)).bars).toEqual([bar(1, null), bar(2)])
  })

  it('asks for a bar that is overdue, and not before', () => {
    const bars = sequencer()
    expect(bars.ask(end(0, 1999))).toBeUndefined()
    expect(bars.ask(end(0, 2000))).toEqual({ from: START, to: bar(2).openTime })
    bars.failed(end(0, 2100))
    expect(bars.ask(end(0, 2200))).toBeUndefined()
    expect(bars.ask(end(0, 5000))).toBeDefined()
    expect(bars.live(bar(0), end(0, 5100)).bars).toEqual([bar(0)]) // the stream was faster than the answer
    expect(bars.answered([bar(0, null)], end(0, 5000), end(0, 5200))).toEqual({ bars: [], missing: [] })
  })

  it('does not take a running bar of REST for a closed one, whatever our clock says', () => {
    const bars = sequencer()
    // Our idea of the venue's time is ahead: there the bar is still running.
    expect(bars.ask(end(0, 2000))).toBeDefined()
    expect(bars.answered([bar(0, null, 7)], end(0, 2000), end(0, 2100)).bars).toEqual([])
    expect(bars.ask(end(0, 5000))).toBeDefined()
    expect(bars.answered([bar(0, null), bar(1, null, 7)], end(0, 5000), end(0, 5100)).bars).toEqual([bar(0, null)])
    // Without trades there is no later bar: then the clock decides, far behind the end.
    expect(bars.ask(end(1, 2000))).toBeDefined()
    expect(bars.answered([bar(1, null)], end(1, 2000), end(1, 2100)).bars).toEqual([])
    expect(bars.ask(end(1, 25_000))).toBeDefined()
    expect(bars.answered([bar(1, null)], end(1, 25_000), end(1, 25_100)).bars).toEqual([bar(1, null)])
  })

  it('passes a hole of the venue over after some answers and names it; a venue that lags is waited for', () => {
    const bars = sequencer()
    let now = end(0, 2000)
    for (let i = 0; i < 10; i++) {
      expect(bars.ask(now)).toBeDefined()
      expect(bars.answered([], now, now)).toEqual({ bars: [], missing: [] })
      now += 120_000
    }
    for (let i = 0; ; i++) {
      expect(i).toBeLessThan(4)
      expect(bars.ask(now)).toBeDefined()
      const { bars: passed, missing } = bars.answered([bar(3, null)], now, now)
      now += 120_000
      if (passed.length === 0) continue
      expect(passed).toEqual([bar(3, null)])
      expect(missing).toEqual([0, 1, 2].map((minute) => bar(minute).openTime))
      break
    }
    expect(bars.live(bar(1), now).bars).toEqual([]) // it may not come back
  })

  it('gives the truth once and in order, whatever is lost, doubled or late and however often REST fails', () => {
    const frames = fc.array(
      fc.record({ skew: fc.integer({ min: 0, max: 4 }), copies: fc.integer({ min: 0, max: 2 }) }),
      {
        minLength: 5,
        maxLength: 40,
      },
    )
    fc.assert(
      fc.property(
        frames,
        fc.array(fc.boolean(), { maxLength: 30 }),
        fc.integer({ min: 0, max: 4 }),
        (plan, rest, hole) => {
          const bars = sequencer()
          const count = plan.length
          const out: number[] = []
          const missing: number[] = []
          const has = (minute: number): boolean => minute !== hole || hole === 0
          let step = 0
          for (let now = START; now < end(count + 60); now += 5000) {
            plan.forEach(({ skew, copies }, minute) => {
              const at = end(minute, skew * 45_000)
              for (let i = 0; i < copies; i++)
                if (at >= now && at < now + 5000 && has(minute)) take(bars.live(bar(minute), at))
            })
            const span = bars.ask(now)
            if (span === undefined) continue
            if (rest[step++] === false) bars.failed(now)
            else {
              const rows = Array.from({ length: count + 1 }, (_, minute) => bar(minute, null))
              take(
                bars.answered(
                  rows.filter(({ openTime, close }) => openTime >= span.from && openTime < span.to && has(close)),
                  now,
                  now,
                ),
              )
            }
          }
          function take(output: ReturnType<BarSequencer['live']>): void {
            out.push(...output.bars.map(({ close }) => close))
            missing.push(...output.missing)
          }
          const expected = Array.from({ length: count + 1 }, (_, minute) => minute).filter(has)
          expect(out).toEqual(expected)
          expect(missing).toEqual(hole === 0 ? [] : [bar(hole).openTime])
        },
      ),
    )
  })
})
