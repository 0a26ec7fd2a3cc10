import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Input } from '#engine/dispatcher'
import { InputQueue } from '#engine/input-queue'
import { LatencyHistogram } from '#engine/live-latency'
import { bar } from './live-rig.js'

const quote = (instrument: string, ts: number, bid: number): Input => ({
  type: 'QuoteChanged',
  by: 'feed/x',
  ts,
  data: { instrument, bid, ask: bid + 1, bidSize: 1, askSize: 1 },
})
const of = (type: Input['type'], ts: number, data: object = {}): Input => ({ type, by: 'x/y', ts, data })
const drain = (queue: InputQueue): Input[] => {
  const all: Input[] = []
  for (let next = queue.take(); next !== undefined; next = queue.take()) all.push(next.input)
  return all
}

describe('the input queue', () => {
  it('puts the inputs of an instant in their fixed order, whatever order they came in', () => {
    const inputs = [
      of('OrderFilled', 5),
      of('TimerFired', 5),
      of('BarClosed', 5, { instrument: 'a.b.A', interval: '1h' }),
      of('BarClosed', 5, { instrument: 'a.b.A', interval: '1d' }),
      of('BarClosed', 5, { instrument: 'a.b.B', interval: '1h' }),
      of('FundingSettled', 5, { instrument: 'a.b.A' }),
      of('InstantClosed', 5),
      of('BarOpened', 5, { instrument: 'a.b.A' }),
      of('OperatorCommanded', 5),
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray(inputs, { minLength: inputs.length }), (shuffled) => {
        const queue = new InputQueue({ capacity: 16 })
        queue.push(of('OperatorCommanded', 4), 0)
        for (const input of shuffled) queue.push(input, 0)
        queue.push(of('OrderFilled', 6), 0)
        expect(drain(queue).slice(1, -1)).toEqual(inputs)
      }),
    )
  })

  it('keeps the latest quote of an instrument, in its own place, and never merges anything else', () => {
    const queue = new InputQueue({ capacity: 8 })
    queue.push(quote('a.b.A', 1, 10), 0)
    queue.push(bar(0), 0)
    queue.push(quote('a.b.B', 2, 20), 0)
    queue.push(quote('a.b.A', 3, 11), 0)
    queue.push(bar(0), 0)
    expect(queue.coalesced).toBe(1)
    expect(drain(queue)).toEqual([bar(0), quote('a.b.B', 2, 20), quote('a.b.A', 3, 11), bar(0)])
  })

  it('tells sources to wait before it is full, refuses when it is, and says when there is room', () => {
    const queue = new InputQueue({ capacity: 4, waitAt: 3 })
    expect([0, 1, 2, 3, 4].map((i) => queue.push(bar(i), i))).toEqual(['taken', 'taken', 'wait', 'wait', 'refused'])
    expect(queue.push(quote('a.b.A', 1, 1), 0)).toBe('wait')
    expect(queue.size).toBe(5)
    expect(queue.hasRoom).toBe(false)
    queue.take()
    queue.take()
    queue.take()
    expect(queue.hasRoom).toBe(true)
  })

  it('loses nothing and keeps the order of arrival across the ends of its ring', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (pushes) => {
        const queue = new InputQueue({ capacity: 5 })
        const expected: number[] = []
        const taken: number[] = []
        const accepted: number[] = []
        pushes.forEach((isPush, i) => {
          if (isPush) {
            if (queue.push(bar(i * 2), i) !== 'refused') accepted.push(i)
          } else {
            const next = queue.take()
            if (next !== undefined) taken.push(next.arrivedAt)
          }
        })
        for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next.arrivedAt)
        expected.push(...accepted)
        expect(taken).toEqual(expected)
      }),
    )
  })
})

describe('the latency histogram', () => {
  it('gives quantiles within 1.6 % above the exact ones', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4_000_000_000 }), { minLength: 1, maxLength: 300 }), (us) => {
        const histogram = new LatencyHistogram()
        for (const each of us) histogram.record(each / 1000)
        const sorted = [...us].sort((a, b) => a - b)
        for (const q of [0.01, 0.5, 0.99, 0.999, 1]) {
          const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]! / 1000
          const seen = histogram.quantileMs(q)
          expect(seen).toBeGreaterThanOrEqual(exact - 1e-9)
          expect(seen).toBeLessThanOrEqual(exact * (1 + 1 / 64) + 0.001)
        }
      }),
    )
  })
})
