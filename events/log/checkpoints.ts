/**
 * Owns checkpoint lines: what is signed, how a line is written and read, and the file that collects them.
 * Never makes a checkpoint for bytes it was not given the hash of, and never rewrites a line.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { EpochMs } from '#core/time'
import { NEWLINE } from './chain.js'
import { checkFields, hex64, text, whole } from './fields.js'
import { type Signer, verifySignature } from './keys.js'
import { syncDirectory } from './log-files.port.js'
import { checkpointFile, segmentOfName } from './segments.js'

/** States, signed, how far the log of `run` had come at the end of a segment. */
export interface Checkpoint {
  readonly run: string
  /** SHA-256 of manifest.json. */
  readonly manifest: string
  /** Name of the segment without `.gz`: `00000001.ndjson`. */
  readonly segment: string
  readonly lastSeq: number
  /** Chain hash at the segment's end. */
  readonly hash: string
  /** SHA-256 of the uncompressed segment. */
  readonly bytesSha256: string
  /** ts of the segment's last event. */
  readonly ts: EpochMs
  /** Ed25519 over {@link signedBytes}, base64. */
  readonly sig: string
}

const FIELDS = {
  run: text,
  manifest: hex64,
  segment: text,
  lastSeq: whole,
  hash: hex64,
  bytesSha256: hex64,
  ts: whole,
  sig: text,
}

type Unsigned = Omit<Checkpoint, 'sig'>

/** What the signature is over: the line's JSON without the member `sig`, no newline: `{"run":…,"ts":…}`. */
export function signedBytes(checkpoint: Unsigned): Buffer {
  const { run, manifest, segment, lastSeq, hash, bytesSha256, ts } = checkpoint
  return Buffer.from(JSON.stringify({ run, manifest, segment, lastSeq, hash, bytesSha256, ts }))
}

export function signCheckpoint(unsigned: Unsigned, signer: Signer): Checkpoint {
  return { ...unsigned, sig: signer.sign(signedBytes(unsigned)) }
}

/** The line with its newline. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  return `${signedBytes(checkpoint).toString().slice(0, -1)},"sig":${JSON.stringify(checkpoint.sig)}}\n`
}

/** Reads a line without its newline; undefined for anything that {@link formatCheckpoint} would not write. */
export function parseCheckpoint(line: string): Checkpoint | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (checkFields(FIELDS, value, '')) return undefined
  const checkpoint = value as Checkpoint // every field was checked on the line above
  if (segmentOfName(checkpoint.segment) === undefined) return undefined
  return formatCheckpoint(checkpoint) === `${line}\n` ? checkpoint : undefined
}

/** Whether the signature is by the key whose public half the manifest names. */
export function isSignedBy(checkpoint: Checkpoint, publicKey: string): boolean {
  return verifySignature(publicKey, signedBytes(checkpoint), checkpoint.sig)
}

/** Lines of a checkpoint file; `checkpoint` is undefined where a line cannot be read, or has no newline. */
export interface CheckpointLine {
  readonly line: number
  readonly text: string
  readonly checkpoint: Checkpoint | undefined
}

/** Reads a file of checkpoint lines. Errors of the system call are thrown. */
export function readCheckpointLines(path: string): readonly CheckpointLine[] {
  const bytes = readFileSync(path)
  const lines: CheckpointLine[] = []
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at)
    const end = newline < 0 ? bytes.length : newline
    const content = bytes.toString('utf8', at, end)
    const sound = newline >= 0 && Buffer.from(content).equals(bytes.subarray(at, end))
    lines.push({ line: lines.length + 1, text: content, checkpoint: sound ? parseCheckpoint(content) : undefined })
    at = end + 1
  }
  return lines
}

/** The run's readable checkpoints in order; none when there is no file yet. Signatures are not looked at. */
export function readCheckpoints(runDir: string): readonly Checkpoint[] {
  const path = checkpointFile(runDir)
  if (!existsSync(path)) return []
  return readCheckpointLines(path).flatMap(({ checkpoint }) => (checkpoint ? [checkpoint] : []))
}

/** Appends a line and makes it durable. */
export function appendCheckpoint(runDir: string, checkpoint: Checkpoint): void {
  const path = checkpointFile(runDir)
  const created = !existsSync(path)
  mkdirSync(dirname(path), { recursive: true })
  const fd = openSync(path, 'a', 0o644)
  try {
    const line = Buffer.from(formatCheckpoint(checkpoint))
    for (let at = 0; at < line.length; ) at += writeSync(fd, line, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  if (created) syncDirectory(dirname(path))
}
