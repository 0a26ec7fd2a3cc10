/**
 * Owns what has been received: the newest bar and settlement of each series, and the newest instant. A start reads it to
 * know from where connectors must fill. Has no opinions and emits nothing.
 */
import type { Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import type { BarClosed, FundingSettled, InstantClosed } from '#events/market.events'

/** Bounded by the series that the configuration subscribes to. */
export interface MarketCoverageState {
  /** Open time of the newest bar, by `<instrument> <interval>`. */
  bars: { [series: string]: number }
  /** Time of the newest settlement, by instrument. */
  settlements: { [instrument: string]: number }
  /** Newest closed instant; 0 for none. */
  instant: number
}

type In = BarClosed | FundingSettled | InstantClosed

/** The decider `market/coverage`. O(1) an event. */
export function createMarketCoverage(): Decider<MarketCoverageState, In, never> {
  return {
    name: 'market/coverage',
    version: '1',
    dependencies: [],
    reads: ['BarClosed', 'FundingSettled', 'InstantClosed'],
    emits: [],
    warmupMs: 0,
    onOrderPath: false,
    initial: () => ({ bars: {}, settlements: {}, instant: 0 }),
    evolve(state, event) {
      if (event.type === 'BarClosed') {
        const { instrument, interval, openTime } = event.data
        raise(state.bars, `${instrument} ${interval}`, openTime)
      } else if (event.type === 'FundingSettled') raise(state.settlements, event.data.instrument, event.data.settledAt)
      else if (event.data.instant > state.instant) state.instant = event.data.instant
      return state
    },
    decide: () => SILENCE,
  }
}

function raise(newest: { [key: string]: number }, key: string, ts: number): void {
  if (!(newest[key]! >= ts)) newest[key] = ts
}
