/** Makes ccxt, somebody else's client, speak to a simulated exchange: its URLs and its clock replaced, nothing else. */
import ccxt, { type Exchange as CcxtExchange } from 'ccxt'

export type CcxtClient = CcxtExchange

export interface CcxtNeeds {
  /** Class of ccxt.pro: `binanceusdm`. */
  readonly name: 'binance' | 'binanceusdm' | 'binancecoinm' | 'bybit' | 'okx' | 'deribit'
  /** Replaces `urls.api`. */
  readonly urls: Readonly<Record<string, unknown>>
  /** Venue time of the simulator. */
  readonly now: () => number
  readonly credentials?: Readonly<Record<string, string>>
  readonly options?: Readonly<Record<string, unknown>>
}

/** Close it when done: it may hold sockets. */
export async function ccxtClient({ name, urls, now, credentials = {}, options = {} }: CcxtNeeds): Promise<CcxtClient> {
  const client = new ccxt.pro[name]({
    ...credentials,
    enableRateLimit: false,
    options: { fetchCurrencies: false, ...options },
  })
  // ccxt's types know neither nested URLs nor another clock.
  Object.assign(client.urls, { api: urls })
  Object.assign(client, { nonce: now, milliseconds: now })
  // Sockets without TLS need it.
  await client.loadHttpProxyAgent()
  return client
}
