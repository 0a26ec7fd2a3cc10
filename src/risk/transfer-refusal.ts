/**
 * Owns what may be paid in and taken out of a running book: never more than an account holds, never so much that what is held would
 * break the cap of gross exposure. Copies only; must never change the book.
 */
import { type DecimalString, parseUnits } from '#core/decimal'
import { priceOf } from './instruments/accounts.js'
import type { BookView } from './book-view.js'

export interface Transfer {
  readonly currency: string
  /** Decimal, in `currency`; negative: taken out. */
  readonly amount: DecimalString
}
