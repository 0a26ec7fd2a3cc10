/**
 * The last stage of the Dockerfile without an engine: its files in a folder of their own, production packages alone, and the run
 * that it starts. An import of a development package, or a file that is not copied, shows here. Needs `npm run build`.
 */
import { execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const LAST_STAGE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  .split(/^FROM /m)
  .at(-1)!
/** What would be in the environment of a container. */
const ENV = { PATH: process.env.PATH ?? '', NODE_ENV: 'production', NO_COLOR: '1' }

let folder: string
let app: string
const home = (): string => join(folder, 'home')
const quantbot = (...args: readonly string[]) =>
  run(process.execPath, [join(app, 'scripts/quantbot.mjs'), '--home', home(), ...args], {
    env: ENV,
    cwd: folder,
    maxBuffer: 1 << 26,
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quantbot-image-'))
  app = join(folder, 'app')
  mkdirSync(app)
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(ROOT, name), join(app, name))
  const [, args] = /^RUN npm (ci --omit=dev .*)$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))!
  await run('npm', [...args!.split(' '), '--prefer-offline'], { cwd: app })
  rmSync(join(app, 'package-lock.json'))
  for (const [, line] of LAST_STAGE.matchAll(/^COPY (.*)$/gm)) {
    const [from, to] = line!.replace(/^--from=\S+ /, '').split(' ') as [string, string] // one source each
    // node_modules was made above, dist by the build that this needs.
    if (from.endsWith('node_modules')) continue
    mkdirSync(dirname(join(app, to)), { recursive: true })
    cpSync(join(ROOT, from.replace('/app/', '')), join(app, to.endsWith('/') ? join(to, from) : to), {
      recursive: true,
    })
  }
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what the image holds', () => {
  it('has no development package, and the page', () => {
    for (const name of ['vitest', 'typescript', 'vite', '@biomejs/biome', 'playwright-core', 'ccxt'])
      expect(existsSync(join(app, 'node_modules', name)), name).toBe(false)
    expect(existsSync(join(app, 'dist/web/index.html'))).toBe(true)
  })

  it('trades a day and proves its log from production packages alone', async () => {
    const { stdout } = await quantbot('run', '--run', 'image', '--days', '1', '--speed', 'max', '--json')
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({
      runId: 'image',
      events: expect.any(Number),
    })
    expect((await quantbot('audit', 'verify', 'image')).stdout).toMatch(/^ok/)
    expect((await quantbot('agents')).stdout).toContain('risk/engine')
  })

  it('answers its health check while it runs, ends on SIGTERM in order, and fails the check afterwards', async () => {
    const args = [join(app, 'scripts/quantbot.mjs'), '--home', home(), 'run', '--run', 'healthy', '--json']
    const child = spawn(process.execPath, args, { env: ENV, stdio: ['ignore', 'pipe', 'ignore'] })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const check = JSON.parse(/HEALTHCHECK .*CMD (\[.*\])/.exec(LAST_STAGE)![1]!) as string[] // an array of words
    const { stdout } = await quantbot(...check.slice(1))
    expect(JSON.parse(stdout)).toMatchObject({ runId: 'healthy', state: expect.any(String) })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    await expect(quantbot(...check.slice(1))).rejects.toMatchObject({ code: 1 })
  })
})
