/**
 * Owns a clock of a world and of the run on it, in one process, many times as fast as the machine's: when the machine gives
 * the process no turn, both stand still. Otherwise a pause of half a second would be a minute in which the world went on and
 * the run did not, which no fault of the plan was. Never goes back.
 */
import type { SchedulerPort, TimePort } from '#core/ports'
import type { DurationMs, EpochMs } from '#core/time'

export interface SteadyTimeOptions {
  /** Ms of this clock a ms of the machine's. */
  readonly speed: number
  readonly start: EpochMs
  readonly machine: SchedulerPort
}

/** The machine's ms between two looks at its clock while somebody waits. */
const BEAT_MS = 25
/** The machine's ms between two looks that count at most: what is longer was a pause. Far below a minute of this clock. */
const PAUSE_MS = 100

export class SteadyTime implements TimePort {
  readonly #speed: number
  readonly #machine: SchedulerPort
  #now: EpochMs
  #seenAt: number
  #open = 0
  #cancelBeat: (() => void) | undefined
  #pausedMs = 0

  constructor({ speed, start, machine }: SteadyTimeOptions) {
    this.#speed = speed
    this.#machine = machine
    this.#now = start
    this.#seenAt = machine.now()
  }

  /** The machine's ms that did not count. */
  get pausedMs(): DurationMs {
    return this.#pausedMs
  }

  now(): EpochMs {
    return Math.floor(this.#look())
  }

  after(delayMs: DurationMs, fn: () => void): () => void {
    const due = this.#look() + delayMs
    let isOver = false
    let cancel = (): void => undefined
    const over = (): void => {
      if (isOver) return
      isOver = true
      if (--this.#open === 0) this.#cancelBeat?.()
    }
    const arm = (): void => {
      const restMs = (due - this.#look()) / this.#speed
      cancel = this.#machine.after(Math.max(0, restMs), () => {
        if (this.#look() < due) {
          arm()
          return
        }
        over()
        fn()
      })
    }
    if (this.#open++ === 0) this.#beat()
    arm()
    return () => {
      over()
      cancel()
    }
  }

  #look(): number {
    const at = this.#machine.now()
    const passedMs = at - this.#seenAt
    const countedMs = Math.min(passedMs, PAUSE_MS)
    this.#pausedMs += passedMs - countedMs
    this.#seenAt = at
    this.#now += countedMs * this.#speed
    return this.#now
  }

  /** Time that nobody asks for is no pause. */
  #beat(): void {
    this.#cancelBeat = this.#machine.after(BEAT_MS, () => {
      this.#look()
      this.#beat()
    })
  }
}
