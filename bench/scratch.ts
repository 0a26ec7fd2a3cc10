/** Owns the throw-away run folders of the benchmarks. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadOrCreateSigner, type Signer } from '#events/log/keys'
import { configurationHash, writeManifest } from '#events/log/manifest'

/** A folder that is gone afterwards. */
export async function inScratch<T>(work: (dir: string) => T | Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'quantbot-bench-'))
  try {
    return await work(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A run folder with its manifest, and the key to write its log. */
export function scratchRun(
  home: string,
  id: string,
  log: 'full' | 'derived',
): { readonly dir: string; readonly signer: Signer } {
  const dir = join(home, 'runs', id)
  const signer = loadOrCreateSigner(home)
  mkdirSync(dir, { recursive: true })
  writeManifest(dir, {
    format: 1,
    run: id,
    mode: log === 'full' ? 'sim' : 'backtest',
    log,
    seed: 1,
    configuration: {},
    configurationHash: configurationHash({}),
    codeVersion: 'bench',
    node: process.versions.node,
    v8: process.versions.v8,
    arch: process.arch,
    packages: {},
    agents: [],
    tape: [],
    history: [],
    publicKey: signer.publicKey,
    createdAt: 0,
  })
  return { dir, signer }
}
