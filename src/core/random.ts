/**
 * Owns seeded randomness: the same seed words give the same stream on every machine.
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand, public domain); seeding: the murmur3 finaliser (Appleby).
 */

/** A stream of numbers in [0, 1). */
export interface Random {
  /** Next double in [0, 1), 53 bits. */
  next(): number
  /** Next standard normal (Marsaglia polar method, 1964). */
  normal(): number
  /** Next whole number in [0, bound). */
  below(bound: number): number
}

/** 32-bit hash of a text, FNV-1a. */
export function hashText(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

function mix(h: number): number {
  let x = h
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** State of a generator as four 32-bit words, to snapshot and restore it. */
export type RandomState = [number, number, number, number]

export class Sfc32 implements Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(state: RandomState) {
    ;[this.#a, this.#b, this.#c, this.#d] = state
  }

  /** A generator from seed words; any number of them, each taken modulo 2^32. */
  static seeded(...words: readonly number[]): Sfc32 {
    let h = 0x9e3779b9
    const state: number[] = []
    for (let i = 0; i < 4; i++) {
      for (const word of words) {
        h = mix((h ^ (word >>> 0)) + 0x9e3779b9)
        h = mix((h ^ Math.floor(Math.abs(word) / 4294967296)) + i)
      }
      state.push(h)
    }
    const generator = new Sfc32([state[0]!, state[1]!, state[2]!, 1])
    for (let i = 0; i < 12; i++) generator.next32()
    return generator
  }

  next32(): number {
    const t = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + t) | 0
    return t >>> 0
  }

  next(): number {
    return ((this.next32() >>> 5) * 67108864 + (this.next32() >>> 6)) / 9007199254740992
  }

  normal(): number {
    for (;;) {
      const u = 2 * this.next() - 1
      const v = 2 * this.next() - 1
      const s = u * u + v * v
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s)
    }
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0]
  }
}
