/**
 * Owns what the option chains of Deribit say of volatility now: at the money, at 25 delta, 30 days out (methods.md 9 and 10).
 * Keeps a few numbers of each expiry, never a chain. Has no opinion on trades, and none on expiries that it has not heard of lately.
 */
import type { Decider } from '#core/decider'
import { SILENCE } from '#core/decider'
import { DAY_MS, type DurationMs, type EpochMs, MINUTE_MS } from '#core/time'
import type { InstantClosed, OptionChainObserved, VolatilityIndexChanged } from '#events/market.events'
import type { VolatilitySurfaceChanged } from '#events/market-view.events'
import { type Slice, sliceOf, surfaceAt30 } from './vol-slices.js'

/** Premiums of its options are in coin, by the forward (methods.md 9); nobody else's unit is known here. */
const VENUE = 'deribit'
/** methods.md 9: straddles of 7 to 14 days. */
const NEAR_MIN_MS = 7 * DAY_MS
const NEAR_MAX_MS = 14 * DAY_MS
/** A chain counts for three looks at it, and for a quarter of an hour at least (ours). */
const LOOKS = 3
const STALE_MS_MIN = 15 * MINUTE_MS
/** A surface speaks when a volatility moved by half a point, or the skew by half a point (ours). */
const BAND_IV = 0.005
const BAND_SKEW = 0.5

type Surface = VolatilitySurfaceChanged['data']

interface Book {
  venue: string
  currency: string
  /** By expiry, nearest first; expired ones leave. */
  slices: Slice[]
  /** Newest volatility index; `at` 0: none. */
  index: number
  indexAt: EpochMs
  said: Surface | null
}

/** Bounded by the currencies and their listed expiries. */
export interface OptionsDataState {
  books: { [book: string]: Book }
}

type In = OptionChainObserved | VolatilityIndexChanged | InstantClosed
type Draft = { readonly type: 'VolatilitySurfaceChanged'; readonly data: Surface }

function bookOf(state: OptionsDataState, { venue, currency }: { venue: string; currency: string }): Book {
  const key = `${venue} ${currency}`
  state.books[key] ??= { venue, currency, slices: [], index: 0, indexAt: 0, said: null }
  return state.books[key]
}

/** A chain that came late, behind a newer one of its expiry, changes nothing. */
function takeChain(book: Book, chain: OptionChainObserved['data'], now: EpochMs): void {
  const { expiresAt, at } = chain
  const known = book.slices.find((slice) => slice.expiresAt === expiresAt)
  if (known !== undefined && known.at > at) return
  book.slices = book.slices.filter((slice) => slice.expiresAt !== expiresAt && slice.expiresAt > now)
  if (expiresAt > now) book.slices.push(sliceOf(chain))
  book.slices.sort((a, b) => a.expiresAt - b.expiresAt)
}

/** What the book says at `now`; undefined before the first chain. */
function surfaceOf(book: Book, now: EpochMs, staleMs: DurationMs): Surface | undefined {
  const { venue, currency, said, index, indexAt } = book
  const fresh = book.slices.filter(({ at, expiresAt }) => now - at <= staleMs && expiresAt > now)
  const at = book.slices.reduce((newest, slice) => Math.max(newest, slice.at), said?.at ?? 0)
  if (at === 0) return undefined
  const { atm, put25, call25, skew, expiries } = surfaceAt30(fresh, now)
  const near = fresh.find(({ expiresAt }) => expiresAt - now >= NEAR_MIN_MS && expiresAt - now <= NEAR_MAX_MS)
  return {
    venue,
    currency,
    at,
    atmIv30: atm.iv,
    put25Iv30: put25.iv,
    call25Iv30: call25.iv,
    skew30: skew,
    atmMissing: atm.missing,
    skewMissing: put25.missing ?? call25.missing,
    expiries,
    atmIvNear: near?.atm ?? null,
    nearExpiresAt: near?.expiresAt ?? null,
    indexIv30: indexAt > 0 && now - indexAt <= staleMs ? index : null,
    used: fresh.reduce((sum, { used }) => sum + used, 0),
    dropped: fresh.reduce((sum, { dropped }) => sum + dropped, 0),
  }
}

const differs = (a: number | null, b: number | null, band: number): boolean =>
  a === null || b === null ? a !== b : Math.abs(a - b) > band

/** The first word is one that says something. */
function isNews(surface: Surface, said: Surface | null): boolean {
  if (said === null) return surface.atmIv30 !== null || surface.skew30 !== null || surface.atmIvNear !== null
  return (
    differs(surface.atmIv30, said.atmIv30, BAND_IV) ||
    differs(surface.skew30, said.skew30, BAND_SKEW) ||
    differs(surface.atmIvNear, said.atmIvNear, BAND_IV) ||
    surface.nearExpiresAt !== said.nearExpiresAt ||
    surface.atmMissing !== said.atmMissing ||
    surface.skewMissing !== said.skewMissing
  )
}

/** The decider `data/options`: the roadmap's OptionsData. `lookMs`: time between two looks at the chains. O(options) a chain. */
export function createOptionsData(lookMs: DurationMs): Decider<OptionsDataState, In, VolatilitySurfaceChanged> {
  const staleMs = Math.max(STALE_MS_MIN, LOOKS * lookMs)
  const wordOf = (book: Book | undefined, now: EpochMs): readonly Draft[] => {
    const surface = book && surfaceOf(book, now, staleMs)
    if (book === undefined || surface === undefined || !isNews(surface, book.said)) return SILENCE
    return [{ type: 'VolatilitySurfaceChanged', data: surface }]
  }
  return {
    name: 'data/options',
    version: '1',
    dependencies: [],
    reads: ['OptionChainObserved', 'VolatilityIndexChanged', 'InstantClosed'],
    emits: ['VolatilitySurfaceChanged'],
    warmupMs: 0,
    onOrderPath: false,
    initial: () => ({ books: {} }),
    evolve(state, event) {
      switch (event.type) {
        case 'OptionChainObserved':
          if (event.data.venue === VENUE) takeChain(bookOf(state, event.data), event.data, event.ts)
          break
        case 'VolatilityIndexChanged': {
          if (event.data.venue !== VENUE) break
          const book = bookOf(state, event.data)
          book.index = event.data.value
          book.indexAt = event.data.at
          break
        }
        case 'VolatilitySurfaceChanged':
          bookOf(state, event.data).said = event.data
          break
        default:
      }
      return state
    },
    decide(state, event) {
      // Bars close whether or not chains come: that is when old ones are noticed.
      if (event.type === 'InstantClosed') return Object.values(state.books).flatMap((book) => wordOf(book, event.ts))
      return wordOf(state.books[`${event.data.venue} ${event.data.currency}`], event.ts)
    },
  }
}
