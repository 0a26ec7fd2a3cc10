/** Owns the sentences of what came from outside, and of inputs that a derived log does not hold. */
import { symbolOf } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'
import type { BarAggregated, BarClosed } from '#events/market.events'
import type { PackageChanged, PackageKind } from '#events/package.events'
import type { RunFacts } from './run-facts.js'
import { sayLiveData } from './say-live-data.js'
import { exact, figure, lasting, percent, when } from './words.js'

function sayBar({ ts, data }: BarClosed | BarAggregated): string {
  const { interval, instrument, open, high, low, close, volume } = data
  const prices = `open ${figure(open)}, high ${figure(high)}, low ${figure(low)}, close ${figure(close)}`
  return `${interval} bar of ${symbolOf(instrument)} closed at ${when(ts)}: ${prices}, volume ${figure(volume)}`
}

/** A sentence for events that say little more than their numbers; undefined for types that other rooms of words know. */
export function sayInput(event: AnyEvent, facts: RunFacts): string | undefined {
  const { ts } = event
  switch (event.type) {
    case 'BarClosed':
      return sayBar(event)
    case 'BarAggregated': {
      const { parts, expected } = event.data
      return `${sayBar(event)}; built from ${parts} of ${expected} finer bars by ${event.by}`
    }
    case 'BarOpened':
      return `${event.data.interval} bar of ${symbolOf(event.data.instrument)} opened at ${figure(event.data.open)}, ${when(ts)}`
    case 'InstantClosed': {
      const { missing, instant } = event.data
      return `all bars of ${when(instant)} were in${missing.length === 0 ? '' : ` but those of ${missing.map(symbolOf).join(', ')}`}`
    }
    case 'FundingSettled': {
      const { instrument, rate, intervalHours, proxy } = event.data
      return `funding of ${symbolOf(instrument)} settled at ${when(event.data.settledAt)}: ${percent(rate)} for ${figure(intervalHours)} h${proxy ? ' (a stand-in)' : ''}`
    }
    case 'QuoteChanged': {
      const { instrument, bid, ask, bidSize, askSize } = event.data
      return `quote of ${symbolOf(instrument)} at ${when(ts)}: ${figure(bidSize)} bid at ${figure(bid)}, ${figure(askSize)} asked at ${figure(ask)}`
    }
    case 'InstrumentListed': {
      const { instrument, tick, lot, minNotional } = event.data
      return `${symbolOf(instrument)} is traded from ${when(ts)} on: tick ${tick}, lot ${lot}, least order ${exact(minNotional)} ${facts.quote(instrument)}`
    }
    case 'InstrumentDelisted':
      return `${symbolOf(event.data.instrument)} is traded no more at ${when(ts)}: ${event.data.reason}`
    default:
      return sayLiveData(event) ?? sayLifecycle(event)
  }
}

function sayLifecycle(event: AnyEvent): string | undefined {
  const { by, ts } = event
  switch (event.type) {
    case 'TradingResumed':
      return `${by} let trading go on at ${when(ts)}: ${event.data.reason}`
    case 'OperatorCommanded':
      return `the operator commanded ${event.data.command} at ${when(ts)}: "${event.data.reason}"`
    case 'TimerRequested':
      return `${by} asked to be woken at ${when(event.data.dueAt)} (${event.data.timer})`
    case 'TimerFired':
      return `timer ${event.data.timer} of ${event.data.agent} fired at ${when(ts)}`
    case 'AgentFaulted':
      return `${event.data.agent} threw (${event.data.code}) while it ${PHASES[event.data.phase]} seq ${event.data.at}, ${when(ts)}`
    case 'AgentRestored':
      return `${event.data.agent} was restored from the log at ${when(ts)}`
    case 'AgentLifecycleChanged':
      return `${event.data.agent} went from ${event.data.from} to ${event.data.to} at ${when(ts)}: ${event.data.reason}`
    case 'ProcessStarted':
      return `a process of quantbot ${event.data.codeVersion} (${event.data.mode}) began at ${when(ts)}, behind seq ${event.data.resumedAt}`
    case 'ProcessStopped':
      return `the process stopped at ${when(ts)}: ${event.data.reason} (${event.data.detail})`
    case 'ClockStepped':
      return `the clock of the machine went back by ${lasting(event.data.backMs)} at ${when(ts)}`
    case 'LogStalled':
      return `the log could not be written for ${lasting(event.data.stalledMs)} until ${when(ts)} [${event.data.code}]`
    case 'FeedInterrupted':
      return `${event.data.feed} broke at ${when(ts)}: ${event.data.reason}`
    case 'FeedRestored':
      return `${event.data.feed} was back at ${when(ts)}, after ${lasting(event.data.downMs)}`
    case 'StateCarried':
      return `taken over from ${event.data.parent} at ${when(ts)}: balance ${exact(event.data.balance)}, ${event.data.positions.length} positions${event.data.halted ? ', halted' : ''}`
    default:
      return undefined
  }
}

const PHASES = { evolve: 'took in', decide: 'decided on', encode: 'wrote about' } as const

/** What the event that names it tells of an input which a derived log does not hold. */
export function sayAbsentInput(seq: number, child: AnyEvent | undefined, facts: RunFacts): string {
  const { what, file } = child === undefined ? { what: '', file: undefined } : hintOf(seq, child, facts)
  const tape = `read from the tape named in manifest.json${file === undefined ? '' : `: ${file}`}`
  return `input seq ${seq}${what} (not in this derived log; ${tape})`
}

interface Hint {
  readonly what: string
  readonly file: string | undefined
}

function hintOf(seq: number, child: AnyEvent, facts: RunFacts): Hint {
  const { ts } = child
  const bars = (instrument: string): string | undefined => facts.tapeFiles(instrument, 'bars', ts)[0]
  switch (child.type) {
    case 'SignalChanged': {
      const { instrument, price } = child.data
      if (seq !== child.cause)
        return { what: `, an earlier bar or settlement of ${symbolOf(instrument)}`, file: undefined }
      if (child.data.reason === 'delisted')
        return { what: `, the end of ${symbolOf(instrument)}`, file: bars(instrument) }
      if (child.data.reason === 'stale')
        return { what: `, a moment without a bar of ${symbolOf(instrument)}`, file: undefined }
      return {
        what: `, the bar of ${symbolOf(instrument)} that closed at ${when(ts)} at ${figure(price)}`,
        file: bars(instrument),
      }
    }
    case 'PackageChanged':
      return { what: packageHint(seq, child), file: fundingFile(seq, child, facts) }
    case 'RegimeChanged':
      return {
        what:
          seq === child.cause
            ? `, the close of all bars of ${when(ts)}`
            : `, a value of ${child.data.signal} for ${when(child.data.asOf)}`,
        file: undefined,
      }
    case 'CascadeWarningChanged':
      return {
        what: `, a bar or an open interest of ${symbolOf(child.data.instrument)} of ${when(child.data.asOf)}`,
        file: bars(child.data.instrument),
      }
    case 'BarAggregated':
      return {
        what: `, the last finer bar of ${symbolOf(child.data.instrument)} in it`,
        file: bars(child.data.instrument),
      }
    case 'OrderFilled':
    case 'OrderCancelled':
    case 'OrderAccepted':
    case 'OrderRejected': {
      const at = child.type === 'OrderFilled' ? `, reference ${exact(child.data.referencePrice)}` : ''
      const { instrument } = child.data
      return { what: `, the bar of ${symbolOf(instrument)} that opened at ${when(ts)}${at}`, file: bars(instrument) }
    }
    case 'PortfolioBlended':
    case 'PortfolioWeighted':
    case 'PackageImbalanced':
    case 'StopTriggered':
    case 'FundingAccrued':
    case 'TradingHalted':
      return { what: `, the close of all bars of ${when(ts)}`, file: undefined }
    case 'PositionSettled':
      if (child.data.cause === 'delivery' || child.data.cause === 'expiry')
        return {
          what: `, the close of all bars of ${when(ts)}, after ${symbolOf(child.data.instrument)} ended`,
          file: undefined,
        }
      return { what: `, the end of ${symbolOf(child.data.instrument)}`, file: bars(child.data.instrument) }
    default:
      return { what: '', file: undefined }
  }
}

/** What packages are decided on, by kind. */
const PACKAGE_INPUTS: Readonly<Record<PackageKind, string>> = {
  carry: 'a settlement of funding',
  dispersion: 'a settlement of funding',
  basis: 'a mark of the future',
  straddle: 'a chain of options',
  riskReversal: 'a chain of options',
}

/** What the event itself tells: which inputs its signal named, of which instruments, and what it took from them. */
function packageHint(seq: number, { ts, cause, data }: PackageChanged): string {
  const place = data.inputs.indexOf(seq)
  if (place < 0) return seq === cause ? `, the word of ${when(ts)} that made it decide` : ''
  const legs = data.legs.filter(({ role }) => LEADING.has(role)).map(({ instrument }) => symbolOf(instrument))
  const which = data.inputs.length === 1 ? '' : ` (${place + 1} of the ${data.inputs.length} it decided on)`
  const rate = data.terms.find(({ name }) => name === 'rateLast')?.value
  const last = place === data.inputs.length - 1 && rate != null ? `, rate ${percent(rate)}` : ''
  return `, ${PACKAGE_INPUTS[data.kind]}${legs.length === 0 ? '' : ` of ${[...new Set(legs)].join(' or ')}`}${which}${last}`
}

/** File of the tape with the settlement, where there is one market it can be of. */
function fundingFile(seq: number, { ts, data }: PackageChanged, facts: RunFacts): string | undefined {
  const leg =
    data.kind === 'carry' && data.inputs.includes(seq) ? data.legs.find(({ role }) => role === 'perpetual') : undefined
  // A settlement of the last days: around the turn of a year it may stand in the file before.
  const files = leg === undefined ? [] : facts.tapeFiles(leg.instrument, 'funding', ts)
  return files.length === 1 ? files[0] : undefined
}

/** Legs whose market decides. */
const LEADING: ReadonlySet<string> = new Set(['perpetual', 'otherPerpetual', 'future', 'call', 'put'])
