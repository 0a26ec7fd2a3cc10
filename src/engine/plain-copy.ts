/**
 * Owns copying plain state at once and encoding the copy as JSON in pieces. Plain: objects, arrays, finite numbers, texts,
 * booleans, null. Never sees Map, class or cycle: deciders promise so.
 */

/** A deep copy. Arrays of numbers, the bulk of a state, are copied natively: about 1 µs for a thousand. */
export function copyPlain<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const isFlat = typeof value[0] !== 'object' && typeof value[value.length - 1] !== 'object'
    return (isFlat && value.every(isScalar) ? value.slice() : value.map(copyPlain)) as T // an array as T is
  }
  const copy: Record<string, unknown> = {}
  for (const key in value) copy[key] = copyPlain(value[key])
  return copy as T // the same keys
}

const isScalar = (value: unknown): boolean => typeof value !== 'object'

/**
 * Pieces whose concatenation is `JSON.stringify(value)`: the members of an object one by one, and of its lists of objects
 * each element, so that a piece is about one instrument's state.
 */
export function* jsonPieces(value: unknown): Generator<string, void, undefined> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    yield JSON.stringify(value)
    return
  }
  let separator = '{'
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue
    const head = `${separator}${JSON.stringify(key)}:`
    separator = ','
    if (!Array.isArray(member) || member.length < 2 || typeof member[0] !== 'object') {
      yield head + JSON.stringify(member)
      continue
    }
    for (let i = 0; i < member.length; i++) yield (i === 0 ? `${head}[` : ',') + JSON.stringify(member[i])
    yield ']'
  }
  yield separator === '{' ? '{}' : '}'
}
