/**
 * Owns how numbers and times are written for people. Never rounds what is owned anywhere but in prose: tables and JSON keep
 * every digit.
 */
import { DAY_MS, isoDay, isoTime } from '#core/time'

/** `1234567.5` → `1,234,567.5`. */
export function grouped(text: string): string {
  const match = /^(-?)(\d+)(.*)$/.exec(text)
  return match ? `${match[1]}${match[2]!.replace(/\B(?=(\d{3})+$)/g, ',')}${match[3]}` : text
}

function trimmed(text: string): string {
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  return short === '-0' ? '0' : short
}

/** A double with as many digits as a reader can use: two from 1,000, four from 1, else six significant ones. */
export function figure(value: number): string {
  const size = Math.abs(value)
  if (size >= 1000) return grouped(trimmed(value.toFixed(2)))
  if (size >= 1) return trimmed(value.toFixed(4))
  if (size < 1e-6 && size > 0) return value.toExponential(2)
  return trimmed(value.toFixed(Math.min(12, 6 + leadingZeros(size))))
}

const leadingZeros = (size: number): number => (size === 0 ? 0 : Math.max(0, -Math.floor(Math.log10(size)) - 1))

/** 0.1234 → `12.34 %`: two decimals, below 1 % three significant digits. */
export function percent(fraction: number): string {
  const value = fraction * 100
  const size = Math.abs(value)
  if (size === 0 || size >= 1) return `${grouped(trimmed(value.toFixed(2)))} %`
  return `${trimmed(value.toFixed(Math.min(12, 3 + leadingZeros(size))))} %`
}

/** 0.7612 → `0.76`. */
export function ratio(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return trimmed(value.toPrecision(2))
  return trimmed(value.toFixed(2))
}

/** Basis points: `4.4 bp`. */
export const basisPoints = (value: number): string => `${trimmed(value.toFixed(2))} bp`

/** Exact decimals in full: `43101.2` → `43,101.2`. */
export const exact = grouped

/** An amount of money in prose: two decimals from 1, else four significant digits. */
export function money(text: string | number): string {
  const value = Number(text)
  if (value !== 0 && Math.abs(value) < 1) return trimmed(value.toPrecision(4))
  return grouped(value.toFixed(2)).replace(/^-0\.00$/, '0.00')
}

/** `2022-01-07 08:00` (UTC), with seconds where there are any. */
export function when(ts: number): string {
  const text = isoTime(ts)
  const clock = ts % 60_000 === 0 ? text.slice(11, 16) : text.slice(11, ts % 1000 === 0 ? 19 : 23)
  return ts % DAY_MS === 0 ? isoDay(ts) : `${text.slice(0, 10)} ${clock}`
}

/** 3_600_000 → `1 h`, 150 → `150 ms`. */
export function lasting(ms: number): string {
  if (ms >= DAY_MS) return `${figure(ms / DAY_MS)} days`
  if (ms >= 3_600_000) return `${figure(ms / 3_600_000)} h`
  return ms >= 1000 ? `${figure(ms / 1000)} s` : `${ms} ms`
}
