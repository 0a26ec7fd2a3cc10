/** Which state is asked for when: the head at most so often, a chosen seq at once, the newest wish last. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { ViewState } from '#audit/view/view.port'
import { createFollower, type Follower } from '#web/follow'

interface Asked {
  readonly seq: number | undefined
  readonly answer: (seq: number) => Promise<void>
  readonly refuse: () => Promise<void>
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve()
}

let asked: Asked[]
let shown: [seq: number, at: number | null][]
let failed: (number | null)[]
let timers: { fn: () => void; at: number }[]
let now: number
let follower: Follower

beforeEach(() => {
  asked = []
  shown = []
  failed = []
  timers = []
  now = 0
  follower = createFollower({
    load: (seq) =>
      new Promise<ViewState>((resolve, reject) => {
        asked.push({
          seq,
          answer: (of) => {
            resolve({ seq: of } as ViewState) // all that the follower reads of it
            return settled()
          },
          refuse: () => {
            reject(new Error('no'))
            return settled()
          },
        })
      }),
    show: (state, at) => shown.push([state.seq, at]),
    fail: (_, at) => failed.push(at),
    everyMs: 500,
    now: () => now,
    later: (fn, ms) => timers.push({ fn, at: now + ms }),
  })
})

function pass(ms: number): void {
  now += ms
  const due = timers.filter(({ at }) => at <= now)
  timers = timers.filter(({ at }) => at > now)
  for (const { fn } of due) fn()
}

describe('following the head', () => {
  it('asks at once, then at most every half second, and for what came meanwhile', async () => {
    follower.moved(10)
    expect(asked.map(({ seq }) => seq)).toEqual([undefined])
    follower.moved(11)
    await asked[0]!.answer(10)
    expect(asked).toHaveLength(1)
    follower.moved(12)
    pass(499)
    expect(asked).toHaveLength(1)
    pass(1)
    expect(asked).toHaveLength(2)
    await asked[1]!.answer(12)
    pass(5000)
    expect(asked).toHaveLength(2)
    expect(shown).toEqual([
      [10, null],
      [12, null],
    ])
  })

  it('asks nothing while the log stands still', async () => {
    follower.moved(10)
    await asked[0]!.answer(10)
    follower.moved(10)
    pass(60_000)
    expect(asked).toHaveLength(1)
  })

  it('does not ask in a circle after a failure, and again when told', async () => {
    follower.moved(10)
    await asked[0]!.refuse()
    pass(60_000)
    expect([asked.length, failed]).toEqual([1, [null]])
    follower.retry()
    expect(asked).toHaveLength(2)
  })
})

describe('a chosen seq', () => {
  it('is asked for without waiting, one request at a time, the newest wish last', async () => {
    follower.moved(1000)
    await asked[0]!.answer(1000)
    for (const seq of [100, 200, 300]) follower.choose(seq)
    expect(asked.map(({ seq }) => seq)).toEqual([undefined, 100])
    await asked[1]!.answer(100)
    expect(asked.map(({ seq }) => seq)).toEqual([undefined, 100, 300])
    await asked[2]!.answer(300)
    expect(shown).toEqual([
      [1000, null],
      [300, 300],
    ])
  })

  it('is kept: going back to it asks nothing', async () => {
    follower.choose(5)
    await asked[0]!.answer(5)
    follower.choose(6)
    await asked[1]!.answer(6)
    follower.choose(5)
    await settled()
    expect(asked).toHaveLength(2)
    expect(shown.at(-1)).toEqual([5, 5])
  })

  it('is not replaced by the head that moves on', async () => {
    follower.moved(10)
    follower.choose(5)
    await asked[0]!.answer(10)
    await asked[1]!.answer(5)
    follower.moved(11)
    pass(60_000)
    expect(shown).toEqual([[5, 5]])
  })

  it('that cannot be had fails once', async () => {
    follower.choose(99)
    await asked[0]!.refuse()
    pass(60_000)
    expect([asked.length, failed]).toEqual([1, [99]])
  })

  it('gives way to the head at once', async () => {
    follower.moved(10)
    await asked[0]!.answer(10)
    follower.choose(5)
    await asked[1]!.answer(5)
    follower.choose(null)
    expect(asked.map(({ seq }) => seq)).toEqual([undefined, 5, undefined])
    await asked[2]!.answer(10)
    expect(shown.at(-1)).toEqual([10, null])
  })
})
