/**
 * Owns the canonical description of the layout of states: paths with the kinds of JSON that stand there, the elements of an array and
 * the values of a map described as one. Never looks at values.
 */

/** What was seen at one place of a state. */
interface Place {
  readonly kinds: Set<string>
  readonly members: Map<string, Place>
  elements?: Place
  values?: Place
}

const createPlace = (): Place => ({ kinds: new Set(), members: new Map() })

/** By path: `book.positions[].size` of elements, `orders{}.at` of values of a map; `.` is the state itself. */
export class Layout {
  readonly #root = createPlace()
  /** Words that are keys of maps wherever they stand, though they look like names of members. */
  readonly #words: ReadonlySet<string>

  constructor(words: Iterable<string>) {
    this.#words = new Set(words)
  }

  /** Adds what a state shows. O(size of the state). */
  add(state: unknown): void {
    this.#walk(this.#root, state)
  }

  /** Paths in the order of their letters, each with its kinds: `number`, `null|string`. */
  describe(): Record<string, string> {
    const found: [path: string, kinds: string][] = []
    describePlace('', this.#root, found)
    return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #walk(place: Place, value: unknown): void {
    if (Array.isArray(value)) {
      place.kinds.add('array')
      if (value.length > 0) place.elements ??= createPlace()
      for (const element of value) this.#walk(place.elements!, element)
    } else if (typeof value === 'object' && value !== null) this.#walkObject(place, value)
    else place.kinds.add(value === null ? 'null' : typeof value)
  }

  #walkObject(place: Place, value: object): void {
    const entries = Object.entries(value)
    const isMap = entries.some(([key]) => !isMember(key) || this.#words.has(key))
    place.kinds.add(isMap ? 'map' : 'object')
    if (isMap) place.values ??= createPlace()
    for (const [key, each] of entries) {
      let below = isMap ? place.values : place.members.get(key)
      if (below === undefined) {
        below = createPlace()
        place.members.set(key, below)
      }
      this.#walk(below, each)
    }
  }
}

function describePlace(path: string, { kinds, members, elements, values }: Place, found: [string, string][]): void {
  const told = new Set(kinds)
  // A map that was empty looked like an object without members.
  if (members.size === 0 && told.has('map')) told.delete('object')
  found.push([path === '' ? '.' : path, [...told].sort().join('|')])
  for (const [key, member] of members) describePlace(path === '' ? key : `${path}.${key}`, member, found)
  if (elements !== undefined) describePlace(`${path}[]`, elements, found)
  if (values !== undefined) describePlace(`${path}{}`, values, found)
}

/** Members of states are written as TypeScript writes names; ids, coins and numbers are keys of maps. */
const isMember = (key: string): boolean => /^[a-z][A-Za-z0-9]*$/.test(key)

/** What differs between two descriptions, in the words of a sentence; empty when nothing does. */
export function layoutDifferences(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return paths.flatMap((path) => {
    const [was, is] = [before[path], after[path]]
    if (was === is) return []
    const name = path === '.' ? 'state' : `state.${path}`
    if (was === undefined) return [`${name} is new`]
    return [is === undefined ? `${name} is gone` : `${name} was ${was} and is ${is}`]
  })
}
