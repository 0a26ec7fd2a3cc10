/** A market that plays given bars gives them back, at their length and at longer ones. */
import { describe, expect, it } from 'vitest'
import { Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#core/time'
import { worldFromBars } from '#venues/exchange/world/from-bars'
import type { WorldBar } from '#venues/exchange/world.port'

const START = Date.UTC(2024, 0, 1)

/** A walk with two decimals of price and three of volume; one bar is missing. */
function walk(lengthMs: number, count: number, missing: number) {
  const random = Sfc32.seeded(5)
  const round = (value: number, digits: number): number => Number(value.toFixed(digits))
  let last = 42_000
  const bars = Array.from({ length: count }, (_, i) => {
    const open = last
    const close = round(open * (1 + 0.01 * random.normal()), 2)
    const high = round(Math.max(open, close) * (1 + 0.004 * random.next()), 2)
    const low = round(Math.min(open, close) * (1 - 0.004 * random.next()), 2)
    last = close
    return { openTime: START + i * lengthMs, open, high, low, close, volume: round(1 + random.next() * 500, 3) }
  })
  return bars.filter((_, i) => i !== missing)
}

const play = (lengthMs: number, bars: ReturnType<typeof walk>) =>
  worldFromBars({
    seed: 3,
    venue: 'binance',
    lengthMs,
    paths: [
      {
        base: 'BTC',
        kind: 'linearPerpetual',
        openTime: bars.map(({ openTime }) => openTime),
        open: bars.map(({ open }) => open),
        high: bars.map(({ high }) => high),
        low: bars.map(({ low }) => low),
        close: bars.map(({ close }) => close),
        volume: bars.map(({ volume }) => volume),
      },
    ],
  })

const facts = ({ openTime, open, high, low, close, volume }: WorldBar) => ({
  openTime,
  open,
  high,
  low,
  close,
  volume,
})

describe.each([DAY_MS, 4 * HOUR_MS, HOUR_MS, 15 * MINUTE_MS, MINUTE_MS])('bars of %d ms', (lengthMs) => {
  const bars = walk(lengthMs, Math.min(1500, Math.max(60, (3 * DAY_MS) / lengthMs)), 30)
  const end = START + 10_000 * DAY_MS
  const world = play(lengthMs, bars)
  const perpetual = world.instruments(START + DAY_MS).find(({ kind }) => kind === 'linearPerpetual')!

  it('come back exactly, none for the one that is missing', () => {
    expect(world.bars(perpetual, lengthMs, START, bars.at(-1)!.openTime + 1, end).map(facts)).toEqual(bars)
  })

  it('add up to days, and fall apart into minutes and trades that add up to them', () => {
    const day = world.bars(perpetual, DAY_MS, START, START + 1, end)[0]!
    const inDay = bars.filter(({ openTime }) => openTime < START + DAY_MS)
    expect(day).toMatchObject({
      open: inDay[0]!.open,
      high: Math.max(...inDay.map(({ high }) => high)),
      low: Math.min(...inDay.map(({ low }) => low)),
      close: inDay.at(-1)!.close,
    })
    const { openTime, high, low, volume } = bars[7]!
    const minutes = world.bars(perpetual, MINUTE_MS, openTime, openTime + lengthMs, end)
    expect(minutes).toHaveLength(lengthMs / MINUTE_MS)
    expect(Math.max(...minutes.map((bar) => bar.high))).toBe(high)
    expect(Math.min(...minutes.map((bar) => bar.low))).toBe(low)
    expect(minutes.reduce((sum, bar) => sum + bar.volume, 0)).toBeCloseTo(volume, 6)
    const trades = world.trades(perpetual, openTime - 1, openTime + lengthMs - 1)
    expect(trades.reduce((sum, { size }) => sum + size, 0)).toBeCloseTo(volume, 6)
    expect(Math.max(...trades.map(({ price }) => price))).toBe(high)
  })

  it('trade nothing where one is missing, and keep the price', () => {
    const at = START + 30 * lengthMs
    expect(world.trades(perpetual, at - 1, at + lengthMs - 1)).toEqual([])
    expect(world.mark(perpetual, at + MINUTE_MS / 2) / bars[29]!.close).toBeCloseTo(1, 2)
  })
})

describe('instruments beside the one that is given', () => {
  it('stay close to it', () => {
    const bars = walk(DAY_MS, 60, 1000)
    const world = play(DAY_MS, bars)
    const at = START + 40 * DAY_MS + 12_345_678
    const of = (kind: string) => world.instruments(at).find((one) => one.kind === kind)!
    expect(world.mark(of('spot'), at) / world.mark(of('linearPerpetual'), at)).toBeCloseTo(1, 2)
    expect(world.instruments(at).some(({ kind }) => kind === 'inverseOption')).toBe(true)
    expect(world.settlements(of('inversePerpetual'), at - 2 * DAY_MS, at)).toHaveLength(6)
  })

  it('are refused for lengths that do not divide a day', () => {
    expect(() => play(7 * MINUTE_MS, walk(7 * MINUTE_MS, 10, 50))).toThrow('420000 ms cannot be played')
  })
})
