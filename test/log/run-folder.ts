/** Owns run folders for the specs of the log: manifests, event lines, a signer. Never leaves a folder behind. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadOrCreateSigner, type Signer } from '#events/log/keys'
import { configurationHash, type RunManifest, writeManifest } from '#events/log/manifest'
import { LogWriter, type LogWriterOptions } from '#events/log/writer'

export const T0 = 1_732_233_600_000

/** A folder of its own; `home` holds the key, `run` is an empty run folder with a manifest. */
export interface TestRun {
  readonly home: string
  readonly runDir: string
  readonly signer: Signer
  readonly manifestHash: string
  remove(): void
}

export function makeManifest(signer: Signer, change: Partial<RunManifest> = {}): RunManifest {
  const configuration = change.configuration ?? { mode: 'sim', universe: ['BTCUSDT'] }
  return {
    format: 1,
    run: 'r1',
    mode: 'sim',
    log: 'full',
    seed: 7,
    configuration,
    configurationHash: configurationHash(configuration),
    codeVersion: '0.1.0',
    node: 'v20.0.0',
    v8: '11.3',
    arch: 'x64',
    packages: { xstate: '5.0.0' },
    agents: [{ name: 'signal/tsmom', version: '1.0.0', dependencies: [] }],
    tape: [{ path: 'a.parquet', sha256: 'a'.repeat(64), rows: 3 }],
    history: [],
    publicKey: signer.publicKey,
    createdAt: T0,
    ...change,
  }
}

export function makeRun(change: Partial<RunManifest> = {}): TestRun {
  const home = mkdtempSync(join(tmpdir(), 'quantbot-log-'))
  const runDir = join(home, 'runs', 'r1')
  mkdirSync(runDir, { recursive: true })
  const signer = loadOrCreateSigner(home)
  const manifestHash = writeManifest(runDir, makeManifest(signer, change))
  return { home, runDir, signer, manifestHash, remove: () => rmSync(home, { recursive: true }) }
}

/** An event line with its newline. `cause` 0 is an input. */
export function eventLine(seq: number, cause = 0, note = 'n'): string {
  const data = JSON.stringify({ note, values: [seq, 'ü'] })
  return `{"seq":${seq},"ts":${T0 + seq},"type":"SignalChanged","v":1,"by":"signal/tsmom","cause":${cause},"data":${data}}\n`
}

/** Lines of the seqs `first` to `last`. */
export function lines(first: number, last: number, note?: string): Buffer {
  let text = ''
  for (let seq = first; seq <= last; seq++) text += eventLine(seq, seq % 3 === 1 ? 0 : seq - 1, note)
  return Buffer.from(text)
}

export function openWriter(run: TestRun, options: Partial<LogWriterOptions> = {}) {
  return LogWriter.open(run.runDir, { signer: run.signer, sync: 'none', ...options })
}

/** Commits groups of the given sizes, seq going on from the writer's position. */
export function commitGroups(writer: LogWriter, sizes: readonly number[], note?: string): void {
  for (const size of sizes) {
    const first = writer.position.lastSeq + 1
    const last = first + size - 1
    writer.commitSync(lines(first, last, note), size, last, T0 + last)
  }
}
