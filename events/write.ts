/**
 * Owns how payloads become bytes: one walk over the fields of a record, whatever its type.
 * Writing quantises in place: what stands in the payload afterwards is what the log says, and that is what the agents evolve on.
 *
 * Why a switch over plain fields and not a method of each: a virtual call a field was two thirds of the cost of a line
 * (docs/adr/0011-hot-path.md).
 */
import { type Field, isRecord, type Member, refuse, refuseUnknown } from './field.js'
import { chunkOf, type LineBuffer } from './line-buffer.js'

const TRUE = chunkOf('true')
const FALSE = chunkOf('false')
const NULL = chunkOf('null')
const OPEN = 123
const CLOSE = 125

/** Appends an object with just the keys of the members. Throws InvariantError on what a field refuses, leaving part of it behind. */
export function writeRecord(out: LineBuffer, members: readonly Member[], value: unknown, path: string): void {
  if (!isRecord(value)) refuse(path, 'an object', value)
  let present = 0
  for (let i = 0; i < members.length; i++) {
    const member = members[i]!
    const { key, field } = member
    const item = value[key]
    if (item === undefined && field.optional) continue
    out.chunk(present === 0 ? member.opening : member.head)
    present++
    if (item === null && field.nullable) out.chunk(NULL)
    else if (field.kind === 'number') {
      const written = writeNumber(out, field, item, key)
      if (written !== item || Object.is(item, -0)) value[key] = written
    } else writeValue(out, field, item, key)
  }
  if (present === 0) out.byte(OPEN)
  out.byte(CLOSE)
  refuseUnknown(members, value, present, path)
}

/** Appends a quantised number and returns it as written. */
function writeNumber(out: LineBuffer, field: Field<unknown>, value: unknown, path: string): number {
  if (typeof value !== 'number' || value - value !== 0) refuse(path, 'a finite number', value)
  return out.quantised(value, field.digits)
}

function writeValue(out: LineBuffer, field: Field<unknown>, value: unknown, path: string): void {
  switch (field.kind) {
    case 'name':
      if (typeof value !== 'string' || value === '') refuse(path, 'a name', value)
      out.name(value)
      break
    case 'integer':
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || Object.is(value, -0))
        refuse(path, 'a whole number', value)
      out.integer(value)
      break
    case 'oneOf':
      writeWord(out, field, value, path)
      break
    case 'list':
      writeList(out, field.item!, value, path) // a list has an item
      break
    case 'record':
      writeRecord(out, field.members, value, path)
      break
    case 'id':
      if (typeof value !== 'string' || value === '') refuse(path, 'an id', value)
      out.string(value)
      break
    case 'decimal':
      if (typeof value !== 'string' || value === '') refuse(path, 'a decimal as text', value)
      out.string(value)
      break
    case 'double':
      if (typeof value !== 'number' || value - value !== 0 || Object.is(value, -0))
        refuse(path, 'a finite number', value)
      out.double(value)
      break
    case 'flag':
      if (typeof value !== 'boolean') refuse(path, 'true or false', value)
      out.chunk(value ? TRUE : FALSE)
      break
    case 'text':
      if (typeof value !== 'string') refuse(path, 'text', value)
      out.string(value)
      break
    case 'number':
      writeNumber(out, field, value, path)
      break
  }
}

/** Few words: comparing them one by one beats a Map. */
function writeWord(out: LineBuffer, field: Field<unknown>, value: unknown, path: string): void {
  const { words } = field
  for (let i = 0; i < words.length; i++)
    if (words[i] === value) {
      out.chunk(field.chunks[i]!)
      return
    }
  refuse(path, field.doc, value)
}

function writeList(out: LineBuffer, field: Field<unknown>, value: unknown, path: string): void {
  if (!Array.isArray(value)) refuse(path, 'a list', value)
  out.byte(91)
  for (let i = 0; i < value.length; i++) {
    const item: unknown = value[i]
    if (i > 0) out.byte(44)
    if (item === null && field.nullable) out.chunk(NULL)
    else if (field.kind === 'record') writeRecord(out, field.members, item, path)
    else if (field.kind === 'number') value[i] = writeNumber(out, field, item, path)
    else writeValue(out, field, item, path)
  }
  out.byte(93)
}
