/** Owns how the connector speaks to Bybit v5: endpoints, limits, calls, sockets. Pure: no socket, clock or timer. */
import { MINUTE_MS, SECOND_MS } from '#core/time'
import type { BookRule, Call, Cost, PollPlan, PoolSpec, VenueAdapter, Want } from '../adapter.port.js'
import {
  barsCall,
  instrumentsCall,
  markHistoryCall,
  openInterestCall,
  optionChainCall,
  serverTimeCall,
  settlementsCall,
} from './calls.js'
import { bybitDecoder } from './decoder.js'
import { failureOfStatus, LIMIT_WINDOW_MS } from './failure.js'
import { isStreamed, requests, SOCKET_RULES, socketPlans } from './topics.js'

/** Public limit of an address over everything; beyond it comes a ban of ten minutes. `account`: queries of one endpoint. */
const POOLS: readonly PoolSpec[] = [
  { name: 'ip', capacity: 600, windowMs: LIMIT_WINDOW_MS, kind: 'window' },
  { name: 'account', capacity: 50, windowMs: SECOND_MS, kind: 'window' },
]

const hosts = (rest: string, ws: string): Readonly<Record<string, string>> => ({
  rest,
  spotWs: `${ws}/v5/public/spot`,
  linearWs: `${ws}/v5/public/linear`,
  inverseWs: `${ws}/v5/public/inverse`,
  optionWs: `${ws}/v5/public/option`,
  statusWs: `${ws}/v5/public/misc/status`,
})

/** Answers of accounts tell their endpoint's limit and what remains; public ones tell nothing. */
function usage(headers: Readonly<Record<string, string | string[] | undefined>>, call: Call<unknown>): readonly Cost[] {
  const cost = call.costs.find(({ pool }) => pool !== 'ip')
  const limit = Number(headers['x-bapi-limit'])
  const rest = Number(headers['x-bapi-limit-status'])
  if (cost === undefined || !Number.isFinite(limit) || !Number.isFinite(rest)) return []
  return [{ pool: cost.pool, weight: Math.max(0, limit - rest) }]
}

/** The first message is the book; any later snapshot replaces it. A step of the id that is not 1 was seen on no recording. */
const BOOK_RULE: BookRule = {
  needsSnapshot: false,
  judge(message, last) {
    if (message.action === 'snapshot' || message.lastId === 1) return 'replace'
    // Changes without a book: its snapshot was lost, and nobody sends another one unasked.
    if (last === null) return 'gap'
    if (message.lastId <= last) return 'ignore'
    return message.lastId === last + 1 ? 'apply' : 'gap'
  },
}

/** Option chains of a coin that is named by something else than one option. */
function polls(wants: readonly Want[], knowledge: Parameters<VenueAdapter['polls']>[1]): readonly PollPlan[] {
  const bases = new Set(
    wants.filter((want) => want.kind === 'options' && !isStreamed(want)).map((want) => want.facts.base),
  )
  return [...bases].map((base) => ({
    name: `optionChain/${base}`,
    everyMs: MINUTE_MS,
    call: optionChainCall(base, knowledge),
  }))
}

export const bybitAdapter: VenueAdapter = {
  venue: 'bybit',
  endpoints: {
    mainnet: hosts('https://api.bybit.com', 'wss://stream.bybit.com'),
    testnet: hosts('https://api-testnet.bybit.com', 'wss://stream-testnet.bybit.com'),
    below: hosts,
  },
  pools: POOLS,
  // It takes 500 in 5 min.
  connects: { capacity: 150, windowMs: 5 * MINUTE_MS, kind: 'window' },
  usage,
  failure: failureOfStatus,
  serverTime: serverTimeCall,
  instruments: instrumentsCall,
  bars: barsCall,
  settlements: settlementsCall,
  openInterestHistory: openInterestCall,
  markHistory: markHistoryCall,
  volatilityHistory: () => undefined,
  bookSnapshot: () => undefined,
  sockets: socketPlans,
  polls,
  subscribe: (topics, id) =>
    requests(
      'subscribe',
      topics.map((topic) => topic.name),
      id,
    ),
  unsubscribe: (topics, id) =>
    requests(
      'unsubscribe',
      topics.map((topic) => topic.name),
      id,
    ),
  rules: () => SOCKET_RULES,
  decoder: (plan) => bybitDecoder(plan),
  bookRule: () => BOOK_RULE,
}
