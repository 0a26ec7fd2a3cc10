/** Owns how parts of the page read shared state and documents. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { runNow } from './age.js'
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

/** A second hand, for what grows old by itself: the browser's clock, epoch ms. */
export function useNow(everyMs = 1000): number {
  const [now, set] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

/** What time it is in the run, epoch ms, for ages. */
export function useRunNow(): number {
  const now = useNow()
  const mode = usePage((each) => each.facts?.mode ?? '')
  const isFollowing = usePage((each) => each.facts?.isLive === true && each.route.at === null)
  const stateTs = usePage((each) => each.state?.ts ?? 0)
  const headTs = usePage((each) => each.head?.ts ?? 0)
  const takenAt = usePage((each) => each.status?.takenAt ?? 0)
  const statusAt = usePage((each) => each.statusAt)
  return runNow({ mode, isFollowing, stateTs, headTs, takenAt, statusAt, now })
}
