/**
 * Owns folding committed groups into the view: lines cut into steps, the types that matter parsed, each step given to the book and to
 * the view's own folds. The same for a first pass and for a jump. Never reads a file.
 */
import { DAY_MS, floorTo } from '#core/time'
import type { AnyEvent, EventName } from '#events/catalogue'
import { parseTrusted } from '#events/codec'
import { forEachLine } from '#events/log/chain'
import { foldMarket, foldNamedPrices } from './fold-market.js'
import { foldOrder } from './fold-orders.js'
import { foldRun, noteAuthor } from './fold-run.js'
import { onBlended, onPackage, onRegime, onSignal, onWarning } from './fold-signals.js'
import { createFoldState, type FoldState } from './fold-state.js'
import { HeaderReader, type Middle } from './line-header.js'
import type { BookFigures, BookFold } from './view.port.js'

/** Types that the view's own folds read. */
const VIEW_TYPES: ReadonlySet<string> = new Set<EventName>([
  'ProcessStarted',
  'ProcessStopped',
  'AgentLifecycleChanged',
  'AgentFaulted',
  'AgentRestored',
  'FeedInterrupted',
  'FeedRestored',
  'OperatorCommanded',
  'FundsTransferred',
  'StateCarried',
  'InstrumentListed',
  'BarClosed',
  'QuoteChanged',
  'MarkChanged',
  'FundingSettled',
  'FundingRateChanged',
  'OpenInterestChanged',
  'VolatilityIndexChanged',
  'VolatilitySurfaceChanged',
  'BasisChanged',
  'FundingSpreadChanged',
  'SignalChanged',
  'PackageChanged',
  'RegimeChanged',
  'CascadeWarningChanged',
  'PortfolioBlended',
  'RiskAssessed',
  'RiskMeasured',
  'RiskAlerted',
  'StopTriggered',
  'FundingAccrued',
  'PositionSettled',
  'TradingHalted',
  'TradingResumed',
  'OrderApproved',
  'OrderRefused',
  'OrderSubmitted',
  'OrderAccepted',
  'OrderFilled',
  'OrderCancelled',
  'OrderRejected',
  'OrderUnconfirmed',
  'OrderWithheld',
  'CancelRequested',
])

/** Everything that a keyframe keeps. Plain JSON. */
export interface Folded {
  view: FoldState
  book: unknown
}

/** Sees each step when it is folded. `figures` costs O(positions). */
export type StepObserver = (step: readonly AnyEvent[], folded: Folded, figures: () => BookFigures) => void

export interface ViewFoldOptions {
  readonly book: BookFold
  readonly log: 'full' | 'derived'
  readonly agents: readonly string[]
  readonly createdAt: number
  /** Parses every line, not only what is folded: for readers beside the view. */
  readonly parsesAll: boolean
}

export class ViewFold {
  readonly #options: ViewFoldOptions
  readonly #header: HeaderReader

  constructor(options: ViewFoldOptions) {
    this.#options = options
    const { book, parsesAll } = options
    this.#header = new HeaderReader((type) => parsesAll || VIEW_TYPES.has(type) || book.reads.has(type))
  }

  /** Types and authors of the lines of the last group. */
  get middles(): ReadonlySet<Middle> {
    return this.#header.seen
  }

  initial(): Folded {
    const { book, log, agents, createdAt } = this.#options
    return { view: createFoldState(log, agents, createdAt), book: book.initial() }
  }

  /** Folds the lines with seq up to `until`; gives the events that were parsed. O(bytes). */
  group(folded: Folded, lines: Buffer, until: number, observe?: StepObserver): AnyEvent[] {
    const header = this.#header
    const { view } = folded
    const parsed: AnyEvent[] = []
    header.seen.clear()
    let first = 0
    forEachLine(lines, (bytes, start, end) => {
      header.read(bytes, start, end)
      const { seq, ts, cause } = header
      if (seq > until) return
      // An input, or in a derived log the first line behind one that is not written.
      const begins = cause === 0 || cause > view.seq
      if (begins && parsed.length > first) {
        this.#step(folded, parsed.slice(first), observe)
        first = parsed.length
      }
      if (begins && ts - view.day.from >= DAY_MS) this.#beginDay(folded, ts)
      view.seq = seq
      view.ts = ts
      view.counts.events++
      noteAuthor(view, header.middle.by, seq, ts, cause === 0)
      if (header.middle.isWanted) parsed.push(parseTrusted(bytes.toString('utf8', start, end)))
    })
    if (parsed.length > first) this.#step(folded, first === 0 ? parsed : parsed.slice(first), observe)
    return parsed
  }

  /** Equity before the first event of a UTC day. */
  #beginDay(folded: Folded, ts: number): void {
    const { equity } = this.#options.book.figures(folded.book)
    folded.view.day = { from: floorTo(ts, DAY_MS), equity, paid: 0 }
  }

  #step(folded: Folded, step: readonly AnyEvent[], observe: StepObserver | undefined): void {
    const { book, log } = this.#options
    const { view } = folded
    const isPaid = step[0]!.type === 'FundsTransferred' || step[0]!.type === 'StateCarried'
    const before = isPaid ? book.figures(folded.book).equity : 0
    folded.book = book.evolve(folded.book, step)
    for (let i = 0; i < step.length; i++) foldEvent(view, step[i]!, log)
    // Money that was paid in or carried over is no profit of the day.
    if (isPaid) view.day.paid += book.figures(folded.book).equity - before
    if (view.flatten?.flatSeq === null && isFlat(folded, book)) view.flatten.flatSeq = lastEnd(step) ?? view.flatten.seq
    observe?.(step, folded, () => book.figures(folded.book))
  }
}

function foldEvent(view: FoldState, event: AnyEvent, log: 'full' | 'derived'): void {
  switch (event.type) {
    case 'BarClosed':
    case 'QuoteChanged':
      foldMarket(view, event)
      return
    case 'InstantClosed':
    case 'BarAggregated':
      return
    case 'SignalChanged':
      onSignal(view, event)
      break
    case 'PackageChanged':
      onPackage(view, event)
      break
    case 'RegimeChanged':
      onRegime(view, event)
      break
    case 'CascadeWarningChanged':
      onWarning(view, event)
      break
    case 'PortfolioBlended':
      onBlended(view, event)
      break
    default:
      foldOrder(view, event)
      foldRun(view, event)
      foldMarket(view, event)
  }
  if (log === 'derived') foldNamedPrices(view, event)
}

const ENDS: ReadonlySet<string> = new Set<EventName>([
  'OrderFilled',
  'OrderCancelled',
  'OrderRejected',
  'OrderWithheld',
  'PositionSettled',
])

/** Seq of the last word in a step that closes something. */
const lastEnd = (step: readonly AnyEvent[]): number | undefined => step.findLast(({ type }) => ENDS.has(type))?.seq

/** Nothing held and nothing at work, as the venue's own words add up. */
function isFlat({ view, book: state }: Folded, book: BookFold): boolean {
  for (const _order in view.working) return false
  const { positions, packages = [], openOrders } = book.book(state)
  if (openOrders > 0 || positions.some(({ quantity }) => quantity !== '0')) return false
  return packages.every(({ legs }) => legs.every(({ quantity }) => quantity === '0'))
}
