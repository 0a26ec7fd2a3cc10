/** What `quantbot doctor` concludes: rights of keys, clocks, schema, versions; and that a check that hangs or throws is a finding. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Finding, ok, runChecks } from '#cli/doctor/finding'
import { nodeVersion } from '#cli/doctor/machine-checks'
import { schema } from '#cli/doctor/store-checks'
import { clockOf, rightsFound } from '#cli/doctor/venue-checks'
import { KeyRefused, QUESTIONS } from '#cli/doctor/venue-keys'
import { diagnose } from '#cli/doctor.action'
import { forgetSecrets, protect } from '#cli/redact'
import { SCHEMA_VERSION } from '#data/stores/migrations/all'
import { quantbot } from '../pipeline/cli.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-doctor-'))
})
afterEach(() => {
  rmSync(home, { recursive: true })
  forgetSecrets()
  for (const name of ['QB_DOCTOR_KEY', 'QB_DOCTOR_HOOK']) delete process.env[name]
})

describe('the question what a key may do', () => {
  it('is the documented one, says its time as the venue wants it, and never holds the secret', () => {
    const asked = (venue: keyof typeof QUESTIONS) =>
      QUESTIONS[venue].request('https://h', { key: 'KEY', secret: 'SECRET', passphrase: 'PASS' }, 1607418537715)
    expect(asked('okx').headers['OK-ACCESS-TIMESTAMP']).toBe('2020-12-08T09:08:57.715Z')
    expect(asked('okx').url).toBe('https://h/api/v5/account/config')
    expect(asked('bybit').url).toBe('https://h/v5/user/query-api')
    expect(asked('binance').url).toMatch(
      /\/sapi\/v1\/account\/apiRestrictions\?.*timestamp=1607418537715&signature=[0-9a-f]{64}$/,
    )
    expect(new URL(asked('deribit').url).searchParams.get('grant_type')).toBe('client_signature')
    for (const venue of ['binance', 'bybit', 'okx', 'deribit'] as const)
      expect(JSON.stringify(asked(venue))).not.toContain('SECRET')
  })
})

describe('what venues answer', () => {
  it.each([
    [
      'binance',
      { enableReading: true, enableSpotAndMarginTrading: true, enableWithdrawals: false, ipRestrict: true },
      { canTrade: true, canWithdraw: false, isBound: true },
    ],
    [
      'binance',
      { enableReading: true, enableWithdrawals: true, ipRestrict: false },
      { canTrade: false, canWithdraw: true, isBound: false },
    ],
    ['binance', {}, { canTrade: false, canWithdraw: null, isBound: null }],
    [
      'bybit',
      {
        retCode: 0,
        result: { readOnly: 0, permissions: { Spot: ['SpotTrade'], Wallet: ['AccountTransfer'] }, ips: ['1.2.3.4'] },
      },
      { canTrade: true, canWithdraw: false, isBound: true },
    ],
    [
      'bybit',
      { retCode: 0, result: { readOnly: 0, permissions: { Wallet: ['Withdraw'] }, ips: ['*'] } },
      { canTrade: false, canWithdraw: true, isBound: false },
    ],
    [
      'bybit',
      { retCode: 0, result: { readOnly: 1, permissions: { Wallet: ['Withdraw'], Spot: ['SpotTrade'] } } },
      { canTrade: false, canWithdraw: false, isBound: null },
    ],
    ['bybit', { retCode: 0, result: {} }, { canTrade: false, canWithdraw: null, isBound: null }],
    [
      'okx',
      { code: '0', data: [{ perm: 'read_only,trade', ip: '' }] },
      { canTrade: true, canWithdraw: false, isBound: false },
    ],
    [
      'okx',
      { code: '0', data: [{ perm: 'read_only,withdraw,trade', ip: '1.2.3.4' }] },
      { canTrade: true, canWithdraw: true, isBound: true },
    ],
    ['okx', { code: '0', data: [] }, { canTrade: false, canWithdraw: null, isBound: null }],
    [
      'deribit',
      { result: { scope: 'connection mainaccount trade:read_write wallet:read' } },
      { canTrade: true, canWithdraw: false, isBound: null },
    ],
    [
      'deribit',
      { result: { scope: 'trade:read wallet:read_write' } },
      { canTrade: false, canWithdraw: true, isBound: null },
    ],
    ['deribit', { result: { scope: 'connection mainaccount' } }, { canTrade: false, canWithdraw: null, isBound: null }],
  ] as const)('%s %j', (venue, body, rights) => {
    expect(QUESTIONS[venue].read(200, body)).toEqual(rights)
  })

  it.each([
    ['binance', 401, { code: -2015, msg: 'Invalid API-key' }, '-2015 Invalid API-key'],
    ['bybit', 200, { retCode: 10004, retMsg: 'error sign!' }, '10004 error sign!'],
    ['okx', 401, { code: '50113', msg: 'Invalid Sign' }, '50113 Invalid Sign'],
    ['deribit', 400, { error: { code: 13004, message: 'invalid_credentials' } }, '13004 invalid_credentials'],
    ['binance', 502, {}, '502'],
  ] as const)('%s refuses: %s %j', (venue, status, body, words) => {
    expect(() => QUESTIONS[venue].read(status, body)).toThrow(new KeyRefused(words))
  })

  it('a key that may withdraw fails, whatever else it may; one of which nobody says warns', () => {
    for (const canTrade of [true, false])
      expect(rightsFound({ canTrade, canWithdraw: true, isBound: true }).level).toBe('fail')
    expect(rightsFound({ canTrade: true, canWithdraw: null, isBound: null }).level).toBe('warn')
    expect(rightsFound({ canTrade: true, canWithdraw: false, isBound: false })).toEqual({
      level: 'ok',
      detail: 'may read and trade, not withdraw; it is bound to no address',
    })
  })
})

it('judges clocks, schema versions and Node', () => {
  expect([0, 499, -501, 999, -1000, 5000].map((offset) => clockOf(offset, 500).level)).toEqual([
    'ok',
    'ok',
    'warn',
    'warn',
    'fail',
    'fail',
  ])
  expect([SCHEMA_VERSION + 1, SCHEMA_VERSION, 0].map((version) => schema(version).level)).toEqual([
    'fail',
    'ok',
    'warn',
  ])
  expect(['18.20.0', '20.11.1', '20.12.0', '22.0.0'].map((version) => nodeVersion(version).level)).toEqual([
    'fail',
    'fail',
    'ok',
    'ok',
  ])
})

describe('checks', () => {
  it('go on beside each other; one that hangs is cut and told, one that throws is told, and the order stays', async () => {
    let isAborted = false
    protect('s3cret-password')
    const findings = await runChecks([
      {
        area: 'a',
        subject: 'hangs',
        timeoutMs: 20,
        run: (signal) =>
          new Promise(() =>
            signal.addEventListener('abort', () => {
              isAborted = true
            }),
          ),
      },
      { area: 'a', subject: 'throws', run: () => Promise.reject(new Error('s3cret-password was wrong\nstack')) },
      {
        area: 'a',
        subject: 'throws at once',
        run: () => {
          throw new Error('at once')
        },
      },
      { area: 'a', subject: 'fine', run: async () => ok('fine') },
    ])
    expect(findings.map(({ subject, level }) => `${subject}: ${level}`)).toEqual([
      'hangs: fail',
      'throws: fail',
      'throws at once: fail',
      'fine: ok',
    ])
    expect(isAborted).toBe(true)
    expect(findings[0]?.detail).toBe('no answer in 0.02 s')
    expect(findings[1]?.detail).toBe('[secret] was wrong')
    for (const { level, mend } of findings) expect(level === 'ok' || (mend ?? '').length > 5).toBe(true)
  })
})

const of = (findings: readonly Finding[], subject: string): Finding | undefined =>
  findings.find((finding) => finding.subject === subject)

describe('a home', () => {
  it('that is not there yet is well, and stays away', async () => {
    const missing = join(home, 'var')
    const { findings, ok: isWell } = await diagnose(missing, undefined, false)
    expect(findings.filter(({ level }) => level === 'fail')).toEqual([])
    expect(isWell).toBe(true)
    expect(of(findings, 'home')?.detail).toContain('will be made')
    expect(of(findings, 'fsync')?.detail).toMatch(/median [\d.]+ ms, longest [\d.]+ ms of 20/)
    await expect(diagnose(missing, undefined, false)).resolves.toBeDefined()
    expect(of(findings, 'runs')?.detail).toBe('none yet')
  })

  it('whose key others may read fails', async () => {
    mkdirSync(join(home, 'keys'))
    const key = join(home, 'keys', 'ed25519.pem')
    writeFileSync(key, 'x')
    chmodSync(key, 0o644)
    const { findings, ok: isWell } = await diagnose(home, undefined, false)
    expect(isWell).toBe(false)
    expect(of(findings, 'key files')).toMatchObject({ level: 'fail', mend: `chmod 600 ${key}` })
    chmodSync(key, 0o600)
    expect(of((await diagnose(home, undefined, false)).findings, 'key files')?.level).toBe('ok')
  })
})

describe('a configuration', () => {
  it('that is wrong fails with each problem; the machine is looked at all the same', async () => {
    const file = join(home, 'q.yaml')
    writeFileSync(file, 'nme: x\nlog: { groupMs: 0 }\nstores: { postgres: "postgres://u:hunter2@h/d" }\n')
    const { code, json } = await quantbot(home, 'doctor', '--config', file)
    expect(code).toBe(1)
    const findings = json.findings as readonly Finding[] // the command's document
    expect(findings.filter(({ area }) => area === 'config').map(({ level }) => level)).toEqual(['fail', 'fail', 'fail'])
    expect(of(findings, 'node')?.level).toBe('ok')
    expect(JSON.stringify(json)).not.toContain('hunter2')
  })

  it('that asks for what the environment lacks fails with the name; .env that others may read warns', async () => {
    const file = join(home, 'q.yaml')
    writeFileSync(
      file,
      'stores: { redis: env:QB_DOCTOR_KEY }\nnotifications: { slack: { webhook: env:QB_DOCTOR_HOOK } }\nweb: { port: 0 }\n',
    )
    writeFileSync(join(home, '.env'), 'QB_DOCTOR_HOOK=https://hooks.slack.com/services/T000/B000/hunter2hunter2\n', {
      mode: 0o644,
    })
    const { findings } = await diagnose(home, file, false)
    expect(of(findings, 'stores.redis')).toMatchObject({ level: 'fail', detail: 'QB_DOCTOR_KEY is not set' })
    expect(of(findings, 'redis')).toMatchObject({ level: 'fail', detail: expect.stringContaining('SECRET_MISSING') })
    expect(of(findings, 'notifications.slack.webhook')).toMatchObject({
      level: 'ok',
      detail: 'QB_DOCTOR_HOOK is set by .env',
    })
    expect(of(findings, 'slack')?.level).toBe('ok')
    expect(of(findings, '.env')).toMatchObject({ level: 'warn', mend: expect.stringContaining('chmod 600') })
    expect(JSON.stringify(findings)).not.toContain('hunter2')
  })

  it('whose port is taken is told so', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number } // of TCP
    const file = join(home, 'q.yaml')
    writeFileSync(file, `api: { enabled: true, port: ${port} }\nweb: { enabled: false }\n`)
    const { findings } = await diagnose(home, file, false)
    server.close()
    expect(of(findings, 'api')).toMatchObject({ level: 'warn', detail: `127.0.0.1:${port} is taken` })
    expect(of(findings, 'web')).toBeUndefined()
  })
})
