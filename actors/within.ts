/** Owns waiting for a promise no longer than so long. Cancels nothing. */
import type { SchedulerPort } from '#core/ports'
import type { DurationMs } from '#core/time'

/** Whether the promise was fulfilled in time; rejects as it does. A stalled disk must not keep a process for ever. */
export async function within(ms: DurationMs, scheduler: SchedulerPort, promise: Promise<unknown>): Promise<boolean> {
  let cancel: () => void = () => undefined
  const late = new Promise<boolean>((resolve) => {
    cancel = scheduler.after(ms, () => resolve(false))
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    cancel()
  }
}
