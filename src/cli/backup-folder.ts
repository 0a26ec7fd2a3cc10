/**
 * Owns what a backup is: a folder with the run, `backup.json` and `SHA256SUMS`; taking one, checking one, putting one back.
 * Never writes over anything, and never holds a signing key: the public half, which the manifest has, says which one it was.
 *
 * A plain folder and no archive: sealed segments are compressed already; `audit verify`, `sha256sum -c`, rsync and every
 * backup program read it as it is; and nothing has to unpack names that a stranger may have chosen.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { auditVerify, type VerifyReport } from '#audit/verify'
import { QuantbotError } from '#core/errors'
import { isPathName } from '#core/ids'
import { lockOwner } from '#events/log/lock'
import { syncDirectory } from '#events/log/log-files.port'
import { readManifest } from '#events/log/manifest'
import { copyRun, filesBelow, writeDurably } from './backup-files.js'

const FORMAT = 1
const RUN = 'run'
const SUMS = 'SHA256SUMS'
const CARD = 'backup.json'

/** What `backup.json` says. */
export interface BackupCard {
  readonly format: 1
  readonly run: string
  readonly mode: string
  readonly codeVersion: string
  readonly manifestSha256: string
  /** Public half of the key that the run goes on with: base64 of its SPKI DER. */
  readonly publicKey: string
  readonly events: number
  /** Last event of the copy; the run may have gone on. */
  readonly lastSeq: number
  readonly lastTs: number | null
  readonly lastHash: string
  /** Segments that were archived elsewhere before; they are not in the backup. */
  readonly absentSegments: readonly string[]
  /** Whether a process was writing the run meanwhile. */
  readonly isRunning: boolean
  /** Epoch ms, the machine's clock. */
  readonly takenAt: number
}

/**
 * Copies a run to the new folder `to`, proves the copy and only then gives it its name. O(bytes), twice.
 * TARGET_EXISTS, USAGE; LOG_CORRUPT, MANIFEST_INVALID: what is wrong with the run.
 */
export async function takeBackup(runDir: string, to: string, takenAt: number): Promise<BackupCard> {
  if (existsSync(to)) throw new QuantbotError('TARGET_EXISTS', `${to}: a backup is a folder of its own`)
  if (`${dirname(to)}${sep}`.startsWith(`${runDir}${sep}`))
    throw new QuantbotError('USAGE', `${to} lies in the run itself`)
  const { manifest, hash } = readManifest(runDir)
  const isRunning = lockOwner(runDir) !== undefined
  const partial = join(dirname(to), `.${basename(to)}.${process.pid}.partial`)
  const run = join(partial, RUN)
  mkdirSync(run, { recursive: true })
  try {
    copyRun(runDir, run)
    const proof = await auditVerify(run)
    if (!proof.ok) throw new QuantbotError('LOG_CORRUPT', `${runDir} does not prove itself: ${firstProblem(proof)}`)
    const { events, lastSeq, lastTs, lastHash, absentSegments } = proof
    const { mode, codeVersion, publicKey } = manifest
    const card: BackupCard = {
      ...{ format: FORMAT, run: manifest.run, mode, codeVersion, manifestSha256: hash, publicKey },
      ...{ events, lastSeq, lastTs, lastHash, absentSegments, isRunning, takenAt },
    }
    writeDurably(join(partial, CARD), `${JSON.stringify(card, undefined, 2)}\n`)
    writeDurably(join(partial, SUMS), await sumsOf(partial))
    syncDirectory(partial)
    putInPlace(partial, to)
    return card
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

/** Reads a backup again, every byte. BACKUP_INVALID names the first file that is not as it was, or the first problem. */
export async function checkBackup(folder: string): Promise<BackupCard> {
  const card = readCard(folder)
  await checkSums(folder)
  const proof = await auditVerify(join(folder, RUN))
  if (!proof.ok) throw new QuantbotError('BACKUP_INVALID', `${join(folder, RUN)}: ${firstProblem(proof)}`)
  for (const [what, said, is] of [
    ['run', card.run, proof.run],
    ['manifestSha256', card.manifestSha256, proof.manifestHash],
    ['lastSeq', card.lastSeq, proof.lastSeq],
    ['lastHash', card.lastHash, proof.lastHash],
  ] as const)
    if (said !== is)
      throw new QuantbotError('BACKUP_INVALID', `${join(folder, CARD)}: ${what} is ${said}, the log says ${is}`)
  return card
}

/**
 * Puts a backup back as `<runs>/<name>`: checked, copied, checked again, and there at once or not at all.
 * TARGET_EXISTS, BACKUP_INVALID, NAME_INVALID.
 */
export async function restoreBackup(folder: string, runs: string, name?: string): Promise<RestoredRun> {
  const card = await checkBackup(folder)
  const id = name ?? card.run
  if (!isPathName(id)) throw new QuantbotError('NAME_INVALID', `run id ${JSON.stringify(id)}`)
  const dir = join(runs, id)
  if (existsSync(dir)) throw new QuantbotError('TARGET_EXISTS', `${dir}: a backup is never put over a run`)
  // A level deeper than runs lie: nobody takes it for one before it is whole.
  const partial = join(runs, `.${id}.${process.pid}.partial`)
  mkdirSync(join(partial, RUN), { recursive: true })
  try {
    copyRun(join(folder, RUN), join(partial, RUN))
    const proof = await auditVerify(join(partial, RUN))
    if (!proof.ok || proof.lastHash !== card.lastHash)
      throw new QuantbotError('BACKUP_INVALID', `the copy of ${folder} differs from it: ${firstProblem(proof)}`)
    putInPlace(join(partial, RUN), dir)
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
  return { dir, card }
}

export interface RestoredRun {
  readonly dir: string
  readonly card: BackupCard
}

const firstProblem = ({ problems, lastHash }: VerifyReport): string => {
  const first = problems[0]
  return first === undefined ? `it ends with ${lastHash}` : `${first.code}: ${first.detail}`
}

/** A folder that somebody else has made meanwhile is not replaced: rename(2) takes an empty one at most. */
function putInPlace(partial: string, to: string): void {
  try {
    renameSync(partial, to)
  } catch (cause) {
    if (existsSync(to)) throw new QuantbotError('TARGET_EXISTS', `${to} was made meanwhile`, { cause })
    throw cause
  }
  syncDirectory(dirname(to))
}

function readCard(folder: string): BackupCard {
  const path = join(folder, CARD)
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new QuantbotError('BACKUP_INVALID', `${path} cannot be read: ${folder} is no backup`)
  }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== FORMAT)
    throw new QuantbotError('BACKUP_INVALID', `${path} is not of format ${FORMAT}`)
  return value as BackupCard // each member that is used is held against the log
}

/** As sha256sum writes it: two blanks between digest and path, by path. */
async function sumsOf(folder: string): Promise<string> {
  const { files } = filesBelow(folder)
  const lines: string[] = []
  for (const path of files) lines.push(`${await digestOf(join(folder, path))}  ${path}\n`)
  return lines.join('')
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function checkSums(folder: string): Promise<void> {
  const refuse = (what: string): never => {
    throw new QuantbotError('BACKUP_INVALID', `${folder}: ${what}`)
  }
  const { files, others } = filesBelow(folder)
  if (others.length > 0) refuse(`${others[0]} is neither file nor folder`)
  if (!files.includes(SUMS)) refuse(`${SUMS} is missing`)
  const listed = new Map<string, string>()
  for (const line of readFileSync(join(folder, SUMS), 'utf8').split('\n').slice(0, -1)) {
    const match = /^([0-9a-f]{64}) {2}(.+)$/.exec(line)
    if (match === null) refuse(`${SUMS} has a line that is none: ${line.slice(0, 80)}`)
    else listed.set(match[2]!, match[1]!)
  }
  const there = new Set(files)
  for (const path of listed.keys()) if (!there.has(path)) refuse(`${path} is missing`)
  for (const path of files) {
    if (path === SUMS) continue
    const said = listed.get(path)
    if (said === undefined) refuse(`${path} was added`)
    else if ((await digestOf(join(folder, path))) !== said) refuse(`${path} was changed`)
  }
}
