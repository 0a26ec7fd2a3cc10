/** Owns what each committed event is as rows of the aggregate store. Pure; never looks at other events or at the store. */
import { intervalMs, isInterval } from '#core/time'
import type { AnyEvent, EventName, EventNamed } from '#events/catalogue'
import type { Cell, Row, TableName } from './tables.js'

type Give = (table: TableName, cells: readonly Cell[]) => void
type Projections = { readonly [T in EventName]?: (event: EventNamed<T>, give: Give) => void }

const orderEvent = (
  event: { readonly ts: number },
  state: string,
  data: {
    readonly order: string
    readonly instrument: string
    readonly side?: string
    readonly purpose?: string
    readonly quantity?: string
    readonly remaining?: string
    readonly limitPrice?: string | undefined
    readonly referencePrice?: string
  },
  code: string | null = null,
): readonly Cell[] => [
  event.ts,
  data.order,
  data.instrument,
  state,
  data.side ?? null,
  data.purpose ?? null,
  data.quantity ?? null,
  data.remaining ?? null,
  data.limitPrice ?? null,
  data.referencePrice ?? null,
  code,
]

const MARKET: Projections = {
  BarClosed: ({ data }, give) => {
    const span = isInterval(data.interval) ? intervalMs(data.interval) : null
    give('bars', [
      data.instrument,
      data.interval,
      data.openTime,
      span,
      data.open,
      data.high,
      data.low,
      data.close,
      data.volume,
    ])
  },
  FundingSettled: ({ data }, give) =>
    give('funding', [data.instrument, data.settledAt, data.rate, data.intervalHours, data.proxy]),
  FundingRateChanged: ({ data }, give) =>
    give('funding_rates', [data.instrument, data.at, data.rate, data.intervalHours, data.nextFundingAt]),
  MarkChanged: ({ data }, give) => give('marks', [data.instrument, data.at, data.mark, data.index]),
  OpenInterestChanged: ({ data }, give) => give('open_interest', [data.instrument, data.at, data.openInterest]),
  VolatilityIndexChanged: ({ data }, give) => give('volatility', [data.venue, data.currency, data.at, data.value]),
  InstrumentListed: ({ ts, data }, give) =>
    give('instruments', [
      ts,
      data.instrument,
      true,
      data.kind,
      data.base,
      data.quote,
      data.tick,
      data.lot,
      data.minNotional,
      data.makerFeeBps,
      data.takerFeeBps,
    ]),
  InstrumentDelisted: ({ ts, data }, give) =>
    give('instruments', [ts, data.instrument, false, null, null, null, null, null, null, null, null]),
}

const ORDERS: Projections = {
  OrderApproved: (event, give) => give('order_events', orderEvent(event, 'approved', event.data)),
  OrderSubmitted: (event, give) => give('order_events', orderEvent(event, 'submitted', event.data)),
  OrderWithheld: (event, give) => give('order_events', orderEvent(event, 'withheld', event.data, event.data.code)),
  OrderAccepted: (event, give) => give('order_events', orderEvent(event, 'accepted', event.data)),
  OrderRejected: (event, give) => give('order_events', orderEvent(event, 'rejected', event.data, event.data.code)),
  OrderCancelled: (event, give) => give('order_events', orderEvent(event, 'cancelled', event.data, event.data.reason)),
  OrderUnconfirmed: (event, give) => give('order_events', orderEvent(event, 'unknown', event.data)),
  CancelRequested: (event, give) =>
    give('order_events', orderEvent(event, 'cancel requested', event.data, event.data.reason)),
  OrderFilled: (event, give) => {
    const { ts, data } = event
    const { order, instrument, side, remaining } = data
    const state = remaining === '0' ? 'filled' : 'partly filled'
    give('order_events', orderEvent(event, state, { order, instrument, side, remaining }))
    give('fills', [
      ts,
      order,
      data.trade,
      instrument,
      side,
      data.price,
      data.quantity,
      data.fee,
      data.feeCurrency,
      data.liquidity,
      data.referencePrice,
      data.slippageBps,
    ])
  },
}

const DECISIONS: Projections = {
  SignalChanged: ({ ts, data }, give) =>
    give('signals', [
      ts,
      data.signal,
      data.instrument,
      data.side,
      data.reason,
      data.strength,
      data.confidence,
      data.targetWeight,
      data.price,
      data.asOf,
      data.validUntil,
      JSON.stringify(data.terms),
    ]),
  PortfolioBlended: ({ ts, data }, give) => {
    for (const [i, row] of data.rows.entries())
      give('decisions', [ts, i, 'blend', row.instrument, row.weight, row.outcome, JSON.stringify(row)])
  },
  RiskAssessed: ({ ts, data }, give) => {
    for (const [i, row] of data.rows.entries())
      give('decisions', [ts, i, 'risk', row.instrument, row.approved, null, JSON.stringify(row)])
    const last = data.steps.at(-1)
    const measured = (step: string): number | null => data.steps.find((each) => each.step === step)?.measured ?? null
    give('equity', [
      ts,
      data.nav,
      last?.grossAfter ?? 0,
      last?.netAfter ?? 0,
      measured('drawdown'),
      measured('volTarget'),
    ])
  },
  OrderRefused: ({ ts, data }, give) =>
    give('decisions', [ts, 0, 'refusal', data.instrument, data.wanted, data.code, JSON.stringify(data)]),
  StopTriggered: ({ ts, data }, give) =>
    give('decisions', [ts, 0, 'stop', data.instrument, null, data.side, JSON.stringify(data)]),
  TradingHalted: ({ ts, data }, give) => give('halts', [ts, true, data.reason, data.detail, data.value, data.limit]),
  TradingResumed: ({ ts, data }, give) => give('halts', [ts, false, data.reason, null, null, null]),
}

const PROJECTIONS: Projections = { ...MARKET, ...ORDERS, ...DECISIONS }

/** Types that leave rows; a reader may skip all others unparsed. */
export const PROJECTED_TYPES: ReadonlySet<string> = new Set(Object.keys(PROJECTIONS))

/** Appends the rows of an event. */
export function projectInto(rows: Row[], event: AnyEvent): void {
  // The entry of a type takes the event of that type; the compiler cannot follow that through the index.
  const projection = PROJECTIONS[event.type] as ((event: AnyEvent, give: Give) => void) | undefined
  projection?.(event, (table, cells) => rows.push({ table, seq: event.seq, cells }))
}

/** Rows of events, in their order. */
export function project(events: Iterable<AnyEvent>): Row[] {
  const rows: Row[] = []
  for (const event of events) projectInto(rows, event)
  return rows
}
