/** Owns which failures of a server pass by themselves. Matches codes of PostgreSQL and Node, never texts. */
import { isQuantbotError, QuantbotError } from '#core/errors'
import { InvariantError } from '#core/invariant'

/**
 * SQLSTATE classes, PostgreSQL 15, appendix A: connection, authorisation, transaction rolled back, resources (disk full,
 * memory, connections), operator (shutdown, statement timeout), lock, system error; 3D000: the database is not there.
 */
const PASSES = /^(?:08|28|40|53|57|55|58|25|3D)/
/** Class 42 and 3F: a table or column that is not there, or may not be used. */
const SCHEMA = /^(?:42|3F)/

/** The error as the store's callers know it. `doing` and `place` stand in its message; a password never does. */
export function storeError(error: unknown, doing: string, place: string): Error {
  if (isQuantbotError(error) || error instanceof InvariantError) return error
  const { code, message } = error as { readonly code?: unknown; readonly message?: string } // whatever was thrown
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
  const detail = `${doing}: ${place}: ${message || String(code)}`
  if (state !== undefined && SCHEMA.test(state)) return new QuantbotError('STORE_SCHEMA', detail, { cause: error })
  if (state === undefined || PASSES.test(state)) return new QuantbotError('STORE_UNAVAILABLE', detail, { cause: error })
  return new QuantbotError('INTERNAL', detail, { cause: error })
}
