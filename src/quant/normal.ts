/**
 * Owns the normal distribution: density, distribution function and its inverse, to nearly double accuracy.
 * Must never be approximated elsewhere: Black-76, confidences and the statistics of Sharpe ratios all read it here.
 */
import { invariant } from '#core/invariant'

const SQRT_HALF = Math.SQRT1_2
const INV_SQRT_PI = 0.5641895835477563
const INV_SQRT_2PI = 0.3989422804014327

// Rational approximations of W. J. Cody, Math. Comp. 23 (1969) 631-637; coefficients from the highest power down.
const ERF_TOP = [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694]
const ERF_BOTTOM = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171]
const ERFC_TOP = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769,
  1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
]
const ERFC_BOTTOM = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
  4362.619090143247, 3439.3676741437216, 1230.3393548037495,
]
const TAIL_TOP = [
  0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
  0.0006587491615298378,
]
const TAIL_BOTTOM = [
  1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
]

// Rational approximations of M. J. Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484.
const CENTRE_TOP = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513,
  133.14166789178438, 3.3871328727963665,
]
const CENTRE_BOTTOM = [
  5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579,
  42.31333070160091, 1,
]
const MIDDLE_TOP = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
  5.769497221460691, 4.630337846156546, 1.4234371107496835,
]
const MIDDLE_BOTTOM = [
  1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
  1.6763848301838038, 2.053191626637759, 1,
]
const FAR_TOP = [
  2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487,
  1.7848265399172913, 5.463784911164114, 6.657904643501103,
]
const FAR_BOTTOM = [
  2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133, 0.014875361290850615,
  0.1369298809227358, 0.599832206555888, 1,
]

function horner(coefficients: readonly number[], x: number): number {
  let sum = 0
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + coefficients[i]!
  return sum
}

/** exp(-x^2) without the rounding of x^2, for x >= 0 (Cody splits x at a sixteenth). */
function expMinusSquare(x: number): number {
  const head = Math.trunc(x * 16) / 16
  return Math.exp(-head * head) * Math.exp(-(x - head) * (x + head))
}

/** Complementary error function; relative error about 1e-15, 0 from x = 26.6 on. */
export function erfc(x: number): number {
  const y = Math.abs(x)
  if (y <= 0.46875) return 1 - (x * horner(ERF_TOP, y * y)) / horner(ERF_BOTTOM, y * y)
  let tail: number
  if (y <= 4) tail = expMinusSquare(y) * (horner(ERFC_TOP, y) / horner(ERFC_BOTTOM, y))
  else {
    const inverse = 1 / (y * y)
    const series = (inverse * horner(TAIL_TOP, inverse)) / horner(TAIL_BOTTOM, inverse)
    tail = y > 27 ? 0 : (expMinusSquare(y) * (INV_SQRT_PI - series)) / y
  }
  return x < 0 ? 2 - tail : tail
}

/** Density of the standard normal. */
export function normalPdf(x: number): number {
  return INV_SQRT_2PI * Math.exp(-0.5 * x * x)
}

/** P(Z <= x) in [0, 1]; relative accuracy holds in the left tail too. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * SQRT_HALF)
}

/** x with P(Z <= x) = p, for 0 < p < 1; throws outside. */
export function normalInverse(p: number): number {
  invariant(p > 0 && p < 1, () => `normalInverse: p = ${p} must lie within 0 and 1`)
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (q * horner(CENTRE_TOP, r)) / horner(CENTRE_BOTTOM, r)
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p))
  const x =
    r <= 5
      ? horner(MIDDLE_TOP, r - 1.6) / horner(MIDDLE_BOTTOM, r - 1.6)
      : horner(FAR_TOP, r - 5) / horner(FAR_BOTTOM, r - 5)
  return q < 0 ? -x : x
}
