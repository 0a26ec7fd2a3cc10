/** Owns asking for the newest of many wishes: one question in flight, those overtaken while it runs are never asked. Must never answer out of order. */

export interface Latest<K> {
  /** Asks for `key` now, or as soon as the question in flight has come back, unless a newer wish overtakes it. */
  want(key: K): void
  /** No more answers. */
  stop(): void
  readonly isBusy: boolean
}

/** `take` gets answers in the order in which they were asked; `fail` gets what `ask` threw, and the newest wish is still asked. */
export function latest<K, V>(
  ask: (key: K) => Promise<V>,
  take: (key: K, value: V) => void,
  fail: (key: K, error: unknown) => void,
): Latest<K> {
  let next: { readonly key: K } | undefined
  let isBusy = false
  let isStopped = false
  const run = async (): Promise<void> => {
    isBusy = true
    while (next !== undefined && !isStopped) {
      const { key } = next
      next = undefined
      try {
        const value = await ask(key)
        if (!isStopped) take(key, value)
      } catch (error) {
        if (!isStopped) fail(key, error)
      }
    }
    isBusy = false
  }
  return {
    want(key) {
      if (isStopped) return
      next = { key }
      if (!isBusy) void run()
    },
    stop() {
      isStopped = true
      next = undefined
    },
    get isBusy() {
      return isBusy
    },
  }
}
