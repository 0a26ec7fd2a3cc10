/** `quantbot init`: what it writes is valid whatever is chosen, holds no secret, and overwrites nothing. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '#cli/config-file'
import { diagnose } from '#cli/doctor.action'
import { envUses } from '#cli/env-file'
import { writeInit } from '#cli/init.action'
import { answersOf, type InitFlags } from '#cli/init-answers'
import { askAnswers } from '#cli/init-questions'
import { venuesOf } from '#cli/paper-venues'
import { readRunOptions } from '#cli/run-options'
import { quantbot } from '../pipeline/cli.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-init-'))
})
afterEach(() => {
  rmSync(home, { recursive: true })
  for (const name of ['QB_POSTGRES_URL', 'QB_SMTP_USER', 'QB_SMTP_PASSWORD', 'QB_SLACK_WEBHOOK'])
    delete process.env[name]
})

const MAIL = { smtpHost: 'smtp.example.org', mailTo: 'me@example.org' } as const
const CASES: readonly InitFlags[] = (['sim', 'paper'] as const).flatMap((mode) =>
  ['binance', 'okx', 'binance,bybit,okx'].flatMap((venue) =>
    ['BTC', 'btc, eth,NEWCOIN'].flatMap((symbols) =>
      ['none', 'slack', 'email', 'email,slack'].flatMap((notify) =>
        ['none', 'duckdb', 'postgres'].flatMap((store) =>
          [false, true].map((simulator) => ({
            ...{
              mode,
              venue,
              symbols,
              notify,
              store,
              simulator,
              interval: '15m',
              capital: '2500.5',
              name: 'my.desk_1',
            },
            ...(notify.includes('email') ? MAIL : {}),
          })),
        ),
      ),
    ),
  ),
)

it(`is valid, taken by run, and asks for no name that .env.example lacks: ${CASES.length} combinations`, async () => {
  process.env.QB_POSTGRES_URL = 'postgres://h/d'
  process.env.QB_SMTP_USER = 'bot'
  process.env.QB_SMTP_PASSWORD = 'not-used'
  process.env.QB_SLACK_WEBHOOK = 'https://hooks.slack.com/services/T00/B00/0123456789'
  for (const [i, flags] of CASES.entries()) {
    const folder = join(home, String(i))
    const answers = answersOf(flags)
    expect(writeInit(folder, answers).map((path) => path.slice(folder.length + 1))).toEqual([
      'quantbot.yaml',
      '.env.example',
      '.gitignore',
    ])
    const file = join(folder, 'quantbot.yaml')
    const config = readConfig(file)
    expect(config).toMatchObject({ name: 'my.desk_1', capital: '2500.5' })
    const settings = await readRunOptions({
      mode: answers.mode,
      config: file,
      clock: 'machine',
      backfill: true,
      view: true,
    } as never) // as commander gives them
    expect(settings.mode).toBe(answers.mode)
    if (answers.mode === 'paper') {
      expect(venuesOf(config).map(({ venue }) => venue)).toEqual(answers.venues)
      expect(config.universe).toHaveLength(answers.venues.length * answers.symbols.length)
      expect(config.interval).toBe('15m')
      expect(config.venues.binance.rest !== undefined).toBe(answers.simulator && answers.venues.includes('binance'))
    }
    expect(config.stores.aggregate).toBe(answers.store)
    expect([config.notifications.email, config.notifications.slack].map((sink) => sink !== undefined)).toEqual([
      answers.notify.includes('email'),
      answers.notify.includes('slack'),
    ])
    const env = readFileSync(join(folder, '.env.example'), 'utf8')
    for (const { name } of envUses(config)) expect(env).toMatch(new RegExp(`^${name}=$`, 'm'))
    // Names with empty values alone: no secret, and nothing to forget.
    for (const line of env.split('\n')) expect(line).toMatch(/^(?:#.*|[A-Z_]+=|)$/)
  }
})

it('is well in the eyes of the doctor once its secrets are there', async () => {
  const folder = join(home, 'desk')
  writeInit(folder, answersOf({ store: 'none', notify: 'slack' }))
  const file = join(folder, 'quantbot.yaml')
  const before = await diagnose(join(folder, 'var'), file, false)
  expect(before.findings.filter(({ level }) => level === 'fail').map(({ detail }) => detail)[0]).toBe(
    'QB_SLACK_WEBHOOK is not set',
  )
  const example = readFileSync(join(folder, '.env.example'), 'utf8')
  writeFileSync(
    join(folder, '.env'),
    example.replace('WEBHOOK=', 'WEBHOOK=https://hooks.slack.com/services/T00/B00/0123456789'),
    { mode: 0o600 },
  )
  const after = await diagnose(join(folder, 'var'), file, false)
  expect(after.findings.filter(({ level }) => level === 'fail')).toEqual([])
})

describe('files that are there', () => {
  it('are never overwritten, and then nothing is written', async () => {
    for (const name of ['quantbot.yaml', '.env.example']) {
      const folder = mkdtempSync(join(home, 'there-'))
      writeFileSync(join(folder, name), 'mine')
      expect((await quantbot(home, 'init', folder, '--yes')).json.error).toBe('TARGET_EXISTS')
      expect(readFileSync(join(folder, name), 'utf8')).toBe('mine')
      expect(existsSync(join(folder, '.gitignore'))).toBe(false)
    }
  })

  it('such as .gitignore are added to, once', async () => {
    const of = (text: string): string => {
      const folder = mkdtempSync(join(home, 'ignore-'))
      writeFileSync(join(folder, '.gitignore'), text)
      writeInit(folder, answersOf({}))
      return readFileSync(join(folder, '.gitignore'), 'utf8')
    }
    expect(of('node_modules')).toBe('node_modules\n.env\nvar/\n')
    expect(of('/var\n.env\n')).toBe('/var\n.env\n')
    expect(of('')).toBe('.env\nvar/\n')
  })
})

describe('flags', () => {
  it.each([
    [{ mode: 'live' }, '--mode'],
    [{ venue: 'deribit' }, '--venue'],
    [{ venue: '' }, '--venue'],
    [{ symbols: 'BTC/USDT' }, '--symbols'],
    [{ symbols: ',' }, '--symbols'],
    [{ capital: '1e6' }, '--capital'],
    [{ capital: '-5' }, '--capital'],
    [{ capital: '0' }, '--capital'],
    [{ interval: '7m' }, '--interval'],
    [{ store: 'mysql' }, '--store'],
    [{ notify: 'pager' }, '--notify'],
    [{ notify: 'email' }, '--smtp-host'],
    [{ notify: 'email', smtpHost: 'h' }, '--mail-to'],
    [{ name: '../x' }, '--name'],
    [{ name: 'a"b' }, '--name'],
  ] as const)('%j is refused by its name', (flags, flag) => {
    expect(() => answersOf(flags)).toThrow(flag)
  })

  it('are told with --json as one document, and leave a folder that runs', async () => {
    const folder = join(home, 'new', 'desk')
    const { code, json } = await quantbot(
      home,
      'init',
      folder,
      '--mode',
      'paper',
      '--venue',
      'bybit',
      '--symbols',
      'BTC',
    )
    expect(code).toBe(0)
    expect(json).toMatchObject({
      dir: folder,
      mode: 'paper',
      files: [join(folder, 'quantbot.yaml'), join(folder, '.env.example'), join(folder, '.gitignore')],
    })
    expect((await quantbot(home, 'config', 'check', join(folder, 'quantbot.yaml'))).code).toBe(0)
  })
})

describe('questions', () => {
  const KEYS = { enter: '\r', down: '\u001b[B', space: ' ', ctrlC: '\u0003' } as const

  /** Types the next answer whenever a question is on the screen. */
  function typing(answers: readonly (readonly [question: string, keys: readonly string[]])[]) {
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input })
    const output = Object.assign(new PassThrough(), { columns: 80, rows: 24, isTTY: true })
    const rest = [...answers]
    let shown = ''
    output.on('data', (chunk: Buffer) => {
      shown += chunk.toString()
      const next = rest[0]
      if (next === undefined || !shown.includes(next[0])) return
      rest.shift()
      shown = ''
      setImmediate(() => {
        for (const key of next[1]) input.write(key)
      })
    })
    return { terminal: { input, output }, rest }
  }

  it('give what was chosen; what a flag says is not asked', async () => {
    const { terminal, rest } = typing([
      ['What is it to trade?', [KEYS.down, KEYS.enter]],
      ['Venues', [KEYS.down, KEYS.space, KEYS.enter]],
      ['Coins', [KEYS.enter]],
      ['Starting capital', [KEYS.enter]],
      ['Bars to decide on', [KEYS.enter]],
      ['Tables for queries', [KEYS.enter]],
      ['Who is told?', [KEYS.enter]],
    ])
    const answers = await askAnswers({ name: 'mine' }, terminal)
    expect(rest).toEqual([])
    expect(answers).toMatchObject({
      mode: 'paper',
      name: 'mine',
      venues: ['binance', 'bybit'],
      symbols: ['BTC', 'ETH', 'SOL'],
      notify: [],
    })
  })

  it('may be broken off, and a flag that is wrong is told before any', async () => {
    const { terminal } = typing([['What is it to trade?', [KEYS.ctrlC]]])
    await expect(askAnswers({}, terminal)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(askAnswers({ store: 'mysql' }, {})).rejects.toMatchObject({ code: 'USAGE' })
  })
})
