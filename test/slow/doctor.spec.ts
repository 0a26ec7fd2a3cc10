/** `quantbot doctor` against what is really there: simulated venues that check signatures, PostgreSQL, Redis, SMTP, runs with logs. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { machineTime, scaledTime } from '#actors/scaled-time'
import type { Finding } from '#cli/doctor/finding'
import { diagnose } from '#cli/doctor.action'
import { forgetSecrets } from '#cli/redact'
import { pgServer } from '#data/stores/pg-server'
import { PostgresStore } from '#data/stores/postgres-store'
import { TEST_ACCOUNT } from '#venues/exchange/binance/account'
import { SIM_ACCOUNT } from '#venues/exchange/bybit/account'
import { DERIBIT_SIM_ACCOUNT } from '#venues/exchange/deribit/account'
import { OKX_SIM_ACCOUNT } from '#venues/exchange/okx/account'
import type { KeyRight } from '#venues/exchange/protocol.port'
import { PROTOCOLS } from '#venues/exchange/protocols'
import { type Exchange, openExchange } from '#venues/exchange/server'
import { generatedWorld } from '#venues/exchange/world/generated'
import { hasServer, startPostgres, startRedis, type TestServer } from '../servers.js'
import { PASSWORD, smtpServer, USER } from './notify-servers.js'
import { testHome } from './run-process.js'

const KEYS: Readonly<Record<string, { readonly key: string; readonly secret: string; readonly passphrase?: string }>> =
  {
    binance: { key: TEST_ACCOUNT.apiKey, secret: TEST_ACCOUNT.secret },
    bybit: SIM_ACCOUNT,
    okx: { key: OKX_SIM_ACCOUNT.apiKey, secret: OKX_SIM_ACCOUNT.secret, passphrase: OKX_SIM_ACCOUNT.passphrase },
    deribit: { key: DERIBIT_SIM_ACCOUNT.clientId, secret: DERIBIT_SIM_ACCOUNT.clientSecret },
  }
const NAMES = ['QB_D_KEY', 'QB_D_SECRET', 'QB_D_PASS', 'QB_D_PG', 'QB_D_REDIS', 'QB_D_USER', 'QB_D_MAIL']

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-doctor-'))
})
afterEach(() => {
  rmSync(home, { recursive: true, force: true })
  for (const name of NAMES) delete process.env[name]
  forgetSecrets()
})

function configured(text: string): string {
  const file = join(home, 'q.yaml')
  writeFileSync(file, `web: { enabled: false }\n${text}\n`)
  return file
}

const of = (findings: readonly Finding[], subject: string): Finding | undefined =>
  findings.find((finding) => finding.subject === subject)

describe('keys of venues', () => {
  const opened: Exchange[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((exchange) => exchange.close()))
  })

  async function asked(
    venue: string,
    options: { readonly rights?: readonly KeyRight[]; readonly secret?: string; readonly offsetMs?: number },
  ): Promise<readonly Finding[]> {
    const exchange = await openExchange({
      protocol: PROTOCOLS[venue]!(),
      world: generatedWorld({ seed: 1, venue, symbols: 3 }),
      time: options.offsetMs === undefined ? machineTime : scaledTime(1, Date.now() + options.offsetMs),
      seed: 1,
      ...(options.rights ? { rights: options.rights } : {}),
    })
    opened.push(exchange)
    const { key, secret, passphrase } = KEYS[venue]!
    process.env.QB_D_KEY = key
    process.env.QB_D_SECRET = options.secret ?? secret
    if (passphrase !== undefined) process.env.QB_D_PASS = passphrase
    const pass = passphrase === undefined ? '' : ', passphrase: env:QB_D_PASS'
    const file = configured(
      `venues: { ${venue}: { rest: "${exchange.rest}", ws: "${exchange.ws}", apiKey: env:QB_D_KEY, apiSecret: env:QB_D_SECRET${pass} } }`,
    )
    const { findings } = await diagnose(home, file, false)
    const said = JSON.stringify(findings)
    for (const value of [process.env.QB_D_SECRET, passphrase])
      if (value !== undefined) expect(said).not.toContain(value)
    return findings
  }

  describe.each(Object.keys(KEYS))('%s', (venue) => {
    it('one that may trade and not withdraw is fine, as is one that may only read', async () => {
      expect(of(await asked(venue, {}), `${venue} key`)).toMatchObject({
        level: 'ok',
        detail: expect.stringContaining('read and trade, not withdraw'),
      })
      expect(of(await asked(venue, { rights: ['read'] }), `${venue} key`)).toMatchObject({
        level: 'ok',
        detail: expect.stringMatching(/may read, not withdraw/),
      })
    })

    it('one that may withdraw is refused, with and without the right to trade', async () => {
      for (const rights of [
        ['read', 'trade', 'withdraw'],
        ['read', 'withdraw'],
      ] as const)
        expect(of(await asked(venue, { rights }), `${venue} key`)).toMatchObject({
          level: 'fail',
          detail: 'the key may withdraw',
        })
    })

    it('whose secret is another one is refused by the venue', async () => {
      const found = of(await asked(venue, { secret: 'another-secret-0123' }), `${venue} key`)
      expect(found).toMatchObject({ level: 'fail', detail: expect.stringContaining('the venue refuses it') })
    })

    it('is asked at the venue’s time, and a clock that is far off is told', async () => {
      const findings = await asked(venue, { offsetMs: 40_000 })
      expect(of(findings, `${venue} clock`)).toMatchObject({
        level: 'fail',
        detail: expect.stringMatching(/^\d{5} ms ahead of ours/),
      })
      expect(of(findings, `${venue} key`)?.level).toBe('ok')
    })
  })

  it('half a key fails without a question; a venue that is away fails and names nobody’s secret', async () => {
    process.env.QB_D_KEY = 'k'.repeat(20)
    const rest = 'rest: "http://127.0.0.1:1", ws: "ws://127.0.0.1:1"'
    const { findings } = await diagnose(home, configured(`venues: { okx: { ${rest}, apiKey: env:QB_D_KEY } }`), false)
    expect(of(findings, 'okx')).toMatchObject({ level: 'fail', detail: expect.stringContaining('VENUE_UNREACHABLE') })
  })
})

describe.runIf(hasServer('postgres'))('PostgreSQL', () => {
  let server: TestServer
  beforeAll(async () => {
    server = (await startPostgres())!
  })
  afterAll(() => server.end())
  const config = 'stores: { aggregate: postgres, postgres: env:QB_D_PG }'

  it('is told with its version and that of the schema, before and behind the first run', async () => {
    process.env.QB_D_PG = server.url
    const before = (await diagnose(home, configured(config), false)).findings
    expect(of(before, 'postgres')).toMatchObject({
      level: 'ok',
      detail: expect.stringMatching(/PostgreSQL \d+.*without TimescaleDB/),
    })
    expect(of(before, 'postgres schema')).toMatchObject({
      level: 'ok',
      detail: expect.stringContaining('not there yet'),
    })
    const store = new PostgresStore(pgServer(server.url))
    await store.migrate()
    await store.close()
    const behind = (await diagnose(home, configured(config), false)).findings
    expect(of(behind, 'postgres schema')).toMatchObject({ level: 'ok', detail: expect.stringMatching(/^version \d+$/) })
    const client = pgServer(server.url)
    await client.use(
      (session) => session.query("INSERT INTO quantbot.schema_version VALUES (999, 'later', 'native')"),
      5000,
    )
    await client.close()
    const later = (await diagnose(home, configured(config), false)).findings
    expect(of(later, 'postgres schema')).toMatchObject({ level: 'fail', detail: expect.stringContaining('999') })
  })

  it('that hangs or refuses is told in time, without its password', async () => {
    const url = new URL(server.url)
    url.username = 'nobody'
    url.password = 'hunter2hunter2'
    process.env.QB_D_PG = url.href
    const refused = (await diagnose(home, configured(config), false)).findings
    expect(of(refused, 'postgres')?.level).toBe('fail')
    expect(JSON.stringify(refused)).not.toContain('hunter2')
    process.env.QB_D_PG = server.url
    server.suspend()
    const hung = (await diagnose(home, configured(config), false)).findings
    server.resume()
    expect(of(hung, 'postgres')?.level).toBe('fail')
  })
})

describe.runIf(hasServer('redis'))('Redis', () => {
  it('is asked; one that is away fails', async () => {
    const server = (await startRedis())!
    process.env.QB_D_REDIS = server.url
    const config = 'stores: { redis: env:QB_D_REDIS }'
    expect(of((await diagnose(home, configured(config), false)).findings, 'redis')).toMatchObject({
      level: 'ok',
      detail: expect.stringMatching(/Redis \d/),
    })
    await server.end()
    expect(of((await diagnose(home, configured(config), false)).findings, 'redis')).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('ECONNREFUSED'),
    })
  })
})

describe('SMTP', () => {
  const config = (port: number, ca: string): string => {
    writeFileSync(join(home, 'ca.pem'), ca)
    return configured(
      `notifications: { email: { host: localhost, port: ${port}, ca: "${join(home, 'ca.pem')}", user: env:QB_D_USER, password: env:QB_D_MAIL, from: a@example.org, to: [b@example.org] } }`,
    )
  }

  it('is greeted, secured and logged into, and nothing is sent; a wrong password and a server that hides STARTTLS fail', async () => {
    const server = await smtpServer()
    const bare = await smtpServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] })
    process.env.QB_D_USER = USER
    process.env.QB_D_MAIL = PASSWORD
    const email = async (file: string) => of((await diagnose(home, file, false)).findings, 'email')
    expect(await email(config(server.port, server.ca))).toMatchObject({
      level: 'ok',
      detail: expect.stringContaining('login accepted; nothing was sent'),
    })
    expect(await email(config(bare.port, bare.ca))).toMatchObject({ level: 'fail' })
    process.env.QB_D_MAIL = 'wrong horse battery'
    const wrong = await email(config(server.port, server.ca))
    expect(wrong).toMatchObject({ level: 'fail', mend: expect.stringContaining('user and password') })
    expect(JSON.stringify(wrong)).not.toContain('horse')
    expect([...server.mails, ...bare.mails]).toEqual([])
    await server.close()
    await bare.close()
  })

  it('that accepts and says nothing is cut', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number } // of TCP
    process.env.QB_D_USER = USER
    process.env.QB_D_MAIL = PASSWORD
    const begun = performance.now()
    const { findings } = await diagnose(home, config(port, (await smtpCa()).ca), false)
    expect(of(findings, 'email')?.level).toBe('fail')
    expect(performance.now() - begun).toBeLessThan(30_000)
    silent.close()
  })
})

async function smtpCa() {
  const server = await smtpServer()
  await server.close()
  return server
}

describe('runs', () => {
  it('are held against their chain: behind the newest snapshot, or wholly', async () => {
    const cli = testHome()
    try {
      await cli.quantbot('run', '--run', 'a', '--speed', 'max', '--days', '40', '--json')
      const well = (await diagnose(cli.path, undefined, false)).findings
      expect(of(well, 'a')).toMatchObject({
        level: 'ok',
        detail: expect.stringMatching(/the chain holds from seq \d+ to seq \d+/),
      })
      const deep = (await diagnose(cli.path, undefined, true)).findings
      expect(of(deep, 'a')).toMatchObject({ level: 'ok', detail: expect.stringMatching(/^\d+ events proved/) })
      // A byte in the middle: only the whole walk finds it.
      cpSync(join(cli.path, 'runs', 'a'), join(cli.path, 'runs', 'b'), { recursive: true })
      const folder = join(cli.path, 'runs', 'b', 'log')
      const segment = join(folder, readdirSync(folder).find((name) => name.includes('.ndjson'))!)
      const bytes = readFileSync(segment)
      const middle = bytes.length >> 1
      bytes[middle] = bytes[middle]! ^ 1
      writeFileSync(segment, bytes)
      expect(of((await diagnose(cli.path, undefined, true)).findings, 'b')).toMatchObject({
        level: 'fail',
        mend: expect.stringContaining('backup'),
      })
      // Without a snapshot the quick look begins at the start, and meets it too.
      rmSync(join(cli.path, 'runs', 'b', 'snapshots'), { recursive: true, force: true })
      expect(of((await diagnose(cli.path, undefined, false)).findings, 'b')?.level).toBe('fail')
    } finally {
      cli.remove()
    }
  })

  it('say who holds them, and the command line has the same words, one document with --json, and exit codes', async () => {
    const cli = testHome()
    try {
      const running = cli.start('run', '--run', 'desk', '--json')
      await running.firstLine()
      const { code, stdout } = await cli.quantbot('doctor', '--json')
      const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] }
      expect(of(findings, 'desk')).toMatchObject({ detail: expect.stringContaining(`held by process ${running.pid}`) })
      expect(code).toBe(0)
      running.kill('SIGTERM')
      await running.ended
      const people = await cli.quantbot('doctor')
      expect(people.stdout).toMatch(/^ok {4}machine {2}node/m)
      expect(people.stdout).toMatch(/well: 0 failed, \d+ warnings, \d+ fine\n$/)
      const wrong = join(cli.path, 'wrong.yaml')
      writeFileSync(wrong, 'nme: x')
      expect((await cli.quantbot('doctor', '--config', wrong)).code).toBe(1)
    } finally {
      cli.remove()
    }
  })

  it('simulated venues play a key with the rights that were asked for', async () => {
    const cli = testHome()
    try {
      const sim = cli.start('sim-exchange', '--venue', 'bybit', '--symbols', '2', '--rights', 'read,withdraw', '--json')
      const { rest, ws } = await sim.firstLine()
      process.env.QB_D_KEY = SIM_ACCOUNT.key
      process.env.QB_D_SECRET = SIM_ACCOUNT.secret
      const file = configured(
        `venues: { bybit: { rest: "${rest}", ws: "${ws}", apiKey: env:QB_D_KEY, apiSecret: env:QB_D_SECRET } }`,
      )
      const { code, stdout } = await cli.quantbot('doctor', '--config', file)
      expect(code).toBe(1)
      expect(stdout).toContain('the key may withdraw')
      expect(stdout).not.toContain(SIM_ACCOUNT.secret)
      sim.kill('SIGTERM')
      await sim.ended
      const wrong = await cli.quantbot('sim-exchange', '--venue', 'bybit', '--rights', 'everything')
      expect(wrong.code).toBe(2)
    } finally {
      cli.remove()
    }
  })
})
