import { describe, expect, it } from 'vitest'
import { Conflator } from '#data/connectors/conflate'
import { ManualTime } from './manual-time.js'

function rig() {
  const time = new ManualTime()
  const out: number[] = []
  const conflator = new Conflator<number>({
    time,
    gapMs: 1000,
    emit: (value) => void out.push(value),
    isSame: Object.is,
  })
  return { time, out, conflator }
}

describe('conflation', () => {
  it('passes the first at once and the newest when the gap is over', async () => {
    const { time, out, conflator } = rig()
    for (const value of [1, 2, 3]) conflator.offer('a', value)
    expect(out).toEqual([1])
    await time.advance(999)
    expect(out).toEqual([1])
    await time.advance(1)
    expect(out).toEqual([1, 3])
    await time.advance(5000)
    conflator.offer('a', 4)
    expect(out).toEqual([1, 3, 4])
    expect(time.pending).toBe(0)
  })

  it('keeps keys apart, and passes nothing that says the same, also when it changed and changed back', async () => {
    const { time, out, conflator } = rig()
    conflator.offer('a', 1)
    conflator.offer('b', 7)
    conflator.offer('a', 2)
    conflator.offer('a', 1)
    await time.advance(2000)
    conflator.offer('a', 1)
    expect(out).toEqual([1, 7])
  })

  it('keeps only the newest while it is held', async () => {
    const { time, out, conflator } = rig()
    conflator.hold(true)
    for (const value of [1, 2]) conflator.offer('a', value)
    await time.advance(5000)
    conflator.offer('a', 3)
    expect(out).toEqual([])
    conflator.hold(false)
    expect(out).toEqual([3])
    conflator.offer('a', 4)
    conflator.reset()
    await time.advance(5000)
    expect(out).toEqual([3])
  })
})
