/** Owns making a run folder: its id, manifest, lock and log writer. */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type AnyDecider, describeAgents } from '#actors/catalogue'
import type { Config } from '#core/config/schema'
import { type Checkpoint, formatCheckpoint } from '#events/log/checkpoints'
import { loadOrCreateSigner, type Signer } from '#events/log/keys'
import { configurationHash, type Json, type RunManifest, writeManifest } from '#events/log/manifest'
import { LogWriter, type LogWriterOptions } from '#events/log/writer'
import { keepModules, manifestModules } from './external-modules.js'
import { newRunDir } from './home.js'
import { note } from './terminal.js'
import { codeVersion, packageVersions } from './version.js'

export interface NewRun {
  readonly home: string
  readonly id: string
  readonly mode: RunManifest['mode']
  readonly log: RunManifest['log']
  readonly config: Config
  readonly deciders: readonly AnyDecider[]
  readonly tape?: RunManifest['tape']
  readonly history?: RunManifest['history']
  readonly span?: RunManifest['span']
  readonly parent?: RunManifest['parent']
  /** Epoch ms. */
  readonly createdAt: number
}

export interface MadeRun {
  readonly dir: string
  readonly manifest: RunManifest
  readonly signer: Signer
}

/** The configuration as the manifest keeps it: plain JSON. */
export function configurationJson(config: Config): { readonly [key: string]: Json } {
  return JSON.parse(JSON.stringify(config)) as { readonly [key: string]: Json } // a zod output of JSON types only
}

/** Writes the manifest of a new run. NAME_INVALID, TARGET_EXISTS, KEY_UNUSABLE. */
export function makeRun(run: NewRun): MadeRun {
  const dir = newRunDir(run.home, run.id)
  const signer = loadOrCreateSigner(run.home)
  const configuration = configurationJson(run.config)
  const modules = manifestModules(run.config)
  const manifest: RunManifest = {
    format: 1,
    run: run.id,
    mode: run.mode,
    log: run.log,
    seed: run.config.seed,
    configuration,
    configurationHash: configurationHash(configuration),
    codeVersion: codeVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    arch: process.arch,
    packages: packageVersions(),
    agents: describeAgents(run.deciders),
    tape: run.tape ?? [],
    history: run.history ?? [],
    ...(modules === undefined ? {} : { modules }),
    publicKey: signer.publicKey,
    createdAt: run.createdAt,
    ...(run.span === undefined ? {} : { span: run.span }),
    ...(run.parent === undefined ? {} : { parent: run.parent }),
  }
  mkdirSync(dir, { recursive: true })
  keepModules(run.config, dir)
  writeManifest(dir, manifest)
  return { dir, manifest, signer }
}

/** How every command writes a log: segment size, stall limit, where checkpoints go. */
export function logOptions(config: Config, signer: Signer): LogWriterOptions {
  const { copyTo } = config.checkpoint
  return {
    signer,
    segmentBytes: config.log.segmentMiB * 1024 * 1024,
    stallMs: config.log.stallMs,
    ...(copyTo === undefined ? {} : { onCheckpoint: (checkpoint) => copyCheckpoint(copyTo, checkpoint) }),
  }
}

/** A copy that cannot be made is told and nothing more: the run goes on, and its own folder has the checkpoint. */
function copyCheckpoint(folder: string, checkpoint: Checkpoint): void {
  const path = join(folder, `${checkpoint.run}.ndjson`)
  try {
    mkdirSync(folder, { recursive: true })
    appendFileSync(path, formatCheckpoint(checkpoint))
  } catch (error) {
    note(`warning: checkpoint ${checkpoint.segment} was not copied to ${path}: ${String(error)}`)
  }
}

/** Opens the log of a run that was just made. */
export function openWriter({ dir, signer }: MadeRun, config: Config): LogWriter {
  return LogWriter.open(dir, logOptions(config, signer)).writer
}

/** `backtest-20241231-142530-3f`: sorts by time, unlikely to meet another. */
export function freshRunId(kind: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${kind}-${stamp}-${(now % 1000).toString(36)}${process.pid.toString(36)}`
}
