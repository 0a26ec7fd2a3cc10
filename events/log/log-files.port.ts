/**
 * Owns the port through which the writer reaches the disk, so that slow and failing disks can be tested.
 * Never retries and never hides an error.
 */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writev,
  writevSync,
} from 'node:fs'

/** File calls of the log writer. Each throws (or rejects with) the error of the system call. */
export interface LogFiles {
  /** `create` fails when the file exists. */
  open(path: string, how: 'create' | 'continue'): number
  /** Bytes written, perhaps fewer than given. */
  writevSync(fd: number, buffers: readonly Uint8Array[], position: number): number
  writev(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number>
  fdatasyncSync(fd: number): void
  fdatasync(fd: number): Promise<void>
  truncate(fd: number, bytes: number): void
  close(fd: number): void
  /** Makes created and renamed names durable. */
  syncDirectory(path: string): void
  /** A monotonic clock, milliseconds. */
  now(): number
  /** Calls `fn` once after `ms`; the result cancels it. */
  after(ms: number, fn: () => void): () => void
}

/** fsync of a folder, so that names created in it or moved within it survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The real disk. */
export const diskFiles: LogFiles = {
  open: (path, how) => openSync(path, how === 'create' ? 'wx+' : 'r+', 0o644),
  writevSync: (fd, buffers, position) => writevSync(fd, buffers, position),
  writev: (fd, buffers, position) =>
    new Promise((resolve, reject) => {
      writev(fd, buffers, position, (error, written) => (error ? reject(error) : resolve(written)))
    }),
  fdatasyncSync,
  fdatasync: (fd) =>
    new Promise((resolve, reject) => {
      fdatasync(fd, (error) => (error ? reject(error) : resolve()))
    }),
  truncate: ftruncateSync,
  close: closeSync,
  syncDirectory,
  now: () => performance.now(), // nondeterminism-ok: measures the disk; never enters an event
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms) // nondeterminism-ok: watches for a stalled disk; never enters an event
    timer.unref()
    return () => clearTimeout(timer)
  },
}
