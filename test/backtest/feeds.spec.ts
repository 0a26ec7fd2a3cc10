/** Feeds on a tape: their place in an instant, what they make of one, listings and ends, money that is moved, feeds of a log. */
import { afterAll, describe, expect, it } from 'vitest'
import type { FeedSeries, MarkSeries, OnChainSeries, OpenInterestSeries } from '#backtest/feeds/series'
import { sliceFeed } from '#backtest/feeds/series'
import { flowsOf } from '#backtest/prepare-tape'
import { mergeTape, type TapeSeries } from '#backtest/tape'
import { historyInputs } from '#backtest/tape-driver'
import { tapeFromLog } from '#backtest/tape-from-log'
import { planRecorded, planTape } from '#backtest/tape-plan'
import { type Config, configSchema } from '#core/config/schema'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { Input } from '#engine/dispatcher'
import type { AnyEvent } from '#events/catalogue'
import { givenRun, removeFolders } from '../audit/runs.js'
import { decideTape } from '../pipeline/decide.js'
import { configOf, idOf, seriesOfSpec, syntheticTape, TAPE_START, type TapeSpec } from '../pipeline/tape.js'

afterAll(removeFolders)

const FUTURE = 'deribit.future.BTC-29JAN21'
const at = (hours: number): number => TAPE_START + hours * HOUR_MS
const times = (hours: readonly number[]): Float64Array => Float64Array.from(hours, at)

function openInterest(hours: readonly number[], instrument = idOf('AAA')): OpenInterestSeries {
  const availableAt = times(hours)
  return { kind: 'oi', instrument, rows: { ts: availableAt, availableAt, openInterest: availableAt.map((_, i) => i) } }
}

function marks(hours: readonly number[], more: Partial<MarkSeries> = {}): MarkSeries {
  const availableAt = times(hours)
  const listing: MarkSeries['listing'] = {
    instrument: FUTURE,
    kind: 'inverseFuture',
    base: 'BTC',
    quote: 'USD',
    tick: '2.5',
    lot: '10',
    minNotional: '10',
    makerFeeBps: 2,
    takerFeeBps: 5,
    expiresAt: at(28 * 24 + 8),
  }
  const mark = availableAt.map((_, i) => 100 + i)
  const rows = { ts: availableAt, availableAt, mark, index: mark.map(() => Number.NaN) }
  return { kind: 'mark', instrument: FUTURE, rows, listing, endsEarly: false, ...more }
}

/** Rows as [period begin, available, revision], hours. */
function onChain(rows: readonly (readonly [number, number, number])[]): OnChainSeries {
  const column = (of: (row: readonly [number, number, number]) => number): Float64Array => Float64Array.from(rows, of)
  return {
    ...{ kind: 'onchain', instrument: 'vendor.btc.supply', source: 'vendor', asset: 'btc', metric: 'supply' },
    periodMs: DAY_MS,
    rows: {
      ts: column(([begin]) => at(begin)),
      availableAt: column(([, available]) => at(available)),
      value: column(([begin, , revision]) => begin + revision / 10),
      revision: column(([, , revision]) => revision),
    },
  }
}

const SPEC: TapeSpec = { seed: 3, days: 3, interval: '1d', symbols: [{ symbol: 'AAA', funding: 'recorded' }] }

/** What a tape tells, without agents: `24 BarClosed`. */
function told(feeds: readonly FeedSeries[], more: object = {}, config: Config = configOf(SPEC)): string[] {
  const clock = { from: TAPE_START, to: TAPE_START + SPEC.days * DAY_MS }
  const plan = planTape(config, seriesOfSpec(SPEC), { feeds, clock, ...more })
  return decideTape({ config, plan, deciders: [] }).events.map((event) => `${hours(event)} ${event.type}`)
}

const hours = ({ ts }: { readonly ts: number }): number => (ts - TAPE_START) / HOUR_MS

describe('feeds within an instant', () => {
  it('come behind bars and funding: marks, open interest, on-chain values; then the instant closes', () => {
    const feeds = [onChain([[0, 24, 0]]), openInterest([24]), marks([24])]
    expect(told(feeds).filter((line) => line.startsWith('24 '))).toEqual([
      '24 InstrumentListed',
      '24 BarClosed',
      '24 FundingSettled',
      '24 InstrumentListed',
      '24 MarkChanged',
      '24 OpenInterestChanged',
      '24 OnChainPublished',
      '24 InstantClosed',
    ])
  })

  it('make an instant of their own between bars, with no interval', () => {
    const config = configOf(SPEC)
    const plan = planTape(config, seriesOfSpec(SPEC), { feeds: [openInterest([5])] })
    const { events } = decideTape({ config, plan, deciders: [] })
    const closed = events.find((event) => event.type === 'InstantClosed')
    expect(closed?.data).toEqual({ instant: at(5), intervals: [], missing: [] })
  })

  it('keep their order where several rows became known at once: two revisions of one fetch', () => {
    const config = configOf(SPEC)
    const rows = [
      [0, 26, 0],
      [-24, 50, 1],
      [0, 50, 1],
    ] as const
    const plan = planTape(config, seriesOfSpec(SPEC), { feeds: [onChain(rows)] })
    const published = decideTape({ config, plan, deciders: [] }).events.filter(
      ({ type }) => type === 'OnChainPublished',
    )
    expect(published.map(({ ts, data }) => [hours({ ts }), data])).toEqual(
      rows.map(([begin, available, revision]) => [
        available,
        {
          ...{ source: 'vendor', metric: 'supply', asset: 'btc', periodStart: at(begin), periodMs: DAY_MS },
          ...{ availableAt: at(available), value: begin + revision / 10, revision },
        },
      ]),
    )
  })

  it('refuse rows that go back in time', () => {
    expect(() => mergeTape([openInterest([5, 4])])).toThrow('out of order')
    expect(() => mergeTape([openInterest([5]), openInterest([6])])).toThrow('given twice')
  })
})

describe('a tape without bars', () => {
  const none = SPEC.symbols.map((_, i) => ({ ...seriesOfSpec(SPEC)[i]! }) as TapeSeries)
  const empty = none.map((one) => {
    const rows = Object.fromEntries(Object.entries(one.rows).map(([name, column]) => [name, column.subarray(0, 0)]))
    return { ...one, rows } as unknown as TapeSeries // the same columns, empty
  })
  const config = configSchema.parse({ universe: [{ instrument: idOf('AAA'), base: 'AAA', tick: '0.01', lot: '1' }] })

  it('has an instant at each midnight of the span all the same, and none without feeds', () => {
    const clock = { from: TAPE_START, to: TAPE_START + 2 * DAY_MS }
    const plan = planTape(config, empty, { feeds: [marks([7])], clock })
    const lines = decideTape({ config, plan, deciders: [] }).events.map((event) => `${hours(event)} ${event.type}`)
    expect(lines).toEqual([
      '7 InstrumentListed',
      '7 MarkChanged',
      '7 InstantClosed',
      '24 InstantClosed',
      '48 InstantClosed',
    ])
    expect(planTape(config, empty, { feeds: [], clock }).merged.instants).toHaveLength(0)
  })
})

describe('without feeds', () => {
  it('the pipeline decides the same bytes as ever, whatever the clock', () => {
    const spec: TapeSpec = { ...SPEC, days: 200, symbols: [{ symbol: 'AAA', funding: 'recorded', gapDays: [50] }] }
    const { config, plan } = syntheticTape(spec)
    const clock = { from: TAPE_START, to: TAPE_START + 200 * DAY_MS }
    const again = planTape(config, seriesOfSpec(spec), { feeds: [], flows: [], clock })
    const [one, two] = [decideTape({ config, plan }), decideTape({ config, plan: again })]
    expect(one.lines.length).toBeGreaterThan(50)
    expect(two.text).toBe(one.text)
  })

  it('and feeds that nobody reads change no decision, only numbers of events', () => {
    const spec: TapeSpec = { ...SPEC, days: 200 }
    const { config, plan } = syntheticTape(spec)
    const feeds = [marks(Array.from({ length: 100 }, (_, i) => 40 * i + 3))]
    const joined = planTape(config, seriesOfSpec(spec), { feeds })
    const decided = (text: AnyEvent[]) => text.filter(({ type }) => type === 'SignalChanged').map(({ data }) => data)
    const [one, two] = [decideTape({ config, plan }), decideTape({ config, plan: joined })]
    expect(decided([...one.events]).length).toBeGreaterThan(3)
    expect(JSON.stringify(decided([...two.events])).replaceAll(/"inputs":\[[^\]]*\]/g, '')).toBe(
      JSON.stringify(decided([...one.events])).replaceAll(/"inputs":\[[^\]]*\]/g, ''),
    )
  })
})

describe('contracts without bars', () => {
  it('are listed with their expiry before their first mark, once', () => {
    const config = configOf(SPEC)
    const plan = planTape(config, seriesOfSpec(SPEC), { feeds: [marks([5, 30, 60])] })
    const { events } = decideTape({ config, plan, deciders: [] })
    const own = events.filter(({ data }) => (data as { instrument?: string }).instrument === FUTURE)
    expect(own.map(({ type }) => type)).toEqual(['InstrumentListed', 'MarkChanged', 'MarkChanged', 'MarkChanged'])
    expect(own[0]!.data).toMatchObject({ kind: 'inverseFuture', expiresAt: at(28 * 24 + 8) })
    expect(own[1]!.data).toEqual({ instrument: FUTURE, mark: 100, index: null, at: at(5) })
  })

  it('are delisted behind the instant of their last mark where it lies long before their expiry, and not otherwise', () => {
    expect(told([marks([5, 30], { endsEarly: true })])).toContain('30 InstrumentDelisted')
    expect(told([marks([5, 30])])).not.toContain('30 InstrumentDelisted')
  })

  it('are listed in history too: only a listing tells the expiry', () => {
    const config = configOf(SPEC)
    const history = planTape(config, seriesOfSpec(SPEC), { feeds: [marks([5, 30])], quietBefore: at(20) })
    const lines = [...historyInputs(history)].map((input) => `${hours(input)} ${input.type}`)
    expect(lines.slice(0, 3)).toEqual(['5 InstrumentListed', '5 MarkChanged', '24 BarClosed'])
  })
})

describe('instruments of the universe', () => {
  it('are delisted on the day that the configuration names, and for that reason', () => {
    const spec: TapeSpec = { ...SPEC, days: 6, symbols: [{ symbol: 'AAA' }, { symbol: 'BBB' }] }
    const { universe, ...rest } = configOf(spec)
    const config = { ...rest, universe: [universe[0]!, { ...universe[1]!, delistedAt: '2021-01-04' }] }
    const plan = planTape(config, seriesOfSpec(spec))
    const { events } = decideTape({ config, plan, deciders: [] })
    const bars = events.filter(({ type, data }) => type === 'BarClosed' && data.instrument === idOf('BBB'))
    expect(bars.map(hours)).toEqual([24, 48, 72])
    const delisted = events.filter(({ type }) => type === 'InstrumentDelisted')
    expect(delisted.map(({ ts, data }) => [hours({ ts }), data])).toEqual([
      [72, { instrument: idOf('BBB'), reason: 'delisted' }],
    ])
  })
})

describe('capital flows', () => {
  const config = { ...configOf(SPEC), capitalFlows: [] as Config['capitalFlows'] }
  const flow = (day: string, amount: string) => ({ at: day, currency: 'USDT', amount })

  it('are inputs at their midnight: behind the day that ends there, before what comes next', () => {
    const flows = flowsOf(
      { ...config, capitalFlows: [flow('2021-01-03', '-5.5'), flow('2021-01-02', '10'), flow('2021-02-01', '1')] },
      { fromDay: TAPE_START, toDay: TAPE_START + 2 * DAY_MS },
    )
    expect(flows.map(({ amount }) => amount)).toEqual(['10', '-5.5'])
    const plan = planTape(config, seriesOfSpec(SPEC), { feeds: [], flows })
    const days: string[] = []
    const { events } = decideTape({ config, plan, deciders: [], onInstant: (ts) => days.push(`${hours({ ts })} day`) })
    const lines = events.map((event) => `${hours(event)} ${event.type}`)
    const first = lines.indexOf('24 FundsTransferred')
    expect(lines[first - 1]).toBe('24 InstantClosed')
    expect(lines[first + 1]).toBe('32 FundingSettled')
    expect(lines.filter((line) => line.endsWith('FundsTransferred'))).toEqual([
      '24 FundsTransferred',
      '48 FundsTransferred',
    ])
    const moved = events.find(({ type }) => type === 'FundsTransferred')
    expect(moved).toMatchObject({ by: 'operator', cause: 0, data: { currency: 'USDT', amount: '10' } })
  })

  it('come in time where no instant stands at their midnight: on the first day of a span', () => {
    const flows = flowsOf(
      { ...config, capitalFlows: [flow('2021-01-01', '7')] },
      { fromDay: TAPE_START, toDay: TAPE_START + 2 * DAY_MS },
    )
    expect(told([], { flows }).slice(0, 2)).toEqual(['0 FundsTransferred', told([])[0]])
  })
})

describe('a tape of a log', () => {
  const input = (ts: number, type: AnyEvent['type'], data: object): Input => ({
    type,
    by: 'connector/deribit',
    ts,
    data,
  })
  const bar = (hour: number) => ({
    ...{ instrument: idOf('AAA'), interval: '1h', openTime: at(hour), open: 1, high: 1, low: 1, close: 1, volume: 1 },
  })
  const { listing } = marks([0])
  const mark = { instrument: FUTURE, mark: 101, index: 100, at: at(1) - 5 }
  const recorded: readonly Input[] = [
    input(at(0) + 1, 'InstrumentListed', { ...listing, instrument: idOf('AAA'), kind: 'linearPerpetual' }),
    input(at(0) + 2, 'InstrumentListed', listing),
    input(at(0) + 3, 'MarkChanged', mark),
    input(at(1), 'BarClosed', bar(0)),
    input(at(1), 'InstantClosed', { instant: at(1), intervals: ['1h'], missing: [] }),
    input(at(1) + 7, 'OpenInterestChanged', { instrument: FUTURE, openInterest: 5, at: at(1) }),
    input(at(1) + 8, 'FundsTransferred', { currency: 'USDT', amount: '3', reason: 'a friend' }),
    input(at(1) + 9, 'FundingRateChanged', {
      instrument: idOf('AAA'),
      rate: 1e-4,
      intervalHours: 8,
      nextFundingAt: null,
      at: at(1),
    }),
    input(at(2), 'BarClosed', bar(1)),
  ]

  it('tells its feeds word for word and in order, lists what has no bars, and makes no instants of them', async () => {
    const { runDir } = await givenRun(recorded.map((event) => ({ ...event, cause: 0 })))
    const tape = tapeFromLog(runDir)
    const plan = planRecorded(tape.series, tape.listings, tape.flows)
    const { events } = decideTape({ config: configOf(SPEC), plan, deciders: [] })
    expect(events.map(({ type }) => type)).toEqual([
      'InstrumentListed',
      'MarkChanged',
      'InstrumentListed',
      'BarClosed',
      'InstantClosed',
      'OpenInterestChanged',
      'FundsTransferred',
      'FundingRateChanged',
      'BarClosed',
      'InstantClosed',
    ])
    expect(events[1]).toMatchObject({ ts: at(0) + 3, by: 'connector/deribit', data: mark })
    expect(events[6]?.data).toEqual({ currency: 'USDT', amount: '3', reason: 'a friend' })
  })
})

describe('history of a run on venues', () => {
  it('tells feeds without instants of their own', () => {
    const series = [...seriesOfSpec(SPEC), openInterest([5, 24, 30])]
    const lines = [...historyInputs(planRecorded(series, new Map()))].map((input) => `${hours(input)} ${input.type}`)
    expect(lines).toContain('5 OpenInterestChanged')
    const closed = lines.filter((line) => line.endsWith('InstantClosed'))
    expect(closed).toEqual([8, 16, 24, 32, 40, 48, 56, 64, 72].map((hour) => `${hour} InstantClosed`))
  })
})

describe('sliceFeed', () => {
  it('shares the columns of a feed, not its rows', () => {
    const whole = onChain([
      [0, 26, 0],
      [24, 50, 0],
    ])
    const part = sliceFeed(whole, 1, 2)
    expect([...part.rows.availableAt]).toEqual([at(50)])
    expect(part.rows.value.buffer).toBe(whole.rows.value.buffer)
  })
})
