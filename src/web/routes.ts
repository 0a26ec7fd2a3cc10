/** Owns addresses within the page: `#/why/123?at=456` is the view `why`, its argument `123`, looked at as of seq 456. Pure. */

export interface Route {
  readonly view: string
  /** Decoded; empty when there is none. */
  readonly argument: string
  /** Null: the live head. */
  readonly at: number | null
}

const FIRST = 'overview'

/** Anything that cannot be understood leads to the first view. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  const [, view = '', ...rest] = path.split('/')
  const at = new URLSearchParams(query).get('at') ?? ''
  return {
    view: /^[a-z-]{1,32}$/.test(view) ? view : FIRST,
    argument: decoded(rest.join('/')),
    at: /^\d{1,15}$/.test(at) && Number(at) > 0 ? Number(at) : null,
  }
}

export function hashOf({ view, argument, at }: Route): string {
  const path = argument === '' ? view : `${view}/${encodeURIComponent(argument)}`
  return at === null ? `#/${path}` : `#/${path}?at=${at}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The token that the printed URL carries; undefined in any other address. */
export function tokenOf(hash: string): string | undefined {
  return /^#token=([0-9a-f]{32})$/.exec(hash)?.[1]
}
