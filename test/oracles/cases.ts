/**
 * Owns the reading, running and judging of oracle files (methods, sections 0 and 19).
 * Must never adapt an expectation: a case passes iff |a - e| <= tol max(1, |e|) all the way down.
 */
import { readdirSync, readFileSync } from 'node:fs'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** What a method makes of the inputs of a case; `undefined` stands nowhere. */
export type OracleMethod = (inputs: JsonObject) => JsonObject

export interface OracleCase {
  readonly file: string
  readonly id: string
  readonly method: string
  readonly inputs: JsonObject
  /** Why its inputs could not be resolved; such a case fails. */
  readonly problem?: string
  readonly expected: Json
  readonly tolerance: number
}

export interface Mismatch {
  readonly path: string
  readonly expected: Json
  readonly actual: Json | undefined
  /** |actual - expected|; null when they are not both numbers. */
  readonly difference: number | null
}

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly mismatches: readonly Mismatch[]; readonly error?: string }

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Cases of every `*.json` of a folder, `$.x` and `ref` resolved; files without `cases` are skipped. */
export function readCases(folder: string): OracleCase[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => casesOf(name.replace(/\.json$/, ''), JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'))))
}

/** Cases of one parsed file. */
export function casesOf(file: string, root: JsonObject): OracleCase[] {
  const cases = Array.isArray(root.cases) ? root.cases.filter(isObject) : []
  return cases.map((entry) => ({
    file,
    id: String(entry.id),
    method: String(entry.method),
    ...resolvedInputs(entry, cases, root),
    expected: entry.expected ?? null,
    tolerance: typeof entry.tol === 'number' ? entry.tol : 0,
  }))
}

function resolvedInputs(
  entry: JsonObject,
  cases: readonly JsonObject[],
  root: JsonObject,
): Pick<OracleCase, 'inputs' | 'problem'> {
  try {
    return { inputs: inputsOf(entry, cases, root, 0) }
  } catch (error) {
    return { inputs: {}, problem: error instanceof Error ? error.message : String(error) }
  }
}

function inputsOf(entry: JsonObject, cases: readonly JsonObject[], root: JsonObject, depth: number): JsonObject {
  if (depth > cases.length) throw new Error(`${String(entry.id)}: refs go round in a circle`)
  const raw = isObject(entry.inputs) ? entry.inputs : {}
  const own = Object.fromEntries(
    Object.entries(raw)
      .filter(([key]) => key !== 'ref')
      .map(([key, value]) => [key, resolve(value, root)]),
  )
  if (raw.ref === undefined) return own
  const target = cases.find((other) => other.id === raw.ref)
  if (target === undefined) throw new Error(`${String(entry.id)}: no case ${JSON.stringify(raw.ref)} to refer to`)
  return { ...inputsOf(target, cases, root, depth + 1), ...own }
}

function resolve(value: Json, root: JsonObject): Json {
  if (typeof value === 'string' && value.startsWith('$.')) {
    const found = value
      .slice(2)
      .split('.')
      .reduce<Json | undefined>((at, key) => (isObject(at) ? at[key] : undefined), root)
    if (found === undefined) throw new Error(`${value} stands for nothing`)
    return found
  }
  if (Array.isArray(value)) return value.map((item: Json) => resolve(item, root))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, root)]))
}

/** Differences of an actual value to the expected one; keys that nobody expects are ignored. */
export function compare(expected: Json, actual: Json | undefined, tolerance: number, path = ''): Mismatch[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [{ path, expected, actual, difference: null }]
    const length = { path: `${path}.length`, expected: expected.length, actual: actual.length, difference: null }
    return [
      ...(expected.length === actual.length ? [] : [length]),
      ...expected.flatMap((item: Json, i) =>
        i < actual.length ? compare(item, actual[i], tolerance, `${path}[${i}]`) : [],
      ),
    ]
  }
  if (isObject(expected)) {
    if (!isObject(actual)) return [{ path, expected, actual, difference: null }]
    return Object.entries(expected).flatMap(([key, item]) => compare(item, actual[key], tolerance, `${path}.${key}`))
  }
  if (typeof expected === 'number' && typeof actual === 'number') {
    const difference = Math.abs(actual - expected)
    return difference <= tolerance * Math.max(1, Math.abs(expected)) ? [] : [{ path, expected, actual, difference }]
  }
  return expected === actual ? [] : [{ path, expected, actual, difference: null }]
}

/** Runs one case. */
export function judge(oracle: OracleCase, methods: ReadonlyMap<string, OracleMethod>): Verdict {
  const method = methods.get(oracle.method)
  if (method === undefined) return { kind: 'unknown' }
  if (oracle.problem !== undefined) return { kind: 'failed', mismatches: [], error: oracle.problem }
  try {
    const mismatches = compare(oracle.expected, method(oracle.inputs), oracle.tolerance)
    return mismatches.length === 0 ? { kind: 'passed' } : { kind: 'failed', mismatches }
  } catch (error) {
    return { kind: 'failed', mismatches: [], error: error instanceof Error ? error.message : String(error) }
  }
}

const MISMATCHES_SHOWN = 5
const text = (value: Json | undefined): string => (JSON.stringify(value) ?? 'nothing').slice(0, 200)

/** Lines that tell a failed case: its name, then what was expected, what came and how far they are apart. */
export function describeFailure(oracle: OracleCase, verdict: Extract<Verdict, { kind: 'failed' }>): string[] {
  const lines = [`FAIL ${oracle.file}/${oracle.id} (${oracle.method}, tol ${oracle.tolerance})`]
  if (verdict.error !== undefined) lines.push(`  error: ${verdict.error}`)
  for (const m of verdict.mismatches.slice(0, MISMATCHES_SHOWN)) {
    const apart = m.difference === null ? '' : ` |diff| ${m.difference}`
    lines.push(`  ${m.path || '(whole)'}: expected ${text(m.expected)} actual ${text(m.actual)}${apart}`)
  }
  const more = verdict.mismatches.length - MISMATCHES_SHOWN
  if (more > 0) lines.push(`  and ${more} more`)
  return lines
}
