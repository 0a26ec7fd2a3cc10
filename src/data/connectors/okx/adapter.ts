/** Owns OKX v5 as the connector sees it: hosts, limits, calls, sockets, rules. All of it data and pure functions. */
import { SECOND_MS } from '#core/time'
import type { Call, Page, PoolSpec, SocketRules, VenueAdapter } from '../adapter.port.js'
import { listOf, textOf } from '../fields.js'
import { type InstrumentFacts, type InstrumentRecord, PayloadRefused } from '../normal.js'
import { okxBookRule } from './book-rule.js'
import { chainPolls } from './chain-polls.js'
import { okxDecoder } from './decoder.js'
import { dataOf, failureOfStatus } from './envelope.js'
import { bareScope, barPages, get, openInterestPages, settlementPages } from './histories.js'
import { instrumentRow } from './instrument-rows.js'
import { planSockets, requests } from './plans.js'
import { timeRow } from './state-rows.js'
import { INST_TYPES, type OkxMarket } from './symbols.js'
import { readRows } from './trade-rows.js'

/** Requests in 2 s by endpoint, as docs-v5 gives them; no header tells what is left, so each has its own pool. */
const LIMITS: Readonly<Record<string, number>> = {
  time: 10,
  instruments: 20,
  underlying: 20,
  candles: 40,
  'history-candles': 20,
  'funding-rate-history': 10,
  'open-interest': 20,
  'open-interest-history': 10,
  'mark-price': 10,
  tickers: 20,
  'opt-summary': 20,
}

const RULES: SocketRules = {
  // Messages are few and large; 480 an hour is the bound that matters, and reconnects are rarer than that.
  requestsPerSecond: 3,
  ping: { everyMs: 20 * SECOND_MS, message: () => 'ping' },
  hello: [],
  maxLifeMs: null,
  idleMs: 30 * SECOND_MS,
}

const DEMO = 'wss://wspap.okx.com:8443/ws/v5'
const MAIN = 'wss://ws.okx.com:8443/ws/v5'
const sockets = (base: string) => ({
  publicWs: `${base}/public`,
  businessWs: `${base}/business`,
  privateWs: `${base}/private`,
})

export const okxAdapter: VenueAdapter = {
  venue: 'okx',
  endpoints: {
    mainnet: { rest: 'https://www.okx.com', ...sockets(MAIN) },
    // The demo has the same REST host, and a header that tells it apart.
    testnetHeaders: { 'x-simulated-trading': '1' },
    testnet: { rest: 'https://www.okx.com', ...sockets(DEMO) },
    below: (rest, ws) => ({ rest, ...sockets(`${ws}/ws/v5`) }),
  },
  pools: Object.entries(LIMITS).map(
    ([name, capacity]): PoolSpec => ({ name, capacity, windowMs: 2 * SECOND_MS, kind: 'window' }),
  ),
  // It takes 3 a second.
  connects: { capacity: 2, windowMs: SECOND_MS, kind: 'window' },
  usage: () => [],
  failure: (status, _headers, body) => failureOfStatus(status, body),

  serverTime: () =>
    get('/public/time', {}, (payload, receivedAt) => {
      const [record] = readRows(dataOf(payload), timeRow, bareScope(receivedAt))
      if (record?.kind !== 'serverTime') throw new PayloadRefused('data', 'has no time')
      return record.ts
    }),
  instruments: (market) => (market === 'option' ? optionFamilies() : instrumentPage(market, [])),
  bars: barPages,
  settlements: (facts, from, to) =>
    facts.kind === 'linearPerpetual' || facts.kind === 'inversePerpetual'
      ? settlementPages(facts, from, to)
      : undefined,
  openInterestHistory: (facts, interval, from, to) =>
    facts.kind === 'spot' || facts.option !== null ? undefined : openInterestPages(facts, interval, from, to),
  volatilityHistory: () => undefined,
  bookSnapshot: () => undefined,

  sockets: planSockets,
  polls: chainPolls,
  subscribe: (topics, id) => requests('subscribe', topics, id),
  unsubscribe: (topics, id) => requests('unsubscribe', topics, id),
  rules: () => RULES,
  decoder: okxDecoder,
  bookRule: () => okxBookRule,
}

/** Options are listed by family; the families come first. */
function optionFamilies(): Call<Page<InstrumentFacts>> {
  return get('/public/underlying', { instType: 'OPTION' }, (payload) => {
    const families = dataOf(payload).flatMap((row) => listOf(row, 'data[]').map((name) => textOf(name, 'data[][]')))
    return { rows: [], next: families.length === 0 ? undefined : instrumentPage('option', families) }
  })
}

/** All instruments of a market (OPTION: of the first family, then of the others). */
function instrumentPage(market: string, families: readonly string[]): Call<Page<InstrumentFacts>> {
  const [family, ...others] = families
  const query = { instType: INST_TYPES[market as OkxMarket], ...(family === undefined ? {} : { instFamily: family }) }
  return get('/public/instruments', query, (payload, receivedAt) => ({
    rows: readRows(dataOf(payload), instrumentRow, bareScope(receivedAt))
      .filter((record): record is InstrumentRecord => record.kind === 'instrument')
      .map((record) => record.facts),
    next: others.length === 0 ? undefined : instrumentPage(market, others),
  }))
}
