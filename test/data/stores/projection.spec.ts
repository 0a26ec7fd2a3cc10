/** What events are as rows. */
import { describe, expect, it } from 'vitest'
import { copyText } from '#data/stores/copy-text'
import { spreadsOf } from '#data/stores/funding-spreads'
import { ordersOf } from '#data/stores/order-fold'
import { PROJECTED_TYPES, project } from '#data/stores/projection'
import { shortest } from '#data/stores/sql-rows'
import { OWN_COLUMNS, tableOf } from '#data/stores/tables'
import { isKnownEvent } from '#events/catalogue'
import { event, START, STORY } from '#test/contracts/store.contract'

describe('the projection', () => {
  it('fills each table’s columns, no more and no fewer', () => {
    for (const { table, cells } of project(STORY))
      expect(cells.length, table).toBe(Object.keys(tableOf(table).columns).length - OWN_COLUMNS)
  })

  it('knows events of the catalogue alone, and leaves the others out', () => {
    expect([...PROJECTED_TYPES].filter((type) => !isKnownEvent(type))).toEqual([])
    expect(project([event(1, 'InstantClosed', { instant: 1, intervals: [], missing: [] })])).toEqual([])
    const seqs = new Set(project(STORY).map(({ seq }) => seq))
    expect(STORY.filter(({ seq }) => !seqs.has(seq)).map(({ type }) => type)).toEqual(['ProcessStarted'])
  })

  it('is the same whatever stands around an event', () => {
    expect(STORY.flatMap((each) => project([each]))).toEqual(project(STORY))
  })
})

describe('rows as text of COPY', () => {
  it('escape what would end a cell or a line', () => {
    const row = { table: 'halts', seq: 7, cells: [START, true, 'a\tb\\c\nd\re\0', null, -0.5, 1e-9] } as const
    expect(copyText('halts', 'real', 'r\t1', [row])).toBe(
      'real\tr\\t1\t7\t2024-01-31T22:00:00.000Z\tt\ta\\tb\\\\c\\nd\\re\uFFFD\t\\N\t-0.5\t1e-9\n',
    )
  })
})

describe('orders', () => {
  const base = {
    run: 'r',
    order: 'o',
    ts: 1,
    instrument: 'a.b.C',
    side: 'buy',
    purpose: 'stop',
    quantity: '1',
  } as const
  const rest = { limitPrice: null, referencePrice: null, code: null, fees: null } as const
  const states = (filled: string | null, ...all: readonly Parameters<typeof ordersOf>[0][number]['state'][]) =>
    ordersOf(all.map((state, i) => ({ ...base, ...rest, filled, seq: i + 1, state })))[0]!.state

  it.each([
    [null, ['approved'], 'approved'],
    [null, ['approved', 'withheld'], 'withheld'],
    [null, ['approved', 'submitted', 'rejected'], 'rejected'],
    [null, ['submitted', 'unknown', 'accepted'], 'accepted'],
    [null, ['submitted', 'accepted', 'cancel requested', 'cancelled'], 'cancelled'],
    ['1', ['submitted', 'filled', 'accepted', 'unknown'], 'filled'],
    ['0.5', ['submitted', 'partly filled', 'cancelled'], 'partly filled'],
  ] as const)('with fills of %s and %s are %s', (filled, events, state) => {
    expect(states(filled, ...events)).toBe(state)
  })
})

describe('funding spreads', () => {
  it('need two instruments, and name the highest and the lowest', () => {
    const part = (instrument: string, at: number, rate8h: number) => ({ instrument, at, rate8h })
    expect(spreadsOf([part('a', 1, 1), part('a', 2, 3), part('b', 2, -1), part('c', 2, 0)])).toEqual([
      { at: 2, instruments: 3, highest: 'a', highestRate8h: 3, lowest: 'b', lowestRate8h: -1, spread8h: 4 },
    ])
  })
})

it.each([
  ['1.500', '1.5'],
  ['100', '100'],
  ['0.000000000000000000', '0'],
  ['-10.00', '-10'],
])('decimal %s in its shortest form is %s', (given, expected) => {
  expect(shortest(given)).toBe(expected)
})
