/**
 * Owns opening the person's browser. Other users of the machine see the arguments of every process: the browser is given a file that only
 * its owner may read, which leads on to the address with the token. Fails silently: the address is printed as well.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Gives the removal of the file. */
export function openBrowser(home: string, url: string): () => void {
  const path = join(home, 'web', `open-${process.pid}.html`)
  const [command, ...args] = process.platform === 'darwin' ? ['open'] : ['xdg-open']
  try {
    mkdirSync(join(home, 'web'), { recursive: true, mode: 0o700 })
    rmSync(path, { force: true })
    const page = `<!doctype html><meta charset="utf-8"><title>quantbot</title><meta http-equiv="refresh" content="0;url=${url}">\n`
    writeFileSync(path, page, { mode: 0o600, flag: 'wx' })
    const child = spawn(command!, [...args, pathToFileURL(path).href], { detached: true, stdio: 'ignore' })
    child.on('error', () => undefined)
    child.unref()
  } catch {
    // A home that cannot be written: the address is on the screen.
  }
  return () => rmSync(path, { force: true })
}
