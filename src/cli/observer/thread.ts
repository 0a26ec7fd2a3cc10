/** Entry of the observer thread: reads the run, serves its page, tells people. Started by observer.ts alone. Never trades. */
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { machineTime } from '#actors/scaled-time'
import { Calls } from './calls.js'
import type { FromObserver, ThreadData, ToObserver } from './messages.js'
import { observeRun } from './observed-run.js'
import { OBSERVER_PARTS } from './parts.js'
import { SeqMark } from './seq-mark.js'

const { spec, mark: memory } = workerData as ThreadData // given by observer.ts
const mark = new SeqMark(memory)
const post = (message: FromObserver): void => parentPort?.postMessage(message)
const calls = new Calls(post, machineTime)

const observed = observeRun({
  spec,
  parts: OBSERVER_PARTS,
  process: spec.isLive ? calls : null,
  time: machineTime,
  onProblem: (detail) => post({ kind: 'problem', detail }),
  onPlace: (place) => post({ kind: 'ready', place }),
})

parentPort?.on('message', (message: ToObserver) => {
  if (message.kind === 'wake') void observed.then((run) => run.committed(mark.take()))
  else if (message.kind === 'close') void close(message.lastSeq)
  else calls.heard(message)
})

async function close(lastSeq: number): Promise<void> {
  calls.close()
  await (await observed).close(lastSeq)
  post({ kind: 'closed' })
}

/** Where processors are scarce the trading thread comes first, 68 to 1 (sched(7): 1.25 a step; ours): enough for a page and a scrape. */
const NICE = 19

function stepBack(): void {
  try {
    // `<pid>/task/<tid>` of the thread that asks, proc(5); elsewhere the system shares evenly.
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICE)
  } catch {}
}

// A rejection ends the thread; the process hears of it as an error.
await observed
stepBack()
