/** Owns doing something again and again on an injected clock. */
import type { TimePort } from '#core/ports'
import type { DurationMs } from '#core/time'
import { wait } from '#core/wait'

/** Now, and `ms` after each end, until it is aborted. A failure is told; the next time comes as planned. */
export async function every(
  time: TimePort,
  ms: DurationMs,
  signal: AbortSignal,
  act: () => Promise<unknown>,
  onFailed: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await act()
    } catch (error) {
      if (!signal.aborted) onFailed(error)
    }
    await wait(time, ms, signal)
  }
}
