/** Owns Result: how expected I/O failures come back from a port. Bugs throw instead (invariant). */
import type { QuantbotError } from './errors.js'

export type Result<T, E = QuantbotError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E }

export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value })
export const err = <E>(error: E): Result<never, E> => ({ ok: false, error })
