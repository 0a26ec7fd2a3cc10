/** Owns a page over a double of a run, for its specs: one agent's words are HTML, time is told by the test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventQuery, Head, RunFacts, RunViewPort, ViewState } from '#audit/view/view.port'
import { QuantbotError } from '#core/errors'
import type { TimePort } from '#core/ports'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import type { PageCommand, PageOptions, PageProcess } from '#monitoring/page/page.port'

export const TOKEN = '0123456789abcdef0123456789abcdef'
/** What a venue might say. */
export const VENUE_TEXT = '</script><img src=x onerror=alert(1)>\r\nset-cookie: a=b'

/** Time that goes on when it is told to. */
export class HandTime implements TimePort {
  #now = 1_000_000
  #waiting: { at: number; fn: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(delayMs: number, fn: () => void): () => void {
    const entry = { at: this.#now + delayMs, fn }
    this.#waiting.push(entry)
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== entry)
    }
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = this.#waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.#waiting = this.#waiting.filter((each) => each !== next)
      this.#now = Math.max(this.#now, next.at)
      next.fn()
    }
    this.#now = end
  }
}

const FACTS: RunFacts = {
  run: 'a',
  mode: 'paper',
  log: 'full',
  codeVersion: '1',
  configurationHash: 'c',
  createdAt: 1,
  parent: null,
  currency: 'USDT',
  agents: [],
  instruments: [],
  interval: '1h',
  signals: [],
  firstSeq: 1,
}

export class ViewDouble implements RunViewPort {
  readonly asked: { readonly what: string; readonly with: unknown }[] = []
  seq = 10
  readonly #listeners = new Set<(head: Head) => void>()

  facts(): RunFacts {
    return FACTS
  }

  head(): Head {
    return { seq: this.seq, ts: 1, hash: 'ab', segment: 1, checkpointSeq: 0, read: 1, fault: null }
  }

  move(seq: number): void {
    this.seq = seq
    for (const listener of this.#listeners) listener(this.head())
  }

  get listeners(): number {
    return this.#listeners.size
  }

  async state(seq = this.seq): Promise<ViewState> {
    this.asked.push({ what: 'state', with: seq })
    if (seq > this.seq) throw new QuantbotError('SEQ_OUT_OF_RANGE', `the log ends at ${this.seq}`)
    // What the page hands on unread.
    return { seq, halt: { reason: VENUE_TEXT, seq: 3, ts: 1 } } as unknown as ViewState
  }

  series = async (query: unknown) => this.#took('series', query, { name: 'equity', seq: [], ts: [], columns: {} })
  bars = async (query: unknown) =>
    this.#took('bars', query, {
      instrument: 'i',
      interval: '1h',
      ts: [],
      open: [],
      high: [],
      low: [],
      close: [],
      volume: [],
      seq: [],
    })
  marks = async (query: unknown) => this.#took('marks', query, { instrument: 'i', marks: [] })

  async events(query: EventQuery) {
    const event = { seq: 3, ts: 1, type: 'OrderRejected', by: 'paper', cause: 2, says: VENUE_TEXT, data: VENUE_TEXT }
    return this.#took('events', query, { events: [event], hasMore: false, searchedTo: 1 })
  }

  async explain(target: string): Promise<unknown> {
    if (target === 'bug') throw new Error(`a path /home/someone and ${TOKEN}`)
    throw new QuantbotError('ORDER_NOT_FOUND', `no order ${target}`)
  }

  onHead(fn: (head: Head) => void): () => void {
    this.#listeners.add(fn)
    return () => this.#listeners.delete(fn)
  }

  #took<T>(what: string, query: unknown, answer: T): T {
    this.asked.push({ what, with: query })
    return answer
  }
}

export class ProcessDouble implements PageProcess {
  readonly commands: PageCommand[] = []
  /** What it does instead of answering. */
  fails: QuantbotError | undefined
  statusText = 'running'

  async status(): Promise<LiveStatus | null> {
    if (this.fails) throw this.fails
    return { state: this.statusText } as unknown as LiveStatus // the page hands it on unread
  }

  async command(command: PageCommand): Promise<unknown> {
    if (this.fails) throw this.fails
    this.commands.push(command)
    return { seq: 11 }
  }
}

export interface PageRig {
  readonly view: ViewDouble
  readonly process: ProcessDouble
  readonly time: HandTime
  readonly options: PageOptions
  /** Folder of the page; `secret.txt` lies beside it. */
  readonly root: string
  remove(): void
}

export function pageRig(changes: Partial<PageOptions> = {}): PageRig {
  const folder = mkdtempSync(join(tmpdir(), 'quantbot-page-'))
  const root = join(folder, 'web')
  mkdirSync(join(root, 'assets', 'inner'), { recursive: true })
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>quantbot</title>')
  writeFileSync(join(root, 'assets', 'main-1.js'), 'export {}')
  writeFileSync(join(root, 'assets', '.hidden'), 'hidden')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  const [view, process, time] = [new ViewDouble(), new ProcessDouble(), new HandTime()]
  const options: PageOptions = {
    view,
    process,
    metrics: async (status) => ({ text: `up ${status === null ? 0 : 1}\n`, contentType: 'text/plain; version=0.0.4' }),
    token: TOKEN,
    webRoot: root,
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    time,
    ...changes,
  }
  return { view, process, time, options, root, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
