/** Terms of instruments and chains of options while they change, on a clock that moves when told. */
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import type { VenueAdapter } from '#data/connectors/adapter.port'
import { ChainFeed } from '#data/connectors/chain-feed'
import { InstrumentBook } from '#data/connectors/instrument-book'
import type { InstrumentFacts, OptionRecord } from '#data/connectors/normal'
import type { RestClient } from '#data/connectors/rest-client'
import type { OptionChainObserved } from '#events/market.events'
import { ManualTime } from './manual-time.js'

const NOW = Date.UTC(2026, 0, 15, 7)
const signal = new AbortController().signal

const PERPETUAL: InstrumentFacts = {
  instrument: 'deribit.perpetual.BTC-PERPETUAL',
  kind: 'inversePerpetual',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  tick: '0.5',
  lot: '10',
  minSize: '10',
  minNotional: '0',
  contractSize: '1',
  contractOf: 'quote',
  isTrading: true,
  listedAt: null,
  expiresAt: null,
  strike: null,
  option: null,
  fundingIntervalMs: 8 * HOUR_MS,
}

const optionOf = (name: string, strike: number, expiresAt: number): InstrumentFacts => ({
  ...PERPETUAL,
  instrument: `deribit.option.BTC-${name}-${strike}-C`,
  kind: 'inverseOption',
  strike,
  option: 'call',
  expiresAt,
  fundingIntervalMs: null,
})

const FUTURE = {
  ...PERPETUAL,
  instrument: 'deribit.future.BTC-15JAN26',
  expiresAt: NOW + HOUR_MS,
  fundingIntervalMs: null,
}

function bookOf(...listed: readonly InstrumentFacts[]) {
  const venue = { rows: [...listed] }
  const adapter = {
    venue: 'deribit',
    instruments: (market: string) => market,
  } as unknown as Pick<VenueAdapter, 'venue' | 'instruments'> // the market alone goes to the client below
  const client = {
    async *pages(market: unknown) {
      yield venue.rows.filter(({ instrument }) => instrument.startsWith(`deribit.${market}.`))
    },
  } as unknown as RestClient // pages are all that is asked of it
  const watch = [PERPETUAL, FUTURE].map(({ instrument }) => ({ instrument, kinds: ['mark' as const], isListed: true }))
  return { venue, book: new InstrumentBook(adapter, client, watch, ['BTC']) }
}

const wanted = (book: InstrumentBook, now: number, price?: number): string[] =>
  book.wants('1m', now, () => price).map(({ kind, facts }) => `${kind} ${facts.instrument.split('.')[2]}`)

describe('terms of instruments', () => {
  it('say what has changed and what is gone, and what is gone stays so', async () => {
    const { venue, book } = bookOf(PERPETUAL, FUTURE)
    expect(await book.load(signal, () => false)).toEqual([])
    expect(await book.reload(signal)).toEqual({ changed: [], gone: [] })
    const finer = { ...PERPETUAL, tick: '0.1' } as const
    venue.rows = [finer]
    expect(await book.reload(signal)).toEqual({ changed: [finer], gone: [FUTURE.instrument] })
    expect(book.get(FUTURE.instrument)).toEqual(FUTURE)
    expect(book.remove(FUTURE.instrument)).toBe(true)
    expect(book.remove(FUTURE.instrument)).toBe(false)
    expect(book.listed).toEqual([finer])
    venue.rows = [finer, FUTURE]
    expect(await book.reload(signal)).toEqual({ changed: [], gone: [] })
    expect(wanted(book, NOW)).toEqual(['mark BTC-PERPETUAL', 'status BTC-PERPETUAL'])
  })

  it('are read no more behind an expiry, whatever the list still says, and say when the next one is', async () => {
    const near = optionOf('15JAN26', 100_000, NOW + HOUR_MS)
    const far = optionOf('30JAN26', 100_000, NOW + 15 * DAY_MS)
    const { book } = bookOf(PERPETUAL, FUTURE, near, far)
    await book.load(signal, () => false)
    expect(book.nextExpiry(NOW)).toBe(NOW + HOUR_MS)
    expect(wanted(book, NOW)).toEqual([
      'mark BTC-PERPETUAL',
      'mark BTC-15JAN26',
      'status BTC-PERPETUAL',
      'status BTC-15JAN26',
      'volatilityIndex BTC-15JAN26-100000-C',
      'options BTC-30JAN26-100000-C',
      'options BTC-15JAN26-100000-C',
    ])
    expect(book.nextExpiry(NOW + HOUR_MS)).toBe(NOW + 15 * DAY_MS)
    expect(wanted(book, NOW + HOUR_MS)).toEqual([
      'mark BTC-PERPETUAL',
      'status BTC-PERPETUAL',
      'volatilityIndex BTC-30JAN26-100000-C',
      'options BTC-30JAN26-100000-C',
    ])
  })

  it('order options anew when some come or go, and not with every move of the price', async () => {
    const options = [90_000, 100_000, 110_000].map((strike) => optionOf('30JAN26', strike, NOW + 15 * DAY_MS))
    const { venue, book } = bookOf(PERPETUAL, FUTURE, ...options)
    await book.load(signal, () => false)
    const strikes = (price: number): string[] =>
      wanted(book, NOW, price)
        .filter((name) => name.startsWith('options'))
        .map((name) => name.split('-')[2]!)
    expect(strikes(108_000)).toEqual(['110000', '100000', '90000'])
    expect(strikes(91_000)).toEqual(['110000', '100000', '90000'])
    venue.rows.push(optionOf('30JAN26', 80_000, NOW + 15 * DAY_MS))
    await book.reload(signal)
    expect(strikes(91_000)).toEqual(['90000', '100000', '80000', '110000'])
  })
})

describe('the chains of a currency', () => {
  it('are told by expiry with the newest of each option, without what has expired or is not known', async () => {
    const time = new ManualTime(NOW)
    const near = optionOf('15JAN26', 100_000, NOW + 3 * MINUTE_MS)
    const far = [90_000, 100_000].map((strike) => optionOf('30JAN26', strike, NOW + 15 * DAY_MS))
    const facts = new Map([near, ...far].map((option) => [option.instrument, option]))
    const told: OptionChainObserved['data'][] = []
    const feed = new ChainFeed({
      venue: 'deribit',
      currency: 'BTC',
      everyMs: MINUTE_MS,
      time,
      venueNow: () => time.now(),
      facts: (instrument) => facts.get(instrument),
      onChain: (chain) => void told.push(chain),
    })
    const quote = (instrument: string, mark: number): OptionRecord => ({
      kind: 'option',
      instrument,
      ts: time.now(),
      bid: null,
      ask: null,
      mark,
      bidIv: null,
      askIv: null,
      markIv: 0.5,
      delta: null,
      gamma: null,
      vega: null,
      theta: null,
      underlyingPrice: 100_000 + mark,
      indexPrice: null,
      openInterest: null,
    })
    const stop = new AbortController()
    const running = feed.run(stop.signal)
    expect(feed.underlyingPrice).toBeUndefined()
    for (const [i, { instrument }] of [near, ...far].entries()) feed.take(quote(instrument, i))
    feed.take(quote('deribit.option.ETH-30JAN26-2000-C', 9))
    await time.advance(10 * SECOND_MS)
    feed.take(quote(far[0]!.instrument, 7))
    expect(feed.underlyingPrice).toBe(100_007)
    await time.advance(25 * SECOND_MS)
    expect(told.map(({ expiresAt, options }) => [expiresAt, options.map(({ mark }) => mark)])).toEqual([
      [near.expiresAt, [0]],
      [far[0]!.expiresAt, [7, 2]],
    ])
    told.length = 0
    facts.delete(far[1]!.instrument)
    await time.advance(3 * MINUTE_MS)
    expect(told.at(-1)).toMatchObject({ expiresAt: far[0]!.expiresAt, options: [{ mark: 7 }] })
    expect(told.at(-2)?.expiresAt).toBe(far[0]!.expiresAt)
    stop.abort()
    await time.advance(MINUTE_MS)
    await running
    expect(time.pending).toBe(0)
  })
})
