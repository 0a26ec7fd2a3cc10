/** 1,000 notifications at once, the sink down for a minute in between, beside a live host at a steady rate: all arrive, and decisions are no later. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { catalogue } from '#actors/catalogue'
import { machineScheduler } from '#actors/machine-scheduler'
import { invariant } from '#core/invariant'
import { createSimMarket } from '#data/connectors/sim/market'
import { LiveHost } from '#engine/live'
import { scaledClock } from '#engine/live-clock'
import { LogWriter } from '#events/log/writer'
import { canSpawn, compiled } from './child.js'
import type { Bench, Figure, Scale } from './figures.js'
import { Arrivals, inputsOf, pace } from './live.bench.js'
import { type NotifyDone, type NotifyWork, notifyWork } from './notify-work.js'
import { inScratch, scratchRun } from './scratch.js'
import { simConfiguration } from './sim-tape.js'

interface Load {
  readonly symbols: number
  readonly historyDays: number
  readonly perSecond: number
  readonly inputs: number
  readonly work: NotifyWork
}

/** The host runs for somewhat longer than the notifications take: the outage, and the wait that is doubled up to its end. */
const LOADS: Readonly<Record<Scale, Load>> = {
  full: {
    symbols: 20,
    historyDays: 120,
    perSecond: 500,
    inputs: 40_000,
    work: { notifications: 1000, before: 300, downMs: 60_000 },
  },
  tiny: {
    symbols: 2,
    historyDays: 70,
    perSecond: 20_000,
    inputs: 2_000,
    work: { notifications: 100, before: 30, downMs: 20 },
  },
}

/** Arrival to durable of a host of the whole catalogue; `beside` goes on meanwhile. */
async function latencies(home: string, id: string, load: Load, beside: () => Promise<unknown>): Promise<Arrivals> {
  const { symbols, historyDays, perSecond } = load
  const config = simConfiguration(symbols, historyDays)
  const { dir, signer } = scratchRun(home, id, 'full')
  const { writer } = LogWriter.open(dir, { signer })
  const market = createSimMarket(config.sim, config.seed)
  const history = [...market.history()]
  const inputs = inputsOf(market, load.inputs)
  const [first, last] = [inputs[0]!.ts, inputs.at(-1)!.ts]
  const deciders = catalogue(config, 'quote')
  const arrivals = new Arrivals()
  const problems: string[] = []
  const host = new LiveHost({
    deciders,
    runSeed: config.seed,
    log: writer,
    clock: scaledClock(machineScheduler, first, (last - first) / ((inputs.length * 1000) / perSecond)),
    scheduler: machineScheduler,
    groupEvents: config.log.groupEvents,
    groupMs: config.log.groupMs,
    stallMs: config.log.stallMs,
    onCommitted: (events) => arrivals.durable(events, performance.now()),
    onProblem: ({ code, detail }) => problems.push(`${code}: ${detail}`),
  })
  host.warm(history)
  for (const { name } of deciders) {
    const data = { agent: name, from: 'starting', to: 'running', reason: 'started', restarts: 0 }
    host.push({ type: 'AgentLifecycleChanged', by: 'supervisor/root', ts: first, data })
  }
  host.start()
  await Promise.all([pace(host, inputs, perSecond, arrivals), beside()])
  await host.stop()
  await writer.close({ seal: false })
  invariant(problems.length === 0, () => problems.join('; '))
  return arrivals
}

/** In a thread of its own where it was compiled, as the observer runs it; else on this one, to see that it works. */
async function besideHost(work: NotifyWork): Promise<NotifyDone> {
  if (!canSpawn) return notifyWork(work)
  const thread = new Worker(compiled('bench/notify-work.js'), { workerData: { notifyWork: work } })
  const [done] = (await once(thread, 'message')) as [NotifyDone] // what notify-work posts
  await thread.terminate()
  return done
}

async function figures(home: string, load: Load): Promise<readonly Figure[]> {
  const alone = await latencies(home, 'alone', load, async () => undefined)
  let done: NotifyDone | undefined
  const beside = await latencies(home, 'beside', load, async () => {
    done = await besideHost(load.work)
  })
  invariant(done, 'the work beside the host gave nothing')
  const { notifications, downMs } = load.work
  const ms = (what: string, value: number): Figure => ({ what, value, unit: 'ms' })
  const [without, with_] = [alone.deciding.quantileMs(0.99), beside.deciding.quantileMs(0.99)]
  return [
    {
      what: 'notifications that arrived',
      value: done.arrived,
      unit: 'of them',
      target: { min: notifications },
      note: `${notifications} at once by HTTP, no groups, the endpoint down for ${downMs / 1000} s of real time after ${load.work.before}`,
    },
    {
      what: 'told twice',
      value: done.twice,
      unit: 'of them',
      target: { max: 1 },
      note: 'the one whose answer the outage cut off',
    },
    { what: 'out of order', value: done.isInOrder ? 0 : 1, unit: 'runs', target: { max: 0 } },
    { ...ms('outage over to all told', done.recoveryMs), note: 'waits between attempts double up to five minutes' },
    ms('decisions of the live host alone, p99', without),
    ms('decisions beside the notifications, p99', with_),
    { what: 'beside : alone, p99 of decisions', value: with_ / without, unit: '×', target: { max: 1.25 } },
    ms('decisions of the live host alone, p99.9', alone.deciding.quantileMs(0.999)),
    ms('decisions beside the notifications, p99.9', beside.deciding.quantileMs(0.999)),
  ]
}

export const notifyBench: Bench = {
  name: 'notify',
  run: (scale) => inScratch((home) => figures(home, LOADS[scale])),
}
