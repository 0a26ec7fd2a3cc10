/** Owns which failures of a server pass by themselves. Matches codes of PostgreSQL and Node, never texts. */
import { constants } from 'node:os'
import { isQuantbotError, QuantbotError } from '#core/errors'
import { InvariantError } from '#core/invariant'

/**
 * SQLSTATE classes, PostgreSQL 15, appendix A: connection, authorisation, transaction state (a server that became a standby),
 * rolled back, resources (disk full, memory, connections), object in use, operator (shutdown, starting up, statement timeout), lock,
 * system error, snapshot too old, configuration file, the server's own bugs and damaged data; 3D000: the database is not there.
 */
const PASSES = /^(?:08|28|25|3D|40|53|55|57|58|72|F0|XX)/
/** Class 42 and 3F: a table or column that is not there, or may not be used. */
const SCHEMA = /^(?:42|3F)/
/** Node's own codes: some are five letters as well, and no SQLSTATE (EPIPE, from a server that died amid a COPY; EPERM, EBUSY). */
const SYSTEM: ReadonlySet<string> = new Set(Object.keys(constants.errno))
/** What only a bug throws; everything else without an SQLSTATE is the connection’s trouble. */
const BUGS: ReadonlySet<string> = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'])

interface Thrown {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  /** Of an AggregateError: one for each address that was tried. */
  readonly errors?: unknown
}

/** The error as the store's callers know it. `doing` and `place` stand in its message; a password never does. */
export function storeError(error: unknown, doing: string, place: string): Error {
  if (isQuantbotError(error) || error instanceof InvariantError) return error
  const thrown: Thrown = typeof error === 'object' && error !== null ? error : { message: String(error) }
  const detail = `${doing}: ${place}: ${wordsOf(thrown)}`
  return new QuantbotError(codeOf(thrown), detail, { cause: error })
}

function codeOf({ name, code }: Thrown): 'STORE_UNAVAILABLE' | 'STORE_SCHEMA' | 'INTERNAL' {
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !SYSTEM.has(code)) {
    if (SCHEMA.test(code)) return 'STORE_SCHEMA'
    return PASSES.test(code) ? 'STORE_UNAVAILABLE' : 'INTERNAL'
  }
  // Node gives its own failures codes, whatever their class: ERR_STREAM_WRITE_AFTER_END, ERR_SOCKET_BAD_PORT.
  return code === undefined && typeof name === 'string' && BUGS.has(name) ? 'INTERNAL' : 'STORE_UNAVAILABLE'
}

function wordsOf({ name, code, message, errors }: Thrown): string {
  if (typeof message === 'string' && message !== '') return message
  const each = Array.isArray(errors) ? errors.map((one: Thrown) => String(one?.message ?? one)) : []
  return [...new Set(each)].join('; ') || String(code ?? name ?? 'an error without a word')
}
