/**
 * Owns what is wrong with a configuration in words: place, path, problem, nearest valid key or word. Never repeats a value:
 * it may be a secret.
 */
import { distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { configSchema } from '#core/config/schema'
import { type ErrorCode, QuantbotError } from '#core/errors'
import { at, type YamlText } from './config-place.js'

type Issue = z.core.$ZodIssue

/** Problems that are told at once (ours). */
const PROBLEMS_MAX = 20
/** Places elsewhere that an unknown key is shown to belong to. */
const ELSEWHERE_MAX = 3

/** One error with a line a problem, in the order of the file. `value` is what was read: words of it are only compared. */
export function configError(
  issues: readonly Issue[],
  path: string,
  value: unknown,
  yaml: Pick<YamlText, 'placeOf'> | undefined,
): QuantbotError {
  const problems = issues.flatMap((issue) => problemsOf(issue, value))
  const placed = problems.map((problem) => ({ ...problem, place: yaml?.placeOf(problem.keys) }))
  placed.sort((a, b) => rank(a.place) - rank(b.place))
  const lines = placed.map(({ keys, words, place }) => `${at(path, place)}: ${nameOf(keys)}: ${words}`)
  const rest = lines.length - PROBLEMS_MAX
  const shown = rest > 0 ? [...lines.slice(0, PROBLEMS_MAX), `and ${rest} more`] : lines
  return new QuantbotError(codeOf(issues), shown.join('\n'))
}

interface Problem {
  readonly keys: readonly PropertyKey[]
  readonly words: string
}

const COLUMNS = 100_000
const rank = (place: { readonly line: number; readonly column: number } | undefined): number =>
  place === undefined ? 0 : place.line * COLUMNS + place.column

function codeOf(issues: readonly Issue[]): ErrorCode {
  const isLiteral = issues.some((issue) => issue.code === 'custom' && issue.params?.code === 'CONFIG_SECRET_LITERAL')
  return isLiteral ? 'CONFIG_SECRET_LITERAL' : 'CONFIG_INVALID'
}

const nameOf = (keys: readonly PropertyKey[]): string => keys.map(String).join('.') || '(root)'

function problemsOf(issue: Issue, value: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      keys: [...issue.path, key],
      words: `unknown key${hintOf(key, issue.path)}`,
    }))
  if (issue.code === 'invalid_value') {
    const near = nearest(valueAt(value, issue.path), issue.values.map(String))
    const words = `must be one of ${issue.values.map(String).join(', ')}`
    return [{ keys: issue.path, words: near === undefined ? words : `${words}; did you mean ${near}?` }]
  }
  return [{ keys: issue.path, words: issue.message.replace(/^Invalid input: expected/, 'must be') }]
}

/** Of the keys that stand there the one that looks like it; else where a key of that name belongs. */
function hintOf(key: string, path: readonly PropertyKey[]): string {
  const keys = validKeys(path)
  const near = nearest(key, keys)
  if (near !== undefined) return `; did you mean ${near}?`
  const elsewhere = pathsOf(key)
  if (elsewhere.length > 0 && elsewhere.length <= ELSEWHERE_MAX) return `; it belongs to ${elsewhere.join(' or ')}`
  return keys.length === 0 ? '' : `; there are ${keys.join(', ')}`
}

function nearest(word: unknown, candidates: readonly string[]): string | undefined {
  if (typeof word !== 'string') return undefined
  const plain = (text: string): string => text.toLowerCase().replace(/[-_]/g, '')
  let best: { readonly candidate: string; readonly far: number } | undefined
  for (const candidate of candidates) {
    const far = distance(plain(word), plain(candidate))
    if (best === undefined || far < best.far) best = { candidate, far }
  }
  return best !== undefined && best.far <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value
  for (const key of path) at = (at as Record<PropertyKey, unknown> | null | undefined)?.[key] // anything may have been read
  return at
}

interface SchemaNode {
  readonly shape?: Readonly<Record<string, unknown>>
  readonly element?: unknown
  readonly def?: { readonly innerType?: unknown }
}

function unwrap(schema: unknown): SchemaNode | undefined {
  let node = schema as SchemaNode | undefined // zod's wrappers keep the inner schema in def.innerType
  while (node?.def?.innerType !== undefined) node = node.def.innerType as SchemaNode // as above
  return node
}

function validKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = configSchema
  for (const key of path) {
    const node = unwrap(schema)
    schema = typeof key === 'number' ? node?.element : node?.shape?.[String(key)]
  }
  return Object.keys(unwrap(schema)?.shape ?? {})
}

/** Every path of the schema that ends with this key. */
function pathsOf(key: string, schema: unknown = configSchema, before = ''): string[] {
  const node = unwrap(schema)
  if (node?.element !== undefined) return pathsOf(key, node.element, before)
  return Object.entries(node?.shape ?? {}).flatMap(([name, inner]) => {
    const path = before === '' ? name : `${before}.${name}`
    return [...(name === key ? [path] : []), ...pathsOf(key, inner, path)]
  })
}
