/** Feeds from the lake into a tape: names, units, when each row comes, history, the manifest's files and no others. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type PreparedTape, prepareTape } from '#backtest/prepare-tape'
import { historyInputs } from '#backtest/tape-driver'
import type { TapePlan } from '#backtest/tape-plan'
import { type Config, configSchema } from '#core/config/schema'
import { DAY_MS, HOUR_MS } from '#core/time'
import type { Kind } from '#data/columns'
import { type ImportRequest, importFiles } from '#data/import'
import { csv, DAY0, dailyCsv, importBars, tempHome } from '../data/fixtures.js'
import { decideTape } from '../pipeline/decide.js'

const BTC = 'binance.spot.BTCUSDT'
const day = (n: number): number => DAY0 + n * DAY_MS
const SPAN = { fromDay: day(3), toDay: day(5) }

function configOf(feeds: object): Config {
  const off = { enabled: false }
  return configSchema.parse({
    universe: [{ instrument: BTC, base: 'BTC', tick: '0.01', lot: '0.001' }],
    signals: { tsmom: off, donchian: off, meanReversion: off },
    feeds,
  })
}

interface Told {
  readonly ts: number
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What the tape tells in its span. */
function told({ plan }: { readonly plan: TapePlan }, config: Config, ...types: readonly string[]): Told[] {
  const { events } = decideTape({ config, plan, deciders: [] })
  return (events as unknown as readonly Told[]).filter(({ type }) => types.includes(type)) // read as they are
}

/** What it tells before. */
const earlier = ({ history }: PreparedTape, ...types: readonly string[]): Told[] =>
  ([...historyInputs(history)] as Told[]).filter(({ type }) => types.includes(type)) // inputs of the tape carry records

type Given = Partial<ImportRequest> & { readonly venue: string; readonly market: string }

async function homeWith(files: readonly (readonly [Kind, readonly string[], Given])[]): Promise<string> {
  const home = tempHome()
  await importBars(home, [dailyCsv(home, 9)])
  for (const [i, [kind, lines, given]] of files.entries()) {
    const { problems } = await importFiles({ home, files: [csv(home, `f${i}.csv`, lines)], kind, ...given })
    expect(problems).toEqual([])
  }
  return home
}

const OI = [
  'oi',
  ['ts,oi_usd', ...[-9, 0, 1, 2, 3, 4, 5, 6].map((d) => `${day(d)},${1000 * (101 + d)}`)],
  { venue: 'cryptoquant', market: 'all', symbol: 'BTC', interval: '1d', lagMs: HOUR_MS },
] as const satisfies readonly [Kind, readonly string[], Given]

describe('open interest', () => {
  const feeds = { openInterest: [{ instrument: BTC, series: 'cryptoquant.all.BTC' }] }

  it('told in quote is divided by the close of its day, and comes when it was published', async () => {
    const config = configOf(feeds)
    const tape = await prepareTape(await homeWith([OI]), config, SPAN)
    // Bars of the fixture close at 101 + day: the value above is a thousand coins.
    expect(told(tape, config, 'OpenInterestChanged').map(({ ts, data }) => [ts, data])).toEqual(
      [2, 3, 4].map((d) => [day(d + 1) + HOUR_MS, { instrument: BTC, openInterest: 1000, at: day(d + 1) }]),
    )
  })

  it('of history is left out where no bar is read that far back', async () => {
    const config = configOf(feeds)
    const tape = await prepareTape(await homeWith([OI]), config, SPAN)
    expect(earlier(tape, 'OpenInterestChanged').map(({ ts }) => ts)).toEqual([day(1) + HOUR_MS, day(2) + HOUR_MS])
  })

  it('in coins is taken as it is', async () => {
    const lines = ['ts,open_interest,value', `${day(4) + 7},12.5,99`]
    const home = await homeWith([['oi', lines, { venue: 'binance', market: 'usdm', symbol: 'BTCUSDT' }]])
    const config = configOf({ openInterest: [{ instrument: BTC, series: 'binance.usdm.BTCUSDT' }] })
    expect(told(await prepareTape(home, config, SPAN), config, 'OpenInterestChanged')).toMatchObject([
      { ts: day(4) + 7, data: { openInterest: 12.5, at: day(4) + 7 } },
    ])
  })
})

describe('on-chain series', () => {
  const names = { venue: 'coinmetrics', market: 'btc' }
  const lines = (...values: readonly number[]): string[] => ['ts,supply', ...values.map((v, d) => `${day(d)},${v}`)]

  it('come with every revision, each when it could be read; late is late', async () => {
    const home = await homeWith([
      ['onchain', lines(1, 2, 3, 4, 5), names],
      ['onchain', lines(1, 2.5, 3, 4, 5), { ...names, fetchedAt: day(4) + 5 * HOUR_MS }],
    ])
    const config = configOf({ onChain: ['coinmetrics.btc.supply'] })
    const tape = await prepareTape(home, config, SPAN)
    const seen = told(tape, config, 'OnChainPublished').map(({ ts, data }) => [
      ts,
      data.periodStart,
      data.value,
      data.revision,
    ])
    expect(seen).toEqual([
      [day(3) + 2 * HOUR_MS, day(2), 3, 0],
      [day(4) + 2 * HOUR_MS, day(3), 4, 0],
      [day(4) + 5 * HOUR_MS, day(1), 2.5, 1],
      [day(5) + 2 * HOUR_MS, day(4), 5, 0],
    ])
    expect(earlier(tape, 'OnChainPublished').map(({ data }) => data.value)).toEqual([1, 2])
  })

  it('warm up on all of their history, further back than bars, whose instants they do not make', async () => {
    const old = ['ts,supply', ...[-4000, -3999, 4].map((d) => `${day(d)},${d}`)]
    const home = await homeWith([['onchain', old, names]])
    const tape = await prepareTape(home, configOf({ onChain: ['coinmetrics.btc.supply'] }), SPAN)
    expect(earlier(tape, 'OnChainPublished').map(({ data }) => data.value)).toEqual([-4000, -3999])
    const closed = earlier(tape, 'InstantClosed').map(({ ts }) => ts)
    expect(closed).toEqual([day(1), day(2), day(3)])
  })
})

describe('dated futures', () => {
  const expiry = day(5) + 8 * HOUR_MS
  const header = 'ts,instrument,expiry,price,index_price'
  const rows = [1, 3, 4, 5].flatMap((d) => [
    `${day(d) + 5},BTC-4JAN21,${expiry},${200 + d},${100 + d}`,
    `${day(d) + 5},BTC-29JAN21,${day(30) + 8 * HOUR_MS},${300 + d},`,
  ])
  const names = { venue: 'deribit', market: 'future' }
  const feed = { base: 'BTC', series: 'deribit.future.BTC-', tick: '2.5', lot: '10' }

  it('are listed and told contract by contract, with the index of the same moment', async () => {
    const home = await homeWith([['futures', [header, ...rows], names]])
    const config = configOf({ futures: [feed] })
    const tape = await prepareTape(home, config, SPAN)
    const own = told(tape, config, 'InstrumentListed', 'MarkChanged', 'InstrumentDelisted')
    expect(
      own
        .filter(({ type }) => type === 'InstrumentListed')
        .map(({ data }) => [data.instrument, data.kind, data.expiresAt]),
    ).toEqual([
      ['deribit.future.BTC-29JAN21', 'inverseFuture', day(30) + 8 * HOUR_MS],
      ['deribit.future.BTC-4JAN21', 'inverseFuture', expiry],
      [BTC, 'spot', undefined],
    ])
    const marks = own.filter(
      ({ type, data }) => type === 'MarkChanged' && data.instrument === 'deribit.future.BTC-4JAN21',
    )
    expect(marks.map(({ ts, data }) => [ts, data.mark, data.index])).toEqual(
      [3, 4, 5].map((d) => [day(d) + 5, 200 + d, 100 + d]),
    )
    expect(own.some(({ type }) => type === 'InstrumentDelisted')).toBe(false)
  })

  it('told at the end of a day take the close of the instrument that stands for their index, and end at expiry', async () => {
    const daily = [2, 3, 4, 5].map((d) => `${day(d)},BTCUSD_210104,${expiry},${200 + d}`)
    const lines = ['ts,instrument,expiry,price', ...daily]
    const home = await homeWith([['futures', lines, { venue: 'binance', market: 'coinm', interval: '1d' }]])
    const config = configOf({ futures: [{ base: 'BTC', series: 'binance.coinm.BTCUSD_', indexOf: BTC }] })
    const marks = told(await prepareTape(home, config, SPAN), config, 'MarkChanged')
    // The bar of day d closes at 101 + d. That of day 5 ends behind the expiry at 08:00.
    expect(marks.map(({ ts, data }) => [ts, data.mark, data.index, data.at])).toEqual(
      [3, 4].map((d) => [day(d + 1), 200 + d, 101 + d, day(d + 1)]),
    )
  })
})

describe('the rest', () => {
  it('chains come an expiry at a time, indices as decimals, marks of a perpetual with its listing', async () => {
    const chain = ['BTC-8JAN21-30000-C', 'BTC-8JAN21-30000-P', 'BTC-29JAN21-30000-C'].map(
      (name) => `${day(4) + 9},${name},0.05,0.06,0.055,0.8,0.5,12,3,30000,29990`,
    )
    const home = await homeWith([
      [
        'options',
        ['ts,instrument,bid,ask,mark,mark_iv,delta,vega,oi,underlying_price,index_price', ...chain],
        { venue: 'deribit', market: 'option', symbol: 'BTC' },
      ],
      ['volatility', ['ts,dvol', `${day(3)},80`], { venue: 'deribit', market: 'index', symbol: 'BTC', interval: '1d' }],
      ['mark', ['ts,price', `${day(4) + 9},30001`], { venue: 'deribit', market: 'perpetual', symbol: 'BTC-PERPETUAL' }],
    ])
    const config = configOf({
      options: [{ currency: 'BTC', series: 'deribit.option.BTC' }],
      volatility: [{ currency: 'BTC', series: 'deribit.index.BTC' }],
      marks: [{ instrument: 'deribit.perpetual.BTC-PERPETUAL', base: 'BTC' }],
    })
    const tape = await prepareTape(home, config, SPAN)
    const own = told(tape, config, 'MarkChanged', 'VolatilityIndexChanged', 'OptionChainObserved')
    expect(own.map(({ ts, type }) => [ts, type])).toEqual([
      [day(4), 'VolatilityIndexChanged'],
      [day(4) + 9, 'MarkChanged'],
      [day(4) + 9, 'OptionChainObserved'],
      [day(4) + 9, 'OptionChainObserved'],
    ])
    expect(own[0]!.data).toEqual({ venue: 'deribit', currency: 'BTC', value: 0.8, at: day(4) })
    const option = { strike: 30_000, bid: 0.05, ask: 0.06, mark: 0.055, markIv: 0.8, delta: 0.5, vega: 12 }
    expect(own[2]!.data).toEqual({
      ...{ venue: 'deribit', currency: 'BTC', expiresAt: Date.UTC(2021, 0, 8, 8), at: day(4) + 9 },
      ...{ underlyingPrice: 30_000, indexPrice: 29_990 },
      options: [
        { instrument: 'deribit.option.BTC-8JAN21-30000-C', option: 'call', ...option, openInterest: 3 },
        { instrument: 'deribit.option.BTC-8JAN21-30000-P', option: 'put', ...option, openInterest: 3 },
      ],
    })
    const listed = told(tape, config, 'InstrumentListed').map(({ data }) => [data.instrument, data.kind])
    expect(listed).toContainEqual(['deribit.perpetual.BTC-PERPETUAL', 'inversePerpetual'])
  })

  it('what the lake does not hold is told and left out', async () => {
    const home = await homeWith([])
    const config = configOf({ onChain: ['a.b.c'], futures: [{ base: 'BTC', series: 'deribit.future.BTC-' }] })
    const tape = await prepareTape(home, config, SPAN)
    expect(tape.absentFeeds).toEqual(['onchain a.b.c', 'futures deribit.future.BTC-*'])
    expect(tape.plan.feedRows).toBe(0)
  })
})

describe('the manifest', () => {
  const config = configOf({ openInterest: [{ instrument: BTC, series: 'cryptoquant.all.BTC' }] })

  it('names the files of feeds, and a replay reads those alone', async () => {
    const line = (d: number): string => `${day(d)},${1000 * (101 + d)}`
    const home = await homeWith([['oi', ['ts,oi_usd', line(2), line(4)], OI[2]]])
    const first = await prepareTape(home, config, SPAN)
    expect(first.files.map(({ path }) => path.split('/')[0])).toEqual(['kind=bars', 'kind=bars', 'kind=oi'])
    await importFiles({ home, files: [csv(home, 'more.csv', ['ts,oi_usd', line(3)])], ...OI[2], kind: 'oi' })
    const again = await prepareTape(home, config, SPAN, first.files)
    expect(again.files).toEqual(first.files)
    expect(told(again, config, 'OpenInterestChanged')).toEqual(told(first, config, 'OpenInterestChanged'))
    expect(told(again, config, 'OpenInterestChanged')).toHaveLength(2)
    const now = await prepareTape(home, config, SPAN)
    expect(told(now, config, 'OpenInterestChanged')).toHaveLength(3)
  })

  it('refuses a file of a feed whose bytes changed', async () => {
    const home = await homeWith([OI])
    const { files } = await prepareTape(home, config, SPAN)
    appendFileSync(join(home, 'lake', files.at(-1)!.path), 'x')
    await expect(prepareTape(home, config, SPAN, files)).rejects.toMatchObject({ code: 'TAPE_CHANGED' })
  })
})
