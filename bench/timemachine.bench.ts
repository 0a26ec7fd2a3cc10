/**
 * The view of a run: reading a long log for the first time, and jumps to any seq of it. Segments are sealed, as they are in a run that goes
 * on for weeks, and keyframes and blocks are bounded as they are in the process.
 */
import { openRunView, type RunView } from '#audit/view/run-view'
import { createBookFold } from '#cli/observer/book-fold'
import { invariant } from '#core/invariant'
import { Sfc32 } from '#core/random'
import { type Bench, type Figure, median, type Scale } from './figures.js'
import { inScratch } from './scratch.js'
import { openSimProcess, runToSeq } from './sim-process.js'
import { simConfiguration } from './sim-tape.js'

const MIB = 1024 * 1024

interface Pass {
  readonly view: RunView
  readonly ms: number
  /** Longest time in which the thread answered nobody. */
  readonly blockedMs: number
}

async function firstPass(home: string, dir: string): Promise<Pass> {
  const view = openRunView({ runDir: dir, book: await createBookFold(home, dir), onEvents: () => undefined })
  let [last, blockedMs] = [performance.now(), 0]
  const heartbeat = setInterval(() => {
    const now = performance.now()
    blockedMs = Math.max(blockedMs, now - last - 5)
    last = now
  }, 5)
  const begun = performance.now()
  view.start()
  await view.caughtUp()
  clearInterval(heartbeat)
  return { view, ms: performance.now() - begun, blockedMs }
}

async function jumps(view: RunView, count: number): Promise<readonly number[]> {
  const random = Sfc32.seeded(3)
  const { seq: last } = view.head()
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const seq = 1 + Math.floor(random.next() * last)
    const begun = performance.now()
    const state = await view.state(seq)
    times.push(performance.now() - begun)
    invariant(state.seq === seq, () => `asked for seq ${seq}, got ${state.seq}`)
  }
  return times.sort((a, b) => a - b)
}

async function figures(home: string, scale: Scale): Promise<Figure[]> {
  const [symbols, events, count] = scale === 'full' ? [20, 1_000_000, 400] : [2, 4_000, 10]
  const config = simConfiguration(symbols, 1, { log: { segmentMiB: scale === 'full' ? 64 : 1 } })
  const opened = openSimProcess(home, 'timemachine', config, 'none')
  await runToSeq(opened, events)
  const { view, ms, blockedMs } = await firstPass(home, opened.dir)
  const { seq, fault } = view.head()
  invariant(fault === null && seq >= events, () => `the view stands at seq ${seq}: ${fault?.detail}`)
  const times = await jumps(view, count)
  const { keyframes, keyframeBytes, packedBytes } = view.figures()
  await view.close()
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))]!
  const note = `${seq.toLocaleString('en-US')} events, built-in market, ${symbols} symbols, sealed segments`
  return [
    { what: 'first pass over the log', value: seq / (ms / 1000), unit: 'events/s', note },
    { what: 'longest time without an answer meanwhile', value: blockedMs, unit: 'ms' },
    { what: 'jump to a random seq, p50', value: median(times), unit: 'ms', note: `${count} jumps` },
    { what: 'jump to a random seq, p99', value: at(0.99), unit: 'ms', target: { max: 500 } },
    { what: 'jump to a random seq, slowest', value: times.at(-1)!, unit: 'ms', target: { max: 500 } },
    { what: 'keyframes', value: keyframes, unit: 'states' },
    { what: 'keyframes in memory', value: keyframeBytes / MIB, unit: 'MiB', target: { max: 64 } },
    { what: 'blocks of the log in memory', value: packedBytes / MIB, unit: 'MiB', target: { max: 96 } },
  ]
}

export const timeMachineBench: Bench = {
  name: 'timemachine',
  run: (scale) => inScratch((home) => figures(home, scale)),
}
