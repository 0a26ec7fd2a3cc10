import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Timer, TimerHeap } from '#engine/timers'
import { event } from '../given.js'

const timer = (id: string, dueAt: number): Timer => ({ agent: 'a/b', timer: id, dueAt })

describe('timers', () => {
  it('come due by time, ties in the order they were asked for', () => {
    const heap = new TimerHeap()
    heap.push(timer('late', 9))
    heap.push(timer('first', 5))
    heap.push(timer('second', 5))
    expect(heap.nextDueAt()).toBe(5)
    expect(heap.popDue(4)).toBeUndefined()
    expect([heap.popDue(9), heap.popDue(9), heap.popDue(9), heap.popDue(9)]).toEqual([
      timer('first', 5),
      timer('second', 5),
      timer('late', 9),
      undefined,
    ])
    expect(heap.nextDueAt()).toBe(Number.POSITIVE_INFINITY)
  })

  it('are rebuilt from the log: requested and not fired', () => {
    const heap = new TimerHeap()
    heap.fold(event('TimerRequested', timer('a', 5)))
    heap.fold(event('TimerRequested', timer('b', 6)))
    heap.fold(event('TimerFired', timer('a', 5)))
    heap.fold(event('TimerFired', timer('unknown', 5)))
    expect(heap.state()).toEqual({ pending: [timer('b', 6)] })
  })

  it('agree with a sorted list under any pushes, pops, removals and snapshots', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), at: fc.nat(20) }),
      fc.record({ kind: fc.constant('pop' as const), at: fc.nat(25) }),
      fc.record({ kind: fc.constant('remove' as const), at: fc.nat(20) }),
      fc.record({ kind: fc.constant('snapshot' as const), at: fc.constant(0) }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        let heap = new TimerHeap()
        let list: Timer[] = []
        for (const [i, { kind, at }] of actions.entries()) {
          if (kind === 'push') {
            heap.push(timer(`t${i % 7}`, at))
            const place = list.findIndex((each) => each.dueAt > at)
            list.splice(place < 0 ? list.length : place, 0, timer(`t${i % 7}`, at))
          } else if (kind === 'pop') {
            const expected = list[0] !== undefined && list[0].dueAt <= at ? list.shift() : undefined
            expect(heap.popDue(at)).toEqual(expected)
          } else if (kind === 'remove') {
            const place = list.findIndex((each) => each.dueAt === at)
            const target = list[place] ?? timer('none', at)
            expect(heap.remove(target)).toBe(place >= 0)
            list = list.filter((_, index) => index !== place)
          } else {
            const next = new TimerHeap()
            next.restore(JSON.parse(JSON.stringify(heap.state())))
            heap = next
          }
          expect(heap.size).toBe(list.length)
        }
        expect(heap.state().pending).toEqual(list)
      }),
    )
  })
})
