/**
 * Owns the observer beside a trading process, seen from the process: a thread of its own, started anew when it dies, at most a few times;
 * from source, where there is no compiled entry, in this thread. Never makes the process wait but for its start and its end, both
 * bounded, and never keeps it from ending.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { TimePort } from '#core/ports'
import { SECOND_MS } from '#core/time'
import { wait } from '#core/wait'
import type { PageProcess } from '#monitoring/page/page.port'
import { answerObserver } from './answers.js'
import type { FromObserver, ObserverSpec, PagePlace, ThreadData, ToObserver } from './messages.js'
import { SeqMark } from './seq-mark.js'

const ENTRY = new URL('./thread.js', import.meta.url)

/** Longest wait for the page before the process goes on without knowing its port (ours). */
const START_MS = 15 * SECOND_MS
/** Last events, then at most five seconds of the notifier, then the page (ours). */
const END_MS = 9 * SECOND_MS
/** Pauses before a thread that died is started anew; then no more. Forgotten after it has lived for a while (ours). */
const PAUSES_MS: readonly number[] = [1_000, 5_000, 30_000]
const LIVED_MS = 600 * SECOND_MS
/** Heap of the thread: what it keeps is bounded, and a leak of it must end it, not the process (ours). */
const HEAP_MB = 2_048

export interface Observer {
  /** Null: there is no page, or it could not be told in time. */
  readonly place: PagePlace
  /** The log is committed up to here. Costs next to nothing. */
  committed(lastSeq: number): void
  /** Bounded; never rejects. */
  close(lastSeq: number): Promise<void>
}

export interface ObserverOptions {
  readonly spec: ObserverSpec
  readonly process: PageProcess
  readonly time: TimePort
  /** Something a person should know: it harms no trade. */
  readonly onProblem: (detail: string) => void
}

/** Never rejects: an observer that cannot be started is a problem that is told. */
export async function startObserver(options: ObserverOptions): Promise<Observer> {
  if (existsSync(fileURLToPath(ENTRY))) {
    const thread = new ObserverThread(options)
    await thread.started()
    return thread
  }
  const { onProblem } = options
  const [{ observeRun }, { OBSERVER_PARTS }] = await Promise.all([import('./observed-run.js'), import('./parts.js')])
  return observeRun({ ...options, parts: OBSERVER_PARTS }).catch((error: unknown) => {
    onProblem(`there is no page: ${String(error)}`)
    return NO_OBSERVER
  })
}

const NO_OBSERVER: Observer = { place: null, committed: () => undefined, close: async () => undefined }

class ObserverThread implements Observer {
  readonly #options: ObserverOptions
  readonly #mark = new SeqMark()
  #place: PagePlace = null
  #worker: Worker | undefined
  #startedAt = 0
  #deaths = 0
  #isClosing = false
  #cancelStart: () => void = () => undefined
  /** Called once the thread says that it is ready, or will never be. */
  #settle: () => void = () => undefined
  /** Called once the thread has ended what it was doing. */
  #closed: () => void = () => undefined

  constructor(options: ObserverOptions) {
    this.#options = options
    this.#start()
  }

  get place(): PagePlace {
    return this.#place
  }

  async started(): Promise<void> {
    const late = new AbortController()
    this.#settle = () => late.abort()
    await wait(this.#options.time, START_MS, late.signal)
    this.#settle = () => undefined
  }

  committed(lastSeq: number): void {
    if (this.#mark.put(lastSeq)) this.#post({ kind: 'wake' })
  }

  async close(lastSeq: number): Promise<void> {
    this.#isClosing = true
    this.#cancelStart()
    const worker = this.#worker
    if (worker === undefined) return
    const late = new AbortController()
    this.#closed = () => late.abort()
    this.#post({ kind: 'close', lastSeq })
    await wait(this.#options.time, END_MS, late.signal)
    await worker.terminate()
  }

  #post(message: ToObserver): void {
    this.#worker?.postMessage(message)
  }

  #start(): void {
    const { spec, time } = this.#options
    this.#startedAt = time.now()
    const web = spec.web && this.#place ? { ...spec.web, port: this.#place.port, mayMove: false } : spec.web
    const data: ThreadData = { spec: { ...spec, web }, mark: this.#mark.memory }
    const worker = new Worker(ENTRY, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
    worker.unref()
    let cause: unknown
    worker.on('message', (message: FromObserver) => this.#hear(message))
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', (code) => this.#ended(worker, cause ?? `it ended with ${code}`))
    this.#worker = worker
  }

  #hear(message: FromObserver): void {
    const { process, time, onProblem } = this.#options
    switch (message.kind) {
      case 'ready':
        this.#place = message.place
        this.#settle()
        return
      case 'problem':
        onProblem(message.detail)
        return
      case 'closed':
        this.#closed()
        return
      case 'ask':
        void answerObserver(process, time, message, (answer) => this.#post(answer))
    }
  }

  #ended(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#settle()
    this.#closed()
    if (this.#isClosing) return
    const { time, onProblem } = this.#options
    if (time.now() - this.#startedAt > LIVED_MS) this.#deaths = 0
    const pause = PAUSES_MS[this.#deaths++]
    const what = `the thread of page, metrics and notifications has died: ${String(cause)}`
    if (pause === undefined) {
      onProblem(`${what}; it is not started again`)
      return
    }
    onProblem(`${what}; it is started again in ${pause / 1000} s`)
    this.#cancelStart = time.after(pause, () => this.#start())
  }
}
