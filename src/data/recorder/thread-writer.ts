/**
 * Owns the writer of recorded rows that works in a thread of its own: checks, comparison, Parquet and the syncs of the disk
 * happen there. Never makes the process wait, nor keeps it from ending. The lock of the lake is the process's, not the thread's:
 * while it records, the process must not read or write the lake elsewhere.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, QuantbotError } from '#core/errors'
import type { LakeWriter, RecordedRow, WriteReport } from './recorder.port.js'
import { writeRows } from './write-rows.js'

export interface ThreadAnswer {
  readonly report?: WriteReport
  readonly error?: { readonly code: ErrorCode | undefined; readonly message: string }
}

const ENTRY = new URL('./writing-thread.js', import.meta.url)

/** In a thread of its own; from source, where there is no compiled entry, in this one. */
export function lakeWriter(home: string): LakeWriter {
  if (existsSync(fileURLToPath(ENTRY))) return new ThreadWriter(home)
  return { write: (rows) => writeRows(home, rows), close: async () => undefined }
}

interface Waiting {
  readonly resolve: (report: WriteReport) => void
  readonly reject: (error: Error) => void
}

/** One write at a time. A thread that died is started anew by the next one. */
class ThreadWriter implements LakeWriter {
  readonly #home: string
  #worker: Worker | undefined
  #waiting: Waiting | undefined

  constructor(home: string) {
    this.#home = home
  }

  write(rows: readonly RecordedRow[]): Promise<WriteReport> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#worker ??= this.#start()
      this.#worker.postMessage(rows)
    })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    this.#fail(new Error('closed while writing'))
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(ENTRY, { workerData: { home: this.#home } })
    worker.unref()
    worker.on('message', ({ report, error }: ThreadAnswer) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      if (report) waiting?.resolve(report)
      else waiting?.reject(problemOf(error))
    })
    const gone = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined
      this.#fail(error)
    }
    worker.on('error', gone)
    worker.on('exit', (code) => gone(new Error(`the writing thread ended with ${code}`)))
    return worker
  }

  #fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(error)
  }
}

function problemOf(error: ThreadAnswer['error']): Error {
  if (error?.code === undefined) return new Error(error?.message ?? 'no answer')
  return new QuantbotError(error.code, error.message)
}
