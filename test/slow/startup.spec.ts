/**
 * What the built commands load: each package that a command reads and does not use costs every start. V8 itself tells which files ran
 * (NODE_V8_COVERAGE), in threads too. Packages of packages are not looked at.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
}

const home = mkdtempSync(join(tmpdir(), 'quantbot-startup-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

interface Loaded {
  /** Dependencies of quantbot, by name. */
  readonly packages: readonly string[]
  /** Files of quantbot below `dist`. */
  readonly files: readonly string[]
}

interface Ran {
  readonly status: number | null
  readonly main: Loaded
  readonly threads: readonly Loaded[]
}

/** The innermost package of a path below node_modules. */
const packageOf = (path: string): string | undefined => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]

function loadedIn(file: string): Loaded {
  const { result } = JSON.parse(readFileSync(file, 'utf8')) as { readonly result: readonly { readonly url: string }[] } // as V8 writes it
  const paths = result.flatMap(({ url }) => (url.startsWith('file:') ? [fileURLToPath(url)] : []))
  const names = new Set(paths.map(packageOf))
  return {
    packages: Object.keys(dependencies).filter((name) => names.has(name)),
    files: paths.filter((path) => packageOf(path) === undefined && path.includes('/dist/')),
  }
}

function run(...args: readonly string[]): Ran {
  const folder = mkdtempSync(join(home, 'coverage-'))
  const { status } = spawnSync(process.execPath, [MAIN, '--home', home, ...args], {
    env: { ...process.env, NODE_V8_COVERAGE: folder },
    stdio: 'ignore',
  })
  const all = readdirSync(folder).map((name) => loadedIn(join(folder, name)))
  const isMain = ({ files }: Loaded): boolean => files.some((path) => path === MAIN)
  const [main] = all.filter(isMain)
  expect(main, `${args.join(' ')} left no coverage`).toBeDefined()
  return { status, main: main!, threads: all.filter((each) => !isMain(each)) }
}

const SIM = ['run', '--json', '--speed', 'max', '--days', '1']

describe.skipIf(!existsSync(MAIN))('the built command line (needs `npm run build`) loads', () => {
  beforeAll(() => {
    expect(run(...SIM, '--no-web', '--run', 'done').status).toBe(0)
  })

  it.each([
    ['its version', ['--version']],
    ['its help', ['--help']],
    ['the help of a command', ['run', '--help']],
    ['the help of parse, which names the topics of all venues', ['parse', '--help']],
    ['the status of a run that has stopped', ['status', 'done']],
    ['a proof', ['audit', 'verify', 'done']],
    ['trades', ['audit', 'trades', 'done']],
    ['an explanation', ['audit', 'explain', 'done', '9']],
    ['an export', ['audit', 'export', 'done', '--what', 'fills', '--out', join(home, 'fills.csv')]],
  ] as const)('nothing but the command line for %s', (_, args) => {
    const { status, main } = run(...args)
    expect(status).toBe(0)
    expect(main.packages).toEqual(['commander'])
  })

  it('nothing but the command line to ask a process that does not run', () => {
    for (const command of ['status', 'halt', 'resume', 'flatten'])
      expect(run(command)).toMatchObject({ status: 1, main: { packages: ['commander'] } })
  })

  it('little of quantbot for what is told at once', () => {
    const { main } = run('--version')
    expect(main.files.filter((path) => !path.includes('/cli/')).length).toBeLessThan(15)
    expect(main.files.filter((path) => /\.action\.js$/.test(path))).toEqual([])
  })

  it('neither lake, stores, venues, page nor mail for a run on the built-in market', () => {
    const { status, main, threads } = run(...SIM, '--no-web', '--run', 'plain')
    expect(status).toBe(0)
    expect(main.packages).toEqual(['commander', 'pino', 'rxjs', 'xstate', 'zod'])
    expect(threads).toEqual([])
  })

  it('the page in its thread alone, and neither lake nor mail beside it', () => {
    const { status, main, threads } = run(...SIM, '--port', '0', '--run', 'served')
    expect(status).toBe(0)
    expect(main.packages).toEqual(['commander', 'pino', 'rxjs', 'xstate', 'zod'])
    const [thread, ...others] = threads.filter(({ files }) => files.length > 0)
    expect(others).toEqual([])
    const served = ['@fastify/cookie', '@fastify/static', 'fastest-levenshtein', 'fastify', 'prom-client', 'zod']
    expect(thread?.packages).toEqual(served)
  })

  it('neither lake nor YAML for a replay of a run', () => {
    const { status, main } = run('replay', 'done')
    expect(status).toBe(0)
    expect(main.packages).toEqual(['commander', 'fastest-levenshtein', 'zod'])
  })

  it('the lake where the lake is read', () => {
    const { main } = run('data', 'sql', 'SELECT 1')
    expect(main.packages).toEqual(['@duckdb/node-api', 'commander'])
  })
})
