import { connectorContract } from '../contracts/connector.contract.js'

connectorContract('deribit', {
  instruments: [
    { instrument: 'deribit.perpetual.BTC-PERPETUAL', world: 'BTC/USD:BTC' },
    { instrument: 'deribit.perpetual.ETH-PERPETUAL', world: 'ETH/USD:ETH' },
    { instrument: 'deribit.future.BTC-27MAR26', world: 'BTC/USD:BTC-260327' },
  ],
  beside: { path: '/api/v2/public/get_time', query: '', times: 100, everyMs: 200, isBan: false },
  unknown: 'deribit.perpetual.BTC-PERPETUEL',
  without: { settlements: 'funding is continuous and told by the hour; the market settles every eight' },
})
