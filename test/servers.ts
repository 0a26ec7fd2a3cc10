/**
 * Owns real servers for tests: Debian's PostgreSQL, Redis, Prometheus and Alertmanager, each on a free loopback port in a folder of its
 * own. Ends what it started by its pid. `undefined` where the programs are not installed: tests then skip, loudly, and fail under
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

/** Programs of Prometheus and of the Alertmanager, by the names that Debian gives them. */
const WATCHERS = ['prometheus', 'promtool', 'prometheus-alertmanager', 'amtool'] as const
const watcherPath = (name: (typeof WATCHERS)[number]): string | undefined => found(name, ['/usr/bin', ...pathFolders()])

const HAS = {
  postgres: () => postgresFolder() !== undefined,
  redis: () => redisPath() !== undefined,
  prometheus: () => WATCHERS.every((name) => watcherPath(name) !== undefined),
} as const

/** Whether tests with a server can be run; says so where they cannot, and throws where they must. */
export function hasServer(what: keyof typeof HAS): boolean {
  const has = HAS[what]()
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

/** A Prometheus with this configuration file; undefined where it is not installed. */
export function startPrometheus(configFile: string): Promise<TestServer | undefined> {
  return startWatcher('prometheus', configFile, (dir, port) => [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${dir}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ])
}

/** An Alertmanager of one with this configuration file; undefined where it is not installed. */
export function startAlertmanager(configFile: string): Promise<TestServer | undefined> {
  return startWatcher('prometheus-alertmanager', configFile, (dir, port) => [
    `--config.file=${configFile}`,
    `--storage.path=${dir}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
    '--log.level=warn',
  ])
}

async function startWatcher(
  name: 'prometheus' | 'prometheus-alertmanager',
  configFile: string,
  argsOf: (dir: string, port: number) => readonly string[],
): Promise<TestServer | undefined> {
  const path = watcherPath(name)
  if (path === undefined) return undefined
  if (!existsSync(configFile)) throw new Error(`${configFile} is missing`)
  const dir = mkdtempSync(join(tmpdir(), `quantbot-${name}-`))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const ready = (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  return startServer({ command: path, args: argsOf(dir, port), dir, port, url, ready })
}

/** What promtool or amtool says of `input` on its standard input; with their exit code. */
export function watcherTool(
  name: 'promtool' | 'amtool',
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(watcherPath(name) ?? name, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let said = ''
    const keep = (bytes: Buffer): void => {
      said += bytes.toString()
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, said }))
    child.stdin.end(input)
  })
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
    const launch = (): ChildProcess => {
      // Servers write to the terminal's streams as long as they live; a group of their own is not hit by Ctrl-C first.
      const started = spawn(command, args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], detached: true })
      started.stderr.on('data', (bytes: Buffer) => {
        said = `${said}${bytes.toString()}`.slice(-2000)
      })
      return started
    }
    child = launch()
    const until = Date.now() + START_MS
    while (!(await ready())) {
      const isOver = child.exitCode !== null
      // A process of the one that was killed is still dying.
      const isEarly = isOver && /pre-existing shared memory block/.test(said)
      if ((isOver && !isEarly) || Date.now() > until) throw new Error(`${command} did not start: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (!isEarly) continue
      said = ''
      child = launch()
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
    // It stops itself once more when it hears late that the server was stopped.
    const nudge = setInterval(() => signal(first!, 'SIGCONT'), 20)
    signal(first!, 'SIGCONT')
    await gone
    clearInterval(nudge)
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
