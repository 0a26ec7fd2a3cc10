/** Owns which failures of DuckDB pass by themselves. It has no codes: the kind of an error begins its text. */
import { isQuantbotError, QuantbotError } from '#core/errors'
import { InvariantError } from '#core/invariant'

/** What the file system, the machine's memory or another process does. */
const PASSES =
  /^(?:IO|Out of Memory|TransactionContext|Transaction|Connection|Interrupt|Permission) Error|No space left|\block\b/i
/** After one of these an open database refuses everything until it is opened anew. */
const FATAL = /^(?:FATAL|INTERNAL) Error|database has been invalidated/i

/** Whether the database that threw it must be closed and opened anew. */
export const isFatal = (error: unknown): boolean => error instanceof Error && FATAL.test(error.message)

/** The error as the store's callers know it; what is no trouble of the file stays what it is. */
export function duckError(error: unknown, doing: string, path: string): Error {
  if (!(error instanceof Error)) return new QuantbotError('INTERNAL', `${doing}: ${path}: ${String(error)}`)
  if (isQuantbotError(error) || error instanceof InvariantError) return error
  if (!PASSES.test(error.message) && !isFatal(error)) return error
  return new QuantbotError('STORE_UNAVAILABLE', `${doing}: ${path}: ${error.message}`, { cause: error })
}
