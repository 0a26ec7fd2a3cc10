/** Owns starting and killing the child of the fault tests, and what must hold of its run folder after every kill. */
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { expect } from 'vitest'
import { refoldUntil } from '#actors/refold-log'
import { bar } from '../engine/live-rig.js'
import { asText, eventsOf, type Home, linesOf, redecide } from '../engine/run-rig.js'
import { smallAgents } from '../engine/small-agents.js'

/** Bundles the child once, so that plain node runs it. */
export async function buildChild(outDir: string): Promise<string> {
  const conditions = ['quantbot-source', 'node']
  await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('../..', import.meta.url)),
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ssr: fileURLToPath(new URL('./fault-child.ts', import.meta.url)),
      outDir,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'child.mjs' } },
    },
  })
  return join(outDir, 'child.mjs')
}

export interface Child {
  readonly process: ChildProcess
  readonly exited: Promise<number | null>
  /** Whole lines of stdout so far. */
  lines(): string[]
  /** Fulfilled when a line begins so, or the child has ended. */
  said(start: string): Promise<void>
  kill(): Promise<void>
}

/** `fileBlocks` limits the size of any file it writes, in KiB, as a full disk would. */
export function startChild(script: string, home: Home, runDir: string, bars: number, fileBlocks?: number): Child {
  const args = [script, home.path, runDir, String(bars)]
  const child =
    fileBlocks === undefined
      ? spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('bash', ['-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'bash', process.execPath, ...args], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
  let text = ''
  let hasEnded = false
  let onNews = (): void => undefined
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    onNews()
  })
  const exited = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      hasEnded = true
      onNews()
      resolve(code)
    })
  })
  const lines = (): string[] => text.split('\n').slice(0, -1)
  return {
    process: child,
    exited,
    lines,
    said: (start) =>
      new Promise((resolve) => {
        onNews = () => {
          if (hasEnded || lines().some((line) => line.startsWith(start))) resolve()
        }
        onNews()
      }),
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** What the child said before it died is on disk, and everything refolds to one state. */
export function checkAfterKill(home: Home, runDir: string, said: readonly string[]): void {
  const copy = home.copyOf(runDir)
  const events = eventsOf(copy)
  const commit = said.findLast((line) => line.startsWith('C '))?.split(' ')
  if (commit) expect(events.length).toBeGreaterThanOrEqual(Number(commit[1]))
  const submitted = new Set(events.flatMap((event) => (event.type === 'OrderSubmitted' ? [event.data.order] : [])))
  const sent = said.filter((line) => line.startsWith('O ')).map((line) => line.slice(2))
  expect(sent.filter((order) => !submitted.has(order))).toEqual([])
  if (events.length > 0) {
    const refold = { runDir: copy, deciders: smallAgents, runSeed: 3 }
    const states = asText(refoldUntil(refold, events.length))
    rmSync(join(copy, 'snapshots'), { recursive: true, force: true })
    expect(asText(refoldUntil(refold, events.length))).toEqual(states)
    let lots = 0
    for (const event of events)
      if (event.type === 'OrderFilled')
        lots += Math.round(Number(event.data.quantity) * 10_000) * (event.data.side === 'buy' ? 1 : -1)
    expect(JSON.parse(states.get('test/orders')!).position).toBe(lots)
  }
  rmSync(copy, { recursive: true })
}

/** A run that has ended: every bar once, and decided again byte for byte. */
export function checkFinished(runDir: string, bars: number): void {
  const events = eventsOf(runDir)
  const closed = events.filter((event) => event.type === 'BarClosed')
  expect(closed.map((event) => event.data)).toEqual(Array.from({ length: bars }, (_, i) => bar(i).data))
  expect(linesOf(runDir)).toEqual(redecide(events).lines)
}
