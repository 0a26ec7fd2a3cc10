/**
 * Owns real servers for tests: Debian's PostgreSQL and Redis, each on a free loopback port in a folder of its own. Ends what
 * it started by its pid. `undefined` where the programs are not installed: tests then skip, loudly, and fail under
 * QUANTBOT_REQUIRE_SERVERS=1.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, connect as tcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const START_MS = 30_000

export interface TestServer {
  readonly url: string
  readonly port: number
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it again with its data, on the same port. */
  restart(): Promise<void>
  /** Stops it where it stands, without closing a connection; `resume` lets it go on. */
  suspend(): void
  resume(): void
  /** Ends it and removes its folder. */
  end(): Promise<void>
}

function found(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

function pathFolders(): string[] {
  return (process.env.PATH ?? '').split(':').filter((folder) => folder !== '')
}

function postgresFolder(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(root, version, 'bin')), ...pathFolders()]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

const redisPath = (): string | undefined => found('redis-server', ['/usr/bin', ...pathFolders()])

/** Whether tests with a server can be run; says so where they cannot, and throws where they must. */
export function hasServer(what: 'postgres' | 'redis'): boolean {
  const has = what === 'postgres' ? postgresFolder() !== undefined : redisPath() !== undefined
  if (has) return true
  const message = `${what} is not installed: its tests are SKIPPED`
  if (process.env.QUANTBOT_REQUIRE_SERVERS === '1') throw new Error(message)
  process.stderr.write(`${message}\n`)
  return false
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const isRoot = process.getuid?.() === 0
const asOwner = (command: string, args: readonly string[]): [string, string[]] =>
  isRoot ? ['runuser', ['-u', 'postgres', '--', command, ...args]] : [command, [...args]]

/** An empty PostgreSQL, database `postgres`; undefined where it is not installed. */
export async function startPostgres(settings: readonly string[] = []): Promise<TestServer | undefined> {
  const bin = postgresFolder()
  if (bin === undefined) return undefined
  const dir = mkdtempSync(join(tmpdir(), 'quantbot-pg-'))
  if (isRoot) await run('chown', ['postgres', dir])
  chmodSync(dir, 0o700)
  const data = join(dir, 'data')
  const [command, args] = asOwner(join(bin, 'initdb'), ['--no-sync', '-A', 'trust', '-U', 'quantbot', '-D', data])
  await run(command, args, { cwd: '/' })
  const port = await freePort()
  const options = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${dir}`, ...settings]
  const [server, serverArgs] = asOwner(join(bin, 'postgres'), ['-D', data, ...options.flatMap((each) => ['-c', each])])
  const url = `postgres://quantbot@127.0.0.1:${port}/postgres`
  const ready = async (): Promise<boolean> =>
    run(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]).then(
      () => true,
      () => false,
    )
  return startServer({ command: server, args: serverArgs, dir, port, url, ready })
}

/** An empty Redis that keeps nothing on disk; undefined where it is not installed. */
export async function startRedis(): Promise<TestServer | undefined> {
  const path = redisPath()
  if (path === undefined) return undefined
  const dir = mkdtempSync(join(tmpdir(), 'quantbot-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir]
  return startServer({ command: path, args, dir, port, url: `redis://127.0.0.1:${port}`, ready: () => answers(port) })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tcp(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

interface Start {
  readonly command: string
  readonly args: readonly string[]
  readonly dir: string
  readonly port: number
  readonly url: string
  readonly ready: () => Promise<boolean>
}

async function startServer({ command, args, dir, port, url, ready }: Start): Promise<TestServer> {
  let child: ChildProcess | undefined
  const begin = async (): Promise<void> => {
    let said = ''
    // Servers write to the terminal's streams as long as they live; a group of their own is not hit by Ctrl-C first.
    const started = spawn(command, args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    started.stderr.on('data', (bytes: Buffer) => {
      said = `${said}${bytes.toString()}`.slice(-2000)
    })
    child = started
    const until = Date.now() + START_MS
    while (!(await ready())) {
      if (started.exitCode !== null || Date.now() > until) throw new Error(`${command} did not start: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const kill = async (): Promise<void> => {
    const ended = child
    child = undefined
    if (ended === undefined || ended.exitCode !== null) return
    const gone = new Promise((resolve) => ended.once('exit', resolve))
    // Whoever started the server in another user's name waits for it and ends with it; killed itself, it would leave it behind.
    const [first, ...below] = family(ended.pid!)
    for (const pid of command === 'runuser' && below.length > 0 ? below : [first!, ...below]) signal(pid, 'SIGKILL')
    signal(first!, 'SIGCONT')
    await gone
  }
  await begin()
  return {
    url,
    port,
    kill,
    restart: begin,
    suspend: () => {
      for (const pid of family(child!.pid!)) signal(pid, 'SIGSTOP')
    },
    resume: () => {
      for (const pid of family(child!.pid!)) signal(pid, 'SIGCONT')
    },
    end: async () => {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}

/** A process and all below it, from /proc. */
function family(pid: number): number[] {
  const found = [pid]
  for (const parent of found) {
    try {
      const text = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
      found.push(...text.split(' ').filter(Boolean).map(Number))
    } catch {
      // It has ended meanwhile.
    }
  }
  return found
}
