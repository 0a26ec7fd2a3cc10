/** Owns the keys of quantbot.yaml that name what is outside the process: venues, vendors, stores, the HTTP API. */
import { z } from 'zod'
import { bps, count, positive, secret, toggle, url } from './fields.js'

const venue = z.strictObject({
  network: z.enum(['mainnet', 'testnet']).describe('Which of the venue’s own hosts.').default('mainnet'),
  rest: url('One origin below which all REST paths lie: the simulated exchange, or a proxy.', [
    'http',
    'https',
  ]).optional(),
  ws: url('One origin below which all sockets lie; together with `rest`.', ['ws', 'wss']).optional(),
  endpoints: z
    .record(z.string(), url('URL.', ['http', 'https', 'ws', 'wss']))
    .describe('Single hosts instead of those of the network, by their key.')
    .default({}),
  limitShare: z
    .number()
    .min(0.05)
    .max(1)
    .describe('Share of the venue’s rate limits that is used at all.')
    .default(0.7),
  cancelReserve: z
    .number()
    .min(0)
    .max(0.9)
    .describe('Share of that which is kept for cancels and queries of orders.')
    .default(0.2),
  apiKey: secret('Key of the account; one that may withdraw is refused. `quantbot doctor` asks the venue.').optional(),
  apiSecret: secret('Its secret; together with `apiKey`.').optional(),
  passphrase: secret('Its passphrase, where the venue has one (OKX).').optional(),
  sockets: z
    .int()
    .min(1)
    .max(2)
    .describe('Sockets a stream; the second one carries on when the first is silent.')
    .default(1),
})

export const venuesSchema = z.strictObject({
  binance: venue.describe('Binance: spot, usdm, coinm.').prefault({}),
  bybit: venue.describe('Bybit v5: spot, linear, inverse, option.').prefault({}),
  okx: venue.describe('OKX v5: spot, swap, futures, option.').prefault({}),
  deribit: venue.describe('Deribit v2: spot, perpetual, future, option.').prefault({}),
})

const onChainSource = z.strictObject({
  rest: url('Base URL.', ['http', 'https']).optional(),
  apiKey: secret('Key of the vendor; without one the source is not asked.').optional(),
})

export const marketDataSchema = z.strictObject({
  watch: z
    .array(z.string())
    .describe('Instruments that are watched beside the universe: funding on other venues, dated futures, options.')
    .default([]),
  optionChains: z
    .array(z.enum(['BTC', 'ETH']))
    .describe('Currencies whose option chains and volatility index are read from Deribit.')
    .default([]),
  optionChainMinutes: count('Minutes between two looks at the chains.').default(5),
  extra: z
    .array(z.enum(['trades', 'liquidations', 'book']))
    .describe('Further streams of the universe; they enter no log, but raw frames where those are kept.')
    .default([]),
  keepFrames: toggle('Whether raw frames are kept for replay, gzip-compressed, by venue and day.').default(false),
  record: z
    .array(z.enum(['bars', 'funding', 'oi', 'mark', 'volatility', 'onchain', 'options']))
    .describe('What a run on venues leaves in the lake; open interest, marks and volatility at most once a minute.')
    .default(['bars', 'funding', 'oi', 'volatility', 'onchain']),
  recordMinutes: count('Minutes that rows wait in memory before they go into the lake.').default(10),
  staleMs: count('Milliseconds without a newer quote or mark after which an instrument counts as stale.').default(
    15_000,
  ),
  maxDeviationBps: bps('Distance of a venue’s mark from the median of the venues that is reported').default(100),
  maxClockOffsetMs: count('Distance of the machine’s clock from a venue’s that is reported.').default(500),
  onChain: z
    .strictObject({
      glassnode: onChainSource.describe('Glassnode.').prefault({}),
      cryptoquant: onChainSource.describe('CryptoQuant.').prefault({}),
      lagMinutes: count('Minutes behind the end of a period before its value is used.').default(120),
      pollMinutes: count('Minutes between two looks.').default(60),
    })
    .describe('On-chain metrics of vendors.')
    .prefault({}),
})

export const storesSchema = z.strictObject({
  aggregate: z
    .enum(['none', 'duckdb', 'postgres'])
    .describe('Where bars, funding, signals, orders, fills and equity are projected to for queries.')
    .default('none'),
  postgres: secret('URL of PostgreSQL, with or without the TimescaleDB extension.').optional(),
  redis: secret('URL of Redis; without one the cache lives in the process.').optional(),
  cacheSeconds: positive('Seconds after which a cached value that nobody renewed expires.').default(120),
})

export const apiSchema = z.strictObject({
  enabled: toggle('Whether the analytics API is served.').default(false),
  host: z
    .string()
    .min(1)
    .describe('Address to bind to; beyond loopback only behind something that asks for a password.')
    .default('127.0.0.1'),
  port: z.int().min(0).max(65_535).describe('Port; 0 takes a free one.').default(0),
})
