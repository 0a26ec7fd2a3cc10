/** Owns instruments-info of the simulated Bybit. Limits and ratios that nobody reads are constants of the documented example. */
import { type EpochMs, MINUTE_MS } from '#core/time'
import type { World } from '../world.port.js'
import { isPerpetual, type Listed } from './symbols.js'

const CONTRACT_TYPES = {
  linearPerpetual: 'LinearPerpetual',
  linearFuture: 'LinearFutures',
  inversePerpetual: 'InversePerpetual',
  inverseFuture: 'InverseFutures',
} as const

export function instrumentRow(world: World, of: Listed, at: EpochMs): object {
  const { instrument, symbol } = of
  const common = { symbol, status: 'Trading', baseCoin: instrument.base, quoteCoin: of.quote }
  const { kind } = instrument
  if (kind === 'spot')
    return {
      ...common,
      innovation: '0',
      marginTrading: 'utaOnly',
      stTag: '0',
      lotSizeFilter: {
        basePrecision: of.lot,
        quotePrecision: '0.0000001',
        minOrderQty: of.lot,
        maxOrderQty: '1000000',
        minOrderAmt: '5',
        maxOrderAmt: '8000000',
        maxLimitOrderQty: '1000000',
        maxMarketOrderQty: '500000',
      },
      priceFilter: { tickSize: of.tick },
      riskParameters: { priceLimitRatioX: '0.005', priceLimitRatioY: '0.01' },
      symbolType: '',
    }
  const priceFilter = { minPrice: of.tick, maxPrice: '1999999.80', tickSize: of.tick }
  const lots = { maxOrderQty: '1000000', minOrderQty: of.lot, qtyStep: of.lot }
  const launched = { launchTime: String(instrument.listedAt), deliveryTime: String(instrument.expiresAt ?? 0) }
  if (kind === 'inverseOption')
    return {
      ...common,
      ...launched,
      settleCoin: of.settle,
      optionsType: instrument.option === 'put' ? 'Put' : 'Call',
      deliveryFeeRate: '0.00015',
      priceFilter,
      lotSizeFilter: lots,
      displayName: symbol,
    }
  return {
    ...common,
    ...launched,
    contractType: CONTRACT_TYPES[kind],
    settleCoin: of.settle,
    deliveryFeeRate: '',
    priceScale: String(of.tickDigits),
    leverageFilter: { minLeverage: '1', maxLeverage: '100.00', leverageStep: '0.01' },
    priceFilter,
    lotSizeFilter: {
      ...lots,
      postOnlyMaxOrderQty: '1000000',
      maxMktOrderQty: '500000',
      ...(of.category === 'linear' && { minNotionalValue: '5' }),
    },
    unifiedMarginTrade: true,
    fundingInterval: isPerpetual(of) ? world.fundingIntervalMs(instrument, at) / MINUTE_MS : 0,
    copyTrading: 'none',
    upperFundingRate: '0.00375',
    lowerFundingRate: '-0.00375',
    isPreListing: false,
    preListingInfo: null,
  }
}
