/** Owns one side of an order book: prices sorted best first, sizes beside them. Never decides what belongs into it. */
import type { Levels } from './normal.js'

export class BookSide {
  readonly #isBid: boolean
  #prices: number[] = []
  #sizes: number[] = []

  constructor(side: 'bid' | 'ask') {
    this.#isBid = side === 'bid'
  }

  get depth(): number {
    return this.#prices.length
  }

  /** Price and size at a place, best first. */
  at(index: number): readonly [number, number] | undefined {
    const price = this.#prices[index]
    return price === undefined ? undefined : [price, this.#sizes[index]!]
  }

  clear(): void {
    this.#prices = []
    this.#sizes = []
  }

  /** Sets sizes by price; 0 removes. O(log n) to find, O(n) to insert or remove. */
  apply(levels: Levels): void {
    for (let i = 0; i + 1 < levels.length; i += 2) this.#set(levels[i]!, levels[i + 1]!)
  }

  /** Best levels, at most `depth`. */
  top(depth: number): (readonly [number, number])[] {
    return this.#prices.slice(0, depth).map((price, i) => [price, this.#sizes[i]!] as const)
  }

  /** Cuts what lies behind the best `depth` levels. */
  truncate(depth: number): void {
    if (this.#prices.length <= depth) return
    this.#prices.length = depth
    this.#sizes.length = depth
  }

  #set(price: number, size: number): void {
    let low = 0
    let high = this.#prices.length
    while (low < high) {
      const middle = (low + high) >> 1
      const isBefore = this.#isBid ? this.#prices[middle]! > price : this.#prices[middle]! < price
      if (isBefore) low = middle + 1
      else high = middle
    }
    const isThere = this.#prices[low] === price
    if (size > 0 && isThere) this.#sizes[low] = size
    else if (size > 0) {
      this.#prices.splice(low, 0, price)
      this.#sizes.splice(low, 0, size)
    } else if (isThere) {
      this.#prices.splice(low, 1)
      this.#sizes.splice(low, 1)
    }
  }
}
