/** Owns which venues the simulated exchange can play. One line a venue. */
import { binanceProtocol } from './binance/protocol.js'
import { bybitProtocol } from './bybit/protocol.js'
import { deribitProtocol } from './deribit/protocol.js'
import { okxProtocol } from './okx/protocol.js'
import type { SimProtocol } from './protocol.port.js'

/** A fresh protocol: it may keep state of its accounts and connections. */
export const PROTOCOLS: Readonly<Record<string, () => SimProtocol>> = {
  binance: () => binanceProtocol(),
  bybit: bybitProtocol,
  okx: okxProtocol,
  deribit: deribitProtocol,
}
