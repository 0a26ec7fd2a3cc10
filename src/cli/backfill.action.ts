/** Owns `quantbot backfill`: years of a venue's history into the lake. Composition alone: venue, limits, clock, progress. */
import { machineTime } from '#actors/scaled-time'
import type { VenueConfig } from '#core/config/schema'
import { venuesSchema } from '#core/config/venues-schema'
import { ERRORS, type ErrorCode, QuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import { INTERVALS, type Interval, isInterval, isoTime, parseDay, SECOND_MS } from '#core/time'
import { BINANCE_ARCHIVE, BinanceArchive } from '#data/archives/binance'
import {
  BACKFILL_KINDS,
  type BackfillKind,
  type BackfillProgress,
  type BackfillReport,
} from '#data/backfill/backfill.port'
import { runBackfill } from '#data/backfill/run-backfill'
import type { VenueAdapter } from '#data/connectors/adapter.port'
import { ADAPTERS } from '#data/connectors/adapters'
import { networkHeaders, resolveEndpoints } from '#data/connectors/endpoints'
import { MARKETS, VENUES, type Vendor, type Venue } from '#data/connectors/normal'
import { RateBudget } from '#data/connectors/rate-budget'
import { RestClient } from '#data/connectors/rest-client'
import { describeProblem } from '#data/import-problem'
import { qualityReport } from '#data/quality'
import { BackfillBar } from './backfill-bar.js'
import { backfillOnChain, vendorOf } from './backfill-on-chain.js'
import { readConfig } from './config-file.js'
import { type GlobalOptions, homeOf } from './home.js'
import { describeKey, qualityTable } from './quality-table.js'
import { endProgress, note, say, sayJson } from './terminal.js'

export interface BackfillOptions extends GlobalOptions {
  readonly venue: string
  readonly market?: string
  readonly kinds: string
  readonly symbols: string
  readonly interval: string
  readonly from: string
  readonly to?: string
  readonly config?: string
  readonly rest?: string
  readonly archives?: boolean
  readonly verify?: boolean
  readonly lag: string
  readonly parallel: string
}

const usage = (detail: string): QuantbotError => new QuantbotError('USAGE', detail)

const listed = (text: string): string[] => [...new Set(text.split(',').map((part) => part.trim()))].filter(Boolean)

export async function backfillCommand(options: BackfillOptions): Promise<void> {
  const home = homeOf(options)
  const vendor = vendorOf(options.venue)
  if (vendor !== undefined) return onChainCommand(home, vendor, options)
  const asked = readAsked(options)
  const adapter = ADAPTERS[asked.venue]
  if (!adapter) throw usage(`--venue ${asked.venue} has no connector`)
  const config = venueConfig(options, asked.venue)
  const stop = new AbortController()
  const onSignal = (): void => stop.abort(new Error('interrupted'))
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal)
  const client = clientOf(adapter, config)
  try {
    const bar = new BackfillBar()
    const report = await runBackfill({
      ...asked,
      home,
      adapter,
      ask: (call, signal) => client.send(call, { signal }),
      time: await venueClock(adapter, client, stop.signal),
      verify: options.verify === true,
      ...(options.archives === true ? { archives: archiveOf(asked.venue, config) } : {}),
      signal: stop.signal,
      onProgress: (progress) => bar.show(progress),
    })
    endProgress()
    await tell(home, report, options.json === true)
  } finally {
    client.close()
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, onSignal)
  }
}

async function onChainCommand(home: string, vendor: Vendor, options: BackfillOptions): Promise<void> {
  const { kinds, market, config } = options
  const symbols = listed(options.symbols)
  const { from, to, lagMs } = readSpan(options)
  const rest = restOf(options)
  const stop = new AbortController()
  const onSignal = (): void => stop.abort(new Error('interrupted'))
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal)
  const bar = new BackfillBar()
  try {
    const onProgress = (progress: BackfillProgress): void => bar.show(progress)
    const asked = { home, vendor, kinds, market, symbols, from, to, lagMs, config, rest, signal: stop.signal }
    const report = await backfillOnChain({ ...asked, onProgress })
    endProgress()
    await tell(home, report, options.json === true)
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, onSignal)
  }
}

interface Asked {
  readonly venue: Venue
  readonly kinds: readonly BackfillKind[]
  readonly market: string
  readonly symbols: readonly string[]
  readonly interval: Interval
  readonly from: number
  readonly to: number
  readonly lagMs: number
  readonly parallel: number
}

/** USAGE names the option that is wrong. */
function readAsked(options: BackfillOptions): Asked {
  const venue = VENUES.find((name) => name === options.venue)
  if (!venue) throw usage(`--venue ${options.venue} is none of ${VENUES.join(', ')}`)
  const markets: readonly string[] = MARKETS[venue]
  const market = options.market ?? { binance: 'usdm', bybit: 'linear', okx: 'swap', deribit: 'perpetual' }[venue]
  if (!markets.includes(market)) throw usage(`--market ${market} is none of ${markets.join(', ')}`)
  const kinds = listed(options.kinds).map((name) => {
    const kind = BACKFILL_KINDS.find((known) => known === name)
    if (!kind) throw usage(`--kinds ${name} is none of ${BACKFILL_KINDS.join(', ')}`)
    return kind
  })
  const symbols = listed(options.symbols)
  if (kinds.length === 0 || symbols.length === 0) throw usage('--kinds and --symbols name at least one each')
  const { interval } = options
  if (!isInterval(interval)) throw usage(`--interval ${interval} is none of ${INTERVALS.join(', ')}`)
  const { from, to, lagMs } = readSpan(options)
  return {
    venue,
    kinds,
    market,
    symbols,
    interval,
    from,
    to,
    lagMs,
    parallel: whole(options.parallel, '--parallel', 1, 16),
  }
}

function readSpan({ from: first, to: last, lag }: BackfillOptions): Pick<Asked, 'from' | 'to' | 'lagMs'> {
  const from = dayOf(first, '--from')
  const to = last === undefined ? Number.MAX_SAFE_INTEGER : dayOf(last, '--to') + 86_400_000
  if (to <= from) throw usage('--to is before --from')
  return { from, to, lagMs: whole(lag, '--lag', 0, 86_400) * SECOND_MS }
}

function dayOf(text: string, option: string): number {
  const day = parseDay(text)
  if (day === undefined) throw usage(`${option} ${text} is no day YYYY-MM-DD`)
  return day
}

function whole(text: string, option: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most)
    throw usage(`${option} ${text} is no whole number between ${least} and ${most}`)
  return value
}

/** What the configuration says of the venue, below `--rest` where that is given. */
function venueConfig(options: BackfillOptions, venue: Venue): VenueConfig {
  const { config } = options
  const told = config === undefined ? venuesSchema.parse({})[venue] : readConfig(config).venues[venue]
  const rest = restOf(options)
  if (rest === undefined) return told
  return { ...told, rest, ws: rest.replace(/^http/, 'ws'), endpoints: pick(told.endpoints, 'archives') }
}

function restOf({ rest }: BackfillOptions): string | undefined {
  if (rest !== undefined && !(/^https?:\/\//.test(rest) && URL.canParse(rest)))
    throw usage(`--rest ${rest} is no http URL`)
  return rest
}

const pick = (endpoints: VenueConfig['endpoints'], key: string): VenueConfig['endpoints'] =>
  Object.fromEntries(Object.entries(endpoints).filter(([name]) => name === key))

function clientOf(adapter: VenueAdapter, config: VenueConfig): RestClient {
  const { archives: _, ...endpoints } = config.endpoints
  const { limitShare, cancelReserve } = config
  const budget = new RateBudget({
    venue: adapter.venue,
    pools: adapter.pools,
    time: machineTime,
    limitShare,
    cancelReserve,
  })
  return new RestClient({
    adapter,
    endpoints: resolveEndpoints(adapter, { ...config, endpoints }),
    headers: networkHeaders(adapter, config),
    budget,
    time: machineTime,
    seed: 1,
  })
}

function archiveOf(venue: Venue, config: VenueConfig): BinanceArchive {
  if (venue !== 'binance') throw usage('--archives: only binance has a bulk archive that is read')
  return new BinanceArchive(config.endpoints.archives ?? BINANCE_ARCHIVE)
}

/** The venue's clock decides which bars have closed: this machine's may be off, a simulated exchange's is its own. */
async function venueClock(
  adapter: VenueAdapter,
  client: RestClient,
  signal: AbortSignal,
): Promise<Pick<TimePort, 'now'>> {
  const offset = (await client.send(adapter.serverTime(), { signal })) - machineTime.now()
  return { now: () => machineTime.now() + offset }
}

async function tell(home: string, report: BackfillReport, isJson: boolean): Promise<void> {
  const keys = new Set(report.series.map(({ key }) => JSON.stringify(key)))
  const quality = await qualityReport(home, (key) => keys.has(JSON.stringify(key)))
  if (isJson) sayJson({ ...report, quality })
  else {
    for (const { key, written, files, venueGaps } of report.series)
      say(`${describeKey(key).padEnd(36)} ${written} rows in ${files} files, ${venueGaps.length} gaps of the venue`)
    for (const conflict of report.conflicts) say(`CONFLICT ${describeProblem(conflict)}`)
    if (quality.length > 0) say(qualityTable(quality))
    const state = report.isInterrupted ? 'interrupted; the same command goes on' : 'done'
    say(
      `${report.rows} rows, ${report.files} files, ${report.requests} requests, ${report.conflicts.length} conflicts: ${state}`,
    )
  }
  for (const { key, span, code, message } of report.failures)
    note(`${code}: ${describeKey(key)} ${isoTime(span[0])} … ${isoTime(span[1])}: ${message}`)
  const [first] = report.failures
  if (first)
    process.exitCode = ERRORS[first.code as ErrorCode].exitCode // a code of the table, as the report says
  else if (report.conflicts.length > 0) process.exitCode = 1
  else if (report.isInterrupted) process.exitCode = 130
}
