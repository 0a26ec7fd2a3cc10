/** Owns which reader reads a channel's data. Never parses envelopes. */
import type { Knowledge } from '../adapter.port.js'
import { fieldsOf, numberOf, timeOf } from '../fields.js'
import { type Normal, PayloadRefused } from '../normal.js'
import { intervalOf } from './names.js'
import { readBar } from './read-history.js'
import { instrumentOf, quoteOf, readBook, readTicker, readTrades } from './read-market.js'
import { control, readIndexTick, readPlatform, readState, readVolatilityTick } from './read-status.js'

/** Records of one push. Channels that say nothing about a market give a control record; private ones too. */
export function readChannel(channel: string, value: unknown, path: string, knowledge: Knowledge): readonly Normal[] {
  const dot = channel.indexOf('.')
  const head = dot < 0 ? channel : channel.slice(0, dot)
  if (head === 'trades') return readTrades(value, path, knowledge)
  if (head === 'user' || head === 'markprice' || head === 'estimated_expiration_price')
    return [control(head === 'user' ? 'private' : 'other', channel)]
  const data = fieldsOf(value, path)
  switch (head) {
    case 'ticker':
      return readTicker(data, path, knowledge)
    case 'book':
      return [readBook(data, path, knowledge)]
    case 'quote': {
      const name = instrumentOf(data.instrument_name, `${path}.instrument_name`)
      return [quoteOf(data, path, name, knowledge)]
    }
    case 'chart': {
      const [, , symbol, code] = channel.split('.')
      return [readBar(data, path, instrumentOf(symbol, 'channel'), intervalOf(code ?? '', 'channel'), null)]
    }
    case 'perpetual':
      return [
        {
          kind: 'funding',
          instrument: instrumentOf(channel.split('.')[1], 'channel').id,
          ts: timeOf(data.timestamp, `${path}.timestamp`),
          rate: numberOf(data.interest, `${path}.interest`),
          intervalMs: null,
          nextFundingAt: null,
        },
      ]
    case 'deribit_volatility_index':
      return [readVolatilityTick(data, path)]
    case 'deribit_price_index':
      return [readIndexTick(data, path)]
    case 'platform_state':
      return [readPlatform(data)]
    case 'instrument':
      return [readState(data, path)]
    default:
      throw new PayloadRefused('params.channel', `${JSON.stringify(channel)} is read by no topic`)
  }
}
