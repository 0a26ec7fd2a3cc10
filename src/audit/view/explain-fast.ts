/**
 * Owns explanations for a viewer: the auditor's own, but found through the view's keyframes and blocks, so that a long log is not read from
 * its start and the thread that serves the page is not held up. Never explains otherwise than `audit explain` does.
 */
import { QuantbotError } from '#core/errors'
import type { AnyEvent } from '#events/catalogue'
import { parseTrusted } from '#events/codec'
import { forEachLine, readSeq } from '#events/log/chain'
import { ORDER_TYPES } from '../event-kinds.js'
import { type Explanation, explainOrder, explainOrderEvent, explainSeq, isVenueName, type Located } from '../explain.js'
import { typeOfLine } from '../log-scan.js'
import { orderOf } from '../order-events.js'
import type { RunFacts } from '../run-facts.js'
import type { Landmarks } from '../tree.js'
import { BlockLog } from './block-log.js'
import type { FoldState } from './fold-state.js'
import type { LogBlocks } from './log-blocks.js'

export interface ExplainParts {
  readonly runDir: string
  readonly facts: RunFacts
  readonly blocks: LogBlocks
  readonly firstSeq: number
  readonly headSeq: number
  /** What was folded at a seq. */
  readonly at: (seq: number) => Promise<FoldState>
}

const NAMED: ReadonlySet<string> = new Set<string>(ORDER_TYPES)
/** Ids of ours begin with the seq of the input that led to the order. */
const OWN_ID = /^o-(\d{1,15})-\d+$/

/** ORDER_NOT_FOUND, SEQ_OUT_OF_RANGE, as `audit explain`. */
export async function explainFast(parts: ExplainParts, target: string): Promise<Explanation> {
  const { runDir, facts, headSeq } = parts
  const log = new BlockLog(runDir, parts.blocks, headSeq)
  if (/^\d{1,15}$/.test(target)) {
    const seq = Number(target)
    const event = seq >= 1 && seq <= headSeq ? log.fetch([seq]).get(seq) : undefined
    const named = event && orderOf(event)
    if (named !== undefined) return explainOrderEvent(log, facts, seq, await located(parts, named))
    if (seq >= 1 && seq <= headSeq) {
      const landmarks = await landmarksAt(parts, seq)
      return explainSeq(log, facts, seq, { events: event === undefined ? [] : [event], landmarks, lastSeq: headSeq })
    }
    const order = await located(parts, target)
    if (order.events.length > 0) return explainOrder(log, facts, order)
    throw new QuantbotError('SEQ_OUT_OF_RANGE', `${runDir} has the seqs 1 to ${headSeq}, not ${target}`)
  }
  const order = await located(parts, target)
  if (order.events.length === 0)
    throw new QuantbotError('ORDER_NOT_FOUND', `${runDir} has no order ${JSON.stringify(target)}`)
  return explainOrder(log, facts, order)
}

/** Everything that an order lived through, by its id or by a name of the venue. */
async function located(parts: ExplainParts, id: string): Promise<Located> {
  const { headSeq } = parts
  const seen = await holding(parts, id)
  const first = seen.find((event) => orderOf(event) === id || isVenueName(event, id))
  const order = first && orderOf(first)
  if (order === undefined) return { events: [], landmarks: NOWHERE, lastSeq: headSeq }
  const named = order === id ? seen : await holding(parts, order)
  const events = named.filter((event) => orderOf(event) === order)
  const landmarks = events[0] === undefined ? NOWHERE : await landmarksAt(parts, events[0].seq)
  return { events, landmarks, lastSeq: headSeq }
}

const NOWHERE: Landmarks = { blended: new Map(), assessed: new Map(), stopped: new Map(), halted: 0 }

/** Events of orders whose line holds the name. A block without it is not looked into. */
async function holding({ blocks, headSeq }: ExplainParts, name: string): Promise<AnyEvent[]> {
  const text = Buffer.from(JSON.stringify(name))
  const events: AnyEvent[] = []
  const own = OWN_ID.exec(name)
  for (let i = own === null ? 0 : blocks.indexOf(Number(own[1])); i < blocks.count; i++) {
    const lines = await blocks.read(i)
    if (!lines.includes(text)) continue
    forEachLine(lines, (bytes, start, end) => {
      if (readSeq(bytes, start, end) > headSeq || !NAMED.has(typeOfLine(bytes, start, end))) return
      const line = bytes.subarray(start, end)
      if (line.includes(text)) events.push(parseTrusted(line.toString('utf8')))
    })
  }
  return events
}

/** The landmarks up to a seq, as the fold at that seq has them. */
async function landmarksAt({ at }: ExplainParts, seq: number): Promise<Landmarks> {
  const { blend, blendedPackages, assessed, stopped, halt } = await at(seq)
  const blended = new Map(Object.entries(blendedPackages))
  for (const [instrument, row] of Object.entries(blend)) blended.set(instrument, row.seq)
  return {
    blended,
    assessed: new Map(Object.entries(assessed)),
    stopped: new Map(Object.entries(stopped)),
    halted: halt?.seq ?? 0,
  }
}
