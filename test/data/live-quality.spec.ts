import { describe, expect, it } from 'vitest'
import { LiveQuality } from '#data/live-quality'

const BINANCE = 'binance.usdm.BTCUSDT'
const BYBIT = 'bybit.linear.BTCUSDT'
const OKX = 'okx.swap.BTC-USDT-SWAP'

function watch() {
  const said: string[] = []
  const quality = new LiveQuality({
    instruments: [BINANCE, BYBIT, OKX].map((instrument) => ({ instrument, base: 'BTC', quote: 'USDT' })),
    staleMs: 15_000,
    maxDeviationBps: 100,
    maxClockOffsetMs: 500,
    startedAt: 0,
    onVerdict: ({ subject, check, isBad }) => said.push(`${subject} ${check} ${isBad ? 'bad' : 'good'}`),
  })
  return { quality, said }
}
const markAll = (quality: LiveQuality, at: number, price = 100): void => {
  for (const instrument of [BINANCE, BYBIT, OKX]) quality.mark(instrument, price, at)
}

describe('quality of live data', () => {
  it('tells silence, once, and the first news after it', () => {
    const { quality, said } = watch()
    markAll(quality, 1000)
    quality.mark(BYBIT, 100, 10_000)
    quality.mark(OKX, 100, 10_000)
    for (const now of [16_000, 16_001, 17_000]) quality.look(now)
    expect(said).toEqual([`${BINANCE} stale bad`])
    quality.quote(BINANCE, 99, 101, 17_500)
    quality.look(17_600)
    expect(said[1]).toBe(`${BINANCE} stale good`)
    expect(quality.counts).toEqual({ stale: 1 })
  })

  it('tells crossed quotes, and takes no price from them', () => {
    const { quality, said } = watch()
    quality.quote(BINANCE, 101, 100, 1)
    quality.quote(BINANCE, 101, 101, 2)
    quality.quote(BINANCE, null, 100, 3)
    quality.quote(BINANCE, 99, 100, 4)
    expect(said).toEqual([`${BINANCE} crossed bad`, `${BINANCE} crossed good`])
  })

  it('tells the venue that is away from the others', () => {
    const { quality, said } = watch()
    markAll(quality, 1000)
    quality.mark(OKX, 102, 1000)
    quality.look(1000)
    expect(said).toEqual([`${OKX} deviation bad`])
    quality.mark(OKX, 100.9, 1000)
    quality.look(1000)
    expect(said[1]).toBe(`${OKX} deviation good`)
  })

  it('tells an outlier among bars against their own scale, and believes the next ordinary bar', () => {
    const { quality, said } = watch()
    let close = 100
    for (let i = 0; i < 60; i++) {
      close *= i % 2 === 0 ? 1.001 : 1 / 1.0011
      quality.bar(BINANCE, close)
    }
    quality.bar(BINANCE, close * 1.008)
    expect(said).toEqual([])
    quality.bar(BINANCE, close * 1.2)
    quality.bar(BINANCE, close * 1.2001)
    expect(said).toEqual([`${BINANCE} outlier bad`, `${BINANCE} outlier good`])
  })

  it('tells a clock that is off', () => {
    const { quality, said } = watch()
    for (const offset of [100, -501, -600, 499]) quality.clock('connector/binance', offset)
    expect(said).toEqual(['connector/binance clock bad', 'connector/binance clock good'])
  })
})
