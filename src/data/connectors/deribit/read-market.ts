/** Owns reading what moves: tickers, quotes, trades, books. Amounts become coins, volatilities decimals, empty sides null. */
import { HOUR_MS } from '#core/time'
import type { Knowledge } from '../adapter.port.js'
import { type Fields, fieldsOf, idOf, listOf, numberOf, optionalNumber, positiveOf, textOf, timeOf } from '../fields.js'
import {
  type BookRecord,
  type LiquidationRecord,
  type Normal,
  type OptionRecord,
  PayloadRefused,
  type QuoteRecord,
  type TradeRecord,
} from '../normal.js'
import { coinsOf, type DeribitName, decimalOf, nameOf } from './names.js'

const FUNDING_PERIOD_MS = 8 * HOUR_MS

/** Name of an instrument that payloads must have; combos are refused by whoever cannot skip them. */
export function instrumentOf(value: unknown, path: string): DeribitName {
  const text = textOf(value, path)
  const name = nameOf(text)
  if (!name) throw new PayloadRefused(path, `${JSON.stringify(text)} is no single instrument`)
  return name
}

/** Amounts are USD or coins: by the facts where they are known, else by the name. */
export function isUsdSized(name: DeribitName, knowledge: Knowledge): boolean {
  const facts = knowledge.facts(name.id)
  return facts ? facts.contractOf === 'quote' : name.isUsdSized
}

/** A price of 0 or null means that the side is empty. */
export function priceOrNull(value: unknown, path: string): number | null {
  const price = optionalNumber(value, path)
  return price === 0 ? null : price
}

function volatilityOrNull(value: unknown, path: string): number | null {
  const percent = optionalNumber(value, path)
  return percent === null || percent === 0 ? null : decimalOf(percent)
}

/** `public/ticker`, `ticker.*`, and the ticker's part of an order book. */
export function readTicker(data: Fields, path: string, knowledge: Knowledge): readonly Normal[] {
  const name = instrumentOf(data.instrument_name, `${path}.instrument_name`)
  if (name.market === 'option') return [readOption(data, path, name)]
  const quote = quoteOf(data, path, name, knowledge)
  if (name.market === 'spot') return [quote]
  const ts = timeOf(data.timestamp, `${path}.timestamp`)
  const mark = positiveOf(data.mark_price, `${path}.mark_price`)
  const index = priceOrNull(data.index_price, `${path}.index_price`)
  const interest = numberOf(data.open_interest, `${path}.open_interest`)
  const inUsd = isUsdSized(name, knowledge)
  const records: Normal[] = [
    { kind: 'mark', instrument: name.id, ts, mark, index },
    {
      kind: 'openInterest',
      instrument: name.id,
      ts,
      openInterest: coinsOf(interest, mark, inUsd),
      value: inUsd ? interest : null,
    },
    quote,
  ]
  const funding = name.market === 'perpetual' ? optionalNumber(data.funding_8h, `${path}.funding_8h`) : null
  if (funding !== null)
    records.push({
      kind: 'funding',
      instrument: name.id,
      ts,
      rate: funding,
      intervalMs: FUNDING_PERIOD_MS,
      nextFundingAt: null,
    })
  return records
}

function readOption(data: Fields, path: string, name: DeribitName): OptionRecord {
  const greeks = data.greeks === undefined || data.greeks === null ? {} : fieldsOf(data.greeks, `${path}.greeks`)
  const greek = (key: string): number | null => optionalNumber(greeks[key], `${path}.greeks.${key}`)
  const bid = priceOrNull(data.best_bid_price, `${path}.best_bid_price`)
  const ask = priceOrNull(data.best_ask_price, `${path}.best_ask_price`)
  return {
    kind: 'option',
    instrument: name.id,
    ts: timeOf(data.timestamp, `${path}.timestamp`),
    bid,
    ask,
    mark: numberOf(data.mark_price, `${path}.mark_price`),
    bidIv: bid === null ? null : volatilityOrNull(data.bid_iv, `${path}.bid_iv`),
    askIv: ask === null ? null : volatilityOrNull(data.ask_iv, `${path}.ask_iv`),
    markIv: volatilityOrNull(data.mark_iv, `${path}.mark_iv`),
    delta: greek('delta'),
    gamma: greek('gamma'),
    vega: greek('vega'),
    theta: greek('theta'),
    underlyingPrice: priceOrNull(data.underlying_price, `${path}.underlying_price`),
    indexPrice: priceOrNull(data.index_price, `${path}.index_price`),
    openInterest: optionalNumber(data.open_interest, `${path}.open_interest`),
  }
}

/** `quote.*`, and the best prices of a ticker. */
export function quoteOf(data: Fields, path: string, name: DeribitName, knowledge: Knowledge): QuoteRecord {
  const inUsd = isUsdSized(name, knowledge)
  const side = (which: 'bid' | 'ask'): readonly [number | null, number] => {
    const price = priceOrNull(data[`best_${which}_price`], `${path}.best_${which}_price`)
    if (price === null) return [null, 0]
    const amount = optionalNumber(data[`best_${which}_amount`], `${path}.best_${which}_amount`) ?? 0
    return [price, coinsOf(amount, price, inUsd)]
  }
  const [bid, bidSize] = side('bid')
  const [ask, askSize] = side('ask')
  const ts = timeOf(data.timestamp, `${path}.timestamp`)
  return { kind: 'quote', instrument: name.id, ts, bid, ask, bidSize, askSize }
}

/** Trades, and the liquidations among them. Trades of combos are left out: their legs are trades of their own. */
export function readTrades(value: unknown, path: string, knowledge: Knowledge): readonly Normal[] {
  const rows = listOf(value, path)
  const records: Normal[] = []
  for (let i = 0; i < rows.length; i++) {
    const at = `${path}[${i}]`
    const row = fieldsOf(rows[i], at)
    const name = nameOf(textOf(row.instrument_name, `${at}.instrument_name`))
    if (!name) continue
    const trade = readTrade(row, at, name, knowledge)
    records.push(trade)
    if (trade.isLiquidation) records.push(...liquidationsOf(trade, textOf(row.liquidation, `${at}.liquidation`), at))
  }
  return records
}

function readTrade(row: Fields, at: string, name: DeribitName, knowledge: Knowledge): TradeRecord {
  const price = positiveOf(row.price, `${at}.price`)
  const direction = row.direction
  if (direction !== 'buy' && direction !== 'sell')
    throw new PayloadRefused(`${at}.direction`, `is ${JSON.stringify(direction)}, not buy or sell`)
  return {
    kind: 'trade',
    instrument: name.id,
    ts: timeOf(row.timestamp, `${at}.timestamp`),
    id: idOf(row.trade_id, `${at}.trade_id`),
    price,
    size: coinsOf(positiveOf(row.amount, `${at}.amount`), price, isUsdSized(name, knowledge)),
    aggressor: direction,
    isLiquidation: row.liquidation !== undefined && row.liquidation !== null && row.liquidation !== 'none',
  }
}

/** `T`: the taker was liquidated, `M`: the maker, `MT`: both. Who sells by force was long. */
function liquidationsOf(trade: TradeRecord, who: string, at: string): readonly LiquidationRecord[] {
  if (who !== 'T' && who !== 'M' && who !== 'MT')
    throw new PayloadRefused(`${at}.liquidation`, `is ${JSON.stringify(who)}, not M, T or MT`)
  const taker = trade.aggressor === 'sell' ? 'long' : 'short'
  const maker = taker === 'long' ? 'short' : 'long'
  const { instrument, ts, price, size } = trade
  return [...who].map((letter) => ({
    kind: 'liquidation' as const,
    instrument,
    ts,
    side: letter === 'T' ? taker : maker,
    price,
    size,
  }))
}

/** `book.{instrument}.{interval}` with actions, grouped books and `get_order_book` without. */
export function readBook(data: Fields, path: string, knowledge: Knowledge): BookRecord {
  const name = instrumentOf(data.instrument_name, `${path}.instrument_name`)
  const inUsd = isUsdSized(name, knowledge)
  const isChange = data.type === 'change'
  if (!isChange && data.type !== undefined && data.type !== 'snapshot')
    throw new PayloadRefused(`${path}.type`, `is ${JSON.stringify(data.type)}, not snapshot or change`)
  const id = sequenceOf(data.change_id, `${path}.change_id`)
  return {
    kind: 'book',
    instrument: name.id,
    ts: timeOf(data.timestamp, `${path}.timestamp`),
    action: isChange ? 'update' : 'snapshot',
    firstId: id,
    lastId: id,
    previousId: isChange ? sequenceOf(data.prev_change_id, `${path}.prev_change_id`) : null,
    bids: levelsOf(data.bids, `${path}.bids`, inUsd),
    asks: levelsOf(data.asks, `${path}.asks`, inUsd),
  }
}

function sequenceOf(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new PayloadRefused(path, `is ${JSON.stringify(value) ?? 'absent'}, not a sequence number`)
}

/** Rows `[price, amount]` or `[action, price, amount]`. */
function levelsOf(value: unknown, path: string, inUsd: boolean): readonly number[] {
  const rows = listOf(value, path)
  const levels: number[] = []
  for (let i = 0; i < rows.length; i++) {
    const row = listOf(rows[i], path)
    const isAction = typeof row[0] === 'string'
    const price = positiveOf(row[isAction ? 1 : 0], `${path}[${i}] price`)
    const amount = numberOf(row[isAction ? 2 : 1], `${path}[${i}] amount`)
    if (amount < 0) throw new PayloadRefused(`${path}[${i}] amount`, `is ${amount}`)
    levels.push(price, row[0] === 'delete' ? 0 : coinsOf(amount, price, inUsd))
  }
  return levels
}
