/** Owns the channels of the simulated OKX's sockets: what each sends for a span of time. Never subscribes anybody. */
import { type DurationMs, type EpochMs, floorTo, MINUTE_MS, SECOND_MS } from '#core/time'
import type { World } from '../world.port.js'
import { BARS, type BarSpec, barsOf, openOf } from './bars.js'
import { BOOK_EVERY_MS, type BookState, changed } from './book-feed.js'
import { type Listing, listedAt } from './listing.js'
import type { Desk } from './query.js'
import {
  candleRow,
  fundingRow,
  indexRow,
  instrumentRow,
  levelRows,
  liquidationRow,
  markRow,
  openInterestRow,
  optionRow,
  type Row,
  tradeRow,
} from './rows.js'

export interface Push {
  readonly action?: 'snapshot' | 'update'
  readonly data: readonly unknown[]
}

/** One subscription. */
export interface Channel {
  /** What is sent at once. */
  first(at: EpochMs): readonly Push[]
  /** What happened in `(from, to]`. */
  next(from: EpochMs, to: EpochMs): readonly Push[]
}

export type Arg = Readonly<Record<string, unknown>>

/** Speeds as docs-v5 gives them; the faster ones are bound by the exchange's tick. */
const EVERY = { tickers: 100, mark: 200, index: 100, funding: MINUTE_MS, openInterest: 3000, options: 3000 } as const
const HEARTBEAT_MS = MINUTE_MS

/** Sends what stands at each full `everyMs`, the last one of a span alone. */
function sampled(everyMs: DurationMs, rows: (at: EpochMs) => readonly unknown[]): Channel {
  return {
    first: (at) => pushed(rows(floorTo(at, everyMs))),
    next: (from, to) => {
      const at = floorTo(to, everyMs)
      return at > from ? pushed(rows(at)) : []
    },
  }
}

const pushed = (data: readonly unknown[]): readonly Push[] => (data.length === 0 ? [] : [{ data }])

/** The running bar every second, and each bar once more when it is closed. */
function candles(world: World, of: Listing, spec: BarSpec): Channel {
  const rows = (from: EpochMs, to: EpochMs): readonly Push[] =>
    barsOf(world, of.instrument, spec, openOf(spec, from), to + 1, to)
      .map((bar) => ({ bar, isClosed: bar.openTime + spec.ms <= to }))
      .filter(({ isClosed }) => isClosed || floorTo(to, SECOND_MS) > from)
      .map(({ bar, isClosed }) => ({ data: [candleRow(of, bar, isClosed)] }))
  return { first: (at) => rows(at - SECOND_MS, at), next: rows }
}

function trades(world: World, of: Listing): Channel {
  const rows = (from: EpochMs, to: EpochMs) => world.trades(of.instrument, from, to).map((it) => tradeRow(of, it))
  return { first: (at) => pushed(rows(at - MINUTE_MS, at).slice(-1)), next: (from, to) => pushed(rows(from, to)) }
}

/** Snapshot, then changes by sequence number; a heartbeat when nothing changed for a minute. */
function books({ books: feed }: Desk, of: Listing): Channel {
  let last: BookState | undefined
  let sentAt = 0
  const row = (
    state: BookState,
    prevSeqId: number,
    asks: BookState['book']['asks'],
    bids: BookState['book']['bids'],
  ) => ({
    asks: levelRows(of, asks),
    bids: levelRows(of, bids),
    ts: String(state.ts),
    checksum: 0,
    prevSeqId,
    seqId: state.seqId,
  })
  return {
    first(at) {
      last = feed(of, at)
      sentAt = last.ts
      return [{ action: 'snapshot', data: [row(last, -1, last.book.asks, last.book.bids)] }]
    },
    next(_, to) {
      const state = feed(of, to)
      if (last === undefined || state.ts <= last.ts) return []
      const asks = changed(last.book.asks, state.book.asks)
      const bids = changed(last.book.bids, state.book.bids)
      const isQuiet = asks.length === 0 && bids.length === 0
      if (isQuiet && state.ts - sentAt < HEARTBEAT_MS) return []
      const prevSeqId = last.seqId
      const next = isQuiet ? { ...last, ts: state.ts } : state
      last = next
      sentAt = state.ts
      return [{ action: 'update', data: [row(next, prevSeqId, asks, bids)] }]
    },
  }
}

/** Snapshots of the best levels. */
function topOfBook({ books: feed }: Desk, of: Listing, depth: number): Channel {
  return sampled(BOOK_EVERY_MS, (at) => {
    const { ts, seqId, book } = feed(of, at)
    const asks = levelRows(of, book.asks.slice(0, depth))
    const bids = levelRows(of, book.bids.slice(0, depth))
    return [{ asks, bids, instId: of.instId, ts: String(ts), checksum: 0, seqId }]
  })
}

/** At most one a contract and second. */
function liquidations(world: World, instType: unknown): Channel {
  return {
    first: () => [],
    next: (from, to) =>
      [...listedAt(world, to).values()]
        .filter((of) => of.instType === instType)
        .flatMap((of) => {
          const bySecond = new Map<EpochMs, Row>()
          for (const trade of world.trades(of.instrument, from, to))
            if (trade.isLiquidation) bySecond.set(floorTo(trade.ts, SECOND_MS), liquidationRow(of, trade))
          return [...bySecond.values()].map((row) => ({ data: [row] }))
        }),
  }
}

/** All of a type at first, then those that came or went. */
function instruments(world: World, instType: unknown): Channel {
  const ofType = (at: EpochMs) =>
    new Map([...listedAt(world, at)].filter(([, listing]) => listing.instType === instType))
  let known = new Map<string, Listing>()
  return {
    first(at) {
      known = ofType(at)
      return pushed([...known.values()].map((of) => instrumentRow(of, 'live')))
    },
    next(from, to) {
      if (floorTo(to, SECOND_MS) <= from) return []
      const now = ofType(to)
      const came = [...now].filter(([id]) => !known.has(id)).map(([, of]) => instrumentRow(of, 'live'))
      const went = [...known]
        .filter(([id]) => !now.has(id))
        .map(([, of]) => ({ ...instrumentRow(of, 'suspend'), expTime: String(to) }))
      known = now
      return pushed([...came, ...went])
    },
  }
}

type Maker = (desk: Desk, of: Listing) => Channel | undefined

const swap =
  (make: Maker): Maker =>
  (desk, of) =>
    of.instType === 'SWAP' ? make(desk, of) : undefined
const contract =
  (make: Maker): Maker =>
  (desk, of) =>
    of.instType === 'SPOT' ? undefined : make(desk, of)

/** Channels of the public socket that are of one instrument. */
const OF_INSTRUMENT: Readonly<Record<string, Maker>> = {
  tickers: ({ ticker }, of) => sampled(EVERY.tickers, (at) => [ticker(of, at)]),
  trades: ({ context }, of) => trades(context.world, of),
  books,
  books5: (desk, of) => topOfBook(desk, of, 5),
  'bbo-tbt': (desk, of) => topOfBook(desk, of, 1),
  'mark-price': contract(({ context }, of) => sampled(EVERY.mark, (at) => [markRow(context.world, of, at)])),
  'open-interest': contract(({ context }, of) =>
    sampled(EVERY.openInterest, (at) => [openInterestRow(context.world, of, at)]),
  ),
  'funding-rate': swap(({ context }, of) => sampled(EVERY.funding, (at) => [fundingRow(context.world, of, at)])),
}

const TYPES = new Set<unknown>(['SPOT', 'SWAP', 'FUTURES', 'OPTION'])

/** The channel of an argument on a socket; undefined where that socket has no such channel, or there is no such instrument. */
export function channelOf(socket: 'public' | 'business', arg: Arg, desk: Desk): Channel | undefined {
  const { world } = desk.context
  const channel = String(arg.channel)
  const now = desk.context.now()
  const listing = typeof arg.instId === 'string' ? listedAt(world, now).get(arg.instId) : undefined
  if (socket === 'business') {
    const spec = channel.startsWith('candle') ? BARS.get(channel.slice(6)) : undefined
    if (listing === undefined) return undefined
    if (channel === 'trades-all') return trades(world, listing)
    return spec === undefined ? undefined : candles(world, listing, spec)
  }
  if (listing !== undefined && Object.hasOwn(OF_INSTRUMENT, channel)) return OF_INSTRUMENT[channel]?.(desk, listing)
  const families = (): ReadonlySet<string> => new Set([...listedAt(world, now).values()].map(({ family }) => family))
  if (channel === 'index-tickers' && families().has(String(arg.instId)))
    return sampled(EVERY.index, (at) => [indexRow(world, String(arg.instId), at)])
  if (channel === 'opt-summary' && families().has(String(arg.instFamily))) return summaries(world, arg.instFamily)
  if (channel === 'liquidation-orders' && TYPES.has(arg.instType) && arg.instType !== 'SPOT')
    return liquidations(world, arg.instType)
  if (channel === 'instruments' && TYPES.has(arg.instType)) return instruments(world, arg.instType)
  if (channel === 'status') return { first: () => [], next: () => [] }
  return undefined
}

function summaries(world: World, family: unknown): Channel {
  return sampled(EVERY.options, (at) =>
    [...listedAt(world, at).values()]
      .filter((of) => of.instType === 'OPTION' && of.family === family)
      .map((of) => optionRow(world, of, at)),
  )
}
