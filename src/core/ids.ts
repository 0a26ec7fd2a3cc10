/** Owns the names of things: agents, instruments, orders, runs. Never touches time or I/O. */
import { invariant } from './invariant.js'

declare const brand: unique symbol
type Brand<T, B extends string> = T & { readonly [brand]: B }

/** `signal/tsmom`, `risk/engine`, `connector/binance`: a room, a slash, a name. */
export type AgentName = string
/** `binance.usdm.BTCUSDT`: venue, market, symbol as the venue writes it. */
export type InstrumentId = string
/** `o-<input seq>-<ordinal>`: the same decision always makes the same id. */
export type OrderId = string
/** A name that becomes a path. */
export type RunId = Brand<string, 'RunId'>

/** Names that become paths: `[A-Za-z0-9._-]{1,64}` without `..`. */
export function isPathName(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text) && !text.includes('..')
}

export function runId(text: string): RunId {
  invariant(isPathName(text), () => `run id ${JSON.stringify(text)} must match [A-Za-z0-9._-]{1,64} without ".."`)
  return text as RunId // checked on the line above
}

export interface InstrumentParts {
  readonly venue: string
  readonly market: string
  readonly symbol: string
}

/** Splits `venue.market.symbol`; a symbol may itself hold dots. Undefined when it is no instrument id. */
export function parseInstrument(id: string): InstrumentParts | undefined {
  const match = /^([a-z0-9_-]{1,24})\.([a-z0-9_-]{1,24})\.([A-Za-z0-9._-]{1,64})$/.exec(id)
  if (!match || id.includes('..')) return undefined
  return { venue: match[1]!, market: match[2]!, symbol: match[3]! }
}

export function instrumentId(parts: InstrumentParts): InstrumentId {
  const id = `${parts.venue}.${parts.market}.${parts.symbol}`
  invariant(parseInstrument(id) !== undefined, () => `${JSON.stringify(id)} is no instrument id (venue.market.SYMBOL)`)
  return id
}

/** Symbol part, for people: `binance.usdm.BTCUSDT` → `BTCUSDT`. */
export function symbolOf(id: InstrumentId): string {
  return parseInstrument(id)?.symbol ?? id
}
