/** Owns asking the servers beside a run: PostgreSQL, its schema, Redis. Reads only; changes and keeps nothing. */
import { Redis } from 'ioredis'
import type { Config } from '#core/config/schema'
import { MIGRATIONS, SCHEMA_VERSION } from '#data/stores/migrations/all'
import { pgServer } from '#data/stores/pg-server'
import { resolved } from '../environment.js'
import { type Check, type Finding, type Found, failed, ok, warn } from './finding.js'

const DEADLINE_MS = 6_000
const REACH = 'Check that it runs, the host and port of the URL, and the firewall between.'

export function storeChecks({ stores }: Config): Check[] {
  const checks: Check[] = []
  if (stores.aggregate === 'postgres')
    checks.push({ area: 'stores', subject: 'postgres', run: (signal) => postgres(stores.postgres, signal) })
  if (stores.redis !== undefined)
    checks.push({ area: 'stores', subject: 'redis', run: (signal) => redis(stores.redis!, signal) })
  return checks
}

async function postgres(key: string | undefined, signal: AbortSignal): Promise<readonly Finding[]> {
  const of = (subject: string, found: Found): Finding => ({ area: 'stores', subject, ...found })
  if (key === undefined)
    return [
      of(
        'postgres',
        failed('stores.postgres is missing', 'Write stores.postgres: env:NAME, or another stores.aggregate.'),
      ),
    ]
  const server = pgServer(resolved(key, 'stores.postgres'))
  const stop = (): void => void server.close()
  signal.addEventListener('abort', stop, { once: true })
  try {
    const rows = await server.use(
      async (session) => ({
        version: await session.query('SHOW server_version'),
        timescale: await session.query("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"),
        table: await session.query("SELECT to_regclass('quantbot.schema_version')::text AS name"),
        may: await session.query("SELECT has_database_privilege(current_database(), 'CREATE') AS may"),
      }),
      DEADLINE_MS,
    )
    const extension = rows.timescale[0]?.extversion
    const server_ = ok(
      `${server.place}: PostgreSQL ${String(rows.version[0]?.server_version)}, ${extension === undefined ? 'without TimescaleDB (native partitions)' : `TimescaleDB ${String(extension)}`}`,
    )
    if (rows.table[0]?.name === null)
      return [
        of('postgres', server_),
        of(
          'postgres schema',
          rows.may[0]?.may === false
            ? failed('not there, and this user may not make it', 'GRANT CREATE ON DATABASE … TO this user.')
            : ok('not there yet; the first run makes it'),
        ),
      ]
    const [row] = await server.use(
      (session) => session.query('SELECT max(version)::float8 AS version FROM quantbot.schema_version'),
      DEADLINE_MS,
    )
    return [of('postgres', server_), of('postgres schema', schema(Number(row?.version ?? 0)))]
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message?: string } // of the driver
    const text = message || code || 'no connection'
    return [
      of(
        'postgres',
        failed(
          `${server.place}: ${text}`,
          code === '28P01' || code === '28000' ? 'Correct user and password of the URL.' : REACH,
        ),
      ),
    ]
  } finally {
    signal.removeEventListener('abort', stop)
    await server.close().catch(() => undefined) // it is gone either way
  }
}

/** Against what this quantbot knows. */
export function schema(version: number): Found {
  if (version > SCHEMA_VERSION)
    return failed(
      `version ${version}, this quantbot knows ${SCHEMA_VERSION}`,
      'Use the newer quantbot that wrote it, or another database.',
    )
  if (version === SCHEMA_VERSION) return ok(`version ${version}`)
  const missing = MIGRATIONS.slice(version).map(({ title }) => title)
  return warn(
    `version ${version} of ${SCHEMA_VERSION}`,
    `The next run migrates it (${missing.join(', ')}); make a backup first.`,
  )
}

async function redis(key: string, signal: AbortSignal): Promise<Found> {
  const url = resolved(key, 'stores.redis')
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url))
    return failed('its value is no URL such as redis://host:6379', 'Correct the value in the environment.')
  const { host } = new URL(url)
  let failure = ''
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: DEADLINE_MS,
    commandTimeout: DEADLINE_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableOfflineQueue: false,
  })
  client.on('error', (error: Error) => {
    failure = error.message
  })
  const stop = (): void => client.disconnect()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await client.connect()
    await client.ping()
    const info = await client.info('server')
    return ok(`${host}: Redis ${/redis_version:(\S+)/.exec(info)?.[1] ?? 'of unknown version'}`)
  } catch (error) {
    const text = failure || (error instanceof Error ? error.message : String(error))
    const isAuth = /NOAUTH|WRONGPASS|invalid username-password/i.test(text)
    return failed(`${host}: ${text}`, isAuth ? 'Correct user and password of the URL.' : REACH)
  } finally {
    signal.removeEventListener('abort', stop)
    client.disconnect()
  }
}
