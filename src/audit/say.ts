/** Owns the choice of words: one sentence an event, and the lines below it. Never reads the log. */
import type { AnyEvent } from '#events/catalogue'
import type { RunFacts } from './run-facts.js'
import { sayInput } from './say-inputs.js'
import { sayOrder } from './say-orders.js'
import {
  sayApproval,
  sayAssessment,
  sayFunding,
  sayHalt,
  sayRefusal,
  saySettlement,
  sayStep,
  sayStop,
} from './say-risk.js'
import { sayBlend, sayBlendOfBook, sayPart, saySignal } from './say-signals.js'

export interface Words {
  readonly says: string
  readonly details: readonly string[]
}

/** `instrument`: what the explanation is about, where it is about one; `seen`: other events by seq. */
export function wordsOf(
  event: AnyEvent,
  facts: RunFacts,
  instrument: string | undefined,
  seen: (seq: number) => AnyEvent | undefined,
): Words {
  if (event.type === 'RiskAssessed')
    return { says: sayAssessment(event, instrument), details: event.data.steps.map(sayStep) }
  if (event.type !== 'PortfolioBlended') return { says: sentence(event, facts), details: [] }
  const row = event.data.rows.find((each) => each.instrument === instrument)
  if (row === undefined) return { says: sayBlendOfBook(event), details: [] }
  const details = row.parts.map((part) => {
    const signal = seen(part.seq)
    return sayPart(part, row, signal?.type === 'SignalChanged' ? signal : undefined, facts)
  })
  return { says: sayBlend(event, row, facts), details }
}

function sentence(event: AnyEvent, facts: RunFacts): string {
  switch (event.type) {
    case 'SignalChanged':
      return saySignal(event)
    case 'OrderApproved':
      return sayApproval(event, facts)
    case 'OrderRefused':
      return sayRefusal(event, facts)
    case 'StopTriggered':
      return sayStop(event)
    case 'TradingHalted':
      return sayHalt(event)
    case 'FundingAccrued':
      return sayFunding(event, facts)
    case 'PositionSettled':
      return saySettlement(event, facts)
    case 'OrderSubmitted':
    case 'OrderAccepted':
    case 'OrderFilled':
    case 'OrderRejected':
    case 'OrderCancelled':
    case 'OrderUnconfirmed':
    case 'OrderWithheld':
    case 'CancelRequested':
      return sayOrder(event, facts)
    default:
      return sayInput(event, facts) ?? `${event.type} by ${event.by}`
  }
}
