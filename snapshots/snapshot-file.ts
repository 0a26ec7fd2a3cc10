/**
 * Owns the file of one snapshot: one line of JSON whose last key is the SHA-256 of all before it. Never touches the disk
 * and never judges whether the log agrees (restore.ts).
 */
import { createHash } from 'node:crypto'
import type { AgentSnapshot, Commit } from '#core/ports'

/** Why a file is no snapshot, in words for a report. */
export interface BadSnapshot {
  readonly why: string
}

const SEAL = /,"sha256":"([0-9a-f]{64})"\}\n$/
const SEAL_BYTES = 64 + ',"sha256":""}\n'.length

/** `signal/tsmom` at 1200 → `signal.tsmom-1200.json`. */
export function snapshotName(agent: string, seq: number): string {
  return `${agent.replaceAll('/', '.')}-${seq}.json`
}

/** Seq of a file name that snapshots of this agent have, undefined for any other name. */
export function seqOfName(agent: string, name: string): number | undefined {
  const prefix = `${agent.replaceAll('/', '.')}-`
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^[1-9]\d{0,15}\.json$/.test(rest) ? Number(rest.slice(0, -5)) : undefined
}

/** `{"agent","version","seq","commit":{…},"state":…,"sha256"}`; `state` is JSON text already. O(bytes). */
export function formatSnapshot(snapshot: AgentSnapshot): string {
  const { agent, version, commit, state } = snapshot
  const { lastSeq, lastTs, count, hash, segment, offset } = commit
  const head = { agent, version, seq: lastSeq, commit: { lastSeq, lastTs, count, hash, segment, offset } }
  const body = `${JSON.stringify(head).slice(0, -1)},"state":${state}`
  return `${body},"sha256":"${sha256(body)}"}\n`
}

/** Reads what {@link formatSnapshot} wrote; anything else is bad. O(bytes). */
export function parseSnapshot(text: string): AgentSnapshot | BadSnapshot {
  const seal = SEAL.exec(text.slice(-SEAL_BYTES))
  if (!seal) return { why: 'it is cut short' }
  const body = text.slice(0, text.length - SEAL_BYTES)
  if (sha256(body) !== seal[1]) return { why: 'it does not match its own checksum' }
  const value = JSON.parse(text) as Parsed // the checksum says that formatSnapshot wrote it
  const { agent, version, seq, commit } = value
  if (typeof agent !== 'string' || typeof version !== 'string' || commit === undefined || seq !== commit.lastSeq)
    return { why: 'its keys are not those of a snapshot' }
  return { agent, version, commit, state: JSON.stringify(value.state) }
}

interface Parsed {
  readonly agent?: string
  readonly version?: string
  readonly seq?: number
  readonly commit?: Commit
  readonly state?: unknown
}

export function isBad(read: AgentSnapshot | BadSnapshot): read is BadSnapshot {
  return 'why' in read
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
