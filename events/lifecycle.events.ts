/** Owns the life of the process and its agents, timers, operator commands, and what a child run carries over. */
import { type EventOf, eventType } from './event-type.js'
import { decimal, flag, integer, list, name, nullable, number, oneOf, optional, record, text } from './field.js'
import { LEG_ROLES, legTerms, PACKAGE_KINDS } from './package.events.js'

const agent = name('agent')
const states = ['idle', 'starting', 'restoring', 'running', 'degraded', 'stopping', 'stopped', 'faulted'] as const

export const processStarted = eventType('ProcessStarted', 1, 'input', 'A process began, or went on with, this run.', {
  mode: oneOf('sim', 'paper', 'live', 'backtest', 'replay'),
  codeVersion: name('version of quantbot'),
  node: name('version of Node'),
  /** Last seq found in the log; 0 for a new run. */
  resumedAt: integer('seq'),
  /** What followed the last commit and was moved aside. */
  tornBytes: integer('bytes'),
})

export const processStopped = eventType('ProcessStopped', 1, 'input', 'The process ended the run in good order.', {
  reason: oneOf('signal', 'finished', 'failed'),
  detail: name('signal or code'),
})

export const agentLifecycleChanged = eventType(
  'AgentLifecycleChanged',
  1,
  'input',
  'The supervisor moved an agent. Only a running agent decides.',
  {
    agent,
    from: oneOf(...states),
    to: oneOf(...states),
    reason: name('why'),
    restarts: integer('restarts so far'),
  },
)

export const agentFaulted = eventType(
  'AgentFaulted',
  1,
  'derived',
  'A decider threw. Its outputs of the call were dropped and its state discarded.',
  {
    agent,
    code: name('error class, no stack'),
    phase: oneOf('evolve', 'decide', 'encode'),
    at: integer('seq of the event it threw on'),
    onOrderPath: flag(),
  },
)

export const agentRestored = eventType(
  'AgentRestored',
  1,
  'input',
  'A faulted agent was refolded from the log and decides again.',
  {
    agent,
    /** Events that it threw on twice and no longer sees. */
    quarantined: list(integer('seq')),
  },
)

export const clockStepped = eventType('ClockStepped', 1, 'input', 'The clock of the machine went back.', {
  backMs: integer('milliseconds'),
})

export const logStalled = eventType(
  'LogStalled',
  1,
  'input',
  'The log could not be written for a while; nothing was decided meanwhile. Trading halts.',
  {
    stalledMs: integer('milliseconds from the first attempt to the durable commit'),
    code: oneOf('LOG_STALLED', 'LOG_WRITE_FAILED'),
  },
)

/** Reason of the FeedInterrupted that ends hope: the supervisor restarts the feed no more, and trading cannot go on without it. */
export const RESTART_BUDGET_SPENT = 'restart-budget-spent'

export const feedInterrupted = eventType('FeedInterrupted', 1, 'input', 'A feed broke; the supervisor restarts it.', {
  feed: name('connector'),
  reason: name('why'),
})

export const feedRestored = eventType('FeedRestored', 1, 'input', 'A feed is back.', {
  feed: name('connector'),
  downMs: integer('milliseconds'),
})

export const timerRequested = eventType('TimerRequested', 1, 'derived', 'An agent wants to be woken.', {
  agent,
  timer: name('id of the timer'),
  dueAt: integer('epoch ms'),
})

export const timerFired = eventType('TimerFired', 1, 'input', 'A requested timer is due.', {
  agent,
  timer: name('id of the timer'),
  dueAt: integer('epoch ms'),
})

export const operatorCommanded = eventType('OperatorCommanded', 1, 'input', 'A person gave an order to the process.', {
  command: oneOf('halt', 'resume', 'flatten'),
  reason: text('why, in the words of the operator'),
})

export const fundsTransferred = eventType(
  'FundsTransferred',
  1,
  'input',
  'Money was paid in or taken out: it changes the net asset value, never a return.',
  {
    currency: name('currency'),
    amount: decimal('in `currency`; negative: taken out'),
    reason: text('why, in the words of the operator'),
  },
)

export const stateCarried = eventType('StateCarried', 1, 'input', 'What a child run takes over from its parent.', {
  parent: name('run id'),
  balance: decimal('quote'),
  positions: list(
    record({
      instrument: name('instrument id'),
      quantity: decimal('base units, signed'),
      averagePrice: decimal('quote'),
    }),
  ),
  stops: list(
    record({ instrument: name('instrument id'), extreme: number(8, 'quote'), level: nullable(number(8, 'quote')) }),
  ),
  /** Peak of the marked equity, from which drawdown is measured; the equity itself when absent. */
  peakEquity: optional(number(2, 'quote')),
  /** Instruments that were stopped out: flat on this side until their target is 0 or turns, or the price passes `beyond`. */
  latches: optional(
    list(record({ instrument: name('instrument id'), side: oneOf('long', 'short'), beyond: number(8, 'quote') })),
  ),
  /** Balances in other currencies than the book's own, with the price that they last had there; 0: none known. */
  balances: optional(
    list(
      record({
        currency: name('currency'),
        balance: decimal('in `currency`'),
        price: number(8, 'quote'),
        /** Of it what was paid in and not taken out: it is not converted. Absent: nothing. */
        paidIn: optional(decimal('in `currency`')),
      }),
    ),
  ),
  packages: optional(
    list(
      record({
        package: name('package'),
        signal: name('signal'),
        kind: oneOf(...PACKAGE_KINDS),
        base: name('base currency'),
        price: number(8, 'price of a base coin, quote'),
        targetWeight: number(6, 'fraction of NAV, as the signal wanted it last'),
        weight: number(8, 'fraction of NAV, as the blender let it'),
        wanted: number(8, 'fraction of NAV, clipped'),
        units: decimal('units aimed at'),
        isBarred: flag(),
        legs: list(
          record({
            role: oneOf(...LEG_ROLES),
            instrument: name('instrument id'),
            ratio: number(8, 'base coins a unit, signed'),
            delta: number(6, 'base coins'),
            terms: legTerms,
            quantity: decimal('base units, signed'),
            /** Signed worth at the average price. */
            cost: decimal('in the currency of settlement'),
            aim: decimal('base units, signed'),
            aimCoins: number(8, 'base coins that it stands for'),
            mark: number(8, 'price; 0: none'),
          }),
        ),
      }),
    ),
  ),
  halted: flag(),
  haltReason: optional(name('why')),
})

export const lifecycleEvents = [
  processStarted,
  processStopped,
  agentLifecycleChanged,
  agentFaulted,
  agentRestored,
  clockStepped,
  logStalled,
  feedInterrupted,
  feedRestored,
  timerRequested,
  timerFired,
  operatorCommanded,
  fundsTransferred,
  stateCarried,
] as const

export type ProcessStarted = EventOf<typeof processStarted>
export type ProcessStopped = EventOf<typeof processStopped>
export type AgentLifecycleChanged = EventOf<typeof agentLifecycleChanged>
export type AgentFaulted = EventOf<typeof agentFaulted>
export type AgentRestored = EventOf<typeof agentRestored>
export type ClockStepped = EventOf<typeof clockStepped>
export type LogStalled = EventOf<typeof logStalled>
export type FeedInterrupted = EventOf<typeof feedInterrupted>
export type FeedRestored = EventOf<typeof feedRestored>
export type TimerRequested = EventOf<typeof timerRequested>
export type TimerFired = EventOf<typeof timerFired>
export type OperatorCommanded = EventOf<typeof operatorCommanded>
export type FundsTransferred = EventOf<typeof fundsTransferred>
export type StateCarried = EventOf<typeof stateCarried>
export type AgentState = (typeof states)[number]
