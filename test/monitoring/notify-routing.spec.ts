/** Who is told what and when: severities, groups, repeats within a group, the limit an hour. Times are the machine's. */
import { describe, expect, it } from 'vitest'
import { collapse, letterOf } from '#monitoring/notify/letter'
import type { Note } from '#monitoring/notify/note'
import { admit, due, initialRoute, LINES_MAX, nextDueAt, type RoutePolicy } from '#monitoring/notify/routing'
import { T0 } from './notify-rig.js'

const policy: RoutePolicy = { minSeverity: 'info', digest: true, groupMs: 30_000, maxPerHour: 3 }
const note = (seq: number, over: Partial<Note> = {}): Note => ({
  kind: 'stop-triggered',
  key: `stop:${seq}`,
  severity: 'warning',
  seq,
  ts: T0 + seq,
  title: `Stop ${seq}`,
  text: 'crossed',
  ...over,
})
const letters = (state = initialRoute(), now = 0, over: Partial<RoutePolicy> = {}, all = false) =>
  due(state, { ...policy, ...over }, now, all).map((draft, i) => letterOf(draft, i + 1, 'email', 'r1'))

describe('a group', () => {
  it('waits for more of its kind, then goes out as one with counts, first and last', () => {
    const state = initialRoute()
    admit(state, note(1), policy, 0)
    for (let seq = 2; seq <= 40; seq++) admit(state, note(seq), policy, 10_000)
    expect(letters(state, 29_999)).toEqual([])
    expect(nextDueAt(state)).toBe(30_000)
    const [letter, ...others] = letters(state, 30_000)
    expect(others).toEqual([])
    expect(letter).toMatchObject({ count: 40, firstSeq: 1, lastSeq: 40, title: '40 × stop-triggered: Stop 1 …' })
    expect(letter?.lines).toHaveLength(40)
    expect(nextDueAt(state)).toBeUndefined()
  })

  it('is of one kind; groups go out in order of their first event', () => {
    const state = initialRoute()
    admit(state, note(1), policy, 0)
    admit(state, note(2, { kind: 'funds-transferred' }), policy, 0)
    admit(state, note(3), policy, 0)
    expect(letters(state, 30_000).map(({ kind, count }) => [kind, count])).toEqual([
      ['stop-triggered', 2],
      ['funds-transferred', 1],
    ])
  })

  it('says the same thing once, and how often', () => {
    const state = initialRoute()
    for (let i = 0; i < 3; i++) admit(state, note(5), policy, 0)
    const [letter] = letters(state, 30_000)
    expect(letter?.count).toBe(3)
    expect(letter?.lines.filter((line) => line.includes('3 times'))).toHaveLength(1)
  })

  it('lists so many at most and counts the others', () => {
    const state = initialRoute()
    for (let seq = 1; seq <= 1000; seq++) admit(state, note(seq), policy, 0)
    const [letter] = letters(state, 30_000)
    expect(letter?.count).toBe(1000)
    expect(letter?.lines).toHaveLength(LINES_MAX + 1)
    expect(letter?.lines.at(-1)).toBe('… and 900 more, up to seq 1000: Stop 1000')
  })

  it('of 0 seconds is none: each note is a letter', () => {
    const state = initialRoute()
    const each = { ...policy, groupMs: 0, maxPerHour: 10 }
    for (let seq = 1; seq <= 4; seq++) admit(state, note(seq), each, 0)
    expect(letters(state, 0, each).map(({ firstSeq, count }) => [firstSeq, count])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ])
  })
})

describe('severity', () => {
  it('below that of the sink is not for it', () => {
    const state = initialRoute()
    admit(state, note(1), { ...policy, minSeverity: 'critical' }, 0)
    expect(nextDueAt(state)).toBeUndefined()
  })

  it('critical does not wait the first time; the same again within the time of a group does', () => {
    const state = initialRoute()
    const grave = (seq: number, key = 'halt'): Note => note(seq, { severity: 'critical', kind: 'trading-halted', key })
    admit(state, grave(1), policy, 0)
    expect(letters(state, 0)).toHaveLength(1)
    admit(state, grave(2), policy, 1000)
    expect(letters(state, 1000)).toEqual([])
    admit(state, grave(3, 'another'), policy, 2000)
    expect(letters(state, 2000)).toMatchObject([{ count: 2, severity: 'critical' }])
    admit(state, grave(4), policy, 40_000)
    expect(letters(state, 40_000)).toMatchObject([{ count: 1, firstSeq: 4 }])
  })

  it('a digest goes where it is asked for, at once, whatever the least severity', () => {
    const digest = note(1, { kind: 'digest', severity: 'info', text: 'a\nb' })
    const state = initialRoute()
    admit(state, digest, { ...policy, minSeverity: 'critical' }, 0)
    expect(letters(state, 0)).toMatchObject([{ kind: 'digest', lines: ['a', 'b'] }])
    admit(state, digest, { ...policy, digest: false }, 0)
    expect(letters(state, 0)).toEqual([])
  })
})

describe('the limit an hour', () => {
  const each: RoutePolicy = { ...policy, groupMs: 0 }
  const fill = (from: number, to: number, severity: Note['severity'] = 'warning') => {
    const state = initialRoute()
    for (let seq = from; seq <= to; seq++) admit(state, note(seq, { severity }), each, 1000)
    return state
  }

  it('holds the rest back and tells it in one when the hour is over, nothing left out', () => {
    const state = fill(1, 10)
    expect(letters(state, 1000, each).map(({ count }) => count)).toEqual([1, 1, 1])
    admit(state, note(11, { kind: 'funds-transferred' }), each, 2000)
    expect(letters(state, 2000, each)).toEqual([])
    expect(nextDueAt(state)).toBe(3_601_000)
    expect(letters(state, 3_600_999, each)).toEqual([])
    const [letter] = letters(state, 3_601_000, each)
    expect(letter).toMatchObject({ count: 8, title: '8 notifications were held back by the limit an hour' })
    expect(letter?.lines.slice(0, 2)).toEqual(['7 × stop-triggered', '1 × funds-transferred'])
    expect(letter?.lines.join('\n')).toContain('Stop 4')
    expect(letter?.lines.join('\n')).toContain('Stop 11')
    expect(letters(state, 3_601_001, each)).toEqual([])
  })

  it('does not bind what is critical, nor an end', () => {
    expect(letters(fill(1, 10, 'critical'), 1000, each)).toHaveLength(10)
    const state = fill(1, 10)
    letters(state, 1000, each)
    expect(letters(state, 2000, each, true)).toMatchObject([{ count: 7 }])
  })
})

describe('letters that waited too long', () => {
  it('become one that says how many of what, and names what was critical; also a second time', () => {
    const state = initialRoute()
    const each: RoutePolicy = { ...policy, groupMs: 0, maxPerHour: 1000 }
    for (let seq = 1; seq <= 6; seq++)
      admit(
        state,
        note(seq, seq === 3 ? { severity: 'critical', kind: 'trading-halted', title: 'Trading halted: x' } : {}),
        each,
        0,
      )
    const all = letters(state, 0, each)
    const once = collapse(all.slice(0, 4), 'email', 'r1')
    expect(once).toMatchObject({ n: 4, count: 4, severity: 'critical', firstSeq: 1, lastSeq: 4 })
    expect(once.lines.slice(0, 2)).toEqual(['3 × stop-triggered', '1 × trading-halted'])
    const twice = collapse([once, ...all.slice(4)], 'email', 'r1')
    expect(twice).toMatchObject({ n: 6, count: 6, firstSeq: 1, lastSeq: 6 })
    expect(twice.lines[0]).toBe('5 × stop-triggered')
    expect(twice.lines.filter((line) => line.includes('Trading halted: x'))).toHaveLength(1)
  })
})
