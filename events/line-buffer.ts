/**
 * Owns the bytes of lines not yet committed: one growing buffer, written by hand.
 * Why by hand: formatting doubles and joining strings was two thirds of the cost of a logged event (docs/adr/0003-byte-writer.md).
 */

const POW10 = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12] as const
const LIMIT = 9007199254740992
const QUOTE = 34
const MINUS = 45
const DOT = 46
const ZERO = 48

/** Nearest value with `digits` decimals (at most 12), as the log will say it; beyond 2^53 units the value itself. */
export function quantise(value: number, digits: number): number {
  const scale = POW10[digits]!
  const units = Math.round(value * scale)
  if (units >= LIMIT || units <= -LIMIT) return value
  return units === 0 ? 0 : units / scale
}

export class LineBuffer {
  #bytes: Uint8Array
  #length = 0
  readonly #scratch = new Uint8Array(24)
  readonly #texts = new Map<string, Uint8Array>()

  constructor(capacity = 1 << 20) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** The bytes so far; valid until the next write. */
  view(from = 0): Uint8Array {
    return this.#bytes.subarray(from, this.#length)
  }

  /** Forgets everything after `length`. */
  truncate(length: number): void {
    this.#length = length
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  raw(bytes: Uint8Array): void {
    const count = bytes.length
    this.#reserve(count)
    if (count > 64) {
      this.#bytes.set(bytes, this.#length)
      this.#length += count
      return
    }
    const out = this.#bytes
    let at = this.#length
    for (let i = 0; i < count; i++) out[at++] = bytes[i]!
    this.#length = at
  }

  /** ASCII text as it is, without quotes. */
  ascii(text: string): void {
    const count = text.length
    this.#reserve(count)
    const out = this.#bytes
    let at = this.#length
    for (let i = 0; i < count; i++) out[at++] = text.charCodeAt(i)
    this.#length = at
  }

  /** A JSON string. */
  string(text: string): void {
    const count = text.length
    this.#reserve(count + 2)
    const out = this.#bytes
    let at = this.#length
    out[at++] = QUOTE
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i)
      if (code < 32 || code > 126 || code === QUOTE || code === 92) {
        this.raw(new TextEncoder().encode(JSON.stringify(text)))
        return
      }
      out[at++] = code
    }
    out[at++] = QUOTE
    this.#length = at
  }

  /** A JSON string of a bounded set (ids, names): encoded once, then copied. */
  name(text: string): void {
    let bytes = this.#texts.get(text)
    if (bytes === undefined) {
      bytes = new TextEncoder().encode(JSON.stringify(text))
      if (this.#texts.size < 65_536) this.#texts.set(text, bytes)
    }
    this.raw(bytes)
  }

  /** A whole number below 2^53 in magnitude. */
  integer(value: number): void {
    let rest = value
    this.#reserve(20)
    if (rest < 0) {
      this.#bytes[this.#length++] = MINUS
      rest = -rest
    }
    const scratch = this.#scratch
    let count = 0
    while (rest > 0x7fffffff) {
      const next = Math.floor(rest / 10)
      scratch[count++] = rest - next * 10
      rest = next
    }
    let small = rest | 0
    do {
      const next = (small / 10) | 0
      scratch[count++] = small - next * 10
      small = next
    } while (small > 0)
    const out = this.#bytes
    let at = this.#length
    while (count > 0) out[at++] = ZERO + scratch[--count]!
    this.#length = at
  }

  /** A double in its shortest form that reads back the same. */
  double(value: number): void {
    if (Number.isInteger(value) && value < LIMIT && value > -LIMIT) this.integer(value)
    else this.ascii(String(value))
  }

  /** A number quantised to `digits` decimals, without trailing zeros; returns what was written, as `quantise` gives it. */
  quantised(value: number, digits: number): number {
    const scale = POW10[digits]!
    const units = Math.round(value * scale)
    if (units >= LIMIT || units <= -LIMIT) {
      this.double(value)
      return value
    }
    if (units === 0) {
      this.byte(ZERO)
      return 0
    }
    let magnitude = units
    if (units < 0) {
      this.byte(MINUS)
      magnitude = -units
    }
    const whole = Math.floor(magnitude / scale)
    this.integer(whole)
    const fraction = magnitude - whole * scale
    if (fraction > 0) this.#fraction(fraction, digits)
    return units / scale
  }

  /** The decimals of a quantised number, without trailing zeros. */
  #fraction(units: number, digits: number): void {
    this.#reserve(digits + 1)
    const out = this.#bytes
    const start = this.#length
    out[start] = DOT
    let end = start + digits
    let fraction = units
    for (let at = end; at > start; at--) {
      const next = fraction <= 0x7fffffff ? ((fraction | 0) / 10) | 0 : Math.floor(fraction / 10)
      out[at] = ZERO + (fraction - next * 10)
      fraction = next
    }
    while (out[end] === ZERO) end--
    this.#length = end + 1
  }
}
