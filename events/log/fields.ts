/** Owns checks of parsed JSON, key by key, for the manifest and checkpoint lines. Never converts a value. */

/** Undefined when the value is right, else what is wrong with `key`. */
export type Check = (value: unknown, key: string) => string | undefined

export const text: Check = (value, key) =>
  typeof value === 'string' && value.length > 0 ? undefined : `${key} is no text`

/** A whole number from 0 on. */
export const whole: Check = (value, key) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? undefined : `${key} is no whole number`

export const hex64: Check = (value, key) =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? undefined : `${key} is no SHA-256 in hex`

const optionals = new WeakSet<Check>()

/** The key may be absent. */
export function optional(check: Check): Check {
  const result: Check = (value, key) => check(value, key)
  optionals.add(result)
  return result
}

export function listOf(check: Check): Check {
  return (value, key) => {
    if (!Array.isArray(value)) return `${key} is no list`
    for (const [index, item] of value.entries()) {
      const fault = check(item, `${key}[${index}]`)
      if (fault) return fault
    }
    return undefined
  }
}

export function record(fields: Readonly<Record<string, Check>>): Check {
  return (value, key) => checkFields(fields, value, `${key}.`)
}

/** Every key known and right, none missing. */
export function checkFields(
  fields: Readonly<Record<string, Check>>,
  value: unknown,
  prefix: string,
): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `${prefix === '' ? 'it' : prefix.slice(0, -1)} is no object`
  }
  const object = new Map<string, unknown>(Object.entries(value))
  for (const key of object.keys()) if (!Object.hasOwn(fields, key)) return `${prefix}${key} is unknown`
  for (const [key, check] of Object.entries(fields)) {
    if (!object.has(key)) {
      if (optionals.has(check)) continue
      return `${prefix}${key} is missing`
    }
    const fault = check(object.get(key), `${prefix}${key}`)
    if (fault) return fault
  }
  return undefined
}
