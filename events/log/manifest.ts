/**
 * Owns manifest.json of a run: its type, strict reading, atomic writing, and the hash that begins the chain.
 * Never holds a secret: the caller gives a configuration from which secrets are already names only.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { isPathName } from '#core/ids'
import type { EpochMs } from '#core/time'
import { sha256 } from './chain.js'
import { createAtomically } from './durable.js'
import { type Check, checkFields, hex64, listOf, optional, record, text, whole } from './fields.js'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** An agent that takes part, in registry order. */
export interface ManifestAgent {
  readonly name: string
  readonly version: string
  readonly dependencies: readonly string[]
}

/** A file that the run reads: bytes named by hash. `path` is relative to the lake where it lies in one. */
export interface ManifestFile {
  readonly path: string
  readonly sha256: string
  readonly rows: number
  readonly bytes?: number
  readonly kind?: string
  readonly instrument?: string
  readonly interval?: string
  readonly firstTs?: EpochMs
  readonly lastTs?: EpochMs
}

/** Code of a signal of the user's own: a copy lies in `modules/<name>.js` of the run folder. */
export interface ManifestModule {
  readonly name: string
  readonly sha256: string
  readonly bytes: number
}

/** What a run is made from (architecture.md 5). One manifest, one run. */
export interface RunManifest {
  readonly format: 1
  readonly run: string
  readonly mode: 'sim' | 'paper' | 'live' | 'backtest' | 'replay'
  /** `full`: every input is in the log; `derived`: inputs are read again from `tape`. */
  readonly log: 'full' | 'derived'
  readonly seed: number
  readonly configuration: { readonly [key: string]: Json }
  /** {@link configurationHash} of `configuration`. */
  readonly configurationHash: string
  readonly codeVersion: string
  readonly node: string
  readonly v8: string
  readonly arch: string
  readonly packages: { readonly [name: string]: string }
  readonly agents: readonly ManifestAgent[]
  readonly tape: readonly ManifestFile[]
  readonly history: readonly ManifestFile[]
  readonly modules?: readonly ManifestModule[]
  /** Public half of the signing key: base64 of its SPKI DER. */
  readonly publicKey: string
  readonly createdAt: EpochMs
  /** Backtests: starts of the first and last UTC day, both inclusive. */
  readonly span?: { readonly fromDay: EpochMs; readonly toDay: EpochMs }
  /** The run that this one carries on: its last seq and hash. */
  readonly parent?: { readonly run: string; readonly seq: number; readonly hash: string }
}

export interface ReadManifest {
  readonly manifest: RunManifest
  /** SHA-256 of the file's bytes: the first `prev` of the chain. */
  readonly hash: string
}

export const manifestPath = (runDir: string): string => join(runDir, 'manifest.json')

/** JSON with the keys of every object in order of code units, without blanks. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}

/** SHA-256 over {@link canonicalJson}: the order of keys in the file does not matter. */
export function configurationHash(configuration: { readonly [key: string]: Json }): string {
  return sha256(canonicalJson(configuration))
}

const pathName: Check = (value, key) =>
  typeof value === 'string' && isPathName(value) ? undefined : `${key} is no name of a run`
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value, key) =>
    values.includes(value) ? undefined : `${key} is ${JSON.stringify(value)}, not one of ${JSON.stringify(values)}`

const fileCheck = record({
  path: text,
  sha256: hex64,
  rows: whole,
  bytes: optional(whole),
  kind: optional(text),
  instrument: optional(text),
  interval: optional(text),
  firstTs: optional(whole),
  lastTs: optional(whole),
})

const anyObject: Check = (value, key) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : `${key} is no object`

const packagesCheck: Check = (value, key) => {
  const fault = anyObject(value, key)
  if (fault) return fault
  // The check above makes it an object.
  for (const [name, version] of Object.entries(value as object)) {
    if (typeof version !== 'string') return `${key}.${name} is no text`
  }
  return undefined
}

const MANIFEST: Readonly<Record<keyof RunManifest, Check>> = {
  format: oneOf(1),
  run: pathName,
  mode: oneOf('sim', 'paper', 'live', 'backtest', 'replay'),
  log: oneOf('full', 'derived'),
  seed: whole,
  configuration: anyObject,
  configurationHash: hex64,
  codeVersion: text,
  node: text,
  v8: text,
  arch: text,
  packages: packagesCheck,
  agents: listOf(record({ name: text, version: text, dependencies: listOf(text) })),
  tape: listOf(fileCheck),
  history: listOf(fileCheck),
  modules: optional(listOf(record({ name: pathName, sha256: hex64, bytes: whole }))),
  publicKey: text,
  createdAt: whole,
  span: optional(record({ fromDay: whole, toDay: whole })),
  parent: optional(record({ run: pathName, seq: whole, hash: hex64 })),
}

function manifestFault(value: unknown): string | undefined {
  const fault = checkFields(MANIFEST, value, '')
  if (fault) return fault
  const manifest = value as RunManifest // every field was checked on the line above
  return configurationHash(manifest.configuration) === manifest.configurationHash
    ? undefined
    : 'configurationHash is not the hash of configuration'
}

/** Reads and checks manifest.json; MANIFEST_INVALID names the file and the key. */
export function readManifest(runDir: string): ReadManifest {
  const path = manifestPath(runDir)
  let bytes: Buffer
  let value: unknown
  try {
    bytes = readFileSync(path)
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new QuantbotError('MANIFEST_INVALID', `${path}: ${String(cause)}`, { cause })
  }
  const fault = manifestFault(value)
  if (fault) throw new QuantbotError('MANIFEST_INVALID', `${path}: ${fault}`)
  return { manifest: value as RunManifest, hash: sha256(bytes) } // checked by manifestFault
}

/** Bytes of manifest.json. */
export function formatManifest(manifest: RunManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/**
 * Writes manifest.json, durable and at once, and gives its hash. TARGET_EXISTS where the run has one: a manifest is never
 * changed. MANIFEST_INVALID for one that could not be read again.
 */
export function writeManifest(runDir: string, manifest: RunManifest): string {
  const content = formatManifest(manifest)
  const fault = manifestFault(JSON.parse(content))
  if (fault) throw new QuantbotError('MANIFEST_INVALID', `${manifestPath(runDir)}: ${fault}`)
  if (!createAtomically(manifestPath(runDir), Buffer.from(content), 0o644)) {
    throw new QuantbotError('TARGET_EXISTS', `${manifestPath(runDir)} exists`)
  }
  return sha256(content)
}
