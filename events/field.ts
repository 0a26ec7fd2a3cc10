/**
 * Owns the vocabulary of payloads: what a field may hold, what is refused, how it is documented. How its bytes are written: write.ts.
 * A field is a plain record of one shape whatever it holds, so that the writer, which meets all of them, stays fast.
 */
import { isDecimalString } from '#core/decimal'
import { InvariantError } from '#core/invariant'
import { type Chunk, chunkOf, quantise } from './line-buffer.js'

/** What a field holds. */
export type Kind =
  | 'text'
  | 'id'
  | 'name'
  | 'oneOf'
  | 'decimal'
  | 'number'
  | 'double'
  | 'integer'
  | 'flag'
  | 'list'
  | 'record'

export interface Field<T> {
  /** Type-level only; never set. */
  readonly value?: T
  readonly kind: Kind
  readonly optional: boolean
  readonly nullable: boolean
  /** For the reference: `number, 6 decimals`. */
  readonly doc: string
  /** Decimals of a number. */
  readonly digits: number
  /** Words of a `oneOf` and how they are written, in the same order. */
  readonly words: readonly string[]
  readonly chunks: readonly Chunk[]
  /** What a list holds. */
  readonly item: Field<unknown> | null
  /** Keys of a record, in the order of the line. */
  readonly members: readonly Member[]
  /** Throws InvariantError when a parsed value is not what this field may hold. */
  check(value: unknown, path: string): void
}

/** One key of a record. */
export interface Member {
  readonly key: string
  readonly field: Field<unknown>
  /** `{"key":` where it is the first one written. */
  readonly opening: Chunk
  /** `,"key":` elsewhere. */
  readonly head: Chunk
}

export type Shape = { readonly [key: string]: Field<unknown> }
type ValueOf<F> = F extends Field<infer T> ? T : never
type OptionalKeys<S extends Shape> = { [K in keyof S]: undefined extends ValueOf<S[K]> ? K : never }[keyof S]
/** The payload that a shape describes. */
export type Payload<S extends Shape> = { readonly [K in Exclude<keyof S, OptionalKeys<S>>]: ValueOf<S[K]> } & {
  readonly [K in OptionalKeys<S>]?: Exclude<ValueOf<S[K]>, undefined>
}

export function refuse(path: string, expected: string, value: unknown): never {
  const seen = typeof value === 'number' ? String(value) : JSON.stringify(value)
  throw new InvariantError(`${path}: expected ${expected}, saw ${Object.is(value, -0) ? '-0' : seen}`)
}

interface Parts {
  readonly digits?: number
  readonly words?: readonly string[]
  readonly item?: Field<unknown>
  readonly members?: readonly Member[]
}

function makeField<T>(
  kind: Kind,
  doc: string,
  check: (value: unknown, path: string) => void,
  { digits = 0, words = [], item, members = [] }: Parts = {},
): Field<T> {
  return {
    kind,
    optional: false,
    nullable: false,
    doc,
    digits,
    words,
    chunks: words.map((word) => chunkOf(JSON.stringify(word))),
    item: item ?? null,
    members,
    check,
  }
}

/** Text that is not of a bounded set; it may be empty. */
export function text(doc = 'text'): Field<string> {
  return makeField('text', doc, (value, path) => {
    if (typeof value !== 'string') refuse(path, 'text', value)
  })
}

/** Text of a bounded set: agents, instruments, intervals, codes. */
export function name(doc = 'name'): Field<string> {
  return makeField('name', doc, (value, path) => {
    if (typeof value !== 'string' || value === '') refuse(path, 'a name', value)
  })
}

/** An id: text of an unbounded set, never empty. A `name` would be kept encoded for ever. */
export function id(doc = 'id'): Field<string> {
  return makeField('id', doc, (value, path) => {
    if (typeof value !== 'string' || value === '') refuse(path, 'an id', value)
  })
}

/** One of the words given. */
export function oneOf<const W extends readonly string[]>(...words: W): Field<W[number]> {
  const expected = `one of ${words.map((word) => `\`${word}\``).join(', ')}`
  const check = (value: unknown, path: string): void => {
    if (!words.includes(value as string)) refuse(path, expected, value) // includes compares anything
  }
  return makeField('oneOf', expected, check, { words })
}

/** An exact decimal as text: prices and sizes at the venue boundary, amounts owned. */
export function decimal(doc = 'decimal as text'): Field<string> {
  return makeField('decimal', doc, (value, path) => {
    if (typeof value !== 'string' || !isDecimalString(value)) refuse(path, 'a decimal as text', value)
  })
}

/** A double quantised to `digits` decimals. NaN, infinities and (after quantising) −0 never appear. */
export function number(digits: number, doc = ''): Field<number> {
  const check = (value: unknown, path: string): void => {
    if (
      typeof value !== 'number' ||
      !Number.isFinite(value) ||
      Object.is(value, -0) ||
      quantise(value, digits) !== value
    )
      refuse(path, `a finite number of at most ${digits} decimals`, value)
  }
  return makeField('number', `${doc === '' ? 'number' : doc}, ${digits} decimals`, check, { digits })
}

/** A double as a venue gave it: kept to the last bit. */
export function double(doc = 'number as the venue gave it'): Field<number> {
  return makeField('double', doc, (value, path) => {
    if (typeof value !== 'number' || !Number.isFinite(value) || Object.is(value, -0))
      refuse(path, 'a finite number', value)
  })
}

/** A whole number below 2^53: counts, seqs, epoch milliseconds. */
export function integer(doc = 'whole number'): Field<number> {
  return makeField('integer', doc, (value, path) => {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) refuse(path, 'a whole number', value)
  })
}

export function flag(doc = 'true or false'): Field<boolean> {
  return makeField('flag', doc, (value, path) => {
    if (typeof value !== 'boolean') refuse(path, 'true or false', value)
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
  return { ...field, nullable: true, doc: `${field.doc}, or null`, check }
}

export function list<T>(field: Field<T>, doc = ''): Field<readonly T[]> {
  const check = (value: unknown, path: string): void => {
    if (!Array.isArray(value)) refuse(path, 'a list', value)
    for (const item of value) field.check(item, path)
  }
  return makeField('list', `${doc === '' ? 'list' : doc} of ${field.doc}`, check, { item: field })
}

/** An object with just these keys, written in this order. */
export function record<const S extends Shape>(shape: S, doc = 'object'): Field<Payload<S>> {
  const members: readonly Member[] = Object.entries(shape).map(([key, field]) => ({
    key,
    field,
    opening: chunkOf(`{${JSON.stringify(key)}:`),
    head: chunkOf(`,${JSON.stringify(key)}:`),
  }))
  const inner = members.map(({ key, field }) => `${key}: ${field.doc}`).join('; ')
  const check = (value: unknown, path: string): void => checkRecord(members, value, path)
  return makeField('record', `${doc} {${inner}}`, check, { members })
}

export function isRecord(value: unknown): value is Record<string, unknown> {
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

/** Throws when a record has other keys than the `present` ones of `members`; a key without a value counts as absent. */
export function refuseUnknown(
  members: readonly Member[],
  value: Record<string, unknown>,
  present: number,
  path: string,
): void {
  let keys = 0
  for (const _ in value) keys++
  if (keys === present) return
  const known = (key: string): boolean => members.some((member) => member.key === key)
  const unknown = Object.keys(value).find((key) => value[key] !== undefined && !known(key))
  if (unknown !== undefined) refuse(path, `only the keys ${members.map((member) => member.key).join(', ')}`, unknown)
}
