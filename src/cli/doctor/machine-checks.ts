/** Owns looking at the machine: Node, the home, its disk and how fast that is, ports, modes of key files. Leaves nothing behind. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { access, constants, open, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import type { Config } from '#core/config/schema'
import { keyPath } from '#events/log/keys'
import { lockOwner } from '#events/log/lock'
import { listRuns } from '../home.js'
import { type Check, type Found, failed, ok, warn } from './finding.js'

/** The least that has everything we use: util.parseEnv, process.loadEnvFile (nodejs.org, changelog of 20.12). */
const NODE_LEAST = [20, 12] as const
/** Of the disk of the home (ours): a day of a large run has some 100 MB. */
const FREE_FAIL = 512 * 1024 * 1024
const FREE_WARN = 5 * 1024 * 1024 * 1024
const SYNCS = 20
/** A group waits for one sync: beyond this decisions are late (ours). */
const SYNC_WARN_MS = 20

export function machineChecks(home: string, config: Config): Check[] {
  return [
    { area: 'machine', subject: 'node', run: async () => nodeVersion(process.versions.node) },
    { area: 'machine', subject: 'home', run: () => writable(home) },
    { area: 'machine', subject: 'disk', run: () => freeSpace(home) },
    { area: 'machine', subject: 'fsync', timeoutMs: 20_000, run: () => syncSpeed(home, config.log.stallMs) },
    { area: 'machine', subject: 'key files', run: async () => keyModes(home) },
    ...(config.web.enabled ? [portCheck(home, 'web', config.web.host, config.web.port)] : []),
    ...(config.api.enabled ? [portCheck(home, 'api', config.api.host, config.api.port)] : []),
  ]
}

export function nodeVersion(version: string): Found {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isEnough = major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1])
  return isEnough ? ok(version) : failed(`${version} is too old`, `Install Node ${NODE_LEAST.join('.')} or newer.`)
}

/** The home, or the nearest folder above it that there is. */
function nearest(home: string): string {
  return existsSync(home) || dirname(home) === home ? home : nearest(dirname(home))
}

async function writable(home: string): Promise<Found> {
  const folder = nearest(home)
  if (!statSync(folder).isDirectory())
    return failed(`${folder} is no folder`, 'Name another one with --home or QUANTBOT_HOME.')
  try {
    await access(folder, constants.W_OK | constants.X_OK)
    rmSync(mkdtempSync(join(folder, '.doctor-')), { recursive: true })
  } catch (error) {
    const { code = 'no' } = error as NodeJS.ErrnoException // of the file system
    return failed(`${folder} cannot be written (${code})`, `Give this user the folder: chown -R "$USER" ${folder}`)
  }
  return ok(folder === home ? home : `${home}: not there yet, will be made`)
}

async function freeSpace(home: string): Promise<Found> {
  const { bavail, bsize } = await statfs(nearest(home))
  const free = bavail * bsize
  const said = `${(free / 1024 ** 3).toFixed(1)} GiB free`
  const mend = 'Free some, archive segments (quantbot archive), or move the home to another disk.'
  return free < FREE_FAIL ? failed(said, mend) : free < FREE_WARN ? warn(said, mend) : ok(said)
}

/** As the log writes: a small group, then a sync of its data. */
async function syncSpeed(home: string, stallMs: number): Promise<Found> {
  const folder = mkdtempSync(join(nearest(home), '.doctor-'))
  try {
    const file = await open(join(folder, 'sync'), 'w')
    const bytes = Buffer.alloc(4096, 1)
    const took: number[] = []
    try {
      for (let i = 0; i < SYNCS; i++) {
        const begun = performance.now()
        await file.write(bytes, 0, bytes.length, i * bytes.length)
        await file.datasync()
        took.push(performance.now() - begun)
      }
    } finally {
      await file.close()
    }
    took.sort((a, b) => a - b)
    const [median, longest] = [took[SYNCS >> 1]!, took[SYNCS - 1]!]
    const said = `median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms of ${SYNCS}`
    const mend = 'Put the home on a local SSD; a network disk or a busy one stalls the log.'
    if (longest >= stallMs) return failed(`${said}: longer than log.stallMs, which halts trading`, mend)
    return median > SYNC_WARN_MS ? warn(said, mend) : ok(said)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The key of checkpoints and the tokens of pages are for their owner alone. */
function keyModes(home: string): Found {
  const web = join(home, 'web')
  const tokens = existsSync(web) ? readdirSync(web).filter((name) => name.endsWith('.token')) : []
  const files = [keyPath(home), ...tokens.map((name) => join(web, name))].filter((path) => existsSync(path))
  const open_ = files.filter((path) => (statSync(path).mode & 0o077) !== 0)
  if (open_.length > 0) return failed(`others may read ${open_.join(', ')}`, `chmod 600 ${open_.join(' ')}`)
  return ok(files.length === 0 ? 'none yet' : `${files.length}, for their owner alone`)
}

function portCheck(home: string, name: 'web' | 'api', host: string, port: number): Check {
  return {
    area: 'ports',
    subject: name,
    run: async () => {
      if (port === 0) return ok('any free one')
      const code = await tryPort(host, port)
      if (code === undefined) return ok(`${host}:${port} is free`)
      if (code !== 'EADDRINUSE')
        return failed(
          `${host}:${port}: ${code}`,
          `Set ${name}.host to an address of this machine and ${name}.port to one that may be used.`,
        )
      const owners = listRuns(home).some((dir) => lockOwner(dir) !== undefined)
      const mend = `Set ${name}.port to another one, or 0 for any free one.`
      const who = owners ? '; a run of this home is running, it may be its own' : ''
      return warn(`${host}:${port} is taken${who}`, mend)
    },
  }
}

function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'no'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
