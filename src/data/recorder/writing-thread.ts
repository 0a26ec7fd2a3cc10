/** Entry of the thread that writes recorded rows: a slow disk keeps it waiting and nobody else. Started by thread-writer.ts alone. */
import { parentPort, workerData } from 'node:worker_threads'
import { isQuantbotError } from '#core/errors'
import type { RecordedRow } from './recorder.port.js'
import type { ThreadAnswer } from './thread-writer.js'
import { writeRows } from './write-rows.js'

const { home } = workerData as { readonly home: string } // given by thread-writer.ts

parentPort?.on('message', (rows: readonly RecordedRow[]) => {
  writeRows(home, rows).then(
    (report) => answer({ report }),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      answer({ error: { code: isQuantbotError(error) ? error.code : undefined, message } })
    },
  )
})

function answer(told: ThreadAnswer): void {
  parentPort?.postMessage(told)
}
