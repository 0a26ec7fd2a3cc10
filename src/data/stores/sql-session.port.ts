/** Owns what the PostgreSQL backend needs of a connection, so that the same statements run on a server and in a test's own engine. */
import type { SqlValue } from './sql-queries.js'

export interface SqlSession {
  /** The same for as long as the connection lasts. A server that dies ends it, and may forget what it had committed. */
  readonly connection: object
  /** One statement; rows of doubles, texts, flags and null. */
  query(sql: string, values?: readonly SqlValue[]): Promise<readonly Record<string, unknown>[]>
  /** `COPY target FROM STDIN` of rows in the text format. */
  copy(target: string, text: string): Promise<void>
}

export interface SqlServer {
  /**
   * Runs `use` on a connection of its own. Gives up at `deadlineMs` whatever the server does; a connection that failed is
   * not used again. Rejects with what failed.
   */
  use<T>(use: (session: SqlSession) => Promise<T>, deadlineMs: number): Promise<T>
  /** Whose it is, without user and password. */
  readonly place: string
  /** Cuts what is in use: it rejects. */
  close(): Promise<void>
}
