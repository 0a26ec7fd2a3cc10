import { connectorContract } from '../contracts/connector.contract.js'

connectorContract('binance', {
  instruments: [
    { instrument: 'binance.usdm.BTCUSDT', world: 'BTC/USDT:USDT' },
    { instrument: 'binance.usdm.ETHUSDT', world: 'ETH/USDT:USDT' },
    { instrument: 'binance.spot.BTCUSDT', world: 'BTC/USDT' },
    { instrument: 'binance.coinm.BTCUSD_PERP', world: 'BTC/USD:BTC' },
  ],
  unknown: 'binance.usdm.BTCUSTD',
})
