/** Owns the paths of the simulated Binance: which call answers, what it weighs, and what follows from too many. */
import { type EpochMs, SECOND_MS } from '#core/time'
import type { SimContext, SimLimit, SimReply, SimRequest } from '../protocol.port.js'
import type { World } from '../world.port.js'
import { accountAnswer, balanceAnswer, restrictionsAnswer, type SimAccount, signedBy } from './account.js'
import { fundingInfo, fundingRates, openInterest, openInterestHistory, premiumIndex } from './futures-rest.js'
import {
  BAN_MS,
  depthWeight,
  FUNDING,
  KLINES_MAX,
  klinesWeight,
  type Market,
  OVERRUNS,
  RAW_REQUESTS,
  STATISTICS,
  WEIGHT,
} from './limits.js'
import { exchangeInfo } from './listing.js'
import { aggTrades, bookTicker, depth, klines, priceKlines, ticker24h, trades } from './market-rest.js'
import { BinanceRefusal, Parameters, refusal } from './requests.js'
import { type Listed, priceText, type SymbolTable } from './symbols.js'

interface Deps {
  readonly table: SymbolTable
  readonly accounts: readonly SimAccount[]
}

interface Asked {
  readonly market: Market
  readonly p: Parameters
  readonly world: World
  readonly now: EpochMs
  readonly table: SymbolTable
}

interface Route {
  readonly weight: (asked: Asked) => number
  /** Of a pool of its own instead of the market's weight. */
  readonly pool?: SimLimit
  readonly answer: (asked: Asked) => unknown
}

const MARKETS: Readonly<Record<string, Market>> = { '/api/v3': 'spot', '/fapi/v1': 'usdm', '/dapi/v1': 'coinm' }
const FUTURES: readonly Market[] = ['usdm', 'coinm']
const ALL: readonly Market[] = ['spot', 'usdm', 'coinm']

const wholeOr = (p: Parameters, fallback: number): number => p.whole('limit') ?? fallback
const one = (p: Parameters, single: number, all: number): number => (p.text('symbol') === undefined ? all : single)

/** One object for one symbol, else a list; COIN-M always lists. */
const listOrOne = ({ p, market }: Asked, row: (of: Listed) => unknown): unknown => {
  const rows = p.symbols().map(row)
  return p.text('symbol') !== undefined && market !== 'coinm' ? rows[0] : rows
}

/** `pair` and `contractType` name a contract, as continuous and index bars have them. */
function contractOf({ p, table, market, now }: Asked, contractType: string): Listed {
  const pair = p.needed('pair')
  const found = table.all(market, now).find((of) => of.pair === pair && of.contractType === contractType)
  if (found !== undefined) return found
  throw new BinanceRefusal(400, -1121, 'Invalid symbol.')
}

const klineRoute = (answer: Route['answer']): Route => ({
  weight: ({ p, market }) => klinesWeight(market, Math.min(wholeOr(p, 500), KLINES_MAX[market])),
  answer,
})

const COMMON: Readonly<Record<string, Route>> = {
  ping: { weight: () => 1, answer: () => ({}) },
  time: { weight: () => 1, answer: ({ now }) => ({ serverTime: now }) },
  exchangeInfo: {
    weight: ({ market }) => (market === 'spot' ? 20 : 1),
    answer: ({ market, p, now }) => exchangeInfo(market, p.symbols(), now),
  },
  klines: klineRoute(({ world, p }) => klines(world, p.symbol(), p)),
  depth: {
    weight: ({ p, market }) => depthWeight(market, wholeOr(p, market === 'spot' ? 100 : 500)),
    answer: ({ world, p, market }) =>
      depth(world, p.symbol(), p, p.limit(market === 'spot' ? 100 : 500, market === 'spot' ? 5000 : 1000)),
  },
  trades: {
    weight: ({ market }) => (market === 'spot' ? 25 : 5),
    answer: ({ world, p }) => trades(world, p.symbol(), p),
  },
  aggTrades: {
    weight: ({ market }) => (market === 'spot' ? 4 : 20),
    answer: ({ world, p }) => aggTrades(world, p.symbol(), p),
  },
  'ticker/24hr': {
    weight: ({ p, market }) => one(p, market === 'spot' ? 2 : 1, market === 'spot' ? 80 : 40),
    answer: (asked) => listOrOne(asked, (of) => ticker24h(asked.world, of, asked.now)),
  },
  'ticker/price': {
    weight: ({ p }) => one(p, 2, 4),
    answer: (asked) =>
      listOrOne(asked, (of) => ({
        symbol: of.symbol,
        ...(of.market === 'coinm' ? { ps: of.pair } : {}),
        price: priceText(of, asked.world.quote(of.instrument, asked.now).bid),
        ...(of.market === 'spot' ? {} : { time: asked.now }),
      })),
  },
  'ticker/bookTicker': {
    weight: ({ p, market }) => one(p, 2, market === 'spot' ? 4 : 5),
    answer: (asked) => listOrOne(asked, (of) => bookTicker(asked.world, of, asked.now)),
  },
}

const OF_FUTURES: Readonly<Record<string, Route>> = {
  premiumIndex: {
    weight: ({ p, market }) => (market === 'coinm' ? 10 : one(p, 1, 10)),
    answer: (asked) => listOrOne(asked, (of) => premiumIndex(asked.world, of, asked.now)),
  },
  openInterest: { weight: () => 1, answer: ({ world, p, now }) => openInterest(world, p.symbol(), now) },
  continuousKlines: klineRoute((asked) =>
    klines(asked.world, contractOf(asked, asked.p.needed('contractType')), asked.p),
  ),
  markPriceKlines: klineRoute(({ world, p }) => {
    const of = p.symbol()
    return priceKlines(of, p, (at) => world.mark(of.instrument, at))
  }),
  indexPriceKlines: klineRoute((asked) => {
    const of = contractOf(asked, 'PERPETUAL')
    return priceKlines(of, asked.p, (at) => asked.world.index(of.instrument.base, at))
  }),
  premiumIndexKlines: klineRoute(({ world, p }) => {
    const of = p.symbol()
    return priceKlines(of, p, (at) => world.mark(of.instrument, at) / world.index(of.instrument.base, at) - 1)
  }),
}

const fundingRate: Route = {
  weight: () => 1,
  answer: ({ world, p, table, market, now }) =>
    p.text('symbol') === undefined
      ? table.all(market, now).flatMap((of) => fundingRates(world, of, p))
      : fundingRates(world, p.symbol(), p),
}
const fundingIntervals: Route = {
  weight: () => 1,
  answer: ({ world, table, market, now }) => fundingInfo(world, table.all(market, now), now),
}

/** Both futures have them below one path; COIN-M names pair and type of contract instead of a symbol. */
const statistics: Route = {
  weight: () => 1,
  pool: STATISTICS,
  answer: (asked) => {
    const of = asked.market === 'coinm' ? contractOf(asked, asked.p.needed('contractType')) : asked.p.symbol()
    return openInterestHistory(asked.world, of, asked.p)
  },
}

function routeOf(path: string, query: URLSearchParams): { readonly market: Market; readonly route: Route } | undefined {
  if (path === '/futures/data/openInterestHist')
    return { market: query.has('pair') ? 'coinm' : 'usdm', route: statistics }
  const market = MARKETS[path.slice(0, 7)] ?? MARKETS[path.slice(0, 8)]
  if (market === undefined) return undefined
  const name = path.slice(market === 'spot' ? 8 : 9)
  const common = ALL.includes(market) && Object.hasOwn(COMMON, name) ? COMMON[name] : undefined
  if (common !== undefined) return { market, route: common }
  if (!FUTURES.includes(market)) return undefined
  if (name === 'fundingRate')
    return { market, route: market === 'usdm' ? { ...fundingRate, pool: FUNDING } : fundingRate }
  if (name === 'fundingInfo')
    return { market, route: market === 'usdm' ? { ...fundingIntervals, pool: FUNDING } : fundingIntervals }
  return Object.hasOwn(OF_FUTURES, name) ? { market, route: OF_FUTURES[name]! } : undefined
}

/** Market, answer and weight of what only a signed request gets. */
function signedRoute(path: string, context: SimContext) {
  if (path === '/sapi/v1/account/apiRestrictions')
    return { market: 'spot' as const, answer: () => restrictionsAnswer(context), weight: 1 }
  const match = /^\/(api\/v3|fapi\/v[123]|dapi\/v1)\/(account|balance)$/.exec(path)
  if (match === null) return undefined
  const market: Market = match[1]!.startsWith('api') ? 'spot' : match[1]!.startsWith('fapi') ? 'usdm' : 'coinm'
  if (market === 'spot' && match[2] === 'balance') return undefined
  return { market, answer: match[2] === 'account' ? accountAnswer : balanceAnswer, weight: market === 'spot' ? 20 : 5 }
}

const NOT_FOUND: SimReply = {
  status: 404,
  body: '<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center></body></html>',
}

const tooMany = (capacity: number): BinanceRefusal =>
  new BinanceRefusal(
    429,
    -1003,
    `Too many requests; current limit is ${capacity} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
  )

const banned = (until: EpochMs): BinanceRefusal =>
  new BinanceRefusal(
    418,
    -1003,
    `Way too many requests; IP banned until ${until}. Please use the websocket for live updates to avoid bans.`,
  )

const seconds = (ms: number): Record<string, string> => ({
  'Retry-After': String(Math.max(1, Math.ceil(ms / SECOND_MS))),
})

interface Charge {
  readonly headers: Readonly<Record<string, string>>
  readonly refused: SimReply | undefined
}

/** Takes the weight; over the limit 429, and who goes on then is banned. */
function charge(context: SimContext, ip: string, market: Market, weight: number, pool: SimLimit | undefined): Charge {
  const { limiter } = context
  const limit = pool ?? WEIGHT[market]
  const taken = limiter.take(limit, ip, weight)
  const raw = market === 'spot' ? limiter.take(RAW_REQUESTS, ip, 1) : undefined
  const headers = pool === undefined ? { 'X-MBX-USED-WEIGHT-1M': String(taken.used) } : {}
  const over = taken.isOver ? taken : raw?.isOver === true ? raw : undefined
  if (over === undefined) return { headers, refused: undefined }
  if (limiter.take(OVERRUNS, ip, 1).isOver) {
    limiter.ban(ip, BAN_MS)
    const until = limiter.bannedUntil(ip) ?? context.now()
    return { headers, refused: refusal(banned(until), { ...headers, ...seconds(until - context.now()) }) }
  }
  return { headers, refused: refusal(tooMany(limit.capacity), { ...headers, ...seconds(over.resetMs) }) }
}

/** The answer to one request. */
export function restReply(request: SimRequest, context: SimContext, { table, accounts }: Deps): SimReply {
  const now = context.now()
  const until = context.limiter.bannedUntil(request.ip)
  if (until !== undefined) return refusal(banned(until), seconds(until - now))
  const signed = signedRoute(request.path, context)
  const found = signed === undefined ? routeOf(request.path, request.query) : undefined
  if (signed === undefined && found === undefined) return NOT_FOUND
  if (request.method !== 'GET')
    return refusal(new BinanceRefusal(405, -1000, `Request method '${request.method}' is not supported.`))
  const market = signed?.market ?? found!.market
  const p = new Parameters(request.query, market, now, table)
  const asked: Asked = { market, p, world: context.world, now, table }
  let headers: Readonly<Record<string, string>> = {}
  try {
    const charged = charge(context, request.ip, market, signed?.weight ?? found!.route.weight(asked), found?.route.pool)
    headers = charged.headers
    if (charged.refused !== undefined) return charged.refused
    const body =
      signed === undefined ? found!.route.answer(asked) : signed.answer(market, signedBy(request, accounts, now), now)
    return { status: 200, headers, body }
  } catch (error) {
    if (error instanceof BinanceRefusal) return refusal(error, headers)
    throw error
  }
}
