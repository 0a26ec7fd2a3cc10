/** Owns which reader reads which channel and endpoint. Never reads a payload itself. */
import { instrumentRow } from './instrument-rows.js'
import type { RowReader } from './scope.js'
import {
  fundingRow,
  indexRow,
  liquidationRow,
  markRow,
  openInterestHistoryRow,
  openInterestRow,
  optionRow,
  settlementRow,
  statusRow,
  timeRow,
} from './state-rows.js'
import { bestRow, bookRow, candleRow, tickerRow, tradeRow } from './trade-rows.js'

const ALL = ['spot', 'swap', 'futures', 'option'] as const
const CONTRACTS = ['swap', 'futures', 'option'] as const

interface TopicRow {
  readonly markets: readonly string[]
  readonly what: string
  readonly read: RowReader
}

const topic = (markets: readonly string[], what: string, read: RowReader): TopicRow => ({ markets, what, read })

/** Channels of sockets. Candles are one topic here: `candle1m`, `candle1Dutc` … differ by interval alone. */
export const CHANNELS = new Map<string, TopicRow>([
  ['tickers', topic(ALL, 'best bid and ask', tickerRow)],
  ['trades', topic(ALL, 'trades, several of one order together', tradeRow)],
  ['trades-all', topic(ALL, 'single trades', tradeRow)],
  ['candle', topic(ALL, 'bars; of the business socket', candleRow)],
  ['books', topic(ALL, 'book of 400 levels, every 100 ms', bookRow)],
  ['books-l2-tbt', topic(ALL, 'book of 400 levels, every 10 ms', bookRow)],
  ['books50-l2-tbt', topic(ALL, 'book of 50 levels, every 10 ms', bookRow)],
  ['books5', topic(ALL, 'snapshots of 5 levels', bookRow)],
  ['bbo-tbt', topic(ALL, 'best bid and ask, every 10 ms', bestRow)],
  ['mark-price', topic(CONTRACTS, 'mark price', markRow)],
  ['index-tickers', topic(ALL, 'index price', indexRow)],
  ['funding-rate', topic(['swap'], 'rate of the current period', fundingRow)],
  ['open-interest', topic(CONTRACTS, 'open interest', openInterestRow)],
  ['liquidation-orders', topic(CONTRACTS, 'forced closings', liquidationRow)],
  ['opt-summary', topic(['option'], 'volatilities and Greeks', optionRow)],
  ['instruments', topic(ALL, 'terms and states of instruments', instrumentRow)],
  ['status', topic(ALL, 'maintenance', statusRow)],
])

/** Endpoints below /api/v5, by topic name. */
export const ENDPOINTS = new Map<string, TopicRow & { readonly path: string }>(
  (
    [
      ['/public/time', ALL, 'time of the venue', timeRow],
      ['/public/instruments', ALL, 'terms and states of instruments', instrumentRow],
      ['/market/candles', ALL, 'newest bars', candleRow],
      ['/market/history-candles', ALL, 'bars of years', candleRow],
      ['/market/books', ALL, 'book; without seqId its best levels', bookRow],
      ['/market/books-full', ALL, 'book; without seqId its best levels', bookRow],
      ['/market/ticker', ALL, 'best bid and ask', tickerRow],
      ['/market/tickers', ALL, 'best bid and ask', tickerRow],
      ['/market/trades', ALL, 'newest trades', tradeRow],
      ['/market/history-trades', ALL, 'trades of three months', tradeRow],
      ['/public/funding-rate', ['swap'], 'rate of the current period', fundingRow],
      ['/public/funding-rate-history', ['swap'], 'rates as they were paid', settlementRow],
      ['/public/open-interest', CONTRACTS, 'open interest', openInterestRow],
      ['/rubik/stat/contracts/open-interest-history', CONTRACTS, 'open interest in time', openInterestHistoryRow],
      ['/public/mark-price', CONTRACTS, 'mark prices', markRow],
      ['/market/index-tickers', ALL, 'index prices', indexRow],
      ['/public/opt-summary', ['option'], 'volatilities and Greeks', optionRow],
      ['/public/liquidation-orders', CONTRACTS, 'forced closings', liquidationRow],
      ['/system/status', ALL, 'maintenance', statusRow],
    ] as const
  ).map(([path, markets, what, read]) => [
    `rest/${path.slice(path.lastIndexOf('/') + 1)}`,
    { path, ...topic(markets, what, read) },
  ]),
)

/** Channels of accounts and orders, which later work reads. */
const PRIVATE = new Set([
  'account',
  'positions',
  'balance_and_position',
  'liquidation-warning',
  'account-greeks',
  'orders',
  'orders-algo',
  'algo-advance',
  'fills',
  'sprd-orders',
  'sprd-trades',
  'deposit-info',
  'withdrawal-info',
])

export function isPrivateChannel(channel: string): boolean {
  return PRIVATE.has(channel) || channel.startsWith('grid-')
}
