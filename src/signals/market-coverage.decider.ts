/**
 * Owns what has been received: the newest bar and settlement of each series, the newest instant, the doubts that stand. A
 * start reads it to know from where connectors must fill, and which doubts must be withdrawn. Has no opinions and emits nothing.
 */
import type { Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import type {
  BarClosed,
  DataQualityChanged,
  FundingSettled,
  InstantClosed,
  OnChainPublished,
} from '#events/market.events'

/** Bounded by the series that the configuration subscribes to. */
export interface MarketCoverageState {
  /** Open time of the newest bar, by `<instrument> <interval>`. */
  bars: { [series: string]: number }
  /** Time of the newest settlement, by instrument. */
  settlements: { [instrument: string]: number }
  /** Last values of each on-chain series, oldest first, by `<source> <asset> <metric>`: to tell corrections by. */
  onChain: { [series: string]: { periodStart: number; value: number; revision: number }[] }
  /** Newest closed instant; 0 for none. */
  instant: number
  /** Checks that fail, by instrument or connector: whoever looks next must say when they pass. */
  doubts: { [subject: string]: DataQualityChanged['data']['check'][] }
}

/** Periods whose corrections are noticed. */
export const ON_CHAIN_KEPT = 32

type In = BarClosed | FundingSettled | InstantClosed | OnChainPublished | DataQualityChanged

/** The decider `market/coverage`. O(1) an event. */
export function createMarketCoverage(): Decider<MarketCoverageState, In, never> {
  return {
    name: 'market/coverage',
    version: '1',
    dependencies: [],
    reads: ['BarClosed', 'FundingSettled', 'InstantClosed', 'OnChainPublished', 'DataQualityChanged'],
    emits: [],
    warmupMs: 0,
    onOrderPath: false,
    initial: () => ({ bars: {}, settlements: {}, onChain: {}, instant: 0, doubts: {} }),
    evolve(state, event) {
      if (event.type === 'BarClosed') {
        const { instrument, interval, openTime } = event.data
        raise(state.bars, `${instrument} ${interval}`, openTime)
      } else if (event.type === 'FundingSettled') raise(state.settlements, event.data.instrument, event.data.settledAt)
      else if (event.type === 'OnChainPublished') takeOnChain(state, event.data)
      else if (event.type === 'DataQualityChanged') takeDoubt(state, event.data)
      else if (event.data.instant > state.instant) state.instant = event.data.instant
      return state
    },
    decide: () => SILENCE,
  }
}

function raise(newest: { [key: string]: number }, key: string, ts: number): void {
  if (!(newest[key]! >= ts)) newest[key] = ts
}

function takeDoubt({ doubts }: MarketCoverageState, { subject, check, isBad }: DataQualityChanged['data']): void {
  const others = (doubts[subject] ?? []).filter((bad) => bad !== check)
  if (isBad) doubts[subject] = [...others, check].sort()
  else if (others.length > 0) doubts[subject] = others
  else delete doubts[subject]
}

function takeOnChain(state: MarketCoverageState, published: OnChainPublished['data']): void {
  const { source, asset, metric, periodStart, value, revision } = published
  const series = `${source} ${asset} ${metric}`
  const others = (state.onChain[series] ?? []).filter((known) => known.periodStart !== periodStart)
  state.onChain[series] = [...others, { periodStart, value, revision }]
    .sort((a, b) => a.periodStart - b.periodStart)
    .slice(-ON_CHAIN_KEPT)
}
