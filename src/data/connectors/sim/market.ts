/**
 * Owns the built-in market: a seeded generator of bars, funding and quotes that stands where a venue's feed would.
 * Offline, deterministic and restartable. Never real data: every instrument is of the venue `sim`.
 */
import type { Config, UniverseEntry } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { invariant } from '#core/invariant'
import { floorTo, HOUR_MS, type Interval, intervalMs, parseDay, SECOND_MS } from '#core/time'
import type { FundingSettled, InstrumentListed } from '#events/market.events'
import {
  copyDynamics,
  createDynamics,
  Dynamics,
  type DynamicsConfig,
  type DynamicsState,
  fundingRate,
} from './dynamics.js'
import { quotePath, type SimQuote } from './quotes.js'
import { SIM_SYMBOLS, type SimSymbol } from './symbols.js'

const BY = 'connector/sim'
const FUNDING_MS = 8 * HOUR_MS
const QUOTE_MS = 15 * SECOND_MS
/** Most quotes of a bar: 15 s apart in an hour, further in longer bars. */
const QUOTES_MAX = 240

/** An input of the dispatcher, told by its shape: this room does not know the engine. */
export interface SimInput {
  readonly type: 'BarClosed' | 'BarOpened' | 'FundingSettled' | 'InstantClosed' | 'QuoteChanged'
  readonly by: string
  readonly ts: number
  readonly data: unknown
}

export interface SimInstant {
  readonly ts: number
  /** Bars by instrument, funding by instrument, InstantClosed. */
  readonly inputs: readonly SimInput[]
}

/** Plain JSON. */
export interface SimMarketState {
  readonly v: 1
  readonly dynamics: DynamicsState
  /** Instant given last, epoch ms. */
  readonly at: number
}

export interface SimMarket {
  readonly universe: readonly UniverseEntry[]
  readonly instruments: readonly InstrumentListed['data'][]
  /** Instant given last, epoch ms. */
  readonly at: number
  /** Close of the history's last instant is before this, epoch ms: the first one of the market's life. */
  readonly start: number
  /** Inputs of all instants before the start; nothing once the market is past it. */
  history(): Iterable<SimInput>
  /** Time of the next instant. */
  nextTs(): number
  /** The next instant: the first one is the start itself, so that daily bars close at once. */
  nextInstant(): SimInstant
  /** The bar that runs now, for hosts that fill at its open. */
  barOpened(instrument: string): SimInput
  /** Quotes with from < ts ≤ to within the bar that runs now, by time, then instrument. Asking changes nothing. */
  quotesBetween(from: number, to: number, instruments: readonly string[]): SimInput[]
  state(): SimMarketState
  restore(state: SimMarketState): void
}

/** The market of `config.sim`. Throws QuantbotError CONFIG_INVALID for a start that is no date. */
export function createSimMarket(config: Config['sim'], seed: number): SimMarket {
  return new Market(config, seed)
}

function universeOf(symbols: readonly SimSymbol[], interval: Interval): UniverseEntry[] {
  return symbols.map(({ base, priceDigits, sizeDigits }) => ({
    instrument: `sim.perp.${base}USDT`,
    interval,
    base,
    quote: 'USDT',
    tick: step(priceDigits),
    lot: step(sizeDigits),
    minNotional: '5',
  }))
}

function step(digits: number): string {
  return digits === 0 ? '1' : `0.${'1'.padStart(digits, '0')}`
}

class Market implements SimMarket {
  readonly universe: readonly UniverseEntry[]
  readonly instruments: readonly InstrumentListed['data'][]
  readonly start: number
  readonly #interval: Interval
  readonly #intervalMs: number
  readonly #seed: number
  readonly #config: DynamicsConfig
  /** Indices of the symbols in the order of their instruments. */
  readonly #sorted: readonly number[]
  readonly #indexOf: ReadonlyMap<string, number>
  #dynamics: Dynamics
  #at: number
  readonly #paths = new Map<string, { readonly openTime: number; readonly quotes: readonly SimQuote[] }>()

  constructor(config: Config['sim'], seed: number) {
    const start = parseDay(config.start)
    if (start === undefined) throw new QuantbotError('CONFIG_INVALID', `sim.start: ${config.start} is no date`)
    const symbols = SIM_SYMBOLS.slice(0, config.symbols)
    this.start = start
    this.#interval = config.interval
    this.#intervalMs = intervalMs(config.interval)
    this.#seed = seed
    this.universe = universeOf(symbols, config.interval)
    this.instruments = this.universe.map(({ instrument, base, quote, tick, lot, minNotional }) => ({
      instrument,
      kind: 'linearPerpetual',
      base,
      quote,
      tick,
      lot,
      minNotional,
      makerFeeBps: 2,
      takerFeeBps: 5,
    }))
    this.#indexOf = new Map(this.universe.map(({ instrument }, i) => [instrument, i]))
    this.#sorted = [...this.#indexOf].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, i]) => i)
    const { annualVol, correlation } = config
    this.#config = { symbols, intervalMs: this.#intervalMs, annualVol, correlation }
    this.#at = start - config.historyDays * 24 * HOUR_MS
    this.#dynamics = new Dynamics(this.#config, createDynamics(this.#config, seed, this.#at))
    this.#dynamics.nextBars()
  }

  get at(): number {
    return this.#at
  }

  *history(): Iterable<SimInput> {
    while (this.nextTs() < this.start) yield* this.nextInstant().inputs
  }

  nextTs(): number {
    const close = this.#dynamics.state.openTime + this.#intervalMs
    return Math.min(close, floorTo(this.#at, FUNDING_MS) + FUNDING_MS)
  }

  nextInstant(): SimInstant {
    const ts = this.nextTs()
    const { openTime } = this.#dynamics.state
    const closes = ts === openTime + this.#intervalMs
    const inputs: SimInput[] = []
    if (closes) for (const i of this.#sorted) inputs.push(this.#barClosed(i, ts))
    if (ts % FUNDING_MS === 0) for (const i of this.#sorted) inputs.push(this.#funding(i, ts, closes))
    const intervals = closes ? [this.#interval] : []
    inputs.push({ type: 'InstantClosed', by: BY, ts, data: { instant: ts, intervals, missing: [] } })
    this.#at = ts
    if (closes) this.#dynamics.nextBars()
    return { ts, inputs }
  }

  barOpened(instrument: string): SimInput {
    const i = this.#index(instrument)
    const { openTime, bars } = this.#dynamics.state
    const { open, volume } = bars[i]!
    const data = { instrument, interval: this.#interval, openTime, open, liquidity: volume }
    return { type: 'BarOpened', by: BY, ts: openTime, data }
  }

  quotesBetween(from: number, to: number, instruments: readonly string[]): SimInput[] {
    const { openTime } = this.#dynamics.state
    const points = Math.min(QUOTES_MAX, this.#intervalMs / QUOTE_MS)
    const gap = this.#intervalMs / points
    const sorted = [...instruments].sort()
    const inputs: SimInput[] = []
    for (let k = Math.max(0, Math.floor((from - openTime) / gap) + 1); k < points; k++) {
      const ts = openTime + k * gap
      if (ts > to) break
      for (const instrument of sorted)
        inputs.push({ type: 'QuoteChanged', by: BY, ts, data: { instrument, ...this.#path(instrument, points)[k]! } })
    }
    return inputs
  }

  state(): SimMarketState {
    return { v: 1, dynamics: this.#dynamics.snapshot(), at: this.#at }
  }

  restore(state: SimMarketState): void {
    const { symbols } = state.dynamics
    invariant(symbols.length === this.#config.symbols.length, () => `sim market: state of ${symbols.length} symbols`)
    this.#dynamics = new Dynamics(this.#config, copyDynamics(state.dynamics))
    this.#at = state.at
    this.#paths.clear()
  }

  #index(instrument: string): number {
    const i = this.#indexOf.get(instrument)
    invariant(i !== undefined, () => `sim market: ${instrument} is not traded here`)
    return i
  }

  #barClosed(i: number, ts: number): SimInput {
    const { openTime, bars } = this.#dynamics.state
    const { instrument } = this.universe[i]!
    return { type: 'BarClosed', by: BY, ts, data: { instrument, interval: this.#interval, openTime, ...bars[i]! } }
  }

  #funding(i: number, ts: number, closes: boolean): SimInput {
    const { recent, recentBefore } = this.#dynamics.state.symbols[i]!
    const data: FundingSettled['data'] = {
      instrument: this.universe[i]!.instrument,
      settledAt: ts,
      rate: fundingRate(closes ? recent : recentBefore),
      intervalHours: 8,
      proxy: false,
    }
    return { type: 'FundingSettled', by: BY, ts, data }
  }

  #path(instrument: string, points: number): readonly SimQuote[] {
    const { openTime, bars } = this.#dynamics.state
    const known = this.#paths.get(instrument)
    if (known?.openTime === openTime) return known.quotes
    const i = this.#index(instrument)
    const quotes = quotePath(this.#config.symbols[i]!, bars[i]!, points, this.#seed, 0x71756f, i, openTime)
    this.#paths.set(instrument, { openTime, quotes })
    return quotes
  }
}
