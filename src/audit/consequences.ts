/** Owns what came of an event: the rest of its step, the blend that took up a signal, orders and their lives. Never why. */
import type { AnyEvent } from '#events/catalogue'
import type { PortfolioBlended } from '#events/portfolio.events'
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
  if (event !== undefined) effects.push(...blendOf(log, event))
  if (event?.type === 'PackageImbalanced') effects.push(...repairOf(log, event))
  if (event?.type === 'PositionSettled' && event.data.package !== undefined)
    effects.push(...nextOfPackage(log, event.seq, event.data.package))
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

/** How an opinion is found again in a blend, and when it has been replaced by another. */
interface TakenUp {
  readonly replaces: (event: AnyEvent) => boolean
  /** What the blend says of the opinion: instruments or a package; empty where it does not stand on it. */
  readonly subjects: (blend: PortfolioBlended['data']) => string[]
}

function takenUp(event: AnyEvent): TakenUp | undefined {
  const { seq } = event
  switch (event.type) {
    case 'SignalChanged': {
      const { signal, instrument } = event.data
      return {
        replaces: ({ type, data }) =>
          type === 'SignalChanged' && data.signal === signal && data.instrument === instrument,
        subjects: ({ rows }) =>
          rows.filter((row) => row.instrument === instrument && row.parts.some((part) => part.seq === seq)).map(nameOf),
      }
    }
    case 'PackageChanged': {
      const id = event.data.package
      return {
        replaces: ({ type, data }) => type === 'PackageChanged' && data.package === id,
        subjects: ({ packages }) => (packages?.some((row) => row.seq === seq) === true ? [id] : []),
      }
    }
    case 'RegimeChanged': {
      const { signal } = event.data
      return {
        replaces: ({ type, data }) => type === 'RegimeChanged' && data.signal === signal,
        subjects: ({ rows }) => rows.filter((row) => row.overlays?.some((one) => one.seq === seq)).map(nameOf),
      }
    }
    default:
      return undefined
  }
}

const nameOf = ({ instrument }: { readonly instrument: string }): string => instrument
const OPINIONS = ['SignalChanged', 'PackageChanged', 'RegimeChanged'] as const

/** The first blend that took up an opinion before the next one replaced it, and what risk said to it about the same. */
function blendOf(log: AuditLog, event: AnyEvent): AnyEvent[] {
  const opinion = takenUp(event)
  if (opinion === undefined) return []
  let blend: AnyEvent | undefined
  let subjects: ReadonlySet<string> = new Set()
  log.scan({ from: event.seq, types: typesOf('PortfolioBlended', ...OPINIONS), absent: 'skip' }, (next) => {
    if (next.seq <= event.seq) return true
    if (next.type !== 'PortfolioBlended') return !opinion.replaces(next)
    subjects = new Set(opinion.subjects(next.data))
    if (subjects.size > 0) blend = next
    return blend === undefined
  })
  if (blend === undefined) return []
  return [blend, ...stepAfter(log, blend.seq).filter((next) => concerns(next, subjects))]
}

/** Whether an event is about one of the instruments or packages, or about the whole book. */
function concerns({ data }: AnyEvent, subjects: ReadonlySet<string>): boolean {
  if ('package' in data && data.package !== undefined) return subjects.has(data.package)
  return !('instrument' in data) || subjects.has(data.instrument)
}

/** Orders that mend a package: risk approved them with the same breath. */
function repairOf(log: AuditLog, { seq, cause, data }: AnyEvent & { readonly type: 'PackageImbalanced' }): AnyEvent[] {
  const orders: AnyEvent[] = []
  log.scan({ from: seq + 1, absent: 'skip' }, (event) => {
    if (event.seq <= seq) return true
    if (event.cause !== cause) return event.cause > seq
    if (event.type === 'OrderApproved' && event.data.package === data.package) orders.push(event)
    return true
  })
  return orders
}

/** The next word of risk on a package of which a leg ended. */
function nextOfPackage(log: AuditLog, seq: number, id: string): AnyEvent[] {
  let found: AnyEvent | undefined
  log.scan({ from: seq, types: typesOf('PackageImbalanced', 'OrderApproved'), absent: 'skip' }, (event) => {
    if (event.seq > seq && 'package' in event.data && event.data.package === id) found = event
    return found === undefined
  })
  return found === undefined ? [] : [found]
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
