/**
 * Owns when the observer thread gives way: while the rest of its process keeps a processor busy, reading the log takes a share of the time
 * and no more, so that the host is not slowed by caches and memory that both use. Must never stop reading altogether.
 */
import { performance } from 'node:perf_hooks'

/** What is known of the process at a look; durations in ms, growing. */
export interface Usage {
  readonly at: number
  /** Processor time of all threads. */
  readonly processMs: number
  /** Time in which this thread's event loop was active. */
  readonly ownMs: number
}

/** A look is as old as this at most; a share of a processor by the others from which on they are busy; rest for each ms of work. All ours. */
const LOOK_MS = 250
const BUSY = 0.7
const REST = 4
/** Longest rest, so that a viewer never waits long for a slice. */
const REST_MAX_MS = 200

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return {
    at: performance.now(),
    processMs: (user + system) / 1000,
    ownMs: performance.eventLoopUtilization().active,
  }
}

/** Ms to rest after a slice of `workedMs`; 0 while the others leave room. */
export function giveWay(look: () => Usage = usage): (workedMs: number) => number {
  let last = look()
  let isBusy = false
  return (workedMs) => {
    const now = look()
    const passed = now.at - last.at
    if (passed >= LOOK_MS) {
      isBusy = (now.processMs - last.processMs - (now.ownMs - last.ownMs)) / passed > BUSY
      last = now
    }
    return isBusy ? Math.min(REST_MAX_MS, workedMs * REST) : 0
  }
}
