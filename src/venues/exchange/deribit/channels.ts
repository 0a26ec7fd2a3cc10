/** Owns the public channels: what each sends first, and for a span of time. Never sends anything itself. */
import { type EpochMs, floorTo, SECOND_MS } from '#core/time'
import { barRow, CHART_STEPS } from './history.js'
import { isOfCurrency, type Listed, listings } from './listing.js'
import { BOOK_EVERY_MS, type BookState, bookAt, fundingOf, indexOf, quoteRow, tickerRow, tradeRow } from './market.js'
import { baseOfIndex, type Desk } from './methods.js'
import { RpcRefused } from './rpc.js'

export interface Channel {
  /** Payloads of `data`, in order, at subscribing and for `(from, to]`. */
  first(at: EpochMs): readonly unknown[]
  next(from: EpochMs, to: EpochMs): readonly unknown[]
}

const INTERVALS = ['raw', '100ms', 'agg2']
const BOOK_LEVELS = 100
const PLATFORM: Channel = { first: () => [], next: () => [] }

/** Undefined for a name that is none: the venue leaves it out of its answer. */
export function channelOf(name: string, desk: Desk): Channel | undefined {
  const [head, ...rest] = name.split('.')
  try {
    return make(head!, rest, desk)
  } catch (error) {
    if (error instanceof RpcRefused) return undefined
    throw error
  }
}

export const needsLogin = (name: string): boolean => name.endsWith('.raw')

function make(head: string, rest: readonly string[], desk: Desk): Channel | undefined {
  const { world } = desk
  if (head === 'platform_state') return PLATFORM
  if (head === 'instrument' && rest[0] === 'state') return states(rest[1] ?? '', rest[2] ?? '', desk)
  if (head === 'deribit_price_index' || head === 'deribit_volatility_index') return index(head, rest[0] ?? '', desk)
  if (head === 'chart' && rest[0] === 'trades') return chart(rest[1] ?? '', rest[2] ?? '', desk)
  if (head === 'trades' && rest.length === 3) return tradesOf(rest, desk)
  const of = listings(world, desk.now()).find((listed) => listed.name === rest[0])
  if (of === undefined) return undefined
  if (head === 'quote') return rest.length === 1 ? every(BOOK_EVERY_MS, (at) => quoteRow(world, of, at)) : undefined
  if (!INTERVALS.includes(rest.at(-1) ?? '')) return undefined
  if (head === 'book') return book(of, rest, desk)
  if (rest.length !== 2) return undefined
  if (head === 'trades') return trades((at) => listings(world, at).filter((listed) => listed.name === of.name), desk)
  // Marks of options follow the volatility, which is fitted about once a second.
  if (head === 'ticker')
    return every(of.kind === 'option' ? SECOND_MS : BOOK_EVERY_MS, (at) => tickerRow(world, of, at, desk.stats))
  if (head === 'perpetual' && of.isPerpetual)
    return every(BOOK_EVERY_MS, (at) => ({
      timestamp: at,
      interest: fundingOf(world, of, at),
      index_price: indexOf(world, of, at),
    }))
  return undefined
}

/** The newest state, when a step of the grid ended: older ones in the span are conflated. Books alone begin with a snapshot. */
function every(stepMs: number, row: (at: EpochMs) => unknown): Channel {
  return {
    first: () => [],
    next: (from, to) => (floorTo(to, stepMs) > floorTo(from, stepMs) ? [row(floorTo(to, stepMs))] : []),
  }
}

function index(head: string, name: string, desk: Desk): Channel {
  const base = baseOfIndex(name, desk)
  const { world } = desk
  return head === 'deribit_price_index'
    ? every(SECOND_MS, (at) => ({ timestamp: at, index_name: name, price: Number(world.index(base, at).toFixed(2)) }))
    : every(SECOND_MS, (at) => ({
        timestamp: at,
        index_name: name,
        volatility: Number((world.volatility(base, at) * 100).toFixed(6)),
      }))
}

function trades(which: (at: EpochMs) => readonly Listed[], { world }: Desk): Channel {
  return {
    first: () => [],
    next: (from, to) => {
      const rows = which(to).flatMap((of) =>
        world.trades(of.instrument, from, to).map((trade) => tradeRow(world, of, trade)),
      )
      return rows.length === 0 ? [] : [rows]
    },
  }
}

/** `trades.{kind}.{currency}.{interval}`. */
function tradesOf([kind, currency, interval]: readonly string[], desk: Desk): Channel | undefined {
  if (!['future', 'option', 'spot', 'any'].includes(kind!) || !INTERVALS.includes(interval!)) return undefined
  return trades(
    (at) =>
      listings(desk.world, at).filter((of) => isOfCurrency(of, currency!) && (kind === 'any' || of.kind === kind)),
    desk,
  )
}

/** Every bar that ended in the span as it ended, then the running one. Nothing says which is which. */
function chart(name: string, resolution: string, desk: Desk): Channel | undefined {
  const { world } = desk
  const of = listings(world, desk.now()).find((listed) => listed.name === name)
  const step = CHART_STEPS[resolution]
  if (of === undefined || step === undefined) return undefined
  const rows = (from: EpochMs, to: EpochMs): readonly unknown[] =>
    world.bars(of.instrument, step, floorTo(from, step), to + 1, to).map(barRow)
  return {
    first: () => [],
    next: (from, to) => {
      const isBarOver = floorTo(to, step) > floorTo(from, step)
      return isBarOver || floorTo(to, SECOND_MS) > floorTo(from, SECOND_MS) ? rows(from, to) : []
    },
  }
}

function book(of: Listed, rest: readonly string[], desk: Desk): Channel | undefined {
  const { world } = desk
  if (rest.length === 4) {
    const depth = Number(rest[2])
    if (![1, 10, 20].includes(depth)) return undefined
    return every(BOOK_EVERY_MS, (at) => ({ instrument_name: of.name, ...bookAt(world, of, at, depth) }))
  }
  if (rest.length !== 2) return undefined
  let last: BookState | undefined
  const snapshot = (at: EpochMs): unknown => {
    last = bookAt(world, of, at, BOOK_LEVELS)
    const rows = (side: BookState['bids']): unknown => side.map(([price, amount]) => ['new', price, amount])
    return { type: 'snapshot', instrument_name: of.name, ...last, bids: rows(last.bids), asks: rows(last.asks) }
  }
  return {
    first: (at) => [snapshot(at)],
    next: (_, to) => {
      if (last === undefined || floorTo(to, BOOK_EVERY_MS) <= last.timestamp) return []
      const before = last
      last = bookAt(world, of, to, BOOK_LEVELS)
      const [bids, asks] = [changes(before.bids, last.bids), changes(before.asks, last.asks)]
      if (bids.length === 0 && asks.length === 0) {
        last = before
        return []
      }
      const { timestamp, change_id } = last
      const name = of.name
      return [
        { type: 'change', timestamp, instrument_name: name, change_id, prev_change_id: before.change_id, bids, asks },
      ]
    },
  }
}

function changes(before: BookState['bids'], now: BookState['bids']): readonly unknown[] {
  const old = new Map(before)
  const rows: unknown[] = []
  for (const [price, amount] of now) {
    const had = old.get(price)
    if (had !== amount) rows.push([had === undefined ? 'new' : 'change', price, amount])
    old.delete(price)
  }
  for (const price of old.keys()) rows.push(['delete', price, 0])
  return rows
}

/** `instrument.state.{kind}.{currency}`: what was listed or went since the last full second. */
function states(kind: string, currency: string, { world, now }: Desk): Channel {
  const there = (at: EpochMs): ReadonlySet<string> =>
    new Set(
      listings(world, at)
        .filter((of) => isOfCurrency(of, currency) && (kind === 'any' || of.kind === kind))
        .map(({ name }) => name),
    )
  let known = there(now())
  return {
    first: () => [],
    next: (from, to) => {
      if (floorTo(to, SECOND_MS) === floorTo(from, SECOND_MS)) return []
      const before = known
      known = there(to)
      const word = (names: Iterable<string>, state: string, unless: ReadonlySet<string>): readonly unknown[] =>
        [...names].filter((name) => !unless.has(name)).map((name) => ({ timestamp: to, state, instrument_name: name }))
      return [...word(known, 'started', before), ...word(before, 'closed', known)]
    },
  }
}
