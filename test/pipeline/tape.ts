/**
 * Owns synthetic tapes for whole-pipeline tests: seeded random walks with gaps, late listings, early ends, crashes and
 * funding. The same specification gives the same doubles everywhere. Never reads a clock, a file or the network.
 */
import type { BarSeries, FundingSeries, TapeSeries } from '#backtest/tape'
import { planTape, type TapePlan } from '#backtest/tape-plan'
import { type Config, configSchema } from '#core/config/schema'
import { invariant } from '#core/invariant'
import { Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS, type Interval, intervalMs } from '#core/time'
import type { BarColumns, FundingColumns } from '#data/columns'

/** 2021-01-01. */
export const TAPE_START = 1_609_459_200_000

/** One instrument of a synthetic market. Days are counted from the start of the tape, fractions of a bar cut off. */
export interface SymbolSpec {
  readonly symbol: string
  readonly price?: number
  readonly annualVol?: number
  /** Logarithmic drift a year. */
  readonly drift?: number
  /** First day; later than 0: a late listing. */
  readonly fromDay?: number
  /** Day of the first bar that is not there; before the end: the series ends early. */
  readonly toDay?: number
  /** Days whose bars are missing, all of them. */
  readonly gapDays?: readonly number[]
  /** A slide: from this day on, for `days`, a log return of `total` is added evenly. */
  readonly crash?: { readonly day: number; readonly days: number; readonly total: number }
  /** `recorded`: a settlement every 8 h, around 1 bp; `none`: stand-ins come from the plan. */
  readonly funding?: 'recorded' | 'none'
  /** Base units a day on average. */
  readonly dailyVolume?: number
  readonly tick?: string
  readonly lot?: string
}

export interface TapeSpec {
  readonly seed: number
  readonly days: number
  readonly interval: Interval
  readonly symbols: readonly SymbolSpec[]
}

/** Instrument id of a symbol. */
export const idOf = (symbol: string, market = 'usdm'): string => `test.${market}.${symbol}`

/** A patch of a configuration: any part of what quantbot.yaml may say. */
export type ConfigPatch = { readonly [key: string]: unknown }

/** Configuration of a tape's universe, `patch` on top. */
export function configOf(spec: TapeSpec, patch: ConfigPatch = {}): Config {
  return configSchema.parse({
    name: 'synthetic',
    seed: spec.seed,
    interval: spec.interval,
    universe: spec.symbols.map(({ symbol, tick = '0.01', lot = '0.001', funding }) => ({
      instrument: idOf(symbol),
      base: symbol,
      tick,
      lot,
      ...(funding === 'recorded' ? { fundingOf: idOf(symbol) } : {}),
    })),
    ...patch,
  })
}

/** Series in the order in which `planTape` wants them: bars of each instrument, then its funding where it has some. */
export function seriesOfSpec(spec: TapeSpec): TapeSeries[] {
  return spec.symbols.flatMap((symbol, i) => {
    const bars = barsOf(spec, symbol, i)
    return symbol.funding === 'recorded' ? [bars, fundingOf(spec, symbol, i)] : [bars]
  })
}

/** Tape and configuration of a specification. */
export function syntheticTape(spec: TapeSpec, patch: ConfigPatch = {}): { config: Config; plan: TapePlan } {
  const config = configOf(spec, patch)
  return { config, plan: planTape(config, seriesOfSpec(spec)) }
}

const onGrid = (price: number, tick: number): number => Math.max(1, Math.round(price / tick)) * tick

/** Doubles that print as they were meant: two decimals. */
const cents = (price: number): number => Math.round(onGrid(price, 0.01) * 100) / 100

function barsOf(spec: TapeSpec, symbol: SymbolSpec, index: number): BarSeries {
  const step = intervalMs(spec.interval)
  const perDay = DAY_MS / step
  const random = Sfc32.seeded(spec.seed, index, 1)
  const { fromDay = 0, toDay = spec.days, gapDays = [], annualVol = 0.7, drift = 0.2, crash } = symbol
  const gaps = new Set(gapDays)
  const sigma = annualVol * Math.sqrt(1 / (365 * perDay))
  const rows: number[][] = []
  let close = symbol.price ?? 100
  for (let i = 0; i < spec.days * perDay; i++) {
    const day = i / perDay
    const slides = crash !== undefined && day >= crash.day && day < crash.day + crash.days
    const slide = slides ? crash.total / (crash.days * perDay) : 0
    // The same draws whether the bar is kept or not, so that a gap or a late listing changes nothing else.
    const [jump, move, up, down, size] = [
      random.normal(),
      random.normal(),
      random.next(),
      random.next(),
      random.normal(),
    ]
    const open = cents(close * Math.exp(0.1 * sigma * jump))
    close = cents(open * Math.exp(drift / (365 * perDay) + slide + sigma * move))
    const high = cents(Math.max(open, close) * (1 + sigma * up))
    const low = cents(Math.min(open, close) * (1 - sigma * down))
    const volume = Math.round(((symbol.dailyVolume ?? 1e6) / perDay) * Math.exp(0.5 * size) * 1000) / 1000
    if (day < fromDay || day >= toDay || gaps.has(Math.floor(day))) continue
    const ts = TAPE_START + i * step
    rows.push([
      ts,
      ts + step,
      open,
      Math.max(high, open, close),
      Math.min(low, open, close),
      close,
      volume,
      close * volume,
    ])
  }
  return { kind: 'bars', instrument: idOf(symbol.symbol), interval: spec.interval, rows: columnsOf(rows) }
}

function columnsOf(rows: readonly (readonly number[])[]): BarColumns {
  const column = (at: number): Float64Array => Float64Array.from(rows, (row) => row[at]!)
  return {
    ts: column(0),
    availableAt: column(1),
    open: column(2),
    high: column(3),
    low: column(4),
    close: column(5),
    volume: column(6),
    quoteVolume: column(7),
  }
}

function fundingOf(spec: TapeSpec, symbol: SymbolSpec, index: number): FundingSeries {
  const random = Sfc32.seeded(spec.seed, index, 2)
  const { fromDay = 0, toDay = spec.days } = symbol
  const ts: number[] = []
  const rate: number[] = []
  for (let t = TAPE_START; t <= TAPE_START + spec.days * DAY_MS; t += 8 * HOUR_MS) {
    const value = Math.round((1 + 2 * random.normal()) * 1e4) / 1e8
    const day = (t - TAPE_START) / DAY_MS
    if (day <= fromDay || day > toDay) continue
    ts.push(t)
    rate.push(value)
  }
  const times = Float64Array.from(ts)
  const rows: FundingColumns = {
    ts: times,
    availableAt: times.slice(),
    rate: Float64Array.from(rate),
    intervalHours: times.map(() => 8),
  }
  return { kind: 'funding', instrument: idOf(symbol.symbol), rows }
}

/**
 * A copy of series without the rows that become available after t. What the tape knows of listings stays: a bar that is missing
 * before t is expected there still, whatever comes later.
 */
export function truncated(series: readonly TapeSeries[], t: number): TapeSeries[] {
  return series.map((one) => {
    const count = one.rows.availableAt.filter((at) => at <= t).length
    const rows = Object.fromEntries(Object.entries(one.rows).map(([name, column]) => [name, column.slice(0, count)]))
    const edges =
      one.kind === 'bars' && count > 0
        ? { expectedFrom: one.rows.availableAt[0]!, expectedTo: Math.min(t, one.rows.availableAt.at(-1)!) }
        : {}
    return { ...one, rows, ...edges } as unknown as TapeSeries // the same columns, shorter
  })
}

/** A copy of series whose rows with `availableAt` > t tell another story: prices, volumes and rates are changed wildly. */
export function perturbed(series: readonly TapeSeries[], t: number, seed: number): TapeSeries[] {
  return series.map((one, index) => {
    const random = Sfc32.seeded(seed, index, 3)
    const change = (column: Float64Array, factorOf: () => number): Float64Array =>
      column.map((value, i) => (one.rows.availableAt[i]! > t ? value * factorOf() : value))
    if (one.kind === 'funding')
      return { ...one, rows: { ...one.rows, rate: change(one.rows.rate, () => -3 * random.next()) } }
    const factors = Float64Array.from(one.rows.ts, () => Math.exp(0.2 * random.normal()))
    let at = 0
    const scaled = (column: Float64Array): Float64Array => {
      at = 0
      return column.map((value, i) => {
        const factor = factors[at++]!
        return one.rows.availableAt[i]! > t ? Math.max(0.01, Math.round(value * factor * 100) / 100) : value
      })
    }
    const { open, high, low, close, volume, quoteVolume } = one.rows
    const rows: BarColumns = {
      ...one.rows,
      open: scaled(open),
      high: scaled(high),
      low: scaled(low),
      close: scaled(close),
      volume: change(volume, () => 10 * random.next()),
      quoteVolume,
    }
    return { ...one, rows }
  })
}

/** Row of a series' bar that opens at `ts`; throws when there is none. */
export function rowAt(series: BarSeries, ts: number): number {
  const row = series.rows.ts.indexOf(ts)
  invariant(row >= 0, () => `no bar of ${series.instrument} at ${ts}`)
  return row
}
