/**
 * Owns chance at random access: numbers that depend on a seed and a place alone, so that nothing has to be summed up from
 * a beginning. Mixing: the murmur3 finaliser (Appleby).
 */
const TWO_32 = 4294967296

function mix(h: number): number {
  let x = h
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** 32 bits of a seed and two whole numbers below 2^53. */
export function hash(seed: number, a: number, b = 0): number {
  let h = mix(seed ^ Math.imul(a | 0, 0x9e3779b1))
  h = mix(h ^ Math.imul(Math.floor(a / TWO_32) + 1, 0x85ebca77))
  return mix(h ^ Math.imul(b | 0, 0xc2b2ae3d))
}

/** A number in [0, 1). */
export const unit = (seed: number, a: number, b = 0): number => hash(seed, a, b) / TWO_32

/** Smooth noise in [-1, 1] with one free value at every whole `x`. */
export function noise(seed: number, x: number): number {
  const cell = Math.floor(x)
  const t = x - cell
  const left = unit(seed, cell) * 2 - 1
  const right = unit(seed, cell + 1) * 2 - 1
  return left + (right - left) * t * t * (3 - 2 * t)
}
