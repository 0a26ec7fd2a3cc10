/**
 * Owns the paper venue: takes or refuses orders as a real venue would and trades them against the market it is shown.
 * Never answers within the step that asked, never fills at a price nobody could have had, never knows NAV or targets.
 */
import type { ExecutionConfig, UniverseEntry } from '#core/config/schema'
import type { Decider } from '#core/decider'
import { formatUnits, parseUnits } from '#core/decimal'
import type { Interval } from '#core/time'
import { DAY_MS, floorTo } from '#core/time'
import type { StateCarried, TimerFired, TimerRequested } from '#events/lifecycle.events'
import type { InstantClosed, MarkChanged, OptionChainObserved } from '#events/market.events'
import type { OrderSubmitted } from '#events/order.events'
import { decidePaper, PAPER, type PaperIn, type PaperOut, type Setting } from './paper-answers.js'
import {
  createPaperState,
  drop,
  foldClosed,
  foldOpen,
  foldPaperQuote,
  foldTerms,
  foldTrade,
  orderIn,
  type PaperSlot,
  type PaperState,
  paperSlot,
  recount,
  slotHolding,
  takeUp,
} from './paper-state.js'

export interface PaperVenueOptions {
  /** `nextOpen`: at the open of the next bar, at once; `quote`: after a latency, against quotes. */
  readonly fills: 'nextOpen' | 'quote'
  /** Bars of what names none of its own; a day when absent. */
  readonly interval?: Interval
}

/**
 * The paper venue. A repeated order id changes nothing and is not answered again: the id is the promise of idempotence.
 * An order for an instrument outside the universe brings its terms: options trade against chains, others against marks, or quotes
 * where those are traded against. One without terms is refused by timer, since nothing will ever come for it.
 */
export function createPaperVenue(
  config: ExecutionConfig,
  universe: readonly UniverseEntry[],
  options: PaperVenueOptions,
): Decider<PaperState, PaperIn, PaperOut> {
  const setting: Setting = { config, quotes: options.fills === 'quote' }
  return {
    name: PAPER,
    // 2: the state knows legs of packages.
    version: '2',
    dependencies: ['risk/engine', 'execution/router'],
    reads: readsOf(setting),
    emits: ['OrderAccepted', 'OrderFilled', 'OrderRejected', 'OrderCancelled', 'TimerRequested'],
    warmupMs: 0,
    onOrderPath: true,
    initial: () => createPaperState(config, universe, options.interval ?? '1d'),
    evolve: (state, event) => evolve(state, event, setting),
    decide: (state, event, context) => decidePaper(state, event, context, setting),
  }
}

/** Closed bars matter only where orders rest or quotes are traded against; marks where nothing is quoted. */
function readsOf({ config, quotes }: Setting): readonly PaperIn['type'][] {
  const always: readonly PaperIn['type'][] = [
    'OrderSubmitted',
    'CancelRequested',
    'TimerFired',
    'InstrumentListed',
    'InstrumentDelisted',
    'OptionChainObserved',
    'InstantClosed',
    'PositionSettled',
    'StateCarried',
  ]
  const bars: readonly PaperIn['type'][] = quotes || config.orderType !== 'ioc' ? ['BarClosed'] : []
  return quotes ? [...always, ...bars, 'QuoteChanged'] : [...always, ...bars, 'BarOpened', 'MarkChanged']
}

function evolve(state: PaperState, event: PaperIn | PaperOut, setting: Setting): PaperState {
  switch (event.type) {
    case 'OrderSubmitted':
      takeUp(state, event, setting.config)
      return state
    case 'TimerFired':
      if (event.data.agent === PAPER) foldTimer(state, event.data.timer)
      return state
    case 'StateCarried':
      for (const { instrument, quantity } of event.data.positions) {
        const held = paperSlot(state, instrument)
        if (held !== undefined) held.position = formatUnits(parseUnits(held.position) + parseUnits(quantity))
      }
      return state
    case 'TimerRequested':
    case 'OptionChainObserved':
    case 'MarkChanged':
    case 'InstantClosed':
      return state
  }
  const slot = paperSlot(state, event.data.instrument)
  if (slot !== undefined) evolveSlot(state, slot, event, setting)
  else if (event.type === 'OrderRejected') {
    const i = state.strangers.findIndex((stranger) => stranger.order === event.data.order)
    if (i >= 0) state.strangers.splice(i, 1)
  }
  return state
}

type Ignored = TimerRequested | OptionChainObserved | MarkChanged | InstantClosed
type SlotEvent = Exclude<PaperIn | PaperOut, OrderSubmitted | TimerFired | StateCarried | Ignored>

function evolveSlot(state: PaperState, slot: PaperSlot, event: SlotEvent, { quotes, config }: Setting): void {
  switch (event.type) {
    case 'BarClosed':
      foldClosed(slot, event.data)
      break
    case 'BarOpened':
      foldOpen(slot, event.data)
      break
    case 'QuoteChanged':
      foldPaperQuote(slot, event)
      break
    case 'InstrumentListed':
      foldTerms(slot, event.data, config)
      recount(state, slot)
      break
    case 'InstrumentDelisted':
      slot.listed = false
      slot.position = '0'
      break
    case 'PositionSettled':
      slot.position = '0'
      break
    case 'CancelRequested': {
      const order = orderIn(slot, event.data.order)
      if (order !== undefined && !quotes) order.cancelled = true
      break
    }
    case 'OrderAccepted': {
      const order = orderIn(slot, event.data.order)
      if (order !== undefined) order.acceptedAt = event.ts
      break
    }
    case 'OrderFilled':
      foldTrade(slot, event.data, quotes ? floorTo(event.ts, slot.barMs > 0 ? slot.barMs : DAY_MS) : -1)
      recount(state, slot)
      break
    case 'OrderRejected':
    case 'OrderCancelled':
      drop(slot, event.data.order)
      recount(state, slot)
      break
  }
}

function foldTimer(state: PaperState, timer: string): void {
  if (!timer.startsWith('cancel/')) return
  const id = timer.slice('cancel/'.length)
  const slot = slotHolding(state, id)
  const order = slot === undefined ? undefined : orderIn(slot, id)
  if (order !== undefined) order.cancelled = true
}
