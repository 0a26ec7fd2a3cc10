/**
 * Share of time in which the newest funding datum of each venue has arrived within a second of its publication, while every
 * venue cuts all sockets every ten minutes and lets one go half-open every hour; with one socket a stream and with two.
 * What was published when is seen on a second copy of each venue, which has no faults.
 */
import { join } from 'node:path'
import { scaledTime } from '#actors/scaled-time'
import { configSchema } from '#core/config/schema'
import { invariant } from '#core/invariant'
import type { TimePort } from '#core/ports'
import { type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { ADAPTERS } from '#data/connectors/adapters'
import type { Normal, Venue } from '#data/connectors/normal'
import { VenueSession } from '#data/connectors/venue-session'
import type { Fault } from '#venues/exchange/faults'
import { PROTOCOLS } from '#venues/exchange/protocols'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import type { Bench, Figure, Scale } from './figures.js'
import { inScratch } from './scratch.js'

interface Load {
  readonly speed: number
  readonly forMs: number
  readonly disconnectEveryMs: number
  readonly halfOpenEveryMs: number
}

const LOADS: Readonly<Record<Scale, Load>> = {
  full: { speed: 20, forMs: 2 * HOUR_MS, disconnectEveryMs: 10 * MINUTE_MS, halfOpenEveryMs: HOUR_MS },
  tiny: { speed: 60, forMs: MINUTE_MS, disconnectEveryMs: MINUTE_MS, halfOpenEveryMs: MINUTE_MS },
}
const SEED = 5
const START = Date.UTC(2026, 0, 15, 8, 30)
const WATCHED: Readonly<Record<Venue, readonly string[]>> = {
  binance: ['binance.usdm.BTCUSDT', 'binance.usdm.ETHUSDT', 'binance.coinm.BTCUSD_PERP'],
  bybit: ['bybit.linear.BTCUSDT', 'bybit.linear.ETHUSDT', 'bybit.inverse.BTCUSD'],
  okx: ['okx.swap.BTC-USDT-SWAP', 'okx.swap.ETH-USDT-SWAP', 'okx.swap.BTC-USD-SWAP'],
  deribit: ['deribit.perpetual.BTC-PERPETUAL', 'deribit.perpetual.ETH-PERPETUAL'],
}
const VENUES: readonly Venue[] = ['binance', 'bybit', 'okx', 'deribit']
/** A socket that is half-open stays so. */
const HALF_OPEN_MS = 20 * MINUTE_MS
const LATE_MS = SECOND_MS

/** A datum of one instrument: when the venue says it is of, and when it was here. */
interface Datum {
  readonly at: EpochMs
  readonly when: EpochMs
}

/** What the venue said of funding, and what must have arrived to know that nothing newer was said. */
interface Heard {
  readonly told: Datum[]
  readonly known: Datum[]
  rate: number
}

/** The venues are not hit at the same time. */
function faultsOf(index: number, { forMs, disconnectEveryMs, halfOpenEveryMs }: Load): Fault[] {
  const faults: Fault[] = []
  const shift = (every: number): number => (every * (2 * index + 1)) / 8 + 137
  for (let at = shift(disconnectEveryMs); at < forMs; at += disconnectEveryMs)
    faults.push({ kind: 'disconnect', afterMs: at })
  for (let at = shift(halfOpenEveryMs) + 2 * SECOND_MS; at < forMs; at += halfOpenEveryMs)
    faults.push({ kind: 'halfOpen', afterMs: at, forMs: HALF_OPEN_MS, sockets: 1 })
  return faults
}

interface Listening {
  readonly heard: ReadonlyMap<string, Heard>
  readonly exchange: Exchange
  readonly session: VenueSession
  end(): Promise<void>
}

/** A venue and a session that reads its funding. */
async function listen(venue: Venue, time: TimePort, home: string, sockets: 1 | 2): Promise<Listening> {
  const world = generatedWorld({ seed: SEED, venue, symbols: 4 })
  const exchange = await openExchange({ protocol: PROTOCOLS[venue]!(), world, time, seed: SEED })
  const { venues } = configSchema.parse({ venues: { [venue]: { rest: exchange.rest, ws: exchange.ws, sockets } } })
  const heard = new Map(
    WATCHED[venue].map((instrument): [string, Heard] => [instrument, { told: [], known: [], rate: Number.NaN }]),
  )
  const take = (record: Normal, receivedAt: EpochMs): void => {
    if (record.kind !== 'funding' && record.kind !== 'mark') return
    const one = heard.get(record.instrument)
    if (one === undefined) return
    const datum = { at: record.ts ?? receivedAt, when: receivedAt }
    // Bybit's tickers say what has changed: each of them says that the rest has not.
    if (record.kind === 'funding' || venue === 'bybit') one.known.push(datum)
    if (record.kind === 'mark' || (venue === 'bybit' && record.rate === one.rate)) return
    one.told.push(datum)
    one.rate = record.rate
  }
  const session = new VenueSession(
    {
      adapter: ADAPTERS[venue]!,
      config: venues[venue],
      watch: WATCHED[venue].map((instrument) => ({ instrument, kinds: ['funding', 'mark'], isListed: false })),
      interval: '1m',
      lastBars: new Map(),
      fees: { makerFeeBps: 0, takerFeeBps: 0 },
      time,
      seed: SEED,
      home,
      isTraded: () => false,
      tap: take,
    },
    { onInput: () => undefined, onDegraded: () => undefined, onRecovered: () => undefined },
  )
  const stop = new AbortController()
  await session.open(stop.signal)
  const running = session.run(stop.signal)
  return {
    heard,
    exchange,
    session,
    end: async () => {
      stop.abort()
      await running
      await session.close()
      await exchange.close()
    },
  }
}

/** Milliseconds in `[from, to)` in which the newest datum that is a second old had not arrived. */
function staleMs(published: readonly Datum[], arrived: readonly Datum[], from: EpochMs, to: EpochMs): number {
  let stale = 0
  let until = from
  let next = 0
  for (const { at } of published) {
    if (at < from || at + LATE_MS > to) continue
    while (next < arrived.length && arrived[next]!.at < at) next++
    const due = Math.max(at + LATE_MS, until)
    const there = Math.min(arrived[next]?.when ?? to, to)
    if (there <= due) continue
    stale += there - due
    until = there
  }
  return stale
}

interface Share {
  readonly venue: Venue
  readonly fresh: number
  /** The same of the copy without faults: what is missing there is the machine's doing at this speed. */
  readonly control: number
  readonly data: number
  readonly faults: number
}

async function measure(home: string, sockets: 1 | 2, load: Load): Promise<readonly Share[]> {
  const { speed, forMs } = load
  const time = scaledTime(speed, START)
  const pairs = await Promise.all(
    VENUES.map(async (venue) => ({
      venue,
      hit: await listen(venue, time, join(home, venue), sockets),
      sound: await listen(venue, time, join(home, `${venue}-sound`), 1),
    })),
  )
  await wait(time, 10 * SECOND_MS)
  const from = time.now()
  for (const [index, { hit }] of pairs.entries())
    for (const { afterMs = 0, ...fault } of faultsOf(index, load)) hit.exchange.inject({ ...fault, at: from + afterMs })
  await wait(time, forMs)
  const to = time.now()
  for (const { hit, sound } of pairs) {
    await hit.end()
    await sound.end()
  }
  return pairs.map(({ venue, hit, sound }) => {
    let stale = 0
    let own = 0
    let data = 0
    for (const instrument of WATCHED[venue]) {
      const published = sound.heard.get(instrument)!.told // both watch the same
      invariant(published.length > 1, () => `${instrument}: no funding was published`)
      stale += staleMs(published, hit.heard.get(instrument)!.known, from, to)
      own += staleMs(published, sound.heard.get(instrument)!.known, from, to)
      data += published.length
    }
    const wholeMs = (to - from) * WATCHED[venue].length
    return { venue, fresh: 1 - stale / wholeMs, control: 1 - own / wholeMs, data, faults: hit.exchange.log.length }
  })
}

export const availabilityBench: Bench = {
  name: 'availability',
  run: (scale) =>
    inScratch(async (home) => {
      const load = LOADS[scale]
      const figures: Figure[] = []
      for (const sockets of [1, 2] as const)
        for (const { venue, fresh, control, data, faults } of await measure(join(home, String(sockets)), sockets, load))
          figures.push({
            what: `funding of ${venue} fresher than 1 s, ${sockets === 1 ? 'one socket' : 'two sockets'} a stream`,
            value: 100 * fresh,
            unit: '%',
            ...(sockets === 2 ? { target: { min: 99.9 } } : {}),
            note: `${(load.forMs / HOUR_MS).toFixed(1)} h of venue time at ${load.speed}×, ${faults} faults, ${data} data; without faults ${(100 * control).toFixed(3)} %`,
          })
      return figures
    }),
}
