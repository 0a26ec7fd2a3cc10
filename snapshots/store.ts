/**
 * Owns the folder of snapshots of a run: whole files or none, the last three of each agent, bad ones moved aside.
 * Never needed for truth: whatever is lost here is refolded from the log.
 */
import { existsSync, readdirSync, readFileSync, renameSync, unlinkSync } from 'node:fs'
import { mkdir, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentSnapshot, SnapshotPort } from '#core/ports'
import { formatSnapshot, isBad, parseSnapshot, seqOfName, snapshotName } from './snapshot-file.js'

/** Kept of each agent (ours): the newest, one for the case that it is damaged, one to look at. */
export const SNAPSHOTS_KEPT = 3

/** A snapshot that was not used, and where it is now. */
export interface SetAside {
  readonly file: string
  readonly why: string
}

export const snapshotFolder = (runDir: string): string => join(runDir, 'snapshots')

export class SnapshotStore implements SnapshotPort {
  readonly folder: string
  readonly setAside: SetAside[] = []
  readonly #mayMove: boolean
  readonly #rejected = new Set<string>()
  #isReady = false
  #saving: Promise<void> = Promise.resolve()

  /** `look`: bad snapshots are passed over but stay where they are; for readers beside a running process. */
  constructor(runDir: string, mode: 'own' | 'look' = 'own') {
    this.folder = snapshotFolder(runDir)
    this.#mayMove = mode === 'own'
  }

  /** Durable under its name, or not there at all. Then removes all but the newest of the agent. One after the other. */
  save(snapshot: AgentSnapshot): Promise<void> {
    const saved = this.#saving.then(() => this.#save(snapshot))
    this.#saving = saved.catch(() => undefined)
    return saved
  }

  async #save(snapshot: AgentSnapshot): Promise<void> {
    if (!this.#isReady) await mkdir(this.folder, { recursive: true })
    this.#isReady = true
    const name = snapshotName(snapshot.agent, snapshot.commit.lastSeq)
    const temporary = join(this.folder, `${name}.tmp`)
    const file = await open(temporary, 'w', 0o644)
    try {
      await file.writeFile(formatSnapshot(snapshot))
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(this.folder, name))
    const old = this.seqs(snapshot.agent).slice(SNAPSHOTS_KEPT)
    await Promise.all(old.map((seq) => unlink(join(this.folder, snapshotName(snapshot.agent, seq)))))
  }

  /** Seqs of an agent's snapshots, newest first. */
  seqs(agent: string): number[] {
    if (!existsSync(this.folder)) return []
    return readdirSync(this.folder)
      .filter((name) => !this.#rejected.has(name))
      .flatMap((name) => seqOfName(agent, name) ?? [])
      .sort((a, b) => b - a)
  }

  /** A snapshot that is whole and of this agent and version; one that is not is moved aside. */
  read(agent: string, version: string, seq: number): AgentSnapshot | undefined {
    const text = this.#text(snapshotName(agent, seq))
    if (text === undefined) return undefined
    const read = parseSnapshot(text)
    if (isBad(read)) return this.reject(agent, seq, read.why)
    if (read.agent !== agent || read.commit.lastSeq !== seq) return this.reject(agent, seq, 'it is of another agent')
    if (read.version !== version) return this.reject(agent, seq, `it is of version ${read.version}, not ${version}`)
    return read
  }

  /** Undefined for one that its owner has just removed. */
  #text(name: string): string | undefined {
    try {
      return readFileSync(join(this.folder, name), 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  /** A snapshot that must not be used becomes `<name>.bad`. */
  reject(agent: string, seq: number, why: string): undefined {
    const name = snapshotName(agent, seq)
    const file = join(this.folder, name)
    this.#rejected.add(name)
    if (this.#mayMove) renameSync(file, `${file}.bad`)
    this.setAside.push({ file: this.#mayMove ? `${file}.bad` : file, why })
  }

  /** Removes what a crash left half-written. */
  clean(): void {
    if (!existsSync(this.folder)) return
    for (const name of readdirSync(this.folder)) if (name.endsWith('.tmp')) unlinkSync(join(this.folder, name))
  }
}
