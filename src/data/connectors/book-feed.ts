/** Owns the order books that are wanted: one keeper for each instrument and connection, snapshots where the rule needs them. */
import type { InstrumentId } from '#core/ids'
import type { TimePort } from '#core/ports'
import { SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { BookRule } from './adapter.port.js'
import { BookKeeper } from './book-keeper.js'
import type { BookRecord, InstrumentFacts } from './normal.js'

export interface BookFeedOptions {
  readonly time: TimePort
  readonly rule: (facts: InstrumentFacts) => BookRule
  readonly snapshot: (facts: InstrumentFacts, signal: AbortSignal) => Promise<BookRecord>
  /** The stream has to give a new snapshot. */
  readonly resubscribe: (instrument: InstrumentId, socketId: number) => void
}

/** Between two snapshots, or subscriptions, of the same book: they are dear. */
const AGAIN_MS = 2 * SECOND_MS

interface Kept {
  readonly facts: InstrumentFacts
  readonly socketId: number
  readonly keeper: BookKeeper
  isMending: boolean
}

export class BookFeed {
  readonly #options: BookFeedOptions
  /** By instrument; the newest connection last. */
  readonly #kept = new Map<InstrumentId, Kept[]>()
  #signal: AbortSignal = AbortSignal.abort()
  #gaps = 0

  constructor(options: BookFeedOptions) {
    this.#options = options
  }

  get gaps(): number {
    return this.#gaps
  }

  /** Snapshots are asked for until it is aborted; books of earlier connections are forgotten. */
  start(signal: AbortSignal): void {
    this.#signal = signal
    this.#kept.clear()
  }

  take(facts: InstrumentFacts, message: BookRecord, socketId: number): void {
    let all = this.#kept.get(facts.instrument)
    if (all === undefined) {
      all = []
      this.#kept.set(facts.instrument, all)
    }
    let kept = all.find((other) => other.socketId === socketId)
    if (kept === undefined) {
      kept = { facts, socketId, keeper: new BookKeeper(this.#options.rule(facts)), isMending: false }
      all.push(kept)
    }
    const before = kept.keeper.stats.gaps
    const need = kept.keeper.take(message)
    this.#gaps += kept.keeper.stats.gaps - before
    if (need !== 'none' && !kept.isMending) void this.#mend(kept, need)
  }

  /** The connection is gone: its books are old. */
  drop(socketId: number): void {
    for (const [instrument, all] of this.#kept) {
      const rest = all.filter((kept) => kept.socketId !== socketId)
      if (rest.length === 0) this.#kept.delete(instrument)
      else this.#kept.set(instrument, rest)
    }
  }

  /** The book of an instrument, of its newest connection that has one; undefined while there is none that is whole. */
  book(instrument: InstrumentId): BookKeeper | undefined {
    return this.#kept.get(instrument)?.findLast(({ keeper }) => keeper.isSynced)?.keeper
  }

  async #mend(kept: Kept, need: 'snapshot' | 'resubscribe'): Promise<void> {
    const { time, snapshot, resubscribe } = this.#options
    const signal = this.#signal
    const { facts, keeper, socketId } = kept
    const isKept = (): boolean => this.#kept.get(facts.instrument)?.includes(kept) === true
    kept.isMending = true
    try {
      while (!signal.aborted && isKept() && !keeper.isSynced) {
        if (need === 'resubscribe') resubscribe(facts.instrument, socketId)
        else keeper.take(await snapshot(facts, signal))
        if (!keeper.isSynced) await wait(time, AGAIN_MS, signal)
      }
    } catch {
      // The client has retried and told; the next message asks anew.
      await wait(time, AGAIN_MS, signal)
    } finally {
      kept.isMending = false
    }
  }
}
