import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { configSchema } from '#core/config/schema'
import type { EventEnvelope } from '#core/envelope'
import { DAY_MS, floorTo, HOUR_MS, isoDay } from '#core/time'
import type { PackageChanged } from '#events/package.events'
import { netCarryApr } from '#quant/basis'
import { createCashCarry } from '#signals/cash-carry.decider'
import { event } from '#test/given'
import { sharedPath } from '#test/shared'
import { entry, play, sharedCandles } from './play.js'

const DEFAULTS = configSchema.parse({}).signals.cashCarry
const path = sharedPath('data', 'futures', 'deribit', 'BTC-dated.csv')

interface Row {
  readonly ts: number
  readonly symbol: string
  readonly expiry: number
  readonly price: number
  readonly index: number
}

function rowsOf(file: string): Row[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [ts, symbol, expiry, price, index] = line.split(',')
      return { ts: Number(ts), symbol: symbol!, expiry: Number(expiry), price: Number(price), index: Number(index) }
    })
}

/** Listings at the first mark, marks at their times, an instant every eight hours: expiries are at eight. */
function tapeOf(rows: readonly Row[], chain = 'deribit.future.'): EventEnvelope[] {
  const tape: EventEnvelope[] = []
  const known = new Set<string>()
  let clock = floorTo(rows[0]!.ts, 8 * HOUR_MS)
  const until = (ts: number): void => {
    for (; clock < ts; clock += 8 * HOUR_MS)
      tape.push(
        event('InstantClosed', { instant: clock, intervals: ['1h'], missing: [] }, { ts: clock, seq: tape.length + 1 }),
      )
  }
  for (const { ts, symbol, expiry, price, index } of rows) {
    until(ts)
    const instrument = chain + symbol
    if (!known.has(symbol)) {
      known.add(symbol)
      const terms = { kind: 'inverseFuture', base: 'BTC', quote: 'USD', tick: '2.5', lot: '0.0001' } as const
      const fees = { minNotional: '10', makerFeeBps: 0, takerFeeBps: 5 }
      tape.push(
        event('InstrumentListed', { instrument, ...terms, ...fees, expiresAt: expiry }, { ts, seq: tape.length + 1 }),
      )
    }
    tape.push(event('MarkChanged', { instrument, mark: price, index, at: ts }, { ts, seq: tape.length + 1 }))
  }
  until(rows.at(-1)!.ts + 1)
  return tape
}

describe('signal/basis on the dated futures of Deribit, 2026', () => {
  if (path === undefined) it.skip('SKIPPED: the shared data is not there')

  const rows = path === undefined ? [] : rowsOf(path)
  const tape = rows.length === 0 ? [] : tapeOf(rows)
  const words = (entryApr: number) =>
    play(createCashCarry({ ...DEFAULTS, entryApr }, [entry('binance.spot.BTCUSDT')]), tape).said.map(
      ({ ts, data }) => ({ ts, data: data as unknown as PackageChanged['data'] }), // what it emits
    )

  it.skipIf(path === undefined)('opens at no price of that year: the basis stays below eight percent', () => {
    expect(words(0.08)).toEqual([])
    const best = Math.max(
      ...rows.map(({ ts, expiry, price, index }) => {
        const days = (expiry - ts) / DAY_MS
        return days < 7 ? 0 : (netCarryApr(index, price, days, 30, 0.2) ?? 0)
      }),
    )
    expect(best).toBeLessThan(0.08)
  })

  it.skipIf(path === undefined)('opens above a lower threshold alone, and ends all that it opens', () => {
    const said = words(0.02)
    const opened = said.filter(({ data }) => data.targetWeight > 0)
    expect(opened.length).toBeGreaterThan(0)
    for (const { ts, data } of opened) {
      const instrument = data.legs[0]!.instrument
      const last = rows.findLast((row) => row.ts <= ts && `deribit.future.${row.symbol}` === instrument)!
      expect(data.price).toBe(last.index)
      const net = netCarryApr(last.index, last.price, (last.expiry - last.ts) / DAY_MS, 30, 0.2)!
      if (data.reason === 'basis') expect(net).toBeGreaterThan(0.02)
    }
    const open = new Map<string, number>()
    for (const { data } of said) open.set(data.package, data.targetWeight)
    const end = rows.at(-1)!.ts
    const left = [...open].filter(([, weight]) => weight > 0).map(([name]) => name)
    for (const name of left) {
      const expiry = rows.find((row) => name === `basis/deribit.future.${row.symbol}`)!.expiry
      expect(expiry).toBeGreaterThan(end - DAY_MS)
    }
  })
})

const quarterlies = sharedPath('data', 'futures', 'binance', 'BTCUSD-quarterly-observations.csv')
const spot = new Map(sharedCandles('binance/BTCUSDT-1d.csv').map(({ ts, candle }) => [ts, candle.close]))

describe.skipIf(quarterlies === undefined || spot.size === 0)('signal/basis on quarterlies of Binance', () => {
  const lines = quarterlies === undefined ? [] : readFileSync(quarterlies, 'utf8').trim().split('\n').slice(1)
  /** End-of-day prices beside the close of spot: both are known at the end of the day. */
  const rows: Row[] = lines.map((line) => {
    const [ts, symbol, expiry, price] = line.split(',')
    const day = Number(ts)
    return { ts: day + DAY_MS, symbol: symbol!, expiry: Number(expiry), price: Number(price), index: spot.get(day)! }
  })

  const words = (heldMaxAgeHours: number | null) =>
    play(
      createCashCarry({ ...DEFAULTS, heldMaxAgeHours }, [entry('binance.spot.BTCUSDT')]),
      tapeOf(rows, 'binance.coinm.'),
    ).said.map(({ ts, data }) => ({ ts, data: data as unknown as PackageChanged['data'] })) // what it emits
  const shape = ({ ts, data }: ReturnType<typeof words>[number]) => [isoDay(ts), data.package.slice(-6), data.reason]

  it('opens above the hurdle alone, and holds nothing that nobody quotes', () => {
    const said = words(null)
    const opened = said.filter(({ data }) => data.targetWeight > 0)
    expect(opened.length).toBeGreaterThan(50)
    for (const { ts, data } of opened) {
      const { value } = data.terms.find(({ name }) => name === 'netApr')!
      const row = rows.findLast((one) => one.ts <= ts && data.package.endsWith(one.symbol))!
      const net = netCarryApr(row.index, row.price, (row.expiry - row.ts) / DAY_MS, 30, 0.2)!
      expect(value).toBeCloseTo(net, 7)
      expect(net).toBeGreaterThan(0.08)
    }
    // Prices came every other day or so: most of what is opened goes stale within a day.
    expect(said.filter(({ data }) => data.reason === 'stale').length).toBeGreaterThan(40)
    expect(said.at(-1)!.data.targetWeight).toBe(0)
  })

  it('holds through gaps where the configuration says so, until the basis of May 2021 was gone', () => {
    const first = words(14 * 24).filter(({ data }) => data.package.endsWith('210625'))
    expect(shape(first[0]!)).toEqual(['2021-01-03', '210625', 'basis'])
    expect(shape(first.at(-1)!)).toEqual(['2021-05-24', '210625', 'converged'])
    expect(first.slice(0, -1).every(({ data }) => data.reason === 'basis')).toBe(true)
  })
})
