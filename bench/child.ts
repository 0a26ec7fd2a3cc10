/** Owns running compiled programs of the repository as processes of their own: wall time and peak memory from outside. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Children run what was compiled; sources under a test runner have nothing to spawn, and measure in process instead. */
export const canSpawn = import.meta.url.endsWith('.js')

/** A file below `dist`. */
export const compiled = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

export interface Finished {
  /** From the call to the end of the process. */
  readonly ms: number
  /** Largest resident set, bytes. */
  readonly peakBytes: number
  readonly stdout: string
}

/** Runs a program to its end; throws unless it exits with 0. `scratch` takes a small file. */
export async function runToEnd(script: string, args: readonly string[], scratch: string): Promise<Finished> {
  const peak = join(scratch, `peak-${performance.now()}`)
  const preload = `${pathToFileURL(compiled('bench/report-peak.js')).href}?to=${encodeURIComponent(peak)}`
  const begun = performance.now()
  const child = spawn(process.execPath, ['--import', preload, script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null] // as Node documents
  const ms = performance.now() - begun
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${stdout.slice(-500)}`)
  return { ms, peakBytes: Number(readFileSync(peak, 'utf8')), stdout }
}

/** Runs a program until `isLast` says so of a line of its output, then kills it as a crash would. Gives that line and when it came. */
export async function runUntil(
  script: string,
  args: readonly string[],
  isLast: (line: string) => boolean,
): Promise<{ readonly ms: number; readonly line: string }> {
  const begun = performance.now()
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  let found: { readonly ms: number; readonly line: string } | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    if (!isLast(line)) continue
    found = { ms: performance.now() - begun, line }
    break
  }
  child.kill('SIGKILL')
  await closed
  if (found === undefined) throw new Error(`${script} ended before it said what was waited for`)
  return found
}
