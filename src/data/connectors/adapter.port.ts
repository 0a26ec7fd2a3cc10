/**
 * Owns what a venue's adapter tells the connector: its calls, limits, sockets and rules, as data and pure functions. Only
 * the connector does I/O, waits, counts and retries; an adapter never touches a socket, a clock or a timer.
 */
import type { DurationMs, EpochMs, Interval } from '#core/time'
import type {
  BarRecord,
  BookRecord,
  InstrumentFacts,
  MarkRecord,
  Normal,
  OpenInterestRecord,
  ParseContext,
  SettlementRecord,
  Vendor,
  Venue,
  VolatilityIndexRecord,
} from './normal.js'

/** A limit of the venue: at most `capacity` of weight in any `windowMs`; `refill`: a bucket that fills evenly instead. */
export interface PoolSpec {
  readonly name: string
  readonly capacity: number
  readonly windowMs: DurationMs
  readonly kind: 'window' | 'bucket'
}

export interface Cost {
  readonly pool: string
  readonly weight: number
}

/** A REST request as data. */
export interface Call<T> {
  /** Key of the venue's endpoints: `spotRest`. */
  readonly endpoint: string
  readonly method: 'GET' | 'POST'
  /** Path and query exactly as they are sent, behind the endpoint's URL. */
  readonly path: string
  readonly body?: string
  readonly costs: readonly Cost[]
  /** Reads the parsed body of an answer with HTTP 2xx. Throws PayloadRefused, or VenueFailure for the venue's own error inside a 200. */
  readonly read: (payload: unknown, receivedAt: EpochMs) => T
}

/** Of an answer; names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What a failed answer means, whatever its HTTP status. */
export interface VenueFailure {
  readonly kind: 'rateLimited' | 'banned' | 'clock' | 'badRequest' | 'auth' | 'maintenance' | 'temporary'
  /** How long to stay away; null when the venue does not say. */
  readonly waitMs: DurationMs | null
  readonly code: string
  readonly detail: string
}

/** Thrown by `read` where the failure stands in the body. */
export class VenueFailed extends Error {
  override readonly name = 'VenueFailed'
  constructor(readonly failure: VenueFailure) {
    super(`${failure.kind} ${failure.code}: ${failure.detail}`)
  }
}

/** One page of a history, ascending in time, and the call for the next one; undefined at the end of the span. */
export interface Page<T> {
  readonly rows: readonly T[]
  readonly next: Call<Page<T>> | undefined
}

export type StreamKind =
  | 'bars'
  | 'trades'
  | 'mark'
  | 'funding'
  | 'openInterest'
  | 'liquidations'
  | 'quotes'
  | 'book'
  | 'options'
  | 'volatilityIndex'
  | 'index'
  | 'status'

/** What is wanted of one instrument (or of a currency or the venue: then `instrument` names any of it). */
export interface Want {
  readonly kind: StreamKind
  readonly facts: InstrumentFacts
  /** Of bars. */
  readonly interval?: Interval
}

/** One topic of a socket. Several wants may share one topic (Bybit tickers: mark, funding, open interest). */
export interface TopicPlan {
  /** As the venue names it. */
  readonly name: string
  readonly wants: readonly Want[]
  /** A topic that is silent longer on a live socket is a failure; null for topics that may be silent for ever (liquidations). */
  readonly maxSilenceMs: DurationMs | null
}

export interface SocketPlan {
  /** Key of the venue's endpoints: `usdmMarketWs`. */
  readonly endpoint: string
  /** Behind the endpoint's URL. */
  readonly path: string
  readonly topics: readonly TopicPlan[]
}

/** What is asked by REST again and again, because the venue has no stream of it. */
export interface PollPlan {
  readonly name: string
  readonly everyMs: DurationMs
  readonly call: Call<readonly Normal[]>
}

/** What one frame said. */
export interface Decoded {
  /** Topic of the plan that it belongs to; null for control frames. */
  readonly topic: string | null
  readonly records: readonly Normal[]
  /** To be sent back at once (Deribit public/test). */
  readonly reply?: string
  /** Answer to a request that `subscribe` made: topics that the venue refused or silently left out. */
  readonly refused?: readonly string[]
  /** The venue says that it will close, or that this connection is of no use: reconnect now. */
  readonly reconnect?: string
}

/** Reads the frames of one connection; may remember earlier ones (Bybit's deltas of tickers). */
export interface FrameDecoder {
  /** Throws PayloadRefused; a text that is no JSON as well. */
  decode(text: string, receivedAt: EpochMs): Decoded
}

/** Parse context without what the decoder knows itself. */
export type Knowledge = Pick<ParseContext, 'facts' | 'price'>

export interface SocketRules {
  /** Requests (subscribe, ping …) per second that the venue takes on one connection. */
  readonly requestsPerSecond: number
  /** Pings that we must send; null where the server pings and the socket library answers. */
  readonly ping: { readonly everyMs: DurationMs; readonly message: () => string } | null
  /** Sent first on each connection (Deribit set_heartbeat). */
  readonly hello: readonly string[]
  /** The venue cuts a connection at this age: it is replaced before. Null when it states none. */
  readonly maxLifeMs: DurationMs | null
  /** Without any frame or protocol ping for so long the socket is half-open. */
  readonly idleMs: DurationMs
}

/** What becomes of a book when a message comes. */
export type BookVerdict = 'apply' | 'replace' | 'ignore' | 'gap'

export interface BookRule {
  /** Whether the snapshot must be asked for by REST (Binance), else it comes on the stream. */
  readonly needsSnapshot: boolean
  /** `last`: the id that the book has; null: no snapshot yet. `isFirst`: no update was applied behind the snapshot yet. */
  judge(message: BookRecord, last: number | null, isFirst: boolean): BookVerdict
}

export interface VenueAdapter {
  readonly venue: Venue
  /** URLs by key for `mainnet` and `testnet`; `below`: the same below one origin, as the simulated exchange serves them. */
  readonly endpoints: {
    readonly mainnet: Readonly<Record<string, string>>
    readonly testnet: Readonly<Record<string, string>>
    readonly below: (rest: string, ws: string) => Readonly<Record<string, string>>
    /** Sent with every request to the testnet, where it shares its hosts with the main one. */
    readonly testnetHeaders?: Readonly<Record<string, string>>
  }
  readonly pools: readonly PoolSpec[]
  /** Connections that may be begun; less than the venue takes, because other programs on the address count too. */
  readonly connects: Omit<PoolSpec, 'name'>
  /** Used weight as the answer's headers (lower case) tell it; by pool. */
  usage(headers: Headers, call: Call<unknown>): readonly Cost[]
  /** What an answer that is not 2xx means. `body` is text, JSON or not. */
  failure(status: number, headers: Headers, body: string): VenueFailure

  serverTime(): Call<EpochMs>
  /** All instruments of a market, page by page. */
  instruments(market: string): Call<Page<InstrumentFacts>>
  /** Closed and open bars with open time in `[from, to)`. */
  bars(facts: InstrumentFacts, interval: Interval, from: EpochMs, to: EpochMs): Call<Page<BarRecord>>
  /** Settlements in `(from, to]`; undefined where there is no funding. */
  settlements(facts: InstrumentFacts, from: EpochMs, to: EpochMs): Call<Page<SettlementRecord>> | undefined
  /** Open interest as the venue keeps it, every `interval`; undefined where it keeps none. */
  openInterestHistory(
    facts: InstrumentFacts,
    interval: Interval,
    from: EpochMs,
    to: EpochMs,
    knowledge: Knowledge,
  ): Call<Page<OpenInterestRecord>> | undefined
  /** Marks at the ends of intervals that begin in `[from, to)`, `ts` their beginning; undefined where the venue keeps none. */
  markHistory?(
    facts: InstrumentFacts,
    interval: Interval,
    from: EpochMs,
    to: EpochMs,
  ): Call<Page<MarkRecord>> | undefined
  /** DVOL and its like; undefined where there is none. */
  volatilityHistory(
    currency: string,
    interval: Interval,
    from: EpochMs,
    to: EpochMs,
  ): Call<Page<VolatilityIndexRecord>> | undefined
  /** Snapshot of a book, where `bookRule` needs it. */
  bookSnapshot(facts: InstrumentFacts): Call<BookRecord> | undefined

  /** Topics and sockets for what is wanted, within the venue's caps. Wants that have no stream are left to `polls`. */
  sockets(wants: readonly Want[]): readonly SocketPlan[]
  polls(wants: readonly Want[], knowledge: Knowledge): readonly PollPlan[]
  /** Messages that (un)subscribe topics of a connection; `id` numbers requests. Few messages with many topics. */
  subscribe(topics: readonly TopicPlan[], id: () => number): readonly string[]
  unsubscribe(topics: readonly TopicPlan[], id: () => number): readonly string[]
  rules(endpoint: string): SocketRules
  decoder(plan: SocketPlan, knowledge: Knowledge): FrameDecoder
  readonly bookRule: (market: string) => BookRule
  /** Its streams never say that a bar has closed: REST is asked as soon as one ends. */
  readonly barsEndSilently?: true
}

/** For `quantbot parse`: reads any payload of a venue by the name of its topic or endpoint. */
export interface PayloadParser {
  readonly venue: Venue | Vendor
  /** What `--as` takes: stream topics (`kline`, `depth`) and endpoints (`rest/klines`), each with the markets it is for. */
  readonly topics: readonly { readonly name: string; readonly markets: readonly string[]; readonly what: string }[]
  /** Throws PayloadRefused; USAGE is the caller's. */
  parse(topic: string, payload: unknown, context: ParseContext): readonly Normal[]
  /** Topic of a recorded frame or REST answer (`url`), when it can be told; undefined for what no topic of ours reads. */
  guess(
    payload: unknown,
    url?: string,
  ): { readonly topic: string; readonly market?: string; readonly symbol?: string } | undefined
}
