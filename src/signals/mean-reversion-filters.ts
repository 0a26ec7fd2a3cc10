/**
 * Owns what keeps the mean-reversion signal out of the market (methods, section 3): thin volume, funding that leans one way, and the bar
 * of a cascade. Must never use a settlement that has not happened, nor the volume of the bar that it judges.
 */
import type { MeanReversionConfig } from '#core/config/schema'
import { DAY_MS, floorTo, HOUR_MS } from '#core/time'
import type { FundingSettled } from '#events/market.events'
import { createSortedWindow, pushSortedWindow, type SortedWindowState, windowMedian } from '#indicators/sorted-window'
import {
  type CascadeState,
  createCascade,
  createVolumeZ,
  updateCascade,
  updateCascadeAgainst,
  type VolumeZState,
} from '#indicators/volume-spike'
import type { Bar } from './single-instrument.js'
import type { Side } from './voice.js'

/** Bars that a cascade is compared with, and days of the liquidity median (methods, section 3). */
const PRIOR = 30
const HOURS_PER_DAY = 24
/** A settled rate older than this is no datum [D]: the longest interval is 8 h. */
const FUNDING_MAX_AGE_MS = DAY_MS
/** Inclusive limit: the baseline rate of the major venues is exactly 1 bp (methods, section 3). */
const RATE_EPSILON = 1e-9
const BP = 1e-4

export interface FiltersState {
  /** Quote volume of the last days: typical price times base volume of the day's bar [D]. */
  quoteVolumes: SortedWindowState
  cascade: CascadeState
  /** Hourly bars: volume against the same hour of the days before; none for daily bars. */
  hours: VolumeZState[]
  /** Flag of the last bar, its numbers, and the last flagged bar. */
  flag: Side
  volumeZ: number | null
  flagSide: Side
  flagAt: number
  /** Last settled rate, for 8 hours; null when there is none, or only a stand-in. */
  rate8h: number | null
  settledAt: number
  fundingSeq: number
}

export function createFilters(hourly: boolean): FiltersState {
  return {
    quoteVolumes: createSortedWindow(PRIOR),
    cascade: createCascade(PRIOR),
    hours: Array.from({ length: hourly ? HOURS_PER_DAY : 0 }, () => createVolumeZ(PRIOR)),
    flag: 0,
    volumeZ: null,
    flagSide: 0,
    flagAt: 0,
    rate8h: null,
    settledAt: 0,
    fundingSeq: 0,
  }
}

/** Takes a daily bar into the liquidity median. */
export function takeDay(state: FiltersState, { high, low, close, volume }: Bar['data']): void {
  pushSortedWindow(state.quoteVolumes, ((high + low + close) / 3) * volume)
}

/** Median quote volume of the last 30 days taken; null until there are as many. */
export const medianQuoteVolume = (state: FiltersState): number | null => windowMedian(state.quoteVolumes)

/** Takes a bar of the decision interval, closed at `asOf`; `gap`: bars before it are missing, so it has no return. */
export function takeCascade(
  config: MeanReversionConfig,
  state: FiltersState,
  { close, volume, openTime }: Bar['data'],
  asOf: number,
  gap: boolean,
): void {
  const { cascade, hours } = state
  if (gap) cascade.previousClose = 0
  const { cascadeVolumeZ: least, cascadeReturnSigmas: moves } = config
  const hour = hours[Math.floor((openTime - floorTo(openTime, DAY_MS)) / HOUR_MS)]
  state.flag =
    hour === undefined
      ? updateCascade(cascade, close, volume, least, moves)
      : updateCascadeAgainst(cascade, hour, close, volume, least, moves)
  state.volumeZ = cascade.volumeZ
  if (state.flag === 0) return
  state.flagSide = state.flag
  state.flagAt = asOf
}

/** Whether a position of `side` fades a cascade no older than `maxAgeMs`. */
export function fadesCascade(state: FiltersState, side: Side, asOf: number, maxAgeMs: number): boolean {
  return state.flagSide === -side && state.flagSide !== 0 && asOf - state.flagAt <= maxAgeMs
}

/** Takes a settlement. A stand-in is no datum. */
export function takeFunding(state: FiltersState, { seq, data }: FundingSettled): void {
  if (data.settledAt < state.settledAt) return
  state.rate8h = data.proxy ? null : (data.rate * 8) / data.intervalHours + 0
  state.settledAt = data.settledAt
  state.fundingSeq = seq
}

/** Last settled 8-hour rate, or null where there is none that is young enough. */
export function fundingRate8h(state: FiltersState, asOf: number): number | null {
  return asOf - state.settledAt <= FUNDING_MAX_AGE_MS ? state.rate8h : null
}

/** Why an entry is refused, or nothing. */
export function refusal(config: MeanReversionConfig, state: FiltersState, median: number | null, asOf: number): string {
  if (state.flag !== 0) return 'cascade'
  if (median === null ? config.missing === 'hold' : median < config.minQuoteVolume) return 'illiquid'
  const rate8h = fundingRate8h(state, asOf)
  if (rate8h === null) return config.missing === 'hold' ? 'funding-missing' : ''
  return Math.abs(rate8h) > config.maxFundingBps * BP + RATE_EPSILON ? 'funding' : ''
}
