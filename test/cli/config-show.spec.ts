/** What a configuration amounts to and where each value came from; `.env` beside it; the schema that editors use. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readConfig } from '#cli/config-file'
import { configSchemaJson } from '#cli/config-json-schema'
import { effectiveConfig, type ShownValue } from '#cli/config-show'
import { resolved } from '#cli/environment'
import { quantbot } from '../pipeline/cli.js'

const NAMES = ['QB_SPEC_DB', 'QB_SPEC_REDIS', 'QB_SPEC_HOOK', 'QB_SPEC_OTHER']
let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'quantbot-config-'))
})
afterEach(() => {
  rmSync(home, { recursive: true })
  for (const name of NAMES) delete process.env[name]
})

function written(name: string, text: string): string {
  const path = join(home, name)
  writeFileSync(path, text)
  return path
}

const CONFIG = [
  'name: desk',
  'signals:',
  '  tsmom: { volTarget: 0.1 }',
  'stores:',
  '  aggregate: postgres',
  '  postgres: env:QB_SPEC_DB',
  '  redis: env:QB_SPEC_REDIS',
  'notifications:',
  '  slack: { webhook: env:QB_SPEC_HOOK }',
].join('\n')

describe('config show', () => {
  it('says of every value where it came from', () => {
    const file = written('q.yaml', CONFIG)
    const { values } = effectiveConfig({ config: file, seed: '7' })
    const of = (path: string): ShownValue => values.find((value) => value.path === path)!
    expect(of('name')).toEqual({ path: 'name', value: 'desk', from: { kind: 'file', file, line: 1, column: 1 } })
    expect(of('signals.tsmom.volTarget').from).toEqual({ kind: 'file', file, line: 3, column: 12 })
    expect(of('signals.tsmom.lookbackDays')).toMatchObject({ value: 30, from: { kind: 'default' } })
    expect(of('seed')).toMatchObject({ value: 7, from: { kind: 'flag', flag: '--seed' } })
    expect(of('notifications.slack.digest').from).toEqual({ kind: 'default' })
    // Every leaf of the schema's defaults is there, once.
    expect(new Set(values.map(({ path }) => path)).size).toBe(values.length)
    expect(values.length).toBeGreaterThan(150)
  })

  it('says what a mode brings: the built-in market of a simulated run', () => {
    const file = written('q.yaml', 'sim: { symbols: 2, interval: 4h }')
    const { values } = effectiveConfig({ config: file, mode: 'sim' })
    const of = (path: string): unknown => values.find((value) => value.path === path)
    expect(of('interval')).toMatchObject({ value: '4h', from: { kind: 'mode', mode: 'sim' } })
    expect(of('universe.0.instrument')).toMatchObject({ from: { kind: 'mode', mode: 'sim' } })
    expect(of('sim.symbols')).toMatchObject({ value: 2, from: { kind: 'file', line: 1 } })
    expect(of('seed')).toMatchObject({ from: { kind: 'default' } })
  })

  it('shows secrets by name, set, set by .env or missing, and never a value', async () => {
    const file = written('q.yaml', CONFIG)
    process.env.QB_SPEC_DB = 'postgres://u:hunter2@h/d'
    written('.env', 'QB_SPEC_HOOK=https://hooks.slack.com/services/hunter2\n')
    const { code, json } = await quantbot(home, 'config', 'show', '--config', file)
    expect(code).toBe(0)
    expect(JSON.stringify(json)).not.toContain('hunter2')
    const values = json.values as ShownValue[] // the command's document
    const secrets = values.filter(({ secret }) => secret !== undefined).map(({ value, secret }) => [value, secret])
    expect(secrets).toEqual([
      ['env:QB_SPEC_DB', 'set'],
      ['env:QB_SPEC_REDIS', 'missing'],
      ['env:QB_SPEC_HOOK', 'set by .env'],
    ])
  })

  it('hides what options of a signal of one’s own call secret', () => {
    const file = written('q.yaml', 'signals:\n  - module: ./mine.js\n    options: { apiKey: hunter2, window: 5 }\n')
    const { values } = effectiveConfig({ config: file })
    expect(JSON.stringify(values)).not.toContain('hunter2')
    const window = values.find(({ path }) => path === 'signals.external.0.options.window')
    expect(window).toMatchObject({ value: 5, from: { kind: 'file', line: 3 } })
  })

  it('refuses what is no mode or seed, and tells the problems of the file', async () => {
    const file = written('q.yaml', 'nme: x')
    expect((await quantbot(home, 'config', 'show', '--mode', 'moon')).json.error).toBe('USAGE')
    expect((await quantbot(home, 'config', 'show', '--seed', 'x')).json.error).toBe('USAGE')
    expect(await quantbot(home, 'config', 'check', file)).toEqual({ code: 2, json: { error: 'CONFIG_INVALID' } })
    expect(await quantbot(home, 'config', 'check', join(home, 'none.yaml'))).toMatchObject({
      json: { error: 'CONFIG_UNREADABLE' },
    })
    const fine = written('fine.yaml', 'name: x')
    expect(await quantbot(home, 'config', 'check', fine)).toEqual({ code: 0, json: { file: fine, ok: true } })
  })
})

describe('.env beside a configuration', () => {
  it('gives the names that the configuration asks for and the environment lacks, and no other', () => {
    const file = written('q.yaml', CONFIG)
    process.env.QB_SPEC_REDIS = 'redis://given'
    written(
      '.env',
      '# words\nQB_SPEC_DB="postgres://h/d"\nQB_SPEC_REDIS=redis://file\nQB_SPEC_OTHER=x\nexport QB_SPEC_HOOK=y\n',
    )
    readConfig(file)
    expect(resolved('env:QB_SPEC_DB', 'k')).toBe('postgres://h/d')
    expect(resolved('env:QB_SPEC_REDIS', 'k')).toBe('redis://given')
    expect(process.env.QB_SPEC_OTHER).toBeUndefined()
    expect(process.env.QB_SPEC_HOOK).toBe('y')
  })

  it('that is not there, or empty where it counts, leaves the name missing', () => {
    const file = written('q.yaml', CONFIG)
    readConfig(file)
    written('.env', 'QB_SPEC_DB=\n')
    readConfig(file)
    expect(() => resolved('env:QB_SPEC_DB', 'stores.postgres')).toThrow(
      /stores\.postgres: the environment has no QB_SPEC_DB/,
    )
  })

  it('that cannot be read is told, without what stands in it', () => {
    const file = written('q.yaml', CONFIG)
    mkdirSync(join(home, '.env'))
    expect(() => readConfig(file)).toThrow(/\.env: EISDIR/)
  })
})

describe('the JSON Schema', () => {
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(configSchemaJson())
  const examples = fileURLToPath(new URL('../../examples', import.meta.url))

  it('takes every example, a list of own signals, and nothing at all', () => {
    const files = readdirSync(examples).filter((name) => name.endsWith('.yaml'))
    expect(files.length).toBeGreaterThan(2)
    for (const name of files) {
      const ok = validate(parse(readFileSync(join(examples, name), 'utf8')))
      expect([name, ok, validate.errors]).toEqual([name, true, null])
    }
    expect(validate({})).toBe(true)
    expect(validate({ signals: [{ module: './mine.js' }] })).toBe(true)
  })

  it('refuses unknown keys and values that do not fit, and tells what a key means', () => {
    expect(validate({ nme: 'x' })).toBe(false)
    expect(validate({ log: { groupMs: 0 } })).toBe(false)
    expect(validate({ signals: { tsmom: { vol: 1 } } })).toBe(false)
    expect(JSON.stringify(configSchemaJson())).toContain('Annual volatility a position is sized to')
  })
})
