import { describe, expect, it } from 'vitest'
import { DEFAULT_POLICY, type RestartPolicy, Restarts } from '#actors/restart-policy'
import { NO_JITTER } from './fake-agents.js'

const waits = (restarts: Restarts, times: readonly number[]): (number | undefined)[] =>
  times.map((now) => restarts.next(now))

describe('waits before a restart', () => {
  it('double up to the cap', () => {
    const policy = { ...NO_JITTER, budget: 6 }
    expect(waits(new Restarts('connector/a', 1, policy), [0, 1, 2, 3, 4, 5])).toEqual([100, 200, 400, 800, 1000, 1000])
  })

  it('lie within the jitter below the full wait, spread, and repeat with the seed', () => {
    const policy: RestartPolicy = { ...DEFAULT_POLICY, firstMs: 1000, factor: 1, jitter: 0.5, budget: 200 }
    const times = Array.from({ length: 200 }, (_, i) => i)
    const first = waits(new Restarts('connector/a', 7, policy), times)
    for (const wait of first) {
      expect(wait).toBeGreaterThanOrEqual(500)
      expect(wait).toBeLessThanOrEqual(1000)
    }
    expect(Math.max(...first.map(Number)) - Math.min(...first.map(Number))).toBeGreaterThan(400)
    expect(waits(new Restarts('connector/a', 7, policy), times)).toEqual(first)
    expect(waits(new Restarts('connector/a', 8, policy), times)).not.toEqual(first)
    expect(waits(new Restarts('connector/b', 7, policy), times)).not.toEqual(first)
  })

  it('start small again once failures have left the window', () => {
    const restarts = new Restarts('connector/a', 1, NO_JITTER)
    expect(waits(restarts, [0, 1, 60_001.5])).toEqual([100, 200, 100])
  })
})

describe('the budget', () => {
  it('is spent by one failure too many within the window, for good', () => {
    const restarts = new Restarts('connector/a', 1, NO_JITTER)
    expect(waits(restarts, [0, 1, 2, 3])).toEqual([100, 200, 400, undefined])
    expect(restarts.isSpent).toBe(true)
    expect(restarts.next(1e9)).toBeUndefined()
    expect(restarts.total).toBe(3)
  })

  it('is not spent by as many failures outside of it', () => {
    const restarts = new Restarts('connector/a', 1, NO_JITTER)
    expect(waits(restarts, [0, 30_000, 59_000, 60_500, 90_500, 119_500])).not.toContain(undefined)
  })
})
