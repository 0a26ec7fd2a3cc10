/** Owns the simulated OKX's books in time: one state every 100 ms, its sequence number, and what changed between two. */
import { type DurationMs, type EpochMs, floorTo } from '#core/time'
import type { World, WorldBook } from '../world.port.js'
import type { Listing } from './listing.js'
import type { Side } from './rows.js'

export const BOOK_EVERY_MS: DurationMs = 100
/** The venue sends 400 levels a side; the simulated market is thinner. */
export const BOOK_LEVELS = 50

export interface BookState {
  readonly ts: EpochMs
  /** Ascends with time. */
  readonly seqId: number
  readonly book: WorldBook
}

/** The book at the last full 100 ms. */
export type BookFeed = (listing: Listing, at: EpochMs) => BookState

/** Remembers the last state of each instrument, because every connection asks for the same one. */
export function bookFeed(world: World): BookFeed {
  const states = new Map<string, BookState>()
  return (listing, at) => {
    const ts = floorTo(at, BOOK_EVERY_MS)
    const known = states.get(listing.instId)
    if (known?.ts === ts) return known
    const state = { ts, seqId: ts / BOOK_EVERY_MS, book: world.book(listing.instrument, ts, BOOK_LEVELS) }
    states.set(listing.instId, state)
    return state
  }
}

/** Levels that changed, those that went with size 0. */
export function changed(before: Side, now: Side): Side {
  const old = new Map(before)
  const rows: (readonly [number, number])[] = []
  for (const [price, size] of now) {
    if (old.get(price) !== size) rows.push([price, size])
    old.delete(price)
  }
  for (const price of old.keys()) rows.push([price, 0])
  return rows
}
