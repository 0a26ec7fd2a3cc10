/** Arrival of an input to its durable decision, at a steady rate of real time, with the whole catalogue and the real log. */

import { catalogue } from '#actors/catalogue'
import { machineScheduler } from '#actors/machine-scheduler'
import { redecideLog } from '#backtest/redecide-log'
import { invariant } from '#core/invariant'
import { createSimMarket } from '#data/connectors/sim/market'
import type { Input } from '#engine/dispatcher'
import { LiveHost } from '#engine/live'
import { scaledClock } from '#engine/live-clock'
import { LatencyHistogram } from '#engine/live-latency'
import type { AnyEvent } from '#events/catalogue'
import { fingerprintOf } from '#events/log/fingerprint'
import { LogWriter } from '#events/log/writer'
import { SnapshotStore } from '#snapshots/store'
import type { Bench, Figure, Scale } from './figures.js'
import { inScratch, scratchRun } from './scratch.js'
import { simConfiguration } from './sim-tape.js'

interface Load {
  readonly symbols: number
  readonly historyDays: number
  readonly perSecond: number
  readonly inputs: number
  /** A snapshot of each agent about as often as this. */
  readonly everyEvents: number
}

const LOADS: Readonly<Record<Scale, Load>> = {
  full: { symbols: 20, historyDays: 120, perSecond: 1000, inputs: 40_000, everyEvents: 10_000 },
  tiny: { symbols: 2, historyDays: 70, perSecond: 20_000, inputs: 2_000, everyEvents: 500 },
}

/** Bars, funding, instants, and a quote of every instrument an hour: more than a live run would log. */
export function inputsOf(market: ReturnType<typeof createSimMarket>, count: number): Input[] {
  const instruments = market.universe.map(({ instrument }) => instrument)
  const inputs: Input[] = []
  while (inputs.length < count) {
    inputs.push(...market.nextInstant().inputs)
    const quotes = market.quotesBetween(market.at, market.nextTs(), instruments)
    inputs.push(...quotes.filter(({ ts }) => ts === quotes[0]!.ts))
  }
  return inputs.slice(0, count)
}

/** Every input had its time; how late it became durable counts from there, so that a host that lags cannot hide it. */
export class Arrivals {
  readonly all = new LatencyHistogram()
  /** Inputs that led to decisions. */
  readonly deciding = new LatencyHistogram()
  /** By the payload, which the host hands on as it is. */
  readonly #plannedAt = new Map<unknown, number>()

  plan(input: Input, at: number): void {
    this.#plannedAt.set(input.data, at)
  }

  get open(): number {
    return this.#plannedAt.size
  }

  durable(events: readonly AnyEvent[], now: number): void {
    for (const [i, event] of events.entries()) {
      if (event.cause !== 0) continue
      const at = this.#plannedAt.get(event.data)
      if (at === undefined) continue
      this.#plannedAt.delete(event.data)
      this.all.record(now - at)
      const next = events[i + 1]
      if (next !== undefined && next.cause !== 0) this.deciding.record(now - at)
    }
  }
}

/** Pushes each input at its own time, `perSecond` of them, on the machine's clock. */
export async function pace(
  host: LiveHost,
  inputs: readonly Input[],
  perSecond: number,
  arrivals: Arrivals,
): Promise<void> {
  const begun = performance.now()
  await new Promise<void>((resolve) => {
    let next = 0
    const push = (): void => {
      const due = Math.min(inputs.length, Math.floor(((performance.now() - begun) * perSecond) / 1000))
      for (; next < due; next++) {
        const input = inputs[next]!
        arrivals.plan(input, begun + ((next + 1) * 1000) / perSecond)
        invariant(host.push(input) !== 'refused', 'the host refused an input')
      }
      if (next === inputs.length) resolve()
      else setTimeout(push, 1)
    }
    push()
  })
  while (host.waiting > 0 || host.lastCommit?.lastSeq !== host.dispatcher.seq)
    await new Promise((resolve) => setTimeout(resolve, 1))
}

async function figures(home: string, load: Load): Promise<readonly Figure[]> {
  const { symbols, historyDays, perSecond, everyEvents } = load
  const config = simConfiguration(symbols, historyDays)
  const deciders = catalogue(config, 'quote')
  const { dir, signer } = scratchRun(home, 'live', 'full')
  const { writer } = LogWriter.open(dir, { signer })
  const market = createSimMarket(config.sim, config.seed)
  const history = [...market.history()]
  const inputs = inputsOf(market, load.inputs)
  const [first, last] = [inputs[0]!.ts, inputs.at(-1)!.ts]
  const speed = (last - first) / ((inputs.length * 1000) / perSecond)
  const arrivals = new Arrivals()
  const problems: string[] = []
  const host = new LiveHost({
    deciders,
    runSeed: config.seed,
    log: writer,
    clock: scaledClock(machineScheduler, first, speed),
    scheduler: machineScheduler,
    groupEvents: config.log.groupEvents,
    groupMs: config.log.groupMs,
    stallMs: config.log.stallMs,
    snapshots: { port: new SnapshotStore(dir), everyEvents },
    onCommitted: (events) => arrivals.durable(events, performance.now()),
    onProblem: ({ code, detail }) => problems.push(`${code}: ${detail}`),
  })
  host.warm(history)
  for (const { name } of deciders) {
    const data = { agent: name, from: 'starting', to: 'running', reason: 'started', restarts: 0 }
    host.push({ type: 'AgentLifecycleChanged', by: 'supervisor/root', ts: first, data })
  }
  host.start()
  const begun = performance.now()
  await pace(host, inputs, perSecond, arrivals)
  const seconds = (performance.now() - begun) / 1000
  const { derived, seq } = host.dispatcher
  await host.stop()
  await writer.close({ seal: false })
  invariant(problems.length === 0, () => problems.join('; '))
  invariant(arrivals.open === host.coalesced, () => `${arrivals.open} inputs never became durable`)
  const again = redecideLog({ runDir: dir, deciders, runSeed: config.seed, history })
  invariant(again.divergence === undefined, () => `decided otherwise: ${JSON.stringify(again.divergence)}`)
  const fingerprint = fingerprintOf(dir)
  const { all, deciding } = arrivals
  const ms = (what: string, value: number): Figure => ({ what, value, unit: 'ms' })
  return [
    {
      what: 'inputs a second',
      value: inputs.length / seconds,
      unit: 'inputs/s',
      note: `${symbols} symbols of the built-in market, ${seq.toLocaleString('en-US')} events, ${derived.toLocaleString('en-US')} derived; from the planned time of arrival`,
      fingerprint,
    },
    ms('arrival to durable, p50', all.quantileMs(0.5)),
    { ...ms('arrival to durable, p99', all.quantileMs(0.99)), target: { max: 10 } },
    ms('arrival to durable, p99.9', all.quantileMs(0.999)),
    ms('arrival to durable, longest', all.maxMs),
    { ...ms('inputs that led to decisions, p99', deciding.quantileMs(0.99)), target: { max: 10 } },
    ms('longest pause for a snapshot', host.longestSnapshotPauseMs),
  ]
}

export const liveBench: Bench = {
  name: 'live',
  run: (scale) => inScratch((home) => figures(home, LOADS[scale])),
}
