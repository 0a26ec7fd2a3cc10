/** One question in flight, the newest wish wins, answers in order. */
import { describe, expect, it } from 'vitest'
import { latest } from '#web/views/time-machine-latest'

interface Pending {
  readonly key: number
  answer(value: string): void
  fail(error: Error): void
}

function rig() {
  const asked: Pending[] = []
  const taken: [number, string][] = []
  const failed: [number, unknown][] = []
  const it = latest<number, string>(
    (key) => new Promise((answer, fail) => asked.push({ key, answer, fail })),
    (key, value) => taken.push([key, value]),
    (key, error) => failed.push([key, error]),
  )
  /** All that promises have to do now. */
  const settle = (): Promise<void> => new Promise((done) => setImmediate(done))
  return { it, asked, taken, failed, settle, keys: () => asked.map(({ key }) => key) }
}

describe('the newest of many wishes', () => {
  it('is asked at once when nothing is in flight', async () => {
    const { it, asked, taken, settle } = rig()
    it.want(1)
    expect(it.isBusy).toBe(true)
    asked[0]!.answer('one')
    await settle()
    expect(taken).toEqual([[1, 'one']])
    expect(it.isBusy).toBe(false)
    it.want(2)
    expect(asked).toHaveLength(2)
  })

  it('overtakes those that wait, which are never asked', async () => {
    const { it, asked, taken, keys, settle } = rig()
    for (let seq = 1; seq <= 100; seq++) it.want(seq)
    expect(keys()).toEqual([1])
    asked[0]!.answer('one')
    await settle()
    expect(keys()).toEqual([1, 100])
    asked[1]!.answer('hundred')
    await settle()
    expect(taken).toEqual([
      [1, 'one'],
      [100, 'hundred'],
    ])
    expect(it.isBusy).toBe(false)
  })

  it('is asked though the one before failed', async () => {
    const { it, asked, taken, failed, settle } = rig()
    it.want(1)
    it.want(2)
    asked[0]!.fail(new Error('gone'))
    await settle()
    asked[1]!.answer('two')
    await settle()
    expect([failed.map(([key]) => key), taken]).toEqual([[1], [[2, 'two']]])
  })

  it('gets no answer once it was stopped', async () => {
    const { it, asked, taken, failed, settle, keys } = rig()
    it.want(1)
    it.want(2)
    it.stop()
    asked[0]!.answer('one')
    await settle()
    it.want(3)
    expect([keys(), taken, failed]).toEqual([[1], [], []])
  })
})
