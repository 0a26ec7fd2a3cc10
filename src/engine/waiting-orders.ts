/**
 * Owns which instruments have an order at work: a fold that tells a host where BarOpened and QuoteChanged are needed.
 * Never decides and never sees prices.
 */
import type { AnyEvent } from '#events/catalogue'

export class WaitingOrders {
  readonly #instrumentOf = new Map<string, string>()
  readonly #counts = new Map<string, number>()
  #sorted: readonly string[] | undefined

  /** Takes any event; only the life of orders changes anything. Applying one twice changes nothing. O(1). */
  fold(event: AnyEvent): void {
    switch (event.type) {
      case 'OrderSubmitted':
        this.#add(event.data.order, event.data.instrument)
        break
      case 'OrderFilled':
        if (Number(event.data.remaining) === 0) this.#remove(event.data.order)
        break
      case 'OrderCancelled':
      case 'OrderRejected':
        this.#remove(event.data.order)
        break
    }
  }

  /** Whether an order of the instrument is at work. */
  has(instrument: string): boolean {
    return this.#counts.has(instrument)
  }

  /** Orders at work. */
  get size(): number {
    return this.#instrumentOf.size
  }

  /** Instruments with orders at work, by code unit. A list of its own: folding while walking it is safe. */
  instruments(): readonly string[] {
    this.#sorted ??= [...this.#counts.keys()].sort()
    return this.#sorted
  }

  #add(order: string, instrument: string): void {
    if (this.#instrumentOf.has(order)) return
    this.#instrumentOf.set(order, instrument)
    const count = this.#counts.get(instrument)
    if (count === undefined) this.#sorted = undefined
    this.#counts.set(instrument, (count ?? 0) + 1)
  }

  #remove(order: string): void {
    const instrument = this.#instrumentOf.get(order)
    if (instrument === undefined) return
    this.#instrumentOf.delete(order)
    const count = (this.#counts.get(instrument) ?? 1) - 1
    if (count > 0) {
      this.#counts.set(instrument, count)
      return
    }
    this.#counts.delete(instrument)
    this.#sorted = undefined
  }
}
