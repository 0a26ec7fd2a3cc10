import { describe, expect, it } from 'vitest'
import { QualityFeed } from '#actors/quality.actor'
import type { Doubts } from '#data/live-quality'

const BTC = 'binance.usdm.BTCUSDT'
const T = Date.UTC(2026, 0, 5, 10)

function feedOf(doubts: Doubts) {
  const clock = { now: T, due: [] as (() => void)[] }
  const feed = new QualityFeed({
    instruments: [{ instrument: BTC, base: 'BTC', quote: 'USDT' }],
    staleMs: 15_000,
    maxDeviationBps: 100,
    maxClockOffsetMs: 500,
    time: {
      now: () => clock.now,
      after: (_ms, look) => {
        clock.due.push(look)
        return () => undefined
      },
    },
    offsets: () => [['connector/binance', 10]],
    doubts: () => doubts,
  })
  const stop = new AbortController()
  const running = feed.run({ signal: stop.signal, degraded: () => undefined, recovered: () => undefined })
  const said: string[] = []
  const listen = (): void => {
    feed.inputs$().subscribe(({ data }) => {
      const { subject, check, isBad } = data as { subject: string; check: string; isBad: boolean } // its own payload
      said.push(`${subject} ${check} ${isBad ? 'bad' : 'good'}`)
    })
  }
  const pass = (ms: number): void => {
    clock.now += ms
    clock.due.pop()?.()
  }
  const end = async (): Promise<void> => {
    stop.abort()
    await running
  }
  return { feed, said, listen, pass, end }
}
const quote = (feed: QualityFeed, at: number): void =>
  feed.record({ kind: 'quote', instrument: BTC, ts: at, bid: 99, bidSize: 1, ask: 101, askSize: 1 }, at)

describe('the feed of doubts', () => {
  it('counts silence from when it is heard', async () => {
    const { said, listen, pass, end } = feedOf({})
    pass(60_000)
    listen()
    pass(14_000)
    expect(said).toEqual([])
    pass(2000)
    expect(said).toEqual([`${BTC} stale bad`])
    await end()
  })

  it('withdraws the doubts that the log left standing, each when its check passes', async () => {
    const { feed, said, listen, pass, end } = feedOf({
      [BTC]: ['gap', 'stale'],
      'connector/binance': ['clock'],
      'okx.swap.GONE': ['crossed'],
    })
    listen()
    expect(said).toEqual([`${BTC} gap good`, 'okx.swap.GONE crossed good', 'connector/binance clock good'])
    pass(5000)
    expect(said).toHaveLength(3)
    quote(feed, T + 5500)
    pass(1000)
    expect(said.at(-1)).toBe(`${BTC} stale good`)
    await end()
  })
})
