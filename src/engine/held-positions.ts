/**
 * Owns which instruments are held: a fold over fills that tells a host whose stand-in settlements matter. A leg of a package is a
 * position of its own: one long and one short of equal size are both held. Never values anything.
 */
import type { InstrumentId } from '#core/ids'
import type { AnyEvent } from '#events/catalogue'

/** Fills are decimals of at most eight places. */
const UNITS = 1e8

export class HeldPositions {
  /** Packages of orders at work. */
  readonly #packageOf = new Map<string, string>()
  /** Size by instrument, then package (empty: none); flat ones are left out. */
  readonly #held = new Map<InstrumentId, Map<string, number>>()

  /** Takes any event; each once. O(1). */
  fold(event: AnyEvent): void {
    switch (event.type) {
      case 'OrderSubmitted':
        if (event.data.package !== undefined) this.#packageOf.set(event.data.order, event.data.package)
        break
      case 'OrderCancelled':
      case 'OrderRejected':
        this.#packageOf.delete(event.data.order)
        break
      case 'OrderFilled': {
        const { order, instrument, side, quantity, remaining } = event.data
        this.#change(
          instrument,
          this.#packageOf.get(order) ?? '',
          side === 'buy' ? Number(quantity) : -Number(quantity),
        )
        if (Number(remaining) === 0) this.#packageOf.delete(order)
        break
      }
      case 'PositionSettled':
        this.#settle(event.data.instrument, event.data.package ?? '')
        break
    }
  }

  /** Whether any position of the instrument is open. */
  has(instrument: InstrumentId): boolean {
    return this.#held.has(instrument)
  }

  #change(instrument: InstrumentId, owner: string, change: number): void {
    let sizes = this.#held.get(instrument)
    if (sizes === undefined) {
      sizes = new Map()
      this.#held.set(instrument, sizes)
    }
    const now = Math.round((sizes.get(owner) ?? 0) * UNITS + change * UNITS) / UNITS
    if (now === 0) this.#settle(instrument, owner)
    else sizes.set(owner, now)
  }

  #settle(instrument: InstrumentId, owner: string): void {
    const sizes = this.#held.get(instrument)
    sizes?.delete(owner)
    if (sizes?.size === 0) this.#held.delete(instrument)
  }
}
