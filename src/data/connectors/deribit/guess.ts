/** Owns telling what a recorded payload is, by its URL or, without one, by its shape. Never reads values. */
import type { PayloadParser } from '../adapter.port.js'
import type { Fields } from '../fields.js'
import { nameOf } from './names.js'

type Guess = ReturnType<PayloadParser['guess']>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const METHOD_TOPICS: Readonly<Record<string, string>> = {
  get_time: 'rest/get_time',
  get_instruments: 'rest/get_instruments',
  get_instrument: 'rest/get_instruments',
  ticker: 'rest/ticker',
  get_order_book: 'rest/get_order_book',
  get_book_summary_by_currency: 'rest/get_book_summary',
  get_book_summary_by_instrument: 'rest/get_book_summary',
  get_tradingview_chart_data: 'rest/get_tradingview_chart_data',
  get_funding_rate_history: 'rest/get_funding_rate_history',
  get_volatility_index_data: 'rest/get_volatility_index_data',
  get_last_trades_by_instrument: 'rest/get_last_trades',
  get_last_trades_by_instrument_and_time: 'rest/get_last_trades',
  get_last_trades_by_currency: 'rest/get_last_trades',
  get_last_trades_by_currency_and_time: 'rest/get_last_trades',
  get_index_price: 'rest/get_index_price',
  status: 'rest/status',
}

export function guessTopic(payload: unknown, url?: string): Guess {
  if (!isFields(payload)) return undefined
  if (payload.method === 'heartbeat' || payload.error !== undefined) return { topic: 'control' }
  if (payload.method === 'subscription') return isFields(payload.params) ? byChannel(payload.params.channel) : undefined
  if (payload.result === undefined) return undefined
  const told = url === undefined ? undefined : byUrl(url)
  if (told) return told
  const topic = byShape(payload.result)
  return topic === undefined ? undefined : { topic, ...aboutOf(payload.result) }
}

function byChannel(channel: unknown): Guess {
  if (typeof channel !== 'string') return undefined
  const parts = channel.split('.')
  const isPair = parts[0] === 'chart' || parts[0] === 'instrument'
  const symbol = parts[parts[0] === 'chart' ? 2 : 1]
  return { topic: isPair ? parts.slice(0, 2).join('.') : parts[0]!, ...named(symbol) }
}

function byUrl(url: string): Guess {
  const match = /\/(?:public|private)\/([a-z_]+)(?:\?(.*))?$/.exec(url)
  const topic = METHOD_TOPICS[match?.[1] ?? '']
  if (!match || topic === undefined) return undefined
  const query = new URLSearchParams(match[2] ?? '')
  const symbol = query.get('instrument_name') ?? query.get('index_name') ?? query.get('currency') ?? undefined
  return { topic, ...(symbol === undefined ? {} : { symbol, ...named(symbol) }) }
}

function byShape(result: unknown): string | undefined {
  if (typeof result === 'number') return result > 1e12 ? 'rest/get_time' : undefined
  if (result === 'ok') return 'control'
  if (Array.isArray(result)) return ofRow(result[0], result)
  if (!isFields(result)) return undefined
  if (result.ticks !== undefined) return 'rest/get_tradingview_chart_data'
  if (Array.isArray(result.trades) && result.has_more !== undefined) return 'rest/get_last_trades'
  if (Array.isArray(result.data) && result.continuation !== undefined) return 'rest/get_volatility_index_data'
  if (result.change_id !== undefined) return 'rest/get_order_book'
  if (result.tick_size !== undefined && result.kind !== undefined) return 'rest/get_instruments'
  if (result.mark_price !== undefined && result.stats !== undefined) return 'rest/ticker'
  if (result.index_price !== undefined && Object.keys(result).length <= 2) return 'rest/get_index_price'
  if (result.locked !== undefined) return 'rest/status'
  return result.version !== undefined ||
    result.access_token !== undefined ||
    (result.order ?? result.order_id) !== undefined
    ? 'control'
    : undefined
}

function ofRow(row: unknown, all: readonly unknown[]): string | undefined {
  if (all.every((item) => typeof item === 'string')) return 'control'
  if (!isFields(row)) return undefined
  if (row.tick_size !== undefined && row.kind !== undefined) return 'rest/get_instruments'
  if (row.interest_1h !== undefined) return 'rest/get_funding_rate_history'
  if (row.mark_price !== undefined && row.creation_timestamp !== undefined && row.open_interest !== undefined)
    return 'rest/get_book_summary'
  return undefined
}

function aboutOf(result: unknown): { readonly market?: string; readonly symbol?: string } {
  const row = Array.isArray(result) ? result[0] : result
  return isFields(row) ? named(row.instrument_name) : {}
}

function named(symbol: unknown): { readonly market?: string; readonly symbol?: string } {
  const name = typeof symbol === 'string' ? nameOf(symbol) : undefined
  return name && typeof symbol === 'string' ? { market: name.market, symbol } : {}
}
