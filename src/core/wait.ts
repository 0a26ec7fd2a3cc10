/** Owns waiting on an injected clock. Never reads the machine's. */
import type { TimePort } from './ports.js'
import type { DurationMs } from './time.js'

/** Fulfilled when `time` has advanced by `ms`, or at once when `signal` is aborted: who waits looks at it afterwards. */
export function wait(time: TimePort, ms: DurationMs, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = time.after(ms, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
