import { describe, expect, it } from 'vitest'
import { SimBars } from '#actors/sim-bars.source'
import { SimQuotes } from '#actors/sim-quotes.source'
import { configSchema } from '#core/config/schema'
import { HOUR_MS } from '#core/time'
import { createSimMarket } from '#data/connectors/sim/market'
import type { Input } from '#engine/dispatcher'
import { compareWithinInstant } from '#engine/input-order'

const { sim } = configSchema.parse({ sim: { symbols: 3, historyDays: 3 } })
const bars = (seed = 5): SimBars => new SimBars(createSimMarket(sim, seed), createSimMarket(sim, seed))

function take(source: { peek(): Input | undefined; next(): void }, count: number): Input[] {
  const inputs: Input[] = []
  while (inputs.length < count) {
    const next = source.peek()
    if (next === undefined) break
    inputs.push(next)
    source.next()
  }
  return inputs
}

describe('bars of the built-in market', () => {
  it('begin with the listings, go on with whole instants, in the order of an instant', () => {
    const inputs = take(bars(), 200)
    expect(inputs.slice(0, 3).map(({ type }) => type)).toEqual(Array(3).fill('InstrumentListed'))
    for (let i = 1; i < inputs.length; i++) {
      const [a, b] = [inputs[i - 1]!, inputs[i]!]
      expect(a.ts < b.ts || (a.ts === b.ts && compareWithinInstant(a, b) <= 0)).toBe(true)
    }
  })

  it('go on from a state taken behind any input, as from JSON', () => {
    const whole = take(bars(), 80)
    const source = bars()
    for (let taken = 0; taken < 60; taken++) {
      const other = bars()
      other.restore(JSON.parse(JSON.stringify(source.state())))
      expect(take(other, 12)).toEqual(whole.slice(taken, taken + 12))
      source.peek() // looking ahead must not change the state
      expect(source.peek()).toEqual(whole[taken])
      source.next()
    }
  })

  it('begin anew from the state of their beginning, however far they have come', () => {
    const source = bars()
    const beginning = JSON.parse(JSON.stringify(source.state()))
    const whole = take(source, 30)
    source.restore(beginning)
    expect(take(source, 30)).toEqual(whole)
  })

  it('stand where another market of the same seed was when its history had ended', () => {
    const past = createSimMarket(sim, 5)
    for (const _ of past.history());
    const source = new SimBars(createSimMarket(sim, 5), createSimMarket(sim, 5), () => past.state())
    expect(take(source, 30)).toEqual(take(bars(), 30))
  })

  it('end where they are told to', () => {
    const source = bars()
    const { start } = source.market
    source.endAt(start + 2 * HOUR_MS)
    const inputs = take(source, 1000)
    expect(inputs.at(-1)).toMatchObject({ type: 'InstantClosed', ts: start + 2 * HOUR_MS })
    expect(source.hasEnded).toBe(true)
  })
})

describe('quotes of the built-in market', () => {
  const rig = () => {
    const source = bars()
    const trading = { ts: 0, instruments: [] as readonly string[] }
    const quotes = new SimQuotes(source, () => trading)
    const [a, b] = source.market.universe.map(({ instrument }) => instrument) as [string, string]
    take(source, 3)
    while (source.market.at < source.market.start) source.next()
    trading.ts = source.market.at
    return { source, trading, quotes, a, b }
  }

  it('are there only while an order is at work', () => {
    const { trading, quotes, a } = rig()
    expect(quotes.peek()).toBeUndefined()
    trading.instruments = [a]
    expect(quotes.peek()).toMatchObject({ type: 'QuoteChanged', data: { instrument: a } })
    trading.instruments = []
    expect(quotes.peek()).toBeUndefined()
  })

  it('are never of the past, and cover every instrument asked for at each time', () => {
    const { trading, quotes, a, b, source } = rig()
    trading.ts += 20 * 60_000
    trading.instruments = [a, b].sort()
    const got: Input[] = []
    for (let i = 0; i < 12; i++) {
      const quote = quotes.peek()!
      expect(quote.ts).toBeGreaterThanOrEqual(trading.ts)
      quotes.next()
      trading.ts = quote.ts
      got.push(quote)
    }
    expect(got[0]!.ts).toBeGreaterThan(source.market.at + 20 * 60_000)
    for (let i = 0; i < got.length; i += 2) expect(got[i]!.ts).toBe(got[i + 1]!.ts)
    expect(new Set(got.map(({ ts }) => ts)).size).toBe(6)
  })

  it('follow an instrument that joins', () => {
    const { trading, quotes, a, b } = rig()
    trading.instruments = [a]
    take(quotes, 1)
    trading.ts += 60_000
    trading.instruments = [b]
    expect(quotes.peek()).toMatchObject({ data: { instrument: b } })
  })

  it('do not bear the name by which a refold would look for them', () => {
    const { trading, quotes, a, source } = rig()
    trading.instruments = [a]
    expect([source.name, quotes.name]).not.toContain(quotes.peek()?.by)
  })
})
