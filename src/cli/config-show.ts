/** Owns the effective configuration, key by key, and where each value came from. Secrets only as names. */
import { configSchema } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { checkConfig } from './config-check.js'
import { readText } from './config-file.js'
import type { YamlText } from './config-place.js'
import { readYaml } from './config-yaml.js'
import { isFromEnvFile, loadEnvBeside } from './env-file.js'
import { simConfig } from './sim-run.js'

export type Origin =
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'flag'; readonly flag: string }
  /** The mode of the run brings it. */
  | { readonly kind: 'mode'; readonly mode: string }
  | { readonly kind: 'default' }

export interface ShownValue {
  /** `signals.tsmom.volTarget`, `universe.0.tick`. */
  readonly path: string
  /** Plain data; of a secret its name, `env:NAME`. */
  readonly value: unknown
  /** Whether the environment has it; absent for what is no secret. */
  readonly secret?: 'set' | 'set by .env' | 'missing'
  readonly from: Origin
}

export interface ShownConfig {
  readonly file: string | null
  readonly values: readonly ShownValue[]
}

export interface ShowRequest {
  readonly config?: string
  readonly mode?: string
  readonly seed?: string
}

/** Options of signals of one's own may be called anything: values of such names are not shown. */
const SECRET_NAME = /secret|password|passphrase|token|webhook|credential|api-?_?key/i

/** USAGE; CONFIG_UNREADABLE, CONFIG_INVALID, CONFIG_SECRET_LITERAL. */
export function effectiveConfig({ config: file, mode, seed }: ShowRequest): ShownConfig {
  if (mode !== undefined && mode !== 'sim' && mode !== 'paper')
    throw new QuantbotError('USAGE', `--mode ${mode} is neither sim nor paper`)
  const yaml = file === undefined ? undefined : readYaml(readText(file), file)
  const base = file === undefined ? configSchema.parse({}) : checkConfig(yaml?.value, file, yaml)
  if (file !== undefined) loadEnvBeside(file, base)
  const seeded = seed === undefined ? base : configSchema.parse({ ...base, seed: seedOf(seed) })
  const config = mode === 'sim' ? simConfig(seeded) : seeded
  const changed = new Set(leavesOf(config).map(([path, value]) => `${path.join('.')} ${JSON.stringify(value)}`))
  for (const [path, value] of leavesOf(seeded)) changed.delete(`${path.join('.')} ${JSON.stringify(value)}`)
  const originOf = (path: readonly string[], value: unknown): Origin => {
    if (mode !== undefined && changed.has(`${path.join('.')} ${JSON.stringify(value)}`)) return { kind: 'mode', mode }
    if (seed !== undefined && path[0] === 'seed') return { kind: 'flag', flag: '--seed' }
    const place = file === undefined ? undefined : placeIn(yaml, path)
    return place === undefined || file === undefined ? { kind: 'default' } : { kind: 'file', file, ...place }
  }
  const values = leavesOf(config).map(([path, value]) => ({
    path: path.join('.'),
    ...shownOf(path, value),
    from: originOf(path, value),
  }))
  return { file: file ?? null, values }
}

function seedOf(text: string): number {
  const seed = Number(text)
  if (text.trim() === '' || !Number.isInteger(seed) || seed < 0 || seed > 4294967295)
    throw new QuantbotError('USAGE', `--seed ${JSON.stringify(text)} is out of range`)
  return seed
}

function placeIn(yaml: YamlText | undefined, path: readonly string[]) {
  const isList = path[0] === 'signals' && path[1] === 'external'
  return yaml?.exactPlaceOf(path) ?? (isList ? yaml?.exactPlaceOf(['signals', ...path.slice(2)]) : undefined)
}

function shownOf(path: readonly string[], value: unknown): Pick<ShownValue, 'value' | 'secret'> {
  const name = typeof value === 'string' ? /^env:([A-Za-z_]\w{0,63})$/.exec(value)?.[1] : undefined
  if (name !== undefined) {
    const isSet = (process.env[name] ?? '') !== ''
    return { value, secret: !isSet ? 'missing' : isFromEnvFile(name) ? 'set by .env' : 'set' }
  }
  const isHidden = path[0] === 'signals' && path[1] === 'external' && path.some((key) => SECRET_NAME.test(key))
  return { value: isHidden ? '(hidden)' : value }
}

/** Paths of everything that holds no other; an empty list or record is one. */
function leavesOf(value: unknown, path: readonly string[] = []): (readonly [readonly string[], unknown])[] {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return entries.length === 0 ? [[path, value]] : entries.flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
}
