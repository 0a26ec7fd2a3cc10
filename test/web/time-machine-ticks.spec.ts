/** What stands out in a run's history: halts from begin to end, restarts, fills; gathered page by page, each event once. */
import { describe, expect, it } from 'vitest'
import type { EventPage, EventQuery } from '#audit/view/view.port'
import { gatherTicks, NO_TICKS, TICK_TYPES, type Ticks, withEvents } from '#web/views/time-machine-ticks'

type Event = EventPage['events'][number]
const event = (seq: number, type: string, data: unknown = {}): Event => ({
  seq,
  ts: seq,
  type,
  by: 'input',
  cause: 0,
  says: type,
  data,
})

const LOG = [
  event(1, 'ProcessStarted'),
  event(5, 'OrderFilled'),
  event(7, 'TradingHalted', { reason: 'drawdown' }),
  event(8, 'TradingHalted', { reason: 'again' }),
  event(9, 'OrderFilled'),
  event(12, 'TradingResumed'),
  event(20, 'ProcessStarted'),
  event(31, 'AgentRestored'),
  event(40, 'TradingHalted', { reason: 'operator' }),
]

const ALL = {
  fills: [5, 9],
  halts: [
    { from: 7, to: 12, reason: 'drawdown' },
    { from: 40, to: null, reason: 'operator' },
  ],
  restarts: [
    { seq: 20, says: 'ProcessStarted' },
    { seq: 31, says: 'AgentRestored' },
  ],
}

describe('ticks', () => {
  it('are halts until they end, restarts but the first start, fills', () => {
    expect(withEvents(NO_TICKS, LOG, 50)).toEqual({ ...ALL, upTo: 50 })
  })

  it('come out the same however the pages fall, and twice the same page changes nothing', () => {
    for (let cut = 0; cut <= LOG.length; cut++) {
      const first = withEvents(NO_TICKS, LOG.slice(0, cut), LOG[cut - 1]?.seq ?? 0)
      const all = withEvents(first, LOG, 50)
      expect(all).toMatchObject(ALL)
      expect(withEvents(all, LOG, 50)).toEqual(all)
    }
  })

  it('are gathered a page at a time, from where they ended', async () => {
    const asked: EventQuery[] = []
    const told: number[] = []
    const ask = async (query: EventQuery): Promise<EventPage> => {
      asked.push(query)
      const events = LOG.filter(({ seq }) => seq > query.after!).slice(0, 3)
      const searchedTo = events.at(-1)?.seq ?? 50
      return { events, hasMore: searchedTo < 40, searchedTo }
    }
    const all = await gatherTicks(
      NO_TICKS,
      ask,
      ({ upTo }) => told.push(upTo),
      () => false,
    )
    expect(all).toEqual({ ...ALL, upTo: 40 })
    expect(told).toEqual([7, 12, 40])
    expect(asked.map(({ after }) => after)).toEqual([0, 7, 12])
    expect(asked[0]).toMatchObject({ types: TICK_TYPES, limit: 1_000 })
    await gatherTicks(
      all,
      ask,
      () => {},
      () => false,
    )
    expect(asked.at(-1)?.after).toBe(40)
  })

  it('stop where a search comes no further, or when it is enough', async () => {
    const stuck = async (): Promise<EventPage> => ({ events: [], hasMore: true, searchedTo: 0 })
    expect(
      await gatherTicks(
        NO_TICKS,
        stuck,
        () => {},
        () => false,
      ),
    ).toEqual(NO_TICKS)
    let pages = 0
    const more = async ({ after }: EventQuery): Promise<EventPage> => {
      pages++
      return { events: [], hasMore: true, searchedTo: after! + 10 }
    }
    const some: Ticks = await gatherTicks(
      NO_TICKS,
      more,
      () => {},
      () => pages === 2,
    )
    expect([some.upTo, pages]).toEqual([20, 2])
  })
})
