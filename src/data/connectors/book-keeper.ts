/**
 * Owns the local book of one instrument, kept by its venue's own rule of sequence. Pure: it says when a snapshot or a new
 * subscription is needed, and never asks for one itself. A book with a gap is no book: it has no top.
 */
import type { BookRule } from './adapter.port.js'
import { BookSide } from './book-side.js'
import type { BookRecord } from './normal.js'

/** `snapshot`: to be asked for by REST; `resubscribe`: the stream must give a new one. */
export type BookNeed = 'none' | 'snapshot' | 'resubscribe'

/** Changes kept while the snapshot is on its way: minutes at ten a second. Beyond it the snapshot is asked for again. */
const BUFFER_MAX = 2000
/** Levels a side. */
const DEPTH_MAX = 5000

export interface BookStats {
  readonly applied: number
  readonly ignored: number
  readonly gaps: number
}

export class BookKeeper {
  readonly bids = new BookSide('bid')
  readonly asks = new BookSide('ask')
  readonly #rule: BookRule
  #last: number | null = null
  #isFirst = false
  #buffer: BookRecord[] = []
  #applied = 0
  #ignored = 0
  #gaps = 0

  constructor(rule: BookRule) {
    this.#rule = rule
  }

  /** Whether it is whole and as new as the last message. */
  get isSynced(): boolean {
    return this.#last !== null
  }

  /** Id of the last message that is in it. */
  get lastId(): number | null {
    return this.#last
  }

  get stats(): BookStats {
    return { applied: this.#applied, ignored: this.#ignored, gaps: this.#gaps }
  }

  /** A message of the stream, or the snapshot that was asked for. */
  take(message: BookRecord): BookNeed {
    if (this.#last === null && message.action === 'update' && this.#rule.needsSnapshot) {
      this.#buffer.push(message)
      if (this.#buffer.length > BUFFER_MAX) this.#buffer = this.#buffer.slice(-BUFFER_MAX / 2)
      return 'snapshot'
    }
    const wasSynced = this.#last !== null
    const verdict = this.#rule.judge(message, this.#last, this.#isFirst)
    if (verdict === 'gap') return this.#lose(message, wasSynced)
    if (verdict === 'ignore') {
      this.#ignored++
      return 'none'
    }
    if (verdict === 'replace') {
      this.bids.clear()
      this.asks.clear()
    }
    this.bids.apply(message.bids)
    this.asks.apply(message.asks)
    this.bids.truncate(DEPTH_MAX)
    this.asks.truncate(DEPTH_MAX)
    this.#last = message.lastId
    this.#isFirst = verdict === 'replace'
    if (verdict === 'apply') this.#applied++
    return verdict === 'replace' ? this.#drain() : 'none'
  }

  /** The connection was lost: what is here is old. */
  reset(): void {
    this.#last = null
    this.#isFirst = false
    this.#buffer = []
    this.bids.clear()
    this.asks.clear()
  }

  /** What came while the snapshot was on its way. */
  #drain(): BookNeed {
    const buffer = this.#buffer
    this.#buffer = []
    for (let i = 0; i < buffer.length; i++) {
      const need = this.take(buffer[i]!)
      if (need === 'none') continue
      this.#buffer.push(...buffer.slice(i + 1))
      return need
    }
    return 'none'
  }

  #lose(message: BookRecord, wasSynced: boolean): BookNeed {
    if (wasSynced) this.#gaps++
    this.reset()
    if (!this.#rule.needsSnapshot) return 'resubscribe'
    this.#buffer.push(message)
    return 'snapshot'
  }
}
