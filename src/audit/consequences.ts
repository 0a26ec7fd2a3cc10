/** Owns what came of an event: the rest of its step, the blend that took up a signal, orders and their lives. Never why. */
import type { AnyEvent } from '#events/catalogue'
import { typesOf } from './event-kinds.js'
import type { AuditLog } from './log-scan.js'
import { orderOf } from './order-events.js'

/** Most events shown; an instant of a large book stays readable. */
const MAX_EFFECTS = 200

/** Events that followed from seq `from`, in order; `event` is undefined for an input that the log does not hold. */
export function consequencesOf(
  log: AuditLog,
  from: number,
  event: AnyEvent | undefined,
  onProgress?: (lastSeq: number) => void,
): AnyEvent[] {
  const effects = stepAfter(log, from)
  if (event?.type === 'SignalChanged') effects.push(...blendOf(log, event))
  if (event?.type === 'OrderRefused') effects.push(...nextWord(log, event))
  const orders = new Set([...effects, ...(event ? [event] : [])].flatMap((each) => orderOf(each) ?? []))
  if (orders.size > 0) effects.push(...livesOf(log, from, orders, onProgress))
  const unique = new Map(effects.filter(({ seq }) => seq > from).map((each) => [each.seq, each]))
  return [...unique.values()].sort((a, b) => a.seq - b.seq).slice(0, MAX_EFFECTS)
}

/**
 * Descendants within the step of `from`. A step ends at the next input: a line without a cause, or, in a derived log, a line
 * whose cause lies behind `from` and is not written.
 */
function stepAfter(log: AuditLog, from: number): AnyEvent[] {
  const family = new Set([from])
  const written = new Set([from])
  const effects: AnyEvent[] = []
  log.scan({ from: from + 1, absent: 'skip' }, (event) => {
    if (event.seq <= from) return true
    if (event.cause === 0 || (event.cause > from && !written.has(event.cause))) return false
    written.add(event.seq)
    if (family.has(event.cause)) {
      family.add(event.seq)
      effects.push(event)
    }
    return true
  })
  return effects
}

/** The first blend that took up a signal's word, and what risk said to it about the instrument. */
function blendOf(log: AuditLog, { seq, data }: AnyEvent & { readonly type: 'SignalChanged' }): AnyEvent[] {
  let blend: AnyEvent | undefined
  log.scan({ from: seq, types: typesOf('PortfolioBlended', 'SignalChanged'), absent: 'skip' }, (event) => {
    if (event.seq <= seq) return true
    if (event.type === 'SignalChanged')
      return event.data.signal !== data.signal || event.data.instrument !== data.instrument
    if (event.type !== 'PortfolioBlended') return true
    const row = event.data.rows.find((each) => each.instrument === data.instrument)
    if (row?.parts.some((part) => part.seq === seq)) blend = event
    return blend === undefined
  })
  if (blend === undefined) return []
  const followed = stepAfter(log, blend.seq).filter(
    (event) => !('instrument' in event.data) || event.data.instrument === data.instrument,
  )
  return [blend, ...followed]
}

/** The next order or refusal of a refused instrument. */
function nextWord(log: AuditLog, { seq, data }: AnyEvent & { readonly type: 'OrderRefused' }): AnyEvent[] {
  let found: AnyEvent | undefined
  log.scan({ from: seq, types: typesOf('OrderApproved', 'OrderRefused'), absent: 'skip' }, (event) => {
    if (event.seq > seq && 'instrument' in event.data && event.data.instrument === data.instrument) found = event
    return found === undefined
  })
  return found === undefined ? [] : [found]
}

/** Everything that orders lived through behind `from`. */
function livesOf(
  log: AuditLog,
  from: number,
  orders: ReadonlySet<string>,
  onProgress: ((lastSeq: number) => void) | undefined,
): AnyEvent[] {
  const lives: AnyEvent[] = []
  const scan = {
    from: from + 1,
    types: typesOf('order'),
    absent: 'skip',
    ...(onProgress ? { onGroup: onProgress } : {}),
  } as const
  log.scan(scan, (event) => {
    const order = orderOf(event)
    if (order !== undefined && orders.has(order) && event.seq > from) lives.push(event)
  })
  return lives
}
