/** Owns remembering what is costly to derive: so many entries, the oldest go first. Never changes a result. */
export interface BoundedCache<T> {
  get(key: string, make: () => T): T
}

export function boundedCache<T>(limit: number): BoundedCache<T> {
  const kept = new Map<string, T>()
  return {
    get(key, make) {
      const known = kept.get(key)
      if (known !== undefined) return known
      const made = make()
      if (kept.size >= limit) kept.delete(kept.keys().next().value ?? key)
      kept.set(key, made)
      return made
    },
  }
}
