/** Owns how a view asks for documents that follow the seq looked at: one question in flight, the newest wins, what was shown stays until the next. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ApiError } from '../api.js'
import { asApiError } from '../run-store.js'
import type { Store } from '../store.js'
import { type Latest, latest } from './time-machine-latest.js'

export interface Followed<T> {
  readonly document: T | null
  /** Key of the document. */
  readonly key: string | null
  readonly problem: ApiError | null
}

/** Asks when `key` changes; a null key asks nothing and keeps what is there. */
export function useFollowed<T>(key: string | null, ask: () => Promise<T>): Followed<T> {
  const [followed, set] = useState<Followed<T>>({ document: null, key: null, problem: null })
  const wish = useRef<Latest<{ readonly key: string; ask(): Promise<T> }> | null>(null)
  useEffect(() => {
    const created = latest<{ readonly key: string; ask(): Promise<T> }, T>(
      (each) => each.ask(),
      (each, document) => set({ document, key: each.key, problem: null }),
      (each, error) => set((before) => ({ document: before.document, key: each.key, problem: asApiError(error) })),
    )
    wish.current = created
    return () => created.stop()
  }, [])
  useEffect(() => {
    if (key !== null) wish.current?.want({ key, ask })
  }, [key])
  return followed
}

/** `value`, at most every so many real milliseconds; a changed `now` is taken at once. */
export function usePaced<T>(value: T, everyMs: number, now: unknown): T {
  const [paced, set] = useState(value)
  const newest = useRef(value)
  newest.current = value
  const at = useRef(0)
  useEffect(() => {
    at.current = performance.now()
    set(newest.current)
  }, [now])
  useEffect(() => {
    const wait = at.current + everyMs - performance.now()
    const take = (): void => {
      at.current = performance.now()
      set(newest.current)
    }
    if (wait <= 0) {
      take()
      return undefined
    }
    const timer = setTimeout(take, wait)
    return () => clearTimeout(timer)
  }, [value])
  return paced
}

/** A store as a hook: drawn again when any of it changes. */
export function useStore<T extends object>(store: Store<T>): T {
  const [, redraw] = useState(0)
  useEffect(() => store.subscribe(() => redraw((n) => n + 1)), [store])
  return store.get()
}
