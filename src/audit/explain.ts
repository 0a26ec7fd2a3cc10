/**
 * Owns `audit explain`: from an order or any seq back to the inputs, and on to what came of it. Reads a run folder alone.
 * Never guesses: what the log does not hold is named as such.
 */
import { QuantbotError } from '#core/errors'
import type { AnyEvent } from '#events/catalogue'
import { consequencesOf } from './consequences.js'
import { typesOf } from './event-kinds.js'
import type { Explanation } from './explanation.port.js'
import { AuditLog } from './log-scan.js'
import { type OrderEvent, orderOf, summaryOf } from './order-events.js'
import { RunFacts } from './run-facts.js'
import { CausalTree, type Landmarks } from './tree.js'

export type { ExplainNode, Explanation } from './explanation.port.js'

export interface Located {
  /** Events of the order, or the one of the seq; empty for an input that a derived log does not hold. */
  readonly events: AnyEvent[]
  readonly landmarks: Landmarks
  readonly lastSeq: number
}

const MARKERS = ['PortfolioBlended', 'RiskAssessed', 'StopTriggered', 'TradingHalted', 'TradingResumed'] as const
const MARKER_TYPES = typesOf(...MARKERS)
const ORDER_TYPES = typesOf('order')

export type OnProgress = (lastSeq: number) => void

/**
 * Explains an order (id, venue's order id or trade id) or a seq. ORDER_NOT_FOUND, SEQ_OUT_OF_RANGE; LOG_CORRUPT for a log
 * that cannot be trusted. Two or three passes: O(bytes), memory bounded.
 */
export function explain(runDir: string, target: string, onProgress?: OnProgress): Explanation {
  const log = new AuditLog(runDir)
  const facts = new RunFacts(log.read.manifest)
  if (/^\d{1,15}$/.test(target)) {
    const seq = Number(target)
    const located = locateSeq(log, seq, onProgress)
    const named = located.events[0] && orderOf(located.events[0])
    if (named !== undefined) return explainOrderEvent(log, facts, seq, locateOrder(log, named, onProgress))
    if (seq >= 1 && seq <= located.lastSeq) return explainSeq(log, facts, seq, located, onProgress)
    const order = locateOrder(log, target, onProgress)
    if (order.events.length > 0) return explainOrder(log, facts, order)
    throw new QuantbotError('SEQ_OUT_OF_RANGE', `${runDir} has the seqs 1 to ${located.lastSeq}, not ${target}`)
  }
  const located = locateOrder(log, target, onProgress)
  if (located.events.length === 0)
    throw new QuantbotError('ORDER_NOT_FOUND', `${runDir} has no order ${JSON.stringify(target)}`)
  return explainOrder(log, facts, located)
}

/** Keeps the landmarks up to the event that is explained. */
class Marks {
  readonly #blended = new Map<string, number>()
  readonly #assessed = new Map<string, readonly [seq: number, blended: number]>()
  readonly #stopped = new Map<string, number>()
  #halted = 0

  take(event: AnyEvent): void {
    if (event.type === 'PortfolioBlended') {
      for (const row of event.data.rows) this.#blended.set(row.instrument, event.seq)
      for (const row of event.data.packages ?? []) this.#blended.set(row.package, event.seq)
    } else if (event.type === 'RiskAssessed') {
      for (const { package: id } of event.data.packages ?? [])
        this.#assessed.set(id, [event.seq, this.#blended.get(id) ?? 0])
    } else if (event.type === 'StopTriggered') this.#stopped.set(event.data.instrument, event.seq)
    else if (event.type === 'TradingHalted') this.#halted = event.seq
    else if (event.type === 'TradingResumed') this.#halted = 0
  }

  snapshot(): Landmarks {
    return {
      blended: new Map(this.#blended),
      assessed: new Map(this.#assessed),
      stopped: new Map(this.#stopped),
      halted: this.#halted,
    }
  }
}

function locateOrder(log: AuditLog, id: string, onProgress: OnProgress | undefined): Located {
  const marks = new Marks()
  let events: AnyEvent[] = []
  let landmarks: Landmarks | undefined
  let order = ''
  const holding = { types: ORDER_TYPES, text: Buffer.from(JSON.stringify(id)) }
  const end = log.scan(
    { types: MARKER_TYPES, holding, absent: 'skip', ...(onProgress ? { onGroup: onProgress } : {}) },
    (event) => {
      if (landmarks === undefined) marks.take(event)
      const named = orderOf(event)
      if (named === undefined) return
      const isIt = named === id || (order === '' && isVenueName(event, id))
      if (!isIt && named !== order) return
      landmarks ??= marks.snapshot()
      order ||= named
      events.push(event)
    },
  )
  // Found by a name of the venue: the events before it are of the same order.
  if (events.length > 0 && order !== id) return locateOrder(log, order, onProgress)
  events = events.filter((event) => orderOf(event) === order)
  return { events, landmarks: landmarks ?? marks.snapshot(), lastSeq: end.last?.lastSeq ?? 0 }
}

/** Whether the venue calls the order of the event so: by its own order id, or by that of a trade. */
export function isVenueName(event: AnyEvent, id: string): boolean {
  if (event.type === 'OrderAccepted') return event.data.venueOrder === id
  return event.type === 'OrderFilled' && event.data.trade === id
}

function locateSeq(log: AuditLog, seq: number, onProgress: OnProgress | undefined): Located {
  const marks = new Marks()
  const events: AnyEvent[] = []
  const end = log.scan(
    { types: MARKER_TYPES, seq, absent: 'skip', ...(onProgress ? { onGroup: onProgress } : {}) },
    (event) => {
      if (event.seq <= seq) marks.take(event)
      if (event.seq === seq) events.push(event)
    },
  )
  return { events, landmarks: marks.snapshot(), lastSeq: end.last?.lastSeq ?? 0 }
}

/** What events are about: a package where one of them names it, else an instrument. */
function focusOf(events: readonly AnyEvent[]): string | undefined {
  for (const { data } of events) if ('package' in data && data.package !== undefined) return data.package
  for (const { data } of events) if ('instrument' in data) return data.instrument
  return undefined
}

export function explainOrder(log: AuditLog, facts: RunFacts, { events, landmarks, lastSeq }: Located): Explanation {
  const first = events[0] as OrderEvent // the caller found it
  const tree = new CausalTree(log, facts, landmarks, lastSeq)
  return {
    run: facts.manifest.run,
    order: first.data.order,
    seq: first.seq,
    summary: summaryOf(events as OrderEvent[], facts), // orderOf chose them
    cause: tree.nodes(events, focusOf(events)),
    effects: [],
  }
}

/** An event of an order: its life up to there, and from there. */
export function explainOrderEvent(log: AuditLog, facts: RunFacts, seq: number, located: Located): Explanation {
  const { events, landmarks, lastSeq } = located
  const first = events[0] as OrderEvent // the event of the seq is one of them
  const tree = new CausalTree(log, facts, landmarks, lastSeq)
  const { order } = first.data
  const focus = focusOf(events)
  const before = events.filter((event) => event.seq <= seq)
  const cause = tree.nodes(before, focus)
  const effects = tree.effects(
    events.filter((event) => event.seq > seq),
    focus,
  )
  return { run: facts.manifest.run, order, seq, summary: summaryOf(events as OrderEvent[], facts), cause, effects }
}

export function explainSeq(
  log: AuditLog,
  facts: RunFacts,
  seq: number,
  { events, landmarks, lastSeq }: Located,
  onProgress?: OnProgress,
): Explanation {
  const event = events[0]
  const tree = new CausalTree(log, facts, landmarks, lastSeq)
  const focus = event && focusOf([event])
  const effects = consequencesOf(log, seq, event, onProgress)
  const cause = event === undefined ? [tree.absent(seq, effects[0])] : tree.nodes([event], focus)
  return {
    run: facts.manifest.run,
    order: null,
    seq,
    summary: event === undefined ? `seq ${seq}: an input` : `seq ${seq}: ${event.type} by ${event.by}`,
    cause,
    effects: tree.effects(effects, focus),
  }
}
