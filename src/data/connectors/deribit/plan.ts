/** Owns which channels and polls serve what is wanted, and the messages that ask for them. */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import type { Knowledge, PollPlan, SocketPlan, StreamKind, TopicPlan, Want } from '../adapter.port.js'
import { chainCall, symbolIn } from './calls.js'
import { resolutionOf } from './names.js'

/** Options that get a ticker of their own, with Greeks; the rest of a chain is polled. */
const OPTION_TICKERS = 400
/** Channels in one request: well below the 32 kB that a frame may have. */
const BATCH = 100
const TOPICS_PER_SOCKET = 500
const CHAIN_EVERY_MS = MINUTE_MS

const isOption = (want: Want): boolean => want.facts.option !== null

/** Channel that serves a want; undefined where there is none (option chains of a currency). */
export function channelOf(want: Want): string | undefined {
  const symbol = symbolIn(want.facts)
  const index = `${want.facts.base.toLowerCase()}_usd`
  const channels: Readonly<Record<StreamKind, string | undefined>> = {
    bars: want.interval && `chart.trades.${symbol}.${resolutionOf(want.interval).code}`,
    trades: `trades.${symbol}.100ms`,
    liquidations: `trades.${symbol}.100ms`,
    mark: `ticker.${symbol}.100ms`,
    funding: want.facts.fundingIntervalMs === null ? undefined : `ticker.${symbol}.100ms`,
    openInterest: `ticker.${symbol}.100ms`,
    quotes: `quote.${symbol}`,
    book: `book.${symbol}.100ms`,
    options: isOption(want) ? `ticker.${symbol}.100ms` : undefined,
    volatilityIndex: `deribit_volatility_index.${index}`,
    index: `deribit_price_index.${index}`,
    status: 'platform_state',
  }
  return channels[want.kind]
}

/** Perpetuals are never silent; other instruments may be, for ever. DVOL and indices come every second. */
function maxSilence(channel: string, wants: readonly Want[]): number | null {
  if (channel.startsWith('deribit_')) return 30 * SECOND_MS
  const isPerpetual = wants.some((want) => want.facts.fundingIntervalMs !== null)
  if (channel.startsWith('ticker.')) return isPerpetual ? 15 * SECOND_MS : 2 * MINUTE_MS
  if (channel.startsWith('quote.') || channel.startsWith('book.')) return isPerpetual ? MINUTE_MS : null
  if (channel.startsWith('chart.')) return isPerpetual ? HOUR_MS : null
  return null
}

/** Option wants beyond the cap of tickers, and those of a currency. */
function splitOptions(wants: readonly Want[]): {
  readonly streamed: readonly Want[]
  readonly polled: readonly Want[]
} {
  const streamed: Want[] = []
  const polled: Want[] = []
  let tickers = 0
  for (const want of wants) {
    if (want.kind === 'options' && (!isOption(want) || tickers++ >= OPTION_TICKERS)) polled.push(want)
    else streamed.push(want)
  }
  return { streamed, polled }
}

export function socketsOf(wants: readonly Want[]): readonly SocketPlan[] {
  const byChannel = new Map<string, Want[]>()
  const add = (channel: string, want: Want): void => {
    const there = byChannel.get(channel)
    if (there) there.push(want)
    else byChannel.set(channel, [want])
  }
  for (const want of splitOptions(wants).streamed) {
    const channel = channelOf(want)
    if (channel !== undefined) add(channel, want)
    if (want.kind === 'status') add('instrument.state.any.any', want)
  }
  const topics = [...byChannel].map(
    ([name, served]): TopicPlan => ({ name, wants: served, maxSilenceMs: maxSilence(name, served) }),
  )
  return chunks(topics, TOPICS_PER_SOCKET).map((some) => ({ endpoint: 'ws', path: '', topics: some }))
}

/** Chains of the currencies whose options are wanted without a ticker of their own. */
export function pollsOf(wants: readonly Want[], knowledge: Knowledge): readonly PollPlan[] {
  const currencies = new Set(splitOptions(wants).polled.map((want) => want.facts.settle))
  return [...currencies].map((currency) => ({
    name: `chain ${currency}`,
    everyMs: CHAIN_EVERY_MS,
    call: chainCall(currency, knowledge),
  }))
}

/** One request for every hundred channels. */
export function subscriptions(
  method: 'public/subscribe' | 'public/unsubscribe',
  topics: readonly TopicPlan[],
  id: () => number,
): readonly string[] {
  return batchesOf(topics).map((batch) =>
    JSON.stringify({ jsonrpc: '2.0', id: id(), method, params: { channels: batch.map((topic) => topic.name) } }),
  )
}

export const batchesOf = (topics: readonly TopicPlan[]): readonly (readonly TopicPlan[])[] => chunks(topics, BATCH)

function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  const out: T[][] = []
  for (let at = 0; at < list.length; at += size) out.push(list.slice(at, at + size))
  return out
}
