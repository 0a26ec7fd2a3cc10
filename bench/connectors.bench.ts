/**
 * Frames on their way: how many a second one process takes from a socket through decoder, session, books and conflation into
 * the host with its log; how long one is on the way from the socket to its committed event; how old funding gets through
 * disconnects, and what is committed while faults are on.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { catalogue } from '#actors/catalogue'
import { machineScheduler } from '#actors/machine-scheduler'
import { machineTime } from '#actors/scaled-time'
import { configSchema } from '#core/config/schema'
import { invariant } from '#core/invariant'
import { SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import { binanceAdapter } from '#data/connectors/binance/adapter'
import { VenueSession } from '#data/connectors/venue-session'
import { LiveHost } from '#engine/live'
import { machineClock } from '#engine/live-clock'
import { LatencyHistogram } from '#engine/live-latency'
import { LogWriter } from '#events/log/writer'
import { SoakRig, type VenueUrls } from '#test/soak-rig'
import type { Fault } from '#venues/exchange/faults'
import { canSpawn, compiled } from './child.js'
import { type Bench, type Figure, median, type Scale } from './figures.js'
import { openFrameVenue } from './frame-venue.js'
import { makeFrames, symbolOf } from './frames.js'
import { perpetualsOf } from './perpetuals.js'
import { inScratch, scratchRun } from './scratch.js'

interface Load {
  readonly frames: number
  readonly runs: number
  readonly latencyMs: number
  readonly coins: number
  readonly faultsMs: number
  readonly faultsSpeed: number
}

const LOADS: Readonly<Record<Scale, Load>> = {
  full: { frames: 150_000, runs: 5, latencyMs: 60_000, coins: 17, faultsMs: 900_000, faultsSpeed: 5 },
  tiny: { frames: 3000, runs: 1, latencyMs: 2500, coins: 4, faultsMs: 60_000, faultsSpeed: 30 },
}
const SYMBOLS = 50
const START = Date.UTC(2026, 0, 15, 7, 30)

interface Throughput {
  readonly perSecond: number[]
  readonly events: number
}

/** Every frame is read, and what becomes an input is committed; the sender has a core of its own. */
async function throughput(home: string, { frames, runs }: Load): Promise<Throughput> {
  const symbols = Array.from({ length: SYMBOLS }, (_, i) => symbolOf(i))
  const instruments = symbols.map((symbol) => `binance.usdm.${symbol}`)
  const venue = await openFrameVenue(makeFrames(frames * (runs + 1), SYMBOLS), symbols)
  const config = configSchema.parse({
    interval: '1m',
    universe: symbols.map((symbol, i) => ({
      instrument: instruments[i],
      base: symbol.slice(0, -4),
      tick: '0.01',
      lot: '0.001',
    })),
    venues: {
      binance: {
        endpoints: {
          spotRest: venue.rest,
          usdmRest: venue.rest,
          usdmPublicWs: `${venue.ws}/public`,
          usdmMarketWs: `${venue.ws}/market`,
        },
      },
    },
  })
  const { dir, signer } = scratchRun(home, 'frames', 'full')
  const { writer } = LogWriter.open(dir, { signer })
  let events = 0
  const host = new LiveHost({
    deciders: catalogue(config, 'quote'),
    runSeed: 1,
    log: writer,
    clock: machineClock(machineTime),
    scheduler: machineScheduler,
    groupEvents: config.log.groupEvents,
    groupMs: config.log.groupMs,
    stallMs: config.log.stallMs,
    onCommitted: (committed) => {
      events += committed.length
    },
    onProblem: ({ code, detail }) => invariant(false, () => `${code}: ${detail}`),
  })
  host.start()
  const session = new VenueSession(
    {
      adapter: binanceAdapter,
      config: config.venues.binance,
      watch: instruments.map((instrument) => ({
        instrument,
        kinds: ['bars', 'quotes', 'trades', 'mark', 'funding', 'book'],
        isListed: true,
      })),
      interval: '1m',
      lastBars: new Map(),
      fees: { makerFeeBps: 2, takerFeeBps: 5 },
      time: machineTime,
      seed: 1,
      home,
      isTraded: () => true,
    },
    {
      onInput: ({ type, data }) => {
        invariant(host.push({ type, by: 'connector/binance', data }) !== 'refused', 'the host refused an input')
      },
      onDegraded: () => undefined,
      onRecovered: () => undefined,
    },
  )
  const stop = new AbortController()
  await session.open(stop.signal)
  const running = session.run(stop.signal)
  await venue.subscribed(2)
  const framesOf = (): number => session.stats().sockets.reduce((sum, socket) => sum + socket.frames, 0)
  const perSecond: number[] = []
  for (let run = 0; run <= runs; run++) {
    const before = framesOf()
    const begun = performance.now()
    venue.send(run * frames, (run + 1) * frames)
    while (framesOf() - before < frames) await new Promise((resolve) => setTimeout(resolve, 2))
    const ms = performance.now() - begun
    if (run > 0) perSecond.push((frames * 1000) / ms)
  }
  const { quarantine } = session.stats()
  invariant(quarantine.refused === 0, () => `frames were refused: ${quarantine.lastReason}`)
  stop.abort()
  await running
  await session.close()
  await host.stop()
  await writer.close({ seal: false })
  await venue.close()
  return { perSecond, events }
}

interface Ways {
  /** From the frame in hand to its events on disk. */
  readonly committed: LatencyHistogram
  /** From the venue's time of a datum to its events on disk, its waiting for a tick of the simulator included. */
  readonly fromVenue: LatencyHistogram
  readonly events: number
}

/** The three venues in a process of their own, on the machine's clock; undefined where nothing was compiled. */
async function venuesOutside(
  coins: number,
): Promise<{ readonly urls: Map<string, VenueUrls>; end(): void } | undefined> {
  if (!canSpawn) return undefined
  const options = ['--venue', 'all', '--port', '0', '--json', '--seed', '3', '--symbols', String(coins)]
  const child = spawn(process.execPath, [compiled('src/cli/main.js'), 'sim-exchange', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const urls = new Map<string, VenueUrls>()
  for await (const line of createInterface({ input: child.stdout })) {
    const { venue, ...rest } = JSON.parse(line) as VenueUrls & { readonly venue: string } // what --json prints
    urls.set(venue, rest)
    if (urls.size === 4) break
  }
  return { urls, end: () => void child.kill() }
}

/** A run on three venues at the speed of real time. */
async function latency(home: string, { latencyMs, coins }: Load): Promise<Ways> {
  const committed = new LatencyHistogram()
  const fromVenue = new LatencyHistogram()
  const pushedAt = new Map<unknown, number>()
  let events = 0
  let isWarm = false
  const outside = await venuesOutside(coins)
  let rig: SoakRig | undefined
  rig = await SoakRig.start({
    home,
    seed: 3,
    speed: 1,
    startAt: START,
    ...(outside === undefined ? {} : { outside: outside.urls, time: machineTime }),
    instruments: perpetualsOf(coins),
    symbols: coins,
    backfill: false,
    onInput: ({ data }) => void pushedAt.set(data, performance.now()),
    onCommitted: (group) => {
      const now = performance.now()
      const venueNow = rig?.time.now() ?? 0
      for (const event of group.events) {
        const at = pushedAt.get(event.data)
        if (at === undefined) continue
        pushedAt.delete(event.data)
        if (!isWarm) continue
        events++
        committed.record(now - at)
        if (event.type === 'MarkChanged' && event.data.at !== null) fromVenue.record(venueNow - event.data.at)
      }
    },
  })
  await wait(rig.time, 2 * SECOND_MS)
  isWarm = true
  await wait(rig.time, latencyMs)
  await rig.stop()
  await rig.close()
  outside?.end()
  invariant(rig.problems.length === 0, () => rig.problems.join('; '))
  return { committed, fromVenue, events }
}

/** What a network does without delaying what it delivers: those delays are the venue's, not ours. */
function faultsOf(forMs: number, index: number): Fault[] {
  const kinds: readonly Fault[] = [
    { kind: 'disconnect' },
    { kind: 'halfOpen', sockets: 1, forMs: 30_000 },
    { kind: 'drop', probability: 0.3, forMs: 10_000 },
    { kind: 'duplicate', probability: 0.3, forMs: 10_000 },
    { kind: 'torn', probability: 0.2, forMs: 5000 },
    { kind: 'disconnect' },
    { kind: 'garbage', probability: 0.2, forMs: 5000 },
    { kind: 'serverError', forMs: 10_000 },
    { kind: 'slow', ms: 3000, forMs: 10_000 },
    { kind: 'refuse', forMs: 3000 },
  ]
  const faults: Fault[] = []
  for (let n = 0, at = 5000 + 3000 * index; at < forMs; n++, at += 15_000)
    faults.push({ ...kinds[(n + 3 * index) % kinds.length]!, afterMs: at })
  return faults
}

interface UnderFaults {
  readonly marks: LatencyHistogram
  readonly funding: LatencyHistogram
  readonly bars: LatencyHistogram
  readonly faults: number
}

/** Age of what is committed, by the venue's own time, while something breaks every five seconds. */
async function underFaults(home: string, { faultsMs, faultsSpeed }: Load): Promise<UnderFaults> {
  const marks = new LatencyHistogram()
  const funding = new LatencyHistogram()
  const bars = new LatencyHistogram()
  const venues = ['binance', 'bybit', 'okx']
  let rig: SoakRig | undefined
  rig = await SoakRig.start({
    home,
    seed: 4,
    speed: faultsSpeed,
    startAt: START,
    instruments: perpetualsOf(4),
    backfill: false,
    sockets: 2,
    faults: (venue) => faultsOf(faultsMs, venues.indexOf(venue)),
    onCommitted: (group) => {
      if (rig === undefined) return
      const now = rig.time.now()
      for (const event of group.events) {
        if (event.type === 'MarkChanged') marks.record(now - (event.data.at ?? now))
        else if (event.type === 'FundingRateChanged') funding.record(now - (event.data.at ?? now))
        else if (event.type === 'BarClosed') bars.record(now - event.data.openTime - 60_000)
      }
    },
  })
  await wait(rig.time, faultsMs)
  const faults = [...rig.exchanges.values()].reduce((sum, exchange) => sum + exchange.log.length, 0)
  await rig.stop()
  await rig.close()
  return { marks, funding, bars, faults }
}

const ms = (what: string, value: number, max?: number, note?: string): Figure => ({
  what,
  value,
  unit: 'ms',
  ...(max === undefined ? {} : { target: { max } }),
  ...(note === undefined ? {} : { note }),
})

async function figures(home: string, load: Load): Promise<readonly Figure[]> {
  const { perSecond, events } = await throughput(join(home, 'throughput'), load)
  const ways = await latency(join(home, 'latency'), load)
  const hit = await underFaults(join(home, 'faults'), load)
  const { committed, fromVenue } = ways
  const setting = `${load.coins} coins on three venues, real time, venues in ${canSpawn ? 'another' : 'the same'} process`
  const bad = `${hit.faults} faults in ${load.faultsMs / 60_000} min of venue time at ${load.faultsSpeed}×, two sockets a stream`
  return [
    {
      what: 'frames taken from a socket and dispatched',
      value: median(perSecond),
      unit: 'frames/s',
      target: { min: 50_000 },
      note: `${SYMBOLS} symbols, with books and the host's log (${events.toLocaleString('en-US')} events); the sender on another core`,
    },
    ms('frame to committed event, p50', committed.quantileMs(0.5), undefined, `${setting}; ${ways.events} events`),
    ms('frame to committed event, p99', committed.quantileMs(0.99), 20),
    ms('frame to committed event, longest', committed.maxMs),
    ms(
      'venue time of a mark to committed event, p99',
      fromVenue.quantileMs(0.99),
      undefined,
      'with up to 50 ms of its tick',
    ),
    ms('venue time to committed mark, faults on, p99', hit.marks.quantileMs(0.99), 1500, bad),
    ms('venue time to committed rate, faults on, p99.9', hit.funding.quantileMs(0.999)),
    ms('end of a bar to committed event, faults on, p50', hit.bars.quantileMs(0.5)),
    ms(
      'end of a bar to committed event, faults on, p99',
      hit.bars.quantileMs(0.99),
      undefined,
      'bars of an outage come when it is over',
    ),
  ]
}

export const connectorsBench: Bench = {
  name: 'connectors',
  run: (scale) => inScratch((home) => figures(home, LOADS[scale])),
}
