/**
 * Owns a folder in which the commands of a page are executed: `quantbot` on the PATH, the examples beside it, made-up history in
 * data/. Nothing of it stays.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Sfc32 } from '#core/random'
import { DAY_MS, HOUR_MS, parseDay } from '#core/time'
import { type Block, firstNotPrinted } from './docs-blocks.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = join(ROOT, 'dist/src/cli/main.js')
const [FIRST, LAST] = [parseDay('2017-08-17')!, parseDay('2024-12-31')!]
const START_WAIT_MS = 120_000
/** What a server says of itself is printed at once, but not in one piece. */
const SAID_MS = 500

/** A page that does not do what it says: names page, line and what was seen. */
export class PageProblem extends Error {}

export class DocsHome {
  readonly dir = mkdtempSync(join(tmpdir(), 'quantbot-docs-'))
  readonly #page: string
  readonly #env: NodeJS.ProcessEnv
  readonly #children: ChildProcess[] = []
  #printed = ''

  constructor(page: string) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build first (npm test does)`)
    this.#page = page
    const bin = join(this.dir, '.bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'quantbot'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 })
    symlinkSync(join(ROOT, 'examples'), join(this.dir, 'examples'))
    const { QUANTBOT_HOME: _, ...env } = process.env
    this.#env = { ...env, PATH: `${bin}:${env.PATH ?? ''}`, NO_COLOR: '1' }
    writeHistory(join(this.dir, 'data'))
  }

  /** Throws a PageProblem. */
  async execute(block: Block): Promise<void> {
    const at = `${this.#page}:${block.line}`
    if (block.kind === 'file') writeFileSync(join(this.dir, block.name), block.text)
    else if (block.kind === 'shows') {
      const missing = firstNotPrinted(block.text, this.#printed)
      if (missing !== undefined) throw new PageProblem(`${at}: not printed: ${missing}\nprinted was:\n${this.#printed}`)
    } else if (block.kind === 'server') await this.#serve(block.text, at)
    else if (block.kind === 'background') await this.#start(block.text, block.run, at)
    else await this.#run(block.text, block.exit, at)
  }

  async #run(text: string, exit: number, at: string): Promise<void> {
    // One pipe for both, as on a terminal.
    const { code, printed } = await this.#execute('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${text}`])
    this.#printed = printed
    if (code !== exit) throw new PageProblem(`${at}: exit ${code}, not ${exit}\n${text}\n${printed}`)
  }

  async #execute(
    file: string,
    args: readonly string[],
  ): Promise<{ readonly code: number | null; readonly printed: string }> {
    const child = spawn(file, args, { cwd: this.dir, env: this.#env, stdio: ['ignore', 'pipe', 'ignore'] })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      printed += part
    })
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, printed })))
  }

  async #start(text: string, run: string, at: string): Promise<void> {
    const child = spawn('bash', ['-c', text], { cwd: this.dir, env: this.#env, stdio: 'ignore' })
    this.#children.push(child)
    for (const until = Date.now() + START_WAIT_MS; !(await this.#isRunning(run)); await sleep(500))
      if (Date.now() > until || child.exitCode !== null) throw new PageProblem(`${at}: ${run} does not run`)
  }

  /** Until it has said where it listens. What it prints later is read, so that it never waits for a reader. */
  async #serve(text: string, at: string): Promise<void> {
    const stdio: StdioOptions = ['ignore', 'pipe', 'ignore']
    const child = spawn('bash', ['-c', `exec ${text}`], { cwd: this.dir, env: this.#env, stdio })
    this.#children.push(child)
    let printed = ''
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      printed += part
    })
    for (const until = Date.now() + START_WAIT_MS; printed === ''; await sleep(100))
      if (Date.now() > until || child.exitCode !== null) throw new PageProblem(`${at}: does not listen\n${text}`)
    await sleep(SAID_MS)
    this.#printed = printed
  }

  async #isRunning(run: string): Promise<boolean> {
    const { code, printed } = await this.#execute('quantbot', ['status', run, '--json'])
    if (code !== 0) return false
    const status = JSON.parse(printed) as { state?: string; mode?: string; fills?: number } // status of our own process
    return status.state === 'running' && (status.mode === 'paper' || (status.fills ?? 0) > 0)
  }

  /** Ends what goes on in the background, so that the next page finds its ports free, and removes the folder. */
  async remove(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    }
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Made-up daily bars and funding of the symbols of the daily example. */
function writeHistory(dir: string): void {
  const text = readFileSync(join(ROOT, 'examples/price-signals.yaml'), 'utf8')
  const symbols = [...new Set([...text.matchAll(/instrument: \w+\.\w+\.(\w+)/g)].map((match) => match[1]!))]
  for (const folder of ['bars', 'funding']) mkdirSync(join(dir, folder), { recursive: true })
  for (const [i, symbol] of symbols.entries()) {
    const random = Sfc32.seeded(17, i)
    let close = 100
    const bars = ['ts,open,high,low,close,volume']
    for (let ts = FIRST; ts <= LAST; ts += DAY_MS) {
      const open = close
      close = open * Math.exp(0.04 * random.normal())
      const [high, low] = [Math.max(open, close) * 1.01, Math.min(open, close) * 0.99]
      const prices = [open, high, low, close].map((price) => price.toPrecision(9))
      bars.push([ts, ...prices, 1_000_000].join())
    }
    writeFileSync(join(dir, 'bars', `${symbol}-1d.csv`), `${bars.join('\n')}\n`)
    const funding = ['ts,rate']
    for (let ts = FIRST; ts <= LAST; ts += 8 * HOUR_MS) funding.push(`${ts},${(0.0001 * random.normal()).toFixed(8)}`)
    writeFileSync(join(dir, 'funding', `${symbol}.csv`), `${funding.join('\n')}\n`)
  }
}
