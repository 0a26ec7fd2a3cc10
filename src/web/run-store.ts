/**
 * Owns what the whole page shares: the run's facts, its head, the state that is looked at (of the head, or of a chosen seq), the live status
 * and whether quantbot answers. Views read it and never fetch a state themselves.
 */
import type { Head, ViewState } from '#audit/view/view.port'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import { ApiError, api, type PageFacts } from './api.js'
import { createFollower } from './follow.js'
import { hashOf, parseRoute, type Route } from './routes.js'
import { createStore } from './store.js'
import { openStream } from './stream.js'

/** At most two a second, as the server allows. */
const HEAD_EVERY_MS = 500
const RETRY_MS = 2_000

export interface Page {
  readonly session: 'opening' | 'open' | 'absent'
  readonly route: Route
  readonly facts: PageFacts | null
  readonly head: Head | null
  /** Of the seq that is looked at: check `state.seq`. Null before the first has come. */
  readonly state: ViewState | null
  /** Why the state that is looked at could not be had. */
  readonly problem: ApiError | null
  /** A chosen seq is on its way. */
  readonly isTravelling: boolean
  /** Null: no process, or it does not answer. */
  readonly status: LiveStatus | null
  /** Client's clock when the status came, epoch ms; 0: never. */
  readonly statusAt: number
  readonly connection: 'connecting' | 'open' | 'lost'
  /** Client's clock, epoch ms. */
  readonly lostSince: number
}

export const page = createStore<Page>({
  session: 'opening',
  route: parseRoute(location.hash),
  facts: null,
  head: null,
  state: null,
  problem: null,
  isTravelling: false,
  status: null,
  statusAt: 0,
  connection: 'connecting',
  lostSince: 0,
})

const follower = createFollower({
  load: (seq) => api.state(seq),
  show: (state) => page.set({ state, problem: null, isTravelling: false }),
  fail: (error) => {
    page.set({ problem: asApiError(error), isTravelling: false })
    if (error instanceof ApiError && error.status === 401) {
      page.set({ session: 'absent' })
      return
    }
    setTimeout(() => page.get().problem !== null && page.get().route.at === null && follower.retry(), RETRY_MS)
  },
  everyMs: HEAD_EVERY_MS,
  now: () => performance.now(),
  later: (fn, ms) => setTimeout(fn, ms),
})

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('PAGE', String(error), 0)
}

function tookHead(head: Head): void {
  page.set({ head })
  follower.moved(head.seq)
}

/** After the session is open: facts and head, then the stream. Tries again while quantbot does not answer. */
export async function openRun(): Promise<void> {
  try {
    const { at } = page.get().route
    if (at !== null) looksAt(at)
    // The state is on its way while facts and head are: the first view waits for one round trip, not two.
    else follower.moved(1)
    const [facts, head] = await Promise.all([api.facts(), api.head()])
    page.set({ session: 'open', facts, connection: 'open', lostSince: 0 })
    tookHead(head)
    openStream({
      head: tookHead,
      status: (status) => page.set({ status, statusAt: Date.now() }),
      connection: (isOpen) => {
        if (isOpen) {
          page.set({ connection: 'open', lostSince: 0 })
          if (page.get().problem !== null) follower.retry()
        } else if (page.get().connection !== 'lost') page.set({ connection: 'lost', lostSince: Date.now() })
      },
      refused: () => page.set({ session: 'absent' }),
    })
  } catch (error) {
    const problem = asApiError(error)
    if (problem.status === 401) {
      page.set({ session: 'absent' })
      return
    }
    page.set({ problem, connection: 'lost', lostSince: page.get().lostSince || Date.now() })
    setTimeout(() => void openRun(), RETRY_MS)
  }
}

function looksAt(at: number | null): void {
  page.set({ isTravelling: at !== null, problem: null })
  follower.choose(at)
}

/** The address has changed, by a link, the back button or by hand. */
export function routeChanged(): void {
  clearTimeout(addressTimer)
  addressTimer = undefined
  const route = parseRoute(location.hash)
  const before = page.get().route.at
  page.set({ route })
  if (route.at !== before) looksAt(route.at)
}

/** Browsers refuse an address that changes more than a few times a second. */
const ADDRESS_MS = 150
let addressTimer: ReturnType<typeof setTimeout> | undefined

/** Every view shows the run as of `at` from now on; null: the live head. Leaves no trail of addresses behind while a slider moves. */
export function chooseSeq(at: number | null): void {
  const { route } = page.get()
  if (at === route.at) return
  page.set({ route: { ...route, at } })
  looksAt(at)
  addressTimer ??= setTimeout(() => {
    addressTimer = undefined
    history.replaceState(null, '', hashOf(page.get().route))
  }, ADDRESS_MS)
}

/** Address of a view that keeps the chosen seq. */
export const linkTo = (view: string, argument = ''): string => hashOf({ view, argument, at: page.get().route.at })

export function goTo(view: string, argument = ''): void {
  location.hash = linkTo(view, argument)
}
