/** Owns connections to a PostgreSQL server: few, bounded in time, never left behind by a server that hangs. Never retries. */
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { QuantbotError } from '#core/errors'
import type { SqlServer, SqlSession } from './sql-session.port.js'

/** One writer and some readers; chosen here. */
const CONNECTIONS = 4
const CONNECT_MS = 5_000
const GOODBYE_MS = 1_000
/** Bytes of COPY handed to the socket at once. */
const COPY_CHUNK = 64 * 1024

export interface PgServerOptions {
  /** Longest time of a statement, kept by the server; default 30 s. */
  readonly statementMs?: number
}

/** CONFIG_INVALID for what is no URL of PostgreSQL; connects when first used. */
export function pgServer(url: string, { statementMs = 30_000 }: PgServerOptions = {}): SqlServer {
  if (!/^postgres(?:ql)?:\/\//.test(url) || !URL.canParse(url))
    throw new QuantbotError(
      'CONFIG_INVALID',
      'stores.postgres: its value is no URL such as postgres://user@host/database',
    )
  const { host, pathname } = new URL(url)
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 60_000,
    allowExitOnIdle: true,
    keepAlive: true,
    statement_timeout: statementMs,
    application_name: 'quantbot',
  })
  const inUse = new Set<Socket>()
  const open = new Set<Socket>()
  pool.on('error', () => undefined) // an idle connection that was lost; the next use opens another
  pool.on('connect', (client) => {
    client.on('error', () => undefined) // the statement in hand rejects with it
    const socket = socketOf(client)
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return {
    place: `${host}${pathname}`,
    use: (use, deadlineMs) => useClient(pool, inUse, use, deadlineMs),
    close: async () => {
      for (const socket of inUse) socket.destroy()
      const ended = pool.end()
      // A server that hangs answers no goodbye.
      const timer = setTimeout(() => {
        for (const socket of open) socket.destroy()
      }, GOODBYE_MS)
      await ended
      clearTimeout(timer)
    },
  }
}

async function useClient<T>(
  pool: pg.Pool,
  inUse: Set<Socket>,
  use: (session: SqlSession) => Promise<T>,
  deadlineMs: number,
): Promise<T> {
  const client = await pool.connect()
  const socket = socketOf(client)
  inUse.add(socket)
  let timer: NodeJS.Timeout | undefined
  // Raced, so that the deadline holds whatever a driver makes of a connection that was cut.
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      socket.destroy() // a server that hangs would never answer a polite end
      reject(new Error(`no answer within ${deadlineMs} ms`))
    }, deadlineMs)
  })
  try {
    const result = await Promise.race([use(sessionOf(client)), late])
    client.release()
    return result
  } catch (error) {
    // Drivers stumble over a connection that is gone; that is no bug of the one who asked.
    const isLost = socket.destroyed && error instanceof TypeError
    client.release(true)
    if (isLost) throw new Error(`the connection was lost: ${error.message}`, { cause: error })
    throw error
  } finally {
    clearTimeout(timer)
    inUse.delete(socket)
  }
}

function sessionOf(client: pg.PoolClient): SqlSession {
  return {
    connection: client,
    query: async (sql, values) => {
      const result = values === undefined ? await client.query(sql) : await client.query(sql, [...values])
      return result.rows as Record<string, unknown>[] // pg gives rows as objects
    },
    copy: async (target, text) => {
      await pipeline(Readable.from(slices(text)), client.query(copyFrom(`COPY ${target} FROM STDIN`)))
    },
  }
}

function* slices(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += COPY_CHUNK) yield text.slice(at, at + COPY_CHUNK)
}

/** pg keeps the socket here and has no other way to let go of a server that does not answer. */
function socketOf(client: pg.ClientBase): Socket {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream
}
