/** Owns starting the built command line as processes of their own, in a home that is removed afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process of quantbot. */
export class Running {
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''
  readonly ended: Promise<Ended>
  readonly #watchers = new Set<() => void>()

  constructor(args: readonly string[]) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build first (npm test does)`)
    this.#child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      for (const watcher of this.#watchers) watcher()
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }))
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Fulfilled with the first line of stdout; rejects when the process ends without one. */
  async firstLine(): Promise<Record<string, unknown>> {
    const [line] = await this.firstLines(1)
    return line!
  }

  /** As firstLine, of so many lines. */
  async firstLines(count: number): Promise<Record<string, unknown>[]> {
    const whole = (): string[] => this.#stdout.split('\n').slice(0, -1)
    const lines = new Promise<string[]>((resolve) => {
      const look = (): void => {
        if (whole().length >= count) resolve(whole())
      }
      this.#watchers.add(look)
      look()
    })
    const ended = this.ended.then(({ stderr }): string[] => {
      if (whole().length >= count) return whole()
      throw new Error(`ended without ${count} lines: ${stderr}`)
    })
    const found = await Promise.race([lines, ended])
    return found.slice(0, count).map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

export interface TestHome {
  readonly path: string
  start(...args: readonly string[]): Running
  /** Runs to the end. */
  quantbot(...args: readonly string[]): Promise<Ended>
  /** As `quantbot`, with --json: the last line of stdout. */
  json(...args: readonly string[]): Promise<Record<string, unknown>>
  remove(): void
}

export function testHome(folder = ''): TestHome {
  const root = mkdtempSync(join(tmpdir(), 'quantbot-run-'))
  const path = join(root, folder)
  const started: Running[] = []
  const start = (...args: readonly string[]): Running => {
    // A page is served where the spec names its port: nobody else waits for one.
    const noPage = args[0] === 'run' && !args.includes('--port') ? ['--no-web'] : []
    const running = new Running(['--home', path, ...args, ...noPage])
    started.push(running)
    return running
  }
  const home: TestHome = {
    path,
    start,
    quantbot: (...args) => start(...args).ended,
    json: async (...args) => {
      const { stdout, stderr } = await start(...args, '--json').ended
      const last = stdout.trimEnd().split('\n').at(-1)
      if (last === undefined || last === '') throw new Error(`no JSON of ${args.join(' ')}: ${stderr}`)
      return JSON.parse(last) as Record<string, unknown>
    },
    remove: () => {
      for (const running of started) running.kill('SIGKILL')
      rmSync(root, { recursive: true, force: true })
    },
  }
  return home
}
