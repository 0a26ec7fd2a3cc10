/**
 * Owns the vocabulary of payloads: what a field may hold, how its bytes are written, what is refused, how it is documented.
 * Writing quantises: `write` returns the value as the log says it, and that is what the agents evolve on.
 */
import { isDecimalString } from '#core/decimal'
import { InvariantError } from '#core/invariant'
import type { LineBuffer } from './line-buffer.js'
import { quantise } from './line-buffer.js'

export interface Field<T> {
  /** Type-level only; never set. */
  readonly value?: T
  readonly optional: boolean
  /** For the reference: `number, 6 decimals`. */
  readonly doc: string
  /** Appends the value; returns it as written. Throws InvariantError on what the field refuses. */
  write(out: LineBuffer, value: unknown, path: string): unknown
  /** Throws InvariantError when a parsed value is not what this field may hold. */
  check(value: unknown, path: string): void
}

export type Shape = { readonly [key: string]: Field<unknown> }
type ValueOf<F> = F extends Field<infer T> ? T : never
type OptionalKeys<S extends Shape> = { [K in keyof S]: undefined extends ValueOf<S[K]> ? K : never }[keyof S]
/** The payload that a shape describes. */
export type Payload<S extends Shape> = { readonly [K in Exclude<keyof S, OptionalKeys<S>>]: ValueOf<S[K]> } & {
  readonly [K in OptionalKeys<S>]?: Exclude<ValueOf<S[K]>, undefined>
}

function refuse(path: string, expected: string, value: unknown): never {
  const seen = typeof value === 'number' ? String(value) : JSON.stringify(value)
  throw new InvariantError(`${path}: expected ${expected}, saw ${Object.is(value, -0) ? '-0' : seen}`)
}

const encoder = new TextEncoder()

function makeField<T>(doc: string, check: (value: unknown, path: string) => void, write: Field<T>['write']): Field<T> {
  return { optional: false, doc, check, write }
}

/** Text that is not of a bounded set. */
export function text(doc = 'text'): Field<string> {
  const check = (value: unknown, path: string): void => {
    if (typeof value !== 'string') refuse(path, 'text', value)
  }
  return makeField(doc, check, (out, value, path) => {
    if (typeof value !== 'string') refuse(path, 'text', value)
    out.string(value)
    return value
  })
}

/** Text of a bounded set: agents, instruments, intervals, codes. */
export function name(doc = 'name'): Field<string> {
  const check = (value: unknown, path: string): void => {
    if (typeof value !== 'string' || value === '') refuse(path, 'a name', value)
  }
  return makeField(doc, check, (out, value, path) => {
    if (typeof value !== 'string' || value === '') refuse(path, 'a name', value)
    out.name(value)
    return value
  })
}

/** One of the words given. */
export function oneOf<const W extends readonly string[]>(...words: W): Field<W[number]> {
  const bytes = new Map(words.map((word) => [word, encoder.encode(JSON.stringify(word))]))
  const expected = words.map((word) => `\`${word}\``).join(', ')
  const check = (value: unknown, path: string): void => {
    if (!bytes.has(value as string)) refuse(path, `one of ${expected}`, value) // Map.has takes any key at run time
  }
  return makeField(`one of ${expected}`, check, (out, value, path) => {
    const line = bytes.get(value as string) // as above
    if (line === undefined) refuse(path, `one of ${expected}`, value)
    out.raw(line)
    return value
  })
}

/** An exact decimal as text: prices and sizes at the venue boundary, amounts owned. */
export function decimal(doc = 'decimal as text'): Field<string> {
  const check = (value: unknown, path: string): void => {
    if (typeof value !== 'string' || !isDecimalString(value)) refuse(path, 'a decimal as text', value)
  }
  return makeField(doc, check, (out, value, path) => {
    if (typeof value !== 'string' || value === '') refuse(path, 'a decimal as text', value)
    out.string(value)
    return value
  })
}

/** A double quantised to `digits` decimals. NaN, infinities and (after quantising) −0 never appear. */
export function number(digits: number, doc = ''): Field<number> {
  const about = `${doc === '' ? 'number' : doc}, ${digits} decimals`
  const check = (value: unknown, path: string): void => {
    if (
      typeof value !== 'number' ||
      !Number.isFinite(value) ||
      Object.is(value, -0) ||
      quantise(value, digits) !== value
    )
      refuse(path, `a finite number of at most ${digits} decimals`, value)
  }
  return makeField(about, check, (out, value, path) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) refuse(path, 'a finite number', value)
    return out.quantised(value, digits)
  })
}

/** A double as a venue gave it: kept to the last bit. */
export function double(doc = 'number as the venue gave it'): Field<number> {
  const check = (value: unknown, path: string): void => {
    if (typeof value !== 'number' || !Number.isFinite(value) || Object.is(value, -0))
      refuse(path, 'a finite number', value)
  }
  return makeField(doc, check, (out, value, path) => {
    if (typeof value !== 'number' || !Number.isFinite(value) || Object.is(value, -0))
      refuse(path, 'a finite number', value)
    out.double(value)
    return value
  })
}

/** A whole number below 2^53: counts, seqs, epoch milliseconds. */
export function integer(doc = 'whole number'): Field<number> {
  const check = (value: unknown, path: string): void => {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) refuse(path, 'a whole number', value)
  }
  return makeField(doc, check, (out, value, path) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || Object.is(value, -0))
      refuse(path, 'a whole number', value)
    out.integer(value)
    return value
  })
}

const TRUE = encoder.encode('true')
const FALSE = encoder.encode('false')
const NULL = encoder.encode('null')

export function flag(doc = 'true or false'): Field<boolean> {
  const check = (value: unknown, path: string): void => {
    if (typeof value !== 'boolean') refuse(path, 'true or false', value)
  }
  return makeField(doc, check, (out, value, path) => {
    if (typeof value !== 'boolean') refuse(path, 'true or false', value)
    out.raw(value ? TRUE : FALSE)
    return value
  })
}

/** The key is left out when there is no value. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, optional: true, doc: `${field.doc}; may be absent` }
}

/** `null` says: undefined, and known to be so. */
export function nullable<T>(field: Field<T>): Field<T | null> {
  const check = (value: unknown, path: string): void => {
    if (value !== null) field.check(value, path)
  }
  return makeField(`${field.doc}, or null`, check, (out, value, path) => {
    if (value !== null) return field.write(out, value, path)
    out.raw(NULL)
    return value
  })
}

export function list<T>(field: Field<T>, doc = ''): Field<readonly T[]> {
  const check = (value: unknown, path: string): void => {
    if (!Array.isArray(value)) refuse(path, 'a list', value)
    for (const item of value) field.check(item, path)
  }
  return makeField(`${doc === '' ? 'list' : doc} of ${field.doc}`, check, (out, value, path) => {
    if (!Array.isArray(value)) refuse(path, 'a list', value)
    out.byte(91)
    for (let i = 0; i < value.length; i++) {
      if (i > 0) out.byte(44)
      const written = field.write(out, value[i], path)
      if (written !== value[i]) value[i] = written
    }
    out.byte(93)
    return value
  })
}

interface Member {
  readonly key: string
  readonly field: Field<unknown>
  readonly head: Uint8Array
}

/** An object with just these keys, written in this order. */
export function record<const S extends Shape>(shape: S, doc = 'object'): Field<Payload<S>> {
  const members: readonly Member[] = Object.entries(shape).map(([key, field]) => ({
    key,
    field,
    head: encoder.encode(`${JSON.stringify(key)}:`),
  }))
  const inner = members.map(({ key, field }) => `${key}: ${field.doc}`).join('; ')
  return makeField(
    `${doc} {${inner}}`,
    (value, path) => checkRecord(members, value, path),
    (out, value, path) => writeRecord(members, out, value, path),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkRecord(members: readonly Member[], value: unknown, path: string): void {
  if (!isRecord(value)) refuse(path, 'an object', value)
  let present = 0
  for (const { key, field } of members) {
    const item = value[key]
    if (item === undefined && field.optional) continue
    field.check(item, `${path}.${key}`)
    present++
  }
  refuseUnknown(members, value, present, path)
}

function refuseUnknown(
  members: readonly Member[],
  value: Record<string, unknown>,
  present: number,
  path: string,
): void {
  let keys = 0
  for (const key in value) if (value[key] !== undefined) keys++
  if (keys === present) return
  const unknown = Object.keys(value).find((key) => !members.some((member) => member.key === key))
  refuse(path, `only the keys ${members.map((member) => member.key).join(', ')}`, unknown)
}

function writeRecord(members: readonly Member[], out: LineBuffer, value: unknown, path: string): unknown {
  if (!isRecord(value)) refuse(path, 'an object', value)
  let present = 0
  out.byte(123)
  for (let i = 0; i < members.length; i++) {
    const { key, field, head } = members[i]!
    const item = value[key]
    if (item === undefined && field.optional) continue
    if (present > 0) out.byte(44)
    out.raw(head)
    const written = field.write(out, item, key)
    if (written !== item) value[key] = written
    present++
  }
  out.byte(125)
  refuseUnknown(members, value, present, path)
  return value
}
