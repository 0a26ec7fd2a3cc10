/** Owns reading quantbot.yaml: YAML with line numbers, the schema, errors that name file, line, key and nearest valid key. */
import { readFileSync } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { type Config, configSchema } from '#core/config/schema'
import { QuantbotError } from '#core/errors'

/** Reads and checks a configuration. CONFIG_UNREADABLE or CONFIG_INVALID on the first thing that is wrong. */
export function readConfig(path: string): Config {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new QuantbotError('CONFIG_UNREADABLE', `${path}: ${(cause as Error).message}`, { cause }) // readFileSync throws Errors
  }
  return parseConfig(text, path)
}

/** As {@link readConfig}, of a text; `path` stands in the messages. */
export function parseConfig(text: string, path: string): Config {
  return checkConfig(parseYaml(text, path), path, (keys) => lineOf(text, keys))
}

/** YAML as plain data; CONFIG_UNREADABLE names the line. */
export function parseYaml(text: string, path: string): unknown {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const problem = document.errors[0]
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0])
    throw new QuantbotError('CONFIG_UNREADABLE', `${path}:${line}: ${problem.message.split('\n')[0]}`)
  }
  return document.toJS() ?? {}
}

/** Fills in defaults and refuses what the schema does not know. */
export function checkConfig(
  value: unknown,
  path: string,
  line?: (keys: readonly PropertyKey[]) => number | undefined,
): Config {
  const result = configSchema.safeParse(withSignalList(value))
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => describe(issue, path, line))
  throw new QuantbotError('CONFIG_INVALID', lines.join('\n'))
}

/** `signals: [{ module: … }]` adds signals of your own to the built-in ones. */
function withSignalList(value: unknown): unknown {
  const signals = (value as { readonly signals?: unknown } | null)?.signals // anything may have been read
  return Array.isArray(signals) ? { ...(value as object), signals: { external: signals as unknown } } : value
}

function describe(
  issue: z.core.$ZodIssue,
  path: string,
  line?: (keys: readonly PropertyKey[]) => number | undefined,
): string {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .map((key) => {
        const near = nearest(key, validKeys(issue.path))
        const hint = near === undefined ? '' : `; did you mean ${near}?`
        return `${place(path, line?.([...issue.path, key]))} ${[...issue.path, key].join('.')}: unknown key${hint}`
      })
      .join('\n')
  }
  return `${place(path, line?.(issue.path))} ${issue.path.join('.') || '(root)'}: ${issue.message}`
}

const place = (path: string, line: number | undefined): string => (line === undefined ? `${path}:` : `${path}:${line}:`)

function lineOf(text: string, keys: readonly PropertyKey[]): number | undefined {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, keepSourceTokens: true })
  for (let depth = keys.length; depth > 0; depth--) {
    const parent = document.getIn(keys.slice(0, depth - 1), true)
    const key = keys[depth - 1]
    const items = (parent as { items?: readonly unknown[] } | undefined)?.items ?? [] // yaml's collections have items
    for (const [index, item] of items.entries()) {
      const pair = item as { key?: { value?: unknown; range?: readonly number[] }; range?: readonly number[] } // Pair or node
      if (pair.key?.value === key && pair.key?.range) return lines.linePos(pair.key.range[0]!).line
      if (index === key && pair.range) return lines.linePos(pair.range[0]!).line
    }
  }
  return undefined
}

function validKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = configSchema
  for (const key of path) {
    const shape = shapeOf(schema)
    schema = typeof key === 'number' ? elementOf(schema) : shape?.[String(key)]
  }
  return Object.keys(shapeOf(schema) ?? {})
}

interface SchemaNode {
  readonly shape?: Record<string, unknown>
  readonly element?: unknown
  readonly def?: { readonly innerType?: unknown }
}

function unwrap(schema: unknown): SchemaNode | undefined {
  let node = schema as SchemaNode | undefined // zod's wrappers keep the inner schema in def.innerType
  while (node?.def?.innerType !== undefined) node = node.def.innerType as SchemaNode // as above
  return node
}

const shapeOf = (schema: unknown): Record<string, unknown> | undefined => unwrap(schema)?.shape
const elementOf = (schema: unknown): unknown => unwrap(schema)?.element

function nearest(word: string, candidates: readonly string[]): string | undefined {
  const scored = candidates.map((candidate) => ({
    candidate,
    distance: editDistance(word.toLowerCase(), candidate.toLowerCase()),
  }))
  const best = scored.sort((a, b) => a.distance - b.distance)[0]
  return best !== undefined && best.distance <= Math.max(2, word.length / 3) ? best.candidate : undefined
}

/** Levenshtein (1966). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++)
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    previous = current
  }
  return previous[b.length]!
}
