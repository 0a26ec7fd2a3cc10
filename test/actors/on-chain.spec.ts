import { describe, expect, it } from 'vitest'
import { OnChainFeed } from '#actors/on-chain.actor'
import { QuantbotError } from '#core/errors'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { OnChainRecord } from '#data/connectors/normal'
import { METRICS } from '#data/connectors/onchain/metrics'
import type { PushedInput } from '#engine/live'
import type { OnChainPublished } from '#events/market.events'
import { ManualTime } from '#test/data/connectors/manual-time'

const plan = METRICS[0]!
const T = Date.UTC(2024, 0, 10)
const row = (day: number, value: number | null): OnChainRecord => ({
  kind: 'onChain',
  source: 'glassnode',
  metric: plan.metric,
  asset: plan.asset,
  periodStart: T + day * DAY_MS,
  periodMs: DAY_MS,
  value,
})

function rig(answers: () => readonly OnChainRecord[] | QuantbotError, published = {}) {
  const time = new ManualTime(T + 3 * HOUR_MS)
  let asked = 0
  const feed = new OnChainFeed({
    series: [
      {
        plan,
        ask: async () => {
          asked++
          const answer = answers()
          if (answer instanceof QuantbotError) throw answer
          return answer
        },
      },
    ],
    time,
    lagMs: 2 * HOUR_MS,
    pollMs: HOUR_MS,
    published: () => published,
  })
  const said: OnChainPublished['data'][] = []
  feed.inputs$().subscribe((input: PushedInput) => said.push(input.data as unknown as OnChainPublished['data']))
  const stop = new AbortController()
  const health: string[] = []
  const running = feed.run({
    signal: stop.signal,
    degraded: (reason) => health.push(reason),
    recovered: () => health.push(''),
  })
  const end = (): Promise<void> => {
    stop.abort()
    return running
  }
  return { time, feed, said, health, asked: () => asked, end }
}
const days = (said: readonly OnChainPublished['data'][]) =>
  said.map(({ periodStart, value, revision }) => [(periodStart - T) / DAY_MS, value, revision])

describe('connector/onchain', () => {
  it('publishes a value when its period and the lag are over, not before', async () => {
    const { time, said, end } = rig(() => [row(-2, 1), row(-1, 2), row(0, 3)])
    await time.advance(0)
    expect(days(said)).toEqual([[-1, 2, 0]])
    await time.advance(22 * HOUR_MS)
    expect(said).toHaveLength(1)
    await time.advance(2 * HOUR_MS)
    expect(days(said)).toEqual([
      [-1, 2, 0],
      [0, 3, 0],
    ])
    expect(said[1]!.availableAt).toBe(T + DAY_MS + 2 * HOUR_MS)
    await end()
  })

  it('publishes corrections as revisions, and nothing twice', async () => {
    let value = 2
    const { time, said, end, asked } = rig(() => [row(-2, 1), row(-1, value)])
    await time.advance(5 * HOUR_MS)
    value = 2.5
    await time.advance(2 * HOUR_MS)
    expect(days(said)).toEqual([
      [-1, 2, 0],
      [-1, 2.5, 1],
    ])
    expect(asked()).toBeGreaterThan(5)
    await end()
  })

  it('goes on behind what the log has', async () => {
    const series = `${plan.source} ${plan.asset} ${plan.metric}`
    const published = { [series]: [{ periodStart: T - 3 * DAY_MS, value: 9, revision: 0 }] }
    const { time, said, end } = rig(() => [row(-4, 8), row(-3, 9), row(-2, 1), row(-1, null)], published)
    await time.advance(0)
    expect(days(said)).toEqual([[-2, 1, 0]])
    await end()
  })

  it('asks no more for what the vendor refuses, and is degraded while it does not answer', async () => {
    const refused = rig(() => new QuantbotError('VENUE_REFUSED', '403 not in plan'))
    await refused.time.advance(5 * HOUR_MS)
    expect(refused.asked()).toBe(1)
    expect(refused.feed.healthcheck().detail).toContain('not in plan')
    await refused.end()
    const away = rig(() => new QuantbotError('VENUE_UNREACHABLE', 'ECONNREFUSED'))
    await away.time.advance(2 * HOUR_MS)
    expect(away.asked()).toBe(3)
    expect(away.health.at(-1)).toContain('ECONNREFUSED')
    await away.end()
  })

  it('never publishes what was fetched before its period was over, however long the vendor is away', async () => {
    let isAway = false
    const { time, said, end } = rig(() =>
      isAway ? new QuantbotError('VENUE_UNREACHABLE', 'ECONNREFUSED') : [row(-1, 2), row(0, 3)],
    )
    await time.advance(20 * HOUR_MS)
    isAway = true
    await time.advance(10 * HOUR_MS)
    expect(days(said)).toEqual([[-1, 2, 0]])
    isAway = false
    await time.advance(HOUR_MS)
    expect(days(said).at(-1)).toEqual([0, 3, 0])
    await end()
  })

  it('says of late values and of corrections when they came', async () => {
    let rows = [row(-2, 1), row(-1, null)]
    const { time, said, end } = rig(() => rows)
    await time.advance(2 * HOUR_MS)
    rows = [row(-2, 1), row(-1, 2)]
    await time.advance(HOUR_MS)
    rows = [row(-2, 1), row(-1, 2.5)]
    await time.advance(HOUR_MS)
    expect(days(said)).toEqual([
      [-2, 1, 0],
      [-1, 2, 0],
      [-1, 2.5, 1],
    ])
    const due = T - DAY_MS + 2 * HOUR_MS
    expect(said.map(({ availableAt }) => availableAt)).toEqual([due, T + 6 * HOUR_MS, T + 7 * HOUR_MS])
    await end()
  })
})
