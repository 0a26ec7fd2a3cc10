/** Owns what a row or an instant of a tape is as an input. Pure; allocates the input and nothing else. */
import type { Input } from '#engine/dispatcher'
import { feedInput } from './feeds/inputs.js'
import type { FeedSeries } from './feeds/series.js'
import type { BarSeries, FundingSeries } from './tape.js'
import type { TapeCursor } from './tape-cursor.js'
import type { TapePlan } from './tape-plan.js'

/** Who says what comes from a tape. */
export const TAPE = 'tape/lake'

export function barInput(series: BarSeries, row: number): Input {
  const { rows } = series
  return {
    type: 'BarClosed',
    by: TAPE,
    ts: rows.availableAt[row]!,
    data: {
      instrument: series.instrument,
      interval: series.interval,
      openTime: rows.ts[row],
      open: rows.open[row],
      high: rows.high[row],
      low: rows.low[row],
      close: rows.close[row],
      volume: rows.volume[row],
    },
  }
}

export function fundingInput(plan: TapePlan, index: number, row: number): Input {
  const { instrument, rows } = plan.merged.series[index] as FundingSeries // the caller stands on funding
  return {
    type: 'FundingSettled',
    by: TAPE,
    ts: rows.availableAt[row]!,
    data: {
      instrument,
      settledAt: rows.ts[row],
      rate: rows.rate[row],
      intervalHours: rows.intervalHours[row],
      proxy: plan.proxy[index]?.[row] === 1,
    },
  }
}

export function feedRowInput(series: FeedSeries, row: number): Input {
  return feedInput(series, row, TAPE)
}

export function instantInput(plan: TapePlan, cursor: TapeCursor): Input {
  const missing = cursor.missing()
  return {
    type: 'InstantClosed',
    by: TAPE,
    ts: cursor.ts,
    data: {
      instant: cursor.ts,
      intervals: cursor.intervals(),
      missing: missing.length === 0 ? [] : Array.from(missing, (index) => plan.merged.series[index]!.instrument),
    },
  }
}
