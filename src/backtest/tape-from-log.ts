/**
 * Owns making a tape of what a full log recorded: bars, funding, feeds, listings, operator commands, transfers. For what-ifs of
 * sim, paper and live runs. Never takes anything derived.
 */
import { invariant } from '#core/invariant'
import { type Interval, intervalMs } from '#core/time'
import type { BarColumns, FundingColumns } from '#data/columns'
import type { AnyEvent } from '#events/catalogue'
import { readEvents } from '#events/log/reader'
import type { InstrumentListed } from '#events/market.events'
import type { CapitalFlow, RecordedSeries } from './feeds/series.js'
import type { AnySeries, TapeSeries } from './tape.js'

export interface RecordedCommand {
  readonly ts: number
  readonly command: 'halt' | 'resume' | 'flatten'
  readonly reason: string
}

export interface RecordedTape {
  readonly series: readonly AnySeries[]
  readonly listings: ReadonlyMap<string, InstrumentListed['data']>
  readonly commands: readonly RecordedCommand[]
  readonly flows: readonly CapitalFlow[]
}

/** What a feed of a live run tells, word for word. Quotes are none: the bar venue fills at opens. */
const FEEDS: ReadonlySet<string> = new Set([
  'MarkChanged',
  'OpenInterestChanged',
  'FundingRateChanged',
  'VolatilityIndexChanged',
  'OptionChainObserved',
  'OnChainPublished',
])

type Columns = number[][]

/** Reads the inputs of a log. O(events). */
export function tapeFromLog(runDir: string): RecordedTape {
  const bars = new Map<string, { instrument: string; interval: Interval; columns: Columns }>()
  const funding = new Map<string, Columns>()
  const listings = new Map<string, InstrumentListed['data']>()
  const commands: RecordedCommand[] = []
  const flows: CapitalFlow[] = []
  const told: AnyEvent[] = []
  readEvents(runDir, (raw) => {
    const event = raw as unknown as AnyEvent // the chain says that our encoder wrote it
    if (event.cause !== 0) return
    switch (event.type) {
      case 'BarClosed':
        addBar(bars, event.data)
        break
      case 'FundingSettled': {
        const columns = funding.get(event.data.instrument) ?? [[], [], [], []]
        funding.set(event.data.instrument, columns)
        append(columns, [event.data.settledAt, event.data.settledAt, event.data.rate, event.data.intervalHours])
        break
      }
      case 'InstrumentListed':
        listings.set(event.data.instrument, event.data)
        told.push(event)
        break
      case 'InstrumentDelisted':
        told.push(event)
        break
      case 'FundsTransferred':
        flows.push({ ts: event.ts, ...event.data })
        break
      case 'OperatorCommanded':
        commands.push({ ts: event.ts, command: event.data.command, reason: event.data.reason })
        break
      default:
        if (FEEDS.has(event.type)) told.push(event)
    }
  })
  const series: TapeSeries[] = [...bars.values()].map(({ instrument, interval, columns }) => ({
    kind: 'bars',
    instrument,
    interval,
    rows: barColumns(columns),
  }))
  for (const [instrument, columns] of funding)
    series.push({ kind: 'funding', instrument, rows: fundingColumns(columns) })
  const barred = new Set([...bars.values()].map(({ instrument }) => instrument))
  const feeds = recorded(told.filter((event) => !isListing(event) || !barred.has(event.data.instrument)))
  return { series: feeds === undefined ? series : [...series, feeds], listings, commands, flows }
}

type Listing = Extract<AnyEvent, { type: 'InstrumentListed' | 'InstrumentDelisted' }>

/** The driver lists and delists what has bars itself. */
const isListing = (event: AnyEvent): event is Listing =>
  event.type === 'InstrumentListed' || event.type === 'InstrumentDelisted'

function recorded(events: readonly AnyEvent[]): RecordedSeries | undefined {
  if (events.length === 0) return undefined
  const ts = Float64Array.from(events, (event) => event.ts)
  const inputs = events.map(({ type, by, ts, data }) => ({ type, by, ts, data }))
  return { kind: 'recorded', instrument: 'log', rows: { ts, availableAt: ts }, inputs }
}

type Bar = Extract<AnyEvent, { type: 'BarClosed' }>['data']

function addBar(bars: Map<string, { instrument: string; interval: Interval; columns: Columns }>, bar: Bar): void {
  const interval = bar.interval as Interval // the catalogue's codec let it through
  const key = `${bar.instrument} ${interval}`
  let entry = bars.get(key)
  if (entry === undefined) {
    entry = { instrument: bar.instrument, interval, columns: [[], [], [], [], [], [], [], []] }
    bars.set(key, entry)
  }
  const { openTime, open, high, low, close, volume } = bar
  append(entry.columns, [openTime, openTime + intervalMs(interval), open, high, low, close, volume, Number.NaN])
}

/** A restart may record a bar twice; the first stands. */
function append(columns: Columns, row: readonly number[]): void {
  const last = columns[0]!.at(-1)
  if (last !== undefined && row[0]! <= last) return
  for (let i = 0; i < row.length; i++) columns[i]!.push(row[i]!)
}

function barColumns(columns: Columns): BarColumns {
  invariant(columns.length === 8, 'barColumns: eight columns')
  const [ts, availableAt, open, high, low, close, volume, quoteVolume] = columns.map((column) =>
    Float64Array.from(column),
  )
  return {
    ts: ts!,
    availableAt: availableAt!,
    open: open!,
    high: high!,
    low: low!,
    close: close!,
    volume: volume!,
    quoteVolume: quoteVolume!,
  }
}

function fundingColumns(columns: Columns): FundingColumns {
  const [ts, availableAt, rate, intervalHours] = columns.map((column) => Float64Array.from(column))
  return { ts: ts!, availableAt: availableAt!, rate: rate!, intervalHours: intervalHours! }
}
