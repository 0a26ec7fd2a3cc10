/**
 * Owns how numbers and times are written: one way each, figures of equal width, units said, UTC. Pure; never rounds a decimal string.
 * Absent numbers are `–`.
 */

const NONE = '–'
/** Typographic minus: as wide as a figure. */
const MINUS = '\u2212'
const THIN = '\u202f'

const isNumber = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && Number.isFinite(value)

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** `-1234.5` → `−1,234.50` with two places. */
export function fixed(value: number | null | undefined, places: number): string {
  if (!isNumber(value)) return NONE
  const text = Math.abs(value).toFixed(places)
  const [whole = '', fraction] = text.split('.')
  const isZero = !/[1-9]/.test(text)
  return `${value < 0 && !isZero ? MINUS : ''}${grouped(whole)}${fraction === undefined ? '' : `.${fraction}`}`
}

/** With a plus where it is one. */
export function signed(value: number | null | undefined, places: number): string {
  const text = fixed(value, places)
  return isNumber(value) && value > 0 && /[1-9]/.test(text) ? `+${text}` : text
}

/** A fraction as percent: 0.0123 → `1.23 %`. */
export function percent(value: number | null | undefined, places = 2): string {
  return isNumber(value) ? `${fixed(value * 100, places)}${THIN}%` : NONE
}

export function signedPercent(value: number | null | undefined, places = 2): string {
  return isNumber(value) ? `${signed(value * 100, places)}${THIN}%` : NONE
}

export const count = (value: number | null | undefined): string => fixed(value, 0)

/** Of any size, to so many significant figures: prices, values of signals, thresholds. */
export function figures(value: number | null | undefined, digits = 4): string {
  if (!isNumber(value)) return NONE
  if (value === 0) return '0'
  const size = Math.floor(Math.log10(Math.abs(value)))
  if (size < -6) return value.toExponential(digits - 1).replace('-', MINUS)
  return fixed(value, Math.max(0, Math.min(digits - 1 - size, 10)))
}

/** A price, with as many places as its size asks for. */
export const price = (value: number | null | undefined): string =>
  isNumber(value) && Math.abs(value) >= 1000 ? fixed(value, 2) : figures(value, 6)

/** An exact decimal as it is, grouped, without trailing zeros. */
export function decimal(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (match === null) return text
  const fraction = (match[3] ?? '').replace(/0+$/, '')
  return `${match[1] === '' ? '' : MINUS}${grouped(match[2]!)}${fraction === '' ? '' : `.${fraction}`}`
}

const two = (n: number): string => String(n).padStart(2, '0')

/** `2025-03-01`. */
export function day(ts: number): string {
  const date = new Date(ts)
  return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
}

/** `14:05:09`. */
export function clock(ts: number): string {
  const date = new Date(ts)
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
}

/** `2025-03-01 14:05:09`; UTC, said by the header. */
export const time = (ts: number | null | undefined): string =>
  isNumber(ts) && ts > 0 ? `${day(ts)} ${clock(ts)}` : NONE

/** How long ago, coarse: `12 s`, `5 min`, `3 h`, `12 d`. Never negative. */
export function age(ms: number | null | undefined): string {
  if (!isNumber(ms)) return NONE
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds}${THIN}s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}${THIN}min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}${THIN}h`
  return `${grouped(String(Math.floor(seconds / 86_400)))}${THIN}d`
}

/** `up` or `down` for a class; neither for nothing. */
export function direction(value: number | null | undefined): '' | 'up' | 'down' {
  if (!isNumber(value) || value === 0) return ''
  return value > 0 ? 'up' : 'down'
}

/** `partly-filled` → `partly filled`, `ABOVE_THRESHOLD` → `above threshold`, `priceChange` → `price change`. */
export const words = (code: string): string =>
  code
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_]/g, ' ')
    .toLowerCase()
