/** Owns checking what was read as a configuration, from a file or a manifest. Never reads: YAML is loaded for files alone. */
import { type Config, configSchema } from '#core/config/schema'
import type { YamlText } from './config-place.js'
import { configError } from './config-problems.js'

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
