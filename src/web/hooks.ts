/** Owns how parts of the page read shared state and documents. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ApiError } from './api.js'
import { asApiError, type Page, page } from './run-store.js'

/** What `select` takes of the page; drawn again only when that changes. */
export function usePage<T>(select: (page: Page) => T): T {
  const [, redraw] = useState(0)
  const chosen = useRef(select)
  chosen.current = select
  const now = select(page.get())
  const shown = useRef(now)
  shown.current = now
  useEffect(
    () =>
      page.subscribe(() => {
        if (!Object.is(chosen.current(page.get()), shown.current)) redraw((n) => n + 1)
      }),
    [],
  )
  return now
}

export interface Fetched<T> {
  /** Of the newest question that was answered; it stays while the next is on its way. */
  readonly document: T | null
  readonly problem: ApiError | null
  readonly isLoading: boolean
}

/** Asks when `key` changes, and forgets answers to older questions. A null key asks nothing. */
export function useFetched<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Fetched<T> {
  const [fetched, set] = useState<Fetched<T>>({ document: null, problem: null, isLoading: key !== null })
  const latest = useRef(ask)
  latest.current = ask
  useEffect(() => {
    if (key === null) return undefined
    const abort = new AbortController()
    set((before) => ({ ...before, isLoading: true }))
    latest.current(abort.signal).then(
      (document) => {
        if (!abort.signal.aborted) set({ document, problem: null, isLoading: false })
      },
      (error) => {
        if (!abort.signal.aborted) set({ document: null, problem: asApiError(error), isLoading: false })
      },
    )
    return () => abort.abort()
  }, [key])
  return fetched
}
