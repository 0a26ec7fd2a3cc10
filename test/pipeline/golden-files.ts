/**
 * Owns the golden files: writing them, and holding the program against them. `checkGoldens` runs on any supported Node, from source or
 * built; scripts/golden.ts and the specs call it.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { catalogue } from '#actors/catalogue'
import { redecideLog } from '#backtest/redecide-log'
import { type Config, configSchema } from '#core/config/schema'
import { Dispatcher, type Input } from '#engine/dispatcher'
import { LineBuffer } from '#events/line-buffer'
import type { Json } from '#events/log/manifest'
import { linesOf, sha256 } from './decide.js'
import { type Golden, largeFingerprints, makeGoldens } from './golden-logs.js'
import { linesOfLog, runLive } from './live-host.js'

const NAMES = ['derived', 'full'] as const
const FILLS = { derived: 'nextOpen', full: 'quote' } as const

/** Writes all golden files below `dir`. */
export async function writeGoldens(dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true })
  for (const golden of await makeGoldens()) {
    writeFileSync(join(dir, `${golden.name}.config.json`), `${JSON.stringify(golden.config, undefined, 2)}\n`)
    writeFileSync(
      join(dir, `${golden.name}.inputs.ndjson`),
      golden.inputs.map((i) => `${JSON.stringify(i)}\n`).join(''),
    )
    writeFileSync(join(dir, `${golden.name}.expected.ndjson`), golden.derived)
  }
  const prints = { ...Object.fromEntries(NAMES.map((name) => [name, printOf(dir, name)])), ...largeFingerprints() }
  writeFileSync(join(dir, 'fingerprints.json'), `${JSON.stringify(prints, undefined, 2)}\n`)
}

const printOf = (dir: string, name: string): string =>
  sha256(readFileSync(join(dir, `${name}.expected.ndjson`), 'utf8'))

/** Reads a golden as it was recorded. */
export function readGolden(dir: string, name: Golden['name']): Golden {
  const read = (part: string): string => readFileSync(join(dir, `${name}.${part}`), 'utf8')
  const config: Config = configSchema.parse(JSON.parse(read('config.json')))
  const inputs = linesOf(read('inputs.ndjson')).map((line) => JSON.parse(line) as Input) // as writeGoldens wrote it
  return { name, config, fills: FILLS[name], inputs, derived: read('expected.ndjson') }
}

export function readFingerprints(dir: string): Record<string, string> {
  return JSON.parse(readFileSync(join(dir, 'fingerprints.json'), 'utf8')) as Record<string, string> // as above
}

/** The derived lines when a dispatcher decides recorded inputs, as a backtest holds them (`derived`) or a replay (`full`). */
export function decideInputs({ config, fills, inputs }: Golden, log: 'derived' | 'full'): string {
  const lines = new LineBuffer(1 << 20)
  const deciders = catalogue(config, fills)
  const dispatcher = new Dispatcher({ deciders, runSeed: config.seed, lines, log, startRunning: log === 'derived' })
  for (const { type, by, ts, data } of inputs) dispatcher.step({ type, by, ts, data: structuredClone(data) })
  const all = linesOf(new TextDecoder().decode(lines.view()))
  const derived = log === 'derived' ? all : all.filter((line) => !line.includes(',"cause":0,"data":'))
  return derived.map((line) => `${line}\n`).join('')
}

/** The derived lines when a live host runs recorded inputs onto a real log, and whether that log is decided again alike. */
export async function liveRun({ config, fills, inputs }: Golden): Promise<{ derived: string; isIdentical: boolean }> {
  const home = mkdtempSync(join(tmpdir(), 'quantbot-golden-'))
  try {
    const deciders = catalogue(config, fills)
    const configuration = JSON.parse(JSON.stringify(config)) as { [key: string]: Json } // plain data
    const runDir = await runLive({ home, deciders, seed: config.seed, configuration, inputs })
    const again = redecideLog({ runDir, deciders: catalogue(config, fills), runSeed: config.seed })
    return { derived: linesOfLog(runDir).derived, isIdentical: again.divergence === undefined }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** First line in which two texts differ, for people. */
export function firstDifference(expected: string, actual: string): string {
  if (expected === actual) return ''
  const [a, b] = [linesOf(expected), linesOf(actual)]
  const at = a.findIndex((line, i) => line !== b[i])
  const line = at < 0 ? a.length : at
  return `line ${line + 1}\n  expected ${a[line] ?? '(nothing)'}\n  actual   ${b[line] ?? '(nothing)'}`
}

/** Everything that the golden files say, against this program on this Node: what differs, empty when nothing does. */
export async function checkGoldens(dir: string, options: { readonly large: boolean }): Promise<string[]> {
  const problems: string[] = []
  const compare = (what: string, expected: string, actual: string): void => {
    if (expected !== actual) problems.push(`${what}: ${firstDifference(expected, actual)}`)
  }
  if (!existsSync(join(dir, 'fingerprints.json'))) return [`${dir} holds no golden files: npm run golden`]
  const fingerprints = readFingerprints(dir)
  const made = await makeGoldens()
  for (const name of NAMES) {
    const golden = readGolden(dir, name)
    const now = made.find((one) => one.name === name)!
    const text = (inputs: readonly Input[]): string => inputs.map((input) => `${JSON.stringify(input)}\n`).join('')
    compare(`${name}: inputs made anew`, text(golden.inputs), text(now.inputs))
    compare(`${name}: decided anew by its own driver`, golden.derived, now.derived)
    compare(`${name}: inputs decided as a backtest`, golden.derived, decideInputs(golden, 'derived'))
    compare(`${name}: inputs decided as a replay`, golden.derived, decideInputs(golden, 'full'))
    const live = await liveRun(golden)
    compare(`${name}: inputs run by a live host`, golden.derived, live.derived)
    if (!live.isIdentical) problems.push(`${name}: the log of the live host is decided again otherwise`)
    compare(`${name}: fingerprint`, `${fingerprints[name]}\n`, `${sha256(golden.derived)}\n`)
  }
  if (!options.large) return problems
  for (const [name, print] of Object.entries(largeFingerprints()))
    compare(`${name}: fingerprint`, `${fingerprints[name]}\n`, `${print}\n`)
  return problems
}
