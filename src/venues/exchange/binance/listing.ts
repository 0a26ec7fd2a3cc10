/** Owns exchangeInfo of the three markets, filters and all. */
import type { EpochMs } from '#core/time'
import { type Market, WEIGHT } from './limits.js'
import type { Listed } from './symbols.js'

/** The far date that stands for never. */
const NEVER = 4_133_404_800_000
/** Least order values as the venue has them, quote. */
const MIN_NOTIONAL = { spot: '5.00000000', usdm: '5', usdmBtc: '100' } as const

const rateLimits = (market: Market): readonly unknown[] => [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: WEIGHT[market].capacity },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: market === 'spot' ? 100 : 300 },
  ...(market === 'spot'
    ? [
        { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000 },
        { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 },
      ]
    : [{ rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 }]),
]

export function exchangeInfo(market: Market, listed: readonly Listed[], now: EpochMs): unknown {
  return {
    timezone: 'UTC',
    serverTime: now,
    ...(market === 'usdm' ? { futuresType: 'U_MARGINED' } : {}),
    rateLimits: rateLimits(market),
    exchangeFilters: [],
    ...(market === 'usdm'
      ? {
          assets: [...new Set(listed.map(({ instrument }) => instrument.settle))].map((asset) => ({
            asset,
            marginAvailable: true,
            autoAssetExchange: '-10000',
          })),
        }
      : {}),
    symbols: listed.map((of) => (market === 'spot' ? spotSymbol(of) : futureSymbol(of))),
  }
}

function filters({ market, instrument, lot }: Listed): readonly unknown[] {
  const { tick, base } = instrument
  const isSpot = market === 'spot'
  const wide = (text: string): string => (isSpot ? Number(text).toFixed(8) : text)
  const size = { minQty: wide(lot), maxQty: wide('1000000'), stepSize: wide(lot) }
  const price = { filterType: 'PRICE_FILTER', minPrice: wide(tick), maxPrice: wide('10000000'), tickSize: wide(tick) }
  const both = [price, { filterType: 'LOT_SIZE', ...size }]
  if (isSpot)
    return [
      ...both,
      { filterType: 'ICEBERG_PARTS', limit: 100 },
      { filterType: 'MARKET_LOT_SIZE', ...size, minQty: '0.00000000', stepSize: '0.00000000' },
      {
        filterType: 'PERCENT_PRICE_BY_SIDE',
        bidMultiplierUp: '5',
        bidMultiplierDown: '0.2',
        askMultiplierUp: '5',
        askMultiplierDown: '0.2',
        avgPriceMins: 5,
      },
      {
        filterType: 'NOTIONAL',
        minNotional: MIN_NOTIONAL.spot,
        applyMinToMarket: true,
        maxNotional: '9000000.00000000',
        applyMaxToMarket: false,
        avgPriceMins: 5,
      },
      { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
      { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
    ]
  const percent = {
    filterType: 'PERCENT_PRICE',
    multiplierUp: '1.0500',
    multiplierDown: '0.9500',
    multiplierDecimal: '4',
  }
  const notional = { filterType: 'MIN_NOTIONAL', notional: base === 'BTC' ? MIN_NOTIONAL.usdmBtc : MIN_NOTIONAL.usdm }
  return [
    ...both,
    { filterType: 'MARKET_LOT_SIZE', ...size },
    { filterType: 'MAX_NUM_ORDERS', limit: 200 },
    { filterType: 'MAX_NUM_ALGO_ORDERS', limit: 10 },
    ...(market === 'usdm' ? [notional] : []),
    percent,
  ]
}

function spotSymbol(of: Listed): unknown {
  const { base, quote } = of.instrument
  return {
    symbol: of.symbol,
    status: 'TRADING',
    baseAsset: base,
    baseAssetPrecision: 8,
    quoteAsset: quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'],
    icebergAllowed: true,
    ocoAllowed: true,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: true,
    cancelReplaceAllowed: true,
    amendAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: filters(of),
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: ['EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
  }
}

function futureSymbol(of: Listed): unknown {
  const { base, quote, settle, listedAt, expiresAt } = of.instrument
  const isCoin = of.market === 'coinm'
  return {
    symbol: of.symbol,
    pair: of.pair,
    contractType: of.contractType,
    deliveryDate: expiresAt ?? NEVER,
    onboardDate: listedAt,
    ...(isCoin
      ? { contractStatus: 'TRADING', contractSize: of.contractUsd, equalQtyPrecision: 4 }
      : { status: 'TRADING' }),
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: base,
    quoteAsset: quote,
    marginAsset: settle,
    pricePrecision: of.priceDigits,
    quantityPrecision: of.sizeDigits,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: [],
    triggerProtect: '0.0500',
    liquidationFee: '0.015000',
    marketTakeBound: '0.05',
    filters: filters(of),
    orderTypes: ['LIMIT', 'MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
  }
}
