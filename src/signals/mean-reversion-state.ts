/**
 * Owns what the mean-reversion signal remembers of one instrument, and how long it must look before it may speak. Must never decide.
 */
import type { MeanReversionConfig, UniverseEntry } from '#core/config/schema'
import { DAY_MS, type DurationMs, HOUR_MS } from '#core/time'
import { type AtrState, createAtr } from '#indicators/atr'
import { createEwmaVolatility, type EwmaVolatilityState } from '#indicators/ewma-volatility'
import { createPriceZ, createReturnZ, type PriceZState, type ReturnZState } from '#indicators/return-z'
import { createRollingVwap, type RollingVwapState } from '#indicators/rolling-vwap'
import { createFilters, type FiltersState } from './mean-reversion-filters.js'
import type { InstrumentState } from './single-instrument.js'
import { createSpan, type SpanState } from './span.js'
import { createVoice, EWMA_MEMORY, type Side } from './voice.js'

const DAYS_PER_YEAR = 365
export const HOURS_PER_DAY = 24
/** As in signal/tsmom: centre of mass in days, and returns that it needs. */
const VOLATILITY_COM = 60
const VOLATILITY_RETURNS = 60
/** Wilder's period, in bars of the decision interval [D]. */
const ATR_BARS = 14

/** Bounded by the windows. One of the two z-scores idles. Numbers of the last bar are kept to explain it. */
export interface MeanReversionInstrument extends InstrumentState {
  hourly: boolean
  /** Open time of the newest bar of the decision interval, and of the newest day; −1 before the first. */
  newest: number
  newestDay: number
  bars: number
  returnZ: ReturnZState
  priceZ: PriceZState
  span: SpanState
  vwapState: RollingVwapState
  atrState: AtrState
  /** Of daily closes in both variants. */
  volatility: EwmaVolatilityState
  filters: FiltersState
  z: number | null
  atr: number
  median: number | null
  position: Side
  stop: number
  enteredAt: number
  entrySeq: number
  boosted: boolean
  /** Position held when the last bar came, the stop it was tested against, and the bar that began it. */
  held: Side
  heldStop: number
  heldSeq: number
  heldHours: number
  /** Side that must wait until z has been inside the band. */
  barred: Side
}

export const decisionMs = (state: MeanReversionInstrument): number => (state.hourly ? HOUR_MS : DAY_MS)
/** The window of VWAP in bars: 72 hours, or 3 days. */
const vwapBars = (config: MeanReversionConfig, hourly: boolean): number =>
  hourly ? config.vwapHours : Math.max(1, Math.round(config.vwapHours / HOURS_PER_DAY))

/** Bars of the decision interval before it may speak. */
export function warmupBars(config: MeanReversionConfig, hourly: boolean): number {
  const own = hourly ? config.windowHours : config.horizonDays + config.windowDays + 1
  return Math.max(own, vwapBars(config, hourly), ATR_BARS + 1)
}

/** History that it needs: its windows, and the memory of the volatility. */
export function warmupMs(config: MeanReversionConfig, hourly: boolean): DurationMs {
  return Math.max(EWMA_MEMORY * VOLATILITY_COM * DAY_MS, warmupBars(config, hourly) * (hourly ? HOUR_MS : DAY_MS))
}

export function createInstrument(
  config: MeanReversionConfig,
  entry: UniverseEntry,
  hourly: boolean,
): MeanReversionInstrument {
  return {
    voice: createVoice(entry.instrument),
    hourly,
    newest: -1,
    newestDay: -1,
    bars: 0,
    returnZ: createReturnZ(config.horizonDays, hourly ? 2 : config.windowDays),
    priceZ: createPriceZ(hourly ? config.windowHours : 2),
    span: createSpan(hourly ? config.windowHours : 1),
    vwapState: createRollingVwap(vwapBars(config, hourly)),
    atrState: createAtr(ATR_BARS),
    volatility: createEwmaVolatility(VOLATILITY_COM, DAYS_PER_YEAR, VOLATILITY_RETURNS),
    filters: createFilters(hourly),
    z: null,
    atr: 0,
    median: null,
    position: 0,
    stop: 0,
    enteredAt: 0,
    entrySeq: 0,
    boosted: false,
    held: 0,
    heldStop: 0,
    heldSeq: 0,
    heldHours: 0,
    barred: 0,
  }
}
