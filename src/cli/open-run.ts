/** Owns choosing the folder of `quantbot run`: a new run, or one to go on with, and then only with what it was begun with. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type AnyDecider, describeAgents } from '#actors/catalogue'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { isPathName } from '#core/ids'
import { loadOrCreateSigner } from '#events/log/keys'
import { type Json, type RunManifest, readManifest } from '#events/log/manifest'
import { runsDir } from './home.js'
import { configurationJson, type MadeRun, makeRun } from './new-run.js'
import { codeVersion } from './version.js'

export interface OpenRun {
  readonly home: string
  readonly id: string
  readonly mode: RunManifest['mode']
  readonly config: Config
  readonly deciders: readonly AnyDecider[]
  readonly createdAt: number
  readonly parent?: RunManifest['parent']
  /** Files that a new run's history is read from. */
  readonly history?: RunManifest['history']
}

export interface OpenedRun extends MadeRun {
  readonly isNew: boolean
}

/** RUN_DIFFERS names what differs; NAME_INVALID, MANIFEST_INVALID, KEY_UNUSABLE. */
export function openRun(run: OpenRun): OpenedRun {
  const { home, id } = run
  if (!isPathName(id)) throw new QuantbotError('NAME_INVALID', `run id ${JSON.stringify(id)}`)
  const dir = join(runsDir(home), id)
  if (!existsSync(join(dir, 'manifest.json'))) return { ...makeRun({ ...run, log: 'full' }), isNew: true }
  const { manifest } = readManifest(dir)
  const differences = differencesFrom(manifest, run)
  if (differences.length > 0) throw new QuantbotError('RUN_DIFFERS', `run ${id} exists: ${listed(differences)}`)
  return { dir, manifest, signer: loadOrCreateSigner(home), isNew: false }
}

const DIFFERENCES_SHOWN = 5

function listed(differences: readonly string[]): string {
  const rest = differences.length - DIFFERENCES_SHOWN
  return `${differences.slice(0, DIFFERENCES_SHOWN).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
}

function differencesFrom(manifest: RunManifest, run: OpenRun): string[] {
  const agents = describeAgents(run.deciders)
  const found: string[] = []
  compare('mode', manifest.mode, run.mode, found)
  compare('code', manifest.codeVersion, codeVersion(), found)
  compare('', manifest.configuration, configurationJson(run.config), found)
  const versions = (list: readonly { readonly name: string; readonly version: string }[]): string =>
    list.map(({ name, version }) => `${name}@${version}`).join(' ')
  compare('agents', versions(manifest.agents), versions(agents), found)
  if (run.parent !== undefined) compare('parent', manifest.parent?.run ?? null, run.parent.run, found)
  return found
}

/** Paths of the values that differ, each with then and now. */
function compare(path: string, then: Json | undefined, now: Json | undefined, found: string[]): void {
  if (isObject(then) && isObject(now)) {
    for (const key of new Set([...Object.keys(then), ...Object.keys(now)]))
      compare(path === '' ? key : `${path}.${key}`, then[key], now[key], found)
    return
  }
  const [a, b] = [JSON.stringify(then) ?? 'absent', JSON.stringify(now) ?? 'absent']
  if (a !== b) found.push(`${path} was ${shortened(a)}, is ${shortened(b)} now`)
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text)

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
