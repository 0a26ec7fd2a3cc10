/** Owns where the control socket of a run lies. Its folder decides who may connect: nobody but the owner. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** sockaddr_un holds 108 bytes on Linux, 104 on macOS, the terminating zero included (unix(7)). */
const PATH_BYTES_MAX = 100

const socketIn = (runDir: string): string => join(runDir, 'control.sock')
/** Names the socket where the run folder's own path is too long for one. */
const pointerIn = (runDir: string): string => join(runDir, 'control.path')

export interface ControlPath {
  readonly path: string
  /** Removes whatever was made; a socket that is gone already is fine. */
  remove(): void
}

/** The path to listen on. The caller holds the lock of the run, so what lies there is of a process that died. */
export function makeControlPath(runDir: string): ControlPath {
  forget(runDir)
  const inRun = socketIn(runDir)
  if (Buffer.byteLength(inRun) > PATH_BYTES_MAX)
    writeFileSync(pointerIn(runDir), join(mkdtempSync(join(tmpdir(), 'quantbot-')), 'control.sock'), { mode: 0o600 })
  return { path: controlPath(runDir), remove: () => forget(runDir) }
}

/** Where a client connects; there need be nothing. */
export function controlPath(runDir: string): string {
  const pointer = pointerIn(runDir)
  return existsSync(pointer) ? readFileSync(pointer, 'utf8') : socketIn(runDir)
}

function forget(runDir: string): void {
  const pointer = pointerIn(runDir)
  // Only a folder that has the shape of ours is removed, whatever the file says.
  if (existsSync(pointer)) {
    const folder = dirname(readFileSync(pointer, 'utf8'))
    if (dirname(folder) === tmpdir() && /\/quantbot-\w{6}$/.test(folder))
      rmSync(folder, { recursive: true, force: true })
  }
  rmSync(pointer, { force: true })
  rmSync(socketIn(runDir), { force: true })
}
