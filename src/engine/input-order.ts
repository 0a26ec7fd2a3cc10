/**
 * Owns the order of inputs of equal time (architecture.md 4, Instants): lifecycle and doubts about data first, then outcomes, timers, market
 * rows by (kind, instrument, interval), InstantClosed, BarOpened, commands. Never orders inputs of different times.
 */
import { INTERVAL_MS, isInterval } from '#core/time'
import type { Input } from './dispatcher.js'

const RANK: ReadonlyMap<string, number> = new Map([
  ...rank(0, 'ProcessStarted', 'StateCarried', 'AgentLifecycleChanged', 'AgentRestored', 'ClockStepped'),
  ...rank(1, 'LogStalled', 'FeedInterrupted', 'FeedRestored', 'InstrumentListed', 'DataQualityChanged'),
  ...rank(2, 'OrderAccepted', 'OrderFilled', 'OrderRejected', 'OrderCancelled'),
  ...rank(3, 'TimerFired'),
  ...rank(4, 'BarClosed'),
  ...rank(5, 'FundingSettled'),
  ...rank(6, 'QuoteChanged'),
  ...rank(7, 'InstantClosed'),
  ...rank(8, 'BarOpened'),
  ...rank(9, 'InstrumentDelisted'),
  ...rank(10, 'OperatorCommanded', 'FundsTransferred'),
  ...rank(11, 'ProcessStopped'),
])

const OTHER_MARKET = 6

function rank(place: number, ...types: readonly string[]): readonly (readonly [string, number])[] {
  return types.map((type) => [type, place] as const)
}

/** Place of a type within an instant; types that it does not name count as market rows. */
export function rankOf(type: string): number {
  return RANK.get(type) ?? OTHER_MARKET
}

function isRow(place: number): boolean {
  return (place >= 4 && place <= 6) || place === 8
}

/** Negative when `a` comes first, 0 when the order of arrival decides. For inputs of equal `ts`. */
export function compareWithinInstant(a: Input, b: Input): number {
  const place = rankOf(a.type)
  const difference = place - rankOf(b.type)
  if (difference !== 0 || !isRow(place)) return difference
  const left = a.data as RowKey // market rows have these keys in the catalogue
  const right = b.data as RowKey // as above
  if (left.instrument !== right.instrument) return (left.instrument ?? '') < (right.instrument ?? '') ? -1 : 1
  return lengthOf(left.interval) - lengthOf(right.interval)
}

interface RowKey {
  readonly instrument?: string
  readonly interval?: string
}

function lengthOf(interval: string | undefined): number {
  return interval !== undefined && isInterval(interval) ? INTERVAL_MS[interval] : 0
}
