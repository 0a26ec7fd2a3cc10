/** Owns what of a universe a run on venues refuses before it asks anybody, and of which orders it hears prices. */
import { describe, expect, it } from 'vitest'
import { isHeard, venuesAway } from '#cli/paper-checks'
import { configSchema } from '#core/config/schema'

const entry = { base: 'BTC', quote: 'USD', tick: '0.1', lot: '1' }
const configOf = (instrument: string, role?: 'leg') =>
  configSchema.parse({ universe: [{ ...entry, instrument, ...(role && { role }) }] })

describe('an instrument of the universe', () => {
  it.each([
    ['binance.coinm.BTCUSD_PERP', undefined, /inverse contract.*role: leg/],
    ['bybit.inverse.BTCUSD', undefined, /inverse contract.*role: leg/],
    ['deribit.option.BTC-30JAN26-60000-C', undefined, /option.*marketData\.optionChains/],
    ['deribit.option.BTC-30JAN26-60000-C', 'leg', /option.*marketData\.optionChains/],
  ] as const)('is refused: %s as %s', async (instrument, role, message) => {
    const refused = venuesAway(configOf(instrument, role), [])
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) })
  })

  it('may be an inverse contract where only packages hold it', async () => {
    await expect(venuesAway(configOf('binance.coinm.BTCUSD_PERP', 'leg'), [])).resolves.toEqual(new Map())
  })
})

it('prices are heard of the universe, of what is watched, and of the chains that are looked at', () => {
  const config = configSchema.parse({
    universe: [{ ...entry, instrument: 'binance.spot.BTCUSDT' }],
    marketData: { watch: ['deribit.future.BTC-30JAN26'], optionChains: ['BTC'] },
  })
  expect(
    [
      'binance.spot.BTCUSDT',
      'binance.spot.ETHUSDT',
      'deribit.future.BTC-30JAN26',
      'deribit.future.BTC-27MAR26',
      'deribit.option.BTC-30JAN26-60000-C',
      'deribit.option.ETH-30JAN26-3000-C',
    ].filter((instrument) => isHeard(config, instrument)),
  ).toEqual(['binance.spot.BTCUSDT', 'deribit.future.BTC-30JAN26', 'deribit.option.BTC-30JAN26-60000-C'])
})
