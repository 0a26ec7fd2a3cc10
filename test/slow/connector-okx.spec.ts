/** The connector of OKX on its simulated exchange: what every connector does. */
import { connectorContract } from '#test/contracts/connector.contract'

connectorContract('okx', {
  instruments: [
    { instrument: 'okx.spot.BTC-USDT', world: 'BTC/USDT' },
    { instrument: 'okx.swap.BTC-USDT-SWAP', world: 'BTC/USDT:USDT' },
    { instrument: 'okx.swap.BTC-USD-SWAP', world: 'BTC/USD:BTC' },
    { instrument: 'okx.futures.ETH-USDT-260327', world: 'ETH/USDT:USDT-260327' },
  ],
  beside: { path: '/api/v5/market/candles', query: 'instId=BTC-USDT', times: 45, everyMs: 500, isBan: false },
  unknown: 'okx.swap.BTC-USDT-SWAPP',
})
