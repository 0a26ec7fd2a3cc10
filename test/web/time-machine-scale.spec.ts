/** The slider's arithmetic: places, keys, typed moments, the event at a time, labels. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clamp,
  fractionOf,
  parseMoment,
  seqAfterKey,
  seqAtFraction,
  seqAtTime,
  seqNear,
  timeLabels,
} from '#web/views/time-machine-scale'

const span = { first: 11, last: 1_000_011 }
const DAY = 86_400_000

describe('places on the track', () => {
  it('run from the first event to the last, and back to the same seq', () => {
    expect([fractionOf(11, span), fractionOf(500_011, span), fractionOf(1_000_011, span)]).toEqual([0, 0.5, 1])
    fc.assert(
      fc.property(fc.integer({ min: 11, max: 1_000_011 }), (seq) => {
        expect(seqAtFraction(fractionOf(seq, span), span)).toBe(seq)
      }),
    )
  })

  it('end at the ends', () => {
    expect([seqAtFraction(-1, span), seqAtFraction(2, span), clamp(3.4, span), fractionOf(5, span)]).toEqual([
      11, 1_000_011, 11, 0,
    ])
    expect(fractionOf(1, { first: 1, last: 1 })).toBe(1)
  })
})

describe('keys', () => {
  const from = (seq: number, key: string, shift = false): number | null => seqAfterKey({ key, shift }, seq, span)

  it.each([
    ['ArrowRight', false, 501],
    ['ArrowUp', false, 501],
    ['ArrowLeft', false, 499],
    ['ArrowDown', false, 499],
    ['ArrowRight', true, 600],
    ['ArrowLeft', true, 400],
    ['PageUp', false, 10_500],
    ['PageDown', false, 11],
    ['Home', false, 11],
    ['End', false, 1_000_011],
    ['a', false, null],
    ['Tab', true, null],
  ])('%s (shift %s) leads from 500 to %s', (key, shift, to) => {
    expect(from(500, key, shift)).toBe(to)
  })

  it('do not lead over the ends, and move at least one event in a short run', () => {
    expect(from(1_000_011, 'ArrowRight')).toBe(1_000_011)
    expect(from(11, 'PageDown')).toBe(11)
    expect(seqAfterKey({ key: 'PageUp', shift: false }, 3, { first: 1, last: 9 })).toBe(4)
  })
})

describe('what a person types', () => {
  it.each([
    ['1234567', 1_234_567],
    ['1,234,567', 1_234_567],
    [' 12 345 ', 12_345],
    ['0', 0],
  ])('%s is a seq', (text, seq) => {
    expect(parseMoment(text)).toEqual({ kind: 'seq', seq })
  })

  it.each([
    ['2025-03-01', Date.UTC(2025, 2, 1)],
    ['2025-03-01 14:30', Date.UTC(2025, 2, 1, 14, 30)],
    ['2025-03-01T14:30:05.25Z', Date.UTC(2025, 2, 1, 14, 30, 5, 250)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
  ])('%s is a time', (text, ts) => {
    expect(parseMoment(text)).toEqual({ kind: 'time', ts })
  })

  it.each(['', 'yesterday', '2025-02-29', '2025-13-01', '2025-03-01 24:00', '2025-03-01 10:61', '12.5', '-4', '1,23'])(
    '%j is neither',
    (text) => {
      expect(parseMoment(text)).toBeNull()
    },
  )
})

describe('the event at a time', () => {
  it('is the last one that is not later, whatever the pace of events', async () => {
    const timesOf = fc.array(fc.nat({ max: 1_000_000_000 }), { minLength: 1, maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(timesOf, fc.nat({ max: 1_000_000_000 }), fc.nat({ max: 50 }), async (times, at, first) => {
        const sorted = times.sort((a, b) => a - b)
        let questions = 0
        const found = await seqAtTime(at, { first, last: first + sorted.length - 1 }, async (seq) => {
          questions++
          return sorted[seq - first]!
        })
        const expected = sorted.findLastIndex((ts) => ts <= at)
        expect(found).toBe(first + Math.max(0, expected))
        expect(questions).toBeLessThanOrEqual(2 + 2 * Math.ceil(Math.log2(sorted.length + 1)))
      }),
    )
  })

  it('is guessed between known points', () => {
    const points = { seq: [10, 20, 40], ts: [1000, 2000, 4000] }
    expect([500, 1000, 1500, 3000, 9000].map((ts) => seqNear(ts, points))).toEqual([10, 10, 15, 30, 40])
    expect(seqNear(5, { seq: [], ts: [] })).toBeNull()
  })
})

describe('labels under the track', () => {
  const even = (days: number): { seq: number[]; ts: number[] } => {
    const begin = Date.UTC(2024, 10, 20, 5)
    return { seq: [1, 1001], ts: [begin, begin + days * DAY] }
  }

  it.each([
    [0.1, '06:00'],
    [3, '12:00'],
    [12, '11-23'],
    [120, '2024-12'],
    [3000, '2026'],
  ])('of %d days are round and few, %s among them', (days, text) => {
    const labels = timeLabels(even(days), 8)
    expect(labels.map((label) => label.text)).toContain(text)
    expect(labels.length).toBeLessThanOrEqual(9)
    expect(labels.length).toBeGreaterThanOrEqual(2)
    for (const { seq } of labels) expect(seq >= 1 && seq <= 1001).toBe(true)
  })

  it('are none where there is no span', () => {
    expect(timeLabels({ seq: [], ts: [] }, 8)).toEqual([])
    expect(timeLabels({ seq: [1], ts: [5] }, 8)).toEqual([])
  })
})
