import { connectorContract } from '../contracts/connector.contract.js'

connectorContract('bybit', {
  instruments: [
    { instrument: 'bybit.linear.BTCUSDT', world: 'BTC/USDT:USDT' },
    { instrument: 'bybit.linear.ETHUSDT', world: 'ETH/USDT:USDT' },
    { instrument: 'bybit.spot.BTCUSDT', world: 'BTC/USDT' },
    { instrument: 'bybit.inverse.BTCUSD', world: 'BTC/USD:BTC' },
  ],
  beside: { path: '/v5/market/time', query: '', times: 0, everyMs: 1000, isBan: true },
  unknown: 'bybit.linear.BTCUSTD',
})
