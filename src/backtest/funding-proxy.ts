/**
 * Owns what stands in for funding that no venue recorded (methods.md 0): longs pay 1 bp every 8 h, shorts receive nothing.
 * Never replaces a recorded settlement.
 */
import { type EpochMs, HOUR_MS } from '#core/time'
import type { FundingColumns } from '#data/columns'
import type { BarSeries, FundingSeries } from './tape.js'

const STEP_MS = 8 * HOUR_MS
export const PROXY_RATE = 0.0001

export interface CompletedFunding {
  readonly series: FundingSeries
  /** 1 where the row is a stand-in. */
  readonly proxy: Uint8Array
}

/**
 * Recorded settlements over the span of the bars, with stand-ins on the 8-hour grid where none lies within half a step. `until`:
 * the tape is cut there, and bars that are expected beyond it were to come.
 */
export function completeFunding(
  bars: BarSeries,
  recorded: FundingColumns | undefined,
  until?: EpochMs,
): CompletedFunding {
  const available = bars.rows.availableAt
  const first = available[0] ?? 0
  const lastBar = available.at(-1) ?? -1
  const last = until !== undefined && (bars.expectedTo ?? lastBar) > until ? until : lastBar
  const times: EpochMs[] = []
  const rates: number[] = []
  const hours: number[] = []
  const proxies: number[] = []
  const add = (ts: number, rate: number, intervalHours: number, proxy: number): void => {
    times.push(ts)
    rates.push(rate)
    hours.push(intervalHours)
    proxies.push(proxy)
  }
  let next = 0
  const count = recorded?.ts.length ?? 0
  const take = (until: number): void => {
    for (; next < count && recorded!.availableAt[next]! <= until; next++) {
      const ts = recorded!.availableAt[next]!
      if (ts >= first) add(ts, recorded!.rate[next]!, recorded!.intervalHours[next]!, 0)
    }
  }
  for (let grid = Math.ceil(first / STEP_MS) * STEP_MS; grid <= last; grid += STEP_MS) {
    take(grid)
    const previous = times.at(-1) ?? Number.NEGATIVE_INFINITY
    const following = next < count ? recorded!.availableAt[next]! : Number.POSITIVE_INFINITY
    if (grid - previous > STEP_MS / 2 && following - grid > STEP_MS / 2) add(grid, PROXY_RATE, 8, 1)
  }
  take(last)
  return {
    series: {
      kind: 'funding',
      instrument: bars.instrument,
      rows: {
        ts: Float64Array.from(times),
        availableAt: Float64Array.from(times),
        rate: Float64Array.from(rates),
        intervalHours: Float64Array.from(hours),
      },
    },
    proxy: Uint8Array.from(proxies),
  }
}
