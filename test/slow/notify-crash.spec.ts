/** Notifications through kills at any instant, and the command that tries them: real processes, real endpoints. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Sfc32 } from '#core/random'
import { type HookRig, hookServer, PASSWORD, smtpServer, USER, until } from './notify-servers.js'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))
const MAIN = join(DIST, 'src/cli/main.js')
const COUNT = 600
const KILLS = 14

let home: string
let script: string
beforeAll(async () => {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build first (npm test does)`)
  home = mkdtempSync(join(tmpdir(), 'quantbot-notify-'))
  script = await buildChild(join(home, 'child'))
}, 60_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Bundles the child once, so that plain node runs it. */
async function buildChild(outDir: string): Promise<string> {
  const conditions = ['quantbot-source', 'node']
  await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('../..', import.meta.url)),
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ssr: fileURLToPath(new URL('./notify-child.ts', import.meta.url)),
      outDir,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'child.mjs' } },
    },
  })
  return join(outDir, 'child.mjs')
}

/** Kills it `waitMs` after the endpoint got so many more; whether it had ended before. */
async function runUntil(hook: HookRig, folder: string, more: number, waitMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [script, folder, hook.url, String(COUNT)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (part: Buffer) => {
    said += part.toString()
  })
  const closed = once(child, 'close')
  const from = hook.requests.length
  await until('deliveries', () => hook.requests.length - from >= more || child.exitCode !== null, 60_000)
  if (child.exitCode === null && more < COUNT) {
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    child.kill('SIGKILL')
  }
  await closed
  return said.includes('END')
}

describe('a kill at any instant', () => {
  it.each([11, 12, 13])(
    'loses nothing, keeps the order, and what comes again has the same id (seed %i)',
    async (seed) => {
      const hook = await hookServer()
      const folder = join(home, `seed-${seed}`)
      const random = Sfc32.seeded(seed)
      let kills = 0
      try {
        for (; kills < KILLS; kills++) if (await runUntil(hook, folder, random.below(60), random.next() * 40)) break
        expect(kills).toBeGreaterThan(5)
        if (kills === KILLS) expect(await runUntil(hook, folder, COUNT, 0)).toBe(true)
      } finally {
        await hook.close()
      }
      const letters = hook.bodies.map((body) => ({
        seq: Number(/seq (\d+), 2026/.exec(body)?.[1]),
        id: /letter (r1\.slack\.\d+\.\d+)/.exec(body)?.[1],
      }))
      const firsts = [...new Map(letters.map(({ seq, id }) => [seq, id] as const))]
      expect(firsts.map(([seq]) => seq)).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1))
      for (const { seq, id } of letters) expect(id).toBe(new Map(firsts).get(seq))
      // Only the one whose answer the kill cut off comes again, right away.
      expect(letters.length - COUNT).toBeLessThanOrEqual(kills)
      expect(letters.map(({ seq }) => seq)).toEqual(letters.map(({ seq }) => seq).sort((a, b) => a - b))
    },
    120_000,
  )
})

const execute = promisify(execFile)

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function quantbot(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const options = { env: { ...process.env, NO_COLOR: '1', QUANTBOT_HOME: home, ...env } }
  try {
    return { code: 0, ...(await execute(process.execPath, [MAIN, ...args], options)) }
  } catch (error) {
    const { code, stdout, stderr } = error as Ended // execFile's own error
    return { code, stdout, stderr }
  }
}

describe('quantbot notify test', () => {
  it('sends to each sink and tells what happened; fails where one failed, and shows no secret', async () => {
    const [smtp, hook] = [await smtpServer(), await hookServer()]
    const [config, ca] = [join(home, 'notify.yaml'), join(home, 'ca.pem')]
    writeFileSync(ca, smtp.ca)
    writeFileSync(
      config,
      `notifications:
  email: { host: localhost, port: ${smtp.port}, ca: ${ca}, user: env:QB_USER, password: env:QB_PASSWORD, from: bot@example.org, to: [you@example.org] }
  slack: { webhook: env:QB_SLACK }
`,
    )
    const env = { QB_USER: USER, QB_PASSWORD: PASSWORD, QB_SLACK: hook.url }
    try {
      const well = await quantbot(['notify', 'test', '--config', config], env)
      expect(well.stdout).toMatch(/^email {2}delivered {2}[\d,]+ ms\nslack {2}delivered {2}[\d,]+ ms\n$/)
      expect(well.code).toBe(0)
      expect([smtp.mails.length, hook.bodies.length]).toEqual([1, 1])

      const wrong = { ...env, QB_PASSWORD: 'hunter2-wrong' }
      const bad = await quantbot(['notify', 'test', '--config', config, '--json'], wrong)
      expect(bad.code).toBe(1)
      expect(JSON.parse(bad.stdout)).toMatchObject({
        sinks: [
          { sink: 'email', isDelivered: false, code: 'auth-refused', status: 535 },
          { sink: 'slack', isDelivered: true },
        ],
      })
      hook.answer = (_, response) => {
        response.writeHead(404).end('no_team')
        return true
      }
      const gone = await quantbot(['notify', 'test', '--config', config, '--sink', 'slack'], env)
      expect(gone).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^slack {2}webhook-gone \(404\)\n {2}mend: /),
      })
      for (const { stdout, stderr } of [well, bad, gone])
        expect(`${stdout}${stderr}`).not.toMatch(/hunter2|verysecret|correct horse/)
    } finally {
      await smtp.close()
      await hook.close()
    }
  }, 60_000)

  it('names the variable that is missing, and a URL that is none, without showing it', async () => {
    const config = join(home, 'slack.yaml')
    writeFileSync(config, 'notifications:\n  slack: { webhook: env:QB_SLACK }\n')
    const missing = await quantbot(['notify', 'test', '--config', config], { QB_SLACK: '' })
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('SECRET_MISSING: notifications.slack.webhook'),
    })
    const plain = await quantbot(['notify', 'test', '--config', config], {
      QB_SLACK: 'http://hooks.example.org/verysecret',
    })
    expect(plain).toMatchObject({ code: 2, stderr: expect.stringContaining('CONFIG_INVALID') })
    expect(plain.stderr).not.toContain('verysecret')
  })
})

describe('quantbot run', () => {
  it('tells of itself: start, what happened, the digest with the equity of the run, its end', async () => {
    const hook = await hookServer()
    const config = join(home, 'told.yaml')
    writeFileSync(
      config,
      'notifications:\n  modes: [sim]\n  slack: { webhook: env:QB_SLACK, digest: true }\n  maxPerHour: 1000\n',
    )
    try {
      const args = ['run', '--run', 'told', '--days', '12', '--speed', 'max', '--config', config, '--no-web', '--json']
      const { code, stdout } = await quantbot(args, { QB_SLACK: hook.url })
      expect(code).toBe(0)
      const subjects = hook.bodies.map((body) => (JSON.parse(body) as { readonly text: string }).text)
      expect(subjects).toContain('[quantbot told sim INFO] Started (sim)')
      expect(subjects).toContain('[quantbot told sim INFO] Stopped: finished')
      const digests = hook.bodies.filter((body) => body.includes('Digest of'))
      expect(digests.length).toBeGreaterThan(0)
      expect(digests.at(-1)).toMatch(/Equity: [\d,.]+ USDT; PnL [+−][\d,.]+ \(-?[\d.]+ %\)/)
      expect(digests.at(-1)).toContain('Refused by risk: ')
      const { runId } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { readonly runId: string }
      const status = await quantbot(['notify', 'status', runId, '--json'], {})
      expect(JSON.parse(status.stdout)).toMatchObject({
        sinks: [{ queued: 0, delivered: hook.bodies.length, failures: 0 }],
      })
      for (const text of [stdout, status.stdout]) expect(text).not.toContain('verysecret')
    } finally {
      await hook.close()
    }
  }, 60_000)
})
