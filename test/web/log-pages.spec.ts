/** The stretch of the log on the page: no gap, no event twice, bounded, and nothing behind the instant looked at. */
import { describe, expect, it } from 'vitest'
import type { EventPage } from '#audit/view/view.port'
import { EVENT_TYPES } from '#events/catalogue'
import {
  GROUPS,
  groupOf,
  HELD_MAX,
  NOTHING,
  newerQuery,
  olderQuery,
  type Stretch,
  upTo,
  withNewer,
  withOlder,
} from '#web/views/log-pages'

const event = (seq: number): EventPage['events'][number] => ({
  seq,
  ts: seq * 10,
  type: 'BarClosed',
  by: 'input',
  cause: 0,
  says: `bar ${seq}`,
  data: {},
})

const range = (from: number, to: number): EventPage['events'] =>
  Array.from({ length: to - from + 1 }, (_, i) => event(from + i))

/** As a server answers that holds `1…head` and gives `limit` at most. */
const pageBefore = (seq: number, limit: number): EventPage => {
  const from = Math.max(1, seq - limit)
  return { events: range(from, seq - 1), hasMore: from > 1, searchedTo: from }
}
const pageAfter = (seq: number, head: number, limit: number): EventPage => {
  const to = Math.min(head, seq + limit)
  return { events: range(seq + 1, to), hasMore: to < head, searchedTo: to }
}
const seqs = ({ events }: Stretch): number[] => events.map(({ seq }) => seq)

describe('the stretch of the log on the page', () => {
  it('begins with the newest and grows at both ends without a gap', () => {
    const newest = withOlder(NOTHING, 101, pageBefore(101, 20))
    expect(newest).toMatchObject({ from: 81, to: 100, hasOlder: true, isCut: false })
    const older = withOlder(newest, newest.from, pageBefore(81, 20))
    const whole = withNewer(older, pageAfter(100, 105, 20))
    expect(seqs(whole)).toEqual(range(61, 105).map(({ seq }) => seq))
    expect(whole).toMatchObject({ from: 61, to: 105 })
  })

  it('ends where the log begins', () => {
    expect(withOlder(NOTHING, 11, pageBefore(11, 20))).toMatchObject({ from: 1, to: 10, hasOlder: false })
  })

  it('goes on from where a search that found nothing has come', () => {
    const searched = withOlder(NOTHING, 1_000, { events: [], hasMore: true, searchedTo: 400 })
    expect(searched).toMatchObject({ from: 400, to: 999, hasOlder: true, events: [] })
    const found = withOlder(searched, 400, { events: [event(7)], hasMore: false, searchedTo: 1 })
    expect(found).toMatchObject({ from: 1, to: 999, hasOlder: false })
    expect(seqs(found)).toEqual([7])
    expect(withNewer(found, { events: [], hasMore: false, searchedTo: 1_200 }).to).toBe(1_200)
  })

  it('takes no event twice', () => {
    const stretch = withOlder(NOTHING, 11, pageBefore(11, 20))
    expect(seqs(withNewer(stretch, { events: range(8, 12), hasMore: false, searchedTo: 12 }))).toEqual(
      range(1, 12).map(({ seq }) => seq),
    )
    expect(withNewer(stretch, { events: [], hasMore: false, searchedTo: 10 })).toBe(stretch)
  })

  it('is held to a bound: the tail drops the oldest, which can be asked for again', () => {
    const full = withOlder(NOTHING, HELD_MAX + 1, pageBefore(HELD_MAX + 1, HELD_MAX))
    const moved = withNewer(full, pageAfter(HELD_MAX, HELD_MAX + 30, 200))
    expect(moved.events).toHaveLength(HELD_MAX)
    expect(moved).toMatchObject({ from: 31, to: HELD_MAX + 30, hasOlder: true })
    const back = withOlder(moved, moved.from, pageBefore(31, 200))
    expect(back.events).toHaveLength(HELD_MAX)
    expect(back).toMatchObject({ from: 1, to: HELD_MAX, isCut: true })
    expect(withNewer(back, pageAfter(HELD_MAX, HELD_MAX + 30, 200))).toBe(back)
  })

  it('shows nothing behind the instant looked at', () => {
    const stretch = withOlder(NOTHING, 21, pageBefore(21, 20))
    expect(seqs(upTo(stretch, 5))).toEqual([1, 2, 3, 4, 5])
    expect(upTo(stretch, 99)).toBe(stretch)
  })
})

describe('questions', () => {
  it('name only the filters that are set', () => {
    expect(olderQuery({ types: [], by: '', text: '' }, 9, 5)).toEqual({ before: 9, limit: 5 })
    expect(newerQuery({ types: ['OrderFilled'], by: 'venue/paper', text: 'BTC' }, 9, 5)).toEqual({
      after: 9,
      limit: 5,
      types: ['OrderFilled'],
      by: 'venue/paper',
      text: 'BTC',
    })
  })
})

describe('groups of types', () => {
  it('name types that exist', () => {
    const known = EVENT_TYPES
    expect(GROUPS.flatMap(({ types }) => types).filter((type) => !known.has(type))).toEqual([])
  })

  it('give each type one colour', () => {
    expect([groupOf('OrderFilled'), groupOf('TradingHalted'), groupOf('Unknown')]).toEqual(['Orders', 'Risk', ''])
  })
})
