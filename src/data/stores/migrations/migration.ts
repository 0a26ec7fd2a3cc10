/** Owns what a migration is. Once released, one is never changed: a further one mends it. */
import type { Dialect } from '../dialect.js'

export interface Migration {
  /** From 1, without gaps. */
  readonly version: number
  readonly title: string
  /** Statements in their order; all pending migrations run as one transaction. */
  statements(dialect: Dialect): readonly string[]
}
