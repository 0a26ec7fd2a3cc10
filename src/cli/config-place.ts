/** Owns how a place in a configuration is told, and what is known of places in it. Without the parser: most is checked without a file. */

/** From 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export interface YamlText {
  /** Plain data; an empty document is an empty record. */
  readonly value: unknown
  /** Where a path stands: its key, or the nearest one above it that does. */
  placeOf(keys: readonly PropertyKey[]): Place | undefined
  /** Where exactly this path stands; undefined where it does not. */
  exactPlaceOf(keys: readonly PropertyKey[]): Place | undefined
}

/** `file:line:column`; the file alone without a place. */
export function at(path: string, place: Place | undefined): string {
  return place === undefined ? path : `${path}:${place.line}:${place.column}`
}
