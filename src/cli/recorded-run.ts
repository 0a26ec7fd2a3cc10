/** Owns what a recorded run is decided again from: its manifest, configuration, tape or inputs. */
import { type PreparedTape, prepareTape } from '#backtest/prepare-tape'
import type { Config } from '#core/config/schema'
import { QuantbotError } from '#core/errors'
import { type RunManifest, readManifest } from '#events/log/manifest'
import { checkConfig } from './config-check.js'
import { loadRecorded } from './external-modules.js'
import { note } from './terminal.js'
import { codeVersion } from './version.js'

export interface RecordedRun {
  readonly dir: string
  readonly manifest: RunManifest
  readonly manifestHash: string
  readonly config: Config
}

/** Reads the manifest, loads the modules that decided, and warns where code or machine are not those that made the run. */
export async function openRecordedRun(dir: string): Promise<RecordedRun> {
  const { manifest, hash } = readManifest(dir)
  const differs = [
    ['quantbot', manifest.codeVersion, codeVersion()],
    ['Node', manifest.node, process.versions.node],
    ['V8', manifest.v8, process.versions.v8],
    ['CPU', manifest.arch, process.arch],
  ].filter(([, then, now]) => then !== now)
  for (const [what, then, now] of differs) note(`warning: ${what} was ${then} when the run was made, is ${now} now`)
  const config = checkConfig(manifest.configuration, `${dir}/manifest.json`)
  await loadRecorded(config, dir, manifest.modules ?? [])
  return { dir, manifest, manifestHash: hash, config }
}

/** The tape that the manifest of a backtest names. TAPE_CHANGED, MANIFEST_INVALID. */
export async function tapeOf(home: string, { dir, manifest, config }: RecordedRun): Promise<PreparedTape> {
  if (manifest.span === undefined)
    throw new QuantbotError('MANIFEST_INVALID', `${dir}/manifest.json: a derived log has no span`)
  return prepareTape(home, config, manifest.span, manifest.tape)
}
