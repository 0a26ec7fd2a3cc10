/** Owns the life of an order: what execution asks, what the venue (paper or real) answers. Prices and sizes are exact. */
import { type EventOf, eventType } from './event-type.js'
import { decimal, flag, id, integer, name, number, oneOf, optional } from './field.js'
import { legTerms } from './package.events.js'

const order = id('order id')
const instrument = name('instrument id')
const side = oneOf('buy', 'sell')

export const orderSubmitted = eventType(
  'OrderSubmitted',
  1,
  'derived',
  'Execution sends an order. The gateway acts only after this is on disk.',
  {
    order,
    instrument,
    side,
    quantity: decimal('base units'),
    type: oneOf('market', 'limit', 'postOnly', 'stop'),
    timeInForce: oneOf('ioc', 'gtc'),
    limitPrice: optional(decimal('quote')),
    stopPrice: optional(decimal('quote')),
    /** Open of the bar that crossed the stop: the fill is the worse of the two. */
    triggerOpen: optional(decimal('quote')),
    reduceOnly: flag(),
    purpose: oneOf('rebalance', 'stop', 'flatten', 'derisk', 'package', 'unwind'),
    package: optional(name('package')),
    /** Of an instrument outside the universe. */
    terms: optional(legTerms),
    referencePrice: decimal('mark it was sized at, quote'),
    /** What the venue model charges besides the fee. */
    expectedSpreadBps: number(4, 'half spread, bp'),
    expectedImpactBps: number(4, 'square-root impact, bp'),
  },
)

export const cancelRequested = eventType(
  'CancelRequested',
  1,
  'derived',
  'Execution asks the venue to cancel an order.',
  {
    order,
    instrument,
    reason: name('why'),
  },
)

export const orderAccepted = eventType('OrderAccepted', 1, 'either', 'The venue took the order.', {
  order,
  instrument,
  venueOrder: id('id of the venue'),
})

export const orderFilled = eventType(
  'OrderFilled',
  1,
  'either',
  'A trade against the order. `trade` is the venue’s id: applied twice it changes nothing.',
  {
    order,
    instrument,
    trade: id('trade id of the venue'),
    side,
    price: decimal('quote'),
    quantity: decimal('base units'),
    remaining: decimal('base units'),
    fee: decimal('quote; negative is a rebate'),
    feeCurrency: name('currency'),
    liquidity: oneOf('maker', 'taker'),
    referencePrice: decimal('open, quote or stop level it was filled against, before costs'),
    slippageBps: number(4, 'spread and impact paid, bp'),
  },
)

export const orderRejected = eventType('OrderRejected', 1, 'either', 'The venue refused the order.', {
  order,
  instrument,
  code: oneOf(
    'lot',
    'tick',
    'min-notional',
    'post-only-crosses',
    'reduce-only',
    'unknown-instrument',
    'duplicate',
    'venue',
  ),
  detail: name('what the venue said'),
})

export const orderCancelled = eventType('OrderCancelled', 1, 'either', 'What was left of the order is gone.', {
  order,
  instrument,
  reason: oneOf('ioc-remainder', 'requested', 'expired', 'no-liquidity', 'limit-not-reached', 'reduce-only'),
  remaining: decimal('base units'),
})

export const orderUnconfirmed = eventType(
  'OrderUnconfirmed',
  1,
  'derived',
  'The venue did not answer in time: the state of the order is UNKNOWN until it does.',
  {
    order,
    instrument,
    sinceMs: integer('milliseconds without an answer'),
  },
)

export const orderWithheld = eventType(
  'OrderWithheld',
  1,
  'derived',
  'Execution did not send an approved order: the second lock after risk. It is over; no venue ever saw it.',
  {
    order,
    instrument,
    side,
    quantity: decimal('base units'),
    code: oneOf('trading-halted', 'not-listed'),
  },
)

export const orderEvents = [
  orderWithheld,
  orderSubmitted,
  cancelRequested,
  orderAccepted,
  orderFilled,
  orderRejected,
  orderCancelled,
  orderUnconfirmed,
] as const

export type OrderWithheld = EventOf<typeof orderWithheld>
export type OrderSubmitted = EventOf<typeof orderSubmitted>
export type CancelRequested = EventOf<typeof cancelRequested>
export type OrderAccepted = EventOf<typeof orderAccepted>
export type OrderFilled = EventOf<typeof orderFilled>
export type OrderRejected = EventOf<typeof orderRejected>
export type OrderCancelled = EventOf<typeof orderCancelled>
export type OrderUnconfirmed = EventOf<typeof orderUnconfirmed>
