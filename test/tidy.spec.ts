/** Style as a test: the import table, banned globals, names and sizes of files. docs/architecture.md tells why. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { catalogue } from '#actors/catalogue'
import { configSchema } from '#core/config/schema'

const root = fileURLToPath(new URL('..', import.meta.url))

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

const sources = ['src', 'actors', 'events', 'snapshots'].flatMap(filesBelow)
const tests = filesBelow('test')

/** Room of a file or of an import: `src/core/time.ts` → core, `events/log/writer.ts` → events/log. */
function roomOf(path: string): string {
  const inner = path.replace(/^src\//, '')
  return inner.startsWith('events/log/') ? 'events/log' : inner.split('/')[0]!
}

const PURE_ROOMS = ['indicators', 'signals', 'portfolio', 'risk', 'execution'] as const
const ROOMS = [
  'core',
  'events',
  'quant',
  ...PURE_ROOMS,
  'engine',
  'events/log',
  'snapshots',
  'data',
  'venues',
  'monitoring',
  'backtest',
  'audit',
  'actors',
  'web',
  'cli',
]
const but = (...rooms: readonly string[]): string[] => ROOMS.filter((room) => !rooms.includes(room))

/** What a room may import besides itself (architecture.md, section 2). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  events: ['core'],
  quant: ['core'],
  indicators: ['core', 'events', 'quant'],
  signals: ['core', 'events', 'quant', 'indicators'],
  portfolio: ['core', 'events', 'quant'],
  risk: ['core', 'events', 'quant', 'indicators'],
  execution: ['core', 'events', 'quant', 'indicators'],
  engine: ['core', 'events'],
  'events/log': ['core', 'events'],
  snapshots: ['core', 'events'],
  data: ['core', 'events'],
  venues: ['core', 'events'],
  monitoring: ['core', 'events', 'audit'],
  backtest: ['core', 'events', 'engine', 'quant', ...PURE_ROOMS, 'data', 'events/log', 'actors/catalogue'],
  audit: ['core', 'events', 'events/log', 'engine', 'actors/catalogue'],
  actors: but('backtest', 'cli', 'web'),
  web: ['events', 'audit', 'monitoring'],
  cli: ROOMS,
}

interface Import {
  readonly from: string
  readonly target: string
}

function importsOf(path: string): Import[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [
    ...text.matchAll(
      /^\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm,
    ),
  ].map((match) => ({
    from: path,
    target: match[1] ?? match[2] ?? match[3]!,
  }))
}

describe('the import table', () => {
  it('is kept by every file', () => {
    const broken = sources.flatMap(importsOf).flatMap(({ from, target }) => {
      const room = roomOf(from)
      if (target.startsWith('.'))
        return target.includes('../..') || roomOf(join(dirname(from), target)) !== room ? [`${from} → ${target}`] : []
      if (!target.startsWith('#')) return []
      const inner = target.slice(1)
      const other = inner.startsWith('events/log/') ? 'events/log' : inner.split('/')[0]!
      const allowed = MAY_IMPORT[room] ?? []
      const fine = other === room || allowed.includes(other) || allowed.includes(inner)
      return fine ? [] : [`${from} (${room}) → ${target}`]
    })
    expect(broken).toEqual([])
  })

  it('lets the page import types alone from other rooms, so that no code of the server reaches a browser', () => {
    const broken = sources
      .filter((path) => roomOf(path) === 'web')
      .filter((path) =>
        /^\s*(?:import|export)\s+(?!type\b)[^'"`;]*?from\s+'#/m.test(readFileSync(join(root, path), 'utf8')),
      )
    expect(broken).toEqual([])
  })

  it('lets actors alone import xstate, and the catalogue not at all', () => {
    const importers = sources.flatMap(importsOf).filter(({ target }) => target === 'xstate')
    expect(importers.filter(({ from }) => roomOf(from) !== 'actors' || from === 'actors/catalogue.ts')).toEqual([])
  })

  it('keeps Node and packages out of the pure rooms', () => {
    const pure = ['events', 'quant', ...PURE_ROOMS, 'engine']
    const foreign = sources
      .flatMap(importsOf)
      .filter(({ from, target }) => pure.includes(roomOf(from)) && !target.startsWith('.') && !target.startsWith('#'))
    expect(foreign).toEqual([])
    const core = sources
      .flatMap(importsOf)
      .filter(({ from, target }) => roomOf(from) === 'core' && !/^[.#]|^zod$/.test(target))
    expect(core).toEqual([])
  })
})

/** Comments and the texts of strings taken out, so that only code is searched. */
function codeOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8').replace(/\/\*[\s\S]*?\*\//g, (comment) =>
    comment.replace(/[^\n]/g, ' '),
  )
  return text
    .split('\n')
    .map((line) =>
      line.includes('nondeterminism-ok:') ? '' : line.replace(/'(?:[^'\\]|\\.)*'/g, "''").replace(/\/\/.*$/, ''),
    )
}

const BANNED =
  /\bDate\b|\bperformance\.|Math\.random|\bcrypto\.random|\bset(?:Timeout|Interval|Immediate)\b|\bprocess\b|\bfetch\(|\bconsole\b|localeCompare|\bIntl\b|Math\.pow|\*\*/

describe('deterministic rooms', () => {
  it('use no clock, chance or I/O', () => {
    const rooms = ['core', 'events', 'quant', ...PURE_ROOMS, 'engine']
    const found = sources
      .filter((path) => rooms.includes(roomOf(path)))
      .flatMap((path) =>
        codeOf(path).flatMap((line, i) => (BANNED.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
      )
    expect(found).toEqual([])
  })

  it('would be caught if they did', () => {
    for (const line of ['const t = Date.now()', 'x ** 2', 'Math.random()', 'setTimeout(f)'])
      expect(BANNED.test(line)).toBe(true)
    expect(BANNED.test('const update = dated')).toBe(false)
  })

  it('leave BarOpened, whose liquidity is not known yet, to the paper venue', () => {
    const readers = catalogue(configSchema.parse({}), 'nextOpen').filter(({ reads }) => reads.includes('BarOpened'))
    expect(readers.map(({ name }) => name)).toEqual(['venue/paper'])
  })
})

describe('files', () => {
  it('have kebab-case names that say what they are', () => {
    const odd = [...sources, ...tests].filter(
      (path) =>
        !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)?\.tsx?$/.test(basename(path)) ||
        /utils|helpers|misc/.test(basename(path)),
    )
    expect(odd).toEqual([])
  })

  it('stay small', () => {
    const long = [...sources, ...tests]
      .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length }))
      .filter(({ path, lines }) => lines > (path.startsWith('test/') ? 460 : 330))
    expect(long).toEqual([])
  })

  it('begin with what they own', () => {
    const silent = sources.filter((path) => !/^(?:#!.*\n)?\/\*\*/.test(readFileSync(join(root, path), 'utf8')))
    expect(silent).toEqual([])
  })

  it('switch no check off', () => {
    const switches =
      /\bas any\s*[;,)\].]|\bas any$|: any\s*[;,)=|\]]|: any$|@ts-(?:ignore|nocheck|expect-error)|biome-ignore|\b(?:it|describe|test)\.(?:only|todo)\b/
    const off = [...sources, ...tests]
      .filter((path) => path !== 'test/tidy.spec.ts')
      .flatMap((path) =>
        readFileSync(join(root, path), 'utf8')
          .split('\n')
          .map((line, i) => ({ at: `${path}:${i + 1}`, line })),
      )
      .filter(({ line }) => switches.test(line) && !/^\s*(?:\*|\/[*/])/.test(line))
      .map(({ at }) => at)
    expect(off).toEqual([])
  })
})
