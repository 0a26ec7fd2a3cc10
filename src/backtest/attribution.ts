/**
 * Owns the attribution of the blended book to its signals, by virtual sub-books that add up to the book exactly.
 * Pure. Never judges a signal: that is its stand-alone book.
 *
 * The position q of an instrument is held by sub-books q_k, one a signal, and a residual: Σ q_k + q_r = q at every moment.
 * - While the position has the sign of the blended target, q_k = q · c_k / Σ c_j, c the contributions of the last blend. A
 *   signal that pulls against the others therefore holds the opposite side. Shares that change without a trade are crossed
 *   between the sub-books at the mark, free of cost.
 * - While the target is 0, in conflict, or of the other sign, the position is being unwound: all sub-books shrink alike.
 * - A fill moves each sub-book at the price of the fill; its fee falls on them by |Δq_k|. Funding falls on them by q_k.
 * - The residual holds what no signal asked for: positions without a blend, or of one whose contributions nearly cancel.
 *
 * Risk scales a whole book, so its effect stays within the shares; there is no term for it.
 */
import { invariant } from '#core/invariant'

/** What a signal adds to a target: fraction of NAV, signed. */
export interface Part {
  readonly signal: string
  readonly contribution: number
}

/** Below this |Σ c| / Σ |c| shares would explode: the position goes to the residual. Chosen here. */
const LEAST_AGREEMENT = 0.05

/** `signal/tsmom` and `tsmom` are the same signal. */
export function signalName(name: string): string {
  return name.startsWith('signal/') ? name.slice('signal/'.length) : name
}

export class SubBooks {
  readonly #signals: ReadonlyMap<string, number>
  /** Sub-books an instrument: the signals, then the residual. */
  readonly #width: number
  /** By instrument × width: base units, and quote received less paid. */
  readonly #quantity: Float64Array
  readonly #cash: Float64Array
  readonly #share: Float64Array
  /** Sign of the blended target: shares hold only while the position agrees. */
  readonly #sign: Int8Array
  readonly #next: Float64Array

  constructor(instruments: number, signals: readonly string[]) {
    this.#signals = new Map(signals.map((name, k) => [name, k]))
    invariant(this.#signals.size === signals.length, 'SubBooks: a signal stands twice')
    this.#width = signals.length + 1
    const cells = instruments * this.#width
    this.#quantity = new Float64Array(cells)
    this.#cash = new Float64Array(cells)
    this.#share = new Float64Array(cells)
    this.#sign = new Int8Array(instruments)
    this.#next = new Float64Array(this.#width)
  }

  /** The blend of an instrument changed. `weight` is its target; the standing position is crossed at `mark`. */
  blended(instrument: number, weight: number, parts: readonly Part[], mark: number): void {
    const base = instrument * this.#width
    this.#sign[instrument] = Math.sign(weight)
    this.#share.fill(0, base, base + this.#width)
    let sum = 0
    let magnitude = 0
    for (const { contribution } of parts) {
      sum += contribution
      magnitude += Math.abs(contribution)
    }
    const usable = Math.sign(sum) === Math.sign(weight) && Math.abs(sum) >= LEAST_AGREEMENT * magnitude
    for (const { signal, contribution } of parts) {
      const k = this.#signals.get(signalName(signal)) ?? this.#width - 1
      if (usable && sum !== 0) this.#share[base + k]! += contribution / sum
    }
    if (!usable) this.#share[base + this.#width - 1] = 1
    const quantity = this.quantity(instrument)
    if (quantity !== 0 && Number.isFinite(mark)) this.#move(instrument, quantity, quantity, mark, 0)
  }

  /** The position went from `before` to `after` (base units) at `price`, for `fee` (quote). */
  filled(instrument: number, before: number, after: number, price: number, fee: number): void {
    this.#move(instrument, before, after, price, fee)
  }

  /** Quote received (or paid, if negative) on the position, such as funding. */
  received(instrument: number, quantity: number, cash: number): void {
    const base = instrument * this.#width
    if (quantity === 0) this.#cash[base + this.#width - 1]! += cash
    else for (let k = 0; k < this.#width; k++) this.#cash[base + k]! += (cash * this.#quantity[base + k]!) / quantity
  }

  /** Sum of the sub-books' quantities. */
  quantity(instrument: number): number {
    const base = instrument * this.#width
    let sum = 0
    for (let k = 0; k < this.#width; k++) sum += this.#quantity[base + k]!
    return sum
  }

  /** Profit so far of sub-book k (the residual is the last): quote. */
  profit(k: number, marks: Float64Array): number {
    let sum = 0
    for (let i = 0; i < marks.length; i++) {
      const cell = i * this.#width + k
      const quantity = this.#quantity[cell]!
      sum += this.#cash[cell]! + (quantity === 0 ? 0 : quantity * marks[i]!)
    }
    return sum
  }

  #move(instrument: number, before: number, after: number, price: number, fee: number): void {
    const base = instrument * this.#width
    const last = this.#width - 1
    const next = this.#next
    const agrees = after !== 0 && Math.sign(after) === this.#sign[instrument]
    let held = 0
    for (let k = 0; k < last; k++) {
      if (agrees) next[k] = after * this.#share[base + k]!
      else next[k] = after === 0 ? 0 : shrunk(this.#quantity[base + k]!, before, after)
      held += next[k]!
    }
    next[last] = after - held
    let moved = 0
    for (let k = 0; k <= last; k++) moved += Math.abs(next[k]! - this.#quantity[base + k]!)
    for (let k = 0; k <= last; k++) {
      const change = next[k]! - this.#quantity[base + k]!
      const share = moved === 0 ? (k === last ? 1 : 0) : Math.abs(change) / moved
      this.#cash[base + k]! -= change * price + fee * share
      this.#quantity[base + k] = next[k]!
    }
  }
}

/** Shrinks a sub-book with the position; a position that nobody asked for on the other side belongs to the residual. */
function shrunk(quantity: number, before: number, after: number): number {
  return Math.sign(before) === Math.sign(after) ? (quantity * after) / before : 0
}
