/** Owns what stands out in a run's history: halts, restarts, fills, gathered from the log a page at a time. Pure but for the question it is given. */
import type { EventPage, EventQuery } from '#audit/view/view.port'

export interface Ticks {
  /** `to` null: still halted. */
  readonly halts: readonly { readonly from: number; readonly to: number | null; readonly reason: string }[]
  readonly restarts: readonly { readonly seq: number; readonly says: string }[]
  readonly fills: readonly number[]
  /** Gathered up to this seq. */
  readonly upTo: number
}

export const NO_TICKS: Ticks = { halts: [], restarts: [], fills: [], upTo: 0 }

/** A process that begins again, and an agent that was restored: where the run was interrupted. */
export const TICK_TYPES = ['TradingHalted', 'TradingResumed', 'ProcessStarted', 'AgentRestored', 'OrderFilled'] as const

type Event = EventPage['events'][number]

export function withEvents(ticks: Ticks, events: readonly Event[], upTo: number): Ticks {
  const halts = [...ticks.halts]
  const restarts = [...ticks.restarts]
  const fills = [...ticks.fills]
  for (const { type, seq, says, data } of events) {
    if (seq <= ticks.upTo) continue
    const open = halts.at(-1)
    if (type === 'OrderFilled') fills.push(seq)
    else if (type === 'AgentRestored') restarts.push({ seq, says })
    // The first process of a run did not begin anything again.
    else if (type === 'ProcessStarted') {
      if (seq > 1) restarts.push({ seq, says })
    } else if (type === 'TradingHalted') {
      if (open === undefined || open.to !== null) halts.push({ from: seq, to: null, reason: reasonOf(data) })
    } else if (type === 'TradingResumed' && open !== undefined && open.to === null)
      halts[halts.length - 1] = { ...open, to: seq }
  }
  return { halts, restarts, fills, upTo: Math.max(upTo, ticks.upTo) }
}

function reasonOf(data: unknown): string {
  const { reason } = (data ?? {}) as { reason?: unknown } // an event's data is an object
  return typeof reason === 'string' ? reason : ''
}

/** Pages at a time; a run has more history than a track has pixels, and the rest comes with the next look. */
const PAGES_MAX = 40

/** Goes on from where `ticks` ends, telling each page, until the log has no more or `isEnough` says so. */
export async function gatherTicks(
  ticks: Ticks,
  ask: (query: EventQuery) => Promise<EventPage>,
  tell: (ticks: Ticks) => void,
  isEnough: () => boolean,
): Promise<Ticks> {
  let gathered = ticks
  for (let page = 0; page < PAGES_MAX && !isEnough(); page++) {
    const { events, hasMore, searchedTo } = await ask({ after: gathered.upTo, types: TICK_TYPES, limit: 1_000 })
    const before = gathered.upTo
    gathered = withEvents(gathered, events, Math.max(searchedTo, events.at(-1)?.seq ?? 0))
    tell(gathered)
    if (!hasMore || gathered.upTo <= before) break
  }
  return gathered
}
