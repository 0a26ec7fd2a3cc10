/** Owns the choice of words: one sentence an event, and the lines below it. Never reads the log. */
import type { AnyEvent } from '#events/catalogue'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { RunFacts } from './run-facts.js'
import { sayInput } from './say-inputs.js'
import { sayAlert, sayMeasures } from './say-measures.js'
import { sayOrder } from './say-orders.js'
import { sayImbalance, sayPackage } from './say-packages.js'
import { sayMarketView, sayOverlay, sayRegime, sayWarning, sayWeighting } from './say-regimes.js'
import {
  sayApproval,
  sayAssessment,
  sayConversion,
  sayFunding,
  sayHalt,
  sayRefusal,
  saySettlement,
  sayStep,
  sayStop,
} from './say-risk.js'
import { sayBlend, sayBlendOfBook, sayBlendOfPackage, sayPart, saySignal } from './say-signals.js'

export interface Words {
  readonly says: string
  readonly details: readonly string[]
}

/** `focus`: the instrument or package that the explanation is about, where it is about one; `seen`: other events by seq. */
export function wordsOf(
  event: AnyEvent,
  facts: RunFacts,
  focus: string | undefined,
  seen: (seq: number) => AnyEvent | undefined,
): Words {
  switch (event.type) {
    case 'RiskAssessed':
      return { says: sayAssessment(event, focus), details: event.data.steps.map(sayStep) }
    case 'PortfolioBlended':
      return blendWords(event, facts, focus, seen)
    case 'PackageChanged':
      return sayPackage(event)
    case 'PackageImbalanced':
      return sayImbalance(event)
    case 'RiskMeasured':
      return sayMeasures(event)
    case 'PortfolioWeighted':
      return sayWeighting(event)
    default:
      return { says: sentence(event, facts), details: [] }
  }
}

function blendWords(
  event: PortfolioBlended,
  facts: RunFacts,
  focus: string | undefined,
  seen: (seq: number) => AnyEvent | undefined,
): Words {
  const pkg = event.data.packages?.find((each) => each.package === focus)
  if (pkg !== undefined) return { says: sayBlendOfPackage(event, pkg), details: [] }
  const row = event.data.rows.find((each) => each.instrument === focus)
  if (row === undefined) return { says: sayBlendOfBook(event), details: [] }
  const details = row.parts.map((part) => {
    const signal = seen(part.seq)
    return sayPart(part, row, signal?.type === 'SignalChanged' ? signal : undefined, facts)
  })
  return { says: sayBlend(event, row, facts), details: [...details, ...(row.overlays ?? []).map(sayOverlay)] }
}

function sentence(event: AnyEvent, facts: RunFacts): string {
  switch (event.type) {
    case 'SignalChanged':
      return saySignal(event)
    case 'RegimeChanged':
      return sayRegime(event)
    case 'CascadeWarningChanged':
      return sayWarning(event)
    case 'OrderApproved':
      return sayApproval(event, facts)
    case 'OrderRefused':
      return sayRefusal(event, facts)
    case 'RiskAlerted':
      return sayAlert(event)
    case 'StopTriggered':
      return sayStop(event)
    case 'TradingHalted':
      return sayHalt(event)
    case 'FundingAccrued':
      return sayFunding(event, facts)
    case 'BalanceConverted':
      return sayConversion(event)
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
      return sayInput(event, facts) ?? sayMarketView(event) ?? `${event.type} by ${event.by}`
  }
}
