/** Owns the checks of the latency histogram against the durations themselves, and of what a host times. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StepGroup } from '#engine/live-groups'
import { LatencyHistogram } from '#engine/live-latency'
import { HostTimings } from '#engine/live-timings'

const durations = fc.array(
  fc.oneof(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true })),
)
const ends = fc.uniqueArray(fc.double({ min: 0.01, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 12 })

describe('cumulative counts of a latency histogram', () => {
  it('never count what is longer than the end, and leave out no more than a sixty-fourth below it', () => {
    fc.assert(
      fc.property(durations, ends, (given, unsorted) => {
        const endsMs = [...unsorted].sort((a, b) => a - b)
        const histogram = new LatencyHistogram()
        for (const ms of given) histogram.record(ms)
        const counted = histogram.cumulative(endsMs)
        // A microsecond is the grain of the histogram itself.
        for (const [i, endMs] of endsMs.entries()) {
          expect(counted[i]).toBeLessThanOrEqual(given.filter((ms) => ms <= endMs + 0.0005).length)
          expect(counted[i]).toBeGreaterThanOrEqual(given.filter((ms) => ms <= endMs * (1 - 1 / 64) - 0.0015).length)
        }
        expect(counted).toEqual([...counted].sort((a, b) => a - b))
        expect(histogram.sumMs).toBeCloseTo(
          given.reduce((sum, ms) => sum + ms, 0),
          3,
        )
      }),
    )
  })

  it('begin anew when cleared', () => {
    const histogram = new LatencyHistogram()
    histogram.record(3)
    histogram.clear()
    expect([histogram.cumulative([10]), histogram.sumMs, histogram.count]).toEqual([[0], 0, 0])
  })
})

describe('timings of a host', () => {
  it('time the first step of a turn and every sixteenth behind it, and read the clock for no other', () => {
    let now = 0
    let readings = 0
    const timings = new HostTimings({
      now: () => {
        readings++
        return now
      },
      soon: () => undefined,
      after: () => () => undefined,
    })
    const steps = (count: number): void => {
      timings.turn()
      readings = 0
      for (let i = 0; i < count; i++) {
        timings.begin()
        now += 2
        timings.end()
      }
    }
    steps(1)
    steps(17)
    expect(timings.step.count).toBe(3)
    expect(readings).toBe(4)
    expect(timings.step.maxMs).toBe(2)
  })

  it('count a group once and each of its inputs', () => {
    const timings = new HostTimings({ now: () => 0, soon: () => undefined, after: () => () => undefined })
    const group = new StepGroup()
    group.sealedAt = 10
    group.arrivals.push(4, 9)
    timings.durable(group, 15)
    expect([timings.commit.count, timings.commit.sumMs]).toEqual([1, 5])
    expect([timings.input.count, timings.input.sumMs]).toEqual([2, 17])
  })
})
