/** Owns fetching the stretch of the log that is on the page: its tail as the head moves, older pages when asked for. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type ApiError, api } from '../api.js'
import { asApiError } from '../run-store.js'
import { type Filter, NOTHING, newerQuery, olderQuery, type Stretch, upTo, withNewer, withOlder } from './log-pages.js'

const PAGE = 200
/** A search that finds little goes on by itself for so many answers. */
const SEARCHES = 20
/** Real milliseconds between two looks at the tail. */
const TAIL_MS = 400

interface LogState {
  readonly stretch: Stretch
  readonly problem: ApiError | null
  readonly isAsking: boolean
}

export interface LogDocs extends LogState {
  older(): void
}

/** `until` is the newest seq to show. A past one begins the stretch anew; a tail goes on from where it is. */
export function useLog(filter: Filter, until: number, isTailing: boolean, isPast: boolean): LogDocs {
  const [log, set] = useState<LogState>({ stretch: NOTHING, problem: null, isAsking: false })
  const key = `${JSON.stringify(filter)}|${isPast ? until : 'tail'}`
  const run = useRef({ key: '', stretch: NOTHING, isAsking: false })
  const target = useRef(until)
  target.current = until

  const ask = async (work: (current: Stretch) => Promise<Stretch | undefined>): Promise<void> => {
    const mine = run.current
    if (mine.isAsking) return
    mine.isAsking = true
    set((before) => ({ ...before, isAsking: true }))
    try {
      for (let i = 0; i < SEARCHES && run.current === mine; i++) {
        const next = await work(mine.stretch)
        if (next === undefined) break
        mine.stretch = next
        if (run.current === mine) set({ stretch: next, problem: null, isAsking: true })
      }
    } catch (error) {
      if (run.current === mine) set((before) => ({ ...before, problem: asApiError(error) }))
    }
    mine.isAsking = false
    if (run.current === mine) set((before) => ({ ...before, isAsking: false }))
  }

  const older = (): void => {
    const had = run.current.stretch.events.length
    void ask(async (current) => {
      if (!current.hasOlder || current.events.length >= had + PAGE / 2) return undefined
      const before = current.to === 0 ? target.current + 1 : current.from
      return withOlder(current, before, await api.events(olderQuery(filter, before, PAGE)))
    })
  }

  useEffect(() => {
    run.current = { key, stretch: NOTHING, isAsking: false }
    // What was shown stays until the first page has come, but for what lies behind the instant looked at.
    set((before) => ({ ...before, stretch: isPast ? upTo(before.stretch, until) : before.stretch, isAsking: true }))
    if (until > 0) older()
  }, [key, until > 0])

  useEffect(() => {
    if (!isTailing || until === 0) return undefined
    // At a pace of its own: the head moves faster than the tail is asked for.
    const timer = setInterval(() => {
      void ask(async (current) => {
        if (current.to === 0 || current.to >= target.current || current.isCut) return undefined
        return withNewer(current, await api.events(newerQuery(filter, current.to, PAGE)))
      })
    }, TAIL_MS)
    return () => clearInterval(timer)
  }, [isTailing, until > 0, key])

  return { ...log, older }
}
