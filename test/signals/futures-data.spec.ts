import { describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import { configSchema } from '#core/config/schema'
import { DAY_MS, HOUR_MS, SECOND_MS } from '#core/time'
import { listed as listedOf } from '#data/connectors/to-inputs'
import { entryOfEvent } from '#data/stores/cache-projection'
import { createFuturesData, type FuturesDataState } from '#signals/futures-data.decider'
import { event, given } from '#test/given'

const T = Date.UTC(2026, 0, 5)
const MARCH = Date.UTC(2026, 2, 27, 8)
const JUNE = Date.UTC(2026, 5, 26, 8)
const H = 'binance.usdm.BTCUSDT_260327'
const M = 'binance.usdm.BTCUSDT_260626'
const PERPETUAL = 'binance.usdm.BTCUSDT'

const listed = (instrument: string, expiresAt?: number, quote = 'USDT') =>
  event('InstrumentListed', {
    instrument,
    kind: expiresAt === undefined ? 'linearPerpetual' : 'linearFuture',
    base: 'BTC',
    quote,
    tick: '0.1',
    lot: '0.001',
    minNotional: '5',
    makerFeeBps: 2,
    takerFeeBps: 5,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  })
const mark = (instrument: string, price: number, index: number | null, at = T) =>
  event('MarkChanged', { instrument, mark: price, index, at }, { ts: at })
const chain = [listed(M, JUNE), listed(H, MARCH), listed(PERPETUAL)]
const types = (drafts: readonly { readonly type: string }[]) => drafts.map(({ type }) => type)

describe('data/futures: the basis', () => {
  it('is told with what it is made of', () => {
    given(createFuturesData(), [...chain, mark(M, 60_500, 60_000)])
      .when(mark(H, 60_300, 60_000))
      .then([
        {
          type: 'BasisChanged',
          data: {
            instrument: H,
            base: 'BTC',
            expiresAt: MARCH,
            mark: 60_300,
            index: 60_000,
            basis: 0.005,
            aprSimple: 0.022439,
            daysToExpiry: 81.3333,
          },
        },
      ])
  })

  it('is silent while it hardly moves, and speaks again when it does', () => {
    const before = [...chain, mark(H, 60_300, 60_000)]
    given(createFuturesData(), before)
      .when(mark(H, 60_350, 60_000, T + SECOND_MS))
      .thenNothing()
    const { drafts } = given(createFuturesData(), before).when(mark(H, 60_500, 60_000, T + SECOND_MS))
    expect(types(drafts)).toEqual(['BasisChanged'])
  })

  it('is silent in the last three days, and of perpetuals', () => {
    const before = [...chain, mark(M, 60_500, 60_000, MARCH - 3 * DAY_MS)]
    given(createFuturesData(), before)
      .when(mark(H, 70_000, 60_000, MARCH - 3 * DAY_MS + 1))
      .thenNothing()
    given(createFuturesData(), before)
      .when(mark(PERPETUAL, 70_000, 60_000, MARCH - 3 * DAY_MS))
      .thenNothing()
    const { drafts } = given(createFuturesData(), before).when(mark(H, 70_000, 60_000, MARCH - 3 * DAY_MS))
    expect(types(drafts)).toEqual(['BasisChanged'])
  })

  it('takes the index of the venue’s other instruments where the mark has none, while it is fresh', () => {
    const before = [...chain, mark(PERPETUAL, 60_010, 60_000)]
    expect(types(given(createFuturesData(), before).when(mark(H, 60_300, null, T + 60_000)).drafts)).toEqual([
      'BasisChanged',
    ])
    given(createFuturesData(), before)
      .when(mark(H, 60_300, null, T + 60_001))
      .thenNothing()
  })

  it('takes that of another venue where its own has none, of the same base and quote alone', () => {
    const other = 'okx.futures.BTC-USDT-260327'
    const before = [...chain, mark(PERPETUAL, 60_010, 60_000), listed(other, MARCH)]
    const { drafts } = given(createFuturesData(), before).when(mark(other, 60_300, null))
    expect(types(drafts)).toEqual(['FuturesRolled', 'BasisChanged'])
    expect(drafts[1]).toMatchObject({ data: { instrument: other, index: 60_000 } })
    const late = given(createFuturesData(), before).when(mark(other, 60_300, null, T + 60_001))
    expect(types(late.drafts)).toEqual(['FuturesRolled'])
    const usd = 'okx.futures.BTC-USD-260327'
    const apart = given(createFuturesData(), [...before, listed(usd, MARCH, 'USD')]).when(mark(usd, 60_300, null))
    expect(types(apart.drafts)).toEqual(['FuturesRolled'])
  })
})

describe('data/futures: the front', () => {
  it('is first told without a predecessor, whatever the order of the listings', () => {
    expect(given(createFuturesData(), chain).when(mark(PERPETUAL, 1, 1)).drafts).toEqual([
      {
        type: 'FuturesRolled',
        data: { base: 'BTC', quote: 'USDT', venue: 'binance', from: null, to: H, at: T },
      },
    ])
  })

  it('rolls seven days before expiry, once, and says since when by the rule', () => {
    const rollAt = MARCH - 7 * DAY_MS
    const before = [...chain, mark(PERPETUAL, 1, 1), mark(PERPETUAL, 1, 1, rollAt - 1)]
    const late = mark(PERPETUAL, 1, 1, rollAt + HOUR_MS)
    given(createFuturesData(), before)
      .when(late)
      .then([
        { type: 'FuturesRolled', data: { base: 'BTC', quote: 'USDT', venue: 'binance', from: H, to: M, at: rollAt } },
      ])
    given(createFuturesData(), [...before, late])
      .when(mark(PERPETUAL, 1, 1, rollAt + 2 * HOUR_MS))
      .thenNothing()
    given(createFuturesData(), before)
      .when(mark(PERPETUAL, 1, 1, rollAt - 1))
      .thenNothing()
  })

  it('is one of each base and quote of a venue; what is delisted is forgotten', () => {
    const usd = 'binance.coinm.BTCUSD_260626'
    const both = [...chain, listed(usd, JUNE, 'USD'), mark(PERPETUAL, 1, 1)]
    const { drafts } = given(createFuturesData(), both).when(mark(usd, 1, 1))
    expect(drafts[0]).toMatchObject({ type: 'FuturesRolled', data: { quote: 'USD', from: null, to: usd } })
    const gone = given(createFuturesData(), [
      ...both,
      event('InstrumentDelisted', { instrument: H, reason: 'delivered' }),
    ])
    const after = gone.when(mark(PERPETUAL, 1, 1, T + 1))
    expect(after.drafts).toMatchObject([{ data: { from: H, to: M } }])
    expect(Object.keys((after.state as FuturesDataState).futures).sort()).toEqual([usd, M].sort())
  })
})

describe('data/futures in a run', () => {
  it('takes part where venues bring the data, and nowhere else', () => {
    const config = (instrument: string) =>
      configSchema.parse({ universe: [{ instrument, base: 'BTC', tick: '0.1', lot: '0.001' }] })
    const names = (instrument: string, fills: 'nextOpen' | 'quote') =>
      catalogue(config(instrument), fills).map(({ name }) => name)
    expect(names(PERPETUAL, 'quote')).toContain('data/futures')
    expect(names(PERPETUAL, 'nextOpen')).not.toContain('data/futures')
    expect(names('sim.spot.BTC', 'quote')).not.toContain('data/futures')
  })

  it('hears of the expiry from the venue’s own terms', () => {
    const facts = {
      instrument: H,
      kind: 'linearFuture',
      base: 'BTC',
      quote: 'USDT',
      settle: 'USDT',
      tick: '0.1',
      lot: '0.001',
      minSize: '0.001',
      minNotional: '5',
      contractSize: '1',
      contractOf: 'base',
      isTrading: true,
      listedAt: null,
      expiresAt: MARCH,
      strike: null,
      option: null,
      fundingIntervalMs: null,
    } as const
    const fees = { makerFeeBps: 2, takerFeeBps: 5 }
    expect(listedOf(facts, fees).expiresAt).toBe(MARCH)
    expect('expiresAt' in listedOf({ ...facts, expiresAt: null }, fees)).toBe(false)
  })

  it('is found in the cache under basis:', () => {
    const rolled = { base: 'BTC', quote: 'USDT', venue: 'binance', from: null, to: H, at: T }
    expect(entryOfEvent(event('FuturesRolled', rolled))?.key).toBe('basis:front:binance:BTC:USDT')
    const basis = { basis: 0.005, aprSimple: 0.02, daysToExpiry: 81 }
    const told = { instrument: H, base: 'BTC', expiresAt: MARCH, mark: 60_300, index: 60_000, ...basis }
    expect(entryOfEvent(event('BasisChanged', told))).toMatchObject({ key: `basis:${H}`, value: told })
  })
})
