/**
 * Owns reading fields of payloads that nobody has checked: one call a field, no schema object, because 50,000 frames a
 * second pass here. Missing or malformed fields throw PayloadRefused with their path; unknown ones are never looked at.
 */
import { PayloadRefused } from './normal.js'

export type Fields = { readonly [key: string]: unknown }

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

export function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PayloadRefused(path, `is ${shown(value)}, not an object`)
  return value as Fields // checked just now
}

export function listOf(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new PayloadRefused(path, `is ${shown(value)}, not a list`)
  return value
}

/** A finite number, written as a number or as a decimal string. */
export function numberOf(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'string' && NUMBER.test(value)) return Number(value)
  throw new PayloadRefused(path, `is ${shown(value)}, not a number`)
}

/** As {@link numberOf}; null for what venues write when there is nothing: absent, null or an empty string. */
export function optionalNumber(value: unknown, path: string): number | null {
  return value === undefined || value === null || value === '' ? null : numberOf(value, path)
}

export function positiveOf(value: unknown, path: string): number {
  const number = numberOf(value, path)
  if (number > 0) return number
  throw new PayloadRefused(path, `is ${shown(value)}, must be above 0`)
}

export function textOf(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new PayloadRefused(path, `is ${shown(value)}, not a text`)
}

/** An id that may be a number or a text; integers beyond 2^53 must have been read as text. */
export function idOf(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  throw new PayloadRefused(path, `is ${shown(value)}, not an exact id`)
}

export function booleanOf(value: unknown, path: string): boolean {
  if (typeof value === 'boolean') return value
  throw new PayloadRefused(path, `is ${shown(value)}, not true or false`)
}

/** Epoch ms between 2009 and 2100. */
export function timeOf(value: unknown, path: string): number {
  const ts = numberOf(value, path)
  if (Number.isInteger(ts) && ts >= 1_230_768_000_000 && ts < 4_102_444_800_000) return ts
  throw new PayloadRefused(path, `is ${shown(value)}, not a time in ms`)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
