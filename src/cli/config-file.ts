/** Owns reading quantbot.yaml: its text, its schema, the secrets that stand beside it in `.env`. */
import { readFileSync } from 'node:fs'
import { type Config, configSchema } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { configError } from './config-problems.js'
import { readYaml, type YamlText } from './config-yaml.js'
import { loadEnvBeside } from './env-file.js'

/**
 * Reads and checks a configuration, and fills the environment from `.env` beside it, with names that it asks for alone.
 * CONFIG_UNREADABLE, CONFIG_INVALID, CONFIG_SECRET_LITERAL: every problem with its place.
 */
export function readConfig(path: string): Config {
  const config = parseConfig(readText(path), path)
  loadEnvBeside(path, config)
  return config
}

/** CONFIG_UNREADABLE. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new QuantbotError('CONFIG_UNREADABLE', `${path}: ${(cause as Error).message}`, { cause }) // readFileSync throws Errors
  }
}

/** As {@link readConfig}, of a text, without the environment; `path` stands in the messages. */
export function parseConfig(text: string, path: string): Config {
  const yaml = readYaml(text, path)
  return checkConfig(yaml.value, path, yaml)
}

/** YAML as plain data; CONFIG_UNREADABLE names line and column. */
export function parseYaml(text: string, path: string): unknown {
  return readYaml(text, path).value
}

/** Fills in defaults and refuses what the schema does not know. */
export function checkConfig(value: unknown, path: string, yaml?: Pick<YamlText, 'placeOf'>): Config {
  const result = configSchema.safeParse(withSignalList(value))
  if (result.success) return result.data
  throw configError(result.error.issues, path, value, yaml && { placeOf: (keys) => placeOf(keys, value, yaml) })
}

/** `signals: [{ module: … }]` adds signals of your own to the built-in ones. */
function withSignalList(value: unknown): unknown {
  const signals = (value as { readonly signals?: unknown } | null)?.signals // anything may have been read
  return Array.isArray(signals) ? { ...(value as object), signals: { external: signals as unknown } } : value
}

/** In the file a list of signals has no key `external`. */
function placeOf(keys: readonly PropertyKey[], value: unknown, yaml: Pick<YamlText, 'placeOf'>) {
  const isList = Array.isArray((value as { readonly signals?: unknown } | null)?.signals) // as above
  return yaml.placeOf(isList && keys[0] === 'signals' && keys[1] === 'external' ? ['signals', ...keys.slice(2)] : keys)
}
