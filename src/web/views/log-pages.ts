/** Owns the stretch of the log that is on the page: pages joined at either end, never a gap, never more than so many. Pure. */
import type { EventPage, EventQuery } from '#audit/view/view.port'

export type LogEvent = EventPage['events'][number]

export interface Filter {
  readonly types: readonly string[]
  readonly by: string
  readonly text: string
}

export const NO_FILTER: Filter = { types: [], by: '', text: '' }

export interface Stretch {
  /** In order of seq: all of the filter's between `from` and `to`. */
  readonly events: readonly LogEvent[]
  /** Searched from here (inclusive) … */
  readonly from: number
  /** … to here (inclusive). 0: nothing yet. */
  readonly to: number
  readonly hasOlder: boolean
  /** Events were dropped at the new end, to keep the page light: it is not the tail any more. */
  readonly isCut: boolean
}

export const NOTHING: Stretch = { events: [], from: 0, to: 0, hasOlder: true, isCut: false }

/** Rows that a page holds without growing heavy. */
export const HELD_MAX = 2_000

function queryOf({ types, by, text }: Filter): EventQuery {
  return {
    ...(types.length > 0 ? { types } : {}),
    ...(by === '' ? {} : { by }),
    ...(text === '' ? {} : { text }),
  }
}

export const olderQuery = (filter: Filter, before: number, limit: number): EventQuery => ({
  ...queryOf(filter),
  before,
  limit,
})

export const newerQuery = (filter: Filter, after: number, limit: number): EventQuery => ({
  ...queryOf(filter),
  after,
  limit,
})

/** The answer to `olderQuery(…, before)`. Joined in front where it touches, else it is the whole stretch. */
export function withOlder(stretch: Stretch, before: number, page: EventPage): Stretch {
  const touches = stretch.to > 0 && before === stretch.from
  const from = page.hasMore ? Math.min(page.searchedTo, page.events[0]?.seq ?? page.searchedTo) : 1
  const events = touches ? [...page.events, ...stretch.events] : [...page.events]
  const isCut = (touches && stretch.isCut) || events.length > HELD_MAX
  const held = events.slice(0, HELD_MAX)
  const to = events.length > HELD_MAX ? held.at(-1)!.seq : touches ? stretch.to : before - 1
  return { events: held, from, to, hasOlder: page.hasMore, isCut }
}

/** The answer to `newerQuery(…, stretch.to)`. */
export function withNewer(stretch: Stretch, page: EventPage): Stretch {
  if (stretch.isCut) return stretch
  const fresh = page.events.filter(({ seq }) => seq > stretch.to)
  const to = Math.max(stretch.to, page.searchedTo, fresh.at(-1)?.seq ?? 0)
  if (fresh.length === 0) return to === stretch.to ? stretch : { ...stretch, to }
  const events = [...stretch.events, ...fresh]
  const isOver = events.length > HELD_MAX
  const held = isOver ? events.slice(events.length - HELD_MAX) : events
  return {
    ...stretch,
    events: held,
    to,
    from: isOver ? held[0]!.seq : stretch.from,
    hasOlder: stretch.hasOlder || isOver,
  }
}

/** What lies behind `seq` is not shown in the past. */
export function upTo(stretch: Stretch, seq: number): Stretch {
  if (stretch.to <= seq) return stretch
  return { ...stretch, events: stretch.events.filter((event) => event.seq <= seq), to: seq }
}

/** Groups that a person looks for, by the types they are made of. */
export const GROUPS: readonly { readonly name: string; readonly types: readonly string[] }[] = [
  {
    name: 'Signals',
    types: ['SignalChanged', 'RegimeChanged', 'CascadeWarningChanged', 'PortfolioBlended', 'PortfolioWeighted'],
  },
  {
    name: 'Orders',
    types: [
      'OrderApproved',
      'OrderSubmitted',
      'OrderAccepted',
      'OrderFilled',
      'OrderRejected',
      'OrderCancelled',
      'OrderUnconfirmed',
      'OrderWithheld',
      'CancelRequested',
      'PackageChanged',
      'PackageImbalanced',
    ],
  },
  { name: 'Fills', types: ['OrderFilled', 'PositionSettled', 'FundingAccrued'] },
  {
    name: 'Risk',
    types: [
      'RiskAssessed',
      'RiskMeasured',
      'RiskAlerted',
      'OrderRefused',
      'StopTriggered',
      'TradingHalted',
      'TradingResumed',
    ],
  },
  {
    name: 'Process',
    types: [
      'ProcessStarted',
      'ProcessStopped',
      'AgentLifecycleChanged',
      'AgentFaulted',
      'AgentRestored',
      'ClockStepped',
      'LogStalled',
      'FeedInterrupted',
      'FeedRestored',
      'OperatorCommanded',
      'FundsTransferred',
      'DataQualityChanged',
    ],
  },
  {
    name: 'Market',
    types: [
      'BarClosed',
      'BarAggregated',
      'InstantClosed',
      'FundingSettled',
      'QuoteChanged',
      'MarkChanged',
      'FundingRateChanged',
      'OpenInterestChanged',
      'VolatilityIndexChanged',
    ],
  },
]

/** Of a type, for its colour. */
export function groupOf(type: string): string {
  return GROUPS.find(({ types }) => types.includes(type))?.name ?? ''
}
