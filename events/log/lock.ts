/**
 * Owns "one writer per run folder": files `lock.<n>`, of which the highest is the owner's. Never waits.
 *
 * A lock names pid and process start, so that a pid used again is not taken for its owner. A stale `lock.<n>` is taken
 * over by creating `lock.<n+1>` (a link, so it appears whole; of several takers one succeeds), never by removing a name
 * that another process may just have made anew. After creating its own, a taker looks again and steps back unless its
 * number is the highest.
 */
import { readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { QuantbotError } from '#core/errors'
import { createAtomically, isSystemError } from './durable.js'

interface Owner {
  readonly pid: number
  /** Start time from /proc, empty where there is none. */
  readonly start: string
}

export interface RunLock {
  /** Idempotent. */
  release(): void
}

const lockName = (n: number): string => `lock.${n}`

function lockNumbers(runDir: string): number[] {
  return readdirSync(runDir)
    .flatMap((name) => (/^lock\.[1-9]\d{0,8}$/.test(name) ? [Number(name.slice(5))] : []))
    .sort((a, b) => b - a)
}

/** What {@link processStart} says of a process that has ended and was not reaped: its pid still answers. */
const ENDED = 'ended'

/** Boot and start time of a process where the system tells, else empty. Fields 3, 20, 22 of /proc/<pid>/stat, proc(5). */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold blanks and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // As long as one of its threads is in a system call, that call may still write.
    if (fields[0] === 'Z' && Number(fields[17]) <= 1) return ENDED
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${fields[19]}`
  } catch {
    return ''
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0) // nondeterminism-ok: asks whether the lock's owner lives
  } catch (error) {
    if (isSystemError(error, 'ESRCH')) return false
  }
  return owner.start === '' || processStart(owner.pid) === owner.start
}

function readOwner(path: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('start' in value)) return undefined
    const { pid, start } = value
    return Number.isSafeInteger(pid) && typeof start === 'string' ? { pid: pid as number, start } : undefined // checked
  } catch {
    return undefined
  }
}

/** Pid of the process that is writing the run, undefined when none is. */
export function lockOwner(runDir: string): number | undefined {
  return ownerOf(runDir, lockNumbers(runDir))
}

function ownerOf(runDir: string, numbers: readonly number[]): number | undefined {
  const highest = numbers[0]
  const owner = highest === undefined ? undefined : readOwner(join(runDir, lockName(highest)))
  return owner && isAlive(owner) ? owner.pid : undefined
}

/** Takes the run folder for this process; RUN_LOCKED names the pid of the process that has it. */
export function acquireLock(runDir: string): RunLock {
  const stale = lockNumbers(runDir)
  const owner = ownerOf(runDir, stale)
  if (owner !== undefined) throw locked(runDir, owner)
  const mine = (stale[0] ?? 0) + 1
  const pid = process.pid // nondeterminism-ok: the lock names its process
  const path = join(runDir, lockName(mine))
  const content = Buffer.from(`${JSON.stringify({ pid, start: processStart(pid) })}\n`)
  if (!createAtomically(path, content, 0o644)) throw locked(runDir, readOwner(path)?.pid)
  if (lockNumbers(runDir)[0] !== mine) {
    removeLock(path)
    throw locked(runDir, lockOwner(runDir))
  }
  for (const n of stale) removeLock(join(runDir, lockName(n)))
  let held = true
  return {
    release: () => {
      if (held) removeLock(path)
      held = false
    },
  }
}

function removeLock(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}

function locked(runDir: string, pid: number | undefined): QuantbotError {
  return new QuantbotError('RUN_LOCKED', `${runDir} is being written by process ${pid ?? 'unknown'}`)
}
