/** Owns applying a patch to a configuration: objects merge key by key, everything else replaces (RFC 7396 without null). */

type Plain = { readonly [key: string]: unknown }

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `base` under `patch`; neither is changed. */
export function mergePatch(base: unknown, patch: unknown): unknown {
  if (!isPlain(base) || !isPlain(patch)) return patch
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(patch)) merged[key] = key in base ? mergePatch(base[key], value) : value
  return merged
}
