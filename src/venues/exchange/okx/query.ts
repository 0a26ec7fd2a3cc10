/** Owns reading the parameters of requests to the simulated OKX: what is missing or wrong is refused with the venue's code. */
import type { EpochMs } from '#core/time'
import type { SimContext, SimReply, SimRequest } from '../protocol.port.js'
import type { BookFeed } from './book-feed.js'
import { refused } from './errors.js'
import { type InstType, type Listing, listedAt } from './listing.js'
import type { Row } from './rows.js'

/** What endpoints need besides the request. */
export interface Desk {
  readonly context: SimContext
  readonly books: BookFeed
  readonly ticker: (listing: Listing, at: EpochMs) => Row
}

export type Endpoint = (query: URLSearchParams, desk: Desk, request: SimRequest) => SimReply

const TYPES: ReadonlySet<string> = new Set<InstType>(['SPOT', 'SWAP', 'FUTURES', 'OPTION'])

/** Thrown by the checks below, caught by `guarded`. */
class Refusal extends Error {
  constructor(readonly reply: SimReply) {
    super('refused')
  }
}

/** Runs an endpoint whose checks throw. */
export function guarded(run: () => SimReply): SimReply {
  try {
    return run()
  } catch (error) {
    if (error instanceof Refusal) return error.reply
    throw error
  }
}

export const refuse = (code: string, what?: string): never => {
  throw new Refusal(refused(code, what))
}

/** The listed instrument that `instId` names. */
export function listing(query: URLSearchParams, { context }: Desk): Listing {
  const instId = query.get('instId')
  if (instId === null || instId === '') return refuse('50014', 'instId')
  return listedAt(context.world, context.now()).get(instId) ?? refuse('51001')
}

/** Listed instruments that fit `instType`, `instFamily` or `uly`, and `instId`. */
export function fitting(query: URLSearchParams, { context }: Desk, needsFamily: boolean): readonly Listing[] {
  const instType = query.get('instType') ?? ''
  if (instType === '') return refuse('50014', 'instType')
  if (instType === 'MARGIN') return []
  if (!TYPES.has(instType)) return refuse('51000', 'instType')
  const family = query.get('instFamily') ?? query.get('uly')
  const instId = query.get('instId')
  if (needsFamily && instType === 'OPTION' && family === null && instId === null)
    return refuse('50015', 'uly or instFamily')
  const all = [...listedAt(context.world, context.now()).values()]
  const fit = all.filter(
    (it) =>
      it.instType === instType &&
      (family === null || it.family === family) &&
      (instId === null || it.instId === instId),
  )
  return instId !== null && fit.length === 0 ? refuse('51001') : fit
}

/** A whole number of the query; the venue refuses anything else. */
export function whole(query: URLSearchParams, name: string, fallback: number): number {
  const asked = query.get(name)
  if (asked === null || asked === '') return fallback
  return /^\d{1,15}$/.test(asked) ? Number(asked) : refuse('51000', name)
}

export function limitOf(query: URLSearchParams, fallback: number, most: number, name = 'limit'): number {
  const limit = whole(query, name, fallback)
  return limit < 1 || limit > most ? refuse('51000', name) : limit
}
