import { connectorContract } from '../contracts/connector.contract.js'

connectorContract('binance', {
  instruments: [
    { instrument: 'binance.usdm.BTCUSDT', world: 'BTC/USDT:USDT' },
    { instrument: 'binance.usdm.ETHUSDT', world: 'ETH/USDT:USDT' },
    { instrument: 'binance.spot.BTCUSDT', world: 'BTC/USDT' },
    { instrument: 'binance.coinm.BTCUSD_PERP', world: 'BTC/USD:BTC' },
  ],
  // Not beyond the weight: excesses are counted, and many of them are a ban.
  beside: { path: '/fapi/v1/depth', query: 'symbol=BTCUSDT&limit=1000', times: 119, everyMs: 60_000, isBan: false },
  unknown: 'binance.usdm.BTCUSTD',
})
