/**
 * Owns which state is fetched when: the live head at most so often, a chosen seq at once, one request at a time, the newest wish last.
 * Knows neither DOM nor network: both are given.
 */
import type { ViewState } from '#audit/view/view.port'

export interface Follower {
  /** The log has come to `seq`: asked for unless a seq is chosen. */
  moved(seq: number): void
  /** Another seq is chosen; null: the head again. */
  choose(at: number | null): void
  /** Asks again for what is wanted, after a failure. */
  retry(): void
}

export interface FollowOptions {
  readonly load: (seq: number | undefined) => Promise<ViewState>
  readonly show: (state: ViewState, at: number | null) => void
  readonly fail: (error: unknown, at: number | null) => void
  /** Real milliseconds between two requests for the head. */
  readonly everyMs: number
  readonly now: () => number
  readonly later: (fn: () => void, ms: number) => void
}

/** States of chosen seqs never change: so many are kept, for a slider that goes to and fro. */
const KEPT = 64

export function createFollower({ load, show, fail, everyMs, now, later }: FollowOptions): Follower {
  const kept = new Map<number, ViewState>()
  let [at, head, shownHead]: [number | null, number, number] = [null, 0, 0]
  let [isLoading, isWaiting] = [false, false]
  let lastStart = Number.NEGATIVE_INFINITY
  let shownAt: number | undefined

  function keep(state: ViewState): void {
    kept.delete(state.seq)
    kept.set(state.seq, state)
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!) // size > 0
  }

  async function fetchWanted(): Promise<void> {
    const wanted = at
    const headThen = head
    isLoading = true
    lastStart = now()
    try {
      const state = await load(wanted ?? undefined)
      if (wanted !== null) keep(state)
      if (at === wanted) {
        if (wanted === null) shownHead = Math.max(headThen, state.seq)
        shownAt = wanted ?? undefined
        show(state, wanted)
      }
    } catch (error) {
      if (at === wanted) {
        // Not asked again by itself: the next head or choice does.
        if (wanted === null) shownHead = headThen
        shownAt = wanted ?? undefined
        fail(error, wanted)
      }
    }
    isLoading = false
    pump()
  }

  function pump(): void {
    if (isLoading || isWaiting) return
    if (at !== null) {
      if (shownAt !== at) void fetchWanted()
      return
    }
    if (head <= shownHead && shownAt === undefined) return
    const wait = lastStart + everyMs - now()
    if (wait <= 0) {
      void fetchWanted()
      return
    }
    isWaiting = true
    later(() => {
      isWaiting = false
      pump()
    }, wait)
  }

  return {
    moved(seq) {
      head = Math.max(head, seq)
      pump()
    },
    choose(next) {
      if (next === at) return
      at = next
      const known = next === null ? undefined : kept.get(next)
      if (next === null) {
        // What is on the page is of another seq: the head is asked for at once.
        shownHead = 0
        lastStart = Number.NEGATIVE_INFINITY
      } else if (known !== undefined) {
        shownAt = next
        show(known, next)
      } else shownAt = undefined
      isWaiting = false
      pump()
    },
    retry() {
      if (at === null) shownHead = 0
      else shownAt = undefined
      pump()
    },
  }
}
