/** Owns how quantbot speaks to Deribit v2: hosts, credits, calls, sockets, rules, as data. Never does I/O. */
import { SECOND_MS } from '#core/time'
import type { BookVerdict, VenueAdapter } from '../adapter.port.js'
import type { BookRecord } from '../normal.js'
import { barsCall, instrumentsCall, serverTimeCall, settlementsCall, volatilityCall } from './calls.js'
import { DeribitDecoder, HEARTBEAT_ID } from './decoder.js'
import { failureOf } from './envelope.js'
import { pollsOf, socketsOf, subscriptions } from './plan.js'

/** Least interval that the venue takes, seconds. */
const HEARTBEAT_S = 10
const HELLO = JSON.stringify({
  jsonrpc: '2.0',
  id: HEARTBEAT_ID,
  method: 'public/set_heartbeat',
  params: { interval: HEARTBEAT_S },
})

const hosts = (domain: string): Readonly<Record<string, string>> => ({
  rest: `https://${domain}/api/v2`,
  ws: `wss://${domain}/ws/api/v2`,
})

/** `prev_change_id` must be what the book has; what is older was seen already (a frame that came twice). */
function judge(message: BookRecord, last: number | null): BookVerdict {
  if (message.action === 'snapshot') return 'replace'
  // Changes without a book: its snapshot was lost, and nobody sends another one unasked.
  if (last === null) return 'gap'
  if (message.previousId === last) return 'apply'
  return message.lastId <= last ? 'ignore' : 'gap'
}

export const deribitAdapter: VenueAdapter = {
  venue: 'deribit',
  endpoints: {
    mainnet: hosts('www.deribit.com'),
    testnet: hosts('test.deribit.com'),
    below: (rest, ws) => ({ rest: `${rest}/api/v2`, ws: `${ws}/ws/api/v2` }),
  },
  pools: [
    // 500 credits a request, 50,000 at most, 10,000 more every second.
    { name: 'credits', capacity: 50_000, windowMs: 5 * SECOND_MS, kind: 'bucket' },
    { name: 'instruments', capacity: 50, windowMs: 50 * SECOND_MS, kind: 'bucket' },
  ],
  // It states no rate, but 32 connections of an address at a time.
  connects: { capacity: 15, windowMs: 30 * SECOND_MS, kind: 'window' },
  // The venue tells nothing: only our own count keeps the session alive.
  usage: () => [],
  failure: failureOf,

  serverTime: serverTimeCall,
  instruments: instrumentsCall,
  bars: barsCall,
  settlements: (facts, from, to) => (facts.fundingIntervalMs === null ? undefined : settlementsCall(facts, from, to)),
  openInterestHistory: () => undefined,
  volatilityHistory: volatilityCall,
  bookSnapshot: () => undefined,

  sockets: socketsOf,
  polls: pollsOf,
  subscribe: (topics, id) => subscriptions('public/subscribe', topics, id),
  unsubscribe: (topics, id) => subscriptions('public/unsubscribe', topics, id),
  rules: () => ({
    requestsPerSecond: 3,
    ping: null,
    hello: [HELLO],
    maxLifeMs: null,
    idleMs: 2.5 * HEARTBEAT_S * SECOND_MS,
  }),
  decoder: (plan, knowledge) => new DeribitDecoder(plan, knowledge),
  bookRule: () => ({ needsSnapshot: false, judge }),
  barsEndSilently: true,
}
