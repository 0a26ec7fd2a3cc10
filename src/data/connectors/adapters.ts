/** Owns which adapters and parsers there are, by venue. One line a venue in each table. */
import type { PayloadParser, VenueAdapter } from './adapter.port.js'
import { binanceAdapter } from './binance/adapter.js'
import { binanceParser } from './binance/parser.js'
import { bybitAdapter } from './bybit/adapter.js'
import { bybitParser } from './bybit/parser.js'
import { deribitAdapter } from './deribit/adapter.js'
import { deribitParser } from './deribit/parser.js'
import type { Venue } from './normal.js'
import { okxAdapter } from './okx/adapter.js'
import { okxParser } from './okx/parser.js'
import { cryptoquantParser } from './onchain/cryptoquant.js'
import { glassnodeParser } from './onchain/glassnode.js'

/** How the connector speaks to each venue. */
export const ADAPTERS: Readonly<Partial<Record<Venue, VenueAdapter>>> = {
  binance: binanceAdapter,
  bybit: bybitAdapter,
  okx: okxAdapter,
  deribit: deribitAdapter,
}

/** How `quantbot parse` and the payload tests read each source; vendors of on-chain data too. */
export const PARSERS: Readonly<Record<string, PayloadParser>> = {
  glassnode: glassnodeParser,
  cryptoquant: cryptoquantParser,
  binance: binanceParser,
  bybit: bybitParser,
  okx: okxParser,
  deribit: deribitParser,
}
