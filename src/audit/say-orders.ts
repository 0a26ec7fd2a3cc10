/** Owns the sentences of an order's life: what was asked of the venue and what it answered. */
import { symbolOf } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import type { OrderFilled, OrderSubmitted } from '#events/order.events'
import type { RunFacts } from './run-facts.js'
import { sayTerms } from './say-risk.js'
import { basisPoints, exact, lasting, money, when } from './words.js'

const TYPES = { market: 'market', limit: 'limit', postOnly: 'post-only', stop: 'stop' } as const
const LIFETIMES = { ioc: 'immediate or cancel', gtc: 'good till cancelled' } as const

const CANCELS = {
  'ioc-remainder': 'the moment gave no more, and the order does not wait',
  requested: 'as requested',
  expired: 'it expired',
  'no-liquidity': 'there was nothing to trade against',
  'limit-not-reached': 'the market was beyond its limit',
  'reduce-only': 'there is no position left to reduce',
} as const

function saySubmission({ by, ts, data }: OrderSubmitted, facts: RunFacts): string {
  const { instrument, side, quantity, type, timeInForce, limitPrice, stopPrice, triggerOpen } = data
  const leg = data.package === undefined ? '' : `, a leg of ${data.package}`
  const size = `${side} ${exact(quantity)} ${facts.base(instrument)} of ${symbolOf(instrument)}${sayTerms(data)}${leg}`
  const limit = limitPrice === undefined ? '' : ` at ${exact(limitPrice)} or better`
  const stop = stopPrice === undefined ? '' : ` at ${exact(stopPrice)}`
  const open = triggerOpen === undefined ? '' : ` (the bar that crossed it opened at ${exact(triggerOpen)})`
  const spread = basisPoints(data.expectedSpreadBps)
  const impact = basisPoints(data.expectedImpactBps)
  return `${by} sent it at ${when(ts)}: ${size}, ${TYPES[type]}${limit}${stop}${open}, ${LIFETIMES[timeInForce]}; expects half a spread of ${spread} and impact of ${impact}`
}

function sayFill({ by, ts, data }: OrderFilled, facts: RunFacts): string {
  const { quantity, instrument, price, referencePrice, slippageBps, fee, feeCurrency, liquidity, remaining } = data
  const size = `${exact(quantity)} ${facts.base(instrument)} at ${exact(price)}`
  const costs = `against ${exact(referencePrice)}: spread and impact ${basisPoints(slippageBps)}, fee ${money(fee)} ${feeCurrency} as ${liquidity}`
  const left = remaining === '0' ? 'nothing left' : `${exact(remaining)} left`
  return `${by} filled ${size} at ${when(ts)} (${costs}); ${left}`
}

type OrderWords = Extract<
  AnyEvent,
  {
    readonly type:
      | 'OrderSubmitted'
      | 'OrderAccepted'
      | 'OrderFilled'
      | 'OrderRejected'
      | 'OrderCancelled'
      | 'OrderUnconfirmed'
      | 'OrderWithheld'
      | 'CancelRequested'
  }
>

export function sayOrder(event: OrderWords, facts: RunFacts): string {
  const { by, ts } = event
  switch (event.type) {
    case 'OrderSubmitted':
      return saySubmission(event, facts)
    case 'OrderFilled':
      return sayFill(event, facts)
    case 'OrderAccepted':
      return `${by} took the order at ${when(ts)} as ${event.data.venueOrder}`
    case 'OrderRejected':
      return `${by} rejected the order at ${when(ts)}: ${event.data.detail} [${event.data.code}]`
    case 'OrderCancelled': {
      const left = `${exact(event.data.remaining)} ${facts.base(event.data.instrument)}`
      return `${by} cancelled the remaining ${left} at ${when(ts)}: ${CANCELS[event.data.reason]} [${event.data.reason}]`
    }
    case 'OrderUnconfirmed':
      return `${by} had no answer for ${lasting(event.data.sinceMs)} at ${when(ts)}: the order's state is unknown until the venue says`
    case 'OrderWithheld': {
      const { side, quantity, instrument, code } = event.data
      const why = code === 'trading-halted' ? 'trading is halted' : 'the instrument is not traded now'
      return `${by} did not send it at ${when(ts)}: ${side} ${exact(quantity)} ${facts.base(instrument)}, ${why}; no venue ever saw it [${code}]`
    }
    case 'CancelRequested':
      return `${by} asked the venue to cancel it at ${when(ts)}: ${event.data.reason}`
  }
}
