/** Owns typed reading of oracle inputs. Must never invent a value: a missing key throws unless a default is given. */
import { isObject, type Json, type JsonObject } from './cases.js'

function fail(key: string, wanted: string): never {
  throw new Error(`input ${key}: expected ${wanted}`)
}

export function num(inputs: JsonObject, key: string, otherwise?: number): number {
  const value = inputs[key]
  if (typeof value === 'number') return value
  return value === undefined && otherwise !== undefined ? otherwise : fail(key, 'a number')
}

export function str(inputs: JsonObject, key: string, otherwise?: string): string {
  const value = inputs[key]
  if (typeof value === 'string') return value
  return value === undefined && otherwise !== undefined ? otherwise : fail(key, 'a text')
}

export function bool(inputs: JsonObject, key: string, otherwise: boolean): boolean {
  const value = inputs[key]
  return value === undefined ? otherwise : typeof value === 'boolean' ? value : fail(key, 'true or false')
}

const isNumbers = (value: Json | undefined): value is readonly number[] =>
  Array.isArray(value) && value.every((item: Json) => typeof item === 'number')

export function nums(inputs: JsonObject, key: string): readonly number[] {
  const value = inputs[key]
  return isNumbers(value) ? value : fail(key, 'numbers')
}

export function matrix(inputs: JsonObject, key: string): readonly (readonly number[])[] {
  const value = inputs[key]
  return Array.isArray(value)
    ? value.map((row: Json) => (isNumbers(row) ? row : fail(key, 'rows of numbers')))
    : fail(key, 'rows')
}

export function rows(inputs: JsonObject, key: string): readonly JsonObject[] {
  const value = inputs[key]
  return Array.isArray(value)
    ? value.map((row: Json) => (isObject(row) ? row : fail(key, 'objects')))
    : fail(key, 'objects')
}

/** Numbers by name, in the order of their keys. */
export function named(inputs: JsonObject, key: string): ReadonlyMap<string, number> {
  const value = inputs[key]
  if (!isObject(value)) return fail(key, 'an object')
  return new Map(Object.keys(value).map((name) => [name, num(value, name)]))
}

export interface Bars {
  readonly open: readonly number[]
  readonly high: readonly number[]
  readonly low: readonly number[]
  readonly close: readonly number[]
  readonly volume: readonly number[]
  readonly length: number
}

/** Bars given as columns, either under `bars` or among the inputs themselves; absent columns are empty. */
export function bars(inputs: JsonObject): Bars {
  const from = isObject(inputs.bars) ? inputs.bars : inputs
  const column = (key: string): readonly number[] => (from[key] === undefined ? [] : nums(from, key))
  const close = nums(from, 'close')
  return {
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close,
    volume: column('volume'),
    length: close.length,
  }
}

/** Runs `at` for 0..n-1. */
export const series = <T>(n: number, at: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => at(i))
