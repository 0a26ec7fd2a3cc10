/** Owns the one kind of state that parts of the page share: a value, who wants to hear of it, nothing else. Knows no DOM. */

export interface Store<T> {
  get(): T
  /** Members of `patch` replace those of the value; nobody is told when nothing changed. */
  set(patch: Partial<T>): void
  subscribe(listener: () => void): () => void
}

export function createStore<T extends object>(initial: T): Store<T> {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(patch) {
      const keys = Object.keys(patch) as (keyof T)[] // of an object of this type
      if (keys.every((key) => Object.is(patch[key], value[key]))) return
      value = { ...value, ...patch }
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
