/** Owns the stream of the server: heads and status as they come, and trying again when it ends. Decides nothing. */
import type { Head } from '#audit/view/view.port'
import type { LiveStatus } from '#monitoring/metrics/live-status.port'
import { ApiError, api } from './api.js'

export interface StreamReader {
  head(head: Head): void
  status(status: LiveStatus | null): void
  connection(isOpen: boolean): void
  /** The session is not valid any more. */
  refused(): void
}

const AGAIN_MS = [500, 1_000, 2_000, 5_000] as const
/** The status comes each second: a stream this long silent is dead, whatever the socket says. */
const SILENT_MS = 6_000

export function openStream(reader: StreamReader): void {
  let failures = 0
  let heardAt = performance.now()
  let source: EventSource | undefined

  const heard = (): void => {
    heardAt = performance.now()
    failures = 0
    reader.connection(true)
  }

  function connect(): void {
    heardAt = performance.now()
    const opened = new EventSource('/api/stream')
    source = opened
    opened.addEventListener('head', (message) => {
      heard()
      reader.head(JSON.parse(message.data) as Head) // the contract of the view
    })
    opened.addEventListener('status', (message) => {
      heard()
      reader.status(JSON.parse(message.data) as LiveStatus | null) // the contract of the server
    })
    opened.addEventListener('open', heard)
    opened.addEventListener('error', () => broken(opened))
  }

  function broken(which: EventSource): void {
    if (which !== source) return
    which.close()
    source = undefined
    reader.connection(false)
    const wait = AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)]!
    setTimeout(() => void again(), wait)
  }

  /** EventSource does not say why it was refused: the head is asked for first. */
  async function again(): Promise<void> {
    try {
      reader.head(await api.head())
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        reader.refused()
        return
      }
    }
    connect()
  }

  setInterval(() => {
    if (source !== undefined && performance.now() - heardAt > SILENT_MS) broken(source)
  }, 1_000)
  connect()
}
