/**
 * Owns keeping secrets out of what the process says: values that were resolved from the environment are cut out of every
 * line, in whatever form a driver repeats them. Knows values only in memory; must never write one.
 */

/** Shorter values are not looked for: they would be found everywhere (ours). */
const LENGTH_MIN = 4
const MASK = '[secret]'

const known = new Set<string>()
let pattern: RegExp | undefined

/** Every form of this value is cut out from now on; of a URL its password and user too. */
export function protect(value: string): void {
  for (const part of isPlace(value) ? [] : [value, ...partsOf(value)])
    if (part.length >= LENGTH_MIN) for (const form of formsOf(part)) known.add(form)
  const forms = [...known]
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  pattern = forms.length === 0 ? undefined : new RegExp(forms.join('|'), 'g')
}

/** A URL that says where something is and nothing more. */
function isPlace(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { username, password, search, pathname, protocol } = new URL(value)
  return username === '' && password === '' && search === '' && (pathname.length <= 1 || !/^https?:$/.test(protocol))
}

/** What of a URL is secret by itself: drivers repeat it without the rest. */
function partsOf(value: string): string[] {
  if (!URL.canParse(value)) return []
  const { username, password, search, pathname } = new URL(value)
  const pair = password === '' ? [] : [password, `${username}:${password}`]
  // The path of a webhook is its key; that of a database is only a name.
  const path = password === '' && /^https?:/.test(value) && pathname.length > 1 ? [pathname] : []
  return [...pair, ...path, ...new URLSearchParams(search).values()].flatMap((part) => [part, decoded(part)])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function formsOf(value: string): string[] {
  const encoded = encodeURIComponent(value)
  return [
    value,
    encoded,
    encoded.replaceAll('%20', '+'),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64').replace(/=+$/, ''),
    Buffer.from(value).toString('base64url'),
    Buffer.from(value).toString('hex'),
  ]
}

/** Without the values that are known. O(text) for each; nothing where no secret was resolved. */
export function scrubKnown(text: string): string {
  return pattern === undefined ? text : text.replace(pattern, MASK)
}

/** Without known values and without what looks like one: users of URLs, tokens of the page, authorisations, signatures. */
export function scrub(text: string): string {
  return scrubKnown(text)
    .replace(/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'\\]+@/gi, `$1${MASK}@`)
    .replace(/(hooks\.slack\.com\/services\/)[\w/-]+/g, `$1${MASK}`)
    .replace(/([#?&](?:token|signature|apiKey|api_key|client_secret|access_token)=)[^\s&"'\\]+/gi, `$1${MASK}`)
    .replace(/\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1$2${MASK}`)
}

/** For tests alone. */
export function forgetSecrets(): void {
  known.clear()
  pattern = undefined
}
