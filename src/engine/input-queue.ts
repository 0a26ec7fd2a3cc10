/**
 * Owns inputs that have arrived and have no seq yet: a bounded ring, and beside it the latest quote of each instrument.
 *
 * Policy. Quotes may be coalesced here, before they get a seq: a newer quote of an instrument replaces one that still
 * waits, and takes the newer one's place. Nothing else is ever coalesced or dropped. From `waitAt` on the queue tells
 * its sources to wait; the rest of the ring is for what was under way already. A push into a full ring is refused
 * and never silent: the host halts then.
 */
import { invariant } from '#core/invariant'
import type { Input } from './dispatcher.js'
import { compareWithinInstant } from './input-order.js'

/** `taken`; `wait`: taken, send no more until there is room; `refused`: not taken. */
export type Pushed = 'taken' | 'wait' | 'refused'

/** An input and when it arrived, on the scheduler's monotonic clock. */
export interface Arrived {
  readonly input: Input
  readonly arrivedAt: number
}

interface Held extends Arrived {
  readonly ordinal: number
}

export interface InputQueueOptions {
  /** Inputs that the ring holds; quotes, one an instrument, come on top. */
  readonly capacity: number
  /** Fill at which sources are told to wait; ¾ of the capacity when absent. */
  readonly waitAt?: number
}

export class InputQueue {
  readonly #ring: (Held | undefined)[]
  readonly #capacity: number
  readonly #waitAt: number
  /** Insertion order is arrival order: a replaced quote is deleted first. */
  readonly #quotes = new Map<string, Held>()
  #head = 0
  #count = 0
  #ordinal = 0
  #coalesced = 0

  constructor(options: InputQueueOptions) {
    invariant(options.capacity >= 2, 'an input queue holds at least two inputs')
    this.#capacity = options.capacity
    this.#waitAt = options.waitAt ?? Math.max(1, Math.floor((options.capacity * 3) / 4))
    this.#ring = new Array<Held | undefined>(options.capacity).fill(undefined)
  }

  get size(): number {
    return this.#count + this.#quotes.size
  }

  /** Quotes that were replaced before they got a seq. */
  get coalesced(): number {
    return this.#coalesced
  }

  /** Whether sources may send again: half of the fill at which they were told to wait. */
  get hasRoom(): boolean {
    return this.#count <= this.#waitAt / 2
  }

  /** O(1), plus the inputs of the same `ts` that it has to go before. */
  push(input: Input, arrivedAt: number): Pushed {
    const held: Held = { input, arrivedAt, ordinal: this.#ordinal++ }
    if (input.type === 'QuoteChanged') {
      const { instrument } = input.data as { readonly instrument: string } // the catalogue's payload of that type
      if (this.#quotes.delete(instrument)) this.#coalesced++
      this.#quotes.set(instrument, held)
      return this.#count >= this.#waitAt ? 'wait' : 'taken'
    }
    if (this.#count === this.#capacity) return 'refused'
    let place = this.#count
    for (; place > 0; place--) {
      const earlier = this.#at(place - 1)
      if (earlier.input.ts !== input.ts || compareWithinInstant(earlier.input, input) <= 0) break
      this.#ring[this.#index(place)] = earlier
    }
    this.#ring[this.#index(place)] = held
    this.#count++
    return this.#count >= this.#waitAt ? 'wait' : 'taken'
  }

  /** The input whose turn it is, left where it is. */
  peek(): Arrived | undefined {
    return this.#isQuoteNext() ? this.#firstQuote() : this.#ring[this.#head]
  }

  /** Takes the input whose turn it is. */
  take(): Arrived | undefined {
    if (this.#isQuoteNext()) {
      const [instrument, quote] = this.#quotes.entries().next().value! // isQuoteNext says there is one
      this.#quotes.delete(instrument)
      return quote
    }
    const held = this.#ring[this.#head]
    if (held === undefined) return undefined
    this.#ring[this.#head] = undefined
    this.#head = this.#head + 1 === this.#capacity ? 0 : this.#head + 1
    this.#count--
    return held
  }

  #isQuoteNext(): boolean {
    const quote = this.#firstQuote()
    if (quote === undefined) return false
    const other = this.#ring[this.#head]
    if (other === undefined) return true
    if (quote.input.ts !== other.input.ts) return quote.ordinal < other.ordinal
    const order = compareWithinInstant(quote.input, other.input)
    return order !== 0 ? order < 0 : quote.ordinal < other.ordinal
  }

  #firstQuote(): Held | undefined {
    if (this.#quotes.size === 0) return undefined
    return this.#quotes.values().next().value
  }

  #at(place: number): Held {
    return this.#ring[this.#index(place)]!
  }

  #index(place: number): number {
    const index = this.#head + place
    return index >= this.#capacity ? index - this.#capacity : index
  }
}
