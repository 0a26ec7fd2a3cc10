/**
 * Owns the bytes of lines not yet committed: one growing buffer, written by hand.
 * Why by hand: formatting doubles and joining strings was two thirds of the cost of a logged event (docs/adr/0003-byte-writer.md).
 */
import { invariant } from '#core/invariant'

const POW10 = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12] as const
/** Whole numbers that a double holds. */
const LIMIT = 9007199254740992
/** Units beyond which a second quantisation might give another value: the product of value and scale is no longer near enough. */
const UNITS_LIMIT = LIMIT / 8
const QUOTE = 34
const MINUS = 45
const DOT = 46
const ZERO = 48
/** Digits of a number below 2^53, sign, dot and exponent included, never take more. */
const NUMBER_BYTES = 32
/** Names that are kept encoded. */
const NAMES_KEPT = 65_536

const encoder = new TextEncoder()
/** Whether this machine keeps the low byte first: words are copied in its own order. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/**
 * Bytes that are written again and again, as 8-byte words: copying words is four times as fast as copying bytes.
 * The last word is padded; what follows overwrites the padding. No word is a NaN, for no byte is above 126.
 */
export interface Chunk {
  readonly words: Float64Array
  /** Bytes without the padding. */
  readonly length: number
}

/** The bytes of a printable ASCII text. */
export function chunkOf(text: string): Chunk {
  invariant(/^[ -~]*$/.test(text.trimEnd()), () => `${JSON.stringify(text)} is no printable ASCII text`)
  const bytes = encoder.encode(text)
  const words = new Float64Array(Math.ceil(bytes.length / 8))
  new Uint8Array(words.buffer).set(bytes)
  return { words, length: bytes.length }
}

/** Nearest value with `digits` decimals (at most 12), as the log will say it; beyond 2^50 units the value itself. */
export function quantise(value: number, digits: number): number {
  const scale = POW10[digits]!
  const units = Math.round(value * scale)
  if (units >= UNITS_LIMIT || units <= -UNITS_LIMIT) return value
  return units === 0 ? 0 : units / scale
}

/** Decimal digits of a whole number in [0, 2^31). */
function digitsOf(value: number): number {
  if (value < 1e5) {
    if (value < 100) return value < 10 ? 1 : 2
    return value < 1000 ? 3 : value < 1e4 ? 4 : 5
  }
  if (value < 1e7) return value < 1e6 ? 6 : 7
  return value < 1e8 ? 8 : value < 1e9 ? 9 : 10
}

/** A quoted name; null for one that JSON escapes, which is written letter by letter. */
function plainChunk(name: string): Chunk | null {
  return /^[ !#-[\]-~]*$/.test(name) ? chunkOf(`"${name}"`) : null
}

export class LineBuffer {
  #bytes: Uint8Array
  /** The same bytes, for words at any place. */
  #view: DataView
  #length = 0
  readonly #names = new Map<string, Chunk | null>()

  constructor(capacity = 1 << 20) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
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

  #grow(count: number): void {
    const larger = new Uint8Array(Math.max(this.#length + count, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  /** Constant bytes. */
  chunk(chunk: Chunk): void {
    const { words } = chunk
    const room = words.length << 3
    if (this.#length + room > this.#bytes.length) this.#grow(room)
    const view = this.#view
    let at = this.#length
    for (let i = 0; i < words.length; i++) {
      view.setFloat64(at, words[i]!, LITTLE_ENDIAN)
      at += 8
    }
    this.#length += chunk.length
  }

  /** ASCII text as it is, without quotes. */
  ascii(text: string): void {
    const count = text.length
    if (this.#length + count > this.#bytes.length) this.#grow(count)
    const out = this.#bytes
    let at = this.#length
    for (let i = 0; i < count; i++) out[at++] = text.charCodeAt(i)
    this.#length = at
  }

  /** A JSON string. */
  string(text: string): void {
    const count = text.length
    if (this.#length + count + 2 > this.#bytes.length) this.#grow(count + 2)
    const out = this.#bytes
    let at = this.#length
    out[at++] = QUOTE
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i)
      if (code < 32 || code > 126 || code === QUOTE || code === 92) {
        this.#escaped(text)
        return
      }
      out[at++] = code
    }
    out[at++] = QUOTE
    this.#length = at
  }

  #escaped(text: string): void {
    const bytes = encoder.encode(JSON.stringify(text))
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A JSON string of a bounded set (ids of instruments, names): encoded once, then copied. */
  name(text: string): void {
    const chunk = this.#names.get(text)
    if (chunk !== undefined && chunk !== null) this.chunk(chunk)
    else {
      if (chunk === undefined && this.#names.size < NAMES_KEPT) this.#names.set(text, plainChunk(text))
      this.string(text)
    }
  }

  /** A whole number below 2^53 in magnitude. */
  integer(value: number): void {
    if (this.#length + NUMBER_BYTES > this.#bytes.length) this.#grow(NUMBER_BYTES)
    if (value < 0) {
      this.#bytes[this.#length++] = MINUS
      this.#whole(-value)
    } else this.#whole(value)
  }

  /** Digits of a whole number in [0, 2^53); the room is there. */
  #whole(value: number): void {
    if (value > 0x7fffffff) {
      let high = Math.floor(value / 1e9)
      // The quotient of numbers near 2^53 may round up to the next whole one.
      if (high * 1e9 > value) high -= 1
      this.#whole(high)
      this.#padded(value - high * 1e9, 9)
    } else this.#padded(value, digitsOf(value))
  }

  /** `count` digits of a whole number below 2^31, zeros in front included. */
  #padded(value: number, count: number): void {
    const out = this.#bytes
    const start = this.#length
    let rest = value | 0
    for (let at = start + count - 1; at >= start; at--) {
      const next = (rest / 10) | 0
      out[at] = ZERO + rest - next * 10
      rest = next
    }
    this.#length = start + count
  }

  /** A double in its shortest form that reads back the same. */
  double(value: number): void {
    if (Number.isInteger(value) && value < LIMIT && value > -LIMIT) {
      this.integer(value)
      return
    }
    // A decimal of at most 15 digits that reads back the same is the shortest one, and prices are such decimals:
    // printing their units costs a fifth of what the search for the shortest form does. Below 1e-6 exponents begin.
    const magnitude = Math.abs(value)
    if (magnitude >= 1e-6 && magnitude < 1e7) {
      const units = Math.round(value * 1e8)
      if (units / 1e8 === value) {
        this.units(units, 8)
        return
      }
    }
    this.ascii(String(value))
  }

  /** A number quantised to `digits` decimals, without trailing zeros; returns what was written, as `quantise` gives it. */
  quantised(value: number, digits: number): number {
    const scale = POW10[digits]!
    const units = Math.round(value * scale)
    if (units >= UNITS_LIMIT || units <= -UNITS_LIMIT) {
      this.double(value)
      return value
    }
    this.units(units, digits)
    return units === 0 ? 0 : units / scale
  }

  /** A whole number of units of 10^-digits (at most 12), below 2^53 in magnitude, as a decimal without trailing zeros. */
  units(units: number, digits: number): void {
    if (this.#length + NUMBER_BYTES > this.#bytes.length) this.#grow(NUMBER_BYTES)
    const scale = POW10[digits]!
    let magnitude = units
    if (units < 0) {
      this.#bytes[this.#length++] = MINUS
      magnitude = -units
    }
    if (magnitude < scale) {
      this.#bytes[this.#length++] = ZERO
      if (magnitude > 0) this.#fraction(magnitude, digits)
      return
    }
    const whole = Math.floor(magnitude / scale)
    this.#whole(whole)
    const fraction = magnitude - whole * scale
    if (fraction > 0) this.#fraction(fraction, digits)
  }

  /** The decimals of a quantised number, without trailing zeros. */
  #fraction(units: number, digits: number): void {
    const out = this.#bytes
    out[this.#length++] = DOT
    if (units > 0x7fffffff) {
      // More than nine decimals: the first ones apart.
      const low = digits - 9
      const high = Math.floor(units / 1e9)
      this.#padded(high, low)
      this.#padded(units - high * 1e9, 9)
    } else this.#padded(units, digits)
    let end = this.#length
    while (out[end - 1] === ZERO) end--
    this.#length = end
  }
}
