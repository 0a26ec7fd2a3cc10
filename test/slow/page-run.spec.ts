/** The page of real processes: `quantbot run` and `quantbot open`, as a person, a scraper and a neighbour on the machine meet them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readEvents } from '#events/log/reader'
import { type Running, type TestHome, testHome } from './run-process.js'

let home: TestHome
let child: ChildProcess | undefined
beforeEach(() => {
  home = testHome()
})
afterEach(() => {
  child?.kill('SIGKILL')
  child = undefined
  home.remove()
})

interface Page {
  readonly origin: string
  readonly token: string
}

const pageOf = (line: Record<string, unknown>): Page => {
  const url = new URL(String(line.url ?? 'http://none.invalid'))
  return { origin: url.origin, token: /^#token=([0-9a-f]{32})$/.exec(url.hash)?.[1] ?? 'none' }
}

async function get(
  page: Page,
  path: string,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(page.origin + path, { headers: { authorization: `Bearer ${page.token}` } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

function control(page: Page, command: object): Promise<Response> {
  return fetch(`${page.origin}/api/control`, {
    method: 'POST',
    headers: { authorization: `Bearer ${page.token}`, 'content-type': 'application/json', 'x-quantbot': '1' },
    body: JSON.stringify(command),
  })
}

async function until<T>(ask: () => Promise<T>, test: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (test(answer)) return answer
  }
}

async function started(
  ...args: readonly string[]
): Promise<{ readonly running: Running; readonly page: Page; readonly line: Record<string, unknown> }> {
  const running = home.start('run', '--run', 'a', '--json', ...args)
  const line = await running.firstLine()
  return { running, page: pageOf(line), line }
}

const typesOf = (id: string): string[] => {
  const types: string[] = []
  readEvents(join(home.path, 'runs', id), ({ type }) => types.push(String(type)))
  return types
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

describe('quantbot run', () => {
  it('serves its page from committed events, and says where', async () => {
    const { running, page, line } = await started('--port', '0', '--speed', '72000')
    expect(line.metricsUrl).toBe(`${page.origin}/metrics`)
    expect(page.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await get(page, '/api/facts')).toMatchObject({
      status: 200,
      body: { run: 'a', mode: 'sim', isLive: true, canControl: true },
    })
    const { body } = await until(
      () => get(page, '/api/state'),
      (answer) => Number(answer.body.seq) > 500,
    )
    const head = await get(page, '/api/head')
    expect(Number(head.body.seq)).toBeGreaterThanOrEqual(Number(body.seq))
    expect(await get(page, '/api/status')).toMatchObject({
      body: { live: { runId: 'a', state: 'running', pid: running.pid } },
    })
    const metrics = await fetch(String(line.metricsUrl), { headers: { authorization: `Bearer ${page.token}` } })
    expect(await metrics.text()).toContain('# HELP')
    expect(await home.json('status', 'a')).toMatchObject({ url: line.url, metricsUrl: line.metricsUrl })
    running.kill('SIGTERM')
    const { code } = await running.ended
    expect(code).toBe(0)
    await expect(fetch(page.origin)).rejects.toThrow()
  })

  it('obeys its page: halt and restart are events of the log, answered once they are on disk', async () => {
    const { running, page } = await started('--port', '0')
    const halted = (await (await control(page, { do: 'halt', reason: 'by hand' })).json()) as {
      seq: number
      halted: number
    }
    expect(halted.halted).toBeGreaterThan(halted.seq)
    expect((await control(page, { do: 'restart', agent: 'connector/sim', reason: 'stuck' })).status).toBe(200)
    expect((await control(page, { do: 'restart', agent: 'no/body', reason: 'x' })).status).toBeGreaterThanOrEqual(400)
    const shown = await until(
      () => get(page, '/api/state'),
      (answer) => answer.body.halt !== null,
    )
    expect(shown.body).toMatchObject({ halt: { seq: halted.halted } })
    running.kill('SIGTERM')
    await running.ended
    expect(typesOf('a')).toEqual(
      expect.arrayContaining(['OperatorCommanded', 'TradingHalted', 'AgentLifecycleChanged']),
    )
  })

  it('keeps its token over restarts, and out of everything but its own file', async () => {
    const first = await started('--port', '0')
    const cookie = await fetch(`${first.page.origin}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: first.page.origin },
      body: JSON.stringify({ token: first.page.token }),
    })
    expect(cookie.status).toBe(204)
    await fetch(`${first.page.origin}/api/head`, { headers: { authorization: 'Bearer 00' } })
    first.running.kill('SIGTERM')
    const { stderr } = await first.running.ended
    const second = await started('--port', '0')
    expect(second.page.token).toBe(first.page.token)
    const other = home.start('run', '--run', 'b', '--json', '--port', '0')
    const foreign = pageOf(await other.firstLine())
    expect(foreign.token).not.toBe(first.page.token)
    expect((await get({ ...second.page, token: foreign.token }, '/api/head')).status).toBe(401)
    second.running.kill('SIGTERM')
    other.kill('SIGTERM')
    const [ended] = await Promise.all([second.running.ended, other.ended])
    expect(stderr + ended.stderr).not.toContain(first.page.token)
    const path = join(home.path, 'web', 'a.token')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const holders = filesBelow(home.path).filter((file) => readFileSync(file, 'latin1').includes(first.page.token))
    expect(holders).toEqual([path])
  })

  it('goes on without a page where the port that was named is taken, or its token is not its own', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const taken = await started('--port', String(port))
    expect(taken.line.url).toBeUndefined()
    expect(await home.json('status', 'a')).toMatchObject({ runId: 'a' })
    taken.running.kill('SIGTERM')
    const ended = await taken.running.ended
    expect(ended.code).toBe(0)
    const told = ended.stderr.split('\n').filter((line) => line.includes('EADDRINUSE'))
    expect(told.map((line) => (JSON.parse(line) as { level: number }).level)).toEqual([40]) // a warning, in pino's levels
    await new Promise((resolve) => other.close(resolve))
    writeFileSync(join(home.path, 'web', 'a.token'), `${'0'.repeat(32)}\n`)
    chmodSync(join(home.path, 'web', 'a.token'), 0o644)
    const open = await started('--port', '0')
    expect(open.line.url).toBeUndefined()
    open.running.kill('SIGTERM')
    expect((await open.running.ended).stderr).toContain('others may read it')
  })

  it('has no page with --no-web or web.enabled: false, and makes no token', async () => {
    const without = await started('--port', '0', '--no-web', '--for', '1')
    expect(without.line.url).toBeUndefined()
    await without.running.ended
    const config = join(home.path, 'off.yaml')
    writeFileSync(config, 'web:\n  enabled: false\n')
    const off = home.start('run', '--run', 'c', '--config', config, '--json', '--port', '0', '--for', '1')
    expect((await off.firstLine()).url).toBeUndefined()
    await off.ended
    expect(existsSync(join(home.path, 'web'))).toBe(false)
  })
})

describe('notifications of quantbot run', () => {
  it('go out without a page too, and what was committed last before the process ends', async () => {
    const heard: string[] = []
    const hook = createHttpServer((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      request.on('end', () => {
        heard.push(text)
        response.end('ok')
      })
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    const address = hook.address()
    process.env.QUANTBOT_TEST_HOOK = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/services/T0/B0/key0`
    const config = join(home.path, 'told.yaml')
    mkdirSync(home.path, { recursive: true })
    writeFileSync(
      config,
      'notifications:\n  modes: [sim]\n  slack:\n    webhook: env:QUANTBOT_TEST_HOOK\n    minSeverity: info\n',
    )
    const running = home.start('run', '--run', 'a', '--json', '--no-web', '--config', config)
    expect((await running.firstLine()).url).toBeUndefined()
    await home.json('halt', 'a', '--reason', 'hand on the brake')
    running.kill('SIGTERM')
    const { code, stderr } = await running.ended
    hook.close()
    delete process.env.QUANTBOT_TEST_HOOK
    expect(code).toBe(0)
    expect(heard.join('\n')).toContain('Trading halted: operator')
    expect(heard.at(-1)).toContain('Stopped: signal')
    expect(stderr).not.toContain('key0')
  })
})

describe('quantbot open', () => {
  it('shows a run that has stopped, and takes no command for it', async () => {
    const { fingerprint } = await home.json('run', '--run', 'a', '--speed', 'max', '--days', '3')
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/)
    const open = home.start('open', 'a', '--json', '--port', '0')
    const page = pageOf(await open.firstLine())
    expect(await get(page, '/api/facts')).toMatchObject({ body: { run: 'a', isLive: false, canControl: false } })
    const last = typesOf('a').length
    await until(
      () => get(page, '/api/head'),
      ({ body }) => body.read === 1,
    )
    expect(await get(page, '/api/state')).toMatchObject({
      status: 200,
      body: { seq: last, process: { state: 'stopped' } },
    })
    expect(await get(page, '/api/state?seq=100')).toMatchObject({ status: 200, body: { seq: 100 } })
    expect((await get(page, `/api/state?seq=${last + 1}`)).status).toBe(404)
    expect(await get(page, '/api/status')).toMatchObject({ body: { live: null } })
    expect((await control(page, { do: 'halt', reason: 'x' })).status).toBe(409)
    open.kill('SIGINT')
    expect((await open.ended).code).toBe(0)
  })

  it('leads to the page of a run that is alive, and serves one itself where that has none', async () => {
    const { running, line } = await started('--port', '0')
    expect(await home.json('open', 'a', '--port', '0')).toMatchObject({ url: line.url })
    running.kill('SIGTERM')
    await running.ended
    const bare = home.start('run', '--run', 'b', '--json', '--no-web')
    await bare.firstLine()
    const open = home.start('open', 'b', '--json', '--port', '0')
    const page = pageOf(await open.firstLine())
    await until(
      () => get(page, '/api/head'),
      ({ body }) => Number(body.seq) > 0,
    )
    open.kill('SIGTERM')
    await open.ended
    expect((await home.quantbot('open', 'none')).code).toBe(2)
    expect((await home.quantbot('open', 'b', '--port', '99999')).code).toBe(2)
  })
})

describe('the observer thread', () => {
  const DIST = fileURLToPath(new URL('../../dist', import.meta.url))
  const TOKEN = 'ab'.repeat(16)

  async function observed(): Promise<{
    page: Page
    tell: (line: string) => void
    next: () => Promise<Record<string, unknown>>
  }> {
    await home.json('run', '--run', 'a', '--speed', 'max', '--days', '1')
    const script = fileURLToPath(new URL('./observer-child.mjs', import.meta.url))
    child = spawn(process.execPath, [script, DIST, home.path, join(home.path, 'runs', 'a'), TOKEN], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    const next = async (): Promise<Record<string, unknown>> =>
      JSON.parse(((await lines.next()) as { value: string }).value) as Record<string, unknown> // lines of our own child
    const { port, threads } = await next()
    expect(threads).toBe(1)
    return {
      page: { origin: `http://127.0.0.1:${port}`, token: TOKEN },
      tell: (line) => child?.stdin?.write(`${line}\n`),
      next,
    }
  }

  it('answers while the process hangs, says so, and carries nothing out afterwards', async () => {
    const { page, tell, next } = await observed()
    expect(await get(page, '/api/status')).toEqual({ status: 200, body: { live: { state: 'running', commands: [] } } })
    tell('hang 9000')
    expect(await next()).toEqual({ hangs: true })
    const status = await until(
      () => get(page, '/api/status'),
      ({ body }) => body.live === null,
    )
    const [halted, state, metrics] = await Promise.all([
      control(page, { do: 'flatten', reason: 'x' }),
      get(page, '/api/state'),
      fetch(`${page.origin}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } }),
    ])
    expect(status.body).toEqual({ live: null, unresponsive: true })
    expect([halted.status, state.status, metrics.status]).toEqual([503, 200, 200])
    expect(await halted.json()).toMatchObject({ error: { code: 'UNRESPONSIVE' } })
    expect(await next()).toEqual({ hangs: false })
    expect((await control(page, { do: 'halt', reason: 'y' })).status).toBe(200)
    tell('end')
    expect(await next()).toEqual({ ended: 1 })
  })

  it('that dies is told, and started anew on its port', async () => {
    const { page, tell, next } = await observed()
    tell('kill')
    const said = [await next(), await next()]
    expect(said).toContainEqual({ killed: 1 })
    expect(said.map(({ problem }) => String(problem)).join()).toContain('started again in 1 s')
    const again = await until(
      () => get(page, '/api/head').catch(() => ({ status: 0, body: {} })),
      ({ status }) => status === 200,
    )
    expect(Number((again.body as { seq?: number }).seq)).toBeGreaterThanOrEqual(0)
    tell('end')
    expect(await next()).toEqual({ ended: 0 })
  })
})
