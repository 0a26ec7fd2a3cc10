/** Owns that the clock of a soak runs with the machine's, and stands still while the machine gives the process no turn. */
import { describe, expect, it } from 'vitest'
import { MINUTE_MS, SECOND_MS } from '#core/time'
import { HandScheduler } from './engine/live-rig.js'
import { SteadyTime } from './steady-time.js'

const START = Date.UTC(2026, 0, 15, 7, 30)
const SPEED = 100

/** Knows how many of its timers have neither come nor been cancelled. */
class CountedMachine extends HandScheduler {
  readonly #open = new Set<object>()

  get waiting(): number {
    return this.#open.size
  }

  override after(delayMs: number, fn: () => void): () => void {
    const one = {}
    this.#open.add(one)
    const cancel = super.after(delayMs, () => {
      this.#open.delete(one)
      fn()
    })
    return () => {
      this.#open.delete(one)
      cancel()
    }
  }
}

function given(): { machine: CountedMachine; time: SteadyTime; fired: number[]; due: (ms: number) => () => void } {
  const machine = new CountedMachine()
  const time = new SteadyTime({ speed: SPEED, start: START, machine })
  const fired: number[] = []
  return { machine, time, fired, due: (ms) => time.after(ms, () => fired.push(time.now() - START)) }
}

describe('the clock of a soak', () => {
  it('runs as many times as fast as the machine’s, also while nobody asks', async () => {
    const { machine, time, fired, due } = given()
    due(MINUTE_MS)
    await machine.advance(599)
    expect(fired).toEqual([])
    await machine.advance(1)
    expect(fired).toEqual([MINUTE_MS])
    expect(time.now()).toBe(START + MINUTE_MS)
    expect(time.pausedMs).toBe(0)
  })

  it('counts a pause of the machine as no more than ten seconds, and what was due behind it waits', async () => {
    const { machine, time, fired, due } = given()
    due(5 * SECOND_MS)
    due(MINUTE_MS)
    machine.time += 5000
    await machine.advance(0)
    expect(fired).toEqual([10 * SECOND_MS])
    expect(time.now()).toBe(START + 10 * SECOND_MS)
    expect(time.pausedMs).toBe(4900)
    await machine.advance(499)
    expect(fired).toHaveLength(1)
    await machine.advance(1)
    expect(fired).toEqual([10 * SECOND_MS, MINUTE_MS])
  })

  it('leaves nothing on the machine once nobody waits', async () => {
    const { machine, fired, due } = given()
    const cancel = due(MINUTE_MS)
    due(SECOND_MS)
    cancel()
    cancel()
    await machine.advance(1000)
    expect(fired).toEqual([SECOND_MS])
    expect(machine.waiting).toBe(0)
    due(SECOND_MS)
    await machine.advance(1000)
    expect(fired).toHaveLength(2)
    expect(machine.waiting).toBe(0)
  })
})
