/**
 * Owns small files that appear whole or not at all, and are on disk when the call returns.
 * Never overwrites a file.
 */
import { closeSync, fsyncSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncDirectory } from './log-files.port.js'

let temporaries = 0

/** Creates `path` with these bytes; false when it exists. Crash-safe: a half-written file never has the name. */
export function createAtomically(path: string, bytes: Uint8Array, mode: number): boolean {
  temporaries++
  const temporary = `${path}.${process.pid}.${temporaries}.tmp` // nondeterminism-ok: a name that is gone on return
  const fd = openSync(temporary, 'wx', mode)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  try {
    linkSync(temporary, path)
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
    throw error
  } finally {
    unlinkSync(temporary)
  }
  syncDirectory(dirname(path))
  return true
}

/** Whether it is an error of a system call with this code (`ENOENT`, `EEXIST`). */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
