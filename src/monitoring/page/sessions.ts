/**
 * Owns who may ask the page: the token, compared in constant time, and the sessions that it opens. A session is `<expiry>.<id>.<mac>`, its
 * MAC under a key made of the token: it outlives a restart, as the token does, and no other run accepts it. Never shows the token.
 */
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { TimePort } from '#core/ports'
import { DAY_MS } from '#core/time'

/** A session lasts this long (ours). */
const SESSION_MS = 30 * DAY_MS
/** Sessions that were ended and would still be valid are remembered, so many of them (ours). */
const ENDED_MAX = 1_000

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export class Sessions {
  readonly #tokenDigest: Buffer
  readonly #key: Buffer
  readonly #time: TimePort
  readonly #ended = new Set<string>()

  constructor(token: string, time: TimePort) {
    this.#tokenDigest = digest(token)
    this.#key = Buffer.from(hkdfSync('sha256', token, '', 'quantbot page session', 32))
    this.#time = time
  }

  /** Hashes of both are compared: neither length nor content is told by the time that it takes. */
  isToken(text: string): boolean {
    return timingSafeEqual(digest(text), this.#tokenDigest)
  }

  /** Value of a new session's cookie, and the seconds that it lasts. */
  open(): { readonly value: string; readonly maxAge: number } {
    const head = `${(this.#time.now() + SESSION_MS).toString(36)}.${randomBytes(16).toString('hex')}`
    return { value: `${head}.${this.#mac(head)}`, maxAge: SESSION_MS / 1000 }
  }

  /** The session's id; undefined for one that is over, ended, or none of ours. */
  idOf(value: string | undefined): string | undefined {
    const [expiry, id, mac, ...rest] = (value ?? '').slice(0, 200).split('.')
    if (expiry === undefined || id === undefined || mac === undefined || rest.length > 0) return undefined
    if (!timingSafeEqual(digest(mac), digest(this.#mac(`${expiry}.${id}`)))) return undefined
    return Number.parseInt(expiry, 36) > this.#time.now() && !this.#ended.has(id) ? id : undefined
  }

  end(id: string): void {
    this.#ended.add(id)
    // The oldest comes first in a set.
    for (const oldest of this.#ended) if (this.#ended.size > ENDED_MAX) this.#ended.delete(oldest)
  }

  #mac(head: string): string {
    return createHmac('sha256', this.#key).update(head).digest('hex')
  }
}
