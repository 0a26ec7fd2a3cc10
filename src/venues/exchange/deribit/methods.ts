/** Owns the public methods of Deribit: what each answers, from the world alone. Limits, logins and sockets are elsewhere. */
import type { EpochMs } from '#core/time'
import type { World } from '../world.port.js'
import {
  CHART_STEPS,
  chart,
  fundingHistory,
  historicalVolatility,
  tradesIn,
  VOLATILITY_STEPS,
  volatility,
} from './history.js'
import { instrumentRow, isOfCurrency, type Listed, listingOf, listings } from './listing.js'
import { bookAt, type StatsOf, summaryRow, tickerRow, tradeRow } from './market.js'
import { choiceParam, numberParam, optionalCount, optionalText, type Params, RpcRefused, textParam } from './rpc.js'

export interface Desk {
  readonly world: World
  readonly stats: StatsOf
  now(): EpochMs
}

type Method = (params: Params, desk: Desk) => unknown

const VERSION = { version: '1.2.26' }
const DEPTHS = ['1', '5', '10', '20', '50', '100', '1000', '10000']
const KINDS = ['future', 'option', 'spot', 'future_combo', 'option_combo', 'any']
const TRADES_MAX = 1000
const TRADES_DEFAULT = 10

const listed = (params: Params, { world, now }: Desk): Listed =>
  listingOf(world, textParam(params, 'instrument_name'), now())

/** Start and end, both of which the venue asks for. */
function spanOf(params: Params): readonly [EpochMs, EpochMs] {
  const [start, end] = [numberParam(params, 'start_timestamp'), numberParam(params, 'end_timestamp')]
  if (end < start) throw new RpcRefused('invalidParams', { reason: 'must be after start', param: 'end_timestamp' })
  return [start, end]
}

function instruments(params: Params, { world, now }: Desk): unknown {
  const currency = optionalText(params, 'currency') ?? 'any'
  const kind = optionalText(params, 'kind') === undefined ? 'any' : choiceParam(params, 'kind', KINDS)
  if (String(params.expired) === 'true') return []
  return listings(world, now())
    .map((one, i) => [one, i + 1] as const)
    .filter(([one]) => isOfCurrency(one, currency) && (kind === 'any' || one.kind === kind))
    .map(([one, id]) => instrumentRow(one, id))
}

function summaries(params: Params, { world, now, stats }: Desk): unknown {
  const currency = textParam(params, 'currency')
  const kind = optionalText(params, 'kind') === undefined ? 'any' : choiceParam(params, 'kind', KINDS)
  const at = now()
  return listings(world, at)
    .filter((one) => isOfCurrency(one, currency) && (kind === 'any' || one.kind === kind))
    .map((one) => summaryRow(world, one, at, stats))
}

function orderBook(params: Params, desk: Desk): unknown {
  const of = listed(params, desk)
  const depth = optionalText(params, 'depth') === undefined ? 5 : Number(choiceParam(params, 'depth', DEPTHS))
  const book = bookAt(desk.world, of, desk.now(), depth)
  return { ...tickerRow(desk.world, of, book.timestamp, desk.stats), ...book }
}

function lastTrades(params: Params, desk: Desk, from: EpochMs, to: EpochMs, isNewest: boolean): unknown {
  const of = listed(params, desk)
  const { world } = desk
  const count = optionalCount(params, 'count', TRADES_DEFAULT, TRADES_MAX)
  const { trades, has_more } = tradesIn(
    world,
    of,
    Math.max(world.start, from),
    Math.min(desk.now(), to),
    count,
    isNewest,
  )
  const rows = trades.map((trade) => tradeRow(world, of, trade))
  return { trades: isNewest ? rows.reverse() : rows, has_more }
}

function tradesByTime(params: Params, desk: Desk): unknown {
  const start =
    optionalText(params, 'start_timestamp') === undefined ? undefined : numberParam(params, 'start_timestamp')
  const end = optionalText(params, 'end_timestamp') === undefined ? undefined : numberParam(params, 'end_timestamp')
  const isNewest = params.sorting === 'desc' || (params.sorting !== 'asc' && start === undefined)
  return lastTrades(params, desk, (start ?? 0) - 1, end ?? desk.now(), isNewest)
}

/** `btc_usd` → BTC, when the world has it. */
export function baseOfIndex(name: string, { world, now }: Desk): string {
  const base = name.split('_')[0]!.toUpperCase()
  if (!listings(world, now()).some(({ instrument }) => instrument.base === base))
    throw new RpcRefused('invalidParams', { reason: 'invalid index_name', param: 'index_name' })
  return base
}

function stepOf(params: Params, steps: Readonly<Record<string, number>>): number {
  return steps[choiceParam(params, 'resolution', Object.keys(steps))]!
}

const currencies = ({ world, now }: Desk): readonly string[] => [
  ...new Set(listings(world, now()).map(({ instrument }) => instrument.settle)),
]

export const PUBLIC: Readonly<Record<string, Method>> = {
  get_time: (_, desk) => desk.now(),
  test: (params) => {
    if (params.expected_result === 'exception') throw new RpcRefused('internal')
    return VERSION
  },
  hello: (params) => {
    textParam(params, 'client_name')
    return VERSION
  },
  status: () => ({ locked: 'false', locked_indices: [] }),
  get_currencies: (_, desk) =>
    currencies(desk).map((currency) => ({
      currency,
      currency_long: currency,
      coin_type: currency,
      min_confirmations: 1,
      withdrawal_fee: 0.0001,
      min_withdrawal_fee: 0.0001,
      network_fee: 0.0001,
      network_currency: currency,
      decimals: 8,
      withdrawal_priorities: [],
    })),
  get_instruments: instruments,
  get_instrument: (params, desk) => {
    const of = listed(params, desk)
    return instrumentRow(of, listings(desk.world, desk.now()).findIndex(({ name }) => name === of.name) + 1)
  },
  ticker: (params, desk) => tickerRow(desk.world, listed(params, desk), desk.now(), desk.stats),
  get_order_book: orderBook,
  get_book_summary_by_currency: summaries,
  get_book_summary_by_instrument: (params, desk) => [
    summaryRow(desk.world, listed(params, desk), desk.now(), desk.stats),
  ],
  get_tradingview_chart_data: (params, desk) => {
    const step = stepOf(params, CHART_STEPS)
    return chart(desk.world, listed(params, desk), step, ...spanOf(params), desk.now())
  },
  get_funding_rate_history: (params, desk) =>
    fundingHistory(desk.world, perpetual(params, desk), ...spanOf(params), desk.now()),
  get_funding_rate_value: (params, desk) =>
    fundingHistory(desk.world, perpetual(params, desk), ...spanOf(params), desk.now()).reduce(
      (sum, row) => sum + row.interest_1h,
      0,
    ),
  get_volatility_index_data: (params, desk) => {
    const base = baseOfIndex(textParam(params, 'currency'), desk)
    return volatility(desk.world, base, stepOf(params, VOLATILITY_STEPS), ...spanOf(params), desk.now())
  },
  get_historical_volatility: (params, desk) =>
    historicalVolatility(desk.world, baseOfIndex(textParam(params, 'currency'), desk), desk.now()),
  get_index_price: (params, desk) => {
    const price = desk.world.index(baseOfIndex(textParam(params, 'index_name'), desk), desk.now())
    return { index_price: price, estimated_delivery_price: price }
  },
  get_last_trades_by_instrument: (params, desk) => lastTrades(params, desk, 0, desk.now(), params.sorting !== 'asc'),
  get_last_trades_by_instrument_and_time: tradesByTime,
}

function perpetual(params: Params, desk: Desk): Listed {
  const of = listed(params, desk)
  if (of.isPerpetual) return of
  throw new RpcRefused('invalidParams', { reason: 'not a perpetual', param: 'instrument_name' })
}
