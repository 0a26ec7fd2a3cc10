/** Owns the one way to say "this cannot happen". Stays on in production; never used for business refusals. */

/** A bug or corrupt data was seen. Never caught except by the dispatcher and the command line. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws {@link InvariantError} when `condition` is false. The message says what was expected and what was seen. */
export function invariant(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantError(typeof message === 'function' ? message() : message)
}

/** Closes a union: the compiler refuses the call while a case is missing. */
export function assertNever(value: never, what: string): never {
  throw new InvariantError(`${what}: unexpected ${JSON.stringify(value)}`)
}
