/**
 * Owns copying the files of a run into a backup, also beside the process that writes it: sealed segments as they are, the
 * segment in hand up to its last commit. Never writes into the run, and never judges the log: `audit verify` of the copy does.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { readCheckpoints } from '#events/log/checkpoints'
import { isSystemError } from '#events/log/durable'
import { syncDirectory } from '#events/log/log-files.port'
import { GroupScanner } from '#events/log/scanner'
import {
  type ByteSource,
  checkpointFile,
  gzipPath,
  openSegment,
  readSegments,
  type SegmentFile,
  segmentName,
  segmentPath,
  tornFiles,
} from '#events/log/segments'
import { judgeTail, readTail } from '#events/log/tail'

/** Of the process that runs, not of the run: its lock and its socket. */
const OF_PROCESS = /^(lock\.\d+|control\.(sock|path))$/
/** Written by the steps below, in their order. */
const OF_LOG = new Set(['log', 'checkpoints', 'snapshots'])
const CHUNK_BYTES = 4 * 1024 * 1024

/**
 * Copies the run to `target`, which must be there and empty. The order makes the copy whole: snapshots name commits that
 * the log has by then; a checkpoint is copied before its segment could change again. O(bytes); every file is on disk on return.
 */
export function copyRun(runDir: string, target: string): void {
  for (const name of readdirSync(runDir))
    if (!OF_LOG.has(name) && !OF_PROCESS.test(name)) copyTree(runDir, target, name)
  copyTree(runDir, target, 'snapshots')
  const { checkpoints, sealed, segments } = settledLog(runDir)
  for (const folder of ['log', 'checkpoints']) mkdirSync(join(target, folder), { recursive: true })
  if (checkpoints.length > 0) writeDurably(checkpointFile(target), checkpoints)
  for (const file of segments) copySegment(runDir, target, file, sealed.has(segmentName(file.segment)))
  for (const name of tornFiles(runDir)) copyTree(runDir, target, join('log', name))
  for (const folder of ['log', 'checkpoints', '.']) syncDirectory(join(target, folder))
}

interface SettledLog {
  /** Whole lines of the checkpoint file. */
  readonly checkpoints: Buffer
  readonly sealed: ReadonlySet<string>
  readonly segments: readonly SegmentFile[]
}

/** Checkpoints and segments of one moment: between reading the first and listing the others nothing was sealed. */
function settledLog(runDir: string): SettledLog {
  for (;;) {
    const checkpoints = wholeLines(checkpointFile(runDir))
    const sealed = new Set(readCheckpoints(runDir).map(({ segment }) => segment))
    const segments = readSegments(runDir)
    if (wholeLines(checkpointFile(runDir)).equals(checkpoints)) return { checkpoints, sealed, segments }
  }
}

function wholeLines(path: string): Buffer {
  if (!existsSync(path)) return Buffer.alloc(0)
  const bytes = readFileSync(path)
  return bytes.subarray(0, bytes.lastIndexOf(10) + 1)
}

/**
 * A segment with a checkpoint is copied as it is. One without may be sealed at any moment: its plain bytes are taken, from
 * either form, up to the last commit line, so that the copy has no sealed file without the checkpoint that belongs to it.
 */
function copySegment(runDir: string, target: string, file: SegmentFile, isSealed: boolean): void {
  if (isSealed && file.gzip) {
    copyFile(gzipPath(runDir, file.segment), gzipPath(target, file.segment))
    return
  }
  const source = openSegment(runDir, file)
  const fd = openSync(segmentPath(target, file.segment), 'wx', 0o644)
  try {
    const end = committedEnd(source, segmentPath(runDir, file.segment))
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, end)))
    for (let at = 0; at < end; ) {
      const read = source.read(chunk, 0, Math.min(chunk.length, end - at), at)
      for (let from = 0; from < read; ) from += writeSync(fd, chunk, from, read - from)
      at += read
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
    source.close()
  }
}

/** Behind the last commit line. LOG_CORRUPT where the bytes behind it are no write under way, nor one that a crash cut short. */
function committedEnd(source: ByteSource, path: string): number {
  const scanner = new GroupScanner(source, 0)
  let end = 0
  while (scanner.next() === 'group') end = scanner.end
  const tail = judgeTail(readTail(source, end))
  if (!tail.torn) throw new QuantbotError('LOG_CORRUPT', `${path}: bytes behind the last commit line: ${tail.reason}`)
  return end
}

/** Files below `name`, also none; what the run's own process removes meanwhile is left out, and so is half-written work. */
function copyTree(from: string, to: string, name: string): void {
  const path = join(from, name)
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) {
    mkdirSync(join(to, name), { recursive: true })
    for (const inner of readdirSync(path)) copyTree(from, to, join(name, inner))
    syncDirectory(join(to, name))
  } else if (stat?.isFile() && !name.endsWith('.tmp')) {
    try {
      copyFile(path, join(to, name))
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error
    }
  }
}

/** A copy on disk; shares blocks where the file system can. The target must not be there. */
function copyFile(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  sync(to)
}

/** A small new file, on disk on return. */
export function writeDurably(path: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes, { flag: 'wx', mode: 0o644 })
  sync(path)
}

function sync(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Paths of all files below a folder, with `/`, in order of code units. Anything but files and folders is refused by name. */
export function filesBelow(folder: string, below = ''): { readonly files: string[]; readonly others: string[] } {
  const files: string[] = []
  const others: string[] = []
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) {
      const inner = filesBelow(folder, path)
      files.push(...inner.files)
      others.push(...inner.others)
    } else (entry.isFile() ? files : others).push(path)
  }
  return { files: files.sort(), others: others.sort() }
}
