/** Owns what risk says: assessments with each step's before and after, approvals, refusals, stops, halts, funding. */
import { type EventOf, eventType } from './event-type.js'
import { decimal, flag, id, list, name, nullable, number, oneOf, optional, record } from './field.js'
import { legTerms } from './package.events.js'

const instrument = name('instrument id')
const side = oneOf('buy', 'sell')

export const riskAssessed = eventType(
  'RiskAssessed',
  1,
  'derived',
  'The whole book went through the fixed pipeline of risk.',
  {
    nav: number(2, 'quote'),
    /**
     * The steps in their fixed order, whether they bound or not; vegaLimit, margin, venueCap and coinCap only where they bind, and so
     * `drawdown` before `turnover`: a rung of the ladder. The last `drawdown` is that of the halt.
     */
    steps: list(
      record({
        step: oneOf(
          'maxAbsWeight',
          'volTarget',
          'kelly',
          'sleeveCap',
          'vegaLimit',
          'margin',
          'venueCap',
          'coinCap',
          'netCap',
          'grossCap',
          'turnover',
          'lotRounding',
          'drawdown',
        ),
        grossBefore: number(6, 'fraction of NAV'),
        grossAfter: number(6, 'fraction of NAV'),
        netBefore: number(6, 'fraction of NAV'),
        netAfter: number(6, 'fraction of NAV'),
        /** The number that the step measured (ex-ante volatility, Kelly fraction, turnover used …). */
        measured: nullable(number(6)),
        limit: nullable(number(6)),
        factor: number(6),
      }),
    ),
    /** Instruments that are traded or newly refused, or whose weight is not approved as it is held; the others stay as they are. */
    rows: list(
      record({
        instrument,
        blended: number(8, 'fraction of NAV'),
        approved: number(8, 'fraction of NAV'),
        held: number(8, 'fraction of NAV, orders in flight included'),
        mark: number(8, 'quote'),
      }),
    ),
    /** Packages that are traded, resized or newly refused. */
    packages: optional(
      list(
        record({
          package: name('package'),
          wanted: number(8, 'fraction of NAV'),
          approved: number(8, 'fraction of NAV'),
          /** One unit is one base coin. */
          units: decimal('units that are aimed at'),
          unitsBefore: decimal('units that were aimed at'),
          residualDelta: number(8, 'fraction of NAV that the legs do not offset'),
          /** Empty: none. */
          refusal: optional(name('why nothing is traded')),
        }),
      ),
    ),
  },
)

export const orderApproved = eventType('OrderApproved', 1, 'derived', 'Risk lets this order be sent.', {
  order: id('order id'),
  instrument,
  side,
  quantity: decimal('base units'),
  reduceOnly: flag(),
  purpose: oneOf('rebalance', 'stop', 'flatten', 'derisk', 'package', 'unwind'),
  /** Package that the order is a leg of: `package` orders build or adjust it, `unwind` orders only take it back. */
  package: optional(name('package')),
  /** Of an instrument outside the universe. */
  terms: optional(legTerms),
  referencePrice: decimal('mark it was sized at, quote'),
  weightBefore: number(8, 'fraction of NAV'),
  weightAfter: number(8, 'fraction of NAV'),
  /** Level of the stop, and the open of the bar that crossed it, where the purpose is `stop`. */
  stopPrice: optional(decimal('quote')),
  triggerOpen: optional(decimal('quote')),
})

export const orderRefused = eventType('OrderRefused', 1, 'derived', 'Risk did not let an order be sent.', {
  instrument,
  side,
  quantity: decimal('base units, before the refusal'),
  code: oneOf(
    'below-lot',
    'below-min-notional',
    'inside-band',
    'trading-halted',
    'no-mark',
    'stale-mark',
    'turnover-exhausted',
    'stopped-out',
    'in-flight',
    'not-listed',
  ),
  value: nullable(number(8)),
  limit: nullable(number(8)),
  wanted: number(8, 'target weight, fraction of NAV'),
})

export const stopTriggered = eventType('StopTriggered', 1, 'derived', 'A stop of risk was crossed.', {
  instrument,
  side: oneOf('long', 'short'),
  level: number(8, 'quote'),
  extreme: number(8, 'best price since entry, quote'),
  atr: number(8, 'quote'),
  multiple: number(4, 'ATRs'),
  price: number(8, 'price that crossed, quote'),
})

export const fundingAccrued = eventType(
  'FundingAccrued',
  1,
  'derived',
  'Funding was paid or received on the open positions.',
  {
    rows: list(
      record({
        instrument,
        quantity: decimal('base units, signed'),
        mark: number(8, 'quote'),
        rate: number(10, 'fraction of notional'),
        proxy: flag(),
        cash: decimal('in `currency`; positive is received'),
        /** Package whose leg was paid for, and the currency, where it is not the quote. */
        package: optional(name('package')),
        currency: optional(name('currency')),
      }),
    ),
  },
)

export const positionSettled = eventType(
  'PositionSettled',
  1,
  'derived',
  'A position was closed at the last mark, because its instrument trades no more.',
  {
    instrument,
    quantity: decimal('base units, signed'),
    /** Of an option: its payoff a coin, in `currency`. */
    price: decimal('quote'),
    realised: decimal('profit or loss, in `currency`'),
    /** Absent: delisted, settled in the quote. */
    cause: optional(oneOf('delisted', 'delivery', 'expiry')),
    currency: optional(name('currency')),
    /** Index that delivery or expiry was settled at. */
    deliveryPrice: optional(decimal('quote')),
    package: optional(name('package')),
  },
)

export const balanceConverted = eventType(
  'BalanceConverted',
  1,
  'derived',
  'What was won or lost in a coin was converted into the own currency of the book.',
  {
    currency: name('currency'),
    /** Signed: taken out of the account; negative: bought, to cover a loss. */
    amount: decimal('coins'),
    into: name('currency'),
    price: decimal('of a coin, in `into`'),
    costBps: number(4, 'basis points of the value'),
    /** Never negative. */
    cost: decimal('in `into`'),
    /** amount × price − cost, product and cost rounded half-even to 1e-8. */
    proceeds: decimal('in `into`, signed'),
    reason: name('why'),
  },
)

export const tradingHalted = eventType(
  'TradingHalted',
  1,
  'derived',
  'No order that adds risk is sent until trading is resumed.',
  {
    reason: oneOf('drawdown', 'operator', 'agent-faulted', 'log-stalled', 'clock-stepped', 'feed-lost', 'carried'),
    detail: name('who or what'),
    value: nullable(number(6)),
    limit: nullable(number(6)),
  },
)

export const tradingResumed = eventType('TradingResumed', 1, 'derived', 'Trading goes on.', { reason: name('why') })

export const riskEvents = [
  riskAssessed,
  orderApproved,
  orderRefused,
  stopTriggered,
  fundingAccrued,
  positionSettled,
  balanceConverted,
  tradingHalted,
  tradingResumed,
] as const

export type RiskAssessed = EventOf<typeof riskAssessed>
export type OrderApproved = EventOf<typeof orderApproved>
export type OrderRefused = EventOf<typeof orderRefused>
export type StopTriggered = EventOf<typeof stopTriggered>
export type FundingAccrued = EventOf<typeof fundingAccrued>
export type BalanceConverted = EventOf<typeof balanceConverted>
export type TradingHalted = EventOf<typeof tradingHalted>
export type TradingResumed = EventOf<typeof tradingResumed>
export type PositionSettled = EventOf<typeof positionSettled>
