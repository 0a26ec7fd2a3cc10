/** Owns at which venue and in which coin each instrument of the universe stands. Must never know a price or a position. */
import type { UniverseEntry } from '#core/config/schema'
import { parseInstrument } from '#core/ids'
import { kindOfId } from '#events/instrument-kind'

export interface Place {
  readonly venue: string
  readonly coin: string
  /** Held on margin: what is neither spot nor an option. */
  readonly isMargined: boolean
}

/** Venues by instrument: a pure memo, emptied when full, for options come and go. */
const venues = new Map<string, string>()
const VENUES_KEPT = 4096

export function venueOf(instrument: string): string {
  const known = venues.get(instrument)
  if (known !== undefined) return known
  if (venues.size >= VENUES_KEPT) venues.clear()
  const venue = parseInstrument(instrument)?.venue ?? instrument
  venues.set(instrument, venue)
  return venue
}

/** Place of an instrument by its id, where no entry of the universe tells its coin. */
export function placeOf(instrument: string, coin: string = instrument): Place {
  const kind = kindOfId(instrument)
  return { venue: venueOf(instrument), coin, isMargined: kind.endsWith('Perpetual') || kind.endsWith('Future') }
}

/** In the order of the universe, which is that of the slots. */
export const placesOf = (universe: readonly UniverseEntry[]): readonly Place[] =>
  universe.map(({ instrument, base }) => placeOf(instrument, base))
