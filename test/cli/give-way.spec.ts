/** The observer gives way to a busy process, and to nobody else. */
import { describe, expect, it } from 'vitest'
import { giveWay, type Usage } from '#cli/observer/give-way'

function restAfter(seconds: number, all: number, own: number): number {
  const looks: Usage[] = [
    { at: 0, processMs: 0, ownMs: 0 },
    { at: seconds * 1000, processMs: all * 1000, ownMs: own * 1000 },
  ]
  return giveWay(() => looks.shift()!)(10)
}

describe('the observer', () => {
  it('rests four times as long as it worked while the others keep a processor busy', () => {
    expect(restAfter(1, 1.6, 0.8)).toBe(40)
  })

  it('goes on while only it is busy, or nobody', () => {
    expect(restAfter(1, 1.1, 0.9)).toBe(0)
    expect(restAfter(1, 0.3, 0.1)).toBe(0)
  })

  it('does not judge by a moment, and forgives what is over', () => {
    expect(restAfter(0.1, 0.1, 0)).toBe(0)
    const looks: Usage[] = [
      { at: 0, processMs: 0, ownMs: 0 },
      { at: 300, processMs: 300, ownMs: 0 },
      { at: 400, processMs: 300, ownMs: 0 },
      { at: 700, processMs: 350, ownMs: 0 },
    ]
    const rest = giveWay(() => looks.shift()!)
    expect([rest(10), rest(10), rest(10)]).toEqual([40, 40, 0])
  })

  it('never rests so long that a viewer would wait for it', () => {
    const looks: Usage[] = [
      { at: 0, processMs: 0, ownMs: 0 },
      { at: 1000, processMs: 2000, ownMs: 0 },
    ]
    expect(giveWay(() => looks.shift()!)(900)).toBe(200)
  })
})
