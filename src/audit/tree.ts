/**
 * Owns the causal tree: which events an event stands on, and nodes in words and numbers. What was told once is only named
 * again. Never goes further back than what decided.
 */
import type { AnyEvent } from '#events/catalogue'
import type { PortfolioBlended } from '#events/portfolio.events'
import type { ExplainNode } from './explanation.port.js'
import type { AuditLog } from './log-scan.js'
import type { RunFacts } from './run-facts.js'
import { wordsOf } from './say.js'
import { sayAbsentInput } from './say-inputs.js'

export type { ExplainNode } from './explanation.port.js'

/** What held when the explained event happened, by seq; 0 for never. */
export interface Landmarks {
  /** Newest PortfolioBlended with a row of the instrument or package. */
  readonly blended: ReadonlyMap<string, number>
  /** Newest RiskAssessed with a row of the package, and the blend that was the newest then. */
  readonly assessed: ReadonlyMap<string, readonly [seq: number, blended: number]>
  /** The newest stop, and the newest halt that was not resumed. */
  readonly stopped: ReadonlyMap<string, number>
  readonly halted: number
}

/** A tree is about one instrument and a few dozen events; a bound against logs that nobody wrote. */
const MAX_EVENTS = 20_000
/** Approves, refuses, stops and halts. */
const RISK = 'risk/engine'
/** How far before an instant its bars are looked for. */
const INSTANT_SPAN = 2_000

export class CausalTree {
  readonly #log: AuditLog
  readonly #facts: RunFacts
  readonly #lastSeq: number
  readonly #landmarks: Landmarks
  readonly #events = new Map<number, AnyEvent>()
  readonly #reasons = new Map<number, readonly number[]>()
  readonly #told = new Set<number>()

  constructor(log: AuditLog, facts: RunFacts, landmarks: Landmarks, lastSeq: number) {
    this.#log = log
    this.#facts = facts
    this.#landmarks = landmarks
    this.#lastSeq = lastSeq
  }

  /** Nodes of the events, each with all that it stands on. `focus`: the instrument or package that it is about. */
  nodes(events: readonly AnyEvent[], focus: string | undefined): ExplainNode[] {
    for (const event of events) this.#events.set(event.seq, event)
    this.#gather(events, focus)
    return events.map((event) => this.#node(event.seq, undefined, focus))
  }

  /** Nodes of what followed, without reasons: they are what is explained already. */
  effects(events: readonly AnyEvent[], focus: string | undefined): ExplainNode[] {
    for (const event of events) this.#events.set(event.seq, event)
    return events.map((event) => this.#node(event.seq, undefined, focus))
  }

  /** An input that is not in the log. */
  absent(seq: number, child: AnyEvent | undefined): ExplainNode {
    const nothing = { ts: null, type: null, by: null, details: [], data: null, told: false, because: [] }
    if (this.#log.read.manifest.log === 'derived' && seq <= this.#lastSeq)
      return { seq, ...nothing, says: sayAbsentInput(seq, child, this.#facts) }
    return { seq, ...nothing, says: `seq ${seq} (not in this log: its segment is archived)` }
  }

  /** Fetches level by level until everything that the events stand on is there. */
  #gather(events: readonly AnyEvent[], focus: string | undefined): void {
    let level = events.filter((event) => !this.#reasons.has(event.seq))
    while (level.length > 0 && this.#events.size < MAX_EVENTS) {
      const wanted = new Set<number>()
      for (const event of level) {
        const reasons = this.#reasonsOf(event, focus)
        this.#reasons.set(event.seq, reasons)
        for (const seq of reasons) if (!this.#events.has(seq)) wanted.add(seq)
      }
      for (const [seq, event] of this.#log.fetch([...wanted])) this.#events.set(seq, event)
      const next = level.flatMap((event) => this.#reasons.get(event.seq)!)
      level = [...new Set(next)].flatMap((seq) => {
        const event = this.#events.get(seq)
        return event !== undefined && !this.#reasons.has(seq) ? [event] : []
      })
    }
  }

  #node(seq: number, child: AnyEvent | undefined, focus: string | undefined): ExplainNode {
    const event = this.#events.get(seq)
    if (event === undefined) return this.absent(seq, child)
    const { ts, type, by } = event
    const { says, details } = wordsOf(event, this.#facts, focus, (other) => this.#events.get(other))
    if (this.#told.has(seq)) return { seq, ts, type, by, says, details: [], data: null, told: true, because: [] }
    this.#told.add(seq)
    const because = (this.#reasons.get(seq) ?? []).map((reason) => this.#node(reason, event, focus))
    return { seq, ts, type, by, says, details, data: event.data, told: false, because }
  }

  /** Seqs that an event stands on, most telling first. */
  #reasonsOf(event: AnyEvent, focus: string | undefined): number[] {
    const reasons = this.#ownReasons(event, focus)
    // What risk said before it has the same cause, and tells of it.
    const isSaidWith = reasons.some((seq) => this.#events.get(seq)?.cause === event.cause)
    if (event.cause > 0 && !(isSaidWith && event.by === RISK)) reasons.push(event.cause)
    return [...new Set(reasons)].filter((seq) => seq > 0 && seq < event.seq)
  }

  #ownReasons(event: AnyEvent, focus: string | undefined): number[] {
    switch (event.type) {
      case 'SignalChanged':
      case 'PackageChanged':
      case 'RegimeChanged':
      case 'CascadeWarningChanged':
        return [event.cause, ...event.data.inputs]
      case 'PortfolioBlended':
        return blendReasons(event, focus)
      case 'RiskAssessed':
        return focus === undefined ? [] : [this.#blendedBefore(event.seq, focus)]
      case 'PackageImbalanced':
        return [this.#landmarks.assessed.get(event.data.package)?.[0] ?? 0]
      case 'PositionSettled':
        return [this.#landmarks.assessed.get(event.data.package ?? '')?.[0] ?? 0]
      case 'OrderApproved':
        return this.#saidWith(event, event.data.purpose, event.data.package ?? event.data.instrument)
      case 'OrderRefused':
        return [
          ...this.#saidWith(event, 'rebalance', event.data.instrument),
          event.data.code === 'stopped-out' ? (this.#landmarks.stopped.get(event.data.instrument) ?? 0) : 0,
          event.data.code === 'trading-halted' ? this.#landmarks.halted : 0,
        ]
      case 'OrderWithheld':
        return [event.data.code === 'trading-halted' ? this.#landmarks.halted : 0]
      case 'StopTriggered':
        return this.#barsAt(event.cause, event.ts, event.data.instrument)
      case 'OrderAccepted':
      case 'OrderFilled':
      case 'OrderCancelled':
      case 'OrderRejected':
      case 'OrderUnconfirmed':
      case 'CancelRequested':
        return [this.#submissionOf(event.data.order)]
      default:
        return []
    }
  }

  /** What risk said before an order or a refusal, of the same cause: the assessment, the stop, the halt. */
  #saidWith(event: AnyEvent, purpose: string, subject: string): number[] {
    return this.#log
      .range(event.cause + 1, event.seq - 1)
      .filter((said) => {
        if (said.cause !== event.cause) return false
        if (said.type === 'StopTriggered') return purpose === 'stop' && said.data.instrument === subject
        if (said.type === 'TradingHalted') return purpose !== 'rebalance' && purpose !== 'stop'
        if (said.type === 'PackageImbalanced') return said.data.package === subject
        if (said.type !== 'RiskAssessed') return false
        return purpose === 'rebalance' || said.data.packages?.some((row) => row.package === subject) === true
      })
      .map((said) => {
        this.#events.set(said.seq, said)
        return said.seq
      })
  }

  /** The blend that an assessment stood on. */
  #blendedBefore(seq: number, focus: string): number {
    const assessed = this.#landmarks.assessed.get(focus)
    return assessed?.[0] === seq ? assessed[1] : (this.#landmarks.blended.get(focus) ?? 0)
  }

  /** Bars of an instrument among the inputs of an instant. */
  #barsAt(instantSeq: number, ts: number, instrument: string): number[] {
    if (this.#log.read.manifest.log === 'derived') return []
    return this.#log
      .range(Math.max(1, instantSeq - INSTANT_SPAN), instantSeq - 1)
      .filter((event) => event.type === 'BarClosed' && event.ts === ts && event.data.instrument === instrument)
      .map(({ seq }) => seq)
  }

  #submissionOf(order: string): number {
    for (const event of this.#events.values())
      if (event.type === 'OrderSubmitted' && event.data.order === order) return event.seq
    return 0
  }
}

/** What a blend stands on: the words of the signals on the subject, of the overlays that changed its weight, of its package. */
function blendReasons({ data }: PortfolioBlended, focus: string | undefined): number[] {
  const rows = data.rows.filter((row) => focus === undefined || row.instrument === focus)
  const packages = (data.packages ?? []).filter((row) => focus === undefined || row.package === focus)
  return [
    ...rows.flatMap((row) => [...row.parts, ...(row.overlays ?? [])].map(({ seq }) => seq)),
    ...packages.map(({ seq }) => seq),
  ]
}
