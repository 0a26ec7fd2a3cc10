/**
 * Owns books and their update ids as pure functions of time: a book stands still within 100 ms, and its id is ten times the
 * number of that step, so that snapshots of REST and diffs of any stream, however often it sends, fit together.
 */
import type { EpochMs } from '#core/time'
import type { World } from '../world.port.js'
import { BOOK_DEPTH } from './limits.js'
import { type Listed, priceText, sizeText } from './symbols.js'

const STEP_MS = 100
const IDS_PER_STEP = 10

export const stepOf = (at: EpochMs): number => Math.floor(at / STEP_MS)
export const timeOfStep = (step: number): EpochMs => step * STEP_MS
export const updateIdOf = (step: number): number => step * IDS_PER_STEP

/** Level texts: [price, size]. */
export type LevelText = readonly [string, string]
export interface BookText {
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

export function bookAt(world: World, of: Listed, step: number, depth = BOOK_DEPTH): BookText {
  const book = world.book(of.instrument, timeOfStep(step), Math.min(depth, BOOK_DEPTH))
  const text = ([price, size]: readonly [number, number]): LevelText => [
    priceText(of, price),
    sizeText(of, size, price),
  ]
  return { bids: book.bids.map(text), asks: book.asks.map(text) }
}

/** What turns one book into the other: new sizes, and size 0 for levels that are gone. */
export function changes(of: Listed, before: readonly LevelText[], after: readonly LevelText[]): readonly LevelText[] {
  const old = new Map(before)
  const rows: LevelText[] = []
  for (const [price, size] of after) {
    if (old.get(price) !== size) rows.push([price, size])
    old.delete(price)
  }
  const none = sizeText(of, 0, 1)
  for (const price of old.keys()) rows.push([price, none])
  return rows
}
